#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl bind on a recorded system, with and without a simulated kernel behind its files.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

# succeeds_alone: check that the last run succeeded, and named functions of the card that stay
succeeds_alone()
{
	[ "$rc" = 0 ] && [ -n "$err" ] &&
		! grep -v ': not bound: a function of the same card, in group ' <<<"$err"
}

hold other_groups_ok "functions of the card in other groups are named, if they stay with the host"
other_groups_ok()
{
	fvk bind 06:00.0
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: 0000:06:00.1: not bound: a function of the same card, in group 27 (driver: none)" ]
	fvk bind 06:00.1
	succeeds
	fv show 06:00.1 --json
	value .other_groups '[{"bdf":"0000:06:00.0","group":16,"driver":"fpga_vfio_pci"}]'
	fv show 06:00.1
	grep -q '^In other groups: *0000:06:00.0 (group 16, driver: fpga_vfio_pci)$' <<<"$out"
}

hold no_response_refused "a function that reads as all-ones is refused before its driver loses it"
no_response_refused()
{
	local device=$tree/sys/bus/pci/devices/0000:06:00.0

	head -c 64 /dev/zero | tr '\0' '\377' >"$device/config"
	remember
	fv bind 06:00.0
	refuses 1 "0000:06:00.0: bind: no response (config space reads as all-ones); 0000:06:00.1 of the same card responds"
	hints "'fpgactl link 0000:06:00.0' shows the link; 'fpgactl rescan 0000:06:00.0' re-enumerates the card."
	fv bind --dry-run 06:00.0
	refuses 1 "0000:06:00.0: bind: no response (config space reads as all-ones); 0000:06:00.1 of the same card responds"
	unchanged
	fv link 06:00.0
	grep -q '^Response: *no response (config' <<<"$out"
	[ "$(tail -n 1 <<<"$out")" = "Next: fpgactl rescan 0000:06:00.1" ]
	fv link --json 06:00.0
	json '.responding | not'
	fv show 06:00.0
	grep -q '^Response: *no response (config.*0000:06:00.1 of the same card responds$' <<<"$out"
}

hold group_ok "one function named, the whole group is bound, its bridge left alone"
group_ok()
{
	fvk bind --yes 01:00.0
	succeeds
	prints "0000:01:00.0: now bound to fpga_vfio_pci (group 1, previous driver: none)
0000:01:00.1: now bound to fpga_vfio_pci (group 1, previous driver: xdma)"
	[ "$(driver_of 0000:01:00.0)" = fpga_vfio_pci ]
	[ "$(driver_of 0000:01:00.1)" = fpga_vfio_pci ]
	[ "$(override_of 0000:01:00.1)" = fpga_vfio_pci ]
	[ "$(driver_of 0000:00:01.0)" = pcieport ]
}

hold json_ok "a program reads what was changed and what was before"
json_ok()
{
	fvk bind --json --yes 01:00.0
	succeeds
	value . '{"schema":1,"dry_run":false,"devices":[{"bdf":"0000:01:00.0","group":1,"driver":"fpga_vfio_pci","previous_driver":null,"changed":true},{"bdf":"0000:01:00.1","group":1,"driver":"fpga_vfio_pci","previous_driver":"xdma","changed":true}]}'
}

hold several_ok "several devices, named in any order and twice, are bound once"
several_ok()
{
	fvk bind --json --yes 04:00.1 01:00.1 01:00.0 04:00.1
	value '.devices | map(.bdf)' '["0000:01:00.0","0000:01:00.1","0000:04:00.1"]'
}

hold only_ok "--only binds what is named, and says what keeps the group from a VM"
only_ok()
{
	fvk bind --only 01:00.0
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: 0000:01:00.1: blocks passthrough of group 1: bound to driver xdma" ]
	[ "$(driver_of 0000:01:00.1)" = xdma ]
}

hold bridge_in_the_way_ok "a bridge that keeps the group from a VM is named, with the way out"
bridge_in_the_way_ok()
{
	mkdir "$tree/sys/bus/pci/drivers/shpchp"
	ln -sfn ../../../bus/pci/drivers/shpchp "$tree/sys/bus/pci/devices/0000:00:01.0/driver"
	fvk bind --yes 01:00.0
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: 0000:00:01.0: blocks passthrough of group 1: bound to driver shpchp; write its address to the driver's unbind file" ]
}

