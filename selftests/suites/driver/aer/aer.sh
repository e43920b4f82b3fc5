#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# Uncorrectable errors at the card's port: notifications of the user, recovery of the card.
# QEMU's monitor injects them into the root port.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

SCRATCH=10
use_card FV_CARD

# not_told: succeed if the user was not notified of an error
not_told()
{
	! grep -q ^error "$HELD"
}

cards_bind "$dev"
bits=$(port_bits)

# --- recover: the user continues
holder "$dev"
fv_check "the card has a user" told held
config=$(card_config "$dev")
fv_check "used" replies 0 write $SCRATCH 5eed
nonfatal=$(counter "$dev" aer_nonfatal)
since
mark
timeouts=$(counter "$dev" aer_timeouts)
fault aer COMP_TIME
fv_check "recover, not fatal: it is told" \
	has_event "kind=aer origin=kernel .*text=non-fatal: Completion Timeout"
fv_same "recover, not fatal: counted as a timeout" $((timeouts + 1)) "$(counter "$dev" aer_timeouts)"
fv_same "recover, not fatal: counted" $((nonfatal + 1)) "$(counter "$dev" aer_nonfatal)"
fv_check "recover, not fatal: the card is not reset" seen
fv_check "recover, not fatal: its registers are as before" replies 00005eed read $SCRATCH
fv_same "recover, not fatal: its configuration, too" "$config" "$(card_config "$dev")"
fv_same "recover, not fatal: the state is ready" ready "$(device "$dev" state)"
fv_check "recover, not fatal: the user is told nothing" not_told

fatal=$(counter "$dev" aer_fatal)
losses=$(counter "$dev" link_losses)
since
mark
fault aer SDN
fv_check "recover, fatal: it is told" has_event "kind=aer origin=kernel .*text=fatal" \
	"kind=state origin=kernel .*state=lost" "kind=recover origin=driver" \
	"kind=state origin=driver .*state=ready"
fv_same "recover, fatal: counted" $((fatal + 1)) "$(counter "$dev" aer_fatal)"
fv_check "recover, fatal: the PCI core has reset the link, and we nothing more" seen hot
fv_same "recover, fatal: the configuration is as before" "$config" "$(card_config "$dev")"
fv_check "recover, fatal: the card works" replies $CARD_ID read 0
fv_check "recover, fatal: the user can reset it" replies 0 reset
fv_check "recover, fatal: the user is told nothing" not_told
fv_same "recover, fatal: no loss of the link is counted" "$losses" \
	"$(counter "$dev" link_losses)"
fv_same "recover, fatal: the port is as before" "$bits" "$(port_bits)"

# a lost link, as with a loose connector, until it is reported
since
fault surprise-down
# reported by AER or by the link monitor, whichever is first, but only once
fv_check "surprise down: it is told" \
	has_event "kind=(aer origin=kernel .*text=fatal|link-down origin=monitor)"
fault link-up
fv_check "surprise down: the card comes back" fv_wait 60 device_is "$dev" ready
fv_check "surprise down: by the driver itself" has_event "kind=recover origin=driver" "state=ready"
fv_same "surprise down: the configuration is as before" "$config" "$(card_config "$dev")"
fv_check "surprise down: the card works" replies $CARD_ID read 0
fv_check "surprise down: the user is told nothing" not_told
fv_check "surprise down: the user is still there" kill -0 "$FV_HOLDER"

# the link is up at once, but the card does not answer for longer than the driver's limit for the
# PCI core, which still waits: the recovery waits for the PCI core
losses=$(counter "$dev" link_losses)
since
mark
kmsg_mark
fault not-ready 12000 ones
fault aer SDN
fv_check "late: it is lost" has_event "kind=aer origin=kernel .*text=fatal" \
	"kind=state origin=kernel .*state=lost"
fv_check "late: the card comes back" fv_wait 60 device_is "$dev" ready
fv_check "late: the PCI core has waited for it" kmsg_has "$dev: ready [0-9]+ms after bus reset"
fv_check "late: the PCI core has reset the link, and we nothing more" seen hot
fv_check "late: no read of the link took that for a loss" \
	test "$losses" = "$(counter "$dev" link_losses)"
