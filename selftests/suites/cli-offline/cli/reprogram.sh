#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl reprogram, with a simulated driver and various commands.
# shellcheck disable=SC2317 # tests are called by their names
# shellcheck disable=SC2016 # expanded by the commands
. "$(dirname "$0")/cli.sh"

# card: set replies of a successful fence and recovery; the VM is not there
card()
{
	rm -rf "$tree/proc/4242"
	echo 0 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
	printf '%s\n' "bdf 0000:07:00.1" "port 0000:00:07.0" "timeout-ms 610000" \
		function "bdf 0000:07:00.0" "driver fpga_vfio_pci" end \
		function "bdf 0000:07:00.1" "driver fpga_vfio_pci" end link-disabled |
		tee "$tree/netlink/fence-dry-run" | answer fence
	printf '%s\n' "bdf 0000:07:00.1" "port 0000:00:07.0" "state 0" "profile xdma" |
		answer device-get
	plan_recovery
	recovered
}

# not_back STATE REASON ERRNO: reply of a failed recovery
not_back()
{
	printf '%s\n' "bdf 0000:07:00.1" step "error $3" "text $2" "duration-ns 60000100000" end \
		"card-state $1" "card-reason $2" "fail $3 0000:07:00.1: $2" | answer recover
}

# fenced_and_back: check the requests that the driver got, in order
fenced_and_back()
{
	requests "fence bdf=0000:07:00.1 timeout-ms=${1:-610000} dry-run " \
		"fence bdf=0000:07:00.1 timeout-ms=${1:-610000} unused-only " \
		"recover bdf=0000:07:00.1 dry-run " "recover bdf=0000:07:00.1 " close
}

# ends CODE TEXT: check the requests and the error
ends()
{
	fenced_and_back "${3:-}" || return
	[ "$rc" = "$1" ] && [ "$(tail -n 1 <<<"$err")" = "fpgactl: 0000:07:00.1: reprogram: $2" ]
}

report="METHOD   RESULT   TIME WHY
no reset done   2.10 s
Card:      ready
Identity:  same
Link:      8 GT/s x8 (maximum: 16 GT/s x8)
Link up:   after 1.90 s
Answered:  after 2.00 s
Usable:    after 2.10 s"

