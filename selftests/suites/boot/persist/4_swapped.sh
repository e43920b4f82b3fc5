#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The card was exchanged with another one of its kind.
# topology: swapped
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/machine.sh"

hold swapped_refused "a card with another serial number is not bound in the slot of the chosen one"
swapped_refused()
{
	[ -z "$(ls -d /sys/bus/pci/drivers/fpga_vfio_pci/0000:* 2>/dev/null)" ]
	[ "$(driver_of "$FV_CARD2")" = vfio-pci ]
	[ "$(driver_of "$FV_CARD3")" = vfio-pci ]
}

hold told_ok "the kernel log has the serial numbers of both"
told_ok()
{
	dmesg | grep "fpgactl: 0000:00:12.0/00: not bound: .*00-a0-35-01-12-34-56-72.*00-a0-35-01-12-34-56-73"
}

hold doctor_ok "doctor has the serial numbers of both"
doctor_ok()
{
	doctor_says card-not-matched 00-a0-35-01-12-34-56-72
	doctor_says card-not-matched 00-a0-35-01-12-34-56-73
}

run_tests
