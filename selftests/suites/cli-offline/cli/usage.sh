#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Command line of fpgactl: accepted, refused, and help.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

hold overview_ok "help lists all commands by what they are for"
overview_ok()
{
	fv help
	succeeds
	[ "$(sed -n '/^Usage/d; /^Common options:/,$d; s/^\([A-Z].*\):$/[\1]/p; s/^  \([a-z]*\) .*/\1/p' \
		<<<"$out" | xargs)" = \
		"[Look] link list show [Give and take back] bind unbind [Reset and reprogram] fence recover reprogram rescan reset retrain [Set up] allow apply config doctor policy serve [Watch] history stats [Help] completion help version" ]
	cp "$work/out" "$work/first"
	fv --help
	succeeds
	cmp "$work/out" "$work/first"
}

hold help_width_ok "each help fits on a screen of 80 columns and names the man page of the command"
help_width_ok()
{
	local command

	for command in "" $(all_commands); do
		# shellcheck disable=SC2086 # none for the overview
		fv help $command
		succeeds
		lacks '.\{81\}' "$work/out"
		lacks ' $' "$work/out"
		[ -n "$command" ] || continue
		if [ -e "$CLI_DIR/fpgactl-$command.8" ]; then
			[ "${out##*$'\n'}" = "See fpgactl-$command(8)." ]
		else
			[ "${out##*$'\n'}" = "See fpgactl(8)." ]
		fi
	done
	# continued below the explanation
	fv help list
	grep -A 1 -e '--output COLUMNS' <<<"$out" | grep -qE '^ {29}[a-z+]'
	grep -A 1 -e '^  \* LINK' <<<"$out" | grep -qE '^ {20}[a-zA-Z"]'
}

# stage: check what fpgactl alone has printed: at most 12 lines of 80 columns, without an error
stage()
{
	succeeds
	[ "$(wc -l <"$work/out")" -le 12 ]
	lacks '.\{81\}' "$work/out"
	[ "${out##*$'\n'}" = "'fpgactl help' lists the commands." ]
}

hold alone_no_iommu_ok "fpgactl alone says that there is no IOMMU, and how to get one"
alone_no_iommu_ok()
{
	rm -f "$tree"/sys/bus/pci/devices/*/iommu_group
	echo "vendor_id : AuthenticAMD" >"$tree/proc/cpuinfo"
	echo "quiet amd_iommu=off" >"$tree/proc/cmdline"
	fv
	stage
	[ "$(head -n 1 <<<"$out")" = "IOMMU:   off, so no device can be assigned to a VM" ]
	grep -A 1 ^Next: <<<"$out" | xargs | grep -qx \
		'Next: Remove amd_iommu=off from the kernel command line: it switches the IOMMU off.'
}

hold alone_no_module_ok "fpgactl alone says that the module is not loaded, and names the cards"
alone_no_module_ok()
{
	rm -f "$tree"/sys/bus/pci/devices/0000:07:00.*/driver
	rm -r "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	fv
	stage
	grep -qxE 'IOMMU:   [0-9]+ groups' <<<"$out"
	grep -qx 'Module:  fpga_vfio_pci is not loaded' <<<"$out"
	grep -qxE 'Cards:   0000:01:00.0  no driver +FPGA Card XRT' <<<"$out"
	grep -qxE ' {9}0000:01:00.1  xdma +Xilinx 9039' <<<"$out"
	grep -qxE ' {9}[0-9]+ more: fpgactl list' <<<"$out"
	grep -qx 'Next:    modprobe fpga_vfio_pci' <<<"$out"
}

hold alone_not_bound_ok "fpgactl alone names the cards to bind, and none where there is none"
alone_not_bound_ok()
{
	rm -f "$tree"/sys/bus/pci/devices/0000:07:00.*/driver
	fv
	stage
	grep -qx 'Module:  fpga_vfio_pci is loaded' <<<"$out"
	grep -qx 'Next:    fpgactl bind 0000:01:00.0' <<<"$out"
	rm "$tree"/sys/bus/pci/devices/0000:0[1567]:*
	fv
	stage
	grep -qx 'Cards:   no FPGA card' <<<"$out"
	grep -qx 'Next:    fpgactl list --all, then fpgactl bind BDF' <<<"$out"
}

