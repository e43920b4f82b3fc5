#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl show on a recorded system.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

hold text_ok "a person reads one aligned line for each fact that there is"
text_ok()
{
	fv show 01:00.0
	succeeds
	prints "Device:             0000:01:00.0
Name:               Xilinx Corporation FPGA Card XRT
ID:                 10ee:9038
Subsystem:          Xilinx Corporation Board Seven
Subsystem ID:       10ee:0007
Revision:           01
Class:              Processing accelerators
Class code:         120000
IOMMU group:        1
Other members:      0000:00:01.0 (driver: pcieport)
                    0000:01:00.1 (driver: xdma)
Passthrough:        0000:01:00.1 has driver xdma
Port:               0000:00:01.0
Link:               16 GT/s x8 / 16 GT/s x8 (port: 16 GT/s x16)
Driver:             none
NUMA node:          0
Regions:            BAR0: 32 MiB, 64-bit memory, prefetchable at 0xe0000000
                    BAR2: 128 KiB, 32-bit memory at 0xe2000000
                    BAR4: 128 bytes, I/O at 0x3000
                    ROM: 512 KiB, not assigned
Reset methods:      flr bus
Capabilities:       FLR yes, AER unknown, MSI no, MSI-X yes (8 vectors), SR-IOV no"
}

hold json_ok "a program reads every key, also of what is not there"
json_ok()
{
	fv show --json 01:00.0
	succeeds
	value keys_unsorted '["schema","bdf","name","id","subsystem","subsystem_id","revision","class","class_code","bridge","group","members","other_groups","passthrough","blockers","responding","power_state","physical_function","num_vfs","port","link","driver","driver_override","state","reason","fence","profile","host_use","numa_node","bars","reset_methods","capabilities","users","users_complete","reset_durations","counters"]'
	value '[.driver, .host_use, .counters]' '[null,null,null]'
	value '.bars | map([.bar, .size])' '[[0,33554432],[2,131072],[4,128],[null,524288]]'
	value .reset_methods '["flr","bus"]'
	echo 'device_specific acpi cxl_bus' >"$tree/sys/bus/pci/devices/0000:01:00.0/reset_method"
	fv show --json 01:00.0
	value .reset_methods '["device-specific","acpi","cxl-bus"]'
	value '.capabilities | [.flr, .aer, .msix_vectors, .sriov]' '[true,null,8,false]'
	value .members '[{"bdf":"0000:00:01.0","driver":"pcieport","bridge":true},{"bdf":"0000:01:00.1","driver":"xdma","bridge":false}]'
	value '[.bdf, .name, .id, .subsystem, .subsystem_id, .revision, .class, .class_code, .bridge]' \
		'["0000:01:00.0","Xilinx Corporation FPGA Card XRT","10ee:9038","Xilinx Corporation Board Seven","10ee:0007","01","Processing accelerators","120000",false]'
	value .blockers '[{"code":"driver","object":"0000:01:00.1","driver":"xdma","user":null}]'
	value '[.group, .passthrough, .port, .numa_node, .users, .users_complete]' \
		'[1,"0000:01:00.1 has driver xdma","0000:00:01.0",0,[],true]'
	value '.bars[0]' '{"bar":0,"rom":false,"size":33554432,"start":3758096384,"assigned":true,"type":"memory-64","prefetchable":true}'
	value '.bars[1] | [.type, .prefetchable]' '["memory-32",false]'
	value '.bars[2].type' io
	value '.bars[3] | [.rom, .start, .assigned]' '[true,0,false]'
	value .capabilities '{"flr":true,"aer":null,"msi":false,"msix":true,"msix_vectors":8,"sriov":false,"sriov_total_vfs":null}'
}

