#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# The link monitor detects and reports link faults, and has them recovered.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARDS FV_KO
ktap_print_header

SCRATCH=10
use_card FV_CARD

recoveries()
{
	trace_count 'training recovery'
}

# slept_ms BDF: print the total suspended time, which also shows a short suspend
slept_ms()
{
	cat "$FV_PCI/$1/power/runtime_suspended_time"
}

asleep()
{
	local status

	read -r status <"$FV_PCI/$1/power/runtime_status"
	[ "$status" = suspended ]
}

# elsewhere_polled COMMAND…: run COMMAND; wait for POLLS polls of the other card, which has the
# same interval and never suspends: this card would have been polled as well
POLLS=30
port_of "$FV_CARD2"
port2=$REPLY
elsewhere_polled()
{
	counts "$port2" link_reads $POLLS "$@"
}

# quiet TEXT COMMAND…: check that COMMAND causes no event
quiet()
{
	fv_check "$1" elsewhere_polled "${@:2}"
	fv_same "$1: nothing is told" "" "$(happened)"
}

cards_bind "$dev" "$FV_CARD2"
echo on >"$FV_PCI/$FV_CARD2/power/control"
policy "$FV_CARD2" monitor_interval_ms=10
# beyond what a slow machine needs
policy "$dev" ready_limit_ms=120000
bits=$(port_bits)
target=$(reg "$port" "$LNKCTL2")
config=$(card_config "$dev")

# --- the link is lost and comes back, with a user, and without a user and runtime suspend
for who in user unused; do
	if [ $who = user ]; then
		holder "$dev"
		fv_check "$who: has the card" told held
	else
		echo on >"$FV_PCI/$dev/power/control"
	fi
	config=$(card_config "$dev")
	losses=$(counter "$dev" link_losses)
	ok=$(counter "$dev" recoveries_ok)
	since
	mark
	fault link-down
	fv_check "$who: the loss is seen" fv_wait 60 device_is "$dev" lost
	fv_check "$who: and told" has_event "kind=link-down origin=monitor .*speed=0 width=0" "kind=state .*state=lost"
	fv_has "$who: the card says so" "state lost" "$("$FV_DIR/fv_act" card "$port")"
	fv_check "$who: with a reason" test -n "$(device "$dev" reason)"
	fv_same "$who: counted" $((losses + 1)) "$(counter "$dev" link_losses)"
	fv_same "$who: once" 1 "$(count_events kind=link-down)"
	fault link-up
	fv_check "$who: it comes back by itself" fv_wait 60 device_is "$dev" ready
	fv_check "$who: and that is told" has_event "kind=link-up origin=monitor .*speed=3 width=8" \
		"kind=recover origin=driver" "kind=state .*state=ready"
	fv_same "$who: a recovery, counted" $((ok + 1)) "$(counter "$dev" recoveries_ok)"
	fv_same "$who: the configuration is the same, to the byte" "$config" "$(card_config "$dev")"
	if [ $who = user ]; then
		fv_check "$who: the card works" replies $CARD_ID read 0
	else
		fv_check "$who: the card works" works
	fi
	fv_check "$who: the link is as before" link_is "$port" 3 8
	fv_same "$who: the port, too" "$bits" "$(port_bits)"
	if [ $who = user ]; then
		fv_check "$who: still there" kill -0 "$FV_HOLDER"
		fv_check "$who: can reset it" replies 0 reset
		fv_release
	fi
done

# recovered as soon as possible: the card is polled without growing intervals
holder "$dev"
told held
fault not-ready hold ones
mark
fault link-down
fv_check "a card that is not ready: lost" fv_wait 60 device_is "$dev" lost
fv_check "a card that is not ready: it is polled a hundred times" \
	counts "$port" ones 100 fault link-up
fv_same "a card that is not ready: lost until it answers" lost "$(device "$dev" state)"
fault release
fv_check "a card that is not ready: comes back" fv_wait 60 device_is "$dev" ready
fv_same "a card that is not ready: the first answer was enough" 1 "$(trace_count ' first-read ')"
card_clean

