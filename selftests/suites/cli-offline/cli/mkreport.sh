#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mkreport.sh FACTS DIR: make a system as fpgactl sees it from the facts in a file, one a line:
#   dev PATH VENDOR:DEVICE CLASS SUBVENDOR:SUBDEVICE REVISION GROUP DRIVER [KEY=VALUE]…
#     PATH: addresses from the root bus down, with "/"; "-": there is none, or it is not known;
#     cmd: command register; max, cur: maximum and current link, as 8x16 for 8 GT/s and 16 lanes;
#     cur=ff: the link is down; state=ff: config space reads as all-ones; bar0 to bar5:
#     START+SIZE[:FLAGS]; reset: methods; power, numa, vga: files of sysfs; fb=1: a framebuffer;
#     net: interface, with ":up" if it is; vfs: enabled and possible VFs, 4/8; pf: the PF of a VF;
#     win, pref: windows of a bridge, as bar0; slot: name of the hotplug slot below a port;
#     aer: of a port, "kernel" or "firmware" has it; irq: file of sysfs; runtime: its
#     runtime_status; whole=1: a file that is missing is missing on the system, too
#   hex BDF OFFSET: BYTES…         bytes of config space
#   rsv GROUP START END TYPE       reserved region of an IOMMU group
#   drv NAME                       a driver
#   disk NAME BDF [MOUNTPOINT]     NVMe disk
#   cmdline TEXT                   kernel command line
#   file PATH TEXT                 another file
#   line PATH TEXT                 the next line of another file
#   hexfile PATH BYTES…            another file, of bytes
set -eu

root=$2
. "$(dirname "$0")/treelib.sh"

skeleton
driver fpga_vfio_pci
driver vfio-pci

declare -A option
declare -A generation=([2.5]=1 [5]=2 [8]=3 [16]=4 [32]=5 [64]=6)
number=0

# full BDF: the address with its domain in $REPLY
full()
{
	REPLY=$1
	[[ $1 = *:*:* ]] || REPLY=0000:$1
}

# set_bytes OFFSET SIZE VALUE: set bytes of $config, little endian
set_bytes()
{
	local i

	for ((i = 0; i < $2; i++)); do
		printf -v "config[$(($1 + i))]" %02x $(($3 >> 8 * i & 255))
	done
}