hold twice_ok "bound already is said, and is no error"
twice_ok()
{
	remember
	fvk bind 07:00.1
	succeeds
	prints "0000:07:00.1: already bound to fpga_vfio_pci"
	# also if a VM holds it
	fvk bind --json 07:00.0
	succeeds
	value '.devices[0].changed' false
	unchanged
}

hold old_override_ok "a driver_override with the driver's old name is replaced"
old_override_ok()
{
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:06:00.0/driver_override"
	fvk bind 06:00.0
	succeeds_alone
	prints "0000:06:00.0: now bound to fpga_vfio_pci (group 16, previous driver: none)"
	[ "$(driver_of 0000:06:00.0)" = fpga_vfio_pci ]
	[ "$(override_of 0000:06:00.0)" = fpga_vfio_pci ]
}

hold old_override_of_bound_ok "the old name is replaced also where the driver is bound and a VM holds the device"
old_override_of_bound_ok()
{
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.0/driver_override"
	remember
	fvk bind --dry-run 07:00.0
	succeeds
	prints "0000:07:00.0: already bound to fpga_vfio_pci; driver_override fpga-vfio-pci would be replaced"
	unchanged
	run_as_nobody bind 07:00.0
	refuses 12 "0000:07:00.0: bind: needs root"
	unchanged
	# a bind would be refused for these, and an unbind would wait for held/ to go
	echo 2 >"$tree/sys/bus/pci/devices/0000:07:00.0/sriov_numvfs"
	mkdir "$tree/held"
	: >"$tree/held/0000:07:00.0"
	fvk bind 07:00.0
	succeeds
	prints "0000:07:00.0: already bound to fpga_vfio_pci; driver_override fpga-vfio-pci was replaced"
	[ "$(override_of 0000:07:00.0)" = fpga_vfio_pci ]
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
	fvk bind 07:00.0
	prints "0000:07:00.0: already bound to fpga_vfio_pci"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.0/driver_override"
	fvk bind --json 07:00.0
	value .devices '[{"bdf":"0000:07:00.0","group":17,"driver":"fpga_vfio_pci","previous_driver":"fpga_vfio_pci","changed":true}]'
}

hold other_override_of_bound_ok "an override of another driver is replaced where the driver is bound"
other_override_of_bound_ok()
{
	echo vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.0/driver_override"
	fvk bind 07:00.0
	succeeds
	prints "0000:07:00.0: already bound to fpga_vfio_pci; driver_override vfio-pci was replaced"
	[ "$(override_of 0000:07:00.0)" = fpga_vfio_pci ]
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
}

hold old_override_undone_ok "when a member fails, an old name is restored"
old_override_undone_ok()
{
	mkdir "$tree/fail"
	echo 5 >"$tree/fail/fpga_vfio_pci.0000:07:00.1"
	rm "$tree/sys/bus/pci/devices/0000:07:00.1/driver"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:06:00.0/driver_override"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.0/driver_override"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.1/driver_override"
	remember
	fvk bind 06:00.0 07:00.0 07:00.1
	refuses 1 "0000:07:00.1: bind: cannot bind to fpga_vfio_pci: Input/output error"
	unchanged
}

hold old_module_refused "with an older module loaded, it says how to load the new one"
old_module_refused()
{
	mv "$tree/sys/bus/pci/drivers/fpga_vfio_pci" "$tree/sys/bus/pci/drivers/fpga-vfio-pci"
	remember
	fvk bind --yes 01:00.0
	refuses 10 "0000:01:00.0: bind: an older module fpga_vfio_pci is loaded, with driver fpga-vfio-pci"
	hints "Load the new one: rmmod fpga_vfio_pci && modprobe fpga_vfio_pci"
	unchanged
}

hold dry_run_ok "--dry-run prints the plan and changes nothing"
dry_run_ok()
{
	remember
	fvk bind --dry-run --yes 01:00.0
	succeeds
	prints "0000:01:00.0: would be bound to fpga_vfio_pci (group 1, previous driver: none)
0000:01:00.1: would be bound to fpga_vfio_pci (group 1, previous driver: xdma)"
	fvk bind --dry-run --yes --json 01:00.0
	json .dry_run
	unchanged
}