# repeated losses
losses=$(counter "$dev" link_losses)
for i in 1 2 3; do
	fault link-down
	fv_check "lost, time $i: seen" fv_wait 60 grown link_losses $((losses + i - 1))
	fault link-up
	fv_check "lost, time $i: comes back" fv_wait 60 device_is "$dev" ready
done
fv_same "lost three times: counted" $((losses + 3)) "$(counter "$dev" link_losses)"
fv_check "lost three times: it works" replies $CARD_ID read 0
# lost again during the recovery: at the first answer, and later
fault link-down
fv_check "lost while it is recovered: lost" fv_wait 60 device_is "$dev" lost
for cut in 1 4 16; do
	mark
	cut_after "$port" $cut
	fault link-up
	fv_check "lost while it is recovered, after $cut accesses: it is" \
		fv_wait 60 traced 'port event 0x20'
done
fault link-up
fv_check "lost while it is recovered: comes back" fv_wait 60 device_is "$dev" ready
fv_check "lost while it is recovered: it works" replies $CARD_ID read 0
fv_check "lost while it is recovered: the user is still there" kill -0 "$FV_HOLDER"

# lost when its user closes it, and back before the next poll
fv_release
policy "$dev" monitor_interval_ms=60000
holder "$dev"
told held
since
losses=$(counter "$dev" link_losses)
fault link-down
fv_release
fv_check "lost at a close: that is seen" device_is "$dev" lost
fault link-up
fv_check "lost at a close: comes back by itself" fv_wait 60 device_is "$dev" ready
fv_same "lost at a close: the monitor saw no loss" "$losses" "$(counter "$dev" link_losses)"
fv_check "lost at a close: recovered by the driver" has_event \
	"kind=state origin=close .*state=lost" "kind=recover origin=driver" "kind=state .*state=ready"

# for longer than the load limit: told once, with the monitor off, too
policy "$dev" load_limit_ms=1000
for interval in 0 100; do
	what="gone for too long, interval $interval"
	policy "$dev" monitor_interval_ms=$interval
	holder "$dev"
	told held
	failed=$(counter "$dev" recoveries_failed)
	since
	fault link-down
	[ $interval != 0 ] || fv_release
	fv_check "$what: told" has_event "kind=state .*state=lost" \
		"kind=recover origin=driver .*error=ETIMEDOUT.*does not come up in 1000 ms" \
		"kind=state origin=driver .*state=failed.*does not come up in 1000 ms"
	fv_has "$what: the reason" "does not come up in 1000 ms" "$(device "$dev" reason)"
	fv_same "$what: a recovery that failed, counted" $((failed + 1)) \
		"$(counter "$dev" recoveries_failed)"
	fv_same "$what: once" 1 "$(count_events kind=recover)"
	since
	fault link-up
	if [ $interval = 0 ]; then
		fault wait ready
		fv_check "$what: back: it can be opened" eval 'open_error "$dev"; [ "$REPLY" = 0 ]'
	else
		fv_check "$what: comes back by itself" fv_wait 60 device_is "$dev" ready
		fv_check "$what: without a reset" eval '! has_event_now kind=reset'
		fv_release
	fi
	fv_same "$what: ready" ready "$(device "$dev" state)"
done
policy "$dev" load_limit_ms=60000

policy "$dev" monitor_interval_ms=100
holder "$dev"
told held

# closed while the link is up but the card is not ready: it must not suspend, because the kernel
# would save all-ones as its config space and write them back at resume
policy "$dev" monitor_interval_ms=0
fv_release
echo auto >"$FV_PCI/$dev/power/control"
fv_check "not in use: it sleeps" fv_wait 60 asleep "$dev"
config=$(card_config "$dev")
kmsg_mark
for try in 1 2 3; do
	holder "$dev"
	told held
	fault not-ready hold ones
	mark
	slept=$(slept_ms "$dev")
	fault link-down
	fault link-up
	fv_check "closed before it is ready, time $try: the link is back" fv_wait 60 traced ' link-up'
	fv_check "closed before it is ready, time $try: it is polled again and again" \
		counts "$port" ones 20 fv_release
	fv_same "closed before it is ready, time $try: it stays awake" "active $slept" \
		"$(<"$FV_PCI/$dev/power/runtime_status") $(slept_ms "$dev")"
	fv_check "closed before it is ready, time $try: it is not" eval '! device_is "$dev" ready'
	card_clean
	fv_check "closed before it is ready, time $try: comes back" fv_wait 60 device_is "$dev" ready
	fv_check "closed before it is ready, time $try: no all-ones are written to it" \
		eval '! traced "cfg-write (devctl|command) = 0xf+$"'
