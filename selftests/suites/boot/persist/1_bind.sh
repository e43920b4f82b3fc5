#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# First boot: vfio-pci takes all cards of a kind, as in guides; one of them is bound for good.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/machine.sh"

hold cards_ok "three cards of a kind are there"
cards_ok()
{
	[ "$(lspci -Dnd 10ee:903f | wc -l)" = 3 ]
	[ -n "$FV_CARD1" ] && [ -n "$FV_CARD2" ] && [ -n "$FV_CARD3" ]
}

hold install_ok "fpgactl and its files are installed"
install_ok()
{
	cp -a /t/install/. /
	depmod
	fpgactl version
	modprobe fpga_vfio_pci
	fpgactl list
}

run_tests
