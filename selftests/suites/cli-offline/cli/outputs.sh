#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Output of fpgactl that cannot be written: full disks, closed descriptors.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

reads=(
	"list" "list --json" "show 01:00.0" "show --json 01:00.0" "stats" "stats --json"
	"stats --watch=1" "history" "history --json" "history --follow" "history --follow --json"
	"link 07:00.1" "link --json 07:00.1" "policy 07:00.1" "policy --json 07:00.1"
	"allow 07:00.1" "allow --json 07:00.1" "allow -n 06:00.0 reset"
	"version" "version --json" "--version" "help" "help list" "--help" "reset --help"
	"completion bash" "reset -n 07:00.1" "reset -n --json 07:00.1" "bind -n --yes 01:00.0"
	"reprogram -n 07:00.1 -- true"
)
changes=(
	"reset 07:00.1" "reset --json 07:00.1" "recover 07:00.1" "recover --json 07:00.1"
	"fence 07:00.1" "fence --json 07:00.1" "retrain 07:00.1" "retrain --json 07:00.1"
	"policy 07:00.1 default" "policy --json 07:00.1 default"
	"reprogram 07:00.1 -- true" "reprogram --json 07:00.1 -- echo hi"
)
# on a recorded system with a simulated kernel
moves=("unbind 07:00.1" "bind --yes 07:00.1" "unbind --json 07:00.1" "bind --yes --json 07:00.1"
	"allow 06:00.0 reset" "allow --json 06:00.0 none")

# answers: set the replies of the driver to all commands
answers()
{
	plan_recovery
	recovered
	cp "$tree/netlink/recover-dry-run" "$tree/netlink/reset-dry-run"
	cp "$tree/netlink/recover" "$tree/netlink/reset"
	printf '%s\n' "bdf 0000:07:00.1" "port 0000:00:07.0" "timeout-ms 600000" |
		tee "$tree/netlink/fence-dry-run" | answer fence
	printf '%s\n' "bdf 0000:07:00.1" before "speed 1" "width 1" active end \
		after "speed 4" "width 8" active end "attempts 1" | answer retrain
	printf '%s\n' "bdf 0000:07:00.1" "state 0" "profile xdma" stats "users 0" end policy \
		"aer 1" end | answer device-get
	printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.1" "state 0" link active "speed 4" \
		"width 8" end | answer card-get
	printf '%s\n' "id 18" stats "opens 1" end | answer group-get
	printf '%s\n' "port 0000:00:07.0" "seq 1" "time-ns 1767229200000000000" "kind 0" \
		"origin 5" "bdf 0000:07:00.1" | answer history-get
	echo | answer device-set
	clock 0
}

# without COMMAND…: redirections of the shell, then run; the exit code is in $rc
without()
{
	rc=0
	err=
	"$@" || rc=$?
	[ ! -e "$work/err" ] || read -rd '' err <"$work/err" || :
	printed='' keep
	told="$rc: $err"
}