done
fv_check "closed before it is ready: nothing was done to a card that does not answer" \
	eval '! kmsg_has "(device|config space) inaccessible"'
fv_check "ready: it sleeps again" fv_wait 60 asleep "$dev"
fv_same "closed before it is ready: the configuration is as before" "$config" "$(card_config "$dev")"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" monitor_interval_ms=100
holder "$dev"
told held

# lost and back between two polls: only the lost configuration shows it
elsewhere_polled policy "$dev" monitor_interval_ms=0
losses=$(counter "$dev" link_losses)
config=$(card_config "$dev")
since
fault link-down
fault link-up
fault wait ready
policy "$dev" monitor_interval_ms=100
fv_check "a short loss: it is seen all the same" has_event \
	"kind=state origin=monitor .*state=lost.*lost its configuration" \
	"kind=recover origin=driver" "kind=state .*state=ready"
fv_same "a short loss: the link was not seen down" "$losses" "$(counter "$dev" link_losses)"
fv_same "a short loss: the configuration is as before" "$config" "$(card_config "$dev")"
fv_check "a short loss: the card works" replies $CARD_ID read 0

# lost between the link poll and the config poll, which reads two BARs: the link loss is reported,
# not the lost configuration
losses=$(counter "$dev" link_losses)
for reads in 1 2; do
	what="goes down while it is read, after $reads reads"
	elsewhere_polled policy "$dev" monitor_interval_ms=0
	since
	fault bars-lost now
	cut_after "$port" $reads
	policy "$dev" monitor_interval_ms=10
	fv_check "$what: told as that" has_event "kind=link-down" "kind=state .*state=lost.*link"
	fv_same "$what: once" 1 "$(count_events "kind=state .*state=lost")"
	fv_same "$what: counted" $((losses + reads)) "$(counter "$dev" link_losses)"
	fault link-up
	fv_check "$what: comes back" fv_wait 60 device_is "$dev" ready
done
policy "$dev" monitor_interval_ms=100

# lost, and back with another identity
since
fault reprogram identity-revision hold
fv_check "another card comes: lost" fv_wait 60 device_is "$dev" lost
fault release
fv_check "another card comes: it has changed" fv_wait 60 device_is "$dev" changed
fv_check "another card comes: told" has_event "kind=link-down" "kind=link-up" \
	"kind=recover origin=driver .*error=ESTALE.*revision" "kind=state .*state=changed"
failed=$(counter "$dev" recoveries_failed)
fv_check "another card comes: a recovery that failed, counted" test "$failed" -ge 1
since
fault reprogram alveo-xdma hold
fv_check "the old card comes: the link is down" has_event "kind=link-down"
fault release
fv_check "the old card comes: ready" fv_wait 60 device_is "$dev" ready
fv_check "the old card comes: told" has_event "kind=link-down" "kind=link-up" \
	"kind=recover origin=driver" "kind=state .*state=ready"
fv_check "the user is still there" kill -0 "$FV_HOLDER"

