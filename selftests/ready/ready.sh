#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# A card that takes its time: how late the driver asks it again, by the card's own clock, and
# when it gives up. Suite reset has the same by the driver's clock, for FLR and hot reset.
# shellcheck source=selftests/card-l1/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARDS FV_KO
ktap_print_header

use_card FV_CARD
READY=0,0x20,1,1

cards_bind "$dev" "$FV_CARD2" "$FV_CARD2_FN1"
for bdf in "$dev" "$FV_CARD2" "$FV_CARD2_FN1"; do
	# awake, for accesses that are not VFIO's; the watch would repair what is broken here
	echo on >"$FV_PCI/$bdf/power/control"
	policy "$bdf" watch_interval_ms=0
done

# --- windows. A busy host makes it late now and then, but not each time
while read -r method how ms; do
	what="$method, not ready by $how for $ms ms"
	fault not-ready "$ms" "$how"
	for try in 1 2 3 4 5; do
		mark
		act reset "$dev" "$method" || break
		late=$(late)
		! is_punctual "$ms" "$late" || break
		echo "# try $try: $late us"
	done
	fv_same "$what: done" 0 "$ACT_RC"
	fv_check "$what: not before" test "$(took "$method")" -ge "$ms"
	fv_check "$what: $late us late" is_punctual "$ms" "$late"
	fv_check "$what: nothing else was tried" seen "$method"
	fv_row "late_${method}_${how}_$ms" $FV_DRIVER "$late" us
done <<'EOF'
flr ones 400
flr rrs 400
flr rrs 2000
hot rrs 400
hot rrs 2000
link ones 400
link ones 2500
link rrs 400
link rrs 1500
EOF
card_clean

# what PCI Express demands before the first question is kept for a card that is ready at once
fault not-ready 0 ones
for method in flr hot link; do
	for try in 1 2 3 4 5; do
		mark
		act reset "$dev" $method
		late=$(late)
		[ "${late:-0}" -gt $((99000 + 40000 * FV_SLOW)) ] || break
		echo "# try $try: $late us"
	done
	fv_check "$method, ready at once: not asked for 100 ms" test "${late:-0}" -ge 99000
	fv_check "$method, ready at once: but then" test "$late" -le $((99000 + 40000 * FV_SLOW))
	fv_row "late_${method}_at_once" $FV_DRIVER "$late" us
done
card_clean

# all functions of a card
use_card FV_CARD2
fault not-ready 700 rrs
for try in 1 2 3 4 5; do
	mark
	act reset "$FV_CARD2" hot
	late=$(fault trace "$from" | sed -n 's/.*fn0 asked \([0-9]*\) us.*/\1/p' | tail -n 1)
	late1=$(fault trace "$from" | sed -n 's/.*fn1 asked \([0-9]*\) us.*/\1/p' | tail -n 1)
	! is_punctual 700 "$late" || break
	echo "# try $try: $late us"
done
fv_same "two functions: done" 0 "$ACT_RC"
fv_check "two functions: the first is asked in time" is_punctual 700 "$late"
# after the first, which takes some looks of an emulated machine
fv_check "two functions: the other, too" test "${late1:-99999999}" -le $((45000 + 200000 * FV_SLOW))
card_clean
use_card FV_CARD

# --- the ready register
card ready-after design 1500
mark
fv_check "no register is looked at: done" act reset "$dev" flr
fv_check "before the design is ready" test "$(took flr)" -lt 1500
fv_same "nobody asked it" "" "$(late design-asked)"
for method in flr hot link; do
	what="$method, design ready after 1500 ms"
	policy "$dev" ready_register=$READY
	for try in 1 2 3 4 5; do
		mark
		act reset "$dev" $method || break
		late=$(late design-asked)
		! is_punctual 1500 "$late" || break
		echo "# try $try: $late us"
	done
	fv_same "$what: done" 0 "$ACT_RC"
	fv_check "$what: not before" test "$(took $method)" -ge 1500
	fv_check "$what: $late us late" is_punctual 1500 "$late"
	fv_same "$what: it says so" 00000001 "$(reg_set "$dev" 4.w=2:2; reg "$dev" bar0+20)"
	fv_row "late_${method}_design_1500" $FV_DRIVER "$late" us
done
mark
began=${EPOCHREALTIME/./}
holder "$dev"
fv_check "an open waits for it, too" told held
fv_check "an open waits for it: not before" test $((${EPOCHREALTIME/./} - began)) -ge 1500000
fv_check "the card was asked" test -n "$(late design-asked)"
fv_let_go
policy "$dev" ready_register=0,0x20,1,0
mark
fv_check "another value: done" act reset "$dev" flr
fv_check "another value: is there before" test "$(took flr)" -lt 1500
policy "$dev" ready_register=0,0x20,0xfffffffe,0
fv_check "other bits: done" act reset "$dev" flr
fv_check "other bits: are there before" test "$(took flr)" -lt 1500