becomes_boot_display()
{
	echo 1 >"$tree/sys/bus/pci/devices/0000:03:00.0/boot_vga"
}

hold question_ok "on a terminal there is a question instead of a refusal"
question_ok()
{
	local word meanwhile=

	remember
	for word in n "" yess; do
		answered "$word" --sysroot "$tree" bind 01:00.0
		[ "$rc" = 11 ]
		grep -qF '0000:01:00.1: would unbind 0000:01:00.1 from xdma. Go on? [y/N] ' "$work/out"
	done
	# neither a plan nor JSON asks
	answered y --sysroot "$tree" bind --dry-run 01:00.0
	[ "$rc" = 11 ]
	answered y --sysroot "$tree" bind --json 01:00.0
	[ "$rc" = 11 ]
	lacks 'Go on' "$work/out"
	unchanged
	# the checks are repeated after the answer
	echo 0 >"$tree/sys/bus/pci/devices/0000:03:00.0/boot_vga"
	meanwhile=becomes_boot_display
	answered y --sysroot "$tree" bind 03:00.0
	meanwhile=
	[ "$rc" = 11 ]
	grep -qF '0000:03:00.0: bind: in use by the host: boot display (boot_vga)' "$work/out"
	unchanged
	answered Y --sysroot "$tree" bind 01:00.0
	[ "$rc" = 0 ]
	[ "$(driver_of 0000:01:00.1)" = fpga_vfio_pci ]
}

