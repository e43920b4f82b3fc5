#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# A slow card with a slow design: polled until it answers or up to the limit. Suite bench-ready has
# the delays on the card's clock.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARDS FV_KO
ktap_print_header

use_card FV_CARD
READY=0,0x20,1,1

cards_bind "$dev" "$FV_CARD2" "$FV_CARD2_FN1"
for bdf in "$dev" "$FV_CARD2" "$FV_CARD2_FN1"; do
	# no runtime suspend, because the test accesses the function without VFIO; no link monitor,
	# which would recover from injected faults
	echo on >"$FV_PCI/$bdf/power/control"
	policy "$bdf" monitor_interval_ms=0
done

# resets METHOD: start a reset as $waits; ended waits for it and sets $SAID
resets()
{
	mark
	"$FV_DIR/fv_act" reset "$dev" "$1" >/tmp/waits &
	waits=$!
}

ended()
{
	wait "$waits"
	SAID=$(</tmp/waits)
	echo "# ${SAID//$'\n'/$'\n'#   }"
}

bar_reads()
{
	fault status '.functions[0].accesses.bar_reads'
}

# read_on [TIMES]: wait for so many more reads of the card's registers
read_on()
{
	fv_wait 60 eval '[ "$(bar_reads)" -ge '$(($(bar_reads) + ${1:-3}))' ]'
}

# --- windows: not before their end; bench-ready has the delay after it
while read -r method how ms; do
	what="$method, not ready by $how for $ms ms"
	fault not-ready "$ms" "$how"
	mark
	fv_check "$what: done" act reset "$dev" "$method"
	fv_check "$what: not before" test "$(took "$method")" -ge "$ms"
	fv_check "$what: nothing else was tried" seen "$method"
	fv_row "late_${method}_${how}_$ms" $FV_DRIVER "$(late)" us
done <<'EOF'
flr ones 400
flr rrs 600
hot rrs 400
link ones 600
EOF
card_clean

# a card that is ready at once is not accessed in the 100 ms that PCIe requires
fault not-ready 0 ones
for method in flr hot link; do
	mark
	act reset "$dev" $method
	late=$(late)
	fv_check "$method, ready at once: not read for 100 ms" test "${late:-0}" -ge 99000
	fv_row "late_${method}_at_once" $FV_DRIVER "$late" us
done
card_clean

# all functions of a card
use_card FV_CARD2
policy "$dev" ready_limit_ms=120000
fault not-ready hold rrs
resets hot
fv_check "two functions: they are polled" polled ones
release 0
fv_check "two functions: the first one answers" fv_wait 60 traced "fn0 first-read "
fv_check "two functions: the other is polled" polled ones
fv_check "two functions: the first is not enough" kill -0 $waits
fv_check "two functions: the other has not answered" eval '! traced "fn1 first-read "'
release 1
ended
fv_check "two functions: done" said "error 0 "
fv_check "two functions: the other one answered" traced "fn1 first-read "
card ready-after image
card_clean
use_card FV_CARD

# --- the ready register
card ready-after design hold
before=$(bar_reads)
fv_check "no register is read: done" act reset "$dev" flr
fv_same "none is read" "$before" "$(bar_reads)"
for method in flr hot link; do
	what="$method, the design is not ready"
	policy "$dev" ready_register=$READY ready_limit_ms=120000
	resets $method
	fv_check "$what: it keeps polling" read_on 40
	fv_check "$what: it is not done before" kill -0 $waits
	release
	ended
	fv_check "$what: then it is" steps "$method 0"
	fv_same "$what: it says so" 00000001 "$(reg_set "$dev" 4.w=2:2; reg "$dev" bar0+20)"
done
card ready-after design 1500
fv_check "design ready after 1500 ms: done" act reset "$dev" flr
fv_check "design ready after 1500 ms: not before" test "$(took flr)" -ge 1500
fv_row late_flr_design_1500 $FV_DRIVER "$(late design-read)" us
card ready-after design hold
holder "$dev"
fv_check "an open waits for it, too" read_on
fv_check "an open waits for it: it is not done before" eval '! grep -q held "$HELD"'
release
fv_check "an open waits for it: then it is" told held
fv_release
policy "$dev" ready_register=0,0x20,1,0
fv_check "another value: is there before" act reset "$dev" flr
policy "$dev" ready_register=0,0x20,0xfffffffe,0
fv_check "other bits: are there before" act reset "$dev" flr

