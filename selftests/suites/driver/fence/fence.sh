#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; arguments are optional
# Permission to fence, refusals with reasons, and each end of a fence: the card is usable again
# after all of them. fence_test.c tests what the user sees.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARD_NOFLR FV_ALONE FV_CARDS FV_KO
ktap_print_header

SCRATCH=10
ONES=ffffffff
# beyond what a slow machine needs
READY_LIMIT_MS=120000
use_card FV_CARD
fv_unbind "$dev" "$FV_CARD2" "$FV_CARD2_FN1" "$FV_ALONE"
# the self-test runs at the first mapping after a module load
fv_unload
cards_bind "$dev" "$FV_CARD2" "$FV_CARD2_FN1" "$FV_ALONE"
fv_same "no kernel that was audited is warned of" "" "$(dmesg | grep "newer than .* audited")"
echo "module $FV_MODULE +p" >/sys/kernel/debug/dynamic_debug/control
policy "$dev" monitor_interval_ms=10 ready_limit_ms=$READY_LIMIT_MS
policy "$FV_CARD2" monitor_interval_ms=10
port_of "$FV_CARD2"
port2=$REPLY
bits=$(port_controls)

# back WHAT: check that the card is ready, without a trace of the fence
back()
{
	fv_check "$1: ready" fv_wait 60 device_is "$dev" ready
	fv_same "$1: no reason is left" "" "$(device "$dev" reason)"
	fv_same "$1: no fence is left" "" "$("$FV_DIR/fv_act" card "$port" | grep ^fence)"
	fv_check "$1: the port is as before" port_is bits
}

# back_with_user WHAT: the same, and its user can access it
back_with_user()
{
	back "$1"
	fv_same "$1: the configuration is as before" "$config" "$(card_config "$dev")"
	fv_check "$1: the user reads it" replies $CARD_ID read 0
	fv_check "$1: the user reads a mapping" replies $CARD_ID get 0 0
	fv_check "$1: it moves data" replies 0 dma
	fv_check "$1: the user was told nothing" eval '! grep -qE "^(error|request)" "$HELD"'
}

# self_tests: print the number of successful self-tests
self_tests()
{
	dmesg | grep -c "self-test: a raised fence takes mappings away"
}

# --- a mapping costs as much as with the stock driver
fv_unbind "$dev"
fv_load_stock
fv_bind $FV_STOCK "$dev"
holder "$dev"
told held
request pwrite 7 4 1 2
request faults 0
stock=$REPLY
fv_release
fv_bind $FV_DRIVER "$dev"
policy "$dev" monitor_interval_ms=10
holder "$dev"
fv_check "the card has a user" told held
request pwrite 7 4 1 2
tested=$(self_tests)
request faults 0
fv_same "page faults of a mapping, as with $FV_STOCK" "$stock" "$REPLY"
fv_same "the first one has shown that a fence takes it away" $((tested + 1)) "$(self_tests)"
request faults 0
fv_same "page faults of the next, as with $FV_STOCK" "$stock" "$REPLY"
fv_same "which shows nothing" $((tested + 1)) "$(self_tests)"
echo "module $FV_MODULE -p" >/sys/kernel/debug/dynamic_debug/control
fv_check "the user moves data" replies 0 dma
fv_check "the user maps a BAR" replies 0 map 0
config=$(card_config "$dev")

# --- plan
mark
since
fences=$(counter "$dev" fences)
fv_check "a plan is made" act fence "$dev" plan timeout=5000
fv_check "a plan: the port, the time and the function" \
	said "port $port,timeout 5000,(link-disabled,)?function fence $dev $FV_DRIVER held"
fv_check "a plan: ready as before" device_is "$dev" ready
fv_same "a plan: not counted" "$fences" "$(counter "$dev" fences)"
fv_same "a plan: nothing happened" "" "$(happened)"
fv_same "a plan: the card saw nothing" 0 "$(trace_count 'link-down|port|cfg-write')"
fv_check "a plan: the port is as before" port_is bits