# lost CODE WHY: check the report of an output that is lost
lost()
{
	echo "$told"
	[ "$rc" = "$1" ]
	if [[ $err = *"{"* ]]; then
		[ "$(jq -rc '.error | [.object, .what, .why, .exit_code]' <<<"{${err#*\{}")" = \
			"[\"standard output\",\"write failed\",\"$2\",$1]" ]
	else
		grep -qxF "fpgactl: standard output: write failed: $2" <<<"$err"
	fi
	[ "$1" != 9 ] || grep -qE "The (command succeeded|card was programmed and is ready again);" <<<"$err"
}

# lose CODE COMMAND…: run each, by the function in $run, with a full disk and with a closed output
lose()
{
	local code=$1 command

	shift
	for command; do
		# shellcheck disable=SC2086 # words
		without "${run[@]}" $command >/dev/full 2>"$work/err" </dev/null
		lost "$code" "No space left on device"
		# shellcheck disable=SC2086 # words
		without "${run[@]}" $command >&- 2>"$work/err" </dev/null
		lost "$code" "Bad file descriptor"
	done
}

live()
{
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL timeout -k 1 20 "$FPGACTL" "$@"
}

recorded()
{
	LD_PRELOAD=$FAKE_KERNEL timeout -k 1 20 "$FPGACTL" --sysroot "$tree" "$@"
}

hold reads_refused "a command that only reads fails with the cause, and exit code 1"
reads_refused()
{
	local run=(live)

	answers
	lose 1 "${reads[@]}"
}

hold changes_refused "after a change, the exit code says that only the output is lost"
changes_refused()
{
	local run=(live)

	answers
	lose 9 "${changes[@]}"
	[ "$(grep -c '^reset bdf=0000:07:00.1 unused-only $' "$tree/netlink/log")" = 4 ]
	run=(recorded)
	lose 9 "${moves[@]}"
	[ "$(driver_of 0000:07:00.1)" = fpga_vfio_pci ]
}

# break_pipe: make descriptor 8 a pipe without a reader
break_pipe()
{
	mkfifo "$work/pipe"
	# shellcheck disable=SC2094 # one end each
	exec 9<>"$work/pipe" 8>"$work/pipe" 9<&-
	rm "$work/pipe"
}

hold reprogram_pipe_refused "a reader that is gone does not hide that the card was programmed"
reprogram_pipe_refused()
{
	local json

	answers
	break_pipe
	for json in "" --json; do
		# shellcheck disable=SC2086 # words
		without live reprogram $json 07:00.1 -- true >&8 2>"$work/err" </dev/null
		lost 9 "Broken pipe"
		grep -qF "The card was programmed and is ready again; only the output is lost." <<<"$err"
		[ "$json" = "" ] || [ "$(jq .error.program.exit_code <<<"$err")" = 0 ]
	done
}

hold pipes_refused "a pipe without a reader is a lost output, or the end by a signal"
pipes_refused()
{
	local command

	answers
	break_pipe
	without live list >&8 2>"$work/err"
	[ "$rc" = 141 ]
	[ -z "$err" ]
	trap '' PIPE
	for command in "${reads[@]}"; do
		# shellcheck disable=SC2086 # words
		without live $command >&8 2>"$work/err" </dev/null
		lost 1 "Broken pipe"
	done
	for command in "${changes[@]}"; do
		# shellcheck disable=SC2086 # words
		without live $command >&8 2>"$work/err" </dev/null
		lost 9 "Broken pipe"
	done
}

# complete CODE: check the exit code, and that JSON on standard output is whole
complete()
{
	echo "$command: $rc"
	[ "$rc" = "$1" ]
	[[ $command != *--json* ]] || jq -e . "$work/out" >"$work/jq"
}

hold descriptors_ok "without the other descriptors, each command has its output and its exit code"
descriptors_ok()
{
	local command

	answers
	for command in "${reads[@]}" "${changes[@]}"; do
		# they do not end, or the program that they run fails
		[[ $command != *@(--watch|--follow|echo)* ]] || continue
		# shellcheck disable=SC2086 # words
		without live $command >"$work/out" 2>&- <&-
		complete 0
		# shellcheck disable=SC2086 # words
		without live $command >"$work/out" 2>/dev/full <&-
		complete 0
	done
	# nowhere to report
	for command in "${reads[@]}"; do
		# shellcheck disable=SC2086 # words
		without live $command >&- 2>&- <&-
		[ "$rc" = 1 ]
	done
	for command in "${changes[@]/echo hi/true}"; do
		# shellcheck disable=SC2086 # words
		without live $command >/dev/full 2>/dev/full <&-
		[ "$rc" = 9 ]
	done
}

hold failure_first_refused "a failure of the command counts more than the lost output"
failure_first_refused()
{
	answers
	without live show zz >/dev/full 2>"$work/err"
	[ "$rc" = 2 ]
	lacks 'write failed' "$work/err"
	echo "fail 110 0000:07:00.1: no answer" >>"$tree/netlink/reset"
	without live reset 07:00.1 >&- 2>"$work/err"
	[ "$rc" = 1 ]
	lacks 'write failed' "$work/err"
}

hold closed_ok "a closed descriptor is filled, and no file or socket in its place gets output"
closed_ok()
{
	answers
	# the socket would be descriptor 1, and the driver would get the report
	without live reset --json 07:00.1 >&- 2>"$work/err" <&-
	lost 9 "Bad file descriptor"
	requests "reset bdf=0000:07:00.1 dry-run " "reset bdf=0000:07:00.1 unused-only "
	# messages are lost; the exit code is not
	without live show zz >"$work/out" 2>&- <&-
	[ "$rc" = 2 ]
	without live list >"$work/out" 2>&- <&-
	[ "$rc" = 0 ]
	grep -q 0000:07:00.1 "$work/out"
	without live show zz >"$work/out" 2>/dev/full
	[ "$rc" = 2 ]
	without live list >&- 2>&- <&-
	[ "$rc" = 1 ]
	without live reprogram 07:00.1 -- true >&- 2>&- <&-
	[ "$rc" = 9 ]
}

hold closed_job_ok "the command that is run finds a closed descriptor as bad as it was"
closed_job_ok()
{
	answers
	# shellcheck disable=SC2016 # for the inner shell
	without live reprogram --json 07:00.1 -- sh -c '! echo hi' >"$work/out" 2>&-
	echo "$told"
	[ "$rc" = 0 ]
	json '.program.exit_code == 0'
}

run_tests