fv_same "late: the configuration is as before" "$config" "$(card_config "$dev")"
fv_check "late: the card works" replies $CARD_ID read 0
fv_check "late: the user is told nothing" not_told
fv_check "late: the port is as before" fv_wait 60 eval '[ "$bits" = "$(port_bits)" ]'
card_clean

# for longer than the PCI core waits
since
fault surprise-down
fv_check "gone: it is told" has_event "kind=(aer origin=kernel .*text=fatal|link-down origin=monitor)"
fv_check "gone: the card is lost, or given up" \
	fv_wait 60 eval '! device_is "$dev" ready'
fault link-up
fv_check "gone, and back: the card comes back" fv_wait 60 device_is "$dev" ready
fv_check "gone, and back: the card works" replies $CARD_ID read 0
fv_same "gone, and back: the configuration is as before" "$config" "$(card_config "$dev")"
fv_check "gone, and back: the user is still there" kill -0 "$FV_HOLDER"
fv_same "gone, and back: the port is as before" "$bits" "$(port_bits)"
fv_release

# --- errors that the user is notified of: those that may have delivered wrong data. Internal
# errors are masked by default and not among them
# notifies POLICY ERROR SEVERITY NAME yes|no 0|1: inject the error; check whether the user is notified,
# and whether it counts as a data error
notifies()
{
	local policy=$1 error=$2 severity=$3 name=$4 is_told=$5 is_data=$6
	local what="aer=$policy, $name" data

	policy "$dev" aer="$policy"
	holder "$dev"
	told held
	data=$(counter "$dev" aer_data_errors)
	since
	fault aer "$error"
	# errors latched while the port was isolated are named, too
	fv_check "$what: is an event" has_event "kind=aer origin=kernel .*text=$severity: (.*, )?$name"
	if [ "$severity" = fatal ]; then
		fv_check "$what: the card is back" has_event "kind=aer .*text=fatal" \
			"kind=recover origin=driver" "kind=state .*state=ready"
	fi
	fv_same "$what: state" ready "$(device "$dev" state)"
	fv_same "$what: counted as wrong data" $((data + is_data)) "$(counter "$dev" aer_data_errors)"
	fv_check "$what: the user reads the card" replies $CARD_ID read 0
	if [ "$is_told" = yes ]; then
		fv_check "$what: the user is told" told error
	else
		fv_check "$what: the user is told nothing" not_told
	fi
	fv_release
}

notifies recover POISON_TLP non-fatal "Poisoned TLP" yes 1
notifies recover ECRC non-fatal "ECRC Error" yes 1
notifies recover MALF_TLP fatal "Malformed TLP" yes 1
notifies recover RX_OVER fatal "Receiver Overflow" yes 1
notifies recover COMP_TIME non-fatal "Completion Timeout" no 0
notifies recover COMP_ABORT non-fatal "Completer Abort" no 0
notifies recover UNX_COMP non-fatal "Unexpected Completion" no 0
notifies recover UNSUP non-fatal "Unsupported Request" no 0
notifies recover DLP fatal "Data Link Protocol Error" no 0
notifies recover FCP fatal "Flow Control Protocol Error" no 0
notifies recover SDN fatal "Surprise Down" no 0
notifies ignore-data-errors POISON_TLP non-fatal "Poisoned TLP" no 1
notifies ignore-data-errors MALF_TLP fatal "Malformed TLP" no 1
notifies stop UNSUP non-fatal "Unsupported Request" yes 0

# --- stop: as with vfio-pci
policy "$dev" aer=stop
nonfatal=$(counter "$dev" aer_nonfatal)
holder "$dev"
told held
fv_check "stop, not fatal: the user is told nothing before" not_told
fault aer POISON_TLP
fv_check "stop, not fatal: the user is told" told error
fv_same "stop, not fatal: counted" $((nonfatal + 1)) "$(counter "$dev" aer_nonfatal)"
fv_release
holder "$dev"
told held
since
fault aer SDN
fv_check "stop, fatal: the user is told" told error
fv_check "stop, fatal: the card is recovered all the same" \
	has_event "kind=recover origin=driver" "state=ready"
fv_check "stop, fatal: the card works" replies $CARD_ID read 0
fv_release

fv_unbind "$dev"
fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
