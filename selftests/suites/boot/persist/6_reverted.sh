#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# After the files were taken back.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/machine.sh"

hold unbound_ok "vfio-pci has all cards, as before"
unbound_ok()
{
	local card

	for card in "$FV_CARD1" "$FV_CARD2" "$FV_CARD3"; do
		[ "$(driver_of "$card")" = vfio-pci ]
	done
}

hold silent_ok "fpgactl has nothing to say"
silent_ok()
{
	if dmesg | grep "fpgactl: "; then
		return 1
	fi
}

hold doctor_ok "doctor has nothing to say about card files"
doctor_ok()
{
	doctor_silent
}

run_tests
