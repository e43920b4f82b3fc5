#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# The watch of a link: what goes wrong by itself is seen, told, and repaired.
# shellcheck source=selftests/card-l1/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

SCRATCH=10
use_card FV_CARD

recoveries()
{
	trace_count 'training recovery'
}

asleep()
{
	local status

	read -r status <"$FV_PCI/$1/power/runtime_status"
	[ "$status" = suspended ]
}

cards_bind "$dev"
bits=$(port_bits)
target=$(reg "$port" "$LNKCTL2")
config=$(card_config "$dev")

# --- the link is lost, and comes back. With a user, and without one who is awake
for who in user nobody; do
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
	fv_check "$who: the loss is seen" fv_wait 5 device_is "$dev" lost
	fv_check "$who: and told" has_event "kind=link-down origin=watch .*speed=0 width=0" "kind=state .*state=lost"
	fv_has "$who: the card says so" "state lost" "$("$FV_DIR/fv_act" card "$port")"
	fv_check "$who: with a reason" test -n "$(device "$dev" reason)"
	fv_same "$who: counted" $((losses + 1)) "$(counter "$dev" link_losses)"
	fv_same "$who: once" 1 "$(count_events kind=link-down)"
	fault link-up
	fv_check "$who: it comes back by itself" fv_wait 10 device_is "$dev" ready
	fv_check "$who: and that is told" has_event "kind=link-up origin=watch .*speed=3 width=8" \
		"kind=recover origin=driver" "kind=state .*state=ready"
	fv_same "$who: a repair, counted" $((ok + 1)) "$(counter "$dev" recoveries_ok)"
	fv_same "$who: the configuration is the same, to the byte" "$config" "$(card_config "$dev")"
	if [ $who = user ]; then
		fv_check "$who: the card works" asked $CARD_ID read 0
	else
		fv_check "$who: the card works" works
	fi
	fv_check "$who: the link is as it was" link_is "$port" 3 8
	fv_same "$who: the port, too" "$bits" "$(port_bits)"
	if [ $who = user ]; then
		fv_check "$who: still there" kill -0 "$FV_HOLDER"
		fv_check "$who: can reset it" asked 0 reset
		fv_let_go
	fi
done

# as soon as it can be: the card is asked soon after it is ready, by its clock
holder "$dev"
told held
fault not-ready 800 ones
for try in 1 2 3 4 5; do
	mark
	fault link-down for 300
	fv_wait 10 traced ' asked '
	late=$(late)
	fv_wait 10 device_is "$dev" ready
	# the interval of the watch, and what PCI Express demands after link-up, are before
	! is_punctual 800 "$late" || break
	echo "# try $try: $late us"
done
fv_check "a card that needs 800 ms after its link: is asked $late us late" is_punctual 800 "$late"
fv_row late_watch_800 $FV_DRIVER "$late" us
card_clean

# lost again and again
losses=$(counter "$dev" link_losses)
for i in 1 2 3; do
	fault link-down for 250
	fv_check "lost, time $i: seen" fv_wait 5 grown link_losses $((losses + i - 1))
	fv_check "lost, time $i: comes back" fv_wait 10 device_is "$dev" ready
done
fv_same "lost three times: counted" $((losses + 3)) "$(counter "$dev" link_losses)"
fv_check "lost three times: it works" asked $CARD_ID read 0
# and while it is repaired: as soon as it answers
fault not-ready 300 ones
for i in 1 2 3; do
	mark
	fault link-down for 150
	fv_wait 5 traced ' asked '
done
card_clean
fv_check "lost while it is repaired: comes back" fv_wait 20 device_is "$dev" ready
fv_check "lost while it is repaired: it works" asked $CARD_ID read 0
fv_check "lost while it is repaired: the user is still there" kill -0 "$FV_HOLDER"

# lost when its user closes it, and back before the watch looks again
fv_let_go
policy "$dev" watch_interval_ms=4000
# the policy was a reason to look at once, an open takes longer; the next look is 4 s away
holder "$dev"
told held
since
losses=$(counter "$dev" link_losses)
fault link-down
fv_let_go
fv_check "lost at a close: that is seen" device_is "$dev" lost
fault link-up
fv_check "lost at a close: comes back by itself" fv_wait 10 device_is "$dev" ready
fv_same "lost at a close: the watch saw no loss" "$losses" "$(counter "$dev" link_losses)"
fv_check "lost at a close: repaired by the driver" has_event \
	"kind=state origin=close .*state=lost" "kind=recover origin=driver" "kind=state .*state=ready"
