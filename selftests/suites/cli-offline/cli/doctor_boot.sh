#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl doctor: who takes a card at boot or when a VM starts, the modules, and who may open a card.
# shellcheck disable=SC2317 # tests are called by their names
# shellcheck disable=SC2154 # finding is set by finds
# shellcheck disable=SC2119 # healthy has no argument here
. "$(dirname "$0")/doctorlib.sh"

card=0000:01:00.0
debian=6.12.43+deb13-amd64

# add FILE LINE…: append lines to a file of the tree
add()
{
	mkdir -p "$(dirname "$tree/$1")"
	printf '%s\n' "${@:2}" >>"$tree/$1"
}

# boots WORD…: append words to the kernel command line
boots()
{
	echo "$(<"$tree/proc/cmdline") $*" >"$tree/proc/cmdline"
}

# card_file_of_card: a card file binds the card of d46-debian-default
card_file_of_card()
{
	add etc/fpgactl/cards.d/0000:00:01.0-00.conf "slot 0000:00:01.0/00" \
		"group 0000:00:01.0/00.0 10ee:9038" "function 0 10ee:9038 10ee:0008 070001" \
		"bind 0 fpga_vfio_pci"
}

# alias MODULE PATTERN: a module of $debian with an alias
alias_of()
{
	add "lib/modules/$debian/modules.alias" "alias $2 $1"
}

