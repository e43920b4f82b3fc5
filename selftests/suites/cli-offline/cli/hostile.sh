#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Text and files that fpgactl does not control: escape sequences, wrong types, endless files.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

dev=sys/bus/pci/devices/0000:07:00.1

# a colour, a bell, C1 control characters, a stray byte, direction marks, and letters that are none
# of these
evil=$'\e[31mred\a\x7f\xc2\x9b1m\x9b\xff\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf\xe2\x80\x8b\u00e9'

# poison: put it into whatever a system or the driver may say
poison()
{
	local kernel=${evil//$'\n'}

	# $kernel in a reply of the driver, where a line is an attribute
	printf '10ee  Xil%s\n\t9038  FP%s\n\t\t10ee 0007  Sub%s\nC 12  Cl%s\n\t00  Sub%s\n' "$evil" \
		"$evil" "$evil" "$evil" "$evil" >"$tree/usr/share/misc/pci.ids"
	printf '%s' "$evil" >"$tree/proc/4242/comm"
	printf 'x%s' "$evil" >"$tree/$dev/driver_override"
	printf 'flr%s\n' "$evil" >"$tree/$dev/reset_method"
	printf '%s\n' "$evil" >"$tree/$dev/power_state"
	printf '%s GT/s PCIe\n' "$evil" >"$tree/$dev/current_link_speed"
	rm -f "$tree/sys/bus/pci/devices/0000:01:00.0/driver"
	ln -s "../../../bus/pci/drivers/drv$evil" "$tree/sys/bus/pci/devices/0000:01:00.0/driver"
	printf '%s\n' "bdf 0000:07:00.1" "state 3" "reason why$kernel" "profile p$kernel" stats \
		"users 1" end policy "aer 1" end | answer device-get
	printf '%s\n' "bdf 0000:07:00.1" step "method 0" "error 5" "text t$kernel" function \
		"bdf 0000:07:00.0" "driver d$kernel" held end end | answer reset-dry-run
	{
		printf '%s\n' "bdf 0000:07:00.1" step "method 0" "error 5" "text t$kernel" end
		refusal 2 "0000:07:00.1" "driver d$kernel" "pid 7" "comm c$kernel"
		echo "fail 16 0000:07:00.1: no$kernel"
	} | answer reset
	for command in recover fence retrain device-set; do
		echo "fail 16 0000:07:00.1: no$kernel" | answer "$command"
	done
	cp "$tree/netlink/reset-dry-run" "$tree/netlink/recover-dry-run"
	printf '%s\n' "bdf 0000:07:00.1" "port 0000:00:07.0" "timeout-ms 600000" function \
		"bdf 0000:07:00.0" "driver d$kernel" end | answer fence-dry-run
	printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.1" "state 1" fence "pid 7" \
		"comm c$kernel" end | answer card-get
	printf '%s\n' "port 0000:00:07.0" "seq 1" "time-ns 1767229200000000000" "kind 2" "origin 1" \
		"bdf 0000:07:00.1" "pid 7" "comm c$kernel" "text t$kernel" | answer history-get
	printf '%s\n' "id 18" "device d$kernel" stats "opens 1" end | answer group-get
}

all=(
	"list -a -o DEVICE,NAME,CLASS,DRIVER,USER,STATE,FENCED-BY" "show 07:00.1" "show 01:00.0"
	"stats" "history" "link 07:00.1" "policy 07:00.1" "policy 07:00.1 default" "bind -n 01:00.0"
	"bind 01:00.0" "unbind -n 07:00.1" "unbind -t 0 07:00.0" "reset -n 07:00.1" "reset -y 07:00.1"
	"recover 07:00.1" "recover -n 07:00.1" "fence 07:00.1" "fence -n 07:00.1" "retrain 07:00.1"
	"rescan -n 07:00.1" "rescan 07:00.1" "reprogram 07:00.1 -- true" "reprogram -n 07:00.1 -- true"
)

hold text_ok "text from outside is printed without control characters"
text_ok()
{
	local command

	poison
	for command in "${all[@]}" "show $evil" "$evil" "list -o $evil" "--$evil" \
		"reprogram 07:00.1 -- $evil" "policy 07:00.1 $evil=1" "unbind --driver $evil 07:00.1"; do
		# shellcheck disable=SC2086 # words
		fvl $command
		[[ $rc != @(124|12[89]|1[3-9]?|2??) ]]
		[[ $command != list\ -a* || $rc = 0 ]]
		clean out
		clean err
	done
	for command in "list -a" "show 01:00.0" "show 07:00.1"; do
		# shellcheck disable=SC2086 # words
		fv $command
		[ "$rc" = 0 ]
		clean out
	done
	fv show 07:00.1
	grep -qF 'FP\x1b[31mred\x07\x7f\xc2\x9b1m\x9b\xff\xe2\x80\xae' "$work/out"
	# the wait for a holder, on a terminal
	clock 0 auto
	on_terminal unbind -t 1 07:00.0 || :
	grep -qF 'held by \x1b[31mred' "$work/out"
	lacks $'\e\[31' "$work/screen"
	# without UTF-8, everything is ASCII
	# shellcheck disable=SC2031 # run_one sets it
	[ "$LC_ALL" != C ] || lacks '[^ -~]' "$work/out"
	# it is there, escaped
	fvl show 01:00.0
	grep -qF 'drv\x1b[31mred\x07\x7f\xc2\x9b1m\x9b\xff' "$work/out"
}

hold text_ascii_ok "nor with anything but ASCII in a locale without UTF-8"
text_ascii_ok()
{
	LC_ALL=C
	text_ok
}

# clean FILE: check for control characters, invalid UTF-8 and characters without a shape
clean()
{
	iconv -f UTF-8 -t UTF-8 <"$work/$1" >/dev/null &&
		! LC_ALL=C.UTF-8 grep -aP '[\x00-\x08\x0b-\x1f\x7f-\x9f\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}]' \
			"$work/$1"
}

hold json_ok "JSON stays valid, and has the text"
json_ok()
{
	local command

	poison
	for command in "${all[@]}"; do
		[[ $command = *-o\ * ]] && command=list
		command="${command%% *} --json${command#"${command%% *}"}"
		# shellcheck disable=SC2086 # words
		fvl $command
		[[ $rc != @(124|12[89]|1[3-9]?|2??) ]]
		[[ $command != list\ -a* || $rc = 0 ]]
		iconv -f UTF-8 -t UTF-8 <"$work/out" >/dev/null
		iconv -f UTF-8 -t UTF-8 <"$work/err" >/dev/null
		if [ "$rc" = 0 ]; then
			jq . "$work/out" >/dev/null
		else
			[ ! -s "$work/out" ]
			jq . "$work/err" >/dev/null
		fi
	done
	fvl show --json 01:00.0
	[ "$(jq -r .driver "$work/out" | cut -c 4-)" = $'\e[31mred\a\x7f\\xc2\\x9b1m\\x9b\\xff\u202e\u2066\ufeff\u200b\u00e9' ]
}

# become KIND FILE: replace a file by one that cannot be read like it; restore FILE undoes that
become()
{
	if [ ! -e "$work/saved" ] && [ -f "$2" ]; then
		mv "$2" "$work/saved"
	fi
	rm -rf "$2"
	case $1 in
	directory) mkdir "$2" ;;
	device) ln -s /dev/zero "$2" ;;
	fifo) mkfifo "$2" ;;
	loop) ln -s "${2##*/}" "$2" ;;
	long) truncate -s 1G "$2" ;;
	esac
}