hold alone_bound_ok "fpgactl alone shows the bound cards with their states, and leads to one in trouble"
alone_bound_ok()
{
	fv
	stage
	prints "$(grep ^IOMMU <<<"$out")
Module:  fpga_vfio_pci is loaded
Cards:   0000:07:00.0  bound         FPGA Card XRT
         0000:07:00.1  bound         FPGA Card XRT
Next:    fpgactl list, for groups and users

'fpgactl help' lists the commands."
	printf '%s\n' "bdf 0000:07:00.0" "state 0" next "bdf 0000:07:00.1" "state 3" | answer device-get
	# shellcheck disable=SC2119 # without arguments
	fvl
	stage
	grep -q '^Cards:   0000:07:00.0  ready  ' <<<"$out"
	grep -q '^         0000:07:00.1  lost  ' <<<"$out"
	grep -qx 'Next:    fpgactl link 0000:07:00.1' <<<"$out"
	no_request
}

hold alone_refused "fpgactl alone takes --sysroot, and no other option"
alone_refused()
{
	fv --json
	[ "$rc" = 2 ]
	[ "$(jq -r .error.why "$work/err")" = "unsupported option '--json': output is text only" ]
	fv -o NAME
	[ "$rc" = 2 ]
	tree=/nonexistent fv
	[ "$rc" = 2 ]
}

hold help_ok "help COMMAND and COMMAND --help say the same, with examples"
help_ok()
{
	local command first

	for command in allow bind completion fence help history link list policy recover reprogram \
		rescan reset retrain show stats unbind; do
		fv help "$command"
		succeeds
		grep -q '^Examples:$' <<<"$out"
		grep -q "^  .*fpgactl $command" <<<"$out"
		first=$out
		fv "$command" --help
		[ "$out" = "$first" ]
		fv -h "$command"
		[ "$out" = "$first" ]
	done
}

hold help_layout_ok "help shows the options, columns and keys of a command, and no others"
help_layout_ok()
{
	local command

	for command in unbind stats policy completion version; do
		fv help "$command"
		# all explanations start in the same column
		sed -n '/^Options:/,/^$/p' <<<"$out" | grep '^ ' >"$work/options"
		[ "$(grep -cvE '^.{27}  [^ ]' "$work/options")" = 0 ]
	done
	fv help unbind
	grep -qE '^      --driver NAME  +[a-z]' <<<"$out"
	grep -qE '^  -t, --timeout TIME  +[a-z]' <<<"$out"
	grep -qE '^  -n, --dry-run  +[a-z]' <<<"$out"
	lacks --output "$work/out"
	lacks ^Columns "$work/out"
	lacks ^Keys "$work/out"
	fv help stats
	grep -qE '^  -w, --watch TIME  +[a-z]' <<<"$out"
	grep -qE '^  -o, --output COLUMNS  +[a-z]' <<<"$out"
	grep -qE '^  \* COUNTER  +[a-z]' <<<"$out"
	grep -qE '^    RATE  +[a-z]' <<<"$out"
	fv help policy
	grep -qxE '  aer=  stop, recover or ignore-data-errors' <<<"$out"
	[ "$(sed -n '/^Keys/,/^$/p' <<<"$out" | grep -cE '^  [a-z]')" = 15 ]
	[ "$(sed -n '/^Keys/,/^$/p' <<<"$out" | grep -cE '^      [a-z]')" = 15 ]
	fv help completion
	lacks --json "$work/out"
	fv help version
	lacks ^Examples "$work/out"
	[ "$(head -n 1 <<<"$out")" = "Usage: fpgactl version [OPTIONS]" ]
	fv help
	grep -qE '^  show BDF  +[a-z]' <<<"$out"
	grep -qE '^  -V, --version  +[a-z]' <<<"$out"
}