hold reprogram_ok "the card is fenced, the command run, the card brought back and reported"
reprogram_ok()
{
	card
	fvl reprogram 07:00.1 -- echo loaded it
	[ "$rc" = 0 ]
	prints "loaded it
$report"
	[ "$err" = "fpgactl: 0000:07:00.1: card fenced for at most 600s; running: echo loaded it
fpgactl: 0000:07:00.1: command succeeded; recovering the card" ]
	fenced_and_back
}

hold order_ok "the command runs between the fence and the recovery"
order_ok()
{
	card
	fvl reprogram 07:00.1 -- sh -c "echo command >>'$tree/netlink/log'"
	[ "$rc" = 0 ]
	requests "fence bdf=0000:07:00.1 timeout-ms=610000 dry-run " \
			"fence bdf=0000:07:00.1 timeout-ms=610000 unused-only " command \
		"recover bdf=0000:07:00.1 dry-run " "recover bdf=0000:07:00.1 " close
}

hold environment_ok "the command is told which device it is for, and nothing that is not true"
environment_ok()
{
	card
	# a subsystem vendor that differs from the vendor
	echo 0x1af4 >"$tree/sys/bus/pci/devices/0000:07:00.1/subsystem_vendor"
	FPGA_VFIO_PROFILE=wrong fvl reprogram -t 90s 07:00.1 -- \
		sh -c 'env | grep ^FPGA_VFIO | grep -v ^FPGA_VFIO_CACHE= | sort >"$0"' "$work/env"
	[ "$rc" = 0 ]
	diff -u - "$work/env" <<-END
	FPGA_VFIO_BDF=0000:07:00.1
	FPGA_VFIO_DEVICE=9038
	FPGA_VFIO_GROUP=18
	FPGA_VFIO_PORT=0000:00:07.0
	FPGA_VFIO_PROFILE=xdma
	FPGA_VFIO_SUBDEVICE=0007
	FPGA_VFIO_SUBVENDOR=1af4
	FPGA_VFIO_TIMEOUT=90
	FPGA_VFIO_VENDOR=10ee
	END
	fenced_and_back 100000
	# rounded up to seconds
	fvl reprogram -t 1001ms 07:00.1 -- sh -c 'echo "$FPGA_VFIO_TIMEOUT"'
	[ "${out%%$'\n'*}" = 2 ]
	rm "$tree/netlink/device-get"
	FPGA_VFIO_PROFILE=wrong fvl reprogram 07:00.1 -- sh -c 'env >"$0"' "$work/env"
	lacks FPGA_VFIO_PROFILE "$work/env"
}

hold inherited_ok "the command has what it would have in a shell, and nothing more"
inherited_ok()
{
	local command='ls /proc/self/fd >"$0"; exec grep -E "^Sig(Blk|Ign)" /proc/self/status >>"$0"'

	card
	# timeout, as in fv_live(), resets ignored signals
	timeout 60 sh -c "$command" "$work/shell" </dev/null
	cat "$work/shell"
	fvl reprogram 07:00.1 -- sh -c "$command" "$work/has"
	[ "$rc" = 0 ]
	diff -u "$work/shell" "$work/has"
}

hold fails_refused "when the command fails the card is back, and the exit code is 7"
fails_refused()
{
	card
	fvl reprogram 07:00.1 -- sh -c 'exit 3'
	ends 7 "command exited with status 3; card is ready again"
	prints "$report"
	mixed reprogram 07:00.1 -- sh -c 'exit 3'
	[[ ${out##*$'\n'} == *"command exited with status 3; card is ready again" ]]
	: >"$tree/netlink/log"
	fvl reprogram 07:00.1 -- sh -c 'kill -SEGV $$'
	ends 7 "command was killed by SIGSEGV; card is ready again"
}

hold not_found_refused "a command that is not there is refused before anything is touched"
not_found_refused()
{
	card
	fvl reprogram 07:00.1 -- no-such-command
	refuses 127 "no-such-command: reprogram: command not found"
	hints "Nothing was changed."
	fvl reprogram 07:00.1 -- "$work/nosuch"
	refuses 127 "$work/nosuch: reprogram: command not found"
	: >"$work/file"
	fvl reprogram 07:00.1 -- "$work/file"
	refuses 126 "$work/file: reprogram: Permission denied"
	fvl reprogram 07:00.1 -- "$work"
	refuses 126 "$work: reprogram: Permission denied"
	PATH=$work:$PATH fvl reprogram 07:00.1 -- file
	refuses 126 "file: reprogram: Permission denied"
	# a file instead of a directory in PATH
	PATH=$work/file:$PATH fvl reprogram 07:00.1 -- no-such-command
	refuses 127 "no-such-command: reprogram: command not found"
	no_request
}

hold path_ok "a command is found as by a shell, also in the working directory"
path_ok()
{
	card
	mkdir "$work/a" "$work/b"
	printf '#!/bin/sh\necho it ran\n' | tee "$work/b/loader" >"$work/a/loader"
	chmod +x "$work/b/loader"
	# a file without execute permission does not hide the next
	PATH=$work/a:$work/b:$PATH fvl reprogram 07:00.1 -- loader
	[ "$rc" = 0 ]
	[ "${out%%$'\n'*}" = "it ran" ]
	cd "$work/b"
	PATH=:$PATH fvl reprogram 07:00.1 -- loader
	[ "$rc" = 0 ]
	fvl reprogram 07:00.1 -- ./loader
	[ "$rc" = 0 ]
	fvl reprogram 07:00.1 -- loader
	[ "$rc" = 127 ]
}

hold not_started_refused "a command that the kernel cannot start leaves the card unchanged"
not_started_refused()
{
	card
	printf '#!/no/such/interpreter\n' >"$work/script"
	chmod +x "$work/script"
	fvl reprogram 07:00.1 -- "$work/script"
	ends 127 "command was not started: No such file or directory; card is ready again"
	: >"$tree/netlink/log"
	printf '#!%s\n' "$work" >"$work/script"
	fvl reprogram 07:00.1 -- "$work/script"
	ends 126 "command was not started: Permission denied; card is ready again"
}

hold no_process_refused "without a process for the command the card is brought back, too"
no_process_refused()
{
	card
	mkdir "$tree/fail"
	# EMFILE, EAGAIN
	echo 24 >"$tree/fail/pipe2"
	fvl reprogram 07:00.1 -- touch "$work/ran"
	ends 126 "command was not started: Too many open files; card is ready again"
	rm "$tree/fail/pipe2"
	: >"$tree/netlink/log"
	echo 11 >"$tree/fail/fork"
	fvl reprogram 07:00.1 -- touch "$work/ran"
	ends 126 "command was not started: Resource temporarily unavailable; card is ready again"
	[ ! -e "$work/ran" ]
}

hold changed_refused "a card that came back as something else has exit code 5, whatever the command"
changed_refused()
{
	local command

	card
	not_back 4 "its device ID is 9039, and was 9038" 116
	for command in true:succeeded "false:exited with status 1"; do
		fvl reprogram 07:00.1 -- "${command%%:*}"
		[ "$rc" = 5 ]
		grep -qxF "fpgactl: 0000:07:00.1: reprogram: its device ID is 9039, and was 9038 (command ${command#*:})" <<<"$err"
		grep -q '^The card stays fenced. To use the new image: fpgactl rescan 0000:07:00.1$' <<<"$err"
		grep -q '^Identity:  *changed$' <<<"$out"
	done
}

hold gone_refused "a card that did not come back has exit code 6, also one that is gone from the bus"
gone_refused()
{
	local word

	card
	not_back 5 "no answer" 110
	fvl reprogram 07:00.1 -- true
	[ "$rc" = 6 ]
	grep -qxF "fpgactl: 0000:07:00.1: reprogram: no answer (command succeeded)" <<<"$err"
	# ENODEV, EBUSY, EPERM
	for word in 19 16 1; do
		echo "fail $word 0000:07:00.1: because" | answer recover
		fvl reprogram 07:00.1 -- true
		[ "$rc" = 6 ]
		grep -qxF "fpgactl: 0000:07:00.1: reprogram: because (command succeeded)" <<<"$err"
	done
}

hold again_refused "the driver waits for other operations on the card; it gets one request"
again_refused()
{
	card
	printf '%s\n' "fail 11 0000:07:00.1: is being recovered" | answer recover
	fvl reprogram 07:00.1 -- true
	[ "$rc" = 6 ]
	[ "$(grep -c '^recover bdf=0000:07:00.1 $' "$tree/netlink/log")" = 1 ]
	grep -qxF "fpgactl: 0000:07:00.1: reprogram: is being recovered (command succeeded)" <<<"$err"
}

hold fence_refused "a card that the driver does not fence is not reprogrammed"
fence_refused()
{
	card
	echo "fail 16 0000:07:00.1: 0000:07:00.2 has driver xdma" |
		tee "$tree/netlink/fence-dry-run" | answer fence
	fvl reprogram --yes 07:00.1 -- touch "$work/ran"
	refuses 4 "0000:07:00.1: reprogram: 0000:07:00.2 has driver xdma"
	fvl reprogram 07:00.1 -- touch "$work/ran"
	refuses 4 "0000:07:00.1: reprogram: 0000:07:00.2 has driver xdma"
	echo "fail 1" | answer fence
	fvl reprogram --yes 07:00.1 -- touch "$work/ran"
	refuses 12 "0000:07:00.1: reprogram: Operation not permitted"
	: | answer fence
	fvl reprogram --yes 07:00.1 -- touch "$work/ran"
	refuses 1 "0000:07:00.1: reprogram: driver returned no result"
	[ ! -e "$work/ran" ]
}

# held: a VM has the card
held()
{
	mkdir -p "$tree/proc/4242/fd"
	echo qemu-system-x86 >"$tree/proc/4242/comm"
	ln -s /dev/vfio/17 "$tree/proc/4242/fd/3"
	echo 1 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
}

hold consent_refused "a card that a VM has is reprogrammed only with --yes, or after a question"
consent_refused()
{
	local why="0000:07:00.0 held by qemu-system-x86 (pid 4242)"

	card
	held
	fvl reprogram 07:00.1 -- touch "$work/ran"
	refuses 11 "0000:07:00.1: reprogram: $why"
	hints "Use --yes to confirm, --dry-run to see the plan."
	fvl reprogram --json 07:00.1 -- touch "$work/ran"
	[ "$rc" = 11 ] && [ -z "$out" ]
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}'
	fvl reprogram --dry-run 07:00.1 -- touch "$work/ran"
	[ "$rc" = 11 ]
	[ "$(sed -n 3p <<<"$out")" = "0000:07:00.0 fpga_vfio_pci qemu-system-x86 (pid 4242)" ]
	[ "$err" = "fpgactl: 0000:07:00.1: reprogram: $why
Use --yes to confirm." ]
	fvl reprogram --dry-run --json 07:00.1 -- touch "$work/ran"
	[ "$rc" = 11 ] && [ -z "$out" ]
	fvl reprogram --dry-run --yes 07:00.1 -- touch "$work/ran"
	succeeds
	answered n reprogram 07:00.1 -- touch "$work/ran"
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.1: $why. Go on? [y/N] " "$work/out"
	[ ! -e "$work/ran" ]
	lacks '^fence .*000 $' "$tree/netlink/log"
	: >"$tree/netlink/log"
	fvl reprogram --yes 07:00.1 -- echo loaded
	[ "$rc" = 0 ]
	[ "${out%%$'\n'*}" = loaded ]
	requests "fence bdf=0000:07:00.1 timeout-ms=610000 " "recover bdf=0000:07:00.1 dry-run " \
		"recover bdf=0000:07:00.1 " close
	: >"$tree/netlink/log"
	answered y reprogram 07:00.1 -- touch "$work/ran"
	[ "$rc" = 0 ]
	[ -e "$work/ran" ]
	requests "fence bdf=0000:07:00.1 timeout-ms=610000 dry-run " \
		"fence bdf=0000:07:00.1 timeout-ms=610000 " "recover bdf=0000:07:00.1 dry-run " \
		"recover bdf=0000:07:00.1 " close
}

hold usage_refused "the command stands behind one address and two dashes"
usage_refused()
{
	local why="reprogram: expected one BDF, then -- and COMMAND"

	card
	fvl reprogram 07:00.1
	refuses 2 "reprogram: missing argument COMMAND"
	hints "Usage: fpgactl reprogram BDF -- COMMAND..."
	fvl reprogram 07:00.1 touch "$work/ran"
	refuses 2 "$why"
	fvl reprogram 07:00.1 07:00.0 -- touch "$work/ran"
	refuses 2 "$why"
	fvl reprogram -- 07:00.1 touch "$work/ran"
	refuses 2 "$why"
	fvl reprogram -t 24h 07:00.1 -- touch "$work/ran"
	refuses 2 "reprogram: invalid --timeout '24h': not a time from 100ms to 23h"
	fvl reprogram -o METHOD 07:00.1 -- touch "$work/ran"
	[ "$rc" = 2 ]
	[ ! -e "$work/ran" ]
	no_request
}

hold options_ok "words after the dashes belong to the command, options too"
options_ok()
{
	card
	fvl reprogram 07:00.1 -- echo --json -n -- "a b" "it's"
	[ "$rc" = 0 ]
	[ "$(head -n 1 <<<"$out")" = "--json -n -- a b it's" ]
	grep -qF "running: echo --json -n -- 'a b' 'it'\\''s'" <<<"$err"
}

hold dry_run_ok "--dry-run tells whom it would fence off and what would be run, and does nothing"
dry_run_ok()
{
	card
	fvl reprogram --dry-run 07:00.1 -- touch "$work/ran" ""
	succeeds
	prints "0000:07:00.1: card would be fenced for at most 600s
DEVICE       DRIVER        USER
0000:07:00.0 fpga_vfio_pci none
0000:07:00.1 fpga_vfio_pci none
The port (0000:00:07.0) would keep the link disabled until recovery.
Command:
  touch $work/ran ''
Environment:
  FPGA_VFIO_BDF=0000:07:00.1
  FPGA_VFIO_PORT=0000:00:07.0
  FPGA_VFIO_GROUP=18
  FPGA_VFIO_VENDOR=10ee
  FPGA_VFIO_DEVICE=9038
  FPGA_VFIO_SUBVENDOR=10ee
  FPGA_VFIO_SUBDEVICE=0007
  FPGA_VFIO_PROFILE=xdma
  FPGA_VFIO_TIMEOUT=600
Then the card would be recovered:
METHOD         USER RESULT   EXPECTED  LIMIT WHY
no reset            possible   100 ms 60.0 s
└─0000:07:00.1 none
hot                 possible   202 ms 61.0 s"
	[ ! -e "$work/ran" ]
	requests "fence bdf=0000:07:00.1 timeout-ms=610000 dry-run " "recover bdf=0000:07:00.1 dry-run "
	rm "$tree/netlink/recover-dry-run"
	fvl reprogram --dry-run 07:00.1 -- true
	succeeds
	[ "$(tail -n 1 <<<"$out")" = "Then the card would be recovered." ]
	fvl reprogram --dry-run --json 07:00.1 -- true
	succeeds
	value '[.dry_run, .port, .program.argv, .program.environment.FPGA_VFIO_GROUP]' \
		'[true,"0000:00:07.0",["true"],"18"]'
	value '.program | del(.argv, .environment)' \
		'{"outcome":null,"exit_code":null,"signal":null,"errno":null,"late":null,"caught":null}'
}

hold dry_run_refused "a fence that the driver would refuse is told, with what to do"
dry_run_refused()
{
	card
	printf '%s\n' "fail 16 0000:07:00.1: 0000:07:00.2 has driver xdma" | answer fence-dry-run
	fvl reprogram --dry-run 07:00.1 -- true
	refuses 4 "0000:07:00.1: reprogram: 0000:07:00.2 has driver xdma"
	hints "Nothing was changed. All functions of the card must be bound to"
	requests "fence bdf=0000:07:00.1 timeout-ms=610000 dry-run "
	{ refusal 1 0000:00:07.0; echo "fail 16 fenced by fpgactl (pid 77)"; } | answer fence-dry-run
	fvl reprogram --dry-run 07:00.1 -- true
	hints "Nothing was changed. 'fpgactl link 0000:07:00.1' shows the time left and how to end the fence."
}

hold json_ok "with --json standard output is JSON alone: the command's goes to standard error"
json_ok()
{
	card
	fvl reprogram --json 07:00.1 -- echo loaded
	[ "$rc" = 0 ]
	[ "$err" = loaded ]
	value '[.dry_run, .bdf, .limit_ns, .link_disabled, (.functions | length)]' \
		'[false,"0000:07:00.1",610000000000,true,2]'
	value '.program | del(.environment)' '{"argv":["echo","loaded"],"outcome":"exited","exit_code":0,"signal":null,"errno":null,"late":false,"caught":null}'
	value '.recovery | [.state, .identity, .link_up_ns, .ready_ns, .duration_ns, .link.width]' \
		'["ready","same",1903000000,2003000000,2103456789,8]'
	value '.recovery.steps[0].method' null
}

hold failed_json_refused "the error's object has all that happened"
failed_json_refused()
{
	card
	fvl reprogram --json 07:00.1 -- sh -c 'kill $$'
	[ "$rc" = 7 ]
	[ -z "$out" ]
	[ "$(jq -rc '.error | [.exit_code, .program.outcome, .program.signal, .recovery.state]' "$work/err")" = \
		'[7,"killed","SIGTERM","ready"]' ]
	printf '#!/no/such/interpreter\n' >"$work/script"
	chmod +x "$work/script"
	fvl reprogram --json 07:00.1 -- "$work/script"
	[ "$rc" = 127 ]
	[ -z "$out" ]
	[ "$(jq -c '.error.program | del(.argv, .environment)' "$work/err")" = \
		'{"outcome":"not-started","exit_code":null,"signal":null,"errno":"ENOENT","late":false,"caught":null}' ]
	fvl reprogram --json 07:00.1 -- sh -c 'exit 3'
	[ "$(jq -c '.error.program | del(.argv, .environment)' "$work/err")" = \
		'{"outcome":"exited","exit_code":3,"signal":null,"errno":null,"late":false,"caught":null}' ]
}

# launch ARGUMENT…: start "fpgactl reprogram" as $begun, without a shell in between
launch()
{
	# a shell without job control ignores these in background processes
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL env --default-signal=INT,QUIT \
		"$FPGACTL" reprogram "$@" >"$work/out" 2>"$work/err" </dev/null &
	begun=$!
}

# start ARGUMENT…: launch, and wait until the command has created $work/up
start()
{
	launch "$@"
	wait_until test -e "$work/up"
}

# For bash commands: wait until FILE exists, and take signals
until_there='until_there() { until [ -e "$1" ]; do read -rt 0.01 <> <(:) || :; done; }
'

hold late_refused "a command that takes too long is told to end, with all that it started"
late_refused()
{
	card
	clock 0
	start -t 3s 07:00.1 -- sh -c 'sleep 300 & echo $! >"$0/pid"; : >"$0/up"; wait' "$work"
	wait_for 3000
	clock 3000
	finish
	ends 8 "command timed out and was killed by SIGTERM; card is ready again" 13000
	wait_until has_ended "$(<"$work/pid")"
}

hold late_stopped_refused "also with what is stopped, which gets no signal"
late_stopped_refused()
{
	card
	clock 0
	start -t 3s 07:00.1 -- bash -c '
		trap : TERM
		sleep 300 &
		pid=$!
		kill -STOP $pid
		: >"$0"
		while kill -0 $pid; do read -rt 0.01 <> <(:); done
		exit 9' "$work/up"
	wait_for 3000
	clock 3000
	finish
	ends 8 "command timed out and exited with status 9; card is ready again" 13000
}

hold stubborn_refused "one that does not want to end is killed"
stubborn_refused()
{
	card
	clock 0
	start -t 2s 07:00.1 -- bash -c "$until_there"'
		trap ": >\"$0/heard\"" TERM
		: >"$0/up"
		until_there "$0/never"' "$work"
	wait_for 2000
	clock 2000
	wait_until test -e "$work/heard"
	# 5 s of grace
	wait_for 7000
	kill -0 "$begun"
	clock 7000
	finish
	ends 8 "command timed out and was killed by SIGKILL; card is ready again" 12000
}

hold stubborn_child_refused "a child of the command that ignores SIGTERM is killed with it"
stubborn_child_refused()
{
	card
	clock 0
	# the child inherits the ignored signal
	start -t 2s 07:00.1 -- sh -c '
		trap "" TERM
		sleep 300 &
		echo $! >"$0/pid"
		: >"$0/up"
		wait' "$work"
	wait_for 2000
	clock 2000
	wait_for 7000
	clock 7000
	finish
	ends 8 "command timed out and was killed by SIGKILL; card is ready again" 12000
	wait_until has_ended "$(<"$work/pid")"
}

hold left_refused "one that not even SIGKILL ends is left, and the card brought back"
left_refused()
{
	card
	mkdir "$tree/fail"
	echo 1 >"$tree/fail/kill"
	clock 0
	start -t 2s 07:00.1 -- sh -c 'echo $$ >"$0/pid"; : >"$0/up"; exec sleep 300' "$work"
	wait_for 2000
	clock 2000
	wait_for 7000
	clock 7000
	# 5 s of grace, again
	wait_for 12000
	kill -0 "$begun"
	clock 12000
	finish
	ends 8 "command timed out and could not be killed; card is ready again" 12000
	kill -KILL "$(<"$work/pid")"
}

hold late_success_refused "one that ends well when it is told to has exit code 8 all the same"
late_success_refused()
{
	card
	clock 0
	start -t 100ms 07:00.1 -- bash -c "$until_there"'
		trap "exit 0" TERM
		: >"$0/up"
		until_there "$0/never"' "$work"
	wait_for 100
	clock 100
	finish
	ends 8 "command timed out and exited with status 0; card is ready again" 10100
}

hold signals_ok "a signal goes to the command; when that has ended the card is brought back"
signals_ok()
{
	local signal

	for signal in INT:130 TERM:143 HUP:129 QUIT:131; do
		card
		: >"$tree/netlink/log"
		rm -f "$work/up" "$work/heard" "$work/go"
		start 07:00.1 -- bash -c "$until_there"'
			trap "echo heard >>\"$0/heard\"" '"${signal%:*}"'
			: >"$0/up"
			until_there "$0/go"
			echo command >>"$1"' "$work" "$tree/netlink/log"
		kill -"${signal%:*}" "$begun"
		wait_until test -e "$work/heard"
		lacks ^recover "$tree/netlink/log"
		: >"$work/go"
		finish
		[ "$rc" = "${signal#*:}" ]
		[ "$(<"$work/heard")" = heard ]
		requests "fence bdf=0000:07:00.1 timeout-ms=610000 dry-run " \
			"fence bdf=0000:07:00.1 timeout-ms=610000 unused-only " command \
			"recover bdf=0000:07:00.1 dry-run " "recover bdf=0000:07:00.1 " close
	done
}

hold signal_changed_refused "the state of the card counts more than a signal"
signal_changed_refused()
{
	card
	not_back 4 "its device ID is 9039, and was 9038" 116
	start 07:00.1 -- sh -c ': >"$0"; exec sleep 300' "$work/up"
	kill -TERM "$begun"
	finish
	[ "$rc" = 5 ]
	grep -qF "(command was killed by SIGTERM)" <<<"$err"
}

hold early_signal_ok "a signal before the command runs has it not run, and the card brought back"
early_signal_ok()
{
	card
	sed -i '1i wait block' "$tree/netlink/fence"
	: >"$tree/netlink/block"
	launch 07:00.1 -- touch "$work/ran"
	wait_until grep -q '^fence .*unused-only' "$tree/netlink/log"
	kill -INT "$begun"
	rm "$tree/netlink/block"
	finish
	ends 130 "command was not started: caught SIGINT; card is ready again"
	[ ! -e "$work/ran" ]
}

hold recover_signal_ok "a signal while the card is brought back does not end that"
recover_signal_ok()
{
	card
	sed -i '1i wait block' "$tree/netlink/recover"
	: >"$tree/netlink/block"
	start 07:00.1 -- touch "$work/up"
	wait_until grep -q '^recover bdf=0000:07:00.1 $' "$tree/netlink/log"
	kill -INT "$begun"
	kill -TERM "$begun"
	rm "$tree/netlink/block"
	finish
	[ "$rc" = 0 ]
	prints "$report"
}

hold nohup_ok "a signal that is ignored stays so, for the command too"
nohup_ok()
{
	card
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL env --ignore-signal=HUP \
		"$FPGACTL" reprogram 07:00.1 -- \
		bash -c "$until_there"': >"$0/up"; until_there "$0/go"; kill -HUP $$; exit 0' "$work" \
		>"$work/out" 2>"$work/err" </dev/null &
	begun=$!
	wait_until test -e "$work/up"
	kill -HUP "$begun"
	: >"$work/go"
	finish
	[ "$rc" = 0 ]
}

hold ignored_ok "nor does it see that this program handles SIGCHLD and SIGPIPE"
ignored_ok()
{
	card
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL env --default-signal=INT,QUIT --ignore-signal=CHLD,PIPE \
		"$FPGACTL" reprogram 07:00.1 -- grep ^SigIgn /proc/self/status \
		>"$work/out" 2>"$work/err" </dev/null &
	begun=$!
	finish
	[ "$rc" = 0 ]
	# whatever else this shell inherits
	[[ ${out%%$'\n'*} =~ ^SigIgn:[[:space:]]*([0-9a-f]+)$ ]]
	[ $((0x${BASH_REMATCH[1]} & 0x11000)) = $((0x11000)) ]
}

hold killed_ok "when this program is killed the fence goes with it, and the command goes on"
killed_ok()
{
	card
	start 07:00.1 -- bash -c "$until_there"'
		ls -l /proc/self/fd >"$0/fds"
		: >"$0/up"
		until_there "$0/go"
		: >"$0/ended"' "$work"
	kill -KILL "$begun"
	finish
	[ "$rc" = 137 ]
	# only the killed process had the socket
	[ -s "$work/fds" ]
	lacks socket "$work/fds"
	: >"$work/go"
	wait_until test -e "$work/ended"
	lacks ^recover "$tree/netlink/log"
}

hold closed_output_ok "the card is recovered also when the output is closed"
closed_output_ok()
{
	card
	rc=0
	# the command ends when neither pipe has a reader
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL "$FPGACTL" reprogram 07:00.1 -- \
		sh -c 'trap "" PIPE; while echo x; do :; done; while echo x >&2; do :; done' \
		2> >(exec true) > >(exec true) || rc=$?
	# that the card was programmed is not hidden by SIGPIPE
	[ "$rc" = 9 ]
	fenced_and_back
}

# terminal COMMAND…: run on a terminal; fd 9 is its keyboard, $work/screen has its output
terminal()
{
	mkfifo "$work/keys"
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL env --default-signal=INT,QUIT script -qefc "$*" "$work/screen" \
		<"$work/keys" >/dev/null &
	begun=$!
	exec 9>"$work/keys"
}

# shows TEXT: wait until it is on the screen
shows()
{
	wait_until grep -q "$1" "$work/screen"
}

# closed: wait for the end of the program on the terminal; status in $rc
closed()
{
	end_of "$begun"
	cat -v "$work/screen"
}

# proc_field PID N: the N-th field after the name in its stat: 1 state, 2 parent, 3 process group,
# 6 foreground process group of its terminal
proc_field()
{
	local stat fields

	read -r stat <"/proc/$1/stat"
	read -ra fields <<<"${stat##*) }"
	REPLY=${fields[$2 - 1]}
}

# waits_for_input PID: succeed if it is in the foreground and sleeps
waits_for_input()
{
	local group

	proc_field "$1" 3
	group=$REPLY
	proc_field "$1" 6
	[ "$REPLY" = "$group" ] || return
	proc_field "$1" 1
	[ "$REPLY" = S ]
}

# has_stopped PID
has_stopped()
{
	proc_field "$1" 1
	[ "$REPLY" = T ]
}

hold ctrl_c_ok "on a terminal Ctrl-C goes to the command alone, and once"
ctrl_c_ok()
{
	card
	cat >"$work/script" <<'END'
#!/bin/bash
trap 'echo heard' INT
: >"$1/up"
until [ -e "$1/go" ]; do read -rt 0.01 <> <(:); done
exit 9
END
	chmod +x "$work/script"
	terminal "$FPGACTL" reprogram 07:00.1 -- "$work/script" "$work"
	wait_until test -e "$work/up"
	printf '\003' >&9
	shows heard
	: >"$work/go"
	closed
	[ "$rc" = 7 ]
	[ "$(grep -c heard "$work/screen")" = 1 ]
	fenced_and_back
}

hold ctrl_c_ends_ok "a command that Ctrl-C ends leaves the exit code of that"
ctrl_c_ends_ok()
{
	card
	terminal "$FPGACTL" reprogram 07:00.1 -- sh -c "': >$work/up; exec sleep 300'"
	wait_until test -e "$work/up"
	printf '\003' >&9
	closed
	[ "$rc" = 130 ]
	fenced_and_back
}

hold input_ok "the command may read what is typed"
input_ok()
{
	card
	terminal "$FPGACTL" reprogram 07:00.1 -- sh -c \
		"'ls -l /proc/self/fd; read -r line; echo got \$line'"
	shows running
	printf 'yes\n' >&9
	closed
	[ "$rc" = 0 ]
	grep -q 'got yes' "$work/screen"
	# the command has the terminal once
	grep -q ' 0 -> /dev/pts/' "$work/screen"
	lacks '-> /dev/tty' "$work/screen"
	fenced_and_back
}

hold ctrl_z_ok "Ctrl-Z stops both, and fg has both go on"
ctrl_z_ok()
{
	card
	terminal bash --norc --noprofile -i
	printf 'PS1="prompt "; %s reprogram 07:00.1 -- sh -c "echo \\$\\$ >%s; read -r line; echo got \\$line"; echo rc=$?\n' \
		"$FPGACTL" "$work/up" >&9
	wait_until test -s "$work/up"
	pid=$(<"$work/up")
	wait_until waits_for_input "$pid"
	printf '\032' >&9
	shows Stopped
	has_stopped "$pid"
	printf 'fg\n' >&9
	wait_until waits_for_input "$pid"
	printf 'again\n' >&9
	shows 'got again'
	wait_until grep -q '^close' "$tree/netlink/log"
	printf 'exit\n' >&9
	closed
	fenced_and_back
}

hold background_ok "in the background of a terminal it runs without it, and goes on when it gets it"
background_ok()
{
	card
	terminal bash --norc --noprofile -i
	printf '%s reprogram 07:00.1 -- sh -c "echo \\$\\$ >%s; read -r line; echo got \\$line" &\n' \
		"$FPGACTL" "$work/up" >&9
	wait_until test -s "$work/up"
	pid=$(<"$work/up")
	# reading stopped both
	wait_until has_stopped "$pid"
	proc_field "$pid" 2
	wait_until has_stopped "$REPLY"
	printf 'jobs\n' >&9
	shows Stopped
	printf 'fg\n' >&9
	wait_until waits_for_input "$pid"
	printf 'now\n' >&9
	shows 'got now'
	wait_until grep -q '^close' "$tree/netlink/log"
	printf 'exit\n' >&9
	closed
	fenced_and_back
}

run_tests