hold sizes_ok "sizes are in the largest unit"
sizes_ok()
{
	cat >"$tree/sys/bus/pci/devices/0000:01:00.0/resource" <<-'END'
	0x0000000000000000 0x00000000000005ff 0x0000000000040200
	0x0000000000010000 0x00000000000103ff 0x0000000000040200
	0x0000000040000000 0x000000007fffffff 0x000000000014220c
	nonsense
	0x0000010000000000 0x0000013fffffffff 0x0000000000140204
	0x0000000000000000 0x0fffffffffffffff 0x0000000000140204
	END
	fv show 01:00.0
	[ "$(sed -n '/^Regions:/,/^Reset/p' <<<"$out" | head -n -1)" = \
"Regions:            BAR0: 1.50 KiB, 32-bit memory, not assigned
                    BAR1: 1 KiB, 32-bit memory at 0x10000
                    BAR2: 1 GiB, 64-bit memory, prefetchable at 0x40000000
                    BAR4: 256 GiB, 64-bit memory at 0x10000000000
                    BAR5: 1024 PiB, 64-bit memory, not assigned" ]
	rm "$tree/sys/bus/pci/devices/0000:01:00.0/resource"
	fv show --json 01:00.0
	value .bars '[]'
}

hold unknown_facts_ok "an unknown value is none in the table, and null in JSON"
unknown_facts_ok()
{
	local file

	for file in reset_method numa_node subsystem_vendor driver_override; do
		rm "$tree/sys/bus/pci/devices/0000:01:00.0/$file"
	done
	fv show 01:00.0
	succeeds
	grep -qx 'Reset methods:  *none' <<<"$out"
	lacks '^\(NUMA\|Subsystem\|Driver override\|Statistics\|State\)' "$work/out"
	fv show --json 01:00.0
	value '[.reset_methods, .numa_node, .subsystem, .subsystem_id, .driver_override, .state, .profile, .reset_durations, .fence]' \
		'[[],null,null,null,null,null,null,null,null]'
	: >"$tree/sys/bus/pci/devices/0000:01:00.0/driver_override"
	fv show --json 01:00.0
	value .driver_override null
	# of a port that tells only one of them, neither is shown
	rm "$tree/sys/bus/pci/devices/0000:00:01.0/max_link_width"
	fv show 01:00.0
	grep -qx 'Link:  *16 GT/s x8 / 16 GT/s x8' <<<"$out"
	echo 16 >"$tree/sys/bus/pci/devices/0000:00:01.0/max_link_width"
	rm "$tree/sys/bus/pci/devices/0000:00:01.0/max_link_speed"
	fv show 01:00.0
	grep -qx 'Link:  *16 GT/s x8 / 16 GT/s x8' <<<"$out"
	echo -1 >"$tree/sys/bus/pci/devices/0000:01:00.0/numa_node"
	fv show --json 01:00.0
	value .numa_node null
	echo 1 >"$tree/sys/bus/pci/devices/0000:01:00.0/numa_node"
	fv show --json 01:00.0
	value .numa_node 1
}

hold unprivileged_ok "of capabilities that only root may read it is said that they are unknown"
unprivileged_ok()
{
	truncate -s 64 "$tree/sys/bus/pci/devices/0000:01:00.0/config"
	fv show 01:00.0
	grep -q '^Capabilities:  *FLR yes, AER unknown, MSI unknown, MSI-X unknown, SR-IOV no; unknown ones need root$' <<<"$out"
	# unprivileged sysfs attributes are known
	echo bus >"$tree/sys/bus/pci/devices/0000:01:00.0/reset_method"
	echo 4 >"$tree/sys/bus/pci/devices/0000:01:00.0/sriov_totalvfs"
	: >"$tree/sys/bus/pci/devices/0000:01:00.0/aer_dev_fatal"
	fv show 01:00.0
	grep -q '^Capabilities:  *FLR unknown, AER yes, MSI unknown, MSI-X unknown, SR-IOV yes (4 VFs); unknown ones need root$' <<<"$out"
	fv show --json 01:00.0
	value .capabilities '{"flr":null,"aer":true,"msi":null,"msix":null,"msix_vectors":null,"sriov":true,"sriov_total_vfs":4}'
}

hold broken_config_ok "capability lists that loop or lead nowhere end"
broken_config_ok()
{
	local config=$tree/sys/bus/pci/devices/0000:01:00.0/config

	printf '\x40' | dd of="$config" bs=1 seek=$((0x41)) conv=notrunc
	fv show --json 01:00.0
	succeeds
	printf '\xfc' | dd of="$config" bs=1 seek=$((0x34)) conv=notrunc
	printf '\x10' | dd of="$config" bs=1 seek=$((0xfc)) conv=notrunc
	fv show --json 01:00.0
	succeeds
	tr '\0' '\377' </dev/zero | head -c 4096 >"$config"
	fv show --json 01:00.0
	succeeds
	value .capabilities.msix null
	rm "$config"
	fv show --json 01:00.0
	succeeds
	value '.capabilities | [.flr, .msix, .sriov]' '[true,null,false]'
}

hold extended_ok "capabilities above byte 256 are read, and a loop in them ends"
extended_ok()
{
	local config=$tree/sys/bus/pci/devices/0000:01:00.0/config

	truncate -s 4096 "$config"
	# AER at 0x100, then SR-IOV with 7 VFs at 0x200, which points back
	printf '\x01\x00\x02\x20' | dd of="$config" bs=1 seek=$((0x100)) conv=notrunc
	printf '\x10\x00\x01\x10' | dd of="$config" bs=1 seek=$((0x200)) conv=notrunc
	printf '\x07\x00' | dd of="$config" bs=1 seek=$((0x20e)) conv=notrunc
	fv show --json 01:00.0
	value '.capabilities | [.aer, .sriov, .sriov_total_vfs]' '[true,true,7]'
	# with full config space, sysfs is not used
	echo 4 >"$tree/sys/bus/pci/devices/0000:01:00.0/sriov_totalvfs"
	fv show --json 01:00.0
	value .capabilities.sriov_total_vfs 7
}

hold old_override_ok "a driver_override with the driver's old name is shown with what to do"
old_override_ok()
{
	fv show 07:00.1
	grep -q '^Driver override:  *fpga_vfio_pci$' <<<"$out"
	fv show 01:00.0
	lacks '^Driver override' "$work/out"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.1/driver_override"
	fv show 07:00.1
	grep -q '^Driver override:  *fpga-vfio-pci (old name of fpga_vfio_pci; to replace it: fpgactl bind 0000:07:00.1)$' <<<"$out"
	fv show --json 07:00.1
	value .driver_override fpga-vfio-pci
}

hold held_ok "its holder is shown, or that there is none"
held_ok()
{
	fv show 07:00.0
	grep -q '^Held by:  *qemu-system-x86 (pid 4242)$' <<<"$out"
	fv show 07:00.1
	grep -q '^Held by:  *none$' <<<"$out"
	fv show --json 07:00.0
	value '[.driver, .driver_override, .users, .users_complete]' \
		'["fpga_vfio_pci","fpga_vfio_pci",[{"pid":4242,"command":"qemu-system-x86"}],true]'
	# only for devices that a VM can have
	fv show 02:00.0
	lacks '^Held by' "$work/out"
	chmod 0 "$tree/proc/4242/fd"
	run_as_nobody show 07:00.0
	grep -q '^Held by:  *not visible to the caller; run as root$' <<<"$out"
	run_as_nobody show --json 07:00.0
	value .users_complete false
}

hold fenced_ok "the owner of a fence is shown, and how to end it"
fenced_ok()
{
	printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" "state 1" \
		"reason fenced by fpgactl (pid 77)" stats "opens 3" end | answer device-get
	printf '%s\n' "port 0000:00:07.0" "state 1" fence "pid 77" "comm fpgactl" "left-ms 2000" end |
		answer card-get
	fvl show 07:00.0
	succeeds
	grep -q '^State:  *fenced: fenced by fpgactl (pid 77)$' <<<"$out"
	grep -q '^Fenced by:  *fpgactl (pid 77), 2 s left; to end the fence: fpgactl recover --force 0000:07:00.0$' <<<"$out"
	fvl show --json 07:00.0
	value '[.state, .fence.user.pid, .fence.left_ns]' '["fenced",77,2000000000]'
}

hold driver_ok "the driver's state, reason and profile of a bound device are shown"
driver_ok()
{
	printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" "state 5" "reason no answer after 60 s" \
		"profile xdma" stats "opens 3" end reset-time "count 1" "last-ns 1000000" \
		"min-ns 1000000" "max-ns 1000000" "total-ns 1000000" "histogram 1" end | answer device-get
	fvl show 07:00.0
	succeeds
	grep -q '^State:  *failed: no answer after 60 s$' <<<"$out"
	grep -q '^Profile:  *xdma$' <<<"$out"
	grep -q '^Statistics:  *opens 3$' <<<"$out"
	grep -q '^Successful resets:  *1, last 1.00 ms, min 1.00 ms, max 1.00 ms, mean 1.00 ms$' <<<"$out"
	[ "$(grep -c '^Reason' <<<"$out")" = 0 ]
	fvl show --json 07:00.0
	value '[.state, .reason, .profile, .reset_durations.histogram]' \
		'["failed","no answer after 60 s","xdma",[1]]'
	value '.counters | [.opens, .closes]' '[3,null]'
	sed -i 's/^opens 3/opens 4\ncloses 2/' "$tree/netlink/device-get"
	fvl show 07:00.0
	[ "$(sed -n '/^Statistics:/,$p' <<<"$out")" = "Statistics:         opens 4
                    closes 2" ]
	sed -i 's/^opens 4/opens 0/; s/^closes 2/closes 0/; /^reset-time/,/^end/d' "$tree/netlink/device-get"
	fvl show 07:00.0
	grep -q '^Statistics:  *all zero$' <<<"$out"
	lacks '^Successful resets' "$work/out"
}

hold driver_refused "when the driver does not know its device, that is told"
driver_refused()
{
	echo "fail 19 0000:07:00.0: is not bound" | answer device-get
	fvl show 07:00.0
	refuses 3 "0000:07:00.0: stats: is not bound"
	# the second request fails
	printf '%s\n' "then again" "bdf 0000:07:00.0" stats "opens 3" end | answer device-get
	echo "fail 16 0000:07:00.0: busy" | answer again
	fvl show 07:00.0
	refuses 4 "0000:07:00.0: show: busy"
	rm -r "$tree/netlink"
	fvl show 07:00.0
	refuses 1 "fpga_vfio_pci: stats: driver is reachable in the initial network namespace only"
}

hold in_use_ok "the reason for which the host needs a device is shown"
in_use_ok()
{
	fv show 02:00.0
	grep -q '^In use by host:  *nvme0n1p2 is mounted on /$' <<<"$out"
}

hold bridge_ok "a bridge can be shown"
bridge_ok()
{
	fv show --json 00:01.0
	value '[.bridge, .port]' '[true,null]'
	fv show 00:01.0
	lacks '^Bridge' "$work/out"
}

hold no_group_ok "a device without IOMMU group is shown as such"
no_group_ok()
{
	fv show 05:00.0
	grep -q '^IOMMU group:  *none$' <<<"$out"
	grep -q '^Passthrough:  *no IOMMU group$' <<<"$out"
	fv show --json 05:00.0
	value '[.group, .blockers]' '[null,[{"code":"no-iommu-group","object":"0000:05:00.0","driver":null,"user":null}]]'
}

hold address_ok "an address may be short, and in capitals"
address_ok()
{
	fv show --json 0:0D:0
	[ "$rc" = 2 ]
	fv show --json 0D:0.0
	value .bdf 0000:0d:00.0
	fv show --json 10000:1:0.0
	value .bdf 10000:01:00.0
}

hold address_refused "a malformed address is refused as such"
address_refused()
{
	local word

	for word in 01:00 01:00.8 01:20.0 100:00.0 01:00.0x 01:00.00 x 0000:01:00.0:1 "" \
		../0000:01:00.0 123456789:01:00.0; do
		fv show "$word"
		refuses 2 "show: invalid PCI address '$word'"
	done
}

hold unknown_refused "an address that no device has is refused, with exit code 3"
unknown_refused()
{
	fv show 0000:ee:00.0
	refuses 3 "0000:ee:00.0: show: no such PCI device"
}

both_locales
run_tests
