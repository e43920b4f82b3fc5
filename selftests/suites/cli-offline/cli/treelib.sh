# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # root is set by the caller
# Parts of a recorded system in $root, for mktree.sh and mkreport.sh. Sourced.

pci=$root/sys/bus/pci

# put FILE TEXT: make a sysfs file
put()
{
	[ -d "${1%/*}" ] || mkdir -p "${1%/*}"
	printf '%s\n' "$2" >"$1"
}

# link PATH TARGET: make a relative symlink as in sysfs
link()
{
	[ -d "${1%/*}" ] || mkdir -p "${1%/*}"
	ln -sfnr "$2" "$1"
}

# skeleton: make what every system has
skeleton()
{
	mkdir -p "$pci/devices" "$pci/drivers" "$root/sys/kernel/iommu_groups" \
		"$root/sys/class/block" "$root/sys/class/net" "$root/sys/class/graphics" \
		"$root/sys/block" "$root/proc/self" "$root/dev" "$root/usr/share/misc"
	: >"$pci/drivers_probe"
	: >"$root/proc/self/mountinfo"
	: >"$root/proc/swaps"
}

driver()
{
	[ -d "$pci/drivers/$1" ] || mkdir -p "$pci/drivers/$1"
	: >"$pci/drivers/$1/bind"
	: >"$pci/drivers/$1/unbind"
}

# place DIR BDF GROUP DRIVER: put the device in DIR on the bus, into its group and to its driver,
# which may be -
place()
{
	link "$pci/devices/$2" "$1"
	if [ "$3" != - ]; then
		link "$root/sys/kernel/iommu_groups/$3/devices/$2" "$1"
		link "$1/iommu_group" "$root/sys/kernel/iommu_groups/$3"
	fi
	if [ "$4" != - ]; then
		driver "$4"
		link "$1/driver" "$pci/drivers/$4"
		link "$pci/drivers/$4/$2" "$1"
	fi
}

# disk BDF NAME MAJOR:MINOR [PARTITION MAJOR:MINOR]…: make a disk of an NVMe controller
disk()
{
	local dir=$pci/devices/$1/nvme/${2%n*}/$2

	put "$dir/dev" "$3"
	mkdir -p "$dir/holders"
	link "$root/sys/block/$2" "$(realpath "$dir")"
	link "$root/sys/class/block/$2" "$(realpath "$dir")"
	set -- "$dir" "${@:4}"
	while [ $# -gt 1 ]; do
		put "$1/$2/dev" "$3"
		put "$1/$2/partition" 1
		mkdir -p "$1/$2/holders"
		link "$root/sys/class/block/$2" "$(realpath "$1/$2")"
		set -- "$1" "${@:4}"
	done
}

# netdev BDF NAME FLAGS
netdev()
{
	local dir

	dir=$(realpath "$pci/devices/$1")/net/$2
	put "$dir/flags" "$3"
	link "$root/sys/class/net/$2" "$dir"
}
