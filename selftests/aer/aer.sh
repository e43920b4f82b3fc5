#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# Uncorrectable errors at the card's port: what its user is told, and what becomes of the
# card. The root port's own registers raise them, by QEMU's monitor.
. "$(dirname "$0")/fv.sh"
# shellcheck source=selftests/lib/act.sh
. "$(dirname "$0")/act.sh"
# shellcheck source=selftests/lib/events.sh
. "$(dirname "$0")/events.sh"
# shellcheck source=selftests/card-l1/card.sh
. "$(dirname "$0")/card.sh"
# shellcheck source=selftests/card-l1/trace.sh
. "$(dirname "$0")/trace.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

SCRATCH=10
dev=$FV_CARD
port_of "$dev"
port=$REPLY
for entry in $FV_CARDS; do
	IFS=: read -r role _ rp _ <<<"$entry"
	[ "$role" != FV_CARD ] || break
done

# aer ERROR: the card's port reports it
aer()
{
	fv-fault hmp pcie_aer_inject_error "$rp" "$1"
}

# port_bits: registers of the port that must be as they were in the end
port_bits()
{
	regs "$port" "$LNKCTL" "$LNKCTL2" 3e.w 4.w CAP_EXP+8.w ECAP_AER+8.l
}

# not_told: the user has not heard of an error
not_told()
{
	! grep -q ^error /tmp/held
}

[ -d /sys/module/fv_port ] || port_load || ktap_exit_fail_msg "the port module cannot be loaded"
fv_unbind "$dev"
fv_load || ktap_exit_fail_msg "the module cannot be loaded"
fv_bind $FV_DRIVER "$dev" || ktap_exit_fail_msg "the card cannot be bound"
bits=$(port_bits)

# --- recover: the user goes on
holder "$dev"
fv_check "the card has a user" told held
config=$(card_config "$dev")
fv_check "used" asked 0 write $SCRATCH 5eed
nonfatal=$(counter "$dev" aer_nonfatal)
since
mark
aer POISON_TLP
fv_check "recover, not fatal: it is told" has_event "kind=aer origin=kernel .*text=non-fatal"
fv_same "recover, not fatal: counted" $((nonfatal + 1)) "$(counter "$dev" aer_nonfatal)"
fv_check "recover, not fatal: the card is not reset" seen
fv_check "recover, not fatal: its registers are as they were" asked 00005eed read $SCRATCH
fv_same "recover, not fatal: its configuration, too" "$config" "$(card_config "$dev")"
fv_same "recover, not fatal: the state is ready" ready "$(device "$dev" state)"
fv_check "recover, not fatal: the user is told nothing" not_told

fatal=$(counter "$dev" aer_fatal)
losses=$(counter "$dev" link_losses)
since
mark
aer SDN
fv_check "recover, fatal: it is told" has_event "kind=aer origin=kernel .*text=fatal" \
	"kind=state origin=kernel .*state=lost" "kind=reset origin=driver" \
	"kind=state origin=driver .*state=ready"
fv_same "recover, fatal: counted" $((fatal + 1)) "$(counter "$dev" aer_fatal)"
fv_check "recover, fatal: the PCI core has reset the link, and we the card" seen hot flr
fv_same "recover, fatal: the configuration is as it was" "$config" "$(card_config "$dev")"
fv_check "recover, fatal: the card works" asked $CARD_ID read 0
fv_check "recover, fatal: the user can reset it" asked 0 reset
fv_check "recover, fatal: the user is told nothing" not_told
fv_same "recover, fatal: no loss of the link that nobody asked for" "$losses" \
	"$(counter "$dev" link_losses)"
fv_same "recover, fatal: the port is as it was" "$bits" "$(port_bits)"

# the link is really gone for a moment, as with a loose connector
since
fv-fault FV_CARD surprise-down for 400
fv_check "surprise down: it is told" has_event "kind=aer origin=kernel .*text=fatal"
fv_check "surprise down: the card comes back" fv_wait 30 device_is "$dev" ready
fv_check "surprise down: by our own reset" has_event "kind=reset origin=driver" "state=ready"
fv_same "surprise down: the configuration is as it was" "$config" "$(card_config "$dev")"
fv_check "surprise down: the card works" asked $CARD_ID read 0
fv_check "surprise down: the user is told nothing" not_told
fv_check "surprise down: the user is still there" kill -0 "$FV_HOLDER"

# and for longer than the PCI core waits
since
fv-fault FV_CARD surprise-down
fv_check "gone: it is told" has_event "kind=aer origin=kernel .*text=fatal"
fv_check "gone: the card is lost, or given up" \
	fv_wait 30 eval '! device_is "$dev" ready'
fv-fault FV_CARD link-up
fv_check "gone, and back: the card comes back" fv_wait 60 device_is "$dev" ready
fv_check "gone, and back: the card works" asked $CARD_ID read 0
fv_same "gone, and back: the configuration is as it was" "$config" "$(card_config "$dev")"
fv_check "gone, and back: the user is still there" kill -0 "$FV_HOLDER"
fv_same "gone, and back: the port is as it was" "$bits" "$(port_bits)"
fv_let_go

# --- stop: as with vfio-pci
policy "$dev" aer=stop
holder "$dev"
told held
fv_check "stop, not fatal: nobody is told before" not_told
aer POISON_TLP
fv_check "stop, not fatal: the user is told" told error
fv_same "stop, not fatal: counted" $((nonfatal + 2)) "$(counter "$dev" aer_nonfatal)"
fv_let_go
holder "$dev"
told held
since
aer SDN
fv_check "stop, fatal: the user is told" told error
fv_check "stop, fatal: what it broke is repaired all the same" \
	has_event "kind=reset origin=driver" "state=ready"
fv_check "stop, fatal: the card works" asked $CARD_ID read 0
fv_let_go

fv_unbind "$dev"
fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