# cards_have_config: the extended configuration space of all devices is there, without capabilities
cards_have_config()
{
	truncate -s 4096 "$tree"/sys/bus/pci/devices/*/config
}

# override BDF DRIVER
override()
{
	echo "$2" >"$tree/sys/bus/pci/devices/$1/driver_override"
}

# codes: print the codes of the last run, sorted
codes()
{
	jq -r '.findings[].code' <<<"$out" | sort | xargs
}

hold debian_ok "doctor says nothing of a card on Debian as installed"
debian_ok()
{
	report d46-debian-default
	healthy
	[ "$(codes)" = initramfs-not-read ]
	value '.needs_root | length' 0
	rm "$tree"/boot/initrd*
	healthy
	value '.findings | length' 0
}

hold distributions_ok "settings that distributions ship for other devices are no findings"
distributions_ok()
{
	report d46-debian-default
	add usr/lib/modprobe.d/systemd.conf "options bonding max_bonds=0" "options dummy numdummies=0"
	add usr/lib/modprobe.d/fbdev-blacklist.conf "blacklist aty128fb" "blacklist vfb"
	add etc/modprobe.d/kvm.conf "options kvm ignore_msrs=1" "options kvm_intel nested=1"
	add etc/dracut.conf.d/10.conf 'hostonly="yes"' '# add_drivers+=" vfio_virqfd "'
	add etc/mkinitcpio.conf "MODULES=(vfio_pci vfio vfio_iommu_type1)"
	add etc/modules vfio_pci
	boots nvme.poll_queues=2 kvm.ignore_msrs=1 rootflags=x.y=z
	touch "$tree/boot/initrd.img-$debian"
	healthy
	[ "$(codes)" = initramfs-not-read ]
}

hold ids_cmdline_ok "doctor finds vfio-pci.ids= of the command line that takes the card"
ids_cmdline_ok()
{
	report d46-debian-default
	boots vfio-pci.ids=1002:73df,10ee:9038
	finds ids-take-card "$card" \
		"vfio-pci takes each device 10ee:9038 at boot: ids= in the kernel command line"
	level_is warning
	fix_is "Remove 10ee:9038 from the kernel command line, and bind the card by its slot: fpgactl bind --persist $card"
	# a card file binds it first, unless the driver is built in
	card_file_of_card
	finds_no ids-take-card
	printf 'kernel/drivers/vfio/pci/vfio-pci.ko\n' >>"$tree/lib/modules/$debian/modules.builtin"
	sed -i /vfio-pci.ko/d "$tree/lib/modules/$debian/modules.dep"
	finds ids-take-card "$card" "vfio-pci takes each device 10ee:9038 at boot"
	rm -r "$tree/etc/fpgactl"
	sed -i 's/vfio-pci.ids/pci-stub.ids/' "$tree/proc/cmdline"
	finds ids-take-card "$card" "pci-stub takes each device 10ee:9038 at boot"
	sed -i 's/9038/9039/' "$tree/proc/cmdline"
	finds_no ids-take-card
}

hold ids_file_ok "doctor finds ids of vfio-pci in modprobe.d, by as much of an id as the kernel reads"
ids_file_ok()
{
	local ids

	report d46-debian-default
	for ids in 10ee:9038 0x10ee:9038 1:2,10ee:9038:10ee 10EE:9038:10ee:0008 \
		ffffffff:9038 10ee:9038:ffffffff:ffffffff:070000:ff0000; do
		echo "options vfio_pci disable_vga=1 ids=$ids" >"$tree/etc/modprobe.d/v.conf"
		finds ids-take-card "$card" "ids= in /etc/modprobe.d/v.conf"
	done
	for ids in 10ee:9039 10ee:9038:10ee:0007 10ee:9038:ffffffff:ffffffff:120000:ff0000 1 ','; do
		echo "options vfio-pci ids=$ids" >"$tree/etc/modprobe.d/v.conf"
		finds_no ids-take-card
	done
	# no setting of vfio-pci
	echo "options vfio_pci_core ids=10ee:9038" >"$tree/etc/modprobe.d/v.conf"
	add etc/modprobe.d/v.conf "# options vfio-pci ids=10ee:9038" "blacklist ids=10ee:9038"
	add etc/modprobe.d/v.txt "options vfio-pci ids=10ee:9038"
	finds_no ids-take-card
	# a line of two
	printf 'options vfio-pci \\\n ids=10ee:9038\n' >"$tree/etc/modprobe.d/v.conf"
	finds ids-take-card "$card" "ids= in /etc/modprobe.d/v.conf"
	# a file of the same name in /etc hides that of the distribution
	mkdir -p "$tree/usr/lib/modprobe.d"
	mv "$tree/etc/modprobe.d/v.conf" "$tree/usr/lib/modprobe.d/v.conf"
	finds ids-take-card "$card" "ids= in /usr/lib/modprobe.d/v.conf"
	: >"$tree/etc/modprobe.d/v.conf"
	finds_no ids-take-card
}

hold ids_overridden_ok "doctor finds ids that have no effect, because the last ones count"
ids_overridden_ok()
{
	report d46-debian-default
	add etc/modprobe.d/a.conf "options vfio-pci ids=10ee:9038"
	finds_no ids-overridden
	add etc/modprobe.d/b.conf "options vfio-pci ids=10ee:903f"
	finds ids-overridden /etc/modprobe.d/a.conf \
		"ids=10ee:9038 of vfio-pci has no effect: ids=10ee:903f in /etc/modprobe.d/b.conf replaces it"
	level_is warning
	fix_is "Put all ids of vfio-pci into one place."
	finds_no ids-take-card
	boots vfio-pci.ids=10ee:9038
	finds ids-overridden /etc/modprobe.d/b.conf "in the kernel command line replaces it"
	# a driver that is built in does not see modprobe.d
	add "lib/modules/$debian/modules.builtin" kernel/drivers/vfio/pci/vfio-pci.ko
	sed -i '/vfio-pci.ko/d' "$tree/lib/modules/$debian/modules.dep"
	finds ids-overridden /etc/modprobe.d/b.conf "the driver is built in"
}

hold ids_host_ok "doctor finds ids that take a disk of the host, as another one of its kind"
ids_host_ok()
{
	report d46-debian-default
	add etc/modprobe.d/vfio.conf "options vfio-pci ids=1bb1:5018,144d:a80a"
	finds ids-take-host-device 0000:02:00.0 \
		"vfio-pci takes it at boot, as ids= in /etc/modprobe.d/vfio.conf has 144d:a80a, but the host needs it: nvme0n1 is mounted on /"
	level_is error
	fix_is "Remove 144d:a80a from /etc/modprobe.d/vfio.conf: ids mean all devices of a kind."
	[ "$rc" = 13 ]
	# no use of the host, but its driver
	: >"$tree/proc/self/mountinfo"
	finds ids-take-host-device 0000:02:00.0 "vfio-pci takes it at boot from nvme"
	level_is warning
	sed -i 's/144d/144e/' "$tree/etc/modprobe.d/vfio.conf"
	finds_no ids-take-host-device
}

hold ids_function_ok "doctor finds ids that lack a function of the card (f22)"
ids_function_ok()
{
	report f22-multifunction-one-function-taken
	finds ids-miss-function 0000:2d:00.0 \
		"ids= in /etc/modprobe.d/vfio.conf does not have 1002:ab28, 0000:2d:00.1 of the same card, which snd_hda_intel has" 2d:00.0
	level_is warning
	fix_is "fpgactl bind --persist 0000:2d:00.0"
	sed -i 's/disable_vga/,1002:ab28 &/; s/ ,/,/' "$tree/etc/modprobe.d/vfio.conf"
	finds_no ids-miss-function 2d:00.0
}

hold ids_card_ok "a card of two functions that the ids have is one finding, with both"
ids_card_ok()
{
	report f06-v80-two-functions
	add etc/modprobe.d/v.conf "options vfio-pci ids=10ee:50b4,10ee:50b5"
	finds ids-take-card 0000:86:00.0 \
		"vfio-pci takes each device 10ee:50b4, 10ee:50b5 at boot, of this card 0000:86:00.0, 0000:86:00.1: ids= in /etc/modprobe.d/v.conf"
	fix_is "Remove 10ee:50b4, 10ee:50b5 from /etc/modprobe.d/v.conf, and bind the card by its slot: fpgactl config --convert --apply 0000:86:00.0 0000:86:00.1"
	value '[.findings[] | select(.code | startswith("ids-"))] | length' 1
	# also for one function alone
	finds ids-take-card 0000:86:00.1 "of this card 0000:86:00.1, 0000:86:00.0" 86:00.1
	value '[.findings[] | select(.code | startswith("ids-"))] | length' 1
	# the second one alone
	echo "options vfio-pci ids=10ee:50b5" >"$tree/etc/modprobe.d/v.conf"
	finds ids-take-card 0000:86:00.1 "takes each device 10ee:50b5 at boot: ids="
	finds ids-take-host-device 0000:86:00.1 "takes it at boot from qdma-pf" 86:00.0
}

hold ids_commands_ok "ids that take nothing but cards are replaced by a command, and others by hand"
ids_commands_ok()
{
	report f06-v80-two-functions
	cards_have_config
	add etc/modprobe.d/v.conf "options vfio-pci ids=10ee:50b4,10ee:50b5"
	finds ids-take-card 0000:86:00.0 "takes each device"
	command_is "fpgactl config --convert --apply 0000:86:00.0 0000:86:00.1"
	# one that is named by the other function
	finds ids-take-card 0000:86:00.1 "takes each device" 86:00.1
	command_is "fpgactl config --convert --apply 0000:86:00.0 0000:86:00.1"
	# of the distribution
	mkdir -p "$tree/usr/lib/modprobe.d"
	mv "$tree/etc/modprobe.d/v.conf" "$tree/usr/lib/modprobe.d/v.conf"
	finds ids-take-card 0000:86:00.0 "takes each device"
	no_command
	rm "$tree/usr/lib/modprobe.d/v.conf"
	boot_with vfio-pci.ids=10ee:50b4
	finds ids-take-card 0000:86:00.0 "takes each device"
	command_is "fpgactl config --convert --apply 0000:86:00.0"
	rm -r "$tree/etc/default"
	finds ids-take-card 0000:86:00.0 "takes each device"
	no_command
	# also another device of this kind
	report d46-debian-default
	cards_have_config
	boot_with vfio-pci.ids=10ee:9038,144d:a80a
	finds ids-take-card "$card" "takes each device"
	command_is "fpgactl config --convert --apply $card"
	finds ids-take-host-device 0000:02:00.0 "144d:a80a"
	command_is "fpgactl config --cmdline '-vfio-pci.ids=10ee:9038,144d:a80a vfio-pci.ids=10ee:9038' --apply"
	boot_with vfio-pci.ids=ffffffff:ffffffff
	finds ids-take-card "$card" "takes each device"
	no_command
}

hold ids_invalid_ok "doctor finds an address among the ids (f20 h)"
ids_invalid_ok()
{
	report d46-debian-default
	add etc/modprobe.d/vfio.conf "options vfio-pci ids=82.0.0,10ee:9039"
	finds ids-invalid /etc/modprobe.d/vfio.conf "vfio-pci ignores '82.0.0' of its ids"
	level_is warning
	fix_is "An entry is VENDOR:DEVICE as lspci -n prints it, such as 10ee:9038."
	sed -i 's/82.0.0,//' "$tree/etc/modprobe.d/vfio.conf"
	finds_no ids-invalid
}

hold own_ids_ok "doctor finds settings of vfio-pci that do not work for fpga_vfio_pci"
own_ids_ok()
{
	report d46-debian-default
	add etc/modprobe.d/vfio.conf "options fpga_vfio_pci enable_sriov=1"
	finds_no driver-has-no-ids
	add etc/modprobe.d/vfio.conf "options fpga-vfio-pci enable_sriov=1 ids=10ee:9038"
	finds driver-has-no-ids /etc/modprobe.d/vfio.conf \
		"fpga_vfio_pci ignores ids=10ee:9038 in /etc/modprobe.d/vfio.conf: it has no such parameter"
	level_is warning
	fix_is "Remove it, and run fpgactl bind --persist for each card."
	boots fpga_vfio_pci.ids=10ee:9038
	finds driver-has-no-ids host "in the kernel command line"
	finds_no softdep-takes-no-card
	add etc/modprobe.d/vfio.conf "softdep xdma pre: fpga_vfio_pci"
	finds softdep-takes-no-card /etc/modprobe.d/vfio.conf \
		"fpga_vfio_pci is loaded before xdma, but takes no card by itself"
	level_is note
	fix_is "Run fpgactl bind --persist for each card."
}

hold override_ok "doctor finds a driver_override of another driver, and of none"
override_ok()
{
	report d46-debian-default
	override "$card" fpga_vfio_pci
	finds_no driver-override
	override "$card" vfio-pci
	finds driver-override "$card" "driver_override names vfio-pci: no other driver can have the device"
	level_is note
	fix_is "fpgactl bind $card"
	override "$card" none
	finds driver-override "$card" "driver_override names none, which is no driver"
	level_is warning
}

hold driverctl_ok "doctor finds cards that driverctl gives to another driver"
driverctl_ok()
{
	report d43-driverctl
	finds driverctl "$card" \
		"driverctl gives it to vfio-pci at each boot (/etc/driverctl.d/pci-0000:01:00.0)"
	level_is warning
	cards_have_config
	command_is "fpgactl config --convert --apply $card"
	echo fpga_vfio_pci >"$tree/etc/driverctl.d/pci-$card"
	finds driverctl "$card" "binds whatever device has this address at boot"
	level_is note
	# no driver that gives it to VMs
	echo uio_pci_generic >"$tree/etc/driverctl.d/pci-$card"
	finds driverctl "$card" "gives it to uio_pci_generic at each boot"
	fix_is "driverctl unset-override $card && fpgactl bind --persist $card"
	rm "$tree/etc/driverctl.d/pci-$card"
	finds_no driverctl
}

hold driverctl_host_ok "doctor finds a disk of the host at an address of driverctl"
driverctl_host_ok()
{
	report d43-driverctl
	finds driverctl-takes-host-device 0000:02:00.0 \
		"driverctl gives it to vfio-pci at the next boot, but the host needs it: nvme0n1 is mounted on /"
	level_is error
	fix_is "rm /etc/driverctl.d/pci-0000:02:00.0"
	echo nvme >"$tree/etc/driverctl.d/pci-0000:02:00.0"
	finds_no driverctl-takes-host-device
}

hold host_driver_ok "doctor finds a module that takes the card at boot, unless it is forbidden"
host_driver_ok()
{
	local rule

	report d46-debian-default
	alias_of xdma "pci:v000010EEd00009038sv*sd*bc*sc*i*"
	finds host-driver "$card" "module xdma takes the card at boot"
	level_is note
	fix_is "fpgactl bind --persist $card"
	for rule in "blacklist xdma" "install xdma /bin/false"; do
		echo "$rule" >"$tree/etc/modprobe.d/x.conf"
		finds_no host-driver
	done
	rm "$tree/etc/modprobe.d/x.conf"
	boots modprobe.blacklist=nouveau,xdma
	finds_no host-driver
	sed -i 's/modprobe.blacklist=.*/module_blacklist=xdma/' "$tree/proc/cmdline"
	finds_no host-driver
}

