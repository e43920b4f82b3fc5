#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# First boot: vfio-pci takes all cards of a kind, as guides have it; one of them is bound for good.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/machine.sh"

hold cards_ok "three cards of a kind are there, and no driver has them"
cards_ok()
{
	local card

	[ "$(lspci -Dnd 10ee:903f | wc -l)" = 3 ]
	for card in "$FV_CARD1" "$FV_CARD2" "$FV_CARD3"; do
		[ -z "$(driver_of "$card")" ]
	done
}

hold install_ok "fpgactl, its rule for udev and the module are installed"
install_ok()
{
	cp -a /t/install/. /
	depmod
	udevadm control --reload
	modprobe fpga_vfio_pci
}

hold group_ok "systemd makes the group, and the socket of the service is enabled for it"
group_ok()
{
	systemd-sysusers
	printf '%s\n' "u alice -" "m alice fpga" "u eve -" | systemd-sysusers -
	systemctl daemon-reload
	systemctl enable fpgactl.socket
}

hold competitor_ok "the host's own configuration gives all cards of the kind to vfio-pci"
competitor_ok()
{
	echo "options vfio-pci ids=10ee:903f" >/etc/modprobe.d/vfio.conf
	if [ -d /etc/initramfs-tools ]; then
		echo vfio-pci >>/etc/initramfs-tools/modules
	else
		echo 'force_drivers+=" vfio-pci "' >/etc/dracut.conf.d/vfio.conf
	fi
	echo vfio-pci >/etc/modules-load.d/vfio.conf
	remember_files
}

hold bind_ok "bind --persist and policy --persist write the card's file, and take the card now"
bind_ok()
{
	fpgactl bind --persist --yes "$FV_CARD2"
	[ "$(driver_of "$FV_CARD2")" = fpga_vfio_pci ]
	fpgactl policy "$FV_CARD2" load-limit=90s --persist
	cat /etc/fpgactl/cards.d/*.conf
	[ "$(ls /etc/fpgactl/cards.d)" = 0000:00:12.0-00.conf ]
	make_initramfs
}

run_tests
