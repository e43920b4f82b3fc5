#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# Time below full speed is counted up to the poll that finds the link restored.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

use_card FV_CARD
cards_bind "$dev"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" monitor_interval_ms=10 auto_retrain=0

since
slow_ns=$(counter "$dev" degraded_ns)
card degrade 1 4
fv_check "slow: told" has_event "kind=link-degraded origin=monitor .*speed=1 width=4"
fv_check "slow: counted while it is" fv_wait 10 grown degraded_ns "$slow_ns"

# one poll at once, and none from then on: the next is too late for this test
settled()
{
	slow_ns=$(counter "$dev" degraded_ns)
	sleep 0.5
	[ "$slow_ns" = "$(counter "$dev" degraded_ns)" ]
}
policy "$dev" monitor_interval_ms=60000
fv_check "the next poll is far" fv_wait 20 settled
began=${EPOCHREALTIME/./}
fv_check "nothing is counted between two reads" eval '! fv_wait 1 grown degraded_ns "$slow_ns"'
fv_check "retrained by a command" act retrain "$dev"
fv_same "nothing is counted before the next read" "$slow_ns" "$(counter "$dev" degraded_ns)"
unseen_ns=$(((${EPOCHREALTIME/./} - began) * 1000))

policy "$dev" monitor_interval_ms=10
fv_check "restored: told" has_event "kind=link-restored .*speed=3 width=8"
last_ns=$(($(counter "$dev" degraded_ns) - slow_ns))
echo "# $last_ns ns are counted, $unseen_ns ns passed at least"
fv_check "restored: the time since the last read is counted" test $last_ns -ge "$unseen_ns"
slow_ns=$(counter "$dev" degraded_ns)
fv_check "restored: no more is counted" eval '! fv_wait 1 grown degraded_ns "$slow_ns"'

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
