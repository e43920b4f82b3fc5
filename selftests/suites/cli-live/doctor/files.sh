#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Card files of a live host: a group that has grown and a disk that is mounted are left alone, and
# the kernel log and doctor say so.
# shellcheck disable=SC2119,SC2016 # arguments are optional; conditions are for eval
. "$(dirname "$0")/fv.sh"
# shellcheck source=selftests/lib/verdict.sh
. "$(dirname "$0")/verdict.sh"

fv_need FV_NVME2 FV_EDU1 FV_EDU2 FV_KO
ktap_print_header
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
modprobe nvme
fv_load || ktap_exit_fail_msg "the module cannot be loaded"
doctor_init
install -D -m 644 /dev/null /usr/lib/udev/rules.d/05-fpgactl.rules
DOCTOR_USUAL+=("warning kvm-off host" "warning module-not-installed host")

# not_bound NAME CODE TEXT: apply ends with the code and binds nothing; it, the kernel log and doctor
# have the text
not_bound()
{
	local file said

	file=$(echo /etc/fpgactl/cards.d/*.conf)
	said=$(fpgactl apply 2>&1)
	fv_same "$1: apply refuses" "$2" $?
	fv_has "$1: apply tells" "not bound: $3" "$said"
	fv_has "$1: the kernel log has it" "fpgactl: [^ ]* not bound: $3" "$(dmesg | tail -n 20)"
	doctor
	fv_has "$1: doctor tells" "nothing is bound: $3" "$(finding card-not-matched text)"
	fv_same "$1: doctor names the file" "$file" "$(finding card-not-matched object)"
	fv_same "$1: nothing is bound" 0 "$(find /sys/bus/pci/drivers/$FV_DRIVER -name '0000:*' | wc -l)"
}

# --- a group that grows: a second device behind the bridge
fv_free_bridges "$FV_EDU1"
echo 1 >"$FV_PCI/$FV_EDU2/remove"
fpgactl bind --persist "$FV_EDU1" >/dev/null
fv_check "a group of one device: bound" fv_driver_is "$FV_EDU1" $FV_DRIVER
fv_unbind "$FV_EDU1"
echo 1 >/sys/bus/pci/rescan
fv_wait 60 test -e "$FV_PCI/$FV_EDU2/iommu_group"
fv_free_bridges "$FV_EDU1"
not_bound "a group that grew" 1 "group of function 0 grew: new member $FV_EDU2"
echo 1 >"$FV_PCI/$FV_EDU2/remove"
fv_check "the group as it was: apply binds the device" fpgactl apply
fv_check "the group as it was: the driver has it" fv_driver_is "$FV_EDU1" $FV_DRIVER
fpgactl unbind --persist "$FV_EDU1" >/dev/null

# --- a disk of the host in the slot of a card file
disk=$(basename "$FV_PCI/$FV_NVME2"/nvme/nvme*/nvme*n1)
mkfs.ext4 -q -F "/dev/$disk"
fpgactl bind --persist --yes --force "$FV_NVME2" >/dev/null
fpgactl unbind "$FV_NVME2" >/dev/null
fv_wait 60 eval 'disk=$(basename "$FV_PCI/$FV_NVME2"/nvme/nvme*/nvme*n1) && [ -b "/dev/$disk" ]'
mkdir -p /tmp/mnt && mount "/dev/$disk" /tmp/mnt
not_bound "a mounted disk" 11 "in use by the host: $FV_NVME2: $disk is mounted on /tmp/mnt"
echo precious >/tmp/mnt/file && umount /tmp/mnt
fv_check "a disk that is not mounted any more: apply takes it" fpgactl apply
fv_check "a disk that is not mounted any more: the driver has it" fv_driver_is "$FV_NVME2" $FV_DRIVER
fpgactl unbind --persist "$FV_NVME2" >/dev/null
fv_same "no file is left" "" "$(ls /etc/fpgactl/cards.d)"

fv_check "the module unloads" fv_unload
fv_finish
