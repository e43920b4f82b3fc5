# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2054 # commas belong to QEMU's options
# Devices of an L1 guest, each behind its own root port, and the roles by which tests find them.
# Only devices that stock QEMU emulates.
#
# topology DISKDIR: QEMU arguments in FV_DEVICES, role lines (see guest/roles.sh) in FV_ROLES

# topology_port N: add root port pcie.0/(0x10 + N).0 named rpN, with FV_PORT_OPTIONS
topology_port()
{
	FV_DEVICES+=(-device "pcie-root-port,id=rp$1,bus=pcie.0,addr=0x$(printf %x $((16 + $1))),chassis=$1,slot=$1,io-reserve=0${FV_PORT_OPTIONS:-}")
}

# topology_role VARIABLE VENDOR:DEVICE PORT [HOP…]
topology_role()
{
	local name=$1 ids=$2 port

	port=$(printf '%x.0' $((16 + $3)))
	shift 3
	FV_ROLES+="$name 0x${ids%:*}:0x${ids#*:} $port $*"$'\n'
}

# topology_bypass DISKDIR: topology() and a device on a root bus without IOMMU
topology_bypass()
{
	topology "$1"
	FV_DEVICES+=(-device "pxb-pcie,id=pxb0,bus=pcie.0,addr=0xf,bus_nr=0x80,bypass_iommu=on")
	FV_DEVICES+=(-device pcie-root-port,id=rp9,bus=pxb0,chassis=9,slot=9,io-reserve=0 -device edu,id=edu3,bus=rp9)
	FV_ROLES+="FV_NO_IOMMU 0x1234:0x11e8 pci0000:80 00.0 00.0"$'\n'
}

topology_disk()
{
	truncate -s 64M "$1"
	FV_DEVICES+=(-drive "if=none,id=$2,file=$1,format=raw,cache=unsafe")
}

topology()
{
	local dir=$1

	FV_DEVICES=()
	FV_ROLES=

	topology_port 1
	topology_disk "$dir/nvme0.img" disk0
	FV_DEVICES+=(-device nvme,id=nvme0,serial=fv-nvme0,drive=disk0,bus=rp1)
	topology_role FV_NVME 1b36:0010 1 00.0

	topology_port 2
	topology_disk "$dir/nvme1.img" disk1
	FV_DEVICES+=(-device nvme,id=nvme1,serial=fv-nvme1,drive=disk1,bus=rp2)
	topology_role FV_NVME2 1b36:0010 2 00.0

	topology_port 3
	FV_DEVICES+=(-netdev user,id=net0,restrict=on -device e1000e,id=e1000e0,netdev=net0,bus=rp3,mac=52:54:00:00:00:03)
	topology_role FV_E1000E 8086:10d3 3 00.0

	topology_port 4
	FV_DEVICES+=(-netdev user,id=net1,restrict=on -device igb,id=igb0,netdev=net1,bus=rp4,mac=52:54:00:00:00:04)
	topology_role FV_IGB 8086:10c9 4 00.0

	topology_port 5
	FV_DEVICES+=(-device edu,id=edu0,bus=rp5,dma_mask=0xffffffffffffffff)
	topology_role FV_EDU0 1234:11e8 5 00.0

	topology_port 6
	FV_DEVICES+=(-device pcie-pci-bridge,id=bridge6,bus=rp6)
	FV_DEVICES+=(-device edu,id=edu1,bus=bridge6,addr=1,dma_mask=0xffffffffffffffff)
	FV_DEVICES+=(-device edu,id=edu2,bus=bridge6,addr=2,dma_mask=0xffffffffffffffff)
	topology_role FV_EDU1 1234:11e8 6 00.0 01.0
	topology_role FV_EDU2 1234:11e8 6 00.0 02.0

	topology_port 7
	FV_DEVICES+=(-netdev user,id=net2,restrict=on -device virtio-net-pci,id=virtio0,netdev=net2,bus=rp7,mac=52:54:00:00:00:07,disable-legacy=on,iommu_platform=on,ats=on,aer=on)
	topology_role FV_VIRTIO_NET 1af4:1041 7 00.0

	# an empty slot, for hotplug
	topology_port 8
}
