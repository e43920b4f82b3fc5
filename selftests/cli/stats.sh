#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl stats on a recorded system.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

hold all_groups_ok "all groups are shown, with the counters that are not zero"
all_groups_ok()
{
	fv stats
	succeeds
	prints "COUNTER                       VALUE DEVICES
group 17                            0000:07:00.0
├─opens                           3
├─closes                          2
├─users                           1
├─held_ns      18446744073709551615
├─config_reads                 4096
└─interrupts                     42
group 18                            0000:07:00.1"
}

hold zeros_ok "--all shows the zeros too"
zeros_ok()
{
	local n

	n=$(grep -c '	X(' "$FV_STATS_H")
	fv stats --all 18
	succeeds
	[ "$(wc -l <"$work/out")" = $((n + 2)) ]
}

hold one_group_ok "one group is shown alone"
one_group_ok()
{
	fv stats 17 --json
	succeeds
	value '.statistics | map(.group)' '[17]'
}

hold json_ok "JSON has every counter by its name in sysfs, and the interrupts"
json_ok()
{
	local want

	want=$({ sed -n 's/.*X([A-Z_0-9]*, \([a-z_0-9]*\)).*/\1/p' "$FV_STATS_H"; echo interrupts; } |
		jq -Rsc 'split("\n") | map(select(length > 0))')
	fv stats --json
	value '.statistics[0].counters | keys_unsorted' "$want"
	grep -q '"held_ns": 18446744073709551615' "$work/out"
	value '.statistics[0] | [.bdf, .group, .devices, .counters.interrupts]' \
		'[null,17,["0000:07:00.0"],42]'
	value '.statistics[1].counters.interrupts' null
}

hold missing_counter_ok "a counter that this kernel does not have is null"
missing_counter_ok()
{
	rm "$tree/sys/class/fpga_vfio/group17/statistics/mmaps"
	fv stats --json 17
	value '.statistics[0].counters.mmaps' null
}

hold columns_ok "-o chooses the columns of the table"
columns_ok()
{
	fv stats -o COUNTER,VALUE 17
	[ "$(head -n 1 <<<"$out" | tr -s ' ')" = "COUNTER VALUE" ]
	fv stats --json -o COUNTER
	refuses_json
}

refuses_json()
{
	[ "$rc" = 2 ] && [ -z "$out" ] &&
		[ "$(jq -r .error.why "$work/err")" = "the JSON of statistics is always complete, and printed once" ]
}

hold unknown_group_refused "a group that never had a device is refused, with exit code 3"
unknown_group_refused()
{
	fv stats 99
	refuses 3 "group 99: read the statistics: never had a device of fpga-vfio-pci"
}

hold device_refused "of a recorded system there are no counters of a single device"
device_refused()
{
	fv stats 07:00.0
	refuses 1 "0000:07:00.0: read the statistics: a recorded system has no counters of single devices"
	fv stats ee:00.0
	refuses 3 "0000:ee:00.0: read the statistics: there is no such PCI device"
}

hold nonsense_refused "what is neither a group nor an address is refused"
nonsense_refused()
{
	local word

	for word in x 1x 4294967296 ""; do
		fv stats "$word"
		refuses 2 "$word: stats: this is neither an IOMMU group nor a PCI address"
	done
}

hold no_module_refused "without the module it says how to load it, with exit code 3"
no_module_refused()
{
	rm -r "$tree/sys/class/fpga_vfio"
	fv stats
	refuses 3 "fpga_vfio_pci: read the statistics: the module is not loaded"
	hints "Load it: modprobe fpga_vfio_pci"
}

hold watch_ok "--watch reads again, and shows how fast counters grow"
watch_ok()
{
	local pid

	"$FPGACTL" --sysroot "$tree" stats --watch 17 >"$work/out" &
	pid=$!
	wait_until grep -q opens "$work/out"
	echo 1000 >"$tree/sys/class/fpga_vfio/group17/statistics/opens"
	wait_until grep -Eq 'opens  *1000  *[1-9]' "$work/out"
	kill -INT "$pid"
	wait "$pid"
}

hold watch_refused "an interval that is no number is refused"
watch_refused()
{
	fv stats --watch=0
	refuses 2 "0: stats --watch: this is no number of seconds from 1 to 86400"
	fv stats --watch=x
	[ "$rc" = 2 ]
}

run_tests
