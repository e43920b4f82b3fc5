#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; all ports
# While one card is waited for, no other card waits, nor user space for the configuration space of
# this one. The card does not come back until the test releases it, which shows that nothing waited
# for it; the load limit is longer than the test.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARDS FV_KO
ktap_print_header

# a time much longer than what is waited for needs, and much shorter than any limit
GONE_S=$((60 / FV_SLOW))
patient=(load_limit_ms=600000 ready_limit_ms=120000)

# ends WHAT COMMAND…: check that COMMAND ends and succeeds
ends()
{
	"${@:2}" &
	ended=$!
	fv_check "$1: ends" fv_wait $GONE_S gone $ended
	fv_check "$1: succeeds" eval "gone $ended && wait $ended"
}

# is_waited_for WHAT: check that $waiter still waits for the card
is_waited_for()
{
	fv_check "$1: the card is still waited for" kill -0 "$waiter"
	fv_check "$1: it is not back" eval '[ "$(fault status .state)" != ready ]'
}

# other_card WHAT: check that another card is unbound and bound while $waiter waits
other_card()
{
	ends "$1: unbind of another card" fv_unbind "$FV_CARD"
	ends "$1: bind of another card" fv_bind $FV_DRIVER "$FV_CARD"
	is_waited_for "$1"
}

# is_recovered FILE: succeed if this output of fv_act says that the card is recovered
is_recovered()
{
	cat "$1"
	grep -q '^error 0 ' "$1"
}

cards_bind "$FV_CARD" "$FV_CARD2" "$FV_CARD2_FN1"
use_card FV_CARD2
for bdf in "$dev" "$FV_CARD2_FN1"; do
	policy "$bdf" "${patient[@]}"
done
bits=$(port_controls)

# --- a recovery waits for the link
what="recover"
act fence "$dev" detached
fault reprogram hold
"$FV_DIR/fv_act" recover "$dev" >/tmp/waiter &
waiter=$!
fv_check "$what: its link is waited for" polled link_reads
for bdf in "$dev" "$FV_CARD2_FN1"; do
	ends "$what: configuration space of $bdf" eval '[ "$(cat "$FV_PCI/$bdf/config" | wc -c)" -ge 256 ]'
done
other_card "$what"
ends "$what: unbind of its other function" fv_unbind "$FV_CARD2_FN1"
is_waited_for "$what, unbind"
release
fv_check "$what: the card comes back" fv_wait 60 gone "$waiter"
fv_check "$what: is recovered" is_recovered /tmp/waiter
fv_check "$what: the port is as before" port_is bits
fv_check "$what: its other function is bound again" fv_bind $FV_DRIVER "$FV_CARD2_FN1"
policy "$FV_CARD2_FN1" "${patient[@]}"

# --- a retrain of the link holds no lock that an unbind waits for, and an unbind ends it
# is_ended: succeed if an unbind ends a retrain that is under way. The retrain ends by itself at last:
# then try again
is_ended()
{
	local tries id

	for tries in 1 2 3; do
		card train-time hold
		act submit retrain "$FV_CARD2_FN1" tries=10 || return
		id=$(sed -n 's/^id //p' <<<"$SAID")
		fv_wait 60 eval 'act op "$id" && ! said " waiting "' || return
		fv_unbind "$FV_CARD2_FN1" || return
		act op "$id"
		card train-time image
		release
		fault wait ready && fv_bind "$FV_DRIVER" "$FV_CARD2_FN1" || return
		! said "retrain ended .* ECANCELED " || return 0
	done
	return 1
}

fv_check "retrain: an unbind ends it" is_ended
fv_unbind "$FV_CARD2_FN1" "$dev"

# --- removal of the only function of a card that does not come back, under the PCI core's rescan
# lock. The session has disabled the link, or another cause took it down
use_card FV_CARD
bits=$(port_controls)
for link_disable in on off; do
	what="remove, link_disable $link_disable"
	policy "$dev" "${patient[@]}" link_disable=$link_disable
	act fence "$dev" detached
	fault reprogram hold
	fv_wait 60 card_is blank
	ends "$what" eval 'echo 1 >"$FV_PCI/$dev/remove"'
	fv_check "$what: the function is gone" [ ! -e "$FV_PCI/$dev" ]
	fv_check "$what: the card is not back" eval '[ "$(fault status .state)" != ready ]'
	fv_check "$what: the link is enabled" reg_has "$port" $LNKCTL $LNKCTL_LD 0
	fv_check "$what: the port is as before" port_is bits
	release
	fault wait ready
	ends "$what: rescan" eval 'echo 1 >/sys/bus/pci/rescan'
	fv_check "$what: the function is there again" fv_wait 60 [ -e "$FV_PCI/$dev/config" ]
	fv_check "$what: it is bound" fv_bind $FV_DRIVER "$dev"
done

fv_unbind "$dev"
fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