hold version_ok "the version is printed, as text and as JSON"
version_ok()
{
	fv version
	succeeds
	[[ $out =~ ^fpgactl\ [0-9]+\.[0-9.]+$ ]]
	fv --version
	succeeds
	[[ $out =~ ^fpgactl\ [0-9]+\.[0-9.]+$ ]]
	fv version --json
	json '.version | test("^[0-9]")'
}

hold unknown_command_refused "an unknown command is refused, with the nearest one"
unknown_command_refused()
{
	fv lst
	refuses 2 "unknown command 'lst'"
	hints "Did you mean 'fpgactl list'?"
	fv unbnid 01:00.0
	hints "Did you mean 'fpgactl unbind'?"
	fv frobnicate
	hints "'fpgactl help' lists the commands."
	fv help lst
	[ "$rc" = 2 ]
}

hold prefix_refused "the beginning of a command is not the command"
prefix_refused()
{
	fv un 01:00.0
	[ "$rc" = 2 ]
	fv list --al
	[ "$rc" = 2 ]
}

hold unknown_option_refused "an unknown option is refused, with the nearest one"
unknown_option_refused()
{
	fv list --jsno
	refuses 2 "list: unknown option '--jsno'"
	hints "Did you mean --json?"
	fv bind --foce 01:00.0
	hints "Did you mean --force?"
	fv list -x
	refuses 2 "list: unknown option '-x'"
	hints "See 'fpgactl help list'."
	fv --jsn
	refuses 2 "unknown option '--jsn'"
	hints "Did you mean --json?"
	fv --frobnicate
	hints "See 'fpgactl help'."
	fv list --force
	refuses 2 "list: unknown option '--force'"
}

hold option_forms_ok "options are taken before and after the command, with = or a word"
option_forms_ok()
{
	fv --json list -o DEVICE
	json .groups
	fv -j list -oDEVICE
	json .groups
	fv list -ajo DEVICE
	json '.groups[0].group == 0'
	fv list --output=DEVICE
	succeeds
	[ "${out%%$'\n'*}" = DEVICE ]
	fv list -- -o
	refuses 2 "list: invalid PCI address '-o'"
	fv -- list
	succeeds
	fv show -
	refuses 2 "show: invalid PCI address '-'"
	fv show -- 01:00.0
	succeeds
}

hold help_dashes_ok "where a command line follows, options stand before it"
help_dashes_ok()
{
	fv help reprogram
	[ "$(head -n 1 <<<"$out")" = "Usage: fpgactl reprogram [OPTIONS] BDF -- COMMAND..." ]
	fv reprogram 01:00.0 -- true --help
	[ "$rc" != 0 ]
	fv --help reprogram 01:00.0 -- true
	succeeds
}

hold option_argument_refused "an argument that lacks or is too much is refused"
option_argument_refused()
{
	fv list -o
	refuses 2 "list: option '-o' requires an argument"
	fv unbind 07:00.1 --timeout
	refuses 2 "unbind: option '--timeout' requires an argument"
	fv list -ao
	refuses 2 "list: option '-ao' requires an argument"
	fv list --all=yes
	refuses 2 "list: option '--all' takes no argument"
	fv list --json=yes
	[ "$rc" = 2 ]
}

hold argument_count_refused "too few and too many words are refused"
argument_count_refused()
{
	fv show
	refuses 2 "show: missing argument BDF"
	hints "Usage: fpgactl show BDF"
	fv show 01:00.0 01:00.1
	refuses 2 "show: unexpected argument '01:00.1'"
	fv bind
	refuses 2 "bind: missing argument BDF"
	fv version 01:00.0
	refuses 2 "version: unexpected argument '01:00.0'"
	hints "Usage: fpgactl version"
}

hold useless_option_refused "an option that means nothing to a command is refused"
useless_option_refused()
{
	fv show -o DEVICE 01:00.0
	refuses 2 "show: unsupported option '--output': output has no columns"
	fv help --json
	[ "$rc" = 2 ]
	[ "$(jq -r '.error | [.object, .what, .why] | join(" ")' "$work/err")" = \
		"help --json unsupported option '--json': output is text only" ]
}

