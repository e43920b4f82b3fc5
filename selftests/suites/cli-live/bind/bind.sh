#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl bind: effects on devices, and refusals.
# shellcheck disable=SC2119 # arguments of fv_load and fv_release are optional
. "$(dirname "$0")/common.sh"

ktap_print_header
for bdf in "$FV_NVME" "$FV_NVME2"; do
	fv_wait 60 disk_of "$bdf" || ktap_exit_fail_msg "$bdf has no disk"
done

# --- aliases of the module: only single devices, and only for VFIO
aliases=$(modinfo -F alias "$FV_KO")
fv_has module_has_aliases "vfio_pci:v0000" "$aliases"
fv_same aliases_are_for_vfio_only "" "$(grep -v '^vfio_pci:' <<<"$aliases")"
fv_same aliases_name_single_devices "" \
	"$(grep -vE '^vfio_pci:v0000[0-9A-F]{4}d0000[0-9A-F]{4}' <<<"$aliases")"

# --- without the module
refused module_not_loaded_refused 10 "$FV_MODULE is not loaded" bind --yes "$FV_NVME"
fv_load || ktap_exit_fail_msg "the module cannot be loaded"

# --- devices that cannot be bound
refused unknown_address_refused 3 0000:ff:1f.7 bind --yes 0000:ff:1f.7
refused no_address_refused 2 nonsense bind --yes nonsense
refused no_argument_refused 2 . bind
port=$(readlink -f "$FV_PCI/$FV_NVME/..")
refused bridge_refused 1 bridge bind --yes "${port##*/}"
refused no_iommu_refused 1 "$FV_NO_IOMMU.*no IOMMU group" bind --yes "$FV_NO_IOMMU"
fv_same no_iommu_module_refuses_too "" "$(fv_bind $FV_DRIVER "$FV_NO_IOMMU" &>/dev/null
	fv_driver "$FV_NO_IOMMU"
	echo "$REPLY"
	echo >"$FV_PCI/$FV_NO_IOMMU/driver_override")"
refused unknown_among_known_refused 3 0000:ff:1f.7 bind --yes "$FV_EDU0" 0000:ff:1f.7

# --- devices used by the host
disk_of "$FV_NVME2"
disk=$REPLY
mkfs.ext4 -q -F "$disk" && mkdir -p /tmp/mnt && mount "$disk" /tmp/mnt
refused mounted_disk_refused 11 "mounted|/tmp/mnt" bind --yes "$FV_NVME2"
echo precious >/tmp/mnt/file
umount /tmp/mnt
mkswap "$disk" >/dev/null && swapon "$disk"
refused swap_refused 11 swap bind --yes "$FV_NVME2"
swapoff "$disk"
for net in "$FV_PCI/$FV_E1000E"/net/*; do
	ip link set "${net##*/}" up
	refused network_device_up_refused 11 "up" bind --yes "$FV_E1000E"
	ip link set "${net##*/}" down
done
refused other_driver_without_yes_refused 11 "nvme" bind "$FV_NVME"

# --- permission
cp "$(command -v fpgactl)" /tmp/fpgactl && chmod 755 /tmp/fpgactl
before=$(state)
CTL_ERR=$(setpriv --reuid 65534 --regid 65534 --clear-groups \
	/tmp/fpgactl bind --yes "$FV_NVME" 2>&1)
fv_same non_root_refused 12 $?
fv_has non_root_refused_with_a_text root "$CTL_ERR"
fv_same non_root_changed_nothing "$before" "$(state)"

# --- dry run
before=$(state)
accepted dry_run_ok "would be bound" bind --dry-run --yes "$FV_NVME"
fv_same dry_run_changed_nothing "$before" "$(state)"