restore()
{
	rm -rf "$1"
	[ ! -e "$work/saved" ] || mv "$work/saved" "$1"
}

# faults FILE: check that the last run failed because of it
faults()
{
	[ "$rc" = 1 ]
	[[ ${err%%$'\n'*} = "fpgactl: $tree/$1: "*": "@(is a directory|not a regular file|File too large|"unknown format"|Too many levels of symbolic links) ]]
}

# all_else_ok: check that other devices than 0000:07:00.1 are not concerned
all_else_ok()
{
	local command

	for command in "list 01:00.0" "show 01:00.0" "link 01:00.0" "bind -n --yes 01:00.1"; do
		# shellcheck disable=SC2086 # words
		fv $command
		succeeds
	done
}

hold files_refused "a file that is too large or none at all is told with its path, without a wait, beside all else"
files_refused()
{
	local file good kind

	fv list -o DEVICE,DRIVER,STATE
	good=$(grep -v 0000:07:00.1 <<<"$out")
	for kind in directory device fifo loop long; do
		for file in "$dev"/{vendor,class,driver_override,current_link_speed}; do
			become "$kind" "$tree/$file"
			fv list -o DEVICE,DRIVER,STATE
			faults "$file"
			[ "$(grep -v 0000:07:00.1 <<<"$out")" = "$good" ]
			grep -q '0000:07:00.1 fpga_vfio_pci ?$' <<<"$out"
			fv show --json 07:00.1
			[ "$rc" = 1 ]
			[ "$(jq -r .error.object "$work/err")" = "$tree/$file" ]
			value .bdf 0000:07:00.1
			fv link 07:00.1
			faults "$file"
			[ -n "$out" ]
			fvl reset 07:00.1
			[ "$rc" = 1 ]
			hints "Nothing was changed."
			no_request
			all_else_ok
			restore "$tree/$file"
		done
		become "$kind" "$tree/proc/4242/comm"
		fv list
		faults proc/4242/comm
		grep -q '4242 ?' "$work/out"
		all_else_ok
		restore "$tree/proc/4242/comm"
	done
}