hold card_file_ok "a module does not take a card that a card file has bound before"
card_file_ok()
{
	report d46-debian-default
	alias_of xdma "pci:v000010EEd00009038sv*sd*bc*sc*i*"
	card_file_of_card
	finds_no host-driver
	sed -i /bind/d "$tree"/etc/fpgactl/cards.d/*
	finds host-driver "$card" "module xdma takes the card at boot"
	sed -i 's/10ee:0008/10ee:0009/; $a bind 0 fpga_vfio_pci' "$tree"/etc/fpgactl/cards.d/*
	finds host-driver "$card" "module xdma takes the card at boot"
}

hold aliases_ok "an alias is compared as the kernel does: of another card, of a class, of all"
aliases_ok()
{
	local pattern

	report d46-debian-default
	for pattern in 'pci:v000010EEd0000903Fsv*sd*bc*sc*i*' 'pci:v000010EEd00009038sv*sd00000007bc*' \
		'pci:v000010eed00009038sv*sd*bc*sc*i*' 'pci:v000010EEd00009038' '*x' \
		'vfio_pci:v000010EEd00009038sv*sd*bc*sc*i*' 'pci:v*d*sv*sd*bc07sc00i00'; do
		alias_of other "$pattern"
	done
	finds_no host-driver
	for pattern in 'pci:v000010EEd00009038sv000010EEsd00000008bc07sc00i01' 'pci:v000010EE*' \
		'pci:v*d00009038*bc07*' 'pci:*000010EEd*'; do
		cp "$tree/lib/modules/$debian/modules.alias" "$work/saved"
		alias_of mine "$pattern"
		finds host-driver "$card" "module mine takes"
		cp "$work/saved" "$tree/lib/modules/$debian/modules.alias"
	done
}

hold class_ok "a driver that matches the class of a card, and has not taken it, does not take it"
class_ok()
{
	report d46-debian-default
	alias_of someclass "pci:v*d*sv*sd*bc07sc*i*"
	finds host-driver "$card" "module someclass"
	mkdir -p "$tree/sys/module/someclass"
	finds_no host-driver
}

hold built_in_ok "doctor finds a driver built into the kernel that takes the card"
built_in_ok()
{
	report d46-debian-default
	printf 'xdma.alias=pci:v000010EEd00009038sv*sd*bc*sc*i*\0xdma.license=GPL\0' \
		>>"$tree/lib/modules/$debian/modules.builtin.modinfo"
	# after the newline of the first record
	sed -i 's/i\*$/i*\x00/;' "$tree/lib/modules/$debian/modules.builtin.modinfo"
	tr -d '\n' <"$tree/lib/modules/$debian/modules.builtin.modinfo" >"$work/modinfo"
	cp "$work/modinfo" "$tree/lib/modules/$debian/modules.builtin.modinfo"
	finds built-in-driver "$card" "xdma is built into the kernel: it starts the card at each boot"
	level_is warning
	fix_is "fpgactl bind --persist $card"
	# 8250_pci, which is there too, wants an I/O region
	[ "$(codes)" = "built-in-driver initramfs-not-read" ]
	override "$card" fpga_vfio_pci
	sed -i '1s/0x0*40200$/0x0000000000040101/' "$tree/sys/bus/pci/devices/$card/resource"
	finds built-in-driver "$card" "8250_pci is built into the kernel"
}

hold virqfd_ok "doctor finds lists that name vfio_virqfd, which is gone since 6.2 (f20 g)"
virqfd_ok()
{
	report d46-debian-default
	add etc/dracut.conf.d/vfio.conf 'add_drivers+=" vfio vfio_pci vfio_virqfd "'
	finds virqfd-listed /etc/dracut.conf.d/vfio.conf "dracut reports an error for each image"
	level_is warning
	fix_is "Remove vfio_virqfd from /etc/dracut.conf.d/vfio.conf: since Linux 6.2 it is a part of vfio."
	add etc/mkinitcpio.conf 'MODULES=(vfio_pci vfio vfio_iommu_type1 vfio_virqfd)'
	finds virqfd-listed /etc/mkinitcpio.conf "mkinitcpio fails"
	add etc/initramfs-tools/modules vfio_virqfd
	finds virqfd-listed /etc/initramfs-tools/modules "it is missing in the initramfs"
	add etc/modules-load.d/vfio.conf vfio-virqfd
	finds virqfd-listed /etc/modules-load.d/vfio.conf "systemd-modules-load.service fails"
	# 6.1 has it
	add "lib/modules/$debian/modules.dep" kernel/drivers/vfio/vfio_virqfd.ko.xz:
	finds_no virqfd-listed
}

hold stale_ok "doctor finds an initramfs that is older than what it has a copy of"
stale_ok()
{
	local image=/boot/initrd.img-$debian module=lib/modules/$debian/updates/dkms/fpga_vfio_pci.ko.xz

	report d46-debian-default
	touch -d 2001-01-02 "$tree$image"
	add etc/modprobe.d/vfio.conf "softdep nvme pre: vfio-pci"
	touch -d 2001-01-01 "$tree/etc/modprobe.d/vfio.conf"
	finds_no initramfs-stale
	touch -d 2001-01-03 "$tree/etc/modprobe.d/vfio.conf"
	finds initramfs-stale "$image" \
		"it was made before /etc/modprobe.d/vfio.conf was changed, and the boot goes by the old one"
	level_is warning
	value '.findings[] | select(.code == "initramfs-stale").fix' null
	mkdir -p "$tree/usr/sbin" "$tree/usr/bin"
	touch "$tree/usr/sbin/update-initramfs"
	finds initramfs-stale "$image" "before /etc/modprobe.d/vfio.conf was changed"
	fix_is "update-initramfs -u -k $debian"
	rm "$tree/etc/modprobe.d/vfio.conf"
	# the module counts only if it is to be in there
	add "$module" module
	finds_no initramfs-stale
	add etc/initramfs-tools/modules fpga_vfio_pci
	touch -d 2001-01-01 "$tree/etc/initramfs-tools/modules"
	finds initramfs-stale "$image" "before /$module was changed"
	rm "$tree/etc/initramfs-tools/modules"
	# a card file, and the directory when one was removed
	add etc/fpgactl/cards.d/0000:00:01.0-00.conf "# none"
	touch -d 2001-01-01 "$tree/etc/fpgactl/cards.d"
	finds initramfs-stale "$image" "before /etc/fpgactl/cards.d/0000:00:01.0-00.conf was changed"
	touch -d 2001-01-01 "$tree/etc/fpgactl/cards.d/0000:00:01.0-00.conf"
	finds_no initramfs-stale
	rm "$tree/etc/fpgactl/cards.d/0000:00:01.0-00.conf"
	finds initramfs-stale "$image" "before /etc/fpgactl/cards.d was changed"
	rm -r "$tree/etc/fpgactl"
	# other tools
	rm "$tree/usr/sbin/update-initramfs"
	touch "$tree/usr/bin/dracut"
	mv "$tree$image" "$tree/boot/initramfs-$debian.img"
	add etc/dracut.conf.d/a.conf 'force_drivers+=" fpga_vfio_pci "'
	touch -d 2001-01-01 "$tree/etc/dracut.conf.d/a.conf"
	finds initramfs-stale "/boot/initramfs-$debian.img" "before /$module was changed"
	fix_is "dracut --force /boot/initramfs-$debian.img $debian"
}

# bound_card: the card of the tree has a card file
bound_card()
{
	add etc/fpgactl/cards.d/0000:00:01.0-00.conf "slot 0000:00:01.0/00" \
		"group 0000:00:01.0/00.0 10ee:9038" "function 0 10ee:9038 10ee:0008 070001" \
		"bind 0 fpga_vfio_pci"
}

# image_tool NAME [MODPROBE-LINE…]: a tool of the host that lists the paths in $work/list and, with
# -f, prints settings
image_tool()
{
	mkdir -p "$work/bin"
	printf '%s\n' "${@:2}" >"$work/settings"
	cat >"$work/bin/$1" <<-END
		#!/bin/bash
		echo "$1 \$*" >>"$work/tools.log"
		echo noise >&2
		[ ! -e "$work/fails" ] || exit 3
		[ "\$1" != -f ] || exec cat "$work/settings"
		exec cat "$work/list"
	END
	chmod 755 "$work/bin/$1"
	PATH=$work/bin:$PATH
	[ -e "$work/list" ] || : >"$work/list"
}

hold contents_ok "doctor reads what the initramfs has: what binds cards early, and drivers that take them before"
contents_ok()
{
	local image=/boot/initrd.img-$debian how=fvl modules=usr/lib/modules/$debian

	report d46-debian-default
	image_tool lsinitramfs
	bound_card
	touch "$tree$image"
	alias_of xdma "pci:v000010EEd00009038sv*sd*bc*sc*i*"
	printf '%s\n' . usr/bin/bash "$modules/kernel/drivers/nvme.ko.xz" >"$work/list"
	finds initramfs-incomplete "$image" \
		"cards are bound after it, as it does not have: fpgactl, 05-fpgactl.rules, module fpga_vfio_pci, /etc/fpgactl/cards.d/0000:00:01.0-00.conf"
	level_is note
	[ "$err" = "" ]
	# of this kernel only: no newer one is there
	[ "$(sort -u "$work/tools.log")" = "lsinitramfs $image" ]
	echo "$modules/updates/dkms/xdma.ko.zst" >>"$work/list"
	finds initramfs-incomplete "$image" \
		"it has module xdma, which takes $card there, and not what binds the card before: fpgactl, "
	level_is warning
	printf '%s\n' usr/bin/fpgactl usr/lib/udev/rules.d/05-fpgactl.rules \
		etc/fpgactl/cards.d/0000:00:01.0-00.conf >>"$work/list"
	finds initramfs-incomplete "$image" "not what binds the card before: module fpga_vfio_pci"
	echo "$modules/updates/fpga_vfio_pci.ko" >>"$work/list"
	finds_no initramfs-incomplete
	finds_no initramfs-not-read
	# no card is bound at boot
	: >"$work/list"
	rm -r "$tree/etc/fpgactl"
	finds_no initramfs-incomplete
}

hold contents_ids_ok "ids in a modprobe.d of the initramfs give the card to vfio-pci there"
contents_ids_ok()
{
	local image=/boot/initrd.img-$debian how=fvl modules=usr/lib/modules/$debian

	report d46-debian-default
	image_tool lsinitramfs
	bound_card
	touch "$tree$image"
	add etc/modprobe.d/vfio.conf "options vfio-pci ids=10ee:9038"
	printf '%s\n' etc/modprobe.d/vfio.conf >"$work/list"
	finds initramfs-incomplete "$image" "cards are bound after it"
	echo "$modules/kernel/drivers/vfio/pci/vfio-pci.ko.xz" >>"$work/list"
	finds initramfs-incomplete "$image" "it has module vfio-pci, which takes $card there"
	sed -i 1d "$work/list"
	finds initramfs-incomplete "$image" "cards are bound after it"
}

hold contents_dracut_ok "of an image of dracut, doctor reads the settings, also those that the host has no more"
contents_dracut_ok()
{
	local image=/boot/initramfs-$debian.img how=fvl
	local vfio="usr/lib/modules/$debian/kernel/drivers/vfio/pci/vfio-pci.ko.xz"

	report d46-debian-default
	rm "$tree"/boot/initrd*
	image_tool lsinitrd "# initramfs:/etc/modprobe.d/a.conf" "options vfio-pci ids=10ee:9038"
	touch "$tree$image"
	printf '%s\n' "Image: $image: 30M" \
		"-rw-r--r--   1 root     root   35 Jan  1  1970 etc/modprobe.d/a.conf" \
		"lrwxrwxrwx   1 root     root    7 Jan  1  1970 bin -> usr/bin" \
		"-rw-r--r--   1 root     root 9999 Jan  1  1970 $vfio" >"$work/list"
	finds initramfs-takes-card "$image" \
		"its modprobe.d has ids= by which vfio-pci takes $card; that of the host has not"
	level_is warning
	grep -qxF "lsinitrd -f etc/modprobe.d/a.conf $image" "$work/tools.log"
	# the same on the host
	add etc/modprobe.d/vfio.conf "options vfio-pci ids=10ee:9038"
	finds_no initramfs-takes-card
	rm "$tree/etc/modprobe.d/vfio.conf"
	bound_card
	finds initramfs-incomplete "$image" "it has module vfio-pci, which takes $card there"
	echo "options vfio-pci ids=10ee:9039" >"$work/settings"
	finds_no initramfs-takes-card
	# without the module
	echo "options vfio-pci ids=10ee:9038" >"$work/settings"
	sed -i /vfio-pci/d "$work/list"
	finds_no initramfs-takes-card
}

hold contents_next_ok "doctor also reads the initramfs of the newest kernel, and not those of older ones"
contents_next_ok()
{
	local how=fvl newer

	report d46-debian-default
	image_tool lsinitramfs
	bound_card
	: >"$work/list"
	touch "$tree/boot/initrd.img-6.12.41+deb13-amd64"
	for newer in 6.12.57+deb13-amd64 6.12.48+deb13-amd64; do
		cp -r "$tree/lib/modules/$debian" "$tree/lib/modules/$newer"
		touch "$tree/boot/vmlinuz-$newer" "$tree/boot/initrd.img-$newer"
	done
	finds initramfs-incomplete /boot/initrd.img-6.12.57+deb13-amd64 "cards are bound after it"
	[ "$(sort "$work/tools.log")" = "$(printf 'lsinitramfs /boot/initrd.img-%s\n' "$debian" 6.12.57+deb13-amd64)" ]
}

hold contents_not_read_ok "below --sysroot no tool of this host is run; a tool that fails is named"
contents_not_read_ok()
{
	local image=/boot/initrd.img-$debian how

	report d46-debian-default
	image_tool lsinitramfs
	image_tool lsinitrd
	bound_card
	how=fv
	finds initramfs-not-read "$image" "its contents were not read: tools of this host are not run for another one"
	level_is note
	[ ! -e "$work/tools.log" ]
	how=fvl
	touch "$work/fails"
	finds initramfs-not-read "$image" "its contents were not read: lsinitramfs exited with status 3"
	level_is note
	finds_no initramfs-incomplete
	rm "$work/fails"
	finds_no initramfs-not-read
	# no card, no image
	rm "$tree$image"
	rm "$work/tools.log"
	finds_no initramfs-not-read
	[ ! -e "$work/tools.log" ]
}

hold proxmox_ok "doctor finds VMs of Proxmox VE that take the card, by slot, function and mapping"
proxmox_ok()
{
	local vms=/etc/pve/qemu-server

	report d40-proxmox
	finds proxmox-takes-card "$vms/100.conf" \
		"hostpci0 takes all of group 21 to vfio-pci when the VM starts; after fpgactl bind, which sets driver_override, the start fails"
	level_is warning
	fix_is "qm set 100 --delete hostpci0 --args '-device vfio-pci,host=0000:01:00.0,bus=ich9-pcie-port-1,addr=0x0.0,multifunction=on -device vfio-pci,host=0000:01:00.1,bus=ich9-pcie-port-1,addr=0x0.1'"
	finds proxmox-takes-card "$vms/101.conf" "hostpci1 takes all of group 23"
	fix_is "Add '-device vfio-pci,host=0000:41:00.0,bus=ich9-pcie-port-2,addr=0x0.0' to args of the VM; then: qm set 101 --delete hostpci1"
	# neither the NIC of VM 102 nor its snapshot
	[ "$(codes)" = "proxmox-takes-card proxmox-takes-card" ]
	sed -i 's/01:00,/01:00.1,/' "$tree$vms/100.conf"
	finds proxmox-takes-card "$vms/100.conf" "hostpci0" 01:00.1
	sed -i 's/,pcie=1//' "$tree$vms/100.conf"
	finds proxmox-takes-card "$vms/100.conf" "hostpci0" 01:00.1
	fix_is "qm set 100 --delete hostpci0 --args '-device vfio-pci,host=0000:01:00.1'"
	finds_no proxmox-takes-card 01:00.0
	# the mapping of another node
	echo pve3 >"$tree/proc/sys/kernel/hostname"
	finds_no proxmox-takes-card 41:00.0
}

hold proxmox_args_ok "doctor says nothing of a VM of Proxmox VE that gets the card by arguments"
proxmox_args_ok()
{
	report d40-proxmox
	sed -i '/^hostpci/d; 1i args: -device vfio-pci,host=01:00.0' "$tree"/etc/pve/qemu-server/10[01].conf
	healthy
	value '.findings | length' 0
}

hold once_ok "files of VMs, aliases, card files and settings of modprobe are read once for all cards"
once_ok()
{
	local path release

	report d41-libvirt-host
	rm -rf "$work/tree"
	mv "$tree" "$work/tree"
	tree=$work/tree
	release=$(<"$tree/proc/sys/kernel/osrelease")
	add etc/pve/qemu-server/100.conf "hostpci0: mapping=a" "hostpci1: mapping=b"
	add etc/pve/mapping/pci.cfg "a" "	map path=0000:01:00.0"
	add "lib/modules/$release/modules.alias" "alias pci:v* xdma"
	add "lib/modules/$release/modules.builtin.modinfo" ""
	add etc/modprobe.d/x.conf "blacklist y"
	add etc/fpgactl/cards.d/0000:00:1f.0-00.conf "slot 0000:00:1f.0/00"
	sed -i 's/managed="no"/managed="yes"/' "$tree/etc/libvirt/qemu/litex.xml"
	FAKE_TRACE=$work/trace fvk doctor --json
	value '.devices | length' 3
	value '[.findings[] | select(.code == "host-driver")] | length' 3
	for path in /etc/libvirt/qemu/{alveo,litex}.xml /etc/pve/qemu-server/100.conf \
		/etc/pve/mapping/pci.cfg "/lib/modules/$release/"{modules.alias,modules.builtin.modinfo}; do
		[ "$(grep -cxF "$path" "$work/trace")" = 1 ] || { grep -F "$path" "$work/trace"; return 1; }
	done
	# found, and read
	[ "$(grep -cxF /etc/modprobe.d/x.conf "$work/trace")" = 2 ]
	# by the check of card files, which reads them twice, and by that of drivers
	[ "$(grep -cxF /etc/fpgactl/cards.d/0000:00:1f.0-00.conf "$work/trace")" = 3 ]
}

hold libvirt_ok "doctor says nothing of domains that leave the card with the driver (f21)"
libvirt_ok()
{
	report d41-libvirt-host
	healthy
	value '.findings | length' 0
	add etc/libvirt/qemu/litex.xml \
		"<!-- <x> <hostdev type='pci' managed='yes'><source><address bus='2'/></source></hostdev> -->"
	healthy
}

hold libvirt_managed_ok "doctor finds a domain that moves the card to vfio-pci"
libvirt_managed_ok()
{
	local xml

	report d41-libvirt-host
	xml=$tree/etc/libvirt/qemu/litex.xml
	sed -i 's/managed="no"/managed="yes"/' "$xml"
	finds libvirt-takes-card 0000:02:00.0 \
		"domain litex moves it to vfio-pci when it starts: managed='yes' without a driver model"
	level_is warning
	fix_is "Set managed='no' in its hostdev, or add <driver name='vfio' model='fpga_vfio_pci'/> to it: virsh edit litex"
	sed -i 's/<driver name="vfio"/& model="vfio-pci"/' "$xml"
	finds libvirt-takes-card 0000:02:00.0 "domain litex moves it to vfio-pci when it starts: managed='yes'"
	sed -i 's/model="vfio-pci"/model="fpga_vfio_pci"/' "$xml"
	finds_no libvirt-takes-card
}

hold libvirt_alias_ok "libvirt since 10.0 chooses the driver by its aliases, an older one does not"
libvirt_alias_ok()
{
	local lib

	report d41-libvirt-host
	lib=$tree/usr/lib/x86_64-linux-gnu
	mkdir -p "$lib"
	ln -s libvirt.so.0.11003.0 "$lib/libvirt.so.0"
	finds_no libvirt-takes-card
	ln -sf libvirt.so.0.9000.0 "$lib/libvirt.so.0"
	finds libvirt-takes-card "$card" "domain alveo moves it to vfio-pci"
	fix_is "Set managed='no' in its hostdev, as libvirt before 10.0 knows only vfio-pci: virsh edit alveo"
}

hold libvirt_machine_ok "doctor finds a domain without PCI Express (f21)"
libvirt_machine_ok()
{
	report d41-libvirt-host
	sed -i 's/pc-q35-10.0/pc-i440fx-10.0/' "$tree/etc/libvirt/qemu/alveo.xml"
	finds libvirt-machine "$card" "domain alveo has machine pc-i440fx-10.0, without PCI Express"
	level_is warning
	fix_is "Use machine='q35': virsh edit alveo"
	finds_no libvirt-machine 02:00.0
}

hold libvirt_part_ok "doctor finds a domain with one function of a card of two (f20 i)"
libvirt_part_ok()
{
	report d41-libvirt-host
	sed -i "/<source>.*function='0x0'/d" "$tree/etc/libvirt/qemu/alveo.xml"
	finds libvirt-part-of-card 0000:01:00.1 "domain alveo has it, not $card of the same card"
	level_is note
	fix_is "Add a hostdev for $card: virsh edit alveo"
	mkdir "$tree/sys/bus/pci/drivers/xclmgmt"
	ln -sfn ../../../../bus/pci/drivers/xclmgmt "$tree/sys/bus/pci/devices/$card/driver"
	finds libvirt-part-of-card 0000:01:00.1 \
		"domain alveo has it, not $card of the same card and group, which xclmgmt has: it does not start"
	level_is warning
}

hold libvirt_hostile_ok "broken files of libvirt are no reason to fail"
libvirt_hostile_ok()
{
	local xml text

	report d41-libvirt-host
	xml=$tree/etc/libvirt/qemu/alveo.xml
	for text in '' '<' '<!--' '<a' "<hostdev type='pci" "<hostdev type='pci' managed='yes'>" \
		"<hostdev type='pci'/><source><address bus='1'/>" '<hostdev type=pci managed="yes"><source>' \
		"<hostdev type='pci'><source><address domain='99999999999999999999' bus='x'/></source></hostdev>" \
		'<name><hostdev a= b' '</>' '<?x' '<![CDATA[' '<= = =>' '<hostdev type = "pci" managed>'; do
		printf %s "$text" >"$xml"
		finds_no libvirt-takes-card
		[ "$rc" = 0 ]
	done
	# a blank around "=" is allowed
	echo "<hostdev type = 'pci' managed= 'yes'><source><address bus ='0x02' /></source></hostdev>" >"$xml"
	finds libvirt-takes-card 0000:02:00.0 "domain ? moves it"
}

hold kubevirt_ok "doctor finds a card that KubeVirt does not offer"
kubevirt_ok()
{
	report d42-kubevirt-node
	finds kubevirt-skips-card host "offers only devices that are bound to vfio-pci, so not 0000:41:00.0"
	level_is note
	fix_is "Offer them by a DRA driver (Kubernetes 1.34 and later); permittedHostDevices needs vfio-pci."
	[ "$(codes)" = kubevirt-skips-card ]
	rm "$tree"/var/lib/kubelet/device-plugins/kubevirt-*
	finds_no kubevirt-skips-card
}

hold not_checked_ok "doctor names the files of VMs that only root may read"
not_checked_ok()
{
	report d41-libvirt-host
	add etc/pve/qemu-server/100.conf "hostpci0: 01:00"
	chmod 700 "$tree/etc/libvirt/qemu"
	chmod 600 "$tree/etc/pve/qemu-server/100.conf"
	as_nobody fv doctor --json
	value '.needs_root | sort | join(" ")' "/etc/libvirt/qemu /etc/pve/qemu-server"
}

hold missing_ok "doctor finds that the running kernel has no module"
missing_ok()
{
	report d46-debian-default
	rm -r "$tree/sys/module/fpga_vfio_pci"
	healthy
	sed -i /fpga_vfio_pci/d "$tree/lib/modules/$debian/modules.dep"
	finds module-missing host "$debian has no module fpga_vfio_pci"
	level_is error
	fix_is "Install the headers of kernel $debian, then: dkms install fpga-vfio/0.1 -k $debian"
	mkdir "$tree/lib/modules/$debian/build"
	finds module-missing host "$debian"
	fix_is "dkms install fpga-vfio/0.1 -k $debian"
	rm -r "$tree/var/lib/dkms"
	finds module-missing host "$debian"
	fix_is "make dkms-install, in the sources of fpga-vfio"
	# loaded from a file
	mkdir "$tree/sys/module/fpga_vfio_pci"
	finds_no module-missing
	finds module-not-installed host "modprobe does not find it after the next boot"
	level_is warning
	# a container has no files of the kernel
	rm -r "$tree/lib/modules" "$tree/sys/module/fpga_vfio_pci"
	healthy
}

hold not_loaded_ok "doctor notes that the module is not loaded"
not_loaded_ok()
{
	report d46-debian-default
	rm -r "$tree/sys/module/fpga_vfio_pci" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	finds module-not-loaded host "fpga_vfio_pci is not loaded"
	level_is note
	fix_is "modprobe fpga_vfio_pci"
}

hold old_ok "doctor finds an old module, which has a driver of another name"
old_ok()
{
	report d46-debian-default
	mv "$tree"/sys/bus/pci/drivers/fpga{_vfio_pci,-vfio-pci}
	finds module-old host "an old module fpga_vfio_pci is loaded, with the driver fpga-vfio-pci"
	# also where the kernel is not known
	rm "$tree/proc/sys/kernel/osrelease"
	finds module-old host "an old module fpga_vfio_pci is loaded, with the driver fpga-vfio-pci"
	level_is warning
	fix_is "rmmod fpga_vfio_pci && modprobe fpga_vfio_pci"
}

hold differs_ok "doctor finds that the loaded module is another build than the installed one"
differs_ok()
{
	local module

	report d46-debian-default
	module=lib/modules/$debian/updates/dkms/fpga_vfio_pci.ko
	sed -i 's/fpga_vfio_pci.ko.xz/fpga_vfio_pci.ko/' "$tree/lib/modules/$debian/modules.dep"
	mkdir -p "$tree/sys/module/fpga_vfio_pci/notes"
	printf '\4\0\0\0\24\0\0\0\3\0\0\0GNU\0abcdefghijklmnopqrst' \
		>"$tree/sys/module/fpga_vfio_pci/notes/.note.gnu.build-id"
	add "$module" "ELF" ""
	cat "$tree/sys/module/fpga_vfio_pci/notes/.note.gnu.build-id" >>"$tree/$module"
	finds_no module-differs
	sed -i s/abcdef/Abcdef/ "$tree/$module"
	finds module-differs host "the loaded fpga_vfio_pci is another build than /$module"
	level_is warning
	fix_is "Stop the VMs, then: rmmod fpga_vfio_pci && modprobe fpga_vfio_pci"
	# of a compressed one, that cannot be said
	mv "$tree/$module" "$tree/$module.xz"
	sed -i 's/fpga_vfio_pci.ko/&.xz/' "$tree/lib/modules/$debian/modules.dep"
	finds_no module-differs
}

hold next_ok "doctor finds that a newer kernel has no module, and the log of DKMS"
next_ok()
{
	local modules

	report d44-dkms-next-kernel
	modules=$tree/lib/modules
	finds module-missing-next host \
		"kernel 6.8.0-62-generic, newer than the running 6.8.0-60-generic, has no module fpga_vfio_pci"
	level_is warning
	fix_is "DKMS failed to build it: read /var/lib/dkms/fpga-vfio/0.1/build/make.log, then: dkms install fpga-vfio/0.1 -k 6.8.0-62-generic"
	# the older one does not count
	[ "$(codes)" = module-missing-next ]
	# of another kernel
	sed -i s/6.8.0-62/6.8.0-59/ "$tree/var/lib/dkms/fpga-vfio/0.1/build/make.log"
	finds module-missing-next host "6.8.0-62"
	fix_is "dkms install fpga-vfio/0.1 -k 6.8.0-62-generic"
	rm -r "$modules/6.8.0-62-generic/build"
	finds module-missing-next host "6.8.0-62"
	fix_is "Install the headers of kernel 6.8.0-62-generic, then: dkms install fpga-vfio/0.1 -k 6.8.0-62-generic"
	# another flavour of the running kernel is not newer, and without an image none boots
	mv "$modules"/6.8.0-{62-generic,60-lowlatency}
	touch "$tree/boot/vmlinuz-6.8.0-60-lowlatency"
	finds_no module-missing-next
	mv "$modules"/6.8.0-{60-lowlatency,100-generic}
	finds_no module-missing-next
	touch "$modules/6.8.0-100-generic/vmlinuz"
	finds module-missing-next host "6.8.0-100-generic"
	echo updates/dkms/fpga_vfio_pci.ko.zst: >>"$modules/6.8.0-100-generic/modules.dep"
	healthy
}

hold vfio_ok "doctor finds a kernel without VFIO"
vfio_ok()
{
	report d46-debian-default
	rm -r "$tree/sys/module/vfio"
	finds_no vfio-missing
	sed -i '/type1/d' "$tree/lib/modules/$debian/modules.dep"
	finds vfio-missing host "kernel $debian has no module vfio_iommu_type1, and no iommufd"
	level_is error
	fix_is "Boot a kernel with CONFIG_VFIO_PCI, and CONFIG_VFIO_IOMMU_TYPE1 or CONFIG_IOMMUFD."
	add "lib/modules/$debian/modules.builtin" kernel/drivers/iommu/iommufd/iommufd.ko
	finds_no vfio-missing
	sed -i '/pci-core.ko.xz: k/d' "$tree/lib/modules/$debian/modules.dep"
	finds vfio-missing host "has no module vfio-pci-core"
}

hold too_old_ok "doctor finds a kernel older than 6.1, unless the module was built for it"
too_old_ok()
{
	local release

	report d46-debian-default
	for release in 5.15.0-160-generic 6.0.19 4.18.0-553.el8.x86_64; do
		echo "$release" >"$tree/proc/sys/kernel/osrelease"
		finds kernel-too-old host "the driver needs Linux 6.1, this is $release"
		level_is error
		fix_is "Boot Linux 6.1 or newer."
	done
	add lib/modules/4.18.0-553.el8.x86_64/modules.dep extra/fpga_vfio_pci.ko:
	finds_no kernel-too-old
	for release in 6.1.0 6.12 7.3.4 10.0; do
		echo "$release" >"$tree/proc/sys/kernel/osrelease"
		finds_no kernel-too-old
	done
}

hold unsigned_ok "doctor finds that the kernel refuses an unsigned module: lockdown, Secure Boot, enforced"
unsigned_ok()
{
	local module=/lib/modules/6.16.3-200.fc42.x86_64/updates/fpga_vfio_pci.ko vars

	report d45-lockdown
	finds module-unsigned "$module" "it has no signature, and the kernel is locked down (integrity)"
	level_is error
	fix_is "Sign it with a key that firmware or shim knows: /lib/modules/6.16.3-200.fc42.x86_64/build/scripts/sign-file sha512 KEY CERTIFICATE $module"
	vars=$tree/sys/firmware/efi/efivars
	mkdir -p "$vars"
	printf '\6\0\0\0\1' >"$vars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	finds module-unsigned "$module" "the kernel is locked down (integrity, by Secure Boot)"
	echo '[none] integrity confidentiality' >"$tree/sys/kernel/security/lockdown"
	finds_no module-unsigned
	echo Y >"$tree/sys/module/module/parameters/sig_enforce"
	finds module-unsigned "$module" "the kernel enforces signatures (module.sig_enforce)"
	printf '~Module signature appended~\n' >>"$tree$module"
	finds_no module-unsigned
	: >"$tree$module"
	finds module-unsigned "$module" "it has no signature"
}

hold mok_ok "doctor finds that the key of DKMS is not enrolled"
mok_ok()
{
	local mok

	report d45-lockdown
	mok=$tree/sys/firmware/efi/mok-variables/MokListRT
	printf '~Module signature appended~\n' >>"$tree"/lib/modules/*/updates/fpga_vfio_pci.ko
	add var/lib/dkms/mok.pub certificate
	finds_no mok-not-enrolled
	mkdir -p "${mok%/*}"
	echo "another key" >"$mok"
	finds mok-not-enrolled /var/lib/dkms/mok.pub \
		"shim does not know this key, so the kernel may refuse modules signed with it: the kernel is locked down (integrity)"
	level_is warning
	fix_is "Reboot, and confirm the key on the console, after: mokutil --import /var/lib/dkms/mok.pub"
	# the kernel took it
	mkdir "$tree/sys/module/fpga_vfio_pci"
	finds_no mok-not-enrolled
	rmdir "$tree/sys/module/fpga_vfio_pci"
	printf 'header certificate\n' >"$mok"
	finds_no mok-not-enrolled
}