hold dry_run_refused "--dry-run has the verdict of a real run, after the plan"
dry_run_refused()
{
	remember
	fvk bind --dry-run 01:00.0
	[ "$rc" = 11 ]
	[ "$(wc -l <<<"$out")" = 2 ]
	[ "$err" = "fpgactl: 0000:01:00.1: bind: would unbind 0000:01:00.1 from xdma
Use --yes to confirm." ]
	fvk bind --dry-run --json 01:00.0
	[ "$rc" = 11 ] && [ -z "$out" ]
	[ "$(jq .error.exit_code "$work/err")" = 11 ]
	unchanged
}

hold consent_refused "another driver's device is taken with --yes only"
consent_refused()
{
	remember
	fvk bind 01:00.0
	refuses 11 "0000:01:00.1: bind: would unbind 0000:01:00.1 from xdma"
	hints "Use --yes to confirm, --dry-run to see the plan."
	unchanged
}

hold consent_several_refused "all devices of other drivers are named, the first as the object"
consent_several_refused()
{
	fvk bind --only 04:00.1 01:00.1 01:00.0
	refuses 11 "0000:01:00.1: bind: would unbind 0000:01:00.1 from xdma, 0000:04:00.1 from igb"
}

hold signal_ok "a signal while a group is bound comes too late: all of it is bound, and said to be"
signal_ok()
{
	mkdir "$tree/held"
	: >"$tree/held/0000:01:00.1"
	LD_PRELOAD=$FAKE_KERNEL env --default-signal=INT "$FPGACTL" --sysroot "$tree" bind --yes \
		01:00.0 >"$work/out" 2>"$work/err" </dev/null &
	begun=$!
	wait_until is_first_bound
	kill -TERM "$begun"
	kill -INT "$begun"
	kill -HUP "$begun"
	rm "$tree/held/0000:01:00.1"
	finish
	succeeds
	[ "$(driver_of 0000:01:00.1)" = fpga_vfio_pci ]
	prints "0000:01:00.0: now bound to fpga_vfio_pci (group 1, previous driver: none)
0000:01:00.1: now bound to fpga_vfio_pci (group 1, previous driver: xdma)"
}

is_first_bound()
{
	[ "$(driver_of 0000:01:00.0)" = fpga_vfio_pci ]
}

hold undo_probe_ok "when a member's probe fails, all are as before and the errno is told"
undo_probe_ok()
{
	mkdir "$tree/fail"
	echo 5 >"$tree/fail/fpga_vfio_pci.0000:01:00.1"
	echo pci-stub >"$tree/sys/bus/pci/devices/0000:01:00.0/driver_override"
	remember
	fvk bind --yes 01:00.0
	refuses 1 "0000:01:00.1: bind: cannot bind to fpga_vfio_pci: Input/output error"
	hints "All devices were restored. See the kernel log for details."
	unchanged
}

hold unbound_meanwhile_ok "a device that its driver has lost meanwhile is taken, one that it keeps is not"
unbound_meanwhile_ok()
{
	mkdir "$tree/fail"
	# ENODEV
	echo 19 >"$tree/fail/unbind.0000:01:00.1"
	fvk bind --yes 01:00.0
	succeeds
	[ "$(driver_of 0000:01:00.1)" = fpga_vfio_pci ]
	echo 5 >"$tree/fail/unbind.0000:02:00.0"
	fvk bind --yes --force 02:00.0
	refuses 1 "0000:02:00.0: bind: cannot unbind from driver (none): Input/output error"
	[ "$(driver_of 0000:02:00.0)" = nvme ]
}

hold undo_silent_ok "a kernel that says yes and does nothing is noticed, and all undone"
undo_silent_ok()
{
	mkdir "$tree/ignore"
	: >"$tree/ignore/0000:01:00.1"
	remember
	fvk bind --yes 01:00.0
	[ "$rc" = 1 ]
	# the old driver does not bind either: that is reported
	[ "$(driver_of 0000:01:00.0)" = "" ]
	hints "0000:01:00.1 was not restored: cannot bind to xdma: driver is none after the write"
}

hold undo_dead_ok "below a tree without a kernel nothing binds, and the overrides are as before"
undo_dead_ok()
{
	remember
	fv bind --yes 01:00.0
	refuses 1 "0000:01:00.0: bind: cannot bind to fpga_vfio_pci: driver is none after the write"
	unchanged
}

hold stuck_override_ok "a driver_override that is not as written stops everything"
stuck_override_ok()
{
	mkdir "$tree/stuck"
	: >"$tree/stuck/0000:01:00.1"
	remember
	fvk bind --yes 01:00.0
	refuses 1 "0000:01:00.1: bind: cannot set driver_override: kernel accepted the write without effect"
	unchanged
}

hold undo_override_ok "a device that refuses its override stops the rest"
undo_override_ok()
{
	rm "$tree/sys/bus/pci/devices/0000:01:00.1/driver_override"
	remember_driver=$(driver_of 0000:01:00.0)
	fvk bind --yes 01:00.0
	refuses 1 "0000:01:00.1: bind: cannot set driver_override: No such file or directory"
	[ "$(driver_of 0000:01:00.0)" = "$remember_driver" ]
	[ "$(driver_of 0000:01:00.1)" = xdma ]
}

# in_use BDF WHY: check that bind is refused for this reason, unless forced
in_use()
{
	remember
	fvk bind --yes "$1"
	refuses 11 "0000:$1: bind: in use by the host: $2"
	hints "Release it first, or use --force if the host does not need it."
	unchanged
	fvk bind --yes --dry-run "$1"
	[ "$rc" = 11 ]
	fvk bind --yes --force "$1"
	[ "$rc" = 0 ]
	[ "$(driver_of "0000:$1")" = fpga_vfio_pci ]
}

hold boot_disk_refused "the disk that the system runs from is not taken"
boot_disk_refused() { in_use 02:00.0 "nvme0n1p2 is mounted on /"; }

hold stacked_disk_refused "a disk below device-mapper that is mounted is not taken"
stacked_disk_refused() { in_use 09:00.0 "dm-1 is mounted on /srv/with blank"; }

hold swap_refused "a disk with swap is not taken"
swap_refused() { in_use 0a:00.0 "nvme2n1p1 is a swap device"; }

hold raid_refused "a disk that is part of a RAID is not taken"
raid_refused() { in_use 0b:00.0 "nvme3n1p1 is part of md127"; }

hold multipath_refused "a disk behind NVMe multipath is not taken"
multipath_refused() { in_use 0d:00.0 "nvme5n1 is mounted on /home"; }

hold other_namespace_refused "a disk that is mounted only where the first process sees it is not taken"
other_namespace_refused()
{
	mkdir "$tree/proc/1"
	echo '40 1 259:33 / /srv/other rw - ext4 /dev/nvme4n1p1 rw' >"$tree/proc/1/mountinfo"
	in_use 0c:00.0 "nvme4n1p1 is mounted on /srv/other"
}

hold whole_disk_refused "a disk that is mounted as a whole is not taken"
whole_disk_refused()
{
	echo '40 21 259:32 / /srv/whole rw - ext4 /dev/nvme4n1 rw' >>"$tree/proc/self/mountinfo"
	in_use 0c:00.0 "nvme4n1 is mounted on /srv/whole"
}

hold claimed_disk_refused "a disk that something else has claimed is not taken, and only read by show"
claimed_disk_refused()
{
	mkdir "$tree/claimed"
	: >"$tree/claimed/nvme4n1p1"
	in_use 0c:00.0 "nvme4n1p1 is in use"
	rm "$tree/sys/bus/pci/devices/0000:0c:00.0/driver"
	fvk show --json 0c:00.0
	value .host_use null
}

hold looping_disk_refused "disks that are built over each other come to an end"
looping_disk_refused()
{
	ln -s ../../md127 "$tree/sys/devices/virtual/block/md127/holders/md127"
	in_use 0b:00.0 "md127 is part of md127"
}

hold idle_disk_ok "an unused disk is taken"
idle_disk_ok()
{
	# other disks with similar numbers and names
	printf '%s\n' '40 21 259:330 / /srv/a rw - ext4 /dev/nvme4n1p10 rw' \
		'41 21 259:3 / /srv/b rw - ext4 /dev/nvme4n rw' '42 21 259:33 nonsense' \
		>>"$tree/proc/self/mountinfo"
	printf '/dev/nvme4n1p10  partition 1 0 -2\n/swap/file  file 1 0 -3\n' >>"$tree/proc/swaps"
	fvk bind --yes 0c:00.0
	succeeds
	[ "$(driver_of 0000:0c:00.0)" = fpga_vfio_pci ]
}

hold boot_vga_refused "the console's display is not taken"
boot_vga_refused() { in_use 03:00.0 "boot display (boot_vga)"; }

hold idle_display_ok "a display that the console does not use is taken"
idle_display_ok()
{
	echo 0 >"$tree/sys/bus/pci/devices/0000:03:00.0/boot_vga"
	ln -s ../../devices/pci0000:00/0000:00:03.0/0000:03:00.0 "$tree/sys/class/graphics/card0"
	fvk bind --yes 03:00.0
	succeeds_alone
	# only a display can have the console
	echo 1 >"$tree/sys/bus/pci/devices/0000:04:00.1/boot_vga"
	fvk bind --yes 04:00.1
	succeeds_alone
}

hold framebuffer_refused "a display with a framebuffer of the console is not taken"
framebuffer_refused() { in_use 03:00.1 "console framebuffer fb0"; }

hold net_up_refused "a network device that is up is not taken"
net_up_refused() { in_use 04:00.0 "network device eth0 is up"; }

hold net_down_ok "a network device that is down is taken"
net_down_ok()
{
	fvk bind --yes 04:00.1
	succeeds_alone
}

hold vfs_refused "a physical function with virtual functions is not taken"
vfs_refused() { in_use 04:00.2 "2 virtual functions enabled"; }

hold one_vf_refused "nor is one with a single virtual function"
one_vf_refused()
{
	echo 1 >"$tree/sys/bus/pci/devices/0000:04:00.2/sriov_numvfs"
	in_use 04:00.2 "1 virtual function enabled"
}

hold no_vfs_ok "a physical function without virtual functions is taken"
no_vfs_ok()
{
	echo 0 >"$tree/sys/bus/pci/devices/0000:04:00.2/sriov_numvfs"
	fvk bind --yes 04:00.2
	succeeds_alone
}

hold member_held_refused "a group of which a VM has a member is not touched, --force or not"
member_held_refused()
{
	remember
	fvk bind --yes --only 08:00.1
	refuses 4 '0000:08:00.1: bind: 0000:08:00.0 in group 19 is held by evil\x1b[31m\x0aname\xff (pid 4343)'
	hints "Nothing was changed. Stop the process or unplug the device from the VM."
	fvk bind --yes --force 08:00.1
	[ "$rc" = 4 ]
	unchanged
}

hold blockers_refused "a program reads what is in the way, by whom it is held, and its driver"
blockers_refused()
{
	remember
	fvk bind --json 04:00.1 01:00.0
	blocked_by '{"code":"driver","object":"0000:01:00.1","driver":"xdma","user":null}' \
		'{"code":"driver","object":"0000:04:00.1","driver":"igb","user":null}'
	fvk bind --json --yes 02:00.0
	blocked_by '{"code":"host-use","object":"0000:02:00.0","driver":"nvme","user":null}'
	fvk bind --json --yes 04:00.2
	blocked_by '{"code":"virtual-functions","object":"0000:04:00.2","driver":"igb","user":null}'
	fvk bind --json --yes --only 08:00.1
	blocked_by '{"code":"held","object":"0000:08:00.0","driver":"vfio-pci","user":{"pid":4343,"command":"evil\u001b[31m\nname\\xff"}}'
	head -c 64 /dev/zero | tr '\0' '\377' >"$tree/sys/bus/pci/devices/0000:06:00.0/config"
	fvk bind --json 06:00.0
	blocked_by '{"code":"no-response","object":"0000:06:00.0","driver":null,"user":null}'
	# an error without any
	fvk bind --json ff:00.0
	blocked_by
	unchanged
}

hold member_unseen_refused "a bound member that is held counts, though the holder cannot be seen"
member_unseen_refused()
{
	rm -r "$tree/proc/4242"
	ln -sfn ../../../../kernel/iommu_groups/17 \
		"$tree/sys/devices/pci0000:00/0000:00:07.0/0000:07:00.1/iommu_group"
	rm "$tree/sys/bus/pci/devices/0000:07:00.1/driver"
	remember
	fvk bind --yes --only 07:00.1
	refuses 4 "0000:07:00.1: bind: 0000:07:00.0 in group 17 is held by a process not visible to the caller"
	unchanged
}

hold no_group_refused "a device without IOMMU group is refused"
no_group_refused()
{
	remember
	fvk bind --yes --force 05:00.0
	refuses 1 "0000:05:00.0: bind: has no IOMMU group, so it cannot be assigned to a VM"
	fvk bind --json 05:00.0
	blocked_by '{"code":"no-iommu-group","object":"0000:05:00.0","driver":null,"user":null}'
	unchanged
}

hold bridge_refused "a bridge is refused"
bridge_refused()
{
	remember
	fvk bind --yes --force 00:01.0
	refuses 1 "0000:00:01.0: bind: is a bridge, not an endpoint"
	unchanged
}

hold unknown_refused "one unknown address among known ones, and nothing is changed"
unknown_refused()
{
	remember
	fvk bind --yes 01:00.0 ee:00.0
	refuses 3 "0000:ee:00.0: bind: no such PCI device"
	fvk bind --yes 01:00.0 nonsense
	refuses 2 "bind: invalid PCI address 'nonsense'"
	unchanged
}

hold no_module_refused "without the module it says how to load it, with exit code 10"
no_module_refused()
{
	rm -r "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	remember
	fvk bind --yes 01:00.0
	refuses 10 "0000:01:00.0: bind: module fpga_vfio_pci is not loaded"
	hints "Load it: modprobe fpga_vfio_pci"
	unchanged
}

hold ordinary_user_refused "an ordinary user is told that it needs root, and may see the plan"
ordinary_user_refused()
{
	remember
	run_as_nobody bind --yes 01:00.0
	refuses 12 "0000:01:00.0: bind: needs root"
	hints "Run it as root. Nothing was changed."
	unchanged
	run_as_nobody bind --dry-run 01:00.0
	[ "$rc" = 12 ]
	[ "$(wc -l <<<"$out")" = 2 ]
	[ "${err%%$'\n'*}" = "fpgactl: 0000:01:00.0: bind: needs root" ]
}

hold no_probe_refused "a kernel without the files of the driver core is told as it is"
no_probe_refused()
{
	rm "$tree/sys/bus/pci/drivers_probe"
	remember
	fvk bind --yes 01:00.0
	refuses 1 "0000:01:00.0: bind: No such file or directory"
	hints "Nothing was changed."
	unchanged
}

hold json_error_ok "with --json the error is an object, and nothing else is printed"
json_error_ok()
{
	fvk bind --json 01:00.0
	[ "$rc" = 11 ]
	[ -z "$out" ]
	[ "$(jq -c . "$work/err")" = '{"schema":1,"error":{"object":"0000:01:00.1","what":"bind","why":"would unbind 0000:01:00.1 from xdma","hint":"Use --yes to confirm, --dry-run to see the plan.","exit_code":11,"blockers":[{"code":"driver","object":"0000:01:00.1","driver":"xdma","user":null}]}}' ]
}

run_tests
