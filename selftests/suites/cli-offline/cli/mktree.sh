#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mktree.sh DIR: make a system as fpgactl sees it: sys, proc and dev of a host with a device for
# each relevant case.
set -eu

root=$1
. "$(dirname "$0")/treelib.sh"

skeleton
mkdir "$root/sys/kernel/irq" "$root/host" "$root/netlink"
: >"$root/netlink/log"

# bytes HEX…: print binary bytes
bytes()
{
	local byte

	for byte; do
		printf '%b' "\\x$byte"
	done
}

# config TYPE: print 256 bytes of config space: MSI-X of 8 vectors at 0x40, PCI Express with FLR at
# 0x50; of a root port for header type 01
config()
{
	local express=02

	[ "$1" != 01 ] || express=42
	bytes ee 10 38 90 06 04 10 00 00 00 00 12 00 00 "$1" 00
	head -c 36 /dev/zero
	bytes 40
	head -c 11 /dev/zero
	bytes 11 50 07 00
	head -c 12 /dev/zero
	bytes 10 00 $express 00 00 00 00 10
	head -c 168 /dev/zero
}

# device DIR BDF VENDOR DEVICE CLASS GROUP DRIVER: DIR is the parent's directory below sys/devices;
# GROUP and DRIVER may be -
device()
{
	local dir=$root/sys/devices/$1/$2 type=00 name=-

	mkdir -p "$dir"
	put "$dir/vendor" "0x$3"
	put "$dir/device" "0x$4"
	put "$dir/class" "0x$5"
	put "$dir/subsystem_vendor" "0x$3"
	put "$dir/subsystem_device" "0x0007"
	put "$dir/revision" "0x01"
	put "$dir/numa_node" "0"
	put "$dir/driver_override" "(null)"
	: >"$dir/remove"
	[ "$5" != 060400 ] || type=01
	config $type >"$dir/config"
	if [ "$7" != - ]; then
		name=$(printf '%b' "$7")
		printf '%s' "$name" >"$root/host/$2"
	fi
	place "$dir" "$2" "$6" "$name"
}

# speed BDF NOW NOW-WIDTH MAX MAX-WIDTH
speed()
{
	put "$pci/devices/$1/current_link_speed" "$2"
	put "$pci/devices/$1/current_link_width" "$3"
	put "$pci/devices/$1/max_link_speed" "$4"
	put "$pci/devices/$1/max_link_width" "$5"
}

# word VALUE SIZE: print its bytes, little endian
word()
{
	local i

	for ((i = 0; i < $2; i++)); do
		bytes "$(printf %02x $(($1 >> 8 * i & 255)))"
	done
}

# registers BDF NOW NOW-WIDTH MAX MAX-WIDTH: set the registers of a port to an active link with
# target speed MAX; speeds by generation
registers()
{
	local config=$pci/devices/$1/config

	word $(($4 | $5 << 4 | 1 << 20)) 4 |
		dd of="$config" bs=1 seek=$((0x5c)) conv=notrunc status=none
	word $(($2 | $3 << 4 | 1 << 13)) 2 |
		dd of="$config" bs=1 seek=$((0x62)) conv=notrunc status=none
	word "$4" 2 | dd of="$config" bs=1 seek=$((0x80)) conv=notrunc status=none
}

# port N [GROUP]: make a root port, with its own group by default; directory in $REPLY
port()
{
	local bdf

	bdf=$(printf '0000:00:%02x.0' "$1")
	device pci0000:00 "$bdf" 8086 3420 060400 "${2:-$((100 + $1))}" pcieport
	speed "$bdf" "16.0 GT/s PCIe" 8 "16.0 GT/s PCIe" 16
	registers "$bdf" 4 8 4 16
	REPLY=pci0000:00/$bdf
	put "$(printf '%s/pci_bus/0000:%02x/rescan' "$pci/devices/$bdf" "$1")" ""
}

# over NAME MAJOR:MINOR BELOW: make a device-mapper device on another block device
over()
{
	local dir=$root/sys/devices/virtual/block/$1

	put "$dir/dev" "$2"
	mkdir -p "$dir/holders"
	link "$root/sys/block/$1" "$dir"
	link "$root/sys/class/block/$1" "$dir"
	link "$root/sys/class/block/$3/holders/$1" "$dir"
}

