#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The card was put into another slot.
# topology: moved
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/machine.sh"

hold moved_refused "a card that moved is not bound, nor is another one"
moved_refused()
{
	[ -z "$(ls -d /sys/bus/pci/drivers/fpga_vfio_pci/0000:* 2>/dev/null)" ]
	[ "$(driver_of "$FV_CARD2")" = vfio-pci ]
}

hold told_ok "the kernel log says where the card was and where it is"
told_ok()
{
	dmesg | grep "fpgactl: 0000:00:12.0/00: not bound: .*0000:00:14.0/00"
}

hold journal_ok "the journal has it, too"
journal_ok()
{
	journalctl -b -o cat | grep "fpgactl: 0000:00:12.0/00: not bound: .*0000:00:14.0/00"
}

hold doctor_ok "doctor says where the card was and where it is"
doctor_ok()
{
	doctor_says card-not-matched "0000:00:12.0/00: nothing is bound: "
	doctor_says card-not-matched 0000:00:14.0/00
}

hold user_ok "of a user who may not read serial numbers, doctor says that root would tell more"
user_ok()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups fpgactl doctor --json | tee "$FV_OUT/doctor"
	jq -e '.needs_root | any(endswith("/config"))' "$FV_OUT/doctor"
}

run_tests