# --- refusals
fv_check "an unknown address is refused" refused fence 0000:ff:1f.7
fv_check "by name" said "error ENODEV 0000:ff:1f.7: not bound"
for word in timeout=99 timeout=86400001; do
	fv_check "$word is refused" refused fence "$dev" $word
	fv_check "$word: as out of range" said "error (ERANGE|EINVAL)"
done
fv_check "without a port: refused" refused fence "$FV_ALONE"
fv_check "without a port: by name" said "error EOPNOTSUPP $FV_ALONE: .*port"
for verb in fence recover release; do
	fv_same "an unprivileged caller may not $verb" EPERM "$(as_nobody "$FV_DIR/fv_act" $verb "$dev" |
		sed -n 's/^error \([A-Z]*\).*/\1/p')"
	fv_same "an unprivileged caller may not $verb, nor learn what there is" EPERM \
		"$(as_nobody "$FV_DIR/fv_act" $verb 0000:ff:1f.7 | sed -n 's/^error \([A-Z]*\).*/\1/p')"
done
fv_load_stock
fv_unbind "$FV_CARD2_FN1"
fv_bind $FV_STOCK "$FV_CARD2_FN1"
fv_check "a function is another driver's: refused" refused fence "$FV_CARD2"
fv_check "a function is another driver's: by name" \
	said "error EBUSY .*$FV_CARD2_FN1 .*$FV_STOCK"
fv_check "a function is another driver's: nothing was done" device_is "$FV_CARD2" ready
fv_check "a function is another driver's: a plan, too" refused fence "$FV_CARD2" plan
fv_unbind "$FV_CARD2_FN1"
owner
fv_check "a function has no driver: done" own fence "$FV_CARD2"
fv_check "a function has no driver: it is named" said "function fence $FV_CARD2_FN1 - idle"
fv_check "a function has no driver: recovered" own recover "$FV_CARD2"
owner_ends
fv_bind $FV_DRIVER "$FV_CARD2_FN1"

# --- fenced
owner
since
mark
limit=1000000
began=${EPOCHREALTIME/./}
fv_check "fenced" own fence "$dev" timeout=$limit
fv_check "fenced: the port, the time, the function, and that the link is down" \
	said "port $port,timeout $limit,link-disabled,function fence $dev $FV_DRIVER held"
fv_same "fenced: the state" fenced "$(device "$dev" state)"
fv_has "fenced: who" "fenced by fv_act \(pid $OWNER\)$" "$(device "$dev" reason)"
fv_check "fenced: the file says so" state_file_is "$dev" fenced
fv_check "fenced: told" has_event "kind=fence origin=netlink pid=$OWNER comm=fv_act"
fv_check "fenced: with the state" has_event "kind=state .*state=fenced"
act card "$port"
fv_check "fenced: of the card" \
	said "state fenced,reason .*fenced by fv_act \(pid $OWNER\),.*fence $OWNER fv_act [0-9]+ link-disabled"
fv_check "fenced: of the card, with what is left of the time" \
	between $((limit - (${EPOCHREALTIME/./} - began) / 1000)) \
	"$(sed -n "s/^fence $OWNER fv_act \([0-9]*\) .*/\1/p" <<<"$SAID")" $limit
fv_check "fenced: the link is down" reg_has "$port" "$LNKSTA" $LNKSTA_DLLLA 0
fv_same "fenced: that is no loss of the link" 0 "$(count_events kind=link-down)"
fv_check "fenced: the user reads all-ones" replies "4 ones" pread 0 0 4
fv_check "fenced: of the configuration, too" replies "64 ones" pread 7 0 40
fv_check "fenced: of a mapping, too" replies $ONES get 0 0
fv_check "fenced: the user may write" replies 0 put 0 $SCRATCH bad
fv_check "fenced: a reset by the user has to wait" replies EAGAIN reset
before=$(fault status '.functions[0].accesses | .bar_reads + .bar_writes')
request get 0 0
request put 0 $SCRATCH bad
request pread 0 0 40
request pwrite 0 $SCRATCH 4 55
fv_same "fenced: the card sees nothing of all that" "$before" \
	"$(fault status '.functions[0].accesses | .bar_reads + .bar_writes')"