policy "$dev" watch_interval_ms=100
holder "$dev"
told held

# closed when the link is back and the card is not ready yet: it is not put to sleep, as the
# kernel would save all-ones of it, and write them to it when it wakes it up. The card takes
# longer than a slow machine needs for a close
policy "$dev" watch_interval_ms=0
fv_let_go
echo auto >"$FV_PCI/$dev/power/control"
fault not-ready 6000 ones
config=$(card_config "$dev")
kmsg_mark
for try in 1 2 3; do
	holder "$dev"
	told held
	mark
	fault link-down for 100
	fv_check "closed before it is ready, time $try: the link is back" fv_wait 5 traced ' link-up'
	fv_let_go
	fv_check "closed before it is ready, time $try: it is not" eval '! device_is "$dev" ready'
	fv_check "closed before it is ready, time $try: it stays awake" \
		eval '! fv_wait 1 eval "asleep $dev && ! device_is $dev ready"'
	fv_check "closed before it is ready, time $try: comes back" fv_wait 20 device_is "$dev" ready
	fv_check "closed before it is ready, time $try: no all-ones are written to it" \
		eval '! traced "cfg-write (devctl|command) = 0xf+$"'
done
fv_check "closed before it is ready: nothing was done to a card that does not answer" \
	eval '! kmsg_has "device inaccessible"'
card_clean
fv_same "closed before it is ready: the configuration is as it was" "$config" "$(card_config "$dev")"
fv_check "ready: it sleeps again" fv_wait 10 asleep "$dev"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" watch_interval_ms=100
holder "$dev"
told held

# lost and back between two looks: nothing but the configuration tells of it
policy "$dev" watch_interval_ms=2000
fv_let_go
holder "$dev"
told held
losses=$(counter "$dev" link_losses)
config=$(card_config "$dev")
since
fault link-down for 30
fv_check "a short loss: it is seen all the same" has_event \
	"kind=state origin=watch .*state=lost.*lost its configuration" \
	"kind=recover origin=driver" "kind=state .*state=ready"
fv_same "a short loss: the link was not seen down" "$losses" "$(counter "$dev" link_losses)"
fv_same "a short loss: the configuration is as it was" "$config" "$(card_config "$dev")"
fv_check "a short loss: the card works" asked $CARD_ID read 0
policy "$dev" watch_interval_ms=100

# lost between the look at the link and that at the configuration, which takes 20 ms: told is
# what a user can do something about. In most tries: where and when it is lost is luck
policy "$dev" watch_interval_ms=10
tries=8 downs=0
losses=$(counter "$dev" link_losses)
for ((try = 0; try < tries; try++)); do
	since
	fault goes-down 14 for 200
	fv_wait 10 has_event_now "kind=state .*state=ready" || break
	! has_event_now "kind=link-down" "kind=state .*state=lost" || downs=$((downs + 1))
done
fv_check "goes down while it is looked at: comes back, $try of $tries times" test $try = $tries
fv_check "goes down while it is looked at: told as that, $downs times" test $((2 * downs)) -gt $tries
fv_check "goes down while it is looked at: counted" grown link_losses $((losses + downs - 1))
policy "$dev" watch_interval_ms=100

# lost, and back as another card
since
fault reprogram identity-revision 300
fv_check "another card comes: it has changed" fv_wait 10 device_is "$dev" changed
fv_check "another card comes: told" has_event "kind=link-down" "kind=link-up" \
	"kind=recover origin=driver .*error=ESTALE.*revision" "kind=state .*state=changed"
failed=$(counter "$dev" recoveries_failed)
fv_check "another card comes: a repair that failed, counted" test "$failed" -ge 1
since
fault reprogram alveo-xdma 300
fv_check "the old card comes: ready" fv_wait 10 device_is "$dev" ready
fv_check "the old card comes: told" has_event "kind=link-down" "kind=link-up" \
	"kind=recover origin=driver" "kind=state .*state=ready"
