#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; arguments are optional
# The whole sequence: fence, program, recover, with an idle and with a busy user, and with each way
# in which a card can come back or fail to.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

ONES=ffffffff
use_card FV_CARD
cards_bind "$dev"
bits=$(port_controls)

# fenced WHAT [WORD…]: fence as the owner. Retried, because a user's access of a second refuses it
fenced()
{
	fv_check "$1: fenced" fv_wait 60 own fence "$dev" "${@:2}"
}

# held WHAT: check that the loading card's link is polled, and that the user does not block
held()
{
	fv_check "$1: its link is waited for" polled link_reads
	[ "$user" = idle ] || goes_on "$1"
}

# said_us WORD: print link, ready or duration of the last recovery
said_us()
{
	sed -n "s/^$1-us //p" <<<"$SAID"
}

for user in idle hammering; do
	holder "$dev"
	fv_check "$user: the card has a user" told held
	replies 0 dma
	replies 0 map 0
	config=$(card_config "$dev")
	owner
	if [ $user = hammering ]; then
		replies 0 hammer on
	fi

	# --- the same image; times are in suite bench-ready
	what="$user, the same image"
	fenced "$what"
	fv_check "$what: the user reads all-ones" replies $ONES get 0 0
	fv_check "$what: programmed" programmed 300
	fv_check "$what: recovered" own recover "$dev"
	fv_check "$what: in one step, without a reset" steps "none 0"
	has_it_back "$what"
	what="$user, the same image, recovered at once"
	fenced "$what"
	fault reprogram hold
	own_start recover "$dev"
	fv_check "$what: the card is being recovered" fv_wait 60 device_is "$dev" recovering
	held "$what"
	fv_check "$what: it is not back before" device_is "$dev" recovering
	release
	fv_check "$what: recovered" own_wait
	fv_check "$what: in one step, without a reset" steps "none 0"
	has_it_back "$what"
	policy "$dev" link_disable=off
	what="$user, the same image, link_disable off"
	fenced "$what"
	fv_check "$what: programmed" programmed 300
	fv_check "$what: recovered" own recover "$dev"
	fv_check "$what: in one step, without a reset" steps "none 0"
	has_it_back "$what"
	policy "$dev" link_disable=auto

	# --- another identity
	what="$user, another id"
	since
	fenced "$what"
	programmed alveo-xdma-2 300
	fv_check "$what: not recovered" eval '! own recover "$dev"'
	fv_check "$what: says so" said "step none ESTALE .*10ee:9038, was 10ee:903f.*state changed,reason .*10ee:9038.*error ESTALE $dev: .*10ee:9038, was 10ee:903f"
	fv_check "$what: no reset was tried" steps "none ESTALE"
	fv_check "$what: told" has_event "kind=recover origin=netlink .*error=ESTALE"
	fv_same "$what: it has changed" changed "$(device "$dev" state)"
	fv_check "$what: the port is as before" port_is bits
	fv_check "$what: the user reads all-ones" replies $ONES get 0 0
	fv_check "$what: and of the configuration, too" replies "4 ones" pread 7 0 4
	fv_check "$what: not recovered by another try" eval '! own recover "$dev"'
	programmed alveo-xdma 300
	fv_check "$what, then the old one: comes back" eval 'own recover "$dev" || fv_wait 60 device_is "$dev" ready'
	has_it_back "$what, then the old one"

	what="$user, another BAR size"
	fenced "$what"
	card wrong bar 2 8M for 1
	programmed 300
	fv_check "$what: not recovered" eval '! own recover "$dev"'
	fv_check "$what: says so" said "error ESTALE $dev: BAR 2 is 8 MiB.* 1 MiB"
	fv_same "$what: it has changed" changed "$(device "$dev" state)"
	fv_check "$what: the user reads all-ones" replies $ONES get 0 0
	card wrong off
	fenced "$what, fenced again"
	programmed 300
	fv_check "$what, then the old one: recovered" own recover "$dev"
	has_it_back "$what, then the old one"

	what="$user, another build"
	policy "$dev" identity=build
	fenced "$what"
	programmed identity-build 300
	fv_check "$what: recovered, as the policy takes it" own recover "$dev"
	fv_check "$what: the user reads it" replies $CARD_ID get 0 0
	fenced "$what, and back"
	programmed alveo-xdma 300
	fv_check "$what, and back: recovered" own recover "$dev"
	policy "$dev" identity=strict
	has_it_back "$what, and back"

	# --- it does not come back
	what="$user, it never comes back"
	policy "$dev" load_limit_ms=1000
	fenced "$what"
	card fail-load 1
	fault reprogram 100
	fv_wait 60 card_is blank
	fv_check "$what: not recovered" eval '! own recover "$dev"'
	fv_check "$what: each way was tried" steps "none ETIMEDOUT,hot ETIMEDOUT,link ETIMEDOUT"
	fv_check "$what: says so" said "state failed,reason .*link.*error (ETIMEDOUT|EIO) "
	fv_check "$what: each for as long as it may take" test "$(said_us duration)" -ge 3000000
	fv_same "$what: it has failed" failed "$(device "$dev" state)"
	fv_check "$what: the port is as before" port_is bits
	fv_check "$what: the user reads all-ones" replies $ONES get 0 0
	fv_check "$what: the user is still there" kill -0 "$FV_HOLDER"
	fenced "$what, fenced again"
	programmed 300
	fv_check "$what, until it does: recovered" own recover "$dev"
	has_it_back "$what, until it does"
	policy "$dev" load_limit_ms=60000

	# --- a slow link
	what="$user, back at 2.5 GT/s x1"
	ok=$(counter "$dev" retrains_ok)
	fenced "$what"
	fault come-back 1 1 2
	programmed 300
	fv_check "$what: recovered" own recover "$dev"
	fv_check "$what: at full speed" said ",link 3 8 3 8 "
	fv_same "$what: by a retrain, counted" $((ok + 1)) "$(counter "$dev" retrains_ok)"
	has_it_back "$what"
	what="$user, back at 2.5 GT/s x1 for good"
	fenced "$what"
	fault come-back 1 1
	programmed 300
	fv_check "$what: recovered all the same" own recover "$dev"
	fv_check "$what: and it is said how slow" said "state ready,.*,link 1 1 3 8 "
	fv_check "$what: the user reads it" replies $CARD_ID get 0 0
	fault repair
	policy "$dev" auto_retrain=1
	fv_check "$what, then not: at full speed" fv_wait 60 link_is "$port" 3 8
	policy "$dev" auto_retrain=0
	has_it_back "$what, then not"

	# --- the owner ends
	what="$user, killed before it is programmed"
	fenced "$what"
	owner_ends KILL
	has_it_back "$what"
	what="$user, killed while it is programmed"
	owner
	fenced "$what"
	fault reprogram hold
	owner_ends KILL
	fv_check "$what: the driver recovers it" fv_wait 60 device_is "$dev" recovering
	held "$what"
	release
	has_it_back "$what"
	what="$user, killed after it was programmed"
	owner
	fenced "$what"
	programmed 300
	owner_ends KILL
	has_it_back "$what"
	what="$user, killed while it is recovered"
	owner
	fenced "$what"
	fault reprogram hold
	own_start recover "$dev"
	fv_wait 60 device_is "$dev" recovering
	held "$what"
	kill -KILL "$OWNER"
	fv_check "$what: it is gone" fv_wait $((30 / FV_SLOW)) gone "$OWNER"
	owner_ends
	held "$what, the driver goes on"
	release
	has_it_back "$what"
	what="$user, killed when it was another"
	owner
	fenced "$what"
	programmed alveo-xdma-2 100
	owner_ends KILL
	fv_check "$what: it has changed" fv_wait 60 device_is "$dev" changed
	fv_check "$what: the user reads all-ones" replies $ONES get 0 0
	owner
	fenced "$what, fenced again"
	programmed alveo-xdma 100
	fv_check "$what, then the old one: recovered" own recover "$dev"
	has_it_back "$what, then the old one"
	# programming still runs at the timeout: the link stays down
	what="$user, the time is over while it is programmed"
	since
	card train-time hold
	fenced "$what" timeout=500
	fault reprogram hold
	fv_check "$what: it is" has_event "kind=fence origin=driver .*its time is over"
	held "$what"
	card train-time image
	release
	fv_check "$what: recovered by the driver" has_event "kind=recover origin=driver"
	has_it_back "$what"

	owner_ends
	if [ $user = hammering ]; then
		request hammer off
		fv_row reprogram_stall_map $FV_DRIVER "$(hammered map-us)" us
		fv_row reprogram_stall_fd $FV_DRIVER "$(hammered fd-us)" us
		fv_row reprogram_stall_nothing $FV_DRIVER "$(hammered idle-us)" us
	fi
	fv_release
done

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