fv_check "fenced: a second user may not have it" eval 'beside open_error "$dev"; [[ $REPLY = E* ]]'

fv_check "fenced: not by another caller" refused fence "$dev"
fv_check "fenced: which says who has it" said "error EBUSY $dev: fenced by fv_act \(pid $OWNER\)"
fv_check "fenced: not twice" eval '! own fence "$dev"'
fv_check "fenced: which says the same" said "error EBUSY $dev: fenced by fv_act \(pid $OWNER\)"
fv_check "fenced: a plan, neither" refused fence "$dev" plan
fv_check "fenced: not reset" refused reset "$dev"
fv_check "fenced: not reset: says why" said "error EBUSY .*fenced by fv_act"
fv_check "fenced: not retrained" refused retrain "$dev"
fv_check "fenced: not retrained: says why" said "error EBUSY .*fenced by fv_act"
fv_check "fenced: others may not recover it" refused recover "$dev"
fv_check "fenced: which says who has it" said "error EBUSY .*fenced by fv_act \(pid $OWNER\)"
fv_check "a plan of a recovery" own recover "$dev" plan
fv_check "a plan of a recovery: first without a reset" said "step none 0 [0-9]+-[0-9]+ ,function none $dev $FV_DRIVER held"
fv_check "a plan of a recovery: then with" said "step hot 0 .*step link 0 "
fv_check "a plan of a recovery: fenced as before" device_is "$dev" fenced
fv_same "the card saw one link that went down" 1 "$(trace_count 'fn0 reset ')"

mark
since
fv_check "recovered" own recover "$dev"
fv_check "recovered: in one step, without a reset" steps "none 0"
fv_check "recovered: the link is as before" said "state ready,reason ,link 3 8 3 8 [0-9] active,link-us [0-9]+,ready-us [0-9]+,duration-us [0-9]+"
fv_check "recovered: told" has_event "kind=recover origin=netlink pid=$OWNER"
fv_check "recovered: with the state" has_event "kind=state .*state=ready"
fv_same "recovered: the link came up once" 1 "$(trace_count link-up)"
back_with_user recovered
fv_check "recovered: nothing that was written meanwhile is there" replies 00000000 get 0 $SCRATCH
fv_check "recovered: the user is still there" kill -0 "$FV_HOLDER"
fv_check "ready: a recovery is done" own recover "$dev"
fv_check "ready: a recovery does nothing" eval 'steps "" && said "state ready"'
owner_ends

# --- ends of a fence
# fenced_by WHAT WORD…: fence the card with a new owner; WHAT is the process or time that ends it
fenced_by()
{
	owner
	since
	fv_check "$1: fenced" own fence "$dev" "${@:2}"
	[[ $* = *timeout=* ]] ||
		fv_check "$1: the user reads all-ones" replies $ONES get 0 0
}

fenced_by "the owner ends"
owner_ends
fv_check "the owner ends: recovered by the driver" has_event "kind=fence origin=netlink" \
	"kind=recover origin=driver"
back_with_user "the owner ends"

fenced_by "the owner is killed"
owner_ends KILL
fv_check "the owner is killed: recovered by the driver" has_event "kind=fence origin=netlink" \
	"kind=recover origin=driver"
back_with_user "the owner is killed"

# ended WHAT MS: check that the driver ended the fence, not before MS, using the times of its
# events: from the start of the fence to the start of the recovery
ended()
{
	local fenced took recovering

	fv_check "$1: recovered by the driver" has_event "kind=fence origin=netlink" \
		"kind=recover origin=driver"
	fenced=$(happened | grep kind=fence | field time)
	took=$(happened | grep kind=fence | field duration)
	recovering=$(happened | grep state=recovering | field time)
	fv_check "$1: not before" test $((recovering - fenced + took)) -ge $(($2 * 1000000))
}

