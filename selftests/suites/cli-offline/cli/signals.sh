#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Ctrl-C, SIGTERM and SIGHUP while a command of fpgactl waits.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

# begin_op COMMAND [OPTION]: run an operation that does not end on a terminal, until its progress is
# shown
begin_op()
{
	sed -i '1i wait block' "$tree/netlink/$1"
	: >"$tree/netlink/block"
	: >"$tree/netlink/log"
	rm -f "$work"/{screen,clock.waits}
	clock 0
	on_terminal "$@" 07:00.1 &
	begun=$!
	wait_until grep -q "^$1 bdf=0000:07:00.1 \(.*unused-only \)\?$" "$tree/netlink/log"
	# these have no progress
	[[ $* = @(fence|*json) ]] && return
	wait_for 1000
	clock 1000
	wait_until grep -qF "$1: 1 s" "$work/screen"
}

# answers: set the replies of the driver to every operation
answers()
{
	plan_recovery
	recovered
	cp "$tree/netlink/recover-dry-run" "$tree/netlink/reset-dry-run"
	cp "$tree/netlink/recover" "$tree/netlink/reset"
	printf '%s\n' "bdf 0000:07:00.1" "port 0000:00:07.0" "timeout-ms 600000" |
		tee "$tree/netlink/fence-dry-run" | answer fence
	printf '%s\n' "bdf 0000:07:00.1" | answer retrain
}

# ends_with SIGNAL TEXT: check exit code, and that the text begins where the progress line was
ends_with()
{
	[ "$rc" = $((128 + $(kill -l "$1"))) ]
	[ "$(sed 's/^CRESC\[K.*CRESC\[K//' "$work/out" | grep -c "^$2")" = 1 ]
}

hold once_refused "a signal cancels an operation; no progress line is left"
once_refused()
{
	local command signal

	for command in reset retrain recover fence; do
		for signal in INT TERM HUP; do
			answers
			begin_op "$command"
			kill "-$signal" "$(<"$work/pid")"
			end_of "$begun"
			ends_with "$signal" "fpgactl: 0000:07:00.1: $command: cancelled"
		done
	done
}

hold twice_refused "after a second one it is said that the operation continues, and no line is left"
twice_refused()
{
	local command signal

	: >"$tree/netlink/deaf"
	for command in reset retrain recover fence; do
		for signal in INT HUP; do
			answers
			begin_op "$command"
			kill "-$signal" "$(<"$work/pid")"
			wait_until grep -qx 'op-cancel id=1 ' "$tree/netlink/log"
			kill "-$signal" "$(<"$work/pid")"
			end_of "$begun"
			ends_with "$signal" "fpgactl: 0000:07:00.1: $command: operation 1 continues in the driver"
			grep -qF "'fpgactl link 0000:07:00.1' shows the state of the card." "$work/out"
		done
	done
	# a program reads it, too
	answers
	begin_op reset --json
	kill -INT "$(<"$work/pid")"
	wait_until grep -qx 'op-cancel id=1 ' "$tree/netlink/log"
	kill -INT "$(<"$work/pid")"
	end_of "$begun"
	[ "$(jq -r .error.why "$work/out")" = "operation 1 continues in the driver" ]
}

hold wait_refused "a signal ends the wait for a holder, with nothing changed and no line left"
wait_refused()
{
	local command signal

	printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.0" "state 4" link active "speed 4" \
		"width 8" end | answer card-get
	printf '%s\n' "bdf 0000:07:00.0" "state 4" stats "users 1" end | answer device-get
	echo | answer release
	remember
	for command in unbind rescan; do
		for signal in INT TERM HUP; do
			rm -f "$work"/{screen,clock.waits}
			clock 0
			on_terminal "$command" --yes 07:00.0 &
			begun=$!
			wait_for 200
			kill "-$signal" "$(<"$work/pid")"
			clock 200
			end_of "$begun"
			ends_with "$signal" "fpgactl: 0000:07:00.0: $command: cancelled by SIG$signal"
			grep -qF "Nothing was changed." "$work/out"
			unchanged
		done
	done
}

hold work_refused "a signal while the kernel is at work leaves that to a process, which is named"
work_refused()
{
	local command signal

	printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.0" "state 4" link active "speed 4" \
		"width 8" end | answer card-get
	printf '%s\n' "bdf 0000:07:00.0" "state 4" stats "users 0" end | answer device-get
	echo | answer release
	rm -rf "$tree/proc/4242"
	mkdir "$tree/held"
	for command in unbind rescan; do
		: >"$tree/held/0000:07:00.0"
		rm -f "$work"/{screen,clock.waits}
		clock 0
		on_terminal "$command" 07:00.0 &
		begun=$!
		wait_for 200
		clock 200
		wait_until grep -qE "(rebinding|re-enumerating the card), 0 s" "$work/screen"
		kill -HUP "$(<"$work/pid")"
		end_of "$begun"
		ends_with HUP "fpgactl: 0000:07:00.0: $command: "
		grep -q "process [0-9]* completes the $command" "$work/out"
		rm "$tree/held/0000:07:00.0"
		# the process is at its end
		clock 100000 auto
		wait_until is_idle "$(sed -n 's/.*process \([0-9]*\) completes.*/\1/p' "$work/out")"
	done
}

is_idle()
{
	[ ! -e "/proc/$1" ] || has_ended "$1"
}

run_tests
