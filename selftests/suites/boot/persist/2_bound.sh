#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same machine, booted again.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/machine.sh"

hold bound_ok "the chosen card is bound, the two others of the kind are vfio-pci's"
bound_ok()
{
	[ "$(driver_of "$FV_CARD2")" = fpga_vfio_pci ]
	[ "$(driver_of "$FV_CARD1")" = vfio-pci ]
	[ "$(driver_of "$FV_CARD3")" = vfio-pci ]
}

hold first_ok "no other driver was ever tried on it"
first_ok()
{
	[ "$(probed_by "$FV_CARD1" | sort -u)" = vfio-pci ]
	[ "$(probed_by "$FV_CARD2" | sort -u)" = fpga_vfio_pci ]
}

hold early_ok "it was bound in the initramfs, before the root file system was mounted"
early_ok()
{
	local bound mounted

	bound=$(line_of "really_probe: probing driver fpga_vfio_pci")
	mounted=$(line_of "EXT4-fs (vda): mounted")
	[ "$bound" -lt "$mounted" ]
}

hold policy_ok "its policy is in force"
policy_ok()
{
	[ "$(fpgactl policy "$FV_CARD2" --json | jq '.. | .load_limit_ns? // empty')" = 90000000000 ]
}

hold silent_ok "fpgactl had nothing to complain about"
silent_ok()
{
	if dmesg | grep "fpgactl: "; then
		return 1
	fi
}

hold doctor_ok "doctor calls the card ready, and has nothing to say about it or its file"
doctor_ok()
{
	doctor_silent
	jq -e --arg bdf "$FV_CARD2" '.devices[] | select(.bdf == $bdf).ready' "$FV_OUT/doctor"
	jq -e --arg bdf "$FV_CARD2" '[.findings[] | select(.object == $bdf)] == []' "$FV_OUT/doctor"
}

run_tests