hold unknown_ok "values of such a file are unknown"
unknown_ok()
{
	become directory "$tree/$dev/vendor"
	fv list -o DEVICE,NAME,ID
	grep -qE '0000:07:00.1 +\? +\?$' <<<"$out"
	fv show 07:00.1
	grep -qxE 'ID: +\?' <<<"$out"
	fv list --json
	value '[.. | objects | select(.bdf? == "0000:07:00.1")][0] | [.id, .name]' '[null,null]'
	restore "$tree/$dev/vendor"
	echo nonsense >"$tree/$dev/class"
	fv show --json 07:00.1
	[ "$(jq -r '.error | .object, .why' "$work/err")" = "$tree/$dev/class"$'\n'"unknown format" ]
	value '[.class, .class_code]' '[null,null]'
	echo 0x120000 >"$tree/$dev/class"
	become fifo "$tree/$dev/max_link_width"
	fv list --json
	value '[.. | objects | select(.bdf? == "0000:07:00.1")][0].link' null
	fv list -o DEVICE,LINK
	grep -qE '0000:07:00.1 +\?$' <<<"$out"
	fv show 07:00.1
	grep -qxE 'Link: +\?' <<<"$out"
}

hold show_files_refused "so does one that only one command reads"
show_files_refused()
{
	local file kind

	for file in "${dev/%1/0}/"{config,resource,numa_node,reset_method} \
		sys/class/fpga_vfio/group18/statistics/opens sys/kernel/irq/40/actions; do
		for kind in directory device fifo; do
			become "$kind" "$tree/$file"
			case $file in
			*0000:07:00.0*) fv show 07:00.0 ;;
			*) fv stats ;;
			esac
			faults "$file"
			restore "$tree/$file"
		done
	done
}

hold guard_files_refused "a device is not taken while it is not known whether the host uses it"
guard_files_refused()
{
	local file kind

	remember
	for file in proc/self/mountinfo proc/swaps \
		sys/bus/pci/devices/0000:01:00.0/{sriov_numvfs,vendor,class,driver_override} \
		sys/bus/pci/devices/0000:01:00.1/class sys/kernel/iommu_groups/1/reserved_regions; do
		for kind in directory device fifo long; do
			become "$kind" "$tree/$file"
			fvk bind --yes 01:00.0
			faults "$file"
			hints "Nothing was changed."
			restore "$tree/$file"
		done
	done
	unchanged
	# a write does not wait either
	become fifo "$tree/sys/bus/pci/drivers/xdma/unbind"
	fvk bind --yes 01:00.1
	[ "$rc" = 1 ]
	[[ $err = "fpgactl: 0000:01:00.1: bind: cannot unbind from driver xdma: "* ]]
}

