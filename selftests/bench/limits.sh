#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016,SC2034,SC2119,SC2317 # conditions are for eval; used by name; arguments are optional
# Delays that should be near zero: the first poll of a card that is ready early, a design that is
# ready, the end of a time limit, a kill while waiting for a card, and accesses of a user during a
# reset by another task. Suites ready, reset and policy test the order of the same steps.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header
use_card FV_CARD
TRIES=3

# at_most LIMIT UNIT NAME TEXT COMMAND…: COMMAND sets $value; retried above LIMIT, because a busy
# host delays it from time to time
at_most()
{
	local try

	for ((try = 1; try <= TRIES; try++)); do
		value=
		"${@:5}"
		[ "${value:-$(($1 + 1))}" -gt "$1" ] || break
		echo "# try $try: $value $2"
	done
	fv_row "$3" $FV_DRIVER "${value:-none}" "$2"
	fv_check "$4: ${value:-none} $2, limit $1" eval "[ -n '$value' ] && [ ${value:-0} -le $1 ]"
}

# late_by METHOD WHAT: microseconds on the card's clock
late_by()
{
	mark
	act reset "$dev" "$1"
	value=$(late "$2")
}

# over METHOD MS: milliseconds that a failed step took beyond MS
over()
{
	refused reset "$dev" "$1" || return
	value=$(($(took "$1") - $2))
	release
	fault wait ready
}

# gone_after COMMAND…: milliseconds from a kill until COMMAND has ended, with the card not ready
gone_after()
{
	local start

	mark
	"$@" >/tmp/killed &
	pid=$!
	fv_wait 10 traced "reset flr" && polled ones
	start=${EPOCHREALTIME/./}
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	value=$(((${EPOCHREALTIME/./} - start) / 1000))
	release
}

# user_gone_after: the same for a VFIO user that waits for its own reset
user_gone_after()
{
	local start

	card ready-after image
	fv_hold "$dev" || return
	fault not-ready hold
	mark
	kill -USR1 "$FV_HOLDER"
	fv_wait 10 traced "reset flr" && polled ones
	start=${EPOCHREALTIME/./}
	fv_release KILL
	value=$(((${EPOCHREALTIME/./} - start) / 1000))
	card ready-after image
	release
	fv_wait 60 device_is "$dev" ready
}

# write_of: milliseconds of a user's config write that requests FLR
write_of()
{
	request flr
	value=$((REPLY / 1000))
	release
	fv_wait 60 eval '[ "$(fault status .state)" = ready ]'
	replies 0 reset
}

# stall: microseconds of the longest access of a busy user during resets
stall()
{
	replies 0 hammer on
	act reset "$dev" flr
	act reset "$dev" hot
	request hammer off
	value=$(printf '%s\n' "$(hammered map-us)" "$(hammered fd-us)" | sort -n | tail -n 1)
}

cards_bind "$dev"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" monitor_interval_ms=0

# 100 ms are required by PCIe
fault not-ready 0 ones
for method in flr hot link; do
	at_most 120000 us "late_${method}_at_once" "$method, ready at once: first read" late_by $method
done
card_clean
policy "$dev" ready_register=0,0x20,1,1
card ready-after design 1500
for method in flr hot link; do
	at_most 85000 us "late_${method}_design" "$method, design ready after 1500 ms: seen late" \
		late_by $method design-read
done
card ready-after design image

# --- limits: a fiftieth of the time, 10 ms, and the time for polls on an emulated machine
policy "$dev" default monitor_interval_ms=0 ready_limit_ms=600 load_limit_ms=1000
fault not-ready hold
at_most 45 ms over_ready_limit "a card that is never ready: failed after its limit" over flr 700
card ready-after image
release
card train-time hold
at_most 60 ms over_load_limit "a link that does not come up: failed after its limit" over hot 1000
card train-time image
release
fault wait ready
policy "$dev" ready_register=0,0x20,1,1 ready_limit_ms=800
fault not-ready 600 ones
card ready-after design hold
at_most 60 ms over_design_limit "a function, then a design that is never ready: failed after one limit" \
	over flr 900
card_clean
card ready-after design image
policy "$dev" default monitor_interval_ms=0 ready_limit_ms=120000
act reset "$dev" hot

# --- killed
fault not-ready hold
at_most 150 ms killed_reset "killed while it waits for a card: gone after" \
	gone_after "$FV_DIR/fv_act" reset "$dev" flr
at_most 150 ms killed_open "killed in an open: gone after" gone_after "$FV_DIR/vfio_hold" "$dev"
card ready-after image
act reset "$dev" hot
at_most 1000 ms killed_user "a user, killed in its own reset: gone after" user_gone_after

# --- users
holder "$dev"
told held
at_most 200 ms flr_write "a write that requests an FLR of a card that works: it took" write_of
fault not-ready hold
at_most 200 ms flr_write_late "a write that requests an FLR of a card that is late: it took" write_of
card ready-after image
release
replies 0 reset
replies 0 dma
fault not-ready 1000
at_most 50000 us reset_stall "a user who never rests, reset by others: the longest access took" stall
card_clean
fv_release

fv_unbind "$dev"
fv_unload
rmmod fv_port
fv_finish