fv_check "the user is still there" kill -0 "$FV_HOLDER"

# --- it gets slow: retrained, and nobody notices
for try in 0 2; do
	what="slow, $try bad trainings"
	fv_check "$what: used" asked 0 write $SCRATCH 5eed
	slow=$(counter "$dev" link_degradations)
	slow_ns=$(counter "$dev" degraded_ns)
	ok=$(counter "$dev" retrains_ok)
	since
	mark
	[ $try = 0 ] || fault come-back 1 2 $try
	card degrade 1 4
	fv_check "$what: restored" has_event "kind=link-degraded origin=watch .*speed=1 width=4" \
		"kind=retrain origin=watch .*speed=3 width=8" "kind=link-restored .*speed=3 width=8"
	fv_check "$what: the link is as it was" link_is "$port" 3 8
	fv_check "$what: after $(recoveries) trainings" between $((try + 1)) "$(recoveries)" 3
	fv_check "$what: no reset" seen
	fv_check "$what: the user's registers are as they were" asked 00005eed read $SCRATCH
	fv_same "$what: counted" $((slow + 1)) "$(counter "$dev" link_degradations)"
	fv_check "$what: for some time" grown degraded_ns "$slow_ns"
	fv_same "$what: the retrain is counted" $((ok + 1)) "$(counter "$dev" retrains_ok)"
	fv_same "$what: the state is ready" ready "$(device "$dev" state)"
done

# --- it stays slow: said, tried less and less often, and the user goes on
fv_check "slow for good: used" asked 0 write $SCRATCH 5eed
slow=$(counter "$dev" link_degradations)
bad=$(counter "$dev" retrains_failed)
since
mark
fault come-back 1 2
card degrade 1 2
fv_check "slow for good: told" has_event "kind=link-degraded origin=watch .*speed=1 width=2" \
	"kind=retrain origin=watch .*error=[A-Z]+ .*speed=1 width=2"
fv_check "slow for good: tried again" fv_wait 20 eval '[ "$(count_events kind=retrain)" -ge 4 ]'
happened | sed 's/^/# /'
fv_same "slow for good: told once" 1 "$(count_events kind=link-degraded)"
fv_same "slow for good: counted once" $((slow + 1)) "$(counter "$dev" link_degradations)"
fv_check "slow for good: failures are counted" test "$(counter "$dev" retrains_failed)" -ge $((bad + 4))
fv_same "slow for good: the state is ready" ready "$(device "$dev" state)"
fv_check "slow for good: the user is still there" kill -0 "$FV_HOLDER"
fv_check "slow for good: his registers are as they were" asked 00005eed read $SCRATCH
# milliseconds from each retrain to the next: they double from 1 s on
pauses=$(happened | grep kind=retrain | field time | awk 'NR > 1 { print int(($1 - last) / 1e6) } { last = $1 }')
mapfile -t pause <<<"$pauses"
echo "# pauses: ${pauses//$'\n'/ } ms"
fv_check "slow for good: the first pause is a second" \
	between 950 "${pause[0]:-0}" $((1000 + 500 * FV_SLOW))
fv_check "slow for good: the next is twice that" \
	between 1950 "${pause[1]:-0}" $((2000 + 600 * FV_SLOW))
fv_check "slow for good: and twice again" \
	between 3900 "${pause[2]:-0}" $((4000 + 800 * FV_SLOW))
slow_ns=$(counter "$dev" degraded_ns)
fv_check "slow for good: the time below full speed grows" fv_wait 5 grown degraded_ns "$slow_ns"
card train off
fv_check "repaired: somebody retrains it" act retrain "$dev"
fv_check "repaired: restored" has_event "kind=link-restored .*speed=3 width=8"
slow_ns=$(counter "$dev" degraded_ns)
fv_check "repaired: the time does not grow any more" eval '! fv_wait 1 grown degraded_ns "$slow_ns"'
# after that a pause begins at a second again
since
card degrade 1 1
fv_check "slow again, later: restored" has_event "kind=link-degraded" "kind=retrain" "kind=link-restored"
# the pause would be 8 s by now
pause_ms=$(happened | grep -E "kind=(link-degraded|retrain)" | field time |
	awk 'NR == 2 { print int(($1 - last) / 1e6) } { last = $1 }')
