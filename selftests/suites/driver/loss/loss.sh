#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; arguments are optional
# Unexpected link loss: the user reads all-ones, gets no notification, and can use the card again as
# soon as the link is back. The link monitor has another suite.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

ONES=ffffffff
# accesses after which the link drops again in a recovery, which makes about 90
CUTS="1 2 3 5 8 13 21 34 55 80"
use_card FV_CARD
cards_bind "$dev"
# beyond what a slow machine needs
policy "$dev" monitor_interval_ms=10 ready_limit_ms=120000
bits=$(port_controls)

# lost WHAT: check that the loss is detected
lost()
{
	fv_check "$1: lost" fv_wait 60 device_is "$dev" lost
	fv_check "$1: the user reads all-ones" replies $ONES get 0 0
	fv_check "$1: of the configuration, too" replies "4 ones" pread 7 0 4
	[ "$user" = idle ] || goes_on "$1"
}

for user in idle hammering; do
	holder "$dev"
	fv_check "$user: the card has a user" told held
	replies 0 dma
	replies 0 map 0
	config=$(card_config "$dev")
	if [ $user = hammering ]; then
		replies 0 hammer on
	fi
	fences=$(counter "$dev" fences)
	since

	what="$user, away"
	losses=$(counter "$dev" link_losses)
	fault link-down
	lost "$what"
	fv_same "$what: counted" $((losses + 1)) "$(counter "$dev" link_losses)"
	fv_same "$what: fenced, counted" $((fences + 1)) "$(counter "$dev" fences)"
	fault link-up
	has_it_back "$what"
	fv_check "$what: told" has_event "kind=link-down origin=monitor" "kind=link-up" \
		"kind=recover origin=(driver|monitor)" "kind=state .*state=ready"
	fv_check "$what: without a reset" eval '! has_event_now kind=reset'

	what="$user, away until it is put right"
	fault link-down
	lost "$what"
	fv_check "$what: its link is waited for" polled link_reads 100
	lost "$what, 100 polls later"
	fault link-up
	has_it_back "$what"

	what="$user, not ready when its link is up"
	fault not-ready hold ones
	fault link-down
	lost "$what"
	fv_check "$what: it is polled again and again" counts "$port" ones 100 fault link-up
	lost "$what, polled 100 times"
	fault release
	has_it_back "$what"
	card ready-after image

	card load-time 100
	what="$user, the slot without power"
	card power off
	lost "$what"
	card power on
	has_it_back "$what"

	what="$user, a fundamental reset"
	card train-time hold
	card perst
	lost "$what"
	fault release
	has_it_back "$what"
	card train-time image

	what="$user, taken out and put in"
	fault remove
	lost "$what"
	fault insert
	has_it_back "$what"
	card load-time image

	what="$user, programmed without a fence"
	fault reprogram hold
	lost "$what"
	fault release
	has_it_back "$what"

	what="$user, back at 2.5 GT/s x1"
	fault come-back 1 1 1
	fault link-down
	lost "$what"
	fault link-up
	has_it_back "$what"

	what="$user, with an error of the port"
	fault surprise-down
	lost "$what"
	fault link-up
	has_it_back "$what"

	# --- again, in the middle of the recovery
	fault link-down
	lost "$user, again and again"
	for cut in $CUTS; do
		what="$user, lost again after $cut accesses"
		mark
		cut_after "$port" "$cut"
		fault link-up
		fv_check "$what: it is" fv_wait 60 traced 'port event 0x20'
		[ $user = idle ] || goes_on "$what"
	done
	fault link-up
	has_it_back "$user, lost again after ${CUTS// /, } accesses"

	[ $user = idle ] || request hammer off
	fv_release
done

# --- DPC, where the kernel has a driver for it
echo "$port" >/sys/bus/pci/drivers/pcieport/unbind
echo "$port" >/sys/bus/pci/drivers/pcieport/bind
user=idle
holder "$dev"
told held
replies 0 dma
replies 0 map 0
if reg_has "$port" ECAP_DPC+6.w 0x3 0; then
	ktap_test_skip "DPC: this kernel does not use it"
else
	# Without the link monitor, which would be first, and for longer than the PCI core waits.
	# Then with the monitor on, or still off.
	for interval in 10 0; do
		what="DPC, a poll each $interval ms"
		policy "$dev" monitor_interval_ms=0
		bits=$(port_controls)
		kmsg_mark
		fault link-down
		fv_check "$what: the port contains it" fv_wait 60 kmsg_has "DPC: containment event"
		fv_check "$what: the user reads all-ones" replies $ONES get 0 0
		policy "$dev" monitor_interval_ms=$interval
		fv_check "$what: the PCI core gives it up" \
			fv_wait 120 kmsg_has "subordinate device reset failed"
		fault link-up
		has_it_back "$what"
	done
	# as with vfio-pci, the user is notified; the card recovers all the same
	what="DPC, aer=stop, no poll"
	policy "$dev" aer=stop monitor_interval_ms=0
	bits=$(port_controls)
	kmsg_mark
	fault link-down
	fv_check "$what: the port contains it" fv_wait 60 kmsg_has "DPC: containment event"
	fv_check "$what: the user is told" told error
	fv_check "$what: the PCI core gives it up" \
		fv_wait 120 kmsg_has "subordinate device reset failed"
	fault link-up
	fv_check "$what: ready" fv_wait 60 device_is "$dev" ready
	fv_check "$what: the port is as before" port_is bits
	fv_check "$what: the configuration is as before" card_is_as config
	fv_check "$what: the card works" replies "$CARD_ID" get 0 0
	policy "$dev" aer=recover monitor_interval_ms=10
fi

# --- no user
fv_release
echo on >"$FV_PCI/$dev/power/control"
fault link-down
fv_check "without a user: lost" fv_wait 60 device_is "$dev" lost
fault link-up
fv_check "without a user: back" fv_wait 60 device_is "$dev" ready
fv_check "without a user: works" works
fault link-down
fv_check "unbound while it is lost: lost before" fv_wait 60 device_is "$dev" lost
fv_unbind "$dev"
fv_check "unbound while it is lost: there is no driver" fv_driver_is "$dev" ""
fault link-up
fault wait ready
fv_bind $FV_DRIVER "$dev"
fv_same "bound again: ready" ready "$(device "$dev" state)"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
