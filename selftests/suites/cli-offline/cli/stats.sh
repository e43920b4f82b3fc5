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
	prints "COUNTER            VALUE DEVICES
group 17                 0000:07:00.0
├─opens                3
├─closes               2
├─users                1
├─held         5124096 h
├─config_reads      4096
└─interrupts          42
group 18                 0000:07:00.1"
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
	value '.statistics[0] | [.bdf, .group, .bound_devices, .counters.interrupts]' \
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

hold interrupts_ok "an interrupt line that is shared counts, one that is none of VFIO's does not"
interrupts_ok()
{
	local irq=$tree/sys/kernel/irq

	mkdir "$irq/50" "$irq/51" "$irq/52" "$irq/53"
	echo 'ehci_hcd,vfio-intx(0000:07:00.1)' >"$irq/50/actions"
	echo 3,0,4 >"$irq/50/per_cpu_count"
	echo 'vfio-msi[0](nonsense)' >"$irq/51/actions"
	echo 'vfio-msi[0]' >"$irq/52/actions"
	echo 'other(0000:07:00.1)' >"$irq/53/actions"
	echo 100 | tee "$irq/51/per_cpu_count" "$irq/52/per_cpu_count" >"$irq/53/per_cpu_count"
	fv stats --json
	value '.statistics | map(.counters.interrupts)' '[42,7]'
	# an interrupt without per_cpu_count
	rm "$irq/50/per_cpu_count"
	fv stats 18
	succeeds
	lacks interrupts "$work/out"
	fv stats --all 18
	grep -q 'interrupts  *0$' <<<"$out"
}

hold several_ok "groups are in the order of their numbers, each with its devices"
several_ok()
{
	mkdir -p "$tree/sys/class/fpga_vfio/group5/statistics" "$tree/sys/class/fpga_vfio/groupx" \
		"$tree/sys/class/fpga_vfio/5"
	echo 1 >"$tree/sys/class/fpga_vfio/group5/statistics/opens"
	mkdir "$tree/sys/class/fpga_vfio/group5/0000:08:00.1" "$tree/sys/class/fpga_vfio/group5/0000:08:00.0"
	fv stats -o COUNTER,DEVICES
	[ "$(grep group <<<"$out" | xargs)" = \
		"group 5 0000:08:00.0, 0000:08:00.1 group 17 0000:07:00.0 group 18 0000:07:00.1" ]
	fv stats --json
	value '.statistics | map([.bdf, .group, .bound_devices])' \
		'[[null,5,["0000:08:00.0","0000:08:00.1"]],[null,17,["0000:07:00.0"]],[null,18,["0000:07:00.1"]]]'
}

hold columns_ok "-o chooses the columns of the table"
columns_ok()
{
	fv stats -o COUNTER,VALUE 17
	[ "$(head -n 1 <<<"$out" | tr -s ' ')" = "COUNTER VALUE" ]
	fv stats --json -o COUNTER
	refuses_json --output
	fv stats -o NOSUCH
	refuses 2 "unknown column 'NOSUCH'"
}

refuses_json()
{
	[ "$rc" = 2 ] && [ -z "$out" ] &&
		[ "$(jq -r .error.why "$work/err")" = "$1 cannot be combined with --json" ]
}

hold unknown_group_refused "a group that never had a device is refused, with exit code 3"
unknown_group_refused()
{
	fv stats 99
	refuses 3 "group 99: stats: never had a device bound to fpga_vfio_pci"
	fv stats 2147483647
	refuses 3 "group 2147483647: stats: never had a device bound to fpga_vfio_pci"
}

hold device_refused "of a recorded system there are no counters of a single device"
device_refused()
{
	fv stats 07:00.0
	refuses 1 "0000:07:00.0: stats: needs the live system; drop --sysroot"
	hints "Group counters are available: fpgactl stats GROUP"
	fv stats ee:00.0
	refuses 3 "0000:ee:00.0: stats: no such PCI device"
}

hold nonsense_refused "a word that is neither a group nor an address is refused"
nonsense_refused()
{
	local word

	for word in x 1x 2147483648 4294967296 ""; do
		fv stats "$word"
		refuses 2 "stats: invalid argument '$word': neither an IOMMU group nor a PCI address"
	done
}

