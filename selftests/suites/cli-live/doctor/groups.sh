#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl doctor on devices that share a group, have none, or are used by the host.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/fv.sh"
# shellcheck source=selftests/lib/verdict.sh
. "$(dirname "$0")/verdict.sh"

fv_need FV_NVME2 FV_E1000E FV_IGB FV_EDU1 FV_EDU2 FV_NO_IOMMU FV_KO
ktap_print_header
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
modprobe -a nvme e1000e igb
fv_load || ktap_exit_fail_msg "the module cannot be loaded"
doctor_init
DOCTOR_USUAL+=("warning kvm-off host" "warning module-not-installed host")

verdict "no card: the host is ready" 0
fv_same "no card: no device is named" 0 "$(jq '.devices | length' <<<"$DOCTOR")"

# port_of BDF: port above the device
port_of()
{
	basename "$(readlink -f "$FV_PCI/$1/..")"
}

# --- groups
verdict "no group" 13 "error no-group $FV_NO_IOMMU" "warning conventional-pci $FV_NO_IOMMU" \
	"note hotplug-slot $(port_of "$FV_NO_IOMMU")" -- "$FV_NO_IOMMU"
# behind a bridge of conventional PCI
groups=("warning group-shared group $(basename "$(readlink "$FV_PCI/$FV_EDU1/iommu_group")")")
verdict "two devices in a group: the first" 0 "${groups[@]}" "warning conventional-pci $FV_EDU1" -- "$FV_EDU1"
fv_has "two devices in a group: the other is named, and the bridge" \
	"the whole group, also $FV_EDU2 .*; [0-9a-f:.]* is a bridge of conventional PCI" \
	"$(finding group-shared text)"
verdict "two devices in a group: the second, which has no reset method" 0 "${groups[@]}" \
	"warning conventional-pci $FV_EDU2" "note no-reset $FV_EDU2" -- "$FV_EDU2"

# uses BDF NAME CODE FINDING…: verdict of a device that has a driver of the host, in a hotplug slot
uses()
{
	verdict "$2" "$3" "note host-driver $1" "note hotplug-slot $(port_of "$1")" "${@:4}" -- "$1"
}

# --- devices that the host uses
disk=$(basename "$FV_PCI/$FV_NVME2"/nvme/nvme*/nvme*n1)
uses "$FV_NVME2" "an idle disk" 0
mkfs.ext4 -q -F "/dev/$disk" && mkdir -p /tmp/mnt && mount "/dev/$disk" /tmp/mnt
uses "$FV_NVME2" "a mounted disk" 13 "error host-use $FV_NVME2"
fv_same "a mounted disk: told" "the host needs it: $disk is mounted on /tmp/mnt" "$(finding host-use text)"
fv_same "a mounted disk: no fix takes it away" "null null" \
	"$(finding host-driver fix) $(finding hotplug-slot fix)"
umount /tmp/mnt
uses "$FV_NVME2" "a disk that is not mounted any more" 0
fv_same "a disk that is not mounted any more: the fix" "fpgactl bind --persist $FV_NVME2" "$(finding host-driver fix)"
net=$(basename "$FV_PCI/$FV_E1000E"/net/*)
ip link set "$net" up
uses "$FV_E1000E" "a network interface that is up" 13 "error host-use $FV_E1000E"
ip link set "$net" down
uses "$FV_E1000E" "a network interface that is down" 0
echo 1 >"$FV_PCI/$FV_IGB/sriov_numvfs"
uses "$FV_IGB" "a virtual function" 0 "warning vfs-enabled $FV_IGB"
fv_check "a virtual function: the fix" mend vfs-enabled
uses "$FV_IGB" "no virtual function" 0

fv_check "the module unloads" fv_unload
fv_finish