# never ready
policy "$dev" ready_register=$READY ready_limit_ms=1000 reset_methods=flr
mark
fv_check "design never ready: not done" refused reset "$dev"
fv_check "design never ready: says so" said "step flr ETIMEDOUT .*(design|register).*error ETIMEDOUT $dev: "
fv_check "design never ready: after the limit" test "$(took flr)" -ge 1000
fv_same "design never ready: it has failed" failed "$(device "$dev" state)"
fv_has "design never ready: the reason says so" "design|register" "$(device "$dev" reason)"
open_error "$dev"
fv_same "design never ready: it is not opened" EIO "$REPLY"
card ready-after design image
fv_check "then it is: done" act reset "$dev"
fv_same "then it is: ready" ready "$(device "$dev" state)"

# waits for function and design
fault not-ready 600 ones
card ready-after design hold
fv_check "function, then design: not done" refused reset "$dev"
fv_check "function, then design: says that it is the design" said "(design|register)"
card ready-after design 1200
policy "$dev" ready_limit_ms=120000
fv_check "function, then design: done" act reset "$dev"
fv_check "function, then design: not before" test "$(took flr)" -ge 1200
card_clean
card ready-after design image

# the register disappears
policy "$dev" default monitor_interval_ms=0 reset_methods=flr ready_limit_ms=4000 ready_register=$READY
card ready-after design hold
resets flr
fv_check "while it is waited for" read_on
fault link-down
ended
fv_check "link lost while it is waited for: not done" said "error (ETIMEDOUT|EIO|ENODEV)"
fv_check "link lost: it is not ready" test "$(device "$dev" state)" != ready
card ready-after design image
fault link-up
fault wait ready
policy "$dev" reset_methods=hot
fv_check "link lost: a hot reset repairs it" act reset "$dev"
fv_check "link lost: it works" works

policy "$dev" default monitor_interval_ms=0 ready_register=2,0,1,1
reg_set "$dev" 4.w=2:2 bar2+0=1
fv_check "a register in BAR 2: done" act reset "$dev" flr
image identity-bar-gone
fv_check "BAR 2 is gone: not done" refused reset "$dev"
fv_check "BAR 2 is gone: says so" said "error ESTALE $dev: BAR 2 "
policy "$dev" identity=build
fv_check "BAR 2 is gone in another build: not done" refused reset "$dev"
fv_check "BAR 2 is gone in another build: says so" said "error (ESTALE|EIO) $dev: BAR 2 "
image alveo-xdma
# memory of a new image is 0
policy "$dev" ready_register=2,0,1,0
fv_check "BAR 2 is there again: done" act reset "$dev"
fv_same "BAR 2 is there again: ready" ready "$(device "$dev" state)"
fault bars-lost now
fv_check "BARs lost: done, register read" act reset "$dev" flr
policy "$dev" default monitor_interval_ms=0

# --- cancelled while waiting for the design; see suite reset for others
policy "$dev" default monitor_interval_ms=0 ready_register=$READY ready_limit_ms=120000
card ready-after design hold
since
resets flr
fv_check "waits for the design" read_on
id=$("$FV_DIR/fv_act" op | awk '$1 == "op" && $4 == "running" { print $2 }')
fv_check "waits for the design: cancelled" act cancel "$id"
fv_check "waits for the design, cancelled: it is gone" fv_wait $((30 / FV_SLOW)) gone $waits
fv_check "waits for the design, cancelled: that is what ended it" \
	has_event "kind=reset .*error=EINTR"
fv_check "waits for the design, cancelled: it is not taken for ready" \
	eval '! device_is "$dev" ready'
wait $waits 2>/dev/null
card ready-after design image
fv_check "waits for the design, cancelled: the next reset works" act reset "$dev"
card_clean

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
