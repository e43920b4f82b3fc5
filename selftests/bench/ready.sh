#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2119 # all ports
# How much later than ready is a card usable? With the stock driver by sysfs (pci_reset_function(),
# FLR and bus reset), and with fpga_vfio_pci by netlink, in one boot, on one card. Both times are on
# the card's clock: its trace has the time of readiness, and the card reports the first use.
#
# pci_dev_wait() polls after 1, 2, 4, … ms, i.e. 1023, 2047, 4095 and 8191 ms after the initial
# 100 ms, plus the rounding of each msleep(). A card that is ready just before such a poll is seen
# soon, one that is ready just after it up to twice as late; the windows have one of each kind. The
# card answers with RRS, which every kernel waits for: pci_dev_wait() of 7.2.12 takes all-ones for
# ready where the root port has RRS Software Visibility.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header
use_card FV_CARD
WINDOWS_MS="1100 1400 4200 4700"

# measure HOW MS: milliseconds from ready to used in $late
measure()
{
	local used

	mark
	used=$("$FV_DIR/ready_bench" "$dev" "$1" | sed -n 's/^used //p')
	late=none
	[ -n "$used" ] || return
	late=$((used - $2 - $(fault ctl trace "$from" | jq '[.events[] |
		select(.what == "reset" or .what == "link-up")][-1].us / 1000 | floor')))
}

# bound DRIVER: bind, without runtime suspend, with memory enabled
bound()
{
	fv_bind "$1" "$dev" && echo on >"$FV_PCI/$dev/power/control" && works
}

[ -d /sys/module/fv_port ] || port_load || ktap_exit_fail_msg "the port module cannot be loaded"
if ! fv_load_stock || ! fv_load; then
	ktap_exit_fail_msg "the drivers cannot be loaded"
fi

declare -A stock
bound $FV_STOCK || ktap_exit_fail_msg "the card cannot be bound to $FV_STOCK"
for method in flr hot; do
	echo ${method/hot/bus} >"$FV_PCI/$dev/reset_method"
	for ms in $WINDOWS_MS; do
		fault not-ready "$ms" rrs
		measure sysfs "$ms"
		stock[$method.$ms]=$late
		fv_row "ready_${method}_${ms}_late" $FV_STOCK "$late" ms
	done
done
echo default >"$FV_PCI/$dev/reset_method"
card ready-after image
card not-ready image

bound $FV_DRIVER || ktap_exit_fail_msg "the card cannot be bound to $FV_DRIVER"
for method in flr hot link; do
	for ms in $WINDOWS_MS; do
		limit=$((10 + ms / 20))
		fault not-ready "$ms" rrs
		# a busy host may delay one try
		for try in 1 2 3; do
			measure $method "$ms"
			[ "$late" != none ] || break
			[ "$late" -gt $limit ] || break
			echo "# try $try: $late ms"
		done
		fv_row "ready_${method}_${ms}_late" $FV_DRIVER "$late" ms
		fv_check "$method, ready after $ms ms: usable $late ms later, $FV_STOCK ${stock[$method.$ms]:-has none}, limit $limit" \
			eval "[ $late != none ] && [ $late -le $limit ]"
	done
done
card ready-after image
card not-ready image
fv_unbind "$dev"
fv_unload
rmmod fv_port
fv_finish