# holder PID COMMAND FILE…: make a process with these open files
holder()
{
	local pid=$1 command=$2 fd=3 file

	mkdir -p "$root/proc/$pid/fd" "$root/proc/$pid/fdinfo"
	printf '%b\n' "$command" >"$root/proc/$pid/comm"
	for file in /dev/null "${@:3}"; do
		ln -s "$file" "$root/proc/$pid/fd/$fd"
		fd=$((fd + 1))
	done
}

cat >"$root/usr/share/misc/pci.ids" <<'END'
10ee  Xilinx Corporation
	9038  FPGA Card XRT
		10ee 0007  Board Seven
144d  Samsung Electronics
	a808  NVMe SSD
8086  Intel Corporation
	1521  I350 Gigabit
1002  AMD
	67df  Polaris
C 05  Memory controller
	80  Memory controller
C 12  Processing accelerators
	00  Processing accelerators
END

driver fpga_vfio_pci
driver vfio-pci

device pci0000:00 0000:00:00.0 8086 0d4c 060000 0 -

# An FPGA card of two functions; their port is in the same group.
port 1 1
device "$REPLY" 0000:01:00.0 10ee 9038 120000 1 -
device "$REPLY" 0000:01:00.1 10ee 9039 058000 1 xdma
speed 0000:01:00.0 "16.0 GT/s PCIe" 8 "16.0 GT/s PCIe" 8
speed 0000:01:00.1 "16.0 GT/s PCIe" 8 "16.0 GT/s PCIe" 8
put "$pci/devices/0000:01:00.0/reset_method" "flr bus"
cat >"$pci/devices/0000:01:00.0/resource" <<'END'
0x00000000e0000000 0x00000000e1ffffff 0x000000000014220c
0x0000000000000000 0x0000000000000000 0x0000000000000000
0x00000000e2000000 0x00000000e201ffff 0x0000000000040200
0x0000000000000000 0x0000000000000000 0x0000000000000000
0x0000000000003000 0x000000000000307f 0x0000000000040101
0x0000000000000000 0x0000000000000000 0x0000000000000000
0x0000000000000000 0x000000000007ffff 0x0000000000046200
0x00000000f0000000 0x00000000f00fffff 0x000000000014220c
END

# The root disk.
port 2
device "$REPLY" 0000:02:00.0 144d a808 010802 12 nvme
disk 0000:02:00.0 nvme0n1 259:0 nvme0n1p1 259:1 nvme0n1p2 259:2
cat >>"$root/proc/self/mountinfo" <<'END'
21 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
22 21 0:20 / /proc rw - proc proc rw
END

# The console's display, and another display with a framebuffer.
port 3
device "$REPLY" 0000:03:00.0 1002 67df 030000 13 amdgpu
put "$pci/devices/0000:03:00.0/boot_vga" 1
device "$REPLY" 0000:03:00.1 1002 67df 038000 24 simple
put "$pci/devices/0000:03:00.1/graphics/fb0/name" simple
link "$root/sys/class/graphics/fb0" "$(realpath "$pci/devices/0000:03:00.1/graphics/fb0")"

# Network functions: one up, one down, one with VFs.
port 4
device "$REPLY" 0000:04:00.0 8086 1521 020000 14 igb
device "$REPLY" 0000:04:00.1 8086 1521 020000 15 igb
device "$REPLY" 0000:04:00.2 8086 1521 020000 25 igb
netdev 0000:04:00.0 eth0 0x1003
netdev 0000:04:00.1 eth1 0x1002
put "$pci/devices/0000:04:00.2/sriov_numvfs" 2

# A device without IOMMU.
port 5
device "$REPLY" 0000:05:00.0 10ee 9038 120000 - -

# A card with a slow and narrow link, and one with the link down.
port 6
speed 0000:00:06.0 "2.5 GT/s PCIe" 1 "16.0 GT/s PCIe" 16
registers 0000:00:06.0 1 1 4 16
device "$REPLY" 0000:06:00.0 10ee 9038 120000 16 -
speed 0000:06:00.0 "2.5 GT/s PCIe" 1 "16.0 GT/s PCIe" 8
device "$REPLY" 0000:06:00.1 10ee 9038 120000 27 -
speed 0000:06:00.1 Unknown 0 "16.0 GT/s PCIe" 8