# modinfo_says SIGNER SERIAL: a modinfo of the host
modinfo_says()
{
	mkdir -p "$work/bin"
	cat >"$work/bin/modinfo" <<-END
		#!/bin/sh
		[ "\$#:\$1:\${3##*/}" = "3:-F:fpga_vfio_pci.ko" ] || exit 1
		case \$2 in
		signer) echo "$1" ;;
		sig_key) echo "$2" ;;
		esac
	END
	chmod 755 "$work/bin/modinfo"
	PATH=$work/bin:$PATH
}

hold signer_ok "the signer of the module is looked up among the keys of shim, of firmware and of the kernel"
signer_ok()
{
	local mok db module how=fvl number=7F:23:45:67:89:AB:CD:EF:01

	report d45-lockdown
	module=/lib/modules/6.16.3-200.fc42.x86_64/updates/fpga_vfio_pci.ko
	mok=$tree/sys/firmware/efi/mok-variables/MokListRT
	db=$tree/sys/firmware/efi/efivars/db-d719b2cb-3d3a-4596-a3bc-dad00e67656f
	mkdir -p "${mok%/*}" "${db%/*}"
	printf '~Module signature appended~\n' >>"$tree$module"
	modinfo_says "DKMS module signing key" "$number"
	echo "another key" >"$mok"
	printf 'x\2\11\177\43\105\147\211\253\315\357\1y' >"$work/certificate"
	mkdir -p "$tree/var/lib/dkms"
	cp "$work/certificate" "$tree/var/lib/dkms/mok.pub"
	finds mok-not-enrolled /var/lib/dkms/mok.pub \
		"$module is signed with this key, which neither shim nor firmware has: the kernel is locked down (integrity)"
	level_is warning
	# the number is enough: another encoding of the list
	cat "$work/certificate" >>"$mok"
	finds_no mok-not-enrolled
	echo "another key" >"$mok"
	cat "$work/certificate" >"$db"
	finds_no mok-not-enrolled
	rm "$db"
	# a number with its highest bit set has a zero before it
	modinfo_says "DKMS module signing key" "8${number#7}"
	printf 'x\2\12\0\217\43\105\147\211\253\315\357\1y' >"$tree/var/lib/dkms/mok.pub"
	finds mok-not-enrolled /var/lib/dkms/mok.pub "$module is signed with this key"
	cp "$tree/var/lib/dkms/mok.pub" "$mok"
	finds_no mok-not-enrolled
	echo "another key" >"$mok"
	# the key of DKMS has not signed it, but that of the kernel
	modinfo_says "Build time autogenerated kernel key" 11:22:33:44:55:66:77:88
	finds_no mok-not-enrolled
	echo "2f I--- 1 perm 1f010000 0 0 asymmetri Fedora release: Build time autogenerated kernel key: 99: X509.rsa 99 []" \
		>"$tree/proc/keys"
	finds_no mok-not-enrolled
	modinfo_says "My own key" 11:22:33:44:55:66:77:88
	finds mok-not-enrolled "$module" \
		"it is signed by 'My own key', and neither shim nor firmware nor the kernel has this key"
	level_is warning
	fix_is "Reboot, and confirm the key on the console, after: mokutil --import CERTIFICATE"
	# without the keys of the kernel, nothing is said
	echo "2f I--- 1 perm 1f010000 0 0 keyring .builtin_trusted_keys: 1" >"$tree/proc/keys"
	finds_no mok-not-enrolled
	rm "$tree/proc/keys"
	finds_no mok-not-enrolled
	# a number that is too short, or none: as before
	for number in 12:34 "" 01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15 x; do
		modinfo_says "" "$number"
		finds mok-not-enrolled /var/lib/dkms/mok.pub "shim does not know this key, so the kernel may refuse"
	done
}