hold sysroot_refused "a directory that is not there is refused"
sysroot_refused()
{
	tree=/nonexistent fv list
	refuses 2 "list: cannot use --sysroot '/nonexistent': No such file or directory"
	chmod 700 "$tree/proc"
	tree=$tree/proc run_as_nobody list
	refuses 2 "list: cannot use --sysroot '$tree/proc': Permission denied"
}

hold sysroot_ok "a directory is taken as it is, the root of the machine as none"
sysroot_ok()
{
	cd "$work"
	tree=./tree/../tree fv list --json
	json '.groups | length > 0'
	fv_live --sysroot "$tree/dev/../proc" list
	refuses 1 "$tree/proc/sys/bus/pci/devices: cannot read PCI devices: No such file or directory"
	# the live system has a history
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL fv_live --sysroot / reset 07:00.1
	[ "$rc" = 3 ]
}

hold json_usage_error_ok "a usage error is JSON too, wherever --json stands"
json_usage_error_ok()
{
	fv nosuch --json
	[ "$rc" = 2 ]
	[ -z "$out" ]
	[ "$(jq -c '.error | [.object, .what, .why, .exit_code]' "$work/err")" = \
		'["fpgactl","nosuch","unknown command '"'nosuch'"'",2]' ]
	fv list --json --nosuch
	[ "$(jq -c . "$work/err")" = '{"schema":1,"error":{"object":"list","what":"--nosuch","why":"unknown option '"'--nosuch'"'","hint":"See '"'fpgactl help list'"'.","exit_code":2,"blockers":[]}}' ]
	fv -j show x
	[ "$(jq -r .error.exit_code "$work/err")" = 2 ]
	# after --, an option of another program
	fv reprogram 01:00.0 -- no-such-command --json
	refuses 127 "no-such-command: reprogram: command not found"
}

# full BUFFER ARGUMENT…: run with this buffer for an output that cannot be written
full()
{
	rc=0
	LD_PRELOAD=$FAKE_KERNEL timeout -k 1 10 stdbuf -o "$1" "$FPGACTL" --sysroot "$tree" \
		"${@:2}" >/dev/full 2>"$work/err" </dev/null || rc=$?
	err=$(<"$work/err")
}

hold full_disk_refused "output that cannot be written is an error, and ends what repeats"
full_disk_refused()
{
	local buffer

	clock 0
	for buffer in 4K L 0; do
		full "$buffer" list
		[ "$rc" = 1 ]
		[ "$err" = "fpgactl: standard output: write failed: No space left on device" ]
		full "$buffer" stats --watch=1
		[ "$rc" = 1 ]
		[ "$err" = "fpgactl: standard output: write failed: No space left on device" ]
		# the first error is reported
		full "$buffer" show x
		[ "$rc" = 2 ]
		lacks 'write failed' "$work/err"
	done
	# it ended at the first table
	[ ! -e "$FAKE_CLOCK.waits" ]
}

hold closed_pipe_ok "a reader that has enough ends it quietly"
closed_pipe_ok()
{
	clock 0 auto
	LD_PRELOAD=$FAKE_KERNEL timeout -k 1 10 env --default-signal=PIPE \
		"$FPGACTL" --sysroot "$tree" stats --watch=1 2>"$work/err" | read -r
	[ "${PIPESTATUS[0]}" = 141 ]
	[ ! -s "$work/err" ]
	# or, if the signal is ignored, with an error
	LD_PRELOAD=$FAKE_KERNEL timeout -k 1 10 env --ignore-signal=PIPE \
		stdbuf -o 0 "$FPGACTL" --sysroot "$tree" stats --watch=1 2>"$work/err" | read -r
	[ "${PIPESTATUS[0]}" = 1 ]
	grep -q '^fpgactl: standard output: write failed: ' "$work/err"
}

run_tests
