#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2016,SC2154 # variables are used by name; conditions are for eval; set by switch_load
# The link above a switch is lost: its ports read as all-ones. The cards are lost, their
# user reads all-ones; nothing of that is saved or written back, and when the PCI core has recovered
# the switch, the user has its card again.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARDS FV_KO
ktap_print_header

ONES=ffffffff
switch_load || ktap_exit_fail_msg "the port module cannot be loaded"
use_card FV_CARD
cards_bind "$FV_CARD" "$FV_CARD2" "$FV_CARD2_FN1"
for bdf in "$FV_CARD" "$FV_CARD2" "$FV_CARD2_FN1"; do
	policy "$bdf" monitor_interval_ms=10 ready_limit_ms=120000
done
bits=$(port_controls)
user=idle

# upper_link 0|1: pull or plug the cable above the switch
upper_link()
{
	sim "$root" link="$1"
}

# recover_switch: the kernel recovers the switch from a fatal error at the root port
recover_switch()
{
	fv-fault hmp pcie_aer_inject_error rp1 SDN >/dev/null
}

holder "$dev"
fv_check "the card has a user" told held
replies 0 map 0
config=$(card_config "$dev")
fences=$(counter "$dev" fences)
losses=$(counter "$dev" link_losses)
since

what="the link above is lost"
owned_mark
upper_link 0
fv_check "$what: the card is lost" fv_wait 60 device_is "$dev" lost
fv_check "$what: the other card, too" fv_wait 60 device_is "$FV_CARD2" lost
fv_check "$what: the user reads all-ones" replies $ONES get 0 0
fv_same "$what: counted" $((losses + 1)) "$(counter "$dev" link_losses)"
fv_same "$what: fenced, counted" $((fences + 1)) "$(counter "$dev" fences)"
fv_has "$what: the reason names the port" "$port does not answer" "$(device "$dev" reason)"
fv_check "$what: it is waited for" counts "$root" ones 200 :
fv_check "$what: the card stays lost" device_is "$dev" lost
fv_same "$what: the driver writes to no port" "" "$(owned_writes '\[fpga_vfio_pci\]')"

what="it comes back"
upper_link 1
recover_switch
fv_check "$what: the other card is ready" fv_wait 60 device_is "$FV_CARD2" ready
has_it_back "$what"
fv_check "$what: told" has_event "kind=link-down origin=monitor" "kind=link-up" \
	"kind=state .*state=ready"

fv_release
fv_unbind "$FV_CARD" "$FV_CARD2" "$FV_CARD2_FN1"
fv_check "the port is as before" port_is bits
fv_unload
fv_check "the port module unloads" rmmod fv_port
fv_finish