hold lockdown_ok "doctor notes what lockdown forbids"
lockdown_ok()
{
	report d45-lockdown
	finds lockdown host "the kernel is locked down (integrity): setpci and programs that map BARs"
	level_is note
	echo '[none] integrity confidentiality' >"$tree/sys/kernel/security/lockdown"
	finds_no lockdown
}

# node MODE OWNER FILE
node()
{
	chown "$2" "$tree/dev/$3"
	chmod "$1" "$tree/dev/$3"
}

# developers: the host on which members of kvm start QEMU
developers()
{
	report d47-qemu-user
	node 666 0:0 vfio/vfio
	node 660 0:104 vfio/2
	node 660 0:104 kvm
}

# run_by UID GIDS LIMIT [CAPABILITIES]: what /proc says of the process
run_by()
{
	printf '%s\n' "Name: fpgactl" "Uid:	$1	$1	$1	$1" "Gid:	$1	$1	$1	$1" \
		"Groups:	$2" "CapEff:	${4-0000000000000000}" >"$tree/proc/self/status"
	printf '%-25s %-20s %-20s %s\n' Limit "Soft Limit" "Hard Limit" Units \
		"Max locked memory" "$3" "$3" bytes >"$tree/proc/self/limits"
}

hold users_ok "doctor says nothing of a host with users who may open the card and lock enough memory"
users_ok()
{
	developers
	healthy
	run_by 1000 "104 1000" unlimited
	healthy
	value '.findings | length' 0
	run_by 0 0 8388608
	healthy
	# a user who has nothing to do with the card
	node 600 0:0 vfio/2
	rm "$tree/etc/security/limits.d/90-vfio.conf"
	healthy
}

