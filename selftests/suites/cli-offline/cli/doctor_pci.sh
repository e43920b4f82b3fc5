#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl doctor finds faults of cards, slots, ports and firmware, and says nothing of healthy ones.
# The facts of the systems, and where they are from, are in reports/.
# shellcheck disable=SC2317,SC2154 # tests are called by their names; tree and others are set by cli.sh
. "$(dirname "$0")/doctorlib.sh"

# codes that this program is about
pci_codes="aer-off firmware-first ports-native hotplug-slot slot-off server-resets \
factory-image default-ids link-degraded link-limited no-response powered-off power-error card-state \
bar-unassigned bars-lost memory-off no-reset conventional-pci reset-shared \
management-function vfs-enabled intx-masking intx-shared"

# only_these [-d DEVICE] "LEVEL CODE OBJECT"…: doctor has these findings, and no others of the codes above
only_these()
{
	local device=

	if [ "${1-}" = -d ]; then
		device=$2
		shift 2
	fi
	fv doctor --json ${device:+"$device"}
	diff -u <(printf '%s\n' "$@" | sed '/^$/d' | sort) \
		<(jq -r --arg codes "$pci_codes" '.findings[] |
			select(.code | IN($codes | splits(" "))) |
			"\(.level) \(.code) \(.object)"' <<<"$out" | sort)
}

# attribute BDF FILE TEXT: plant a file of a device
attribute()
{
	mkdir -p "$(dirname "$tree/sys/bus/pci/devices/$1/$2")"
	echo "$3" >"$tree/sys/bus/pci/devices/$1/$2"
}

# source_is TEXT: check the source of the last finding
source_is()
{
	[ "$(jq -r .source <<<"$finding")" = "$1" ]
}

hold healthy_ok "doctor has nothing to say about the hardware of healthy systems"
healthy_ok()
{
	local name

	for name in d61-healthy-xeon d62-healthy-switch d67-healthy-arm \
		f01-alveo-shares-group-with-host-gpu f12-leech-group-15 f21-libvirt-hostdev; do
		report "$name"
		only_these ""
	done
}

silence="Reprogram cards by fpgactl reprogram only, which silences the port and disables its link: \
fpgactl policy 0000:3b:00.0 link-disable=on"

hold firmware_first_ok \
	"firmware that handles PCIe errors is a warning, with the root port and what it means"
firmware_first_ok()
{
	report d60-firmware-first-server
	only_these "warning firmware-first host" "warning server-resets host"
	finds firmware-first host \
		"below root port 0000:3a:00.0 (HEST: firmware first): when the link of a card drops"
	fix_is "If firmware can leave PCIe errors to the OS (AER: OS first), set that. $silence"
	# the kernel got it by _OSC: then the table does not matter, since Linux 5.8
	report d61-healthy-xeon
	mkdir -p "$tree/sys/firmware/acpi/tables"
	cp "$work/d60-firmware-first-server/sys/firmware/acpi/tables/HEST" "$tree/sys/firmware/acpi/tables"
	finds_no firmware-first
}

hold firmware_first_by_ports_ok \
	"a root port with AER that the kernel has no service for is firmware's"
firmware_first_by_ports_ok()
{
	report d60-firmware-first-server
	rm "$tree/sys/firmware/acpi/tables/HEST"
	finds firmware-first host "below root port 0000:3a:00.0: "
	# by a device tree, there is no firmware to ask
	rm -r "$tree/sys/firmware"
	finds_no firmware-first
	# a port without AER, or not driven by the kernel's port driver
	report d60-firmware-first-server
	rm "$tree/sys/firmware/acpi/tables/HEST" "$tree/sys/bus/pci/devices/0000:3a:00.0/aer_dev_fatal"
	finds_no firmware-first
	report d60-firmware-first-server
	rm "$tree/sys/firmware/acpi/tables/HEST" "$tree/sys/bus/pci/devices/0000:3a:00.0/driver"
	finds_no firmware-first
	# the service of another port is none of this one
	report d62-healthy-switch
	rm -r "$tree/sys/bus/pci_express/devices/0000:40:01.1:pcie002"
	finds firmware-first host "below root port 0000:40:01.1: "
	[[ $(jq -r .fix <<<"$finding") = *"${silence/3b:00.0/43:00.0} && fpgactl policy 0000:44:00.0 link-disable=on" ]]
	# not of a card below another root port
	attribute 0000:45:00.0 class 0x120000
	attribute 0000:45:00.0 vendor 0x10ee
	attribute 0000:45:00.0 device 0x9038
	finds firmware-first host "below root port 0000:40:01.1: "
	lacks 'policy 0000:45' "$work/out"
	rm -r "$tree/sys/bus/pci/devices/0000:45:00.0"
	mkdir "$tree/sys/bus/pci_express/devices/0000:40:01.1:pcie001"
	ln -s ../../drivers/pcie_pme "$tree/sys/bus/pci_express/devices/0000:40:01.1:pcie001/driver"
	finds firmware-first host "below root port 0000:40:01.1: "
}

hold firmware_first_table_ok \
	"without the kernel's port driver, the table HEST decides, and only if it can be parsed"
firmware_first_table_ok()
{
	local hest=sys/firmware/acpi/tables/HEST

	report d60-firmware-first-server
	rm -r "$tree/sys/bus/pci_express"
	finds firmware-first host "HEST: firmware first"
	# no flag; a root port's source beyond the table's length; an unknown source before it
	printf '\x02' | dd of="$tree/$hest" bs=1 seek=218 conv=notrunc status=none
	finds_no firmware-first
	cp "$work/d60-firmware-first-server/$hest" "$work/changed"
	printf '\x03' | dd of="$tree/$hest" bs=1 seek=218 conv=notrunc status=none
	finds firmware-first host "HEST: firmware first"
	printf '\xd0\0\0\0' | dd of="$tree/$hest" bs=1 seek=4 conv=notrunc status=none
	finds_no firmware-first
	printf '\x44\x01\0\0' | dd of="$tree/$hest" bs=1 seek=4 conv=notrunc status=none
	printf '\x05' | dd of="$tree/$hest" bs=1 seek=40 conv=notrunc status=none
	finds_no firmware-first
}

hold hostile_table_ok "doctor survives any table HEST"
hostile_table_ok()
{
	local hest=sys/firmware/acpi/tables/HEST i

	report d60-firmware-first-server
	cp "$tree/$hest" "$work/table"
	for i in 0 3 4 36 39 40 41 42 47 72 73 135 136 180 211 212 217 218 219 259 260 323; do
		head -c "$i" "$work/table" >"$tree/$hest"
		fv doctor --json
		succeeds
	done
	for i in 4 36 40 72 136 180 212; do
		cp "$work/table" "$tree/$hest"
		printf '\xff\xff\xff\xff' | dd of="$tree/$hest" bs=1 seek="$i" conv=notrunc status=none
		fv doctor --json
		succeeds
	done
	head -c 200000 /dev/zero | tr '\0' '\377' >"$tree/$hest"
	fv doctor --json
	succeeds
	{
		printf 'HEST\xff\xff\xff\xff'
		head -c 28 /dev/zero
		printf '\xff\xff\xff\xff'
		head -c 200000 /dev/zero
	} >"$tree/$hest"
	fv doctor --json
	succeeds
}

hold hest_needs_root_ok "without root, doctor names the table that it could not read"
hest_needs_root_ok()
{
	report d60-firmware-first-server
	chmod 0 "$tree/sys/firmware/acpi/tables/HEST"
	run_as_nobody doctor --json
	value '.needs_root | index("/sys/firmware/acpi/tables/HEST") != null' true
}

hold command_line_ok \
	"words of the command line that take PCIe errors from the kernel, or from firmware"
command_line_ok()
{
	report d61-healthy-xeon
	echo "quiet pci=nommconf,noaer ro" >"$tree/proc/cmdline"
	finds aer-off host "pci=noaer: the kernel leaves PCIe errors to firmware"
	level_is warning
	fix_is "Remove pci=noaer from the kernel command line."
	echo "pcie_ports=compat" >"$tree/proc/cmdline"
	finds aer-off host "pcie_ports=compat: "
	echo "pcie_ports=native" >"$tree/proc/cmdline"
	finds ports-native host "without asking firmware"
	level_is note
	finds_no aer-off
	# by a device tree, there is no firmware to leave them to
	mv "$tree/sys/firmware/acpi" "$work/acpi"
	finds_no ports-native
	mv "$work/acpi" "$tree/sys/firmware/acpi"
	echo "pci=noaers pci=nomsi -- pci=noaer pcie_ports=compat" >"$tree/proc/cmdline"
	finds_no aer-off
	finds_no ports-native
}

hold no_card_ok "without a card, nothing is said about firmware and server"
no_card_ok()
{
	report d60-firmware-first-server
	rm -r "$tree/sys/bus/pci/devices/0000:3b:00.0"
	only_these ""
}

hold servers_ok "a server of a public report is a warning, with the report; others are not"
servers_ok()
{
	local vendor product what source

	report d61-healthy-xeon
	while IFS='|' read -r vendor product what source; do
		echo "$vendor" >"$tree/sys/class/dmi/id/sys_vendor"
		echo "$product" >"$tree/sys/class/dmi/id/product_name"
		finds server-resets host "$product: $what"
		level_is warning
		fix_is "${silence/3b:00.0/01:00.0}"
		source_is "$source"
	done <<-'END'
		Dell Inc.|PowerEdge R540|iDRAC resets the host|https://alexforencich.com/wiki/en/pcie/disable-fatal
		Dell Inc.|PowerEdge R740|a report says that the host freezes|https://github.com/fpganinja/taxi/issues/18
		Dell Inc.|PowerEdge R750|a card that reloads|https://github.com/OFS/opae-sdk/pull/2862
		Dell Inc.|PowerEdge XR12|a card that reloads|https://github.com/OFS/opae-sdk/pull/2862
	END
	echo "PowerEdge R7" >"$tree/sys/class/dmi/id/product_name"
	finds_no server-resets
	# each card has its link
	report d62-healthy-switch
	echo "Dell Inc." >"$tree/sys/class/dmi/id/sys_vendor"
	echo "PowerEdge R540" >"$tree/sys/class/dmi/id/product_name"
	finds server-resets host "PowerEdge R540"
	fix_is "${silence/3b:00.0/43:00.0} && fpgactl policy 0000:44:00.0 link-disable=on"
	report d61-healthy-xeon
	echo "Penguin Computing" >"$tree/sys/class/dmi/id/sys_vendor"
	echo "Intel Corporation" >"$tree/sys/class/dmi/id/board_vendor"
	echo M50CYP2SBSTD >"$tree/sys/class/dmi/id/board_name"
	finds server-resets host "M50CYP2SBSTD: a report says that the host crashes"
	source_is https://github.com/tenstorrent/tt-smi/issues/118
}

hold above_4g_ok "a large BAR that has no address as firmware gives none above 4 GiB"
above_4g_ok()
{
	report d63-no-above-4g
	only_these "error bar-unassigned 0000:01:00.0"
	finds bar-unassigned 0000:01:00.0 \
		"BAR4 (8 GiB) has no address; firmware gives PCI no addresses above 4 GiB"
	fix_is "Enable Above 4G Decoding (also: 64-bit MMIO) in firmware."
	# there are some: the window is too small
	echo "38000000000-38bffffffff : PCI Bus 0000:00" >>"$tree/proc/iomem"
	finds bar-unassigned 0000:01:00.0 "the window of port 0000:00:01.0 has only 32 MiB"
	# not known without root
	printf '00000000-00000000 : PCI Bus 0000:00\n  00000000-00000000 : PCI Bus 0000:01\n' >"$tree/proc/iomem"
	finds bar-unassigned 0000:01:00.0 "the window of port 0000:00:01.0 has only 32 MiB"
	value '.needs_root | index("/proc/iomem") != null' true
	# host bridges of another kind
	printf 'c0000000-feafffff : pcie@c0000000\n  c0000000-c1ffffff : PCI Bus 0000:01\n' \
		>"$tree/proc/iomem"
	finds bar-unassigned 0000:01:00.0 "the window of port 0000:00:01.0 has only 32 MiB"
	rm "$tree/proc/iomem"
	finds bar-unassigned 0000:01:00.0 "the window of port 0000:00:01.0 has only 32 MiB"
}

hold small_window_ok \
	"BARs without an address: too small a window, not prefetchable, an address that is taken"
small_window_ok()
{
	report d64-small-window
	only_these "error bar-unassigned 0000:04:00.0" "error bar-unassigned 0000:05:00.0" \
		"error bar-unassigned 0000:06:00.0"
	finds bar-unassigned 0000:04:00.0 \
		"BAR0 (256 MiB) has no address; the window of port 0000:00:03.0 has only 16 MiB"
	fix_is "fpgactl rescan 0000:04:00.0 lets the kernel size the windows again. If that does not \
help, reboot with this image in the card, or add pci=realloc to the kernel command line."
	finds bar-unassigned 0000:05:00.0 \
		"BAR2 (1 GiB) has no address; as it is not prefetchable, it needs the window \
of port 0000:00:03.1 below 4 GiB, which has 1 MiB"
	fix_is "Make the BAR 64-bit and prefetchable in the design, if reads have no side effects there, \
or make it smaller."
	finds bar-unassigned 0000:06:00.0 \
		"BAR0 (4 KiB) has no address; the address from firmware, 0xf3000000, is that \
of 0000:07:00.0"
	# no window at all; a window that is full; the ROM and I/O are not needed
	{
		printf '0x0 0xfff 0x20040200\n0x0 0xff 0x20040101\n'
		printf '0x0 0x0 0x0\n%.0s' 1 2 3 4
		printf '0x0 0xffff 0x20046200\n'
	} >"$tree/sys/bus/pci/devices/0000:06:00.0/resource"
	finds bar-unassigned 0000:06:00.0 "the window of port 0000:00:03.2 is full"
	sed -i '15s/.*/0x0 0x0 0x0/' "$tree/sys/bus/pci/devices/0000:00:03.2/resource"
	# a BAR of the port is no window
	sed -i '1s/.*/0xf4000000 0xf4ffffff 0x40200/' \
		"$tree/sys/bus/pci/devices/0000:00:03.2/resource"
	finds bar-unassigned 0000:06:00.0 "port 0000:00:03.2 has no memory windows"
	sed -i '16s/.*/0x0 0x0 0x0/' "$tree/sys/bus/pci/devices/0000:00:03.0/resource"
	finds bar-unassigned 0000:04:00.0 \
		"port 0000:00:03.0 has no prefetchable window, and 1 MiB below 4 GiB"
	# a recording without windows
	sed -i '8,$d' "$tree/sys/bus/pci/devices/0000:00:03.0/resource"
	fv doctor --json
	value '.findings[] | select(.object == "0000:04:00.0").text' "BAR0 (256 MiB) has no address"
}

hold bars_lost_ok \
	"a card that was reset or programmed behind the kernel has BARs of 0, or no memory decoding"
bars_lost_ok()
{
	report f06-v80-two-functions
	finds_no bars-lost
	finds_no memory-off
	attribute 0000:86:00.0 enable 1
	poke 0000:86:00.0 4 00 04
	finds memory-off 0000:86:00.0 "memory decoding is off, although driver ami has enabled it"
	level_is error
	fix_is "fpgactl rescan 0000:86:00.0"
	poke 0000:86:00.0 0x10 0c 00 00 00 00 00 00 00
	finds bars-lost 0000:86:00.0 \
		"BAR0 reads 0, the kernel has 0x3a0000000000: the card was reset or programmed"
	level_is error
	fix_is "fpgactl rescan 0000:86:00.0"
	finds_no memory-off
	# it sleeps; a fenced card is not read
	attribute 0000:86:00.0 power/runtime_status suspended
	finds_no bars-lost
	report d61-healthy-xeon
	poke 0000:01:00.0 0x10 0c 00 00 00 00 00 00 00
	finds_no bars-lost
	rm "$tree/sys/bus/pci/devices/0000:01:00.0/driver"
	finds_no bars-lost
	rm "$tree/sys/bus/pci/devices/0000:01:00.1/driver"
	finds bars-lost 0000:01:00.0 "BAR0 reads 0"
	# the user of a VFIO device may switch its memory off
	report f18-nvme-hotplug-slot
	attribute 0000:2b:00.0 enable 1
	poke 0000:2b:00.0 4 00 04
	finds_no memory-off 2b:00.0
}

hold bars_lost_card_ok "BARs that a card lost are one finding, and none of its functions is ready"
bars_lost_card_ok()
{
	report f06-v80-two-functions
	poke 0000:86:00.0 0x10 0c 00 00 00 00 00 00 00
	poke 0000:86:00.1 0x10 0c 00 00 00 00 00 00 00
	finds bars-lost 0000:86:00.0 "and not configured again; also 0000:86:00.1"
	value '[.findings[] | select(.code == "bars-lost")] | length' 1
	value '[.devices[] | .ready] | join(" ")' "false false"
	# of the second one alone
	poke 0000:86:00.0 0x10 0c 00 00 00 00 3a 00 00
	finds bars-lost 0000:86:00.1 "BAR0 reads 0"
	value '[.devices[] | .ready] | join(" ")' "true false"
}

hold links_ok "slow and narrow links, and slots that can do less than the card"
links_ok()
{
	report d65-two-cards-one-bad-slot
	only_these "warning link-degraded 0000:01:00.0" "note link-limited 0000:02:00.0" \
		"warning powered-off 0000:02:00.0"
	finds link-degraded 0000:01:00.0 \
		"runs at 2.5 GT/s x8, card and port can do 8 GT/s x8; the port's Target Link \
Speed is 2.5 GT/s"
	fix_is "fpgactl retrain --speed 8GT/s 0000:01:00.0"
	poke 0000:00:01.0 0x70 03
	finds link-degraded 0000:01:00.0 "runs at 2.5 GT/s x8, card and port can do 8 GT/s x8"
	fix_is "fpgactl retrain 0000:01:00.0"
	finds link-limited 0000:02:00.0 \
		"the card can do 8 GT/s x8, its port 0000:00:1c.0 only 8 GT/s x4"
	fix_is "Move the card to a slot that can do more, if it needs that."
	attribute 0000:01:00.0 current_link_speed "8.0 GT/s PCIe"
	finds_no link-degraded
	# bind refuses what the host needs
	report f01-alveo-shares-group-with-host-gpu
	finds link-degraded 0000:02:00.0 "runs at 2.5 GT/s x8" 02:00.0
	fix_is "Reseat the card, or use another slot: fpgactl does not retrain a link that the host needs."
	attribute 0000:02:00.0 current_link_speed "8.0 GT/s PCIe"
	attribute 0000:02:00.0 current_link_width 4
	finds link-degraded 0000:02:00.0 "runs at 8 GT/s x4" 02:00.0
	fix_is "Lanes are missing: reseat the card, check riser, wiring and bifurcation of the slot, \
or use another one."
	# without root, the register cannot be read
	report d65-two-cards-one-bad-slot
	attribute 0000:01:00.0 current_link_speed "5.0 GT/s PCIe"
	truncate -s 64 "$tree/sys/bus/pci/devices/0000:00:01.0/config"
	finds link-degraded 0000:01:00.0 "runs at 5 GT/s x8"
	value '.needs_root | index("/sys/bus/pci/devices/0000:00:01.0/config") != null' true
}

hold states_ok "cards that fpga_vfio_pci has, and that are not ready"
states_ok()
{
	report d22-amd-epyc
	mkdir "$tree/sys/bus/pci/devices/0000:41:00.0/fpga_vfio"
	attribute 0000:41:00.0 fpga_vfio/state ready
	attribute 0000:41:00.0 fpga_vfio/reason ""
	healthy 41:00.0
	attribute 0000:41:00.0 fpga_vfio/state lost
	attribute 0000:41:00.0 fpga_vfio/reason "link is down"
	finds card-state 0000:41:00.0 "is lost, and reads as all-ones: link is down"
	level_is error
	fix_is "If the card has lost its image, load it; then: fpgactl recover 0000:41:00.0"
	[ "$rc" = 13 ]
	attribute 0000:41:00.0 fpga_vfio/state changed
	finds card-state 0000:41:00.0 "is changed"
	fix_is "fpgactl rescan 0000:41:00.0"
	attribute 0000:41:00.0 fpga_vfio/state fenced
	finds card-state 0000:41:00.0 "is fenced, and reads as all-ones until that ends"
	level_is note
	[ "$rc" = 0 ]
	# of another driver, whatever is there
	rm "$tree/sys/bus/pci/devices/0000:41:00.0/driver"
	finds_no card-state
}

hold power_ok "cards without power, and cards that cannot wake up"
power_ok()
{
	report d65-two-cards-one-bad-slot
	finds powered-off 0000:02:00.0 "(D3cold): an image that was loaded by JTAG is lost"
	fix_is "Load the image again, and keep the card from losing it: echo 0 > \
/sys/bus/pci/devices/0000:02:00.0/d3cold_allowed"
	# a card that does not respond is no matter of power, whatever the kernel says
	report f07b-fallen-card-rev-ff
	attribute 0000:03:00.0 power_state D3cold
	finds no-response 0000:03:00.0 "no response"
	finds_no powered-off
	report d65-two-cards-one-bad-slot
	attribute 0000:02:00.0 power_state D3hot
	finds_no powered-off
	finds_no power-error
	attribute 0000:02:00.0 power/runtime_status error
	finds power-error 0000:02:00.0 "(runtime_status: error), so it cannot be opened"
	level_is error
	fix_is "fpgactl rescan 0000:02:00.0"
}

hold slots_ok "hotplug slots take cards away, except from the driver; a slot that is switched off"
slots_ok()
{
	report d62-healthy-switch
	finds_no hotplug-slot
	ln -sfn ../../../bus/pci/drivers/vfio-pci "$tree/sys/bus/pci/devices/0000:43:00.0/driver"
	finds hotplug-slot 0000:42:00.0 "is a hotplug slot: when the link drops, the kernel removes \
the card from its VM, which driver vfio-pci does not prevent"
	level_is warning
	fix_is "fpgactl bind 0000:43:00.0"
	poke 0000:42:00.0 0x54 60
	finds hotplug-slot 0000:42:00.0 "hotplug slot (surprise-capable)"
	rm "$tree/sys/bus/pci/devices/0000:43:00.0/driver"
	finds hotplug-slot 0000:42:00.0 "unless it is bound to fpga_vfio_pci"
	level_is note
	rm "$tree/sys/bus/pci_express/devices/0000:42:00.0:pcie204/driver"
	finds_no hotplug-slot
	# a slot without a hotplug driver has its address only
	mkdir "$tree/sys/bus/pci/slots/12"
	echo 0000:43:00 >"$tree/sys/bus/pci/slots/12/address"
	finds_no hotplug-slot
	echo 0000:43:00 >"$tree/sys/bus/pci/slots/10/address"
	finds hotplug-slot 0000:42:00.0 "is a hotplug slot of firmware (ACPI)"
	level_is note
	fix_is "fpgactl bind 0000:43:00.0"
	finds_no slot-off
	echo 0 >"$tree/sys/bus/pci/slots/11/power"
	finds slot-off host "there is a card in slot 11, and the slot is switched off"
	level_is note
	fix_is "echo 1 > /sys/bus/pci/slots/11/power"
	echo 0 >"$tree/sys/bus/pci/slots/11/adapter"
	finds_no slot-off
}

hold resets_ok "cards that cannot be reset, or only with functions of the host"
resets_ok()
{
	report d66-desktop-with-old-board
	only_these "warning intx-shared 0000:05:00.0" "warning no-reset 0000:00:0b.0" \
		"warning conventional-pci 0000:03:00.0" "note slot-off host"
	finds no-reset 0000:00:0b.0 \
		"no PCIe port can reset it: the state that a VM leaves cannot be cleared"
	fix_is "Add a function-level reset (FLR) to the design."
	finds conventional-pci 0000:03:00.0 \
		"below bridge 0000:00:1e.0: the driver cannot isolate it from the host, and a \
bus reset hits 1 other function"
	fix_is "Use a slot without a bridge to conventional PCI, if the card is PCIe."
	attribute 0000:00:0b.0 reset_method flr
	finds_no no-reset
	# root wrote an empty list; there is a port
	attribute 0000:05:00.0 reset_method ""
	finds no-reset 0000:05:00.0 \
		"fpga_vfio_pci resets the card by its port, all functions at once"
	level_is note
	report f22-multifunction-one-function-taken
	only_these -d 2d:00.0 "warning reset-shared 0000:2d:00.0"
	finds reset-shared 0000:2d:00.0 \
		"also hits 0000:2d:00.1 (driver snd_hda_intel), so the card cannot be reset by \
its port, nor fenced" 2d:00.0
	fix_is "fpgactl bind 0000:2d:00.0 0000:2d:00.1"
	ln -sfn ../../../bus/pci/drivers/vfio-pci "$tree/sys/bus/pci/devices/0000:2d:00.1/driver"
	finds_no reset-shared 2d:00.0
	# bind refuses what the host needs
	report f17-rmrr
	finds reset-shared 0000:04:00.1 "also hits 0000:04:00.0 (driver tg3)" 04:00.1
	fix_is "Use a slot below another port: the host needs 0000:04:00.0 (network device eno1 is up)."
}

hold intx_ok "INTx that cannot be masked, and is shared"
intx_ok()
{
	report d66-desktop-with-old-board
	finds intx-shared 0000:05:00.0 \
		"shares interrupt 17 with 0000:00:1f.3 (driver snd_hda_intel): with nointxmask=1"
	fix_is "Move the card to a slot that shares no interrupt, or let the VM's driver use MSI."
	echo N >"$tree/sys/module/vfio_pci/parameters/nointxmask"
	finds_no intx-shared
	echo Y >"$tree/sys/module/vfio_pci/parameters/nointxmask"
	attribute 0000:05:00.0 irq 18
	finds_no intx-shared
	finds_no intx-masking
	report f05-rme-nointxmask
	only_these "warning intx-masking 0000:07:00.0" "warning intx-masking 0000:09:00.0"
	finds intx-masking 0000:07:00.0 "accepts that INTx is masked, and does not mask it"
	fix_is "Let the VM's driver use MSI. If it cannot: vfio-pci with nointxmask=1; \
fpga_vfio_pci has no such option."
	# that is done
	mkdir -p "$tree/sys/module/vfio_pci/parameters" "$tree/sys/bus/pci/drivers/vfio-pci"
	echo Y >"$tree/sys/module/vfio_pci/parameters/nointxmask"
	ln -sfn ../../../bus/pci/drivers/vfio-pci "$tree/sys/bus/pci/devices/0000:07:00.0/driver"
	ln -sfn ../../../bus/pci/drivers/fpga_vfio_pci "$tree/sys/bus/pci/devices/0000:09:00.0/driver"
	only_these "warning intx-masking 0000:09:00.0"
}

hold images_ok "factory images are a warning, ids that a tool sets by default a note"
images_ok()
{
	report f02-two-identical-alveo-epyc
	only_these "warning factory-image 0000:61:00.0" "warning factory-image 0000:c1:00.0" \
		"warning link-degraded 0000:c1:00.0"
	finds factory-image 0000:61:00.0 "runs the factory (golden) image of an Alveo U280"
	fix_is "Load your design or shell: fpgactl bind 0000:61:00.0 && fpgactl reprogram \
0000:61:00.0 -- PROGRAMMER"
	source_is "Xilinx/XRT, src/runtime_src/core/pcie/driver/linux/xocl/devices.h"
	finds link-degraded 0000:c1:00.0 \
		"its link runs at 8 GT/s x8, card and port can do 8 GT/s x16"
	fix_is "Lanes are missing: reseat the card, check riser, wiring and bifurcation of the \
slot, or use another \
one; then: fpgactl bind 0000:c1:00.0 && fpgactl retrain 0000:c1:00.0"
	attribute 0000:61:00.0 device 0x500c
	attribute 0000:c1:00.0 device 0x500c
	finds_no factory-image
	report f14-u200-golden
	only_these "note default-ids 0000:b1:00.0"
	finds default-ids 0000:b1:00.0 \
		"has the class (serial port) and subsystem that the PCIe IP sets by default"
	fix_is "If a shell was expected, its image was not loaded. Give your own designs ids \
and a class of their own."
	[[ $(jq -r .text <<<"$finding") = *"look the same" ]]
	# the serial driver wants an I/O region
	attribute 0000:b1:00.0 resource "0x3000 0x301f 0x40101"
	finds default-ids 0000:b1:00.0 "look the same, and the serial driver may take it"
	attribute 0000:b1:00.0 class 0x120000
	finds_no default-ids
}

hold functions_ok "a management function that the host keeps, and VFs of a PF that is to be passed"
functions_ok()
{
	report f23-xclmgmt-split
	only_these "note management-function 0000:3b:00.0"
	finds management-function 0000:3b:00.0 "driver xclmgmt manages the whole card"
	fix_is "fpgactl bind 0000:3b:00.0 0000:3b:00.1"
	ln -sfn ../../../bus/pci/drivers/vfio-pci "$tree/sys/bus/pci/devices/0000:3b:00.1/driver"
	finds management-function 0000:3b:00.0 \
		"can reprogram or reset the card under a VM that has 0000:3b:00.1"
	level_is warning
	# in one group, which no VM gets as long as the host uses a part of it
	finds_no reset-shared
	report f09-pf-and-vfs-in-one-group
	only_these -d 01:00.0 "warning vfs-enabled 0000:01:00.0"
	finds vfs-enabled 0000:01:00.0 \
		"4 virtual functions are enabled: to pass the PF takes them away" 01:00.0
	fix_is "echo 0 > /sys/bus/pci/devices/0000:01:00.0/sriov_numvfs"
	ln -sfn ../../../bus/pci/drivers/vfio-pci "$tree/sys/bus/pci/devices/0000:01:00.0/driver"
	finds_no vfs-enabled 01:00.0
	only_these -d 01:00.1 ""
	only_these -d 01:00.2 ""
}

hold silent_ok "functions that do not respond, with what is known of their link and card"
silent_ok()
{
	report f07b-fallen-card-rev-ff
	only_these "error no-response 0000:03:00.0"
	finds no-response 0000:03:00.0 \
		"no response (config space reads as all-ones); the link is down"
	fix_is "Load an image into the card, or power-cycle the host; then: fpgactl rescan \
0000:03:00.0"
	poke 0000:00:01.0 0x50 10
	finds no-response 0000:03:00.0 "its port has the link disabled"
	fix_is "Enable the link, unless a program is loading an image; fpgactl does that only for a card \
that is bound: setpci -s 0000:00:01.0 CAP_EXP+10.w=0:10 && sleep 1 && fpgactl rescan 0000:03:00.0"
	value '.needs_root | length' 0
	# without root, the register cannot be read
	truncate -s 64 "$tree/sys/bus/pci/devices/0000:00:01.0/config"
	finds no-response 0000:03:00.0 "no response (config space reads as all-ones)"
	value '.needs_root | join(" ")' /sys/bus/pci/devices/0000:00:01.0/config
	head -c 256 /dev/zero | tr '\0' '\377' >"$tree/sys/bus/pci/devices/0000:00:01.0/config"
	finds no-response 0000:03:00.0 "; nor does its port"
	fix_is "Power-cycle the host; the fault is at the port or above it."
	report f06b-v80-after-load
	only_these "error no-response 0000:86:00.1" "warning link-degraded 0000:86:00.0" \
		"note hotplug-slot 0000:85:01.0" \
		"note management-function 0000:86:00.0"
	finds no-response 0000:86:00.1 "0000:86:00.0 of the same card responds; the link is up"
	fix_is "fpgactl rescan 0000:86:00.0"
}

hold reports_ok "doctor says of each report about hardware what its fault is"
reports_ok()
{
	report f03-iommu-off-in-firmware
	only_these "note default-ids 0000:e1:00.0"
	report f06-v80-two-functions
	only_these "warning link-degraded 0000:86:00.0" "note hotplug-slot 0000:85:01.0" \
		"note management-function 0000:86:00.0"
	report f07a-fallen-card-present
	only_these "error bar-unassigned 0000:03:00.0"
	report f15-orin-downgraded
	only_these "error bar-unassigned 0005:01:00.0" "warning link-degraded 0005:01:00.0"
	report f17-rmrr
	only_these -d 04:00.1 "warning reset-shared 0000:04:00.1"
	report f18-nvme-hotplug-slot
	only_these -d 2b:00.0 "warning hotplug-slot 0000:2a:01.0"
	report f20-cmdlines
	only_these "note default-ids 0000:01:00.0"
	report f24-hotplug-slots-switch
	only_these "warning link-degraded 0000:1a:00.0" "note hotplug-slot 0000:17:00.0" \
		"note hotplug-slot 0000:17:01.0" "note hotplug-slot 0000:17:02.0"
	finds link-degraded 0000:1a:00.0 "runs at 2.5 GT/s x8, card and port can do 8 GT/s x8"
	fix_is "fpgactl bind 0000:1a:00.0 && fpgactl retrain 0000:1a:00.0"
}

run_tests
