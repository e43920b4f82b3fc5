#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/lib/guest.sh: a guest that hangs at boot is told from one that is slow, by the processor
# time that it uses.
# shellcheck disable=SC2034 # settings of guest.sh
set -o pipefail		# as the lab does
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
. "$FV_TOP/selftests/lab/lib/common.sh"
. "$FV_TOP/selftests/lab/lib/guest.sh"

TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

# boots NAME EXPECTED SECONDS COMMAND…: COMMAND in place of the emulator
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

ktap_print_header
ktap_set_plan 5
FV_BOOT_REST=1000
boots one_that_is_ready_ok 0 1000 sh -c "echo ready 1.0 >$TMP/status; exec tail -f /dev/null"
boots one_that_works_long_before_it_is_ready_ok 0 1000 \
	sh -c "i=0; while [ \$i -lt 300000 ]; do i=\$((i + 1)); done; echo ready >$TMP/status; exec tail -f /dev/null"
boots one_that_ends_ok 0 1000 true
boots one_that_spins_hangs 1 1 sh -c 'while :; do :; done'
FV_BOOT_REST=1
boots one_at_rest_hangs 1 1000 tail -f /dev/null
ktap_finished