# Bound to fpga_vfio_pci: one held by a VM, one free.
port 7
device "$REPLY" 0000:07:00.0 10ee 9038 120000 17 fpga_vfio_pci
device "$REPLY" 0000:07:00.1 10ee 9038 120000 18 fpga_vfio_pci
put "$pci/devices/0000:07:00.0/driver_override" fpga_vfio_pci
put "$pci/devices/0000:07:00.1/driver_override" fpga_vfio_pci
rm "$root/host/0000:07:00.0"
printf xdma >"$root/host/0000:07:00.1"
holder 4242 qemu-system-x86 /dev/vfio/vfio /dev/vfio/17

# stat GROUP NAME VALUE
stat()
{
	put "$root/sys/class/fpga_vfio/group$1/statistics/$2" "$3"
}
for group in 17 18; do
	sed -n 's/.*X([A-Z_0-9]*, \([a-z_0-9]*\)).*/\1/p' "$FV_STATS_H" |
		while read -r name; do
			stat $group "$name" 0
		done
	link "$root/sys/class/fpga_vfio/group$group/0000:07:00.$((group - 17))" \
		"$(realpath "$pci/devices/0000:07:00.$((group - 17))")"
done
stat 17 opens 3
stat 17 closes 2
stat 17 users 1
stat 17 held_ns 18446744073709551615
stat 17 config_reads 4096
put "$root/sys/kernel/irq/40/actions" "vfio-msix[0](0000:07:00.0)"
put "$root/sys/kernel/irq/40/per_cpu_count" 5,7
put "$root/sys/kernel/irq/41/actions" "vfio-msix[1](0000:07:00.0)"
put "$root/sys/kernel/irq/41/per_cpu_count" 30,0
put "$root/sys/kernel/irq/9/actions" acpi
put "$root/sys/kernel/irq/9/per_cpu_count" 1000,1000

# A group of two: a VM holds one through its cdev, the other is idle.
port 8
device "$REPLY" 0000:08:00.0 8086 1521 020000 19 vfio-pci
device "$REPLY" 0000:08:00.1 8086 1521 020000 19 -
mkdir "$pci/devices/0000:08:00.0/vfio-dev" "$pci/devices/0000:08:00.0/vfio-dev/vfio0"
holder 4343 'evil\x1b[31m\nname\xff' /dev/vfio/devices/vfio0

# A disk with a mounted file system on device-mapper.
port 9
device "$REPLY" 0000:09:00.0 144d a808 010802 20 nvme
disk 0000:09:00.0 nvme1n1 259:8 nvme1n1p1 259:9
over dm-0 253:0 nvme1n1p1
over dm-1 253:1 dm-0
printf '%s\n' '30 21 253:1 / /srv/with\040blank rw - xfs /dev/mapper/data rw' >>"$root/proc/self/mountinfo"

# Disks with swap, with an inactive RAID, unused, and behind NVMe multipath.
port 10
device "$REPLY" 0000:0a:00.0 144d a808 010802 21 nvme
disk 0000:0a:00.0 nvme2n1 259:16 nvme2n1p1 259:17
printf 'Filename\t\t\tType\n/dev/nvme2n1p1                          partition\t1\t0\t-2\n' \
	>"$root/proc/swaps"
port 11
device "$REPLY" 0000:0b:00.0 144d a808 010802 22 nvme
disk 0000:0b:00.0 nvme3n1 259:24 nvme3n1p1 259:25
over md127 9:127 nvme3n1p1
port 12
device "$REPLY" 0000:0c:00.0 144d a808 010802 23 nvme
disk 0000:0c:00.0 nvme4n1 259:32 nvme4n1p1 259:33
port 13
device "$REPLY" 0000:0d:00.0 144d a808 010802 28 nvme
subsystem=$root/sys/devices/virtual/nvme-subsystem/nvme-subsys5
mkdir -p "$pci/devices/0000:0d:00.0/nvme/nvme5"
put "$subsystem/nvme5n1/dev" 259:40
mkdir -p "$subsystem/nvme5n1/holders"
link "$subsystem/nvme5" "$(realpath "$pci/devices/0000:0d:00.0/nvme/nvme5")"
link "$root/sys/block/nvme5n1" "$subsystem/nvme5n1"
link "$root/sys/class/block/nvme5n1" "$subsystem/nvme5n1"
echo '31 21 0:45 / /home rw - btrfs /dev/nvme5n1 rw' >>"$root/proc/self/mountinfo"

# A driver with control characters in its name; a domain of five digits.
port 14
device "$REPLY" 10000:01:00.0 8086 0a54 010802 26 'ev\x1b[31mil'