# --- slow: retrained without effect on the user
policy "$dev" monitor_interval_ms=10 auto_retrain=1
for try in 0 2; do
	what="slow, $try bad trainings"
	fv_check "$what: used" replies 0 write $SCRATCH 5eed
	slow=$(counter "$dev" link_degradations)
	slow_ns=$(counter "$dev" degraded_ns)
	ok=$(counter "$dev" retrains_ok)
	since
	mark
	[ $try = 0 ] || fault come-back 1 2 $try
	card degrade 1 4
	fv_check "$what: restored" has_event "kind=link-degraded origin=monitor .*speed=1 width=4" \
		"kind=retrain origin=monitor .*speed=3 width=8" "kind=link-restored .*speed=3 width=8"
	fv_check "$what: the link is as before" link_is "$port" 3 8
	fv_check "$what: after $(recoveries) trainings" between $((try + 1)) "$(recoveries)" 3
	fv_check "$what: no reset" seen
	fv_check "$what: the user's registers are as before" replies 00005eed read $SCRATCH
	fv_same "$what: counted" $((slow + 1)) "$(counter "$dev" link_degradations)"
	fv_check "$what: for some time" grown degraded_ns "$slow_ns"
	fv_same "$what: the retrain is counted" $((ok + 1)) "$(counter "$dev" retrains_ok)"
	fv_same "$what: the state is ready" ready "$(device "$dev" state)"
done

# --- stays slow: reported, retrained at growing intervals; the user continues
fv_check "slow for good: used" replies 0 write $SCRATCH 5eed
slow=$(counter "$dev" link_degradations)
bad=$(counter "$dev" retrains_failed)
since
mark
fault come-back 1 2
card degrade 1 2
fv_check "slow for good: told" has_event "kind=link-degraded origin=monitor .*speed=1 width=2" \
	"kind=retrain origin=monitor .*error=[A-Z]+ .*speed=1 width=2"
fv_check "slow for good: tried again" fv_wait 60 eval '[ "$(count_events kind=retrain)" -ge 4 ]'
happened | sed 's/^/# /'
fv_same "slow for good: told once" 1 "$(count_events kind=link-degraded)"
fv_same "slow for good: counted once" $((slow + 1)) "$(counter "$dev" link_degradations)"
fv_check "slow for good: failures are counted" test "$(counter "$dev" retrains_failed)" -ge $((bad + 4))
fv_same "slow for good: the state is ready" ready "$(device "$dev" state)"
fv_check "slow for good: the user is still there" kill -0 "$FV_HOLDER"
fv_check "slow for good: the registers are as before" replies 00005eed read $SCRATCH
# pauses: set pause[] to the milliseconds from the end of each retrain to the start of the next, by
# the times of the driver's events. A slow machine makes them longer, up to ten times is accepted
pauses()
{
	local pauses

	pauses=$(happened | grep kind=retrain | sed -n 's/.* time=\([0-9]*\) .* duration=\([0-9]*\) .*/\1 \2/p' |
		awk 'NR > 1 { print int(($1 - $2 - last) / 1e6) } { last = $1 }')
	mapfile -t pause <<<"$pauses"
	echo "# pauses: ${pauses//$'\n'/ } ms"
}

pauses
for i in 0 1 2; do
	ms=$((1000 << i))
	fv_check "slow for good: pause $((i + 1)) is no shorter than $ms ms" \
		between $ms "${pause[i]:-0}" $((10 * ms))
done
slow_ns=$(counter "$dev" degraded_ns)
fv_check "slow for good: the time below full speed grows" fv_wait 60 grown degraded_ns "$slow_ns"
card train off
fv_check "repaired: retrained by request" act retrain "$dev"
fv_check "repaired: restored" has_event "kind=link-restored .*speed=3 width=8"
slow_ns=$(counter "$dev" degraded_ns)
fv_check "repaired: it is polled" polled link_reads 5
fv_same "repaired: the time does not grow any more" "$slow_ns" "$(counter "$dev" degraded_ns)"
# after a restore, the first pause is a second again
since
fault come-back 1 2 3
card degrade 1 1
fv_check "slow again, later: restored" has_event "kind=link-degraded" \
	"kind=retrain origin=monitor .*error=[A-Z]+ " "kind=retrain origin=monitor .*speed=3 width=8" \
	"kind=link-restored"
# without the restore, it would be 16 s
pauses
fv_check "slow again, later: the pause is a second" between 1000 "${pause[0]:-0}" 10000