hold guard_unreadable_refused "nor while one of them may not be read"
guard_unreadable_refused()
{
	local device=$tree/sys/bus/pci/devices/0000:01:00.0 file

	echo 0 >"$device/sriov_numvfs"
	chown -R 65534 "$tree"
	remember
	for file in "$tree"/proc/{self/mountinfo,swaps} "$device/sriov_numvfs"; do
		chmod 0 "$file"
		as_nobody fvk bind --yes 01:00.0
		[ "$rc" = 1 ]
		[ "${err%%$'\n'*}" = "fpgactl: $file: bind: Permission denied" ]
		hints "Nothing was changed."
		chmod 644 "$file"
	done
	unchanged
	# show does not need it
	chmod 0 "$tree/proc/self/mountinfo"
	run_as_nobody show 01:00.0
	succeeds
	chmod 644 "$tree/proc/self/mountinfo"
	as_nobody fvk bind --yes 01:00.0
	succeeds
}

hold guard_tables_refused "nor while a list of mounts or swaps is something else"
guard_tables_refused()
{
	local mounts=$tree/proc/self/mountinfo swaps=$tree/proc/swaps line

	cp "$mounts" "$work/mounts"
	cp "$swaps" "$work/swaps"
	remember
	# the first line decides how all others are read
	for line in garbage '/dev/sda1 / ext4 rw 0 0' '30 21'; do
		{ echo "$line"; [ "$line" = '30 21' ] || cat "$work/mounts"; } >"$mounts"
		fvk bind --yes 01:00.0
		faults proc/self/mountinfo
		hints "Nothing was changed."
	done
	cp "$work/mounts" "$mounts"
	expand "$work/swaps" >"$swaps"
	fvk bind --yes 01:00.0
	faults proc/swaps
	# without swaps
	head -n 1 "$work/swaps" >"$swaps"
	unchanged
	fvk bind --yes 01:00.0
	succeeds
}

hold names_ok "without a valid pci.ids the names are missing, and one warning has its path"
names_ok()
{
	local file=$tree/usr/share/misc/pci.ids kind

	for kind in directory device fifo loop long line garbage duplicate random denied; do
		become "$kind" "$file"
		case $kind in
		line) { printf '10ee  '; printf 'x%.0s' {1..5000}; echo; } >"$file" ;;
		garbage) printf '10ee  Xilinx\nnonsense\n' >"$file" ;;
		duplicate) printf '10ee  Xilinx\n10ee  Xilinx\n' >"$file" ;;
		random) head -c 100000 /dev/urandom >"$file" ;;
		denied) install -m 0 /dev/null "$file" ;;
		esac
		if [ "$kind" = denied ]; then
			run_as_nobody list -a
		else
			fv list -a
		fi
		[ "$rc" = 0 ]
		[[ $err = "fpgactl: $file: names are missing: "+([^$'\n']) ]]
		lacks Xilinx "$work/out"
		[ "$kind" = denied ] || fv show --json 07:00.1
		[ "$kind" = denied ] || json '.name == null'
	done
	# a file that is not there is no problem
	rm "$file"
	fv list -a
	succeeds
}

hold long_name_ok "a name as long as a line is shown"
long_name_ok()
{
	local long

	long=$(printf 'x%.0s' {1..1000})
	printf '10ee  %s\n\t9038  %s\n\t\t10ee 0007  %s\n' "$long" "$long" "$long" \
		>"$tree/usr/share/misc/pci.ids"
	fv show 07:00.1
	succeeds
	[ "$(grep -c "$long" "$work/out")" -ge 1 ]
	lacks '<' "$work/out"
}

run_tests