hold memlock_ok "doctor finds users who may open the card and may not lock the memory of a VM"
memlock_ok()
{
	developers
	rm "$tree/etc/security/limits.d/90-vfio.conf"
	finds memlock host "user alice may lock 8 MiB of memory, and QEMU locks all memory of a VM with a card"
	level_is warning
	fix_is "Log in again after: echo 'alice - memlock unlimited' >>/etc/security/limits.d/vfio.conf"
	# not the user of libvirt, who has no login
	[ "$(codes)" = memlock ]
	add etc/security/limits.d/a.conf "@kvm soft memlock 16777216"
	finds memlock host "user alice may lock 16384 MiB of memory: VMs with a card have to be smaller"
	level_is note
	# the user counts more than the group, the group more than all; hard limits do not count
	add etc/security/limits.d/b.conf "* - memlock 64" "alice hard memlock 64"
	finds memlock host "may lock 16384 MiB"
	add etc/security/limits.conf "alice - memlock infinity"
	finds_no memlock
	# the limit of the process itself counts for its user, unless it has CAP_IPC_LOCK
	run_by 1000 104 67108864
	finds memlock host "user alice may lock 64 MiB"
	run_by 1000 104 67108864 0000000000004000
	finds_no memlock
}

hold memlock_unknown_ok "doctor says nothing of limits that it does not know"
memlock_unknown_ok()
{
	developers
	rm "$tree/etc/security/limits.d/90-vfio.conf"
	add etc/security/limits.d/a.conf "1000:1100 - memlock unlimited"
	finds_no memlock
	rm "$tree/etc/security/limits.d/a.conf"
	finds memlock host "user alice"
	add etc/systemd/system.conf.d/a.conf "[Manager]" "DefaultLimitMEMLOCK=infinity"
	finds_no memlock
}