hold no_module_refused "without the module it says how to load it, with exit code 10"
no_module_refused()
{
	rm -r "$tree/sys/class/fpga_vfio"
	fv stats
	refuses 10 "fpga_vfio_pci: stats: module is not loaded"
	hints "Load it: modprobe fpga_vfio_pci"
	rm -r "$tree/netlink" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	fvl stats 17
	refuses 10 "fpga_vfio_pci: stats: module is not loaded"
	fvl stats 07:00.0
	refuses 10 "fpga_vfio_pci: stats: module is not loaded"
}

hold newer_driver_ok "attributes that another driver version adds or lacks are skipped"
newer_driver_ok()
{
	local word

	printf '%s\n' "id 16" next stats "opens 1" end next "id 17" "#99 1" stats "opens 3" "#0 9" \
		"#99 9" "?closes" end reset-time "max-ns 1" end next "id 18" stats end |
		answer group-get
	for word in count last-ns min-ns max-ns total-ns histogram; do
		printf '%s\n' next "id 19" stats end reset-time "count 1" "?$word" end
	done >>"$tree/netlink/group-get"
	fvl stats --json
	succeeds
	value '.statistics | map([.group, .counters.opens, .counters.closes, .reset_durations]) | unique' \
		'[[17,3,null,null],[18,null,null,null],[19,null,null,null]]'
	printf '%s\n' "bdf 0000:07:00.0" | answer device-get
	fvl stats --json 07:00.0
	value .statistics '[]'
	printf '%s\n' stats "opens 1" end | answer device-get
	fvl stats --json 07:00.0
	value .statistics '[]'
}

hold lost_refused "a reply that the socket lost is an error"
lost_refused()
{
	printf '%s\n' drop "id 17" stats "opens 3" end | answer group-get
	fvl stats
	refuses 1 "groups: stats: Out of memory"
	mkdir "$tree/fail"
	# EMFILE
	echo 24 >"$tree/fail/socket"
	fvl stats
	[ "$rc" = 1 ]
	[[ $err == "fpgactl: fpga_vfio_pci: stats: netlink: "* ]]
}

# watch ARGUMENT…: run in the background, with the clock stopped
watch()
{
	clock 0
	LD_PRELOAD=$FAKE_KERNEL env --default-signal=INT \
		"$FPGACTL" --sysroot "$tree" stats "$@" >"$work/out" &
	pid=$!
}

# stop [SIGNAL]: stop it; it sees a signal just before its sleep only at the next refresh
stop()
{
	kill "-${1:-INT}" "$pid"
	clock 999999
	end_of "$pid"
	: >"$work/err"
	tell stats
	[ "$rc" = 0 ]
}

hold watch_ok "-w reads again, and shows how fast counters grow"
watch_ok()
{
	watch -w 1 17
	wait_for 1000
	echo 1000 >"$tree/sys/class/fpga_vfio/group17/statistics/opens"
	clock 1000
	wait_for 2000
	# since the last refresh, not the first
	echo 1500 >"$tree/sys/class/fpga_vfio/group17/statistics/opens"
	clock 2000
	wait_for 3000
	stop
	[ "$(grep opens "$work/out" | xargs)" = "├─opens 3 ├─opens 1000 997.0 ├─opens 1500 500.0" ]
}

hold watch_units_ok "rates of durations and sizes have a unit"
watch_units_ok()
{
	local statistics=$tree/sys/class/fpga_vfio/group17/statistics

	echo 1000000000 >"$statistics/held_ns"
	watch -w 2 17
	wait_for 2000
	echo 3000000000 >"$statistics/held_ns"
	echo 4096 >"$statistics/bar_read_bytes"
	clock 2000
	wait_for 4000
	stop
	[ "$(grep -e held -e bytes "$work/out" | xargs)" = \
		"├─held 1.00 s ├─held 3.00 s 1.00 s ├─bar_read_bytes 4 KiB 2 KiB" ]
}

hold watch_seconds_ok "--watch=SECONDS reads after so many, and what grew is told for each of them"
watch_seconds_ok()
{
	watch --watch=4 17
	wait_for 4000
	echo 1003 >"$tree/sys/class/fpga_vfio/group17/statistics/opens"
	# a counter that decreased was reset
	echo 1 >"$tree/sys/class/fpga_vfio/group17/statistics/closes"
	clock 4000
	wait_for 8000
	stop
	[ "$(grep opens "$work/out" | xargs)" = "├─opens 3 ├─opens 1003 250.0" ]
	[ "$(grep closes "$work/out" | xargs)" = "├─closes 2 ├─closes 1" ]
}

