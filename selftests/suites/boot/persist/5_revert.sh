#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The card is back in its slot; everything that was written is taken back.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/machine.sh"

hold back_ok "the card is bound again"
back_ok()
{
	[ "$(driver_of "$FV_CARD2")" = fpga_vfio_pci ]
	[ "$(driver_of "$FV_CARD1")" = vfio-pci ]
}

hold listed_ok "config lists the card's file, with the commands that wrote it"
listed_ok()
{
	fpgactl config
	fpgactl config --json | jq -e '[.. | strings] | any(contains("0000:00:12.0-00.conf"))'
}

hold edited_refused "a file that was edited since is not taken back, and the difference is shown"
edited_refused()
{
	cp /etc/fpgactl/cards.d/0000:00:12.0-00.conf /var/tmp/copy
	echo "# mine" >>/etc/fpgactl/cards.d/0000:00:12.0-00.conf
	if fpgactl config --revert >/var/tmp/out 2>&1; then
		return 1
	fi
	cat /var/tmp/out
	grep -q "^[-+]# mine" /var/tmp/out
	grep -q "# mine" /etc/fpgactl/cards.d/0000:00:12.0-00.conf
	cat /var/tmp/copy >/etc/fpgactl/cards.d/0000:00:12.0-00.conf
}

hold reverted_ok "config --revert leaves every file as it was before"
reverted_ok()
{
	fpgactl config --revert
	compare_files
	make_initramfs
}

run_tests