fenced_by "the time is over" timeout=1000
ended "the time is over" 1000
back_with_user "the time is over"
fv_check "the time is over: the owner may fence it again" own fence "$dev" timeout=$limit
fv_check "the time is over: and recover it" own recover "$dev"
owner_ends

# the other fence is not detached: once that card is ready, the owner's end was handled
fenced_by "detached" detached
fv_check "detached: of the card" eval 'act card "$port"; said "fence $OWNER fv_act [0-9]+ detached link-disabled"'
fv_check "detached: another card, which is not" own fence "$FV_CARD2"
owner_ends
fv_check "detached: another card is recovered" fv_wait 60 device_is "$FV_CARD2" ready
fv_same "detached: it stays" fenced "$(device "$dev" state)"
fv_same "detached: nothing but its fence happened" "" \
	"$(happened | grep -vE "kind=(fence origin=netlink|state .*state=fenced)")"
fv_has "detached: with the name of who is gone" "fenced by fv_act \(pid $OWNER\)$" \
	"$(device "$dev" reason)"
fv_check "detached: not fenced again" refused fence "$dev"
fv_check "detached: recovered by another caller" act recover "$dev"
back_with_user "detached"
fenced_by "detached, and the time is over" detached timeout=1000
owner_ends
ended "detached, and the time is over" 1000
back_with_user "detached, and the time is over"

fenced_by "by force"
fv_check "by force: recovered by another" act recover "$dev" force
back_with_user "by force"
fv_check "by force: the owner has lost it" own recover "$dev"
fv_check "by force: and there is nothing to do" steps ""
fv_check "by force: the owner has another card fenced" own fence "$FV_CARD2"
since
owner_ends
fv_check "by force: that one is recovered" fv_wait 60 device_is "$FV_CARD2" ready
fv_same "by force: nothing happens at its end" "" "$(happened)"

# --- the user closes the device while it is fenced
fenced_by "the user closes it"
fv_release
fv_check "the user closes it: fenced as before" device_is "$dev" fenced
open_error "$dev"
fv_same "the user closes it: the next one has to wait" EAGAIN "$REPLY"
fv_check "the user closes it: recovered" own recover "$dev"
owner_ends
holder "$dev"
fv_check "the user closes it: the next one has it" told held
fv_check "the user closes it: and it works" replies 0 dma
replies 0 map 0
back_with_user "the user closes it"
fv_check "the user closes it: nothing of the last one is there" replies 00000000 get 0 $SCRATCH

fenced_by "the user is killed"
request put 0 $SCRATCH bad
fv_release KILL
fv_check "the user is killed: fenced as before" device_is "$dev" fenced
owner_ends
fv_check "the user is killed: recovered by the driver" fv_wait 60 device_is "$dev" ready
holder "$dev"
fv_check "the user is killed: the next one has it" told held
fv_check "the user is killed: and it works" replies 0 dma
replies 0 map 0
back_with_user "the user is killed"

# --- the user is requested to close the device
fv_check "release: done" act release "$dev"
fv_check "release: the user is told" told request
fv_check "release: and not thrown out" replies $CARD_ID read 0
fv_release
fv_check "release, without a user: done" act release "$dev"
fv_check "release, an unknown address: refused" refused release 0000:ff:1f.7

# --- no user, and suspended
owner
echo auto >"$FV_PCI/$dev/power/control"
fv_check "without a user: fenced" own fence "$dev"
fv_check "without a user: the function is idle" said "function fence $dev $FV_DRIVER idle"
open_error "$dev"
fv_same "without a user: an open has to wait" EAGAIN "$REPLY"
fv_check "without a user: recovered" own recover "$dev"
echo on >"$FV_PCI/$dev/power/control"
fv_check "without a user: works" works
back "without a user"

