#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl doctor on card files.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/doctorlib.sh"
. "$(dirname "$0")/persistlib.sh"

# with_rule: the rule of udev is installed
with_rule()
{
	mkdir -p "$tree/usr/lib/udev/rules.d"
	: >"$tree/usr/lib/udev/rules.d/05-fpgactl.rules"
}

hold rule_ok "card files without the rule of udev are of no use"
rule_ok()
{
	finds_no card-rule-missing
	lines_1 | card_file 0000:00:01.0/00
	finds card-rule-missing host "no rule for udev applies them"
	level_is warning
	with_rule
	finds_no card-rule-missing
}

hold broken_ok "a broken file is named with the line"
broken_ok()
{
	lines_1 | sed 's/^bind 0.*/bind vfio-pci/' | card_file 0000:00:01.0/00
	finds card-file-broken "$(file_of 0000:00:01.0/00)" "line 8: expected: bind N fpga_vfio_pci"
	fix_is "Mend or remove the file; see fpgactl-cards.d(5)."
}

hold not_matched_ok "a card that does not match is told as apply tells it"
not_matched_ok()
{
	lines_6 | card_file 0000:00:06.0/00
	with_rule
	finds card-not-matched "$(file_of 0000:00:06.0/00)" "0000:00:06.0/00: nothing is bound: changed: function 0 was 10ee:9038 10ee:0007 120000 serial 00-0a-35-01-02-03-04-05, is 10ee:9038 10ee:0007 120000"
	level_is warning
	fix_is "If it is right as it is now: fpgactl bind --persist BDF; if the file is of no more use: fpgactl config --revert $(file_of 0000:00:06.0/00)"
	rm "$tree/sys/bus/pci/devices/0000:06:00.0"
	add_card 0000:00:11.0 0000:11:00.0 40
	serial_6 0000:11:00.0
	finds card-not-matched "$(file_of 0000:00:06.0/00)" "is in 0000:00:11.0/00 (0000:11:00.0)"
	[ ! -s "$tree/dev/kmsg" ]
}

hold not_bound_ok "a card that matches and is not bound has a command that binds it"
not_bound_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	with_rule
	finds card-not-bound 0000:01:00.1 "not bound to fpga_vfio_pci (driver: xdma)"
	fix_is "fpgactl apply 0000:01:00.1"
	fvk apply 01:00.1
	succeeds
	finds_no card-not-bound
	finds_no card-not-matched
}

hold unread_ok "without root, serial numbers are named as not checked"
unread_ok()
{
	local config=$tree/sys/bus/pci/devices/0000:06:00.0/config

	lines_6 | card_file 0000:00:06.0/00
	truncate -s 64 "$config"
	run_as_nobody doctor --json
	jq -e '.needs_root | index("/sys/bus/pci/devices/0000:06:00.0/config")' <<<"$out"
}

run_tests
