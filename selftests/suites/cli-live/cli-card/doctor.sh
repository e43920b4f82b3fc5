#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2119 # arguments are optional
# fpgactl doctor finds each fault that is planted in a card, its port or its driver, and no other; it
# finds nothing after its own fix.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/lib/verdict.sh
. "$(dirname "$0")/verdict.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
doctor_init
use_card FV_CARD
cards_bind "$dev"
DOCTOR_USUAL+=("warning kvm-off host" "warning module-not-installed host")
verdict "a card is bound" 0 -- "$dev"

# --- drivers
fv_unbind "$dev"
verdict "a card without a driver" 0 -- "$dev"
modprobe pci-stub
fv_bind pci-stub "$dev"
verdict "another driver has the card" 0 "note driver-override $dev" -- "$dev"
fv_check "another driver has the card: the fix asks first" eval '! mend driver-override'
fv_check "another driver has the card: the fix, with consent" mend driver-override --yes
fv_check "another driver has the card: it is bound" fv_driver_is "$dev" $FV_DRIVER
echo nodriver >"$FV_PCI/$dev/driver_override"
verdict "an override of no driver" 0 "warning driver-override $dev" -- "$dev"
fv_check "an override of no driver: the fix" mend driver-override
fv_same "an override of no driver: it is ours" $FV_DRIVER "$(<"$FV_PCI/$dev/driver_override")"
verdict "both overrides replaced" 0 -- "$dev"

# --- the link and the card
fv_unbind "$dev"
reg_set "$port" "$LNKCTL=10:10"
verdict "the port disables the link" 13 "error no-response $dev" -- "$dev"
fv_has "the port disables the link: told" "its port has the link disabled" "$(finding no-response text)"
DOCTOR_AS=("${AS_USER[@]}")
verdict "the port disables the link: a user" 13 "error no-response $dev" -- "$dev"
fv_has "the port disables the link: root would read the port" "$FV_PCI/$port/config" "$(jq -r '.needs_root[]' <<<"$DOCTOR")"
DOCTOR_AS=()
doctor "$dev"
fv_check "the port disables the link: the fix" mend no-response
verdict "the link is enabled, the card re-enumerated" 0 -- "$dev"
fault link-down
verdict "no link" 13 "error no-response $dev" -- "$dev"
fault link-up
verdict "a link again, and BARs that read 0" 13 "error bars-lost $dev" -- "$dev"
fv_check "BARs that read 0: the fix" mend bars-lost
verdict "BARs as they were" 0 -- "$dev"
echo 1 >"$FV_PCI/$dev/enable"
fv_bind pci-stub "$dev"
reg_set "$dev" 4.w=0:2
verdict "memory decoding is off" 13 "error memory-off $dev" "note driver-override $dev" -- "$dev"
fv_unbind "$dev"
fv_bind $FV_DRIVER "$dev"
verdict "memory decoding is VFIO's matter" 0 -- "$dev"
fault link-down
fv_check "a bound card is lost" fv_wait 60 device_is "$dev" lost
verdict "a bound card is lost: it is not ready" 13 "error card-state $dev" -- "$dev"
fault link-up
fv_check "a bound card is back" fv_wait 60 device_is "$dev" ready
verdict "a bound card is back: it is ready" 0 -- "$dev"
policy "$dev" monitor_interval_ms=0
fault come-back 1 2
act retrain "$dev" tries=1
verdict "a slow link" 0 "warning link-degraded $dev" -- "$dev"
fault repair
fv_check "a slow link: the fix" mend link-degraded
verdict "a link at full speed" 0 -- "$dev"

fv_check "the module unloads" rmmod $FV_MODULE
# the next program finds the device as it was: an open turns decoding on only if it enables it
echo 0 >"$FV_PCI/$dev/enable"
reg_set "$dev" 4.w=2:2
rmmod fv_port
fv_finish