# --- driver_override with the driver's old name
echo fpga-vfio-pci >"$FV_PCI/$FV_EDU0/driver_override"
echo "$FV_EDU0" >/sys/bus/pci/drivers_probe
fv_check old_name_does_not_bind fv_driver_is "$FV_EDU0" ""
ctl list
fv_has old_name_noted "$FV_EDU0: driver_override has the old name fpga-vfio-pci" "$CTL_ERR"
accepted bind_with_old_name_ok "$FV_EDU0: now bound" bind "$FV_EDU0"
echo fpga-vfio-pci >"$FV_PCI/$FV_EDU0/driver_override"
accepted old_name_replaced "driver_override fpga-vfio-pci was replaced" bind "$FV_EDU0"
fv_same old_name_is_gone $FV_DRIVER "$(<"$FV_PCI/$FV_EDU0/driver_override")"
fpgactl unbind --none "$FV_EDU0" >/dev/null
echo fpga-vfio-pci >"$FV_PCI/$FV_EDU0/driver_override"
ctl unbind "$FV_EDU0"
fv_same unbind_clears_old_name "0 (null)" "$CTL_RC $(<"$FV_PCI/$FV_EDU0/driver_override")"

# --- one device, and a whole group
before=$(state)
accepted bind_ok "$FV_NVME: now bound" bind --yes "$FV_NVME"
fv_check bound_really fv_driver_is "$FV_NVME" $FV_DRIVER
fv_same only_it_changed "$FV_NVME driver=$FV_DRIVER override=$FV_DRIVER" \
	"$(diff <(echo "$before") <(state) | sed -n 's/^> //p')"
refused_state=$(state)
accepted bind_twice_ok "already bound" bind --yes "$FV_NVME"
fv_same bind_twice_changed_nothing "$refused_state" "$(state)"
accepted whole_group_ok "$FV_EDU1" bind --yes "$FV_EDU2"
fv_check other_member_bound fv_driver_is "$FV_EDU1" $FV_DRIVER
fv_check named_member_bound fv_driver_is "$FV_EDU2" $FV_DRIVER
fv_driver 0000:06:00.0
if [ "$REPLY" = shpchp ]; then
	fv_has bridge_in_the_way_said "0000:06:00.0.*shpchp" "$CTL_ERR"
fi
fpgactl unbind "$FV_EDU1" >/dev/null

# --- --only
accepted only_ok "$FV_EDU1" bind --only --yes "$FV_EDU1"
fv_check only_the_named_bound fv_driver_is "$FV_EDU2" ""

# --- a group member in use
fv_free_bridges "$FV_EDU1"
fv_load_stock
fv_bind $FV_STOCK "$FV_EDU2"
fv_hold "$FV_EDU1"
refused member_held_refused 4 "vfio_hold|$FV_HOLDER" bind --yes "$FV_EDU2"
refused member_held_refused_with_force 4 "held by" bind --yes --force "$FV_EDU2"
fv_release
fv_unbind "$FV_EDU1" "$FV_EDU2"

# --- the bind of one member fails: its driver_override is replaced by another file
touch /tmp/nowhere
override=$(readlink -f "$FV_PCI/$FV_EDU2")/driver_override
mount --bind /tmp/nowhere "$override"
before=$(state | grep -v "^$FV_EDU2")
ctl bind --yes "$FV_EDU1"
umount "$override"
fv_same failed_member_reported 1 "$CTL_RC"
fv_has failed_member_named "$FV_EDU2" "$CTL_ERR"
fv_same failed_member_undone "$before" "$(state | grep -v "^$FV_EDU2")"
fv_check failed_member_without_driver fv_driver_is "$FV_EDU2" ""

# --- JSON
before=$(state)
ctl bind --json --yes "$FV_EDU0"
fv_same json_names_the_device "$FV_EDU0 true" \
	"$(jq -r '.devices[] | "\(.bdf) \(.changed)"' <<<"$CTL_OUT")"
ctl --json bind 0000:ff:1f.7
fv_same json_of_an_error_is_an_object object "$(jq -r type <<<"$CTL_ERR$CTL_OUT")"
fpgactl unbind "$FV_EDU0" "$FV_NVME" >/dev/null
fv_check module_unloads fv_unload
fv_finish