hold no_access_ok "doctor notes that the caller may not open the card, and how to change it"
no_access_ok()
{
	developers
	run_by 1001 1001 unlimited
	finds vfio-no-access /dev/vfio/2 "user bob may not open it (root:kvm, 0660)"
	level_is note
	fix_is "Log in again after: usermod -aG kvm bob"
	finds kvm-no-access /dev/kvm "user bob may not open it (root:kvm, 0660)"
	level_is note
	fix_is "Log in again after: usermod -aG kvm bob"
	# a session that is older than the membership
	run_by 1000 1000 unlimited
	finds vfio-no-access /dev/vfio/2 "user alice may not open it"
	fix_is "Log in again: the session began before alice became a member of kvm."
	node 600 0:0 vfio/2
	finds vfio-no-access /dev/vfio/2 "(root:root, 0600)"
	fix_is "Log in again after: echo 'SUBSYSTEM==\"vfio\", GROUP=\"kvm\", MODE=\"0660\"' >/etc/udev/rules.d/70-fpgactl-vfio.rules && udevadm control --reload && udevadm trigger -s vfio && usermod -aG kvm alice"
	run_by 1000 104 unlimited
	finds vfio-no-access /dev/vfio/2 "(root:root, 0600)"
	[[ $(jq -r .fix <<<"$finding") = "echo 'SUBSYSTEM"*" udevadm trigger -s vfio" ]]
	node 600 1000:0 vfio/2
	finds_no vfio-no-access
	# no user who logs in
	run_by 65534 65534 unlimited
	finds_no vfio-no-access
}