hold watch_all_ok "each group has its own rates, and SIGTERM ends it, too"
watch_all_ok()
{
	watch -w1
	wait_for 1000
	echo 7 >"$tree/sys/class/fpga_vfio/group18/statistics/opens"
	echo 5 >"$tree/sys/class/fpga_vfio/group17/statistics/opens"
	clock 1000
	wait_for 2000
	stop TERM
	[ "$(grep opens "$work/out" | xargs)" = "├─opens 3 ├─opens 5 2.0 └─opens 7 7.0" ]
}

hold watch_terminal_ok "on a terminal each table is on a clear screen"
watch_terminal_ok()
{
	clock 0
	on_terminal --sysroot "$tree" stats -w 1 17 &
	begun=$!
	wait_for 1000
	clock 1000
	wait_for 2000
	kill -INT "$(<"$work/pid")"
	clock 2000
	end_of "$begun"
	[ "$rc" = 0 ]
	[ "$(grep -c 'ESC\[HESC\[2JCOUNTER ' "$work/out")" = 2 ]
}

hold watch_fails_refused "a group that is not there any more ends it"
watch_fails_refused()
{
	clock 0
	begin fvk stats -w 1 17
	wait_for 1000
	rm -r "$tree/sys/class/fpga_vfio"
	clock 1000
	finish
	[ "$rc" = 10 ]
	[ "${err%%$'\n'*}" = "fpgactl: fpga_vfio_pci: stats: module is not loaded" ]
	[ "$(grep -c ^COUNTER <<<"$out")" = 1 ]
}

# resets: print the reply with five resets
resets()
{
	printf '%s\n' reset-time "count 5" "last-ns 212345678" "min-ns 900000" \
		"max-ns 9000000000000" "total-ns 9000500000000" "histogram 1" "histogram 0" \
		"histogram 3" "histogram 0" "histogram 1" "histogram 0" end
}

hold reset_time_ok "of one device it says how long resets took, with a bar for each power of two"
reset_time_ok()
{
	local i

	{
		printf '%s\n' "bdf 0000:07:00.0" stats "opens 3" "link_losses 2" "degraded_ns 77000" \
			"config_read_bytes 4096" "bar_read_bytes 1500000" "aer_fatal 1" end
		resets
	} | answer device-get
	fvl stats 07:00.0
	succeeds
	prints "COUNTER                VALUE DEVICES
0000:07:00.0
├─opens                    3
├─link_losses              2
├─degraded           77.0 us
├─aer_fatal                1
├─config_read_bytes    4 KiB
├─bar_read_bytes    1.43 MiB
└─interrupts              42

Successful resets: 5, last 212 ms, min 900 us, max 150 min, mean 30.0 min
     TIME RESETS SHARE
< 1.00 ms      1 #############
< 2.00 ms      0
< 4.00 ms      3 ########################################
< 8.00 ms      0
< 16.0 ms      1 #############"
	fvl stats --all 07:00.0
	grep -q '^├─degraded  *77.0 us$' <<<"$out"
	fvl stats --json 07:00.0
	value '.statistics[0].counters | [.degraded_ns, .config_read_bytes, .bar_read_bytes]' \
		'[77000,4096,1500000]'
	fvl stats -o COUNTER 07:00.0
	[ "$(grep -c 'Successful resets' "$work/out")" = 0 ]
	fvl stats --json 07:00.0
	value '.statistics[0] | [.bdf, .group, has("bound_devices"), .bound_devices, .counters.opens, .counters.closes, .counters.interrupts]' \
		'["0000:07:00.0",null,true,null,3,null,42]'
	sed -i 's/^stats/group 17\n&/' "$tree/netlink/device-get"
	fvl stats --json 07:00.0
	value '.statistics[0].group' 17
	# the last bucket has no upper bound
	sed -i '/^histogram/d; /^total-ns/a histogram 1\nhistogram 0\nhistogram 1000' \
		"$tree/netlink/device-get"
	fvl stats 07:00.0
	grep -qx ' < 1.00 ms      1 #' <<<"$out"
	grep -qx '>= 2.00 ms   1000 #*' <<<"$out"
	# one bucket has an upper bound; zeros at both ends are left out
	sed -i '/^histogram/d; /^total-ns/a histogram 7' "$tree/netlink/device-get"
	fvl stats 07:00.0
	[ "$(tail -n 1 <<<"$out")" = "< 1.00 ms      7 ########################################" ]
	sed -i '/^histogram/d; /^total-ns/a histogram 0\nhistogram 0\nhistogram 7\nhistogram 0\nhistogram 0' \
		"$tree/netlink/device-get"
	fvl stats 07:00.0
	[ "$(sed '1,/TIME/d' <<<"$out")" = "< 4.00 ms      7 ########################################" ]
	# one bucket for each bit, and no more
	for i in {1..70}; do
		echo "histogram $i"
	done >"$work/buckets"
	sed -i "/^total-ns/r $work/buckets" "$tree/netlink/device-get"
	fvl stats --json 07:00.0
	value '.statistics[0].reset_durations.histogram | length' 64
}

