#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl doctor on CPU, IOMMU, interrupts, groups and the kernel command line: each planted fault is
# found, and the healthy variant is silent.
# shellcheck disable=SC2317 # tests are called by their names
# shellcheck disable=SC2119 # healthy has an optional argument
. "$(dirname "$0")/doctorlib.sh"

SLOT="Use a slot below another root port."

# cmdline WORD…: replace the kernel command line
cmdline()
{
	echo "$*" >"$tree/proc/cmdline"
}

# no_groups: take the IOMMU away
no_groups()
{
	rm -f "$tree"/sys/bus/pci/devices/*/iommu_group
	rm -rf "$tree/sys/kernel/iommu_groups" "$tree/sys/class/iommu"
}

# unprivileged BDF…: have config space end where it does for other users
unprivileged()
{
	local bdf

	for bdf; do
		truncate -s 64 "$tree/sys/bus/pci/devices/$bdf/config"
	done
}

# not_checked PATH…: these files only are named as not checked
not_checked()
{
	[ "$(jq -r '.needs_root | join(" ")' <<<"$out")" = "$*" ]
}

hold healthy_ok "healthy machines of Intel, AMD and Arm, and a VM with VT-d, have no finding at all"
healthy_ok()
{
	local name

	for name in d21-intel-workstation d23-arm-altra d22-amd-epyc d32-vm-intel-iommu; do
		report "$name"
		healthy
		[ "$(jq '.findings | length' <<<"$out")" = 0 ]
	done
}

hold cpu_ok "a CPU without vmx or svm is found; the fix is the vendor's, or nesting in a VM"
cpu_ok()
{
	report d26-laptop
	finds cpu-no-virtualization host "no vmx or svm in /proc/cpuinfo"
	level_is warning
	fix_is "Enable VT-x in firmware."
	report d31-no-virtualization
	finds cpu-no-virtualization host "emulates a VM in software"
	fix_is "Enable SVM (AMD-V) in firmware."
	report d32-vm-intel-iommu
	finds_no cpu-no-virtualization
	sed -i 's/ svm//' "$tree/proc/cpuinfo"
	# a KVM that needs no such CPU
	finds_no cpu-no-virtualization
	rm -r "$tree/sys/class/misc"
	finds cpu-no-virtualization host "no vmx or svm"
	fix_is "Switch on nested virtualisation in the hypervisor of this VM; for KVM: kvm_intel.nested=1 or kvm_amd.nested=1 there, and CPU model host-passthrough."
	# the host of Xen has its VMs without KVM
	mkdir -p "$tree/proc/xen"
	echo control_d >"$tree/proc/xen/capabilities"
	finds_no cpu-no-virtualization
	rm -r "$tree/proc/xen"
	# a word that only has it as a part
	echo "flags : lm svm_lock" >"$tree/proc/cpuinfo"
	finds cpu-no-virtualization host "no vmx or svm"
	fix_is "Enable VT-x (Intel) or SVM (AMD) in firmware."
	# what is not recorded is no fault
	rm "$tree/proc/cpuinfo"
	finds_no cpu-no-virtualization
}

hold kvm_ok "KVM that does not run is found by its class directory, not by /dev"
kvm_ok()
{
	report d21-intel-workstation
	finds_no kvm-off
	mkdir "$tree/sys/class/misc/fuse"
	rm -r "$tree/sys/class/misc/kvm"
	finds kvm-off host "KVM is not running"
	level_is warning
	fix_is "If the kernel log says 'disabled by bios', enable VT-x in firmware; else: modprobe kvm_intel"
	# what is not recorded is no fault
	rm -r "$tree/sys/class/misc"
	finds_no kvm-off
	report d22-amd-epyc
	rm -r "$tree/sys/class/misc/kvm"
	finds kvm-off host "KVM is not running"
	fix_is "If the kernel log says 'disabled by bios', enable SVM (AMD-V) in firmware; else: modprobe kvm_amd"
	report d30-arm-without-smmu
	finds kvm-off host "KVM is not running"
	fix_is "Remove kvm-arm.mode=none from the kernel command line."
	cmdline quiet
	finds kvm-off host "KVM is not running"
	fix_is "Use a kernel with CONFIG_KVM, and firmware that starts it at exception level 2 (EL2)."
}

hold iommu_word_ok "of the words about the IOMMU, those count that the kernel lets count"
iommu_word_ok()
{
	local name words word

	while IFS='|' read -r name words word; do
		report "$name"
		no_groups
		cmdline "$words"
		if [ "$word" ]; then
			finds iommu-off host "the IOMMU is off"
			level_is error
			fix_is "Remove $word from the kernel command line: it switches the IOMMU off."
		else
			finds_no iommu-off
		fi
	done <<-'END'
		d21-intel-workstation|intel_iommu=off|intel_iommu=off
		d21-intel-workstation|intel_iommu=on intel-iommu=off|intel-iommu=off
		d21-intel-workstation|intel_iommu=off intel_iommu=on|
		d21-intel-workstation|intel_iommu=sm_on,off,strict|intel_iommu=sm_on,off,strict
		d21-intel-workstation|intel_iommu=off,on|
		d21-intel-workstation|intel_iommu=on intel_iommu=igfx_off|
		d21-intel-workstation|iommu=off intel_iommu=on|iommu=off
		d21-intel-workstation|intel_iommu=on iommu=pt,off|iommu=pt,off
		d21-intel-workstation|intel_iommu=on iommu=noforce iommu=soft iommu=nopt|
		d21-intel-workstation|intel_iommu=on "iommu=off"|iommu=off
		d21-intel-workstation|intel_iommu=on amd_iommu=off|
		d21-intel-workstation|intel_iommu=on -- iommu=off|
		d22-amd-epyc|amd_iommu=off|amd_iommu=off
		d22-amd-epyc|amd_iommu=off amd_iommu=on|amd_iommu=off
		d22-amd-epyc|amd_iommu=on kvm_amd.sev=1 amd_iommu=off|amd_iommu=off
		d22-amd-epyc|intel_iommu=off|
		d22-amd-epyc|iommu=off|iommu=off
		d30-arm-without-smmu|iommu=off|
	END
}

hold iommu_firmware_ok "an IOMMU that is off in firmware is found by its missing table; the fix is the machine's"
iommu_firmware_ok()
{
	report d31-no-virtualization
	finds iommu-no-table host "off in firmware"
	level_is error
	fix_is "Enable the IOMMU (AMD-Vi) in firmware."
	report d24-intel-not-enabled
	rm "$tree/sys/firmware/acpi/tables/DMAR"
	finds iommu-no-table host "off in firmware"
	fix_is "Enable VT-d in firmware, and add intel_iommu=on to the kernel command line."
	cmdline intel_iommu=on
	finds iommu-no-table host "off in firmware"
	fix_is "Enable VT-d in firmware."
	# also if the kernel needs no word
	cmdline quiet
	echo CONFIG_INTEL_IOMMU_DEFAULT_ON=y >"$tree"/boot/config-*
	finds iommu-no-table host "off in firmware"
	fix_is "Enable VT-d in firmware."
	# a container sees no table at all
	rm -r "$tree/sys/firmware"
	finds iommu-off host "the IOMMU is off"
	finds_no iommu-no-table
	report d32-vm-intel-iommu
	no_groups
	rm "$tree/sys/firmware/acpi/tables/DMAR"
	finds iommu-no-table host "off in firmware"
	fix_is "Give this VM an IOMMU; for QEMU: -machine q35,kernel-irqchip=split -device intel-iommu,intremap=on,caching-mode=on; and add intel_iommu=on to its kernel command line."
	mkdir -p "$tree/sys/hypervisor"
	echo xen >"$tree/sys/hypervisor/type"
	finds iommu-no-table host "off in firmware"
	fix_is "Boot without Xen, which keeps the IOMMU for itself."
}

hold iommu_kernel_ok "a kernel that was not told to use VT-d, has no driver, or failed, is told apart"
iommu_kernel_ok()
{
	report d24-intel-not-enabled
	finds iommu-not-enabled host "ACPI table DMAR"
	level_is error
	fix_is "Add intel_iommu=on to the kernel command line."
	cmdline intel_iommu=on
	finds iommu-failed host "the kernel did not start it"
	level_is error
	fix_is "Read the reason in the kernel log: dmesg | grep -iE 'DMAR'"
	# a kernel that needs no word
	cmdline quiet
	printf 'CONFIG_INTEL_IOMMU=y\nCONFIG_INTEL_IOMMU_DEFAULT_ON=y\n' >"$tree"/boot/config-*
	finds iommu-failed host "the kernel did not start it"
	finds_no iommu-not-enabled
	echo "# CONFIG_INTEL_IOMMU is not set" >"$tree"/boot/config-*
	finds iommu-no-driver host "no driver"
	level_is error
	fix_is "Install a kernel with CONFIG_INTEL_IOMMU=y."
	# of a configuration that cannot be read, nothing is known
	rm "$tree"/boot/config-*
	finds iommu-not-enabled host "ACPI table DMAR"
	report d22-amd-epyc
	no_groups
	finds iommu-failed host "ACPI table IVRS"
	fix_is "Read the reason in the kernel log: dmesg | grep -iE 'AMD-Vi|IVRS'"
}

hold smmu_ok "of Arm, the IORT has to have an SMMU; only root may read it"
smmu_ok()
{
	local iort

	report d30-arm-without-smmu
	finds iommu-no-table host "off in firmware"
	fix_is "Enable the SMMU in firmware."
	not_checked
	# with a device tree, there is no firmware to ask
	rm -r "$tree/sys/firmware/acpi"
	mkdir -p "$tree/sys/firmware/devicetree/base"
	finds iommu-off host "the IOMMU is off"
	fix_is "Give the PCIe host bridge an iommu-map in the device tree, and use a kernel with CONFIG_ARM_SMMU or CONFIG_ARM_SMMU_V3."
	report d23-arm-altra
	no_groups
	finds iommu-failed host "ACPI table IORT"
	fix_is "Read the reason in the kernel log: dmesg | grep -iE 'smmu|iort'"
	# as if it could not be read
	iort=$tree/sys/firmware/acpi/tables/IORT
	: >"$iort"
	finds iommu-off host "the IOMMU is off"
	fix_is "Enable the SMMU in firmware."
	not_checked /sys/firmware/acpi/tables/IORT
	# nodes of no length, and beyond the end
	printf 'IORT%40s\377\377\377\377' '' >"$iort"
	finds iommu-no-table host "off in firmware"
}

hold group_missing_ok "a device without group, and one of VFIO's mode without IOMMU, are found"
group_missing_ok()
{
	report d22-amd-epyc
	finds_no no-group
	rm "$tree/sys/bus/pci/devices/0000:41:00.0/iommu_group"
	finds no-group 0000:41:00.0 "no IOMMU group, though other devices have one"
	level_is error
	fix_is "Update firmware, or use another slot: ACPI table IVRS leaves the device out."
	report d24-intel-not-enabled
	finds_no group-noiommu
	ln -s ../../../kernel/iommu_groups/0 "$tree/sys/bus/pci/devices/0000:01:00.0/iommu_group"
	mkdir -p "$tree/sys/kernel/iommu_groups/0"
	echo vfio-noiommu >"$tree/sys/kernel/iommu_groups/0/name"
	finds group-noiommu "group 0" "QEMU refuses such a group"
	level_is error
	fix_is "Add intel_iommu=on to the kernel command line."
	finds iommu-not-enabled host "ACPI table DMAR"
}

hold identity_ok "a driver of the host without translation is a note; VFIO and iommu=pt are none"
identity_ok()
{
	report d26-laptop
	finds_no group-identity
	echo identity >"$tree/sys/kernel/iommu_groups/16/type"
	finds group-identity 0000:22:00.0 "does not translate for driver xdma"
	level_is note
	report d21-intel-workstation
	[ "$(<"$tree/sys/kernel/iommu_groups/2/type")" = identity ]
	finds_no group-identity
}

hold remapping_ok "interrupts that are not remapped are an error, with the cause"
remapping_ok()
{
	report d25-vm-virtio-iommu
	finds interrupts-not-remapped host "VFIO refuses to pass a device"
	level_is error
	fix_is "virtio-iommu has no interrupt remapping; give the VM -device intel-iommu,intremap=on instead. To pass the card to trusted VMs all the same: put 'options vfio_iommu_type1 allow_unsafe_interrupts=1' into /etc/modprobe.d/vfio.conf."
	report d21-intel-workstation
	finds_no interrupts-not-remapped
	sed -i s/IR-// "$tree/proc/interrupts"
	finds interrupts-not-remapped host "no chip in /proc/interrupts has IR-"
	fix_is "Read the reason in the kernel log: dmesg | grep -iE 'remap|AMD-Vi|DMAR-IR'"
	# INTR_REMAP of the DMAR
	printf '\4' | dd of="$tree/sys/firmware/acpi/tables/DMAR" bs=1 seek=37 conv=notrunc status=none
	finds interrupts-not-remapped host "VFIO refuses"
	fix_is "Enable interrupt remapping in firmware, which may call it x2APIC, or update firmware: flag INTR_REMAP of ACPI table DMAR is clear."
	echo f020d2 >"$tree/sys/class/iommu/dmar0/intel-iommu/ecap"
	finds interrupts-not-remapped host "VFIO refuses"
	fix_is "The hardware of IOMMU dmar0 has none. To pass the card to trusted VMs all the same: put 'options vfio_iommu_type1 allow_unsafe_interrupts=1' into /etc/modprobe.d/vfio.conf."
	cmdline intel_iommu=on intremap=nopost,off
	finds interrupts-not-remapped host "VFIO refuses"
	fix_is "Remove intremap=nopost,off from the kernel command line."
	cmdline intel_iommu=on nointremap
	finds interrupts-not-remapped host "VFIO refuses"
	fix_is "Remove nointremap from the kernel command line."
	# the last one counts
	cmdline intel_iommu=on nointremap intremap=on
	finds interrupts-not-remapped host "VFIO refuses"
	fix_is "The hardware of IOMMU dmar0 has none. To pass the card to trusted VMs all the same: put 'options vfio_iommu_type1 allow_unsafe_interrupts=1' into /etc/modprobe.d/vfio.conf."
	# a machine with other chips, and a container
	echo " 30:  12  ITS-MSI 524288 Edge  nvme0q0" >"$tree/proc/interrupts"
	finds_no interrupts-not-remapped
	rm "$tree/proc/interrupts"
	finds_no interrupts-not-remapped
}

hold unsafe_ok "without remapping, allow_unsafe_interrupts is a risk, wherever it is set"
unsafe_ok()
{
	local parameters module

	report d25-vm-virtio-iommu
	finds_no interrupts-unsafe
	cmdline vfio-iommu-type1.allow_unsafe_interrupts=1
	finds interrupts-unsafe host "can send any interrupt to the host"
	level_is warning
	finds_no interrupts-not-remapped
	cmdline vfio_iommu_type1.allow_unsafe_interrupts=0
	finds_no interrupts-unsafe
	mkdir -p "$tree/etc/modprobe.d"
	echo "options vfio-iommu-type1 disable_hugepages=1 allow_unsafe_interrupts=1" >"$tree/etc/modprobe.d/v.conf"
	# the command line counts more
	finds_no interrupts-unsafe
	cmdline quiet
	finds interrupts-unsafe host "allow_unsafe_interrupts"
	# of all directories of modprobe; iommufd has the same parameter
	mkdir -p "$tree/usr/lib/modprobe.d"
	mv "$tree/etc/modprobe.d/v.conf" "$tree/usr/lib/modprobe.d/v.conf"
	finds interrupts-unsafe host "allow_unsafe_interrupts"
	rm "$tree/usr/lib/modprobe.d/v.conf"
	finds_no interrupts-unsafe
	cmdline iommufd.allow_unsafe_interrupts=1
	finds interrupts-unsafe host "allow_unsafe_interrupts"
	cmdline quiet
	echo "options iommufd allow_unsafe_interrupts=1" >"$tree/etc/modprobe.d/v.conf"
	finds interrupts-unsafe host "allow_unsafe_interrupts"
	printf '%s\n' "# options vfio_iommu_type1 allow_unsafe_interrupts=1" \
		"options kvm allow_unsafe_interrupts=1" >"$tree/etc/modprobe.d/v.conf"
	finds_no interrupts-unsafe
	# what counts is what a loaded module has
	echo "options vfio_iommu_type1 allow_unsafe_interrupts=1" >"$tree/etc/modprobe.d/v.conf"
	for module in vfio_iommu_type1 iommufd; do
		parameters=$tree/sys/module/$module/parameters
		mkdir -p "$parameters"
		echo N >"$parameters/allow_unsafe_interrupts"
		finds interrupts-not-remapped host "VFIO refuses"
		echo Y >"$parameters/allow_unsafe_interrupts"
		finds interrupts-unsafe host "allow_unsafe_interrupts"
		echo N >"$parameters/allow_unsafe_interrupts"
	done
	# with remapping it has no effect
	report d21-intel-workstation
	cmdline intel_iommu=on vfio_iommu_type1.allow_unsafe_interrupts=1
	finds_no interrupts-unsafe
}

hold nosid_ok "interrupts from an unverified source are a risk"
nosid_ok()
{
	report d21-intel-workstation
	cmdline intel_iommu=on intremap=no_x2apic_optout,nopost
	healthy
	cmdline intel_iommu=on intremap=nosid
	finds intremap-nosid host "does not check which device sends an interrupt"
	level_is warning
	fix_is "Remove nosid from intremap= on the kernel command line."
}

hold shared_ok "other members of the group are named, with the bridge that does not isolate them"
shared_ok()
{
	local dev

	report d27-switch-one-group
	finds group-host-device "group 11" "the host needs 0000:06:00.0 (driver nvme): nvme0n1 is mounted on /; also in the group: 0000:05:00.0 (driver fpga_vfio_pci); bridge 0000:00:01.0 does not isolate what is below it (it has no ACS)"
	level_is error
	fix_is "$SLOT"
	finds_no group-shared
	: >"$tree/proc/self/mountinfo"
	finds group-shared "group 11" "a VM that gets 0000:04:00.0 gets the whole group, also 0000:05:00.0 (driver fpga_vfio_pci), 0000:06:00.0 (driver nvme), and not before fpgactl bind has taken it from the host; bridge 0000:00:01.0"
	level_is warning
	fix_is "$SLOT"
	not_checked
	# firmware of AMD may have a switch
	mv "$tree"/sys/firmware/acpi/tables/{DMAR,IVRS}
	finds group-shared "group 11" "(it has no ACS)"
	fix_is "Use a slot below another root port, or enable ACS in firmware (some have it among the options of AMD CBS, NBIO)."
	report f01-alveo-shares-group-with-host-gpu
	finds group-host-device "group 1" "the host needs 0000:02:00.0 (driver nvidia): boot display (boot_vga); also in the group: 0000:02:00.1 (driver snd_hda_intel), and not before fpgactl bind has taken it from the host; 0000:00:01.0 and 0000:00:01.1 are functions of one device that does not isolate them (no ACS)"
	# a VF goes to a VM alone
	report f09-pf-and-vfs-in-one-group
	finds group-host-device "group 1" "the host needs 0000:01:00.0 (driver mlx5_core): network device eth1 is up" 01:00.2
	finds group-host-device "group 1" "; also in the group: 0000:01:00.1 (driver mlx5_core), 0000:01:00.3 (driver none)" 01:00.2
	# members at the top that are not of one device: no cause is made up
	report d27-switch-one-group
	dev=$tree/sys/devices/pci0000:00/0000:00:05.0
	cp -r "$tree/sys/devices/pci0000:00/0000:00:01.0" "$dev"
	rm -r "$dev"/0000:* "$dev/driver"
	ln -s ../../../devices/pci0000:00/0000:00:05.0 "$tree/sys/bus/pci/devices/0000:00:05.0"
	finds group-host-device "group 11" "the host needs 0000:06:00.0 (driver nvme): nvme0n1 is mounted on /"
	lacks "does not isolate" <(echo "$finding")
	# a bridge and the card's own functions are no others
	report f12-leech-group-15
	finds_no group-shared
	report f21-libvirt-hostdev
	finds_no group-shared
	finds_no group-host-device
}

hold host_use_ok "a card that the host itself uses is an error, and no fix binds it"
host_use_ok()
{
	report f01-alveo-shares-group-with-host-gpu
	finds_no host-use
	finds host-use 0000:02:00.0 "the host needs it: boot display (boot_vga)" 02:00.0
	level_is error
	fix_is "Stop what uses it on the host, or pass another card."
	[ "$(jq -r '.devices[0].ready' <<<"$out")" = false ]
	[[ $out != *"bind 0000:02:00.0"* ]]
	# another function of the card
	finds host-use 0000:02:00.1 "the host needs 0000:02:00.0 of the same card and group: boot display (boot_vga)" 02:00.1
	# one that VFIO has already
	ln -sfn ../../../bus/pci/drivers/vfio-pci "$tree/sys/bus/pci/devices/0000:02:00.0/driver"
	finds_no host-use 02:00.0
	# virtual functions are told by themselves
	report f09-pf-and-vfs-in-one-group
	finds host-use 0000:01:00.0 "network device eth1 is up" 01:00.0
	rm -r "$tree/sys/class/net"
	finds_no host-use 01:00.0
}

hold acs_ok "whether a bridge has ACS, switched off or not, only root may read"
acs_ok()
{
	local config

	report d27-switch-one-group
	: >"$tree/proc/self/mountinfo"
	config=$tree/sys/bus/pci/devices/0000:00:01.0/config
	# capability: SV, RR, CR, UF; control: RR only
	printf '\15\0\1\0\35\0\4\0' | dd of="$config" bs=1 seek=256 conv=notrunc status=none
	finds group-shared "group 11" "bridge 0000:00:01.0 does not isolate what is below it (ACS is switched off)"
	fix_is "Switch ACS on: remove pci=disable_acs_redir= and pci=config_acs= from the kernel command line, enable ACS in firmware, or use a slot below another root port."
	printf '\35\0\35\0' | dd of="$config" bs=1 seek=260 conv=notrunc status=none
	finds group-shared "group 11" "(ACS is overruled by the kernel)"
	fix_is "$SLOT"
	unprivileged 0000:00:01.0
	finds group-shared "group 11" "bridge 0000:00:01.0 does not isolate what is below it (ACS)"
	not_checked /sys/bus/pci/devices/0000:00:01.0/config
}

hold conventional_ok "a bridge to conventional PCI isolates nothing"
conventional_ok()
{
	report d28-conventional-bridge
	finds group-shared "group 8" "also 0000:05:01.0 (driver snd_ens1371), and not before fpgactl bind has taken it from the host; 0000:04:00.0 is a bridge of conventional PCI"
	level_is warning
	fix_is "Use a PCI Express slot: on a conventional PCI bus, nothing can isolate devices."
	# without root, what is below it has no files of a link; a recording without them tells nothing
	unprivileged 0000:00:1c.0 0000:04:00.0
	finds group-shared "group 8" "from the host; only root can read why"
	fix_is "Run fpgactl doctor as root."
	not_checked /sys/bus/pci/devices/0000:04:00.0/config
	: >"$tree/sys/bus/pci/devices/0000:05:00.0/uevent"
	finds group-shared "group 8" "0000:04:00.0 is a bridge of conventional PCI"
	not_checked
}

hold direct_ok "memory that firmware reserves is an error, with its bounds and where to read about it"
direct_ok()
{
	report f17-rmrr
	finds group-direct "group 36" "firmware uses the memory 0xe8000000-0xe80fffff (reserved region, type direct)" 04:00.1
	level_is error
	fix_is "Switch off what uses the memory (management controller, legacy USB; on HPE ProLiant: HP Shared Memory of the slot, by conrep), update firmware, or use another slot."
	[[ $(jq -r .source <<<"$finding") = harvester/harvester#7340* ]]
	sed -i 's/ direct$/ direct-relaxable/' "$tree/sys/kernel/iommu_groups/36/reserved_regions"
	finds_no group-direct 04:00.1
}

hold split_ok "functions of one card in different groups are a note"
split_ok()
{
	report f22-multifunction-one-function-taken
	finds card-split 0000:2d:00.0 "in other groups: 0000:2d:00.1 (group 24)" 2d:00.0
	level_is note
	report f21-libvirt-hostdev
	finds_no card-split
}

hold override_ok "an override of ACS is a risk, and its price is told"
override_ok()
{
	report f01-alveo-shares-group-with-host-gpu
	finds acs-override host "pcie_acs_override=downstream,multifunction: a kernel with that patch"
	level_is warning
	fix_is "Remove the word, and use a slot that shares no group; keep it only if all VMs are trusted."
	cmdline quiet
	finds_no acs-override
}

hold ats_ok "ATS with a kernel that cannot suspend it is a risk to the host"
ats_ok()
{
	local config

	report d29-ats
	config=$tree/sys/bus/pci/devices/0000:81:00.0/config
	finds ats-on 0000:81:00.0 "kernel 6.12.117+deb13-amd64 sends its invalidations"
	level_is warning
	fix_is "Add pci=noats to the kernel command line, or use Linux 7.2 or later."
	# a card that is fenced is left alone
	mkdir "${config%/*}/fpga_vfio"
	echo fenced >"${config%/*}/fpga_vfio/state"
	finds_no ats-on
	echo ready >"${config%/*}/fpga_vfio/state"
	finds ats-on 0000:81:00.0 "ATS is on"
	# as with pci=noats
	printf '\0\0' | dd of="$config" bs=1 seek=$((0x146)) conv=notrunc status=none
	finds_no ats-on
	not_checked
	unprivileged 0000:81:00.0
	finds_no ats-on
	not_checked /sys/bus/pci/devices/0000:81:00.0/config
	report d29-ats
	echo 7.2.1 >"$tree/proc/sys/kernel/osrelease"
	finds_no ats-on
	echo 10.0.1 >"$tree/proc/sys/kernel/osrelease"
	finds_no ats-on
	rm "$tree/proc/sys/kernel/osrelease"
	finds_no ats-on
}

hold spelling_ok "a word that the kernel ignores for its spelling is found; right ones are not"
spelling_ok()
{
	local word fix

	report f20-cmdlines
	finds cmdline-mistyped host "vfio-pci-ids=10ee:9038 on the kernel command line has no effect: the parameter is vfio-pci.ids"
	level_is warning
	fix_is "Write vfio-pci.ids=10ee:9038 on the kernel command line."
	report d22-amd-epyc
	while IFS='|' read -r word fix; do
		cmdline "$word"
		finds cmdline-mistyped host "$word on the kernel command line has no effect"
		fix_is "Write $fix on the kernel command line."
	done <<-'END'
		vfio_pci_ids=10ee:9038|vfio-pci.ids=10ee:9038
		vfio-pci:ids=10ee:9038|vfio-pci.ids=10ee:9038
		vfiopci.ids=10ee:9038|vfio-pci.ids=10ee:9038
		VFIO-PCI.ids=10ee:9038|vfio-pci.ids=10ee:9038
		vfio-pci.id=10ee:9038|vfio-pci.ids=10ee:9038
		vfio-pic.ids=10ee:9038|vfio-pci.ids=10ee:9038
		amd_iommmu=off|amd_iommu=off
		iommu_passthrough=1|iommu.passthrough=1
		pcie_acs_overide=downstream|pcie_acs_override=downstream
	END
	# right, it would have no effect either
	report d31-no-virtualization
	finds cmdline-mistyped host "intel_iomu=on has no effect: the parameter is intel_iommu, and the IOMMU of this machine is AMD's"
	level_is note
	fix_is "Remove intel_iomu=on from the kernel command line."
	fv list
	lacks intel_iomu "$work/out"
	report d21-intel-workstation
	for word in intel_iomu=on intel.iommu=on; do
		cmdline "$word"
		finds cmdline-mistyped host "$word on the kernel command line has no effect"
		fix_is "Write intel_iommu=on on the kernel command line."
	done
	cmdline "vfio-pci.ids=10ee:9038 vfio_pci.ids=10ee:9038 pci=noats iommu=pt amd-iommu=pgtbl_v2 amd_iommu_dump pcie_aspm=off root=UUID=1 intel_pstate=disable"
	finds_no cmdline-mistyped
}

hold reported_ok "of the command lines in report f20, doctor finds each fault, and no other"
reported_ok()
{
	local words codes

	report f20-cmdlines
	while IFS='|' read -r words codes; do
		cmdline "quiet $words"
		fv doctor --json
		[ "$(jq -r '[.findings[] | select(.object == "host").code] | sort | join(" ")' <<<"$out")" = "$codes" ] ||
			{ echo "$words"; return 1; }
	done <<-'END'
		vfio-pci-ids=1d0f:f001|cmdline-mistyped iommu-off
		intel_iommu=on|cmdline-other-vendor iommu-off
		amd_iommu=on quiet amd_iommu=off|cmdline-no-effect iommu-off
		amd_iommu=on iommu=pt|cmdline-no-effect iommu-off
		vfio-pci.ids=82.0.0|cmdline-bad-id iommu-off
		pci=disable_acs_redir=82.0.0|cmdline-bad-address iommu-off
	END
	report d21-intel-workstation
	cmdline intel_iommu=on intel_iommu=igfx_off
	fv doctor --json
	[ "$(jq '.findings | length' <<<"$out")" = 0 ]
}

hold option_ok "an option that a parameter does not know is found; on is harmless"
option_ok()
{
	report d22-amd-epyc
	cmdline amd_iommu=on iommu=pt
	finds cmdline-no-effect host "amd_iommu=on has no effect"
	level_is note
	healthy
	cmdline amd_iommu=pgtbl_v2,force_isolation iommu=soft,nopt,128M
	finds_no cmdline-no-effect
	finds_no cmdline-unknown-option
	cmdline amd_iommu=pt
	finds cmdline-unknown-option host "pt of amd_iommu= on the kernel command line has no effect"
	level_is warning
	fix_is "Remove pt from amd_iommu= on the kernel command line."
	report d21-intel-workstation
	cmdline intel_iommu=on,yes
	finds cmdline-unknown-option host "yes of intel_iommu="
	cmdline intel_iommu=on intremap=enabled
	finds cmdline-unknown-option host "enabled of intremap="
}

hold value_ok "a value that is no boolean is found"
value_ok()
{
	report d23-arm-altra
	finds_no cmdline-bad-value
	cmdline iommu.passthrough=pt
	finds cmdline-bad-value host "iommu.passthrough=pt on the kernel command line has no effect"
	level_is warning
	fix_is "Write iommu.passthrough=1 or iommu.passthrough=0."
	cmdline iommu.passthrough=on iommu.strict=N iommu.strict=off
	finds_no cmdline-bad-value
}

hold vendor_ok "words for the IOMMU of another vendor are a note; in a VM, the emulated one counts"
vendor_ok()
{
	report f20-cmdlines
	cmdline intel_iommu=on
	finds cmdline-other-vendor host "intel_iommu=on has no effect: the IOMMU of this machine is AMD's"
	level_is note
	report d21-intel-workstation
	cmdline intel_iommu=on amd_iommu=on iommu=pt
	finds cmdline-other-vendor host "amd_iommu=on has no effect: the IOMMU of this machine is Intel's"
	healthy
	# an AMD CPU below VT-d of QEMU
	report d32-vm-intel-iommu
	finds_no cmdline-other-vendor
	report d30-arm-without-smmu
	finds cmdline-other-vendor host "iommu=pt has no effect: the IOMMU of this machine is Arm's"
}

hold ids_ok "an address, or another thing that is no id, in vfio-pci.ids= is found"
ids_ok()
{
	local id

	report d31-no-virtualization
	finds cmdline-bad-id host "01.00.0 in vfio-pci.ids="
	level_is warning
	fix_is "Write vfio-pci.ids=10ee:7028, the ids of 0000:01:00.0."
	for id in 01:00.0 0000:01:00.0; do
		cmdline "vfio-pci.ids=$id"
		finds cmdline-bad-id host "$id in vfio-pci.ids="
		fix_is "Write vfio-pci.ids=10ee:7028, the ids of 0000:01:00.0."
	done
	for id in 10ee.7028 10ee 10ee: '10ee:7028;10ee:7029' 10ee:70280; do
		cmdline "vfio-pci.ids=1234:5678,$id"
		finds cmdline-bad-id host "$id in vfio-pci.ids="
		fix_is "Write vfio-pci.ids=VENDOR:DEVICE[,...], as lspci -n shows them."
	done
	cmdline vfio-pci.ids=01.00.0 vfio-pci.ids=10ee:7028,0x10ee:7028,10ee:7028:ffffffff:ffffffff:120000:ffffff,ffffffff:ffffffff:ffffffff:ffffffff:00120000:ffff0000
	finds_no cmdline-bad-id
}

hold address_ok "an address with a wrong separator in pci= is found"
address_ok()
{
	report d22-amd-epyc
	cmdline pci=noaer,disable_acs_redir=41:00.0\;0000:40:01.1/00.0\;pci:10ee:9038,config_acs=10x@40:1.1
	finds_no cmdline-bad-address
	cmdline pci=noaer,disable_acs_redir=40:01.1\;82.0.0
	finds cmdline-bad-address host "82.0.0 in pci=disable_acs_redir= on the kernel command line is no PCI address"
	level_is warning
	fix_is "Write 82:00.0."
	cmdline pci=resource_alignment=20@0000:82:00:0
	finds cmdline-bad-address host "0000:82:00:0 in pci=resource_alignment="
	fix_is "Write 0000:82:00.0."
	cmdline pci=config_acs=1@x
	finds cmdline-bad-address host "x in pci=config_acs="
	fix_is "Write BUS:DEVICE.FUNCTION."
}

hold commands_ok "a fix that changes the kernel command line has the command, where fpgactl can"
commands_ok()
{
	local name words code text change

	while IFS='|' read -r name words code text change; do
		report "$name"
		[[ $code != iommu-@(off|not-enabled) ]] || no_groups
		# shellcheck disable=SC2086 # words
		boot_with $words
		[ "$code" != interrupts-not-remapped ] || sed -i s/IR-// "$tree/proc/interrupts"
		finds "$code" host "$text"
		if [ "$change" ]; then
			command_is "fpgactl config --cmdline '$change' --apply"
		else
			no_command
		fi
	done <<-'END'
		d21-intel-workstation|intel_iommu=sm_on,off|iommu-off|the IOMMU is off|-intel_iommu=sm_on,off
		d24-intel-not-enabled|quiet|iommu-not-enabled|not told|intel_iommu=on
		d21-intel-workstation|intel_iommu=on intremap=nopost,off|interrupts-not-remapped|IR-|-intremap=nopost,off
		d21-intel-workstation|intel_iommu=on intremap=nosid,nopost|intremap-nosid|intremap=nosid|-intremap=nosid,nopost intremap=nopost
		d30-arm-without-smmu|kvm-arm.mode=none|kvm-off|KVM|-kvm-arm.mode=none
		d22-amd-epyc|iommu=pt,nosuch,soft|cmdline-unknown-option|nosuch|-iommu=pt,nosuch,soft iommu=pt,soft
		d22-amd-epyc|amd_iommu=pt|cmdline-unknown-option|pt of|-amd_iommu=pt
		d22-amd-epyc|vfio_pci_ids=10ee:9038|cmdline-mistyped|vfio-pci.ids|-vfio_pci_ids=10ee:9038 vfio-pci.ids=10ee:9038
		d22-amd-epyc|amd_iommmu=off|cmdline-mistyped|amd_iommu|
		d31-no-virtualization|intel_iomu=on|cmdline-mistyped|AMD's|-intel_iomu=on
		d61-healthy-xeon|pci=nommconf,noaer|aer-off|pci=noaer|-pci=nommconf,noaer pci=nommconf
		d61-healthy-xeon|pcie_ports=compat|aer-off|compat|-pcie_ports=compat
		d21-intel-workstation|intel_iommu=on pcie_acs_override=downstream|acs-override|pcie_acs_override|-pcie_acs_override=downstream
	END
	# of the card
	report d29-ats
	boot_with iommu=pt
	finds ats-on 0000:81:00.0 "ATS is on"
	command_is "fpgactl config --cmdline 'pci=noats' --apply"
}

hold no_commands_ok "a fix has no command where fpgactl cannot change the command line, or a shell reads it otherwise"
no_commands_ok()
{
	report d22-amd-epyc
	boot_with "amd_iommu=pt"
	finds cmdline-unknown-option host "pt of"
	[[ $finding = *"fpgactl config"* ]]
	# for the next boot, it is there no more
	sed -i s/amd_iommu=pt// "$tree/etc/default/grub"
	finds cmdline-unknown-option host "pt of"
	no_command
	# a boot loader that is not known
	boot_with "amd_iommu=pt"
	rm -r "$tree"/etc/default "${tree:?}"/{usr/sbin,boot}
	finds cmdline-unknown-option host "pt of"
	no_command
	boot_with "amd_iommu=a'b"
	finds cmdline-unknown-option host "a'b of"
	no_command
}

run_tests