hold world_ok "doctor finds a device node that all users may open"
world_ok()
{
	developers
	node 666 0:104 vfio/2
	finds vfio-world-access /dev/vfio/2 "each user of this host may take and reset the card (root:kvm, 0666)"
	level_is warning
	fix_is 'Give it a group and MODE="0660" in the udev rule of subsystem vfio.'
	node 660 0:104 vfio/2
	finds_no vfio-world-access
}

hold container_node_ok "doctor finds that users of the card may not open /dev/vfio/vfio"
container_node_ok()
{
	developers
	node 600 0:0 vfio/vfio
	finds vfio-container-access /dev/vfio/vfio "users who may open /dev/vfio/2 may not open this (root:root, 0600)"
	level_is warning
	fix_is "It gives access to no device by itself: chmod 0666 /dev/vfio/vfio"
	node 660 0:104 vfio/vfio
	finds_no vfio-container-access
	node 600 0:0 vfio/vfio
	node 600 0:0 vfio/2
	finds_no vfio-container-access
}

hold vm_ok "doctor notes a VM, with and without a virtual IOMMU, and no host as one"
vm_ok()
{
	report d48-vm
	finds in-vm host "this host is a VM (QEMU), which has no IOMMU"
	level_is note
	mkdir -p "$tree/sys/kernel/iommu_groups/1/devices"
	ln -s "../../../../bus/pci/devices/$card" "$tree/sys/kernel/iommu_groups/1/devices/$card"
	ln -s ../../../kernel/iommu_groups/1 "$tree/sys/bus/pci/devices/$card/iommu_group"
	finds in-vm host "this host is a VM (QEMU) with a virtual IOMMU"
	# the host of Xen
	add proc/xen/capabilities control_d
	finds_no in-vm
	rm "$tree/proc/xen/capabilities"
	# the flag is missing
	sed -i 's/ hypervisor//' "$tree/proc/cpuinfo"
	finds_no in-vm
	# Amazon's hosts
	echo "Amazon EC2" >"$tree/sys/class/dmi/id/sys_vendor"
	echo f1.metal >"$tree/sys/class/dmi/id/product_name"
	finds_no in-vm
	# Arm has no such flag
	rm "$tree/proc/cpuinfo"
	finds_no in-vm
	echo m6g.large >"$tree/sys/class/dmi/id/product_name"
	finds in-vm host "this host is a VM (Amazon EC2)"
}

hold container_ok "doctor notes a container"
container_ok()
{
	local file

	report d46-debian-default
	for file in run/.containerenv .dockerenv; do
		mkdir -p "$tree/run"
		: >"$tree/$file"
		finds in-container host "this is a container"
		level_is note
		fix_is "Run fpgactl doctor on the host."
		rm "$tree/$file"
	done
	add run/systemd/container lxc
	finds in-container host "this is a container (lxc)"
	rm "$tree/run/systemd/container"
	finds_no in-container
}

# broken COMMAND…: put something else in the place of each file that the checks above read;
# code 1: a file of a wrong type or size
broken()
{
	local file

	for file in etc/modprobe.d/a.conf etc/driverctl.d/pci-$card etc/pve/qemu-server/{100,101}.conf \
		etc/pve/mapping/pci.cfg etc/libvirt/qemu/a.xml etc/{passwd,group} etc/mkinitcpio.conf \
		etc/security/limits.conf etc/dracut.conf.d/a.conf etc/modules-load.d/a.conf \
		lib/modules/$debian/{modules.{dep,alias,builtin,builtin.modinfo},build} \
		lib/modules/9.9.9/modules.{dep,builtin} lib/modules/$debian/updates/fpga_vfio_pci.ko \
		sys/kernel/security/lockdown sys/module/module/parameters/sig_enforce \
		sys/firmware/efi/mok-variables/MokListRT var/lib/dkms/mok.pub proc/xen/capabilities \
		var/lib/dkms/fpga-vfio/0.1/build/make.log proc/self/{status,limits} proc/cpuinfo \
		sys/module/fpga_vfio_pci/notes/.note.gnu.build-id sys/class/dmi/id/sys_vendor \
		run/systemd/container dev/{kvm,vfio/{vfio,2}} boot/initrd.img-$debian \
		var/lib/kubelet/device-plugins; do
		rm -rf "${tree:?}/$file"
		mkdir -p "$(dirname "$tree/$file")"
		"$@" "$tree/$file"
	done
	fv doctor --json
	[[ $rc = @(0|1|13) ]]
	json .findings
}

# fill TEXT FILE
fill()
{
	printf '%b' "$1" >"$2"
}

random()
{
	head -c 5000 /dev/urandom >"$1"
}

large()
{
	yes "options vfio-pci ids=1:2,[<hostdev type='pci'><source> map path=:;" | head -c 300000 >"$1"
}

hold hostile_ok "doctor survives any content and type of its files"
hostile_ok()
{
	local text

	report d46-debian-default
	for text in '' '\n' '\r\n' '\0\0\0' ':' ':::::::\n:' ' ' '\\\n' '<' '[' '[none' 'alias ' 'alias  ' \
		'alias a\nalias a b' '.alias=' 'a.alias=*****************************************x' \
		'options vfio-pci ids=' 'options vfio-pci ids=,,:,ffffffffff:1' 'hostpci:\nhostpci0:' \
		'hostpci0: ;;;,=,host=' 'hostpci99999999999: 01:00,pcie=1' 'hostpci0: mapping=x\n\r\n' 'x\n map' \
		'* - memlock -1\n@ - memlock' '%s%n%100000d' 'updates/fpga_vfio_pci.ko:' '.ko' '/.ko:' \
		'Uid: x\nGid:\nCapEff: y' 'Max locked memory' '\0377\0376\0342\0200\0256\033[31m' \
		'DKMS for kernel ' 'DKMS for kernel ../.. ' 'a:x:-1:-1' 'a:x:99999999999:1'; do
		broken fill "$text"
	done
	broken random
	broken large
	broken mkdir
	broken mkfifo
	broken ln -s /dev/zero
	broken ln -s .
	broken truncate -s 1G
}

run_tests