# link_status LINK: its speed and width as in the Link Status register, in $REPLY
link_status()
{
	REPLY=$((${generation[${1%x*}]} | ${1#*x} << 4))
}

# express DEPTH: PCI Express capability at 0x40 of a device or of a port at DEPTH in its path:
# root, upstream and downstream ports alternate
express()
{
	local capabilities=$((1 << 15)) type=0 active=0

	if [ "$is_bridge" = 1 ]; then
		type=$(($1 == 0 ? 4 : $1 % 2 ? 5 : 6))
		active=$((1 << 13))
	fi
	[[ ${option[reset]-} != flr* ]] || capabilities=$((capabilities | 1 << 28))
	set_bytes 0x06 2 0x10
	set_bytes 0x34 1 0x40
	set_bytes 0x40 2 0x10
	set_bytes 0x42 2 $((2 | type << 4))
	set_bytes 0x44 4 $capabilities
	link_status "${option[max]}"
	set_bytes 0x4c 4 $((REPLY | active << 7))
	[ "${option[cur]}" = ff ] || link_status "${option[cur]}"
	[ "${option[cur]}" = ff ] || set_bytes 0x52 2 $((REPLY | active))
	set_bytes 0x70 2 "${generation[${option[max]%x*}]}"
}

# base_address N: register of BAR N
base_address()
{
	local start=$((16#${option[bar$1]%%+*})) flags=0

	[[ ${option[bar$1]} != *:* ]] || flags=$((16#${option[bar$1]##*:} & 0xf))
	set_bytes $((0x10 + 4 * $1)) 4 $((start & 0xffffffff | flags))
	[ $((start >> 32)) = 0 ] || set_bytes $((0x14 + 4 * $1)) 4 $((start >> 32))
}

# config_space DEPTH ID CLASS SUBSYSTEM REVISION: print what can be read of it
config_space()
{
	local config i

	mapfile -t config < <(printf '00\n%.0s' {1..256})
	set_bytes 0x00 2 $((16#${2%:*}))
	set_bytes 0x02 2 $((16#${2#*:}))
	# the ids of a VF are in its PF
	[ -z "${option[pf]-}" ] || set_bytes 0x00 4 $((0xffffffff))
	set_bytes 0x04 2 $((option[cmd]))
	set_bytes 0x08 4 $((16#$5 | 16#$3 << 8))
	set_bytes 0x0e 1 "$is_bridge"
	if [ "$is_bridge" = 0 ] && [ "$4" != - ]; then
		set_bytes 0x2c 2 $((16#${4%:*}))
		set_bytes 0x2e 2 $((16#${4#*:}))
	fi
	for i in 0 1 2 3 4 5; do
		[ -z "${option[bar$i]-}" ] || [ -n "${option[pf]-}" ] || base_address $i
	done
	[ -z "${option[max]-}" ] || express "$1"
	if [ "${option[state]-}" = ff ]; then
		for i in "${!config[@]}"; do
			config[i]=ff
		done
	fi
	printf '%b' "$(printf '\\x%s' "${config[@]}")"
	[ -z "${option[max]-}" ] || head -c 3840 /dev/zero
}

# link_files DIR
link_files()
{
	local max=${option[max]} cur=${option[cur]}

	[ "$cur" != ff ] || cur=Unknownx0
	[ "${option[state]-}" != ff ] || max=Unknownx63 cur=Unknownx63
	for name in max cur; do
		local speed=${!name%x*} kind=${name/cur/current}

		[[ $speed != +([0-9]) ]] || speed+=.0
		put "$1/${kind}_link_speed" "$speed GT/s PCIe"
		[ "$speed" != Unknown ] || put "$1/${kind}_link_speed" Unknown
		put "$1/${kind}_link_width" "${!name#*x}"
	done
}

# region [START+SIZE[:FLAGS]]: print a line of the file "resource"
region()
{
	local start=0 size=0 flags=0

	if [ $# = 1 ]; then
		start=$((16#${1%%+*}))
		size=${1#*+}
		size=$((16#${size%:*}))
		flags=$((0x40200))
		[[ $1 != *:* ]] || flags=$((16#${1##*:}))
	fi
	printf '0x%016x 0x%016x 0x%016x\n' $start $((size ? start + size - 1 : 0)) $flags
}

# windows: print the rest of the file "resource" of a bridge: SR-IOV, which it has not, and windows
windows()
{
	local i

	for i in {1..7}; do
		region
	done
	region ${option[win]+"${option[win]}"}
	region ${option[pref]+"${option[pref]}"}
	region
}

# service BDF NUMBER DRIVER: service of a port that the kernel handles
service()
{
	local dir=$root/sys/bus/pci_express

	mkdir -p "$dir/drivers/$3" "$dir/devices/$1:pcie$2"
	link "$dir/devices/$1:pcie$2/driver" "$dir/drivers/$3"
}

# port_features BDF DIR DEPTH: hotplug and error reporting
port_features()
{
	local type=$(($3 ? 2 : 0))

	if [ -n "${option[slot]-}" ]; then
		service "$1" "${type}04" pciehp
		put "$pci/slots/${option[slot]}/power" 1
		put "$pci/slots/${option[slot]}/adapter" 1
	fi
	case ${option[aer]-} in
	'') ;;
	kernel | firmware)
		mkdir -p "$root/sys/bus/pci_express/devices" "$root/sys/firmware/acpi/tables"
		put "$2/aer_dev_fatal" "TOTAL_ERR_FATAL 0"
		[ "${option[aer]}" = firmware ] || service "$1" "${type}02" aer
		;;
	*)
		echo "mkreport.sh: AER of ${option[aer]}?" >&2
		exit 1
		;;
	esac
}

# interface NAME[:up] BDF
interface()
{
	case $1 in
	*:up) netdev "$2" "${1%:up}" 0x1003 ;;
	*) netdev "$2" "$1" 0x1002 ;;
	esac
}

# features BDF DIR: what the options say, other than config space and link
features()
{
	local key name

	for key in "${!option[@]}"; do
		case $key in
		cmd | max | cur | state | slot | aer | win | pref | bar?) ;;
		reset) put "$2/reset_method" "${option[reset]//,/ }" ;;
		whole) : >"$2/uevent" ;;
		irq) put "$2/irq" "${option[irq]}" ;;
		runtime) put "$2/power/runtime_status" "${option[runtime]}" ;;
		power) put "$2/power_state" "${option[power]}" ;;
		numa) put "$2/numa_node" "${option[numa]}" ;;
		vga) put "$2/boot_vga" "${option[vga]}" ;;
		fb)
			put "$2/graphics/fb0/name" fb
			link "$root/sys/class/graphics/fb0" "$2/graphics/fb0"
			;;
		net) interface "${option[net]}" "$1" ;;
		vfs)
			put "$2/sriov_numvfs" "${option[vfs]%/*}"
			put "$2/sriov_totalvfs" "${option[vfs]#*/}"
			;;
		pf)
			full "${option[pf]}"
			link "$2/physfn" "${2%/*}/$REPLY"
			;;
		*)
			echo "mkreport.sh: unknown option '$key'" >&2
			exit 1
			;;
		esac
	done
}

# device PATH ID CLASS SUBSYSTEM REVISION GROUP DRIVER OPTION…
device()
{
	local dir bdf part parts word i is_bridge=0

	IFS=/ read -ra parts <<<"$1"
	full "${parts[0]}"
	dir=$root/sys/devices/pci${REPLY%:*}
	for part in "${parts[@]}"; do
		full "$part"
		dir+=/$REPLY
	done
	bdf=$REPLY
	option=([cmd]=$([ "$7" = - ] && echo 0 || echo 6))
	for word in "${@:8}"; do
		option[${word%%=*}]=${word#*=}
	done
	option[cmd]=0x${option[cmd]#0x}
	[ -z "${option[max]-}" ] || : "${option[cur]:=${option[max]}}"
	[[ $3 != 0604* ]] || is_bridge=1
	put "$dir/vendor" "0x${2%:*}"
	put "$dir/device" "0x${2#*:}"
	put "$dir/class" "0x$3"
	word=$4
	[ "$word" != - ] || word=0000:0000
	put "$dir/subsystem_vendor" "0x${word%:*}"
	put "$dir/subsystem_device" "0x${word#*:}"
	word=$5
	[ "$word" != - ] || word=00
	put "$dir/revision" "0x$word"
	put "$dir/numa_node" -1
	put "$dir/driver_override" "(null)"
	put "$dir/power_state" D0
	: >"$dir/remove"
	config_space $((${#parts[@]} - 1)) "$2" "$3" "$4" "$word" >"$dir/config"
	for i in 0 1 2 3 4 5; do
		region ${option[bar$i]+"${option[bar$i]}"}
	done >"$dir/resource"
	region >>"$dir/resource"
	[ -z "${option[win]-}${option[pref]-}" ] || windows >>"$dir/resource"
	[ -z "${option[max]-}" ] || link_files "$dir"
	place "$dir" "$bdf" "$6" "$7"
	features "$bdf" "$dir"
	port_features "$bdf" "$dir" $((${#parts[@]} - 1))
}

# poke BDF OFFSET: BYTES…
poke()
{
	local bytes

	full "$1"
	bytes=$(printf %s "${@:3}" | sed 's/../\\x&/g')
	printf '%b' "$bytes" | dd of="$pci/devices/$REPLY/config" bs=1 \
		seek=$((16#${2%:})) conv=notrunc status=none
}

shopt -s extglob
while read -r kind rest; do
	# of text, "#" is a part
	[[ $kind = @(cmdline|file|line) ]] || rest=${rest%%'#'*}
	read -ra words <<<"$rest"
	case $kind in
	'' | '#'*) ;;
	dev) device "${words[@]}" ;;
	hex) poke "${words[@]}" ;;
	rsv)
		printf '0x%016x 0x%016x %s\n' $((16#${words[1]})) $((16#${words[2]})) \
			"${words[3]}" >>"$root/sys/kernel/iommu_groups/${words[0]}/reserved_regions"
		;;
	drv) driver "${words[0]}" ;;
	disk)
		full "${words[1]}"
		disk "$REPLY" "${words[0]}" "259:$number"
		[ -z "${words[2]-}" ] || printf '%d 1 259:%d / %s rw - ext4 /dev/%s rw\n' \
			$((30 + number)) $number "${words[2]}" "${words[0]}" \
			>>"$root/proc/self/mountinfo"
		number=$((number + 1))
		;;
	cmdline) put "$root/proc/cmdline" "$rest" ;;
	file) put "$root/${rest%% *}" "${rest#* }" ;;
	line)
		mkdir -p "$root/$(dirname "${words[0]}")"
		printf '%s\n' "${rest#* }" >>"$root/${words[0]}"
		;;
	hexfile)
		mkdir -p "$root/$(dirname "${words[0]}")"
		printf '%b' "$(printf %s "${words[@]:1}" | sed 's/../\\x&/g')" >"$root/${words[0]}"
		;;
	*)
		echo "mkreport.sh: unknown fact '$kind'" >&2
		exit 1
		;;
	esac
done <"$1"