# --- by default only reported: a link in use is left alone
policy "$dev" default ready_limit_ms=120000 monitor_interval_ms=10
since
mark
slow_ns=$(counter "$dev" degraded_ns)
card degrade 2 4
fv_check "not retrained by default: told" has_event "kind=link-degraded origin=monitor .*speed=2 width=4"
fv_check "not retrained by default: the time grows" fv_wait 60 grown degraded_ns "$slow_ns"
fv_check "not retrained by default: it is polled" polled link_reads 10
fv_same "not retrained by default: it is not" 0 "$(trace_count training)"
fv_check "not retrained by default: the link is what it was" link_is "$port" 2 4
policy "$dev" auto_retrain=1
fv_check "auto_retrain 1: retrained" has_event "kind=retrain origin=monitor" "kind=link-restored"
# the goal may be lower
policy "$dev" link_speed=2 link_width=4
since
card degrade 2 4
fv_check "as slow as the goal: it is polled" polled link_reads 10
fv_same "as slow as the goal: not told" 0 "$(count_events kind=link-degraded)"
card degrade 1 4
fv_check "slower than the goal: told" has_event "kind=link-degraded .*speed=1 width=4"
policy "$dev" link_speed=0 link_width=0
fv_check "the goal is its speed when bound: at full speed again" fv_wait 60 link_is "$port" 3 8
reg_set "$port" "$LNKCTL2=$target:f"
link_retrain "$port"

# --- interval 0: no polls
policy "$dev" monitor_interval_ms=0
losses=$(counter "$dev" link_losses)
since
quiet "interval 0: slow" card degrade 1 1
quiet "interval 0: lost" fault link-down
fault link-up
quiet "interval 0: back" fault wait ready
fv_same "interval 0: not counted" "$losses" "$(counter "$dev" link_losses)"
fv_check "interval 0: the user's reset repairs it" replies 0 reset
fv_check "interval 0: it works" replies $CARD_ID read 0
policy "$dev" monitor_interval_ms=10
since
fault link-down
fv_check "interval 10: told" has_event "kind=link-down" "kind=state .*state=lost"
fault link-up
fv_check "interval 10: told that it is back" has_event "kind=link-up" "kind=state .*state=ready"
fv_release

# --- never comes back
policy "$dev" default
holder "$dev"
told held
fault link-down
fv_check "gone: lost" fv_wait 60 device_is "$dev" lost
policy "$dev" load_limit_ms=1000
request reset
fv_has "gone: the user's reset says so" "^E(TIMEDOUT|IO|AGAIN|NODEV)$" "$REPLY"
fv_check "gone: the user is still there" kill -0 "$FV_HOLDER"
fv_release
fv_check "gone: it is not ready" eval '! device_is "$dev" ready'
fault link-up
fv_check "back: it can be opened" eval 'open_error "$dev"; [ "$REPLY" = 0 ]'
fv_same "back: ready" ready "$(device "$dev" state)"

# --- a suspended port is not woken
echo auto >"$FV_PCI/$dev/power/control"
active_ms()
{
	cat "$FV_PCI/$1/power/runtime_active_time"
}

policy "$dev" monitor_interval_ms=10
fv_check "without a user: it sleeps" fv_wait 60 asleep "$dev"
fv_check "and so does the port" fv_wait 60 asleep "$port"
since
active=$(active_ms "$port")
quiet "asleep: lost" fault link-down
fault link-up
quiet "asleep: back" fault wait ready
fv_check "asleep: the port is not woken" asleep "$port"
fv_same "asleep: not for a moment" "$active" "$(active_ms "$port")"
open_error "$dev"
fv_same "woken by a user: the open succeeds" 0 "$REPLY"
fv_same "woken by a user: ready" ready "$(device "$dev" state)"
fv_check "woken by a user: it works" eval 'echo on >"$FV_PCI/$dev/power/control"; works'

# --- nothing is left running
policy "$dev" auto_retrain=1
holder "$dev"
told held
card degrade 1 1
fv_release
fv_unbind "$dev" "$FV_CARD2"
# the kernel changes the port's target speed when it wakes a port with the link down
reg_set "$port" "$LNKCTL2=$target:f"
fv_same "unbound: the port is as before" "$bits" "$(port_bits)"
# full speed for the next test
link_retrain "$port"
fv_check "unbound: the link can be trained" fv_wait 60 link_is "$port" 3 8
fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
