#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; all ports
# A process that waits for a card is killed, an operation that waits for it is cancelled, or the
# device is unbound in the meantime: nothing hangs, the port is restored, and the next user gets the
# card. An operation outlives the process that requested it. The card is not ready until the
# test releases it, which shows that the process did not wait for it. Suite bench-ready has times.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/suites/driver/reset/common.sh
. "$(dirname "$0")/common.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header
use_card FV_CARD

# a time much shorter than the limit of $patient, and much longer than a process needs to end
GONE_S=$((30 / FV_SLOW))

# killed WHAT: kill $pid; check that it ends before the card is ready
killed()
{
	kill -KILL "$pid"
	fv_check "$1: killed, it is gone" fv_wait $GONE_S gone "$pid"
	fv_check "$1: while the card is not ready" is_not_ready
	fv_check "$1: that is what ended the reset" has_event "kind=reset .*error=EINTR"
	wait "$pid" 2>/dev/null
}

# running: number of the operation under way
running()
{
	"$FV_DIR/fv_act" op | awk '$1 == "op" && $4 == "running" { print $2 }'
}

# cancelled WHAT: cancel the operation that $pid waits for; check that both end before the card is
# ready
cancelled()
{
	local id

	id=$(running)
	fv_check "$1: it is cancelled" act cancel "$id"
	fv_check "$1: its waiter is gone" fv_wait $GONE_S gone "$pid"
	fv_check "$1: while the card is not ready" is_not_ready
	fv_check "$1: and was told" grep -q "^error ECANCELED $dev: cancelled" /tmp/killed.out
	fv_check "$1: that is what ended the reset" has_event "kind=reset .*error=EINTR"
	fv_check "$1: it cannot be cancelled again" refused cancel "$id"
	fv_check "$1: as it has ended" said "error EALREADY operation $id has ended"
	wait "$pid" 2>/dev/null
}

# is_clean WHAT: check that the next user gets the card and that nothing changed
is_clean()
{
	fv_check "$1: the next user gets it" fv_hold "$dev"
	fv_release
	fv_same "$1: the card is ready" ready "$(card_state)"
	fv_check "$1: its configuration is the same, to the byte" card_is_as before
	fv_check "$1: the port is as before, then too" port_is port_before
	fv_check "$1: the card works" works
}

# bound_again: bind the device and set its policy, which unbind resets
bound_again()
{
	fv_bind $FV_DRIVER "$dev"
	echo on >"$FV_PCI/$dev/power/control"
	policy "$dev" "${patient[@]}"
}

cards_bind "$dev"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" "${patient[@]}"
works
act reset "$dev" link
before=$(card_config "$dev")
port_before=$(port_controls)

# --- reset by netlink
for method in flr hot link; do
	what="netlink, $method"
	waits "$what" $method "$FV_DIR/fv_act" reset "$dev" $method
	cancelled "$what"
	fv_same "$what: the card has failed" failed "$(card_state)"
	fv_check "$what: the port is as before" port_is port_before
	ready
	is_clean "$what"
done

# --- reset by netlink that waits for the link
for method in hot link; do
	what="netlink, $method, no link"
	card train-time hold
	mark
	since
	"$FV_DIR/fv_act" reset "$dev" $method >/tmp/killed.out &
	pid=$!
	fv_check "$what: the card is reset" fv_wait 60 seen_by_card $method
	fv_check "$what: it waits" polled link_reads
	cancelled "$what"
	fv_check "$what: the port is as before" port_is port_before
	card train-time image
	release
	is_clean "$what"
done

# --- its requester is killed: the operation goes on
what="netlink, killed"
waits "$what" flr "$FV_DIR/fv_act" reset "$dev" flr
id=$(running)
kill -KILL "$pid"
fv_check "$what: it is gone" fv_wait $GONE_S gone "$pid"
wait "$pid" 2>/dev/null
fv_check "$what: the operation goes on" polled ones 10
fv_same "$what: and is the same one" "$id" "$(running)"
ready
fv_check "$what: until the card is ready" fv_wait 60 device_is "$dev" ready
fv_check "$what: it ends" fv_wait 60 eval '[ -z "$(running)" ]'
act op "$id"
fv_check "$what: with success" said "^op $id reset ended $dev 0"
is_clean "$what"

# --- open
waits "open" flr "$FV_DIR/vfio_hold" "$dev"
killed "open"
fv_check "open: the port is as before" port_is port_before
ready
is_clean "open"

# --- open, then unbind: the next bind must not start from the configuration that the killed reset
# left behind
waits "open, unbind" flr "$FV_DIR/vfio_hold" "$dev"
killed "open, unbind"
ready
fv_check "open, unbind: the card is ready" there
fv_unbind "$dev"
bound_again
is_clean "open, unbind"

# --- VFIO_DEVICE_RESET of an open device with mappings and interrupts
fv_hold "$dev"
waits "VFIO_DEVICE_RESET" flr kill -USR1 "$FV_HOLDER"
pid=$FV_HOLDER
killed "VFIO_DEVICE_RESET"
ready
# the port is isolated while the recovery worker waits for the card
fv_check "VFIO_DEVICE_RESET: the driver repairs it" fv_wait 60 device_is "$dev" ready
is_clean "VFIO_DEVICE_RESET"

# --- unbind: the reset holds the device lock
for method in flr link; do
	what="unbind, $method"
	waits "$what" $method "$FV_DIR/fv_act" reset "$dev" $method
	act submit reset "$dev" $method
	id=$(sed -n 's/^id //p' <<<"$SAID")
	fv_unbind "$dev" &
	unbind=$!
	fv_check "$what: it waits, too" fv_wait 60 is_in $unbind unbind_store
	fv_check "$what: for the reset, which goes on" polled ones 10
	fv_check "$what: it does not end before" fv_driver_is "$dev" $FV_DRIVER
	ready
	wait $pid
	fv_check "$what: the reset succeeds" grep -q '^error 0' /tmp/killed.out
	wait $unbind
	fv_same "$what: it does, too" 0 $?
	act op "$id"
	fv_check "$what: a queued operation is cancelled" \
		said "^op $id reset ended $dev (0|ECANCELED|ENODEV|EAGAIN) "
	fv_check "$what: there is no driver" fv_driver_is "$dev" ""
	fv_check "$what: bound again" bound_again
	is_clean "$what"
done

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