# --- a card that is not ready: lost, changed, failed
holder "$dev"
told held
replies 0 map 0
replies 0 dma
fault link-down
fv_check "lost" fv_wait 60 device_is "$dev" lost
fv_check "lost: the user reads all-ones" replies $ONES get 0 0
fv_check "lost: fenced" own fence "$dev"
since
# in the time of as many polls of the other card, this one would have been polled
fv_check "lost, fenced: the link is put right" counts "$port2" link_reads 50 fault link-up
fv_same "lost, fenced: does not come back by itself" "fenced " \
	"$(device "$dev" state) $(happened)"
fv_check "lost, fenced: recovered" own recover "$dev"
back_with_user "lost, fenced"

fault reprogram identity-revision 200
fv_check "changed" fv_wait 60 device_is "$dev" changed
fv_check "changed: the user reads all-ones" replies $ONES get 0 0
fv_check "changed: fenced" own fence "$dev"
fv_check "changed: not recovered" eval '! own recover "$dev"'
fv_check "changed: says why" said "step none ESTALE .*revision.*state changed,reason .*revision.*error ESTALE"
fv_check "changed: fenced again" own fence "$dev"
programmed alveo-xdma 50
fv_check "changed, the old image: recovered" own recover "$dev"
back_with_user "changed, the old image"

# hangs after each link down
policy "$dev" ready_limit_ms=300
fault link-hangs
fault hot-hangs
fv_check "failing: fenced" own fence "$dev"
fv_check "failed" eval '! own recover "$dev"'
fv_check "failed: each way was tried" steps "none ETIMEDOUT,hot ETIMEDOUT,link ETIMEDOUT"
fv_check "failed: says so" said "state failed,reason .+error (ETIMEDOUT|EIO) "
fv_check "failed: the user reads all-ones" replies $ONES get 0 0
fv_check "failed: fenced again" own fence "$dev"
fault repair
# ready at once, because the limit for other faults is 300 ms
fault not-ready 0
fv_check "failed, repaired: recovered" own recover "$dev"
policy "$dev" ready_limit_ms=$READY_LIMIT_MS
card ready-after image
back_with_user "failed, repaired"
owner_ends

# --- during a reset: one after the other
# waiting KIND: number of the operation of that kind that waits for its turn
waiting()
{
	"$FV_DIR/fv_act" op | awk -v kind="$1" '$1 == "op" && $3 == kind && $4 == "waiting" { print $2 }'
}

fault not-ready hold ones
mark
"$FV_DIR/fv_act" reset "$dev" flr >/tmp/resets &
resets=$!
fv_wait 60 traced "reset flr"
owner
own_start fence "$dev"
fv_check "while it is reset: a fence waits" fv_wait 60 eval '[ -n "$(waiting fence)" ]'
fv_check "while it is reset: the reset goes on" eval '"$FV_DIR/fv_act" op | grep -q "reset running"'
fault release
wait $resets
fv_has "while it is reset: the reset succeeds" "error 0" "$(</tmp/resets)"
fv_check "after it: fenced" own_wait
own_start recover "$dev"
fv_wait 60 device_is "$dev" recovering
act submit fence "$dev"
fv_check "while it is recovered: a fence waits" eval '[ -n "$(waiting fence)" ]'
fv_check "while it is recovered: and can be cancelled" act cancel "$(waiting fence)"
act submit recover "$dev" force
again=$(waiting recover)
fv_check "while it is recovered: a second recovery waits" test -n "$again"
fv_check "while it is recovered: the user reads all-ones" replies $ONES get 0 0
fv_check "while it is recovered: a reset by the user has to wait" replies EAGAIN reset
fault release
fv_check "while it is recovered: it is" own_wait
fv_check "after it: the second has nothing to do" \
	fv_wait 60 eval 'act op "$again" && said "^op $again recover ended $dev 0"'
card_clean
back_with_user "after that"

