# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the shell tests of the suites share. Sourced, after which KTAP is there too.
#
# shellcheck disable=SC2034,SC2119,SC2120 # set here, used by the tests; arguments are optional

FV_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$FV_DIR/../kselftest/ktap_helpers.sh"

FV_DRIVER=fpga_vfio_pci
FV_MODULE=fpga_vfio_pci
FV_STOCK=vfio-pci
FV_PCI=/sys/bus/pci/devices
# how much slower than a stock kernel this one is; the lab says it
FV_SLOW=${FV_SLOW:-1}

# fv_need VARIABLE…: skip the whole test when a device of the topology is missing
fv_need()
{
	local name

	for name; do
		if [ -z "${!name:-}" ]; then
			ktap_skip_all "no $name in this topology"
			exit "$KSFT_SKIP"
		fi
	done
}

# fv_wait SECONDS COMMAND…: run it until it succeeds, at most that long
fv_wait()
{
	local end=$((${EPOCHREALTIME/./} + $1 * FV_SLOW * 1000000))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		read -rt 0.02 <> <(:) || :
	done
}

# fv_driver BDF: name of its driver in $REPLY, empty when there is none. Reads
# uevent, which takes no process: those are dear in an emulated machine
fv_driver()
{
	local line driver=

	while read -r line; do
		[[ $line != DRIVER=* ]] || driver=${line#DRIVER=}
	done <"$FV_PCI/$1/uevent"
	REPLY=$driver
}

fv_driver_is()
{
	fv_driver "$1"
	[ "$REPLY" = "$2" ]
}

# fv_free_bridges BDF: unbind drivers such as shpchp that sit on a bridge of the
# group and make it unfit for passthrough
fv_free_bridges()
{
	local dir

	for dir in "$FV_PCI/$1"/iommu_group/devices/*; do
		case $(cat "$dir/class") in
		0x0604*)
			fv_driver "${dir##*/}"
			[ -z "$REPLY" ] || [ "$REPLY" = pcieport ] ||
				echo "${dir##*/}" >"$dir/driver/unbind"
			;;
		esac
	done
}

# fv_bind DRIVER BDF…: by driver_override
fv_bind()
{
	local driver=$1 bdf

	shift
	for bdf; do
		! fv_driver_is "$bdf" "$driver" || continue
		echo "$driver" >"$FV_PCI/$bdf/driver_override"
		[ ! -e "$FV_PCI/$bdf/driver" ] || echo "$bdf" >"$FV_PCI/$bdf/driver/unbind"
		echo "$bdf" >/sys/bus/pci/drivers_probe
		if ! fv_driver_is "$bdf" "$driver"; then
			echo "# bind $bdf to $driver: its driver is '$REPLY'"
			return 1
		fi
	done
}

# fv_unbind BDF…: no driver, and no override
fv_unbind()
{
	local bdf

	for bdf; do
		[ ! -e "$FV_PCI/$bdf/driver" ] || echo "$bdf" >"$FV_PCI/$bdf/driver/unbind"
		echo >"$FV_PCI/$bdf/driver_override"
	done
}

# fv_hold [-r] BDF: start a user of the device; its process is $FV_HOLDER
fv_hold()
{
	local ready=/tmp/fv-hold.$$

	rm -f "$ready"
	"$FV_DIR/vfio_hold" "$@" >"$ready" &
	FV_HOLDER=$!
	fv_wait 60 grep -q held "$ready" && return
	echo "# vfio_hold $* did not get it"
	return 1
}

# fv_release: end the user of fv_hold, with a signal if it is told which
fv_release()
{
	kill "-${1:-TERM}" "$FV_HOLDER" 2>/dev/null
	wait "$FV_HOLDER" 2>/dev/null
}

# fv_load: our module with what it needs; fv_load_stock: vfio-pci
fv_load()
{
	modprobe -a vfio_iommu_type1 vfio-pci-core || return
	[ -d /sys/module/$FV_MODULE ] || insmod "$FV_KO" "$@"
}

fv_load_stock()
{
	modprobe -a vfio_iommu_type1 vfio-pci
}

fv_unload()
{
	[ ! -d /sys/module/$FV_MODULE ] || rmmod $FV_MODULE
}

# fv_check TEXT COMMAND…: one KTAP test
fv_check()
{
	local text=$1

	shift
	if "$@"; then
		ktap_test_pass "$text"
	else
		echo "# failed: $*"
		ktap_test_fail "$text"
	fi
}

# fv_timing TEXT COMMAND…: one that cannot do without real time. When nothing but such rows
# failed, the lab runs their programs once more, alone
fv_timing()
{
	fv_check "$1 [timing]" "${@:2}"
}

# fv_same TEXT EXPECTED SEEN: one KTAP test
fv_same()
{
	if [ "$2" = "$3" ]; then
		ktap_test_pass "$1"
	else
		printf '# expected: %s\n# seen:     %s\n' "${2//$'\n'/$'\n'#           }" \
			"${3//$'\n'/$'\n'#           }"
		ktap_test_fail "$1"
	fi
}

# fv_has TEXT PATTERN SEEN: one KTAP test; PATTERN is an extended regular expression
fv_has()
{
	if [[ $3 =~ $2 ]]; then
		ktap_test_pass "$1"
	else
		printf '# expected to match: %s\n# seen: %s\n' "$2" "${3//$'\n'/$'\n'#       }"
		ktap_test_fail "$1"
	fi
}

# fv_finish: the plan, the totals, and the right exit status
fv_finish()
{
	ktap_set_plan $((KTAP_TESTNO - 1))
	ktap_finished
}

# fv_row NAME DRIVER VALUE UNIT: a value worth keeping
fv_row()
{
	echo "# @row name=$1 driver=$2 value=$3 unit=$4"
}
