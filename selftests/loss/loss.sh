#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; arguments are optional
# A link that goes without warning: the user reads all-ones, is told nothing, and has his card
# again as soon as it is back. The watch's own decisions have a suite of their own.
# shellcheck source=selftests/card-l1/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

ONES=ffffffff
FLAPS=20
use_card FV_CARD
cards_bind "$dev"
policy "$dev" watch_interval_ms=10
bits=$(port_controls)

# lost WHAT: and seen
lost()
{
	fv_check "$1: lost" fv_wait 5 device_is "$dev" lost
	fv_check "$1: the user reads all-ones" asked $ONES get 0 0
	fv_check "$1: of the configuration, too" asked "4 ones" pread 7 0 4
}

for user in idle hammering; do
	holder "$dev"
	fv_check "$user: the card has a user" told held
	asked 0 dma
	asked 0 map 0
	config=$(card_config "$dev")
	if [ $user = hammering ]; then
		asked 0 hammer on
	fi
	fences=$(counter "$dev" fences)
	since

	what="$user, away for a second"
	losses=$(counter "$dev" link_losses)
	fault link-down
	lost "$what"
	fv_same "$what: counted" $((losses + 1)) "$(counter "$dev" link_losses)"
	fv_same "$what: fenced, counted" $((fences + 1)) "$(counter "$dev" fences)"
	fault wait link-up 1000 2>/dev/null
	fault link-up
	has_it_back "$what"
	fv_check "$what: told" has_event "kind=link-down origin=watch" "kind=link-up" \
		"kind=recover origin=(driver|watch)" "kind=state .*state=ready"
	fv_check "$what: without a reset" eval '! has_event_now kind=reset'

	what="$user, away until it is put right"
	fault link-down
	lost "$what"
	fv_check "$what: and stays so" eval '! fv_wait 2 device_is "$dev" ready'
	lost "$what, 2 s later"
	fault link-up
	has_it_back "$what"

	what="$user, the slot without power"
	card power off
	lost "$what"
	card power on
	has_it_back "$what"

	what="$user, a fundamental reset"
	card perst
	has_it_back "$what"

	what="$user, taken out and put in"
	fault remove
	lost "$what"
	fault insert
	has_it_back "$what"

	what="$user, programmed without a fence"
	since
	fault reprogram 500
	fv_check "$what: lost" has_event "kind=state .*state=lost"
	has_it_back "$what"

	what="$user, back at 2.5 GT/s x1"
	fault come-back 1 1 1
	fault link-down
	lost "$what"
	fault link-up
	has_it_back "$what"

	what="$user, with an error of the port"
	since
	fault surprise-down for 300
	fv_check "$what: seen" has_event "kind=state .*state=lost"
	has_it_back "$what"

	# --- again and again
	what="$user, $FLAPS times"
	seed=7
	for ((flap = 0; flap < FLAPS; flap++)); do
		seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
		fault link-down for $((30 + seed / 65536 % 200))
		# at any time of what the driver does because of the last one
		read -rt 0.$(((seed / 1024) % 5)) <> <(:) || :
	done
	fv_check "$what: the link is up" fv_wait 10 link_is "$port" 3 8
	has_it_back "$what"

	if [ $user = hammering ]; then
		ask hammer off
		fv_row loss_stall_map $FV_DRIVER "$(hammered map-us)" us
		fv_row loss_stall_fd $FV_DRIVER "$(hammered fd-us)" us
	fi
	fv_let_go
done

# --- the port contains it, where the kernel has a driver for that
echo "$port" >/sys/bus/pci/drivers/pcieport/unbind
echo "$port" >/sys/bus/pci/drivers/pcieport/bind
user=idle
holder "$dev"
told held
asked 0 dma
asked 0 map 0
if reg_has "$port" ECAP_DPC+6.w 0x3 0; then
	ktap_test_skip "DPC: this kernel does not use it"
else
	# Without a watch, which otherwise is the first to see it, and for longer than the PCI
	# core waits: one that looks soon after that, or never.
	for interval in 10 0; do
		what="DPC, a look each $interval ms"
		policy "$dev" watch_interval_ms=0
		bits=$(port_controls)
		kmsg_mark
		fault link-down for $((4000 * FV_SLOW))
		fv_check "$what: the port contains it" fv_wait 5 kmsg_has "DPC: containment event"
		fv_check "$what: the user reads all-ones" asked $ONES get 0 0
		policy "$dev" watch_interval_ms=$interval
		has_it_back "$what"
		fv_check "$what: the PCI core had given it up" \
			kmsg_has "subordinate device reset failed"
	done
	# as with vfio-pci: the user is told, and what it broke is repaired all the same
	what="DPC, aer=stop, no look"
	policy "$dev" aer=stop watch_interval_ms=0
	bits=$(port_controls)
	kmsg_mark
	fault link-down for $((4000 * FV_SLOW))
	fv_check "$what: the port contains it" fv_wait 5 kmsg_has "DPC: containment event"
	fv_check "$what: the user is told" told error
	fv_check "$what: ready" fv_wait 60 device_is "$dev" ready
	fv_check "$what: the PCI core had given it up" kmsg_has "subordinate device reset failed"
	fv_check "$what: the port is as it was" port_is bits
	fv_check "$what: the configuration is as it was" card_is_as config
	fv_check "$what: the card works" asked "$CARD_ID" get 0 0
	policy "$dev" aer=recover watch_interval_ms=10
fi

# --- nobody has it
fv_let_go
echo on >"$FV_PCI/$dev/power/control"
fault link-down for $((3000 * FV_SLOW))
fv_check "nobody has it: lost" fv_wait 5 device_is "$dev" lost
fv_check "nobody has it: back" fv_wait 20 device_is "$dev" ready
fv_check "nobody has it: works" works
fault link-down
fv_wait 5 device_is "$dev" lost
fv_unbind "$dev"
fv_check "unbound while it is lost: there is no driver" fv_driver_is "$dev" ""
fault link-up
fault wait ready
fv_bind $FV_DRIVER "$dev"
fv_same "bound again: ready" ready "$(device "$dev" state)"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