# --- the owner is killed while it waits for the recovery
own fence "$dev"
fault not-ready hold ones
since
fv_check "killed in a recovery: it waits for the card" \
	counts "$port" ones 3 own_start recover "$dev"
owner_ends KILL
card_clean
fv_check "killed in a recovery: the card comes back all the same" fv_wait 60 device_is "$dev" ready
back_with_user "killed in a recovery"

# --- all functions of a card are fenced
fv_release
use_card FV_CARD2
policy "$FV_CARD2" ready_limit_ms=$READY_LIMIT_MS
policy "$FV_CARD2_FN1" ready_limit_ms=$READY_LIMIT_MS
id=$(reg "$FV_CARD2_FN1" 0.l)
holder "$FV_CARD2_FN1"
fv_check "two functions: the second has a user" told held
owner
fv_check "two functions: fenced by the first" own fence "$FV_CARD2"
fv_check "two functions: both are named" \
	said "function fence $FV_CARD2 $FV_DRIVER idle,function fence $FV_CARD2_FN1 $FV_DRIVER held"
fv_same "two functions: both are fenced" "fenced fenced" \
	"$(device "$FV_CARD2" state) $(device "$FV_CARD2_FN1" state)"
fv_check "two functions: the user of the second reads all-ones" replies "4 ones" pread 0 0 4
fv_check "two functions: not fenced by the second" refused fence "$FV_CARD2_FN1"
fv_check "two functions: recovered by the second" own recover "$FV_CARD2_FN1"
fv_same "two functions: both are ready" "ready ready" \
	"$(device "$FV_CARD2" state) $(device "$FV_CARD2_FN1" state)"
fv_check "two functions: the user of the second has it" replies $CARD_ID read 0
fv_check "two functions: and it moves data" replies 0 dma

# the function that the driver recovers the card with is unbound in the meantime
fv_check "a function goes: fenced before" own fence "$FV_CARD2"
fault not-ready hold ones
owner_ends
fv_check "a function goes: while the driver recovers" fv_wait 60 device_is "$FV_CARD2" recovering
fv_unbind "$FV_CARD2"
card_clean
fv_check "a function goes: the other one comes back" fv_wait 60 device_is "$FV_CARD2_FN1" ready
fv_same "a function goes: no fence is left" "" "$("$FV_DIR/fv_act" card "$port" | grep ^fence)"
fv_check "a function goes: the user of the other one has it" replies $CARD_ID read 0
fv_check "a function goes: and it moves data" replies 0 dma
fv_release

# the last bound function is unbound; the other has no driver
fv_unbind "$FV_CARD2_FN1"
fv_bind $FV_DRIVER "$FV_CARD2"
policy "$FV_CARD2" ready_limit_ms=$READY_LIMIT_MS
fv_wait 60 answers "$FV_CARD2_FN1" "$id"
other=$(card_config "$FV_CARD2_FN1")
owner
fv_check "the last one goes: fenced before" own fence "$FV_CARD2"
fv_unbind "$FV_CARD2"
fv_same "the last one goes: the one without driver has its configuration" "$other" \
	"$(card_config "$FV_CARD2_FN1")"
owner_ends
use_card FV_CARD

# --- unbound while fenced
fv_unbind "$FV_CARD2" "$FV_CARD2_FN1" "$FV_ALONE"
owner
fv_check "unbound: fenced before" own fence "$dev"
fv_unbind "$dev"
fv_check "unbound: there is no driver" fv_driver_is "$dev" ""
fv_check "unbound: the link is up again" fv_wait 60 link_is "$port" 3 8
fv_check "unbound: the port is as before" port_is bits
fv_check "unbound: nothing is left for the owner" eval '! own recover "$dev"'
owner_ends
fv_bind $FV_DRIVER "$dev"
fv_same "bound again: ready" ready "$(device "$dev" state)"
open_error "$dev"
fv_same "bound again: it can be opened" 0 "$REPLY"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
