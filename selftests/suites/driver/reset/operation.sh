#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; all ports
# While an operation waits for a card that hangs, nothing else does: generic netlink, its own
# family, and those who read the card. Operations on a card run one at a time, in order. The card
# is not ready until the test releases it: what returns while the operation runs did not wait for
# it.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/suites/driver/reset/common.sh
. "$(dirname "$0")/common.sh"

fv_need FV_CARD FV_CARD2 FV_CARDS FV_KO
ktap_print_header
use_card FV_CARD
# a module that registers a generic netlink family
FAMILY=l2tp_netlink

# runs ID: succeed if the operation is under way
runs()
{
	act op "$1" && said "^op $1 [a-z]* running "
}

# ended ID ERRNO
ended()
{
	act op "$1" && said "^op $1 [a-z]* ended $dev $2"
}

# submit WORD…: the operation's number in $ID
submit()
{
	act submit "$@" || return
	ID=$(sed -n 's/^id //p' <<<"$SAID")
}

# beside WHAT COMMAND…: check that it returns, while the operation is under way
beside()
{
	fv_check "$1: done" "${@:2}"
	fv_check "$1: while the operation runs" runs "$stuck"
}

# said_ended: the last list of operations has one of the other card that has ended
said_ended()
{
	grep -q "^op [0-9]* reset ended $FV_CARD2 0" <<<"$ALL"
}

cards_bind "$dev" "$FV_CARD2"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" ready_limit_ms=120000
modprobe -r $FAMILY 2>/dev/null
port_before=$(port_controls)
before=$(card_config "$dev")

# --- others do not wait
fault not-ready hold
mark
submit reset "$dev" flr
stuck=$ID
fv_check "a reset of a card that hangs is under way" fv_wait 60 runs "$stuck"
fv_check "it polls the card" fv_wait 60 polled ones
# distribution kernels have it
if [ "$FV_KERNEL" != debug ] || modprobe -n $FAMILY 2>/dev/null; then
	beside "a module with a family is loaded" modprobe $FAMILY
	beside "and unloaded" modprobe -r $FAMILY
else
	ktap_test_skip "a module with a family is loaded: this kernel has no $FAMILY"
fi
beside "the history is read" act history
beside "the card's state is read" act card "$port"
beside "the device is read" act device "$dev"
beside "lspci reads its configuration" eval 'lspci -vvv -s "$dev" >/dev/null'
beside "fpgactl lists it" eval 'fpgactl list >/dev/null'
beside "fpgactl reads its history" eval 'fpgactl history "$dev" >/dev/null'
beside "another card is reset" act reset "$FV_CARD2"
beside "a second plan is made, or refused" eval 'act reset "$dev" plan || said "error EAGAIN"'
beside "the policy is changed" policy "$dev" load_limit_ms=61000
fv_check "all operations are read" act op
ALL=$SAID
fv_check "all operations are read: while the operation runs" runs "$stuck"
fv_check "with the ones that have ended" said_ended

# --- one at a time
submit reset "$dev" flr
second=$ID
submit reset "$dev" flr
third=$ID
act op "$second"
fv_check "a second one waits" said "^op $second reset waiting $dev"
fv_check "it is cancelled" act cancel "$second"
fv_check "and has not begun" ended "$second" "ECANCELED $dev: cancelled before it began"
fv_check "the first still runs" runs "$stuck"
card ready-after image
release
fv_check "the first ends when the card is ready" fv_wait 60 ended "$stuck" 0
fv_check "then the third" fv_wait 60 ended "$third" 0
fv_check "each reset the card" test "$(trace_count "reset flr")" = 2
fv_same "the card is ready" ready "$(card_state)"
fv_check "its configuration is the same" card_is_as before

# --- a device that is opened between the plan and the request
fv_check "in the plan it is not held" act reset "$dev" plan
fv_same "by any function" "" "$(grep held <<<"$SAID")"
fv_hold "$dev"
mark
fv_check "with unused-only it is not reset" refused reset "$dev" unused-only
fv_check "as it is held" said "error EBUSY $dev: $dev is held by process $FV_HOLDER"
fv_check "no other method is tried" steps "flr EBUSY"
fv_same "the card saw no reset" 0 "$(trace_count "reset")"
fv_check "nor is its card fenced" refused fence "$dev" unused-only
fv_check "as it is held, too" said "error EBUSY $dev: $dev is held by process $FV_HOLDER"
fv_same "the card is not fenced" ready "$(card_state)"
fv_check "without it, it is" act reset "$dev"
fv_release
fv_check "with unused-only it is, when it is closed" act reset "$dev" unused-only
fv_check "and its card is fenced" act fence "$dev" unused-only detached
fv_same "until it is recovered" fenced "$(card_state)"
fv_check "which is done" act recover "$dev"
fv_same "the card is ready" ready "$(card_state)"

# --- a fence session without an owner does not begin
fault not-ready hold
mark
submit reset "$dev" flr
stuck=$ID
fv_check "another reset hangs" fv_wait 60 polled ones
submit fence "$dev"
fence=$ID
submit fence "$dev" detached
detached=$ID
card ready-after image
release
fv_check "it ends" fv_wait 60 ended "$stuck" 0
fv_check "a fence of a socket that is closed does not begin" \
	fv_wait 60 ended "$fence" "ECANCELED $dev: its requester is gone"
fv_check "one that is detached does" fv_wait 60 ended "$detached" 0
fv_same "the card is fenced" fenced "$(card_state)"

# --- refusals that programs read
act submit reset "$dev"
fv_check "a reset of a fenced card is refused" fv_wait 60 ended "$(sed -n 's/^id //p' <<<"$SAID")" \
	"EBUSY $dev: fenced by"
fv_check "recovered" act recover "$dev"
fv_same "the card is ready again" ready "$(card_state)"
fv_check "the port is as before" port_is port_before

fv_check "an unknown operation is refused" refused op 4000000000
fv_check "by number" said "error ENOENT operation 4000000000: unknown"
fv_check "the module unloads" eval "fv_unbind $dev $FV_CARD2 && rmmod $FV_MODULE"
rmmod fv_port
fv_finish