# never
policy "$dev" ready_register=$READY ready_limit_ms=1000 reset_methods=flr
card ready-after design 600000
mark
fv_check "design never ready: not done" refused reset "$dev"
fv_check "design never ready: says so" said "step flr ETIMEDOUT .*(design|register).*error ETIMEDOUT $dev: "
fv_check "design never ready: after the limit" test "$(took flr)" -ge 1000
fv_check "design never ready: not much after" test "$(took flr)" -le $((1100 * 105 / 100 + 10 + 200 * FV_SLOW))
fv_same "design never ready: it has failed" failed "$(device "$dev" state)"
fv_has "design never ready: the reason says so" "design|register" "$(device "$dev" reason)"
open_error "$dev"
fv_same "design never ready: nobody may open it" EIO "$REPLY"
card ready-after design image
fv_check "then it is: done" act reset "$dev"
fv_same "then it is: ready" ready "$(device "$dev" state)"

# it takes both: function and design
fault not-ready 600 ones
card ready-after design 1200
policy "$dev" ready_limit_ms=2000
fv_check "function, then design, within one limit: done" act reset "$dev"
policy "$dev" ready_limit_ms=800
fv_check "function, then design, the limit between them: not done" refused reset "$dev"
fv_check "function, then design: says that it is the design" said "(design|register)"
card_clean
card ready-after design image
fv_check "then it is: done" act reset "$dev"

# the register goes away
policy "$dev" default watch_interval_ms=0 reset_methods=flr ready_limit_ms=2000 ready_register=$READY
card ready-after design 60000
mark
"$FV_DIR/fv_act" reset "$dev" >/tmp/waits &
waits=$!
fv_check "while it is waited for" fv_wait 5 traced "asked"
fault link-down for 300
wait "$waits"
echo "# $(paste -sd , /tmp/waits)"
fv_has "link lost while it is waited for: not done" "error (ETIMEDOUT|EIO|ENODEV)" "$(</tmp/waits)"
fv_check "link lost: it is not ready" test "$(device "$dev" state)" != ready
card ready-after design image
fault wait ready
policy "$dev" reset_methods=hot
fv_check "link lost: a hot reset repairs it" act reset "$dev"
fv_check "link lost: it works" works

policy "$dev" default watch_interval_ms=0 ready_register=2,0,1,1
reg_set "$dev" 4.w=2:2 bar2+0=1
fv_check "a register in BAR 2: done" act reset "$dev" flr
image identity-bar-gone
fv_check "BAR 2 is gone: not done" refused reset "$dev"
fv_check "BAR 2 is gone: says so" said "error ESTALE $dev: BAR 2 "
policy "$dev" identity=build
fv_check "BAR 2 is gone in another build: not done" refused reset "$dev"
fv_check "BAR 2 is gone in another build: says so" said "error (ESTALE|EIO) $dev: BAR 2 "
image alveo-xdma
# memory is that of the new image: 0
policy "$dev" ready_register=2,0,1,0
fv_check "BAR 2 is there again: done" act reset "$dev"
fv_same "BAR 2 is there again: ready" ready "$(device "$dev" state)"
fault bars-lost now
fv_check "BARs lost: done, register read" act reset "$dev" flr
policy "$dev" default watch_interval_ms=0

# --- killed while it waits
# killed WHAT: end the process $waits, which must be gone within a second
killed()
{
	local began

	began=${EPOCHREALTIME/./}
	kill -KILL "$waits"
	wait "$waits" 2>/dev/null
	fv_check "$1: killed, it is gone at once" \
		test $((${EPOCHREALTIME/./} - began)) -le $((1000000 * FV_SLOW))
}

policy "$dev" ready_limit_ms=60000
for method in flr hot link; do
	fault not-ready 30000 ones
	mark
	"$FV_DIR/fv_act" reset "$dev" $method >/tmp/waits &
	waits=$!
	fv_wait 5 traced "reset $method"
	killed "waits for $method"
	fv_check "waits for $method, killed: it is not taken for ready" eval '! device_is "$dev" ready'
	card ready-after image
	fv_check "waits for $method, killed: the next reset works" act reset "$dev" hot
	fv_check "waits for $method, killed: the card works" works
done
card train-time 30000
mark
"$FV_DIR/fv_act" reset "$dev" hot >/tmp/waits &
waits=$!
fv_wait 5 traced "reset hot"
killed "waits for the link"
card train-time image
fv_check "waits for the link, killed: the next reset works" act reset "$dev" link
fv_check "waits for the link, killed: the port is as it was" link_is "$port" 3 8
policy "$dev" ready_register=$READY
card ready-after design 30000
mark
"$FV_DIR/fv_act" reset "$dev" flr >/tmp/waits &
waits=$!
fv_wait 5 traced "asked"
killed "waits for the design"
card ready-after design image
fv_check "waits for the design, killed: the next reset works" act reset "$dev"
fault not-ready 30000 rrs
mark
holder "$dev"
waits=$FV_HOLDER
fv_wait 5 traced "reset flr"
killed "waits in an open"
card ready-after image
fv_check "waits in an open, killed: a reset works" act reset "$dev" hot
open_error "$dev"
fv_same "waits in an open, killed: the next has it" 0 "$REPLY"
card_clean

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