hold reset_time_group_ok "of one group, too, and of all groups a program reads it"
reset_time_group_ok()
{
	{
		printf '%s\n' "id 17" "device 0000:07:00.0" stats "opens 3" end
		resets
	} | answer group-get
	fvl stats 17
	succeeds
	grep -q '^Successful resets: 5, ' <<<"$out"
	{
		printf '%s\n' next "id 18" stats end reset-time "count 0" end next
		printf '%s\n' "id 19" stats end
	} >>"$tree/netlink/group-get"
	fvl stats
	succeeds
	[ "$(grep -c 'Successful resets' "$work/out")" = 0 ]
	fvl stats --json
	value '.statistics[0].reset_durations' '{"count":5,"last_ns":212345678,"min_ns":900000,"max_ns":9000000000000,"total_ns":9000500000000,"histogram":[1,0,3,0,1,0]}'
	value '.statistics[1:] | map(.reset_durations)' \
		'[{"count":0,"last_ns":null,"min_ns":null,"max_ns":null,"total_ns":null,"histogram":[]},null]'
}

hold many_devices_ok "254 devices cost one dump, and no read of each"
many_devices_ok()
{
	local i

	for ((i = 0; i < 254; i++)); do
		printf 'id %d\n%s\n' $((1000 + i)) "stats
opens 3
end
next"
	done | sed '$d' | answer group-get
	# strace and the leak check cannot both trace it
	FAKE_ROOT=$tree ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -o "$work/calls" \
		-E LD_PRELOAD="$FAKE_KERNEL" "$FPGACTL" stats --json >"$work/out" 2>"$work/err"
	rc=0 tell stats
	json '.statistics | length == 254'
	# fakenetlink sends each message by itself; the sanitizers add calls
	[[ $FPGACTL = *-san ]] || [ "$(grep -vcE '^[0-9]+ +(recvmsg|write|readlink)\(' "$work/calls")" -le 480 ]
	grep -q '^[0-9]* *openat(.*sys/kernel/irq' "$work/calls"
	[ "$(grep -c '^[0-9]* *open.*bus/pci/devices' "$work/calls")" = 0 ]
	requests "group-get "
}

hold watch_json_ok "a program gets one object a line"
watch_json_ok()
{
	watch --watch=0.5 --json 17
	wait_for 500
	clock 500
	wait_for 1000
	stop
	[ "$(wc -l <"$work/out")" = 2 ]
	[ "$(jq -c '.statistics[0].counters.opens' "$work/out" | xargs)" = "3 3" ]
}

hold watch_refused "an interval that is no time is refused"
watch_refused()
{
	local word

	for word in 0 86401 25h -1 1.5.5 .5 1. 0.0001 99ms x; do
		fv stats --watch="$word"
		refuses 2 "stats: invalid --watch '$word': not a time from 100ms to 24h"
		hints "Expected a time such as 30, 0.5, 30s, 500ms, 5m or 1h."
	done
	fv stats --watch
	refuses 2 "stats: option '--watch' requires an argument"
	fv stats --watch=1 --json -o VALUE
	refuses_json --output
}

both_locales
run_tests