fv_check "slow again, later: retrained at once, after $pause_ms ms" test "${pause_ms:-99999}" -lt 4000

# --- auto_retrain 0: only said
policy "$dev" auto_retrain=0
since
mark
slow_ns=$(counter "$dev" degraded_ns)
card degrade 2 4
fv_check "auto_retrain 0: told" has_event "kind=link-degraded origin=watch .*speed=2 width=4"
fv_check "auto_retrain 0: the time grows" fv_wait 5 grown degraded_ns "$slow_ns"
fv_check "auto_retrain 0: not retrained" eval '! fv_wait 2 traced training'
fv_check "auto_retrain 0: the link is what it was" link_is "$port" 2 4
policy "$dev" auto_retrain=1
fv_check "auto_retrain 1: retrained" has_event "kind=retrain origin=watch" "kind=link-restored"
# what is wanted can be less
policy "$dev" link_speed=2 link_width=4
since
card degrade 2 4
fv_check "as slow as is wanted: not told" eval '! fv_wait 1 has_event_now kind=link-degraded'
card degrade 1 4
fv_check "slower than is wanted: told" has_event "kind=link-degraded .*speed=1 width=4"
policy "$dev" link_speed=0 link_width=0
fv_check "what it was bound with is wanted: at full speed again" fv_wait 10 link_is "$port" 3 8
reg_set "$port" "$LNKCTL2=$target:f"
link_retrain "$port"

# --- interval 0: nobody looks
policy "$dev" watch_interval_ms=0
losses=$(counter "$dev" link_losses)
since
card degrade 1 1
fv_check "interval 0: slow, not told" eval '! fv_wait 1 has_event_now kind='
fault link-down for 300
fault wait ready
fv_check "interval 0: lost, not told" eval '! fv_wait 1 has_event_now kind='
fv_same "interval 0: not counted" "$losses" "$(counter "$dev" link_losses)"
fv_check "interval 0: the user's reset repairs it" asked 0 reset
fv_check "interval 0: it works" asked $CARD_ID read 0
policy "$dev" watch_interval_ms=10
since
fault link-down for 300
fv_check "interval 10: told" has_event "kind=link-down" "kind=link-up" "kind=state .*state=ready"
fv_let_go

# --- never comes back
policy "$dev" default
holder "$dev"
told held
fault link-down
fv_check "gone: lost" fv_wait 5 device_is "$dev" lost
policy "$dev" load_limit_ms=1000
ask reset
fv_has "gone: the user's reset says so" "^E(TIMEDOUT|IO|AGAIN|NODEV)$" "$REPLY"
fv_check "gone: the user is still there" kill -0 "$FV_HOLDER"
fv_let_go
fv_check "gone: it is not ready" eval '! device_is "$dev" ready'
fault link-up
fv_check "back: somebody may open it" eval 'open_error "$dev"; [ "$REPLY" = 0 ]'
fv_same "back: ready" ready "$(device "$dev" state)"

# --- nobody is awake: nobody is woken
echo auto >"$FV_PCI/$dev/power/control"
active_ms()
{
	cat "$FV_PCI/$1/power/runtime_active_time"
}

fv_check "nobody uses it: it sleeps" fv_wait 10 asleep "$dev"
fv_check "and so does the port" fv_wait 10 asleep "$port"
since
active=$(active_ms "$port")
fault link-down for 400
fault wait ready
fv_check "asleep: the port is not woken" eval '! fv_wait 1 eval "! asleep $port"'
fv_same "asleep: not for a moment" "$active" "$(active_ms "$port")"
fv_same "asleep: nothing is told" "" "$(happened)"
open_error "$dev"
fv_same "woken by a user: he gets it" 0 "$REPLY"
fv_same "woken by a user: ready" ready "$(device "$dev" state)"
fv_check "woken by a user: it works" eval 'echo on >"$FV_PCI/$dev/power/control"; works'

# --- nothing is left running
holder "$dev"
told held
card degrade 1 1
fv_let_go
fv_unbind "$dev"
# the kernel itself changes the port's aim when it finds a link down that it wakes
reg_set "$port" "$LNKCTL2=$target:f"
fv_same "unbound: the port is as it was" "$bits" "$(port_bits)"
fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
