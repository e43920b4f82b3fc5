#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; all ports
# Who waits for a card that is not ready is killed, or the device is taken away under
# him: nothing hangs, the port is as it was, and the card is there for the next one.
# shellcheck source=selftests/card-l1/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/reset/common.sh
. "$(dirname "$0")/common.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header
use_card FV_CARD

# how long the card is not ready, and how soon a process is gone that is killed
READY_MS=$((8000 * FV_SLOW))
GONE_MS=$((150 * FV_SLOW))

# By the card itself: who reads its configuration space waits for the end of the reset
is_not_ready()
{
	[[ "$(fault status .state)" = @(not-ready|training|down) ]]
}

# seen_by_card METHOD: it was reset by that since the mark
seen_by_card()
{
	seen "$1" && is_not_ready
}

# killed PID: milliseconds until it was gone
killed()
{
	local start=${EPOCHREALTIME/./}

	kill -KILL "$1"
	wait "$1" 2>/dev/null
	gone_ms=$(((${EPOCHREALTIME/./} - start) / 1000))
	echo "# gone after $gone_ms ms"
}

# kill_waiter METHOD COMMAND…: kill it when the card has seen that and is not ready. A busy
# host makes it late now and then, but not each time
kill_waiter()
{
	local method=$1 try

	shift
	for try in 1 2 3; do
		fault not-ready $READY_MS
		mark
		"$@" >/tmp/killed.out &
		pid=$!
		waits=no
		! fv_wait 10 seen_by_card "$method" || waits=yes
		killed $pid
		if [ $waits = yes ] && [ $gone_ms -le $GONE_MS ]; then
			break
		fi
		echo "# try $try: it waits: $waits"
		[ $try = 3 ] || {
			card ready-after image
			fv_wait 20 there
			act reset "$dev"
		}
	done
}

# is_clean WHO [SECONDS]: nothing of it is left, and the next user gets the card. While the
# driver waits for a card to repair it, its port is isolated
is_clean()
{
	fv_check "$1: the port is as it was" fv_wait "${2:-1}" port_is_now "$port_before"
	fv_check "$1: the card is ready some time" fv_wait 20 there
	fv_check "$1: the next user gets it" fv_hold "$dev"
	fv_let_go
	fv_same "$1: the card is ready" ready "$(card_state)"
	fv_check "$1: its configuration is the same, to the byte" card_is_as before
	fv_check "$1: the port is as it was, then too" port_is port_before
	fv_check "$1: the card works" works
}

cards_bind "$dev"
echo on >"$FV_PCI/$dev/power/control"
works
act reset "$dev" link
before=$(card_config "$dev")
port_before=$(port_controls)

# --- a reset by netlink
for method in flr hot link; do
	kill_waiter $method "$FV_DIR/fv_act" reset "$dev" $method
	fv_check "netlink, $method: it waits" test "$waits" = yes
	fv_check "netlink, $method: killed, it is gone" test "$gone_ms" -le $GONE_MS
	fv_check "netlink, $method: while the card is not ready" is_not_ready
	fv_same "netlink, $method: the card has failed" failed "$(card_state)"
	card ready-after image
	is_clean "netlink, $method"
done

# --- an open
kill_waiter flr "$FV_DIR/vfio_hold" "$dev"
fv_check "open: it waits" test "$waits" = yes
fv_check "open: killed, it is gone" test "$gone_ms" -le $GONE_MS
fv_check "open: while the card is not ready" is_not_ready
card ready-after image
is_clean "open"

# --- an open, and then the device is taken away: what the reset that was killed left of its
# configuration is not what the next bind starts from
kill_waiter flr "$FV_DIR/vfio_hold" "$dev"
fv_check "open, unbind: it waits" test "$waits" = yes
card ready-after image
fv_check "open, unbind: the card is ready some time" fv_wait 20 there
fv_unbind "$dev"
fv_bind $FV_DRIVER "$dev"
echo on >"$FV_PCI/$dev/power/control"
is_clean "open, unbind"

# --- VFIO_DEVICE_RESET
fv_hold "$dev"
fault not-ready $READY_MS
mark
kill -USR1 "$FV_HOLDER"
fv_check "VFIO_DEVICE_RESET: it waits" fv_wait 10 seen_by_card flr
killed "$FV_HOLDER"
fv_row killed_in_reset_gone $FV_DRIVER $gone_ms ms
# with a device to close, its memory and its interrupts. In a close that waits for the card it
# would be there for ten seconds and more
fv_check "VFIO_DEVICE_RESET: killed, it is gone" test "$gone_ms" -le $((20 * GONE_MS))
card ready-after image
is_clean "VFIO_DEVICE_RESET" 20

# --- unbind
for method in flr link; do
	policy "$dev" ready_limit_ms=$((10000 * FV_SLOW))
	fault not-ready $READY_MS
	mark
	"$FV_DIR/fv_act" reset "$dev" $method >/tmp/killed.out &
	pid=$!
	fv_check "unbind, $method: there is a reset" fv_wait 10 seen_by_card $method
	fv_unbind "$dev" &
	unbind=$!
	fv_check "unbind, $method: it does not end before the reset" eval 'fv_driver_is $dev $FV_DRIVER && is_not_ready'
	wait $pid
	fv_check "unbind, $method: the reset succeeds" grep -q '^error 0' /tmp/killed.out
	wait $unbind
	fv_same "unbind, $method: it does, too" 0 $?
	fv_check "unbind, $method: there is no driver" fv_driver_is "$dev" ""
	card ready-after image
	fv_check "unbind, $method: bound again" fv_bind $FV_DRIVER "$dev"
	echo on >"$FV_PCI/$dev/power/control"
	is_clean "unbind, $method"
done

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
