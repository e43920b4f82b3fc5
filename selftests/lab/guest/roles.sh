# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Finds the devices of the topology by their position below the root bus.

# roles_export FILE: lines "VARIABLE IDS HOP…". A hop is the slot.function of the next device on
# the way down; the first may be a root bus ("pci0000:80") other than 0000:00. IDS must match.
roles_export()
{
	local name ids hops hop dir next

	while read -r name ids hops; do
		dir=/sys/devices/pci0000:00
		for hop in $hops; do
			case $hop in
			pci*)
				dir=/sys/devices/$hop
				continue
				;;
			esac
			for next in "$dir"/????:??:"$hop"; do
				break
			done
			dir=$next
		done
		if [ ! -e "$dir/vendor" ] ||
		   [ "$(cat "$dir/vendor"):$(cat "$dir/device")" != "$ids" ]; then
			echo "lab: $name: no device $ids at $hops" >/dev/kmsg
			continue
		fi
		export "$name=${dir##*/}"
	done <"$1"
}
