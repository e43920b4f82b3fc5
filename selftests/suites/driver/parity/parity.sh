#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Observe every device through vfio-pci and through fpga_vfio_pci, and compare. FV_PARITY_A and
# FV_PARITY_B select other drivers (both vfio-pci: are observations reproducible?).
# shellcheck disable=SC2119 # arguments of fv_load and fv_release are optional
. "$(dirname "$0")/fv.sh"

A=${FV_PARITY_A:-$FV_STOCK}
B=${FV_PARITY_B:-$FV_DRIVER}
# subsets: FV_PARITY_ROLES, and FV_PARITY_MODES=container or iommufd
all="FV_NVME FV_E1000E FV_IGB FV_EDU0 FV_EDU1 FV_EDU2 FV_VIRTIO_NET"
# debug is slow and supports container and iommufd: one device with SR-IOV, AER and MSI-X, and two
# in the same group
[ "${FV_KERNEL:-}" != debug ] || all="FV_IGB FV_EDU1 FV_EDU2"
roles=${FV_PARITY_ROLES:-$all}
# shellcheck disable=SC2086 # a list
fv_need $roles
ktap_print_header

# one entry per process: edu 1 and 2 share a group
lists=${roles/FV_EDU1 FV_EDU2/FV_EDU1+FV_EDU2}

# probe SIDE MODE ROLE[+ROLE]
probe()
{
	local dir=$FV_OUT/parity/$1-$2 role

	mkdir -p "$dir"
	for role in ${3//+/ }; do
		FV_IOMMU=$2 "$FV_DIR/vfio_probe" "${!role}" \
			>"$dir/$role" 2>"$dir/$role.err" ||
			echo "# vfio_probe for $role ended with $?"
	done
}

# observe SIDE DRIVER: observe all devices, in each mode that the kernel supports
observe()
{
	local side=$1 driver=$2 bdfs role mode list start=$SECONDS

	if [ "$driver" = "$FV_DRIVER" ]; then
		fv_load || ktap_exit_fail_msg "the module cannot be loaded"
	else
		fv_load_stock || ktap_exit_fail_msg "vfio-pci cannot be loaded"
	fi
	for role in $roles; do
		bdfs+=" ${!role}"
	done
	# shellcheck disable=SC2086 # a list
	fv_bind "$driver" $bdfs || ktap_exit_fail_msg "not all devices could be bound"
	modes=container
	role=${roles%% *}
	[ ! -e "$FV_PCI/${!role}/vfio-dev" ] || [ ! -e /dev/vfio/devices ] ||
		modes="container iommufd"
	modes=${FV_PARITY_MODES:-$modes}
	for mode in $modes; do
		for list in $lists; do
			probe "$side" "$mode" "$list" &
		done
		wait
	done
	# shellcheck disable=SC2086 # a list
	fv_unbind $bdfs
	fv_unload
	echo "# observed $driver in $((SECONDS - start)) s"
}

fv_free_bridges "$FV_EDU1"
observe a "$A"
observe b "$B"
for mode in $modes; do
	for role in $roles; do
		while read -r verdict section count; do
			case $verdict in
			ok) ktap_test_pass "$mode ${role#FV_} $section ($count observations)" ;;
			not) ktap_test_fail "$mode ${role#FV_} $section ($count observations)" ;;
			*) echo "$verdict $section $count" ;;
			esac
		done < <(awk -f "$FV_DIR/compare.awk" A="$A" B="$B" \
			"$FV_OUT/parity/a-$mode/$role" "$FV_OUT/parity/b-$mode/$role")
		for side in a b; do
			sed "s/^/# $side ${role#FV_}: /" "$FV_OUT/parity/$side-$mode/$role.err"
		done
	done
done
fv_finish
