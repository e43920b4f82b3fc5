#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/lib/guest.sh: CPU time tells a guest that hangs at boot from a slow one; a hung guest is
# started again.
# shellcheck disable=SC2034 # settings of guest.sh
set -o pipefail		# as the lab does
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
. "$FV_TOP/selftests/lab/lib/common.sh"
. "$FV_TOP/selftests/lab/lib/guest.sh"

TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

# boots NAME EXPECTED SECONDS COMMAND…: run COMMAND in place of the emulator
boots()
{
	local name=$1 expected=$2 limit=$3 pid rc=0
	shift 3

	: >"$TMP/status"
	timeout 1000 "$@" &
	pid=$!
	guest_boots "$pid" "$TMP" "$limit" || rc=$?
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	[[ $name != *ready* ]] || grep -q ^ready "$TMP/status" || rc=unready
	if [ "$rc" = "$expected" ]; then
		ktap_test_pass "$name"
	else
		ktap_test_fail "$name"
	fi
}

# emulator HANGS: make an emulator for guest_run that hangs HANGS times, then boots and ends
emulator()
{
	rm -rf "$TMP/g"
	mkdir "$TMP/g"
	touch "$TMP/g/serial.log" "$TMP/g/monitor.in" "$TMP/g/monitor.out"
	cat >"$TMP/emulator" <<-EOF
		echo start >>$TMP/g/starts
		[ \$(wc -l <$TMP/g/starts) -gt $1 ] || while :; do :; done
		echo ready 1.0 >$TMP/g/status
	EOF
	FV_QEMU=(sh "$TMP/emulator")
}

# tries NAME HANGS STATUS STARTS: run a guest that hangs HANGS times
tries()
{
	local name=$1 rc=0 files

	emulator "$2"
	guest_tries new "$TMP/g" >/dev/null || rc=$?
	files=$(cd "$TMP/g" && printf '%s ' hung.*)
	files=${files/hung.\* /}
	if [ "$rc" = "$3" ] && [ "$(wc -l <"$TMP/g/starts")" = "$4" ] &&
	   [ "$(grep -c "hung at boot, after [0-9]* s" "$TMP/g/hung" 2>/dev/null)" = "${5:-}" ] &&
	   [ "$(wc -w <<<"$files")" = "${5:-0}" ]; then
		ktap_test_pass "$name"
	else
		ktap_print_msg "status $rc, $(wc -l <"$TMP/g/starts") starts, files: $files"
		ktap_test_fail "$name"
	fi
}

ktap_print_header
ktap_set_plan 8
FV_BOOT_REST=1000
boots one_that_is_ready_ok 0 1000 sh -c "echo ready 1.0 >$TMP/status; exec tail -f /dev/null"
boots one_that_works_long_before_it_is_ready_ok 0 1000 \
	sh -c "i=0; while [ \$i -lt 300000 ]; do i=\$((i + 1)); done; echo ready >$TMP/status; exec tail -f /dev/null"
boots one_that_ends_ok 0 1000 true
boots one_that_spins_hangs 1 1 sh -c 'while :; do :; done'
FV_BOOT_REST=1
boots one_at_rest_hangs 1 1000 tail -f /dev/null
FV_BOOT_REST=1000 FV_BOOT_CPU=1 guest_timeout=1000 guest_smp=1
tries one_that_boots_is_started_once 0 0 1
tries one_that_hangs_twice_boots_the_third_time 2 0 3 2
tries one_that_always_hangs_is_given_up 1000 126 3 3
ktap_finished
