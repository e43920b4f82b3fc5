#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What fpgactl says of machines that people reported problems with; the facts, and where they are
# from, are in reports/.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

# lists LINE…: check the list of cards, blanks squeezed: DEVICE, DRIVER, LINK, STATE
lists()
{
	fv list -o DEVICE,DRIVER,LINK,STATE
	[ "$rc" = 0 ]
	diff -u <(printf '%s\n' "$@") \
		<(sed '1d; s/  */ /g; s/ $//; s/^├─//; s/^└─//' <<<"$out")
}

# notes LINE…: check what the last run said on stderr
notes()
{
	[ "$err" = "$(printf '%s\n' "$@")" ]
}

# says LABEL VALUE: check a line of show or link
says()
{
	grep -qxE "$1: +$2" <<<"$out" || [ "$(sed -nE "s/^$1: +//p" <<<"$out")" = "$2" ]
}

# silent_about LABEL: check that there is no such line
silent_about()
{
	lacks "^$1:" "$work/out"
}

# plans CODE LINE…: check the plan of a bind and its verdict; without the words all lines have
plans()
{
	[ "$rc" = "$1" ]
	diff -u <(printf '%s\n' "${@:2}") \
		<(sed 's/would be bound to fpga_vfio_pci //; s/previous driver: //' <<<"$out")
}

hold f01_ok "a card in a group with the host's display: not viable, and taken only with the display"
f01_ok()
{
	report f01-alveo-shares-group-with-host-gpu
	lists "group 1 not viable" "0000:01:00.0 vfio-pci 8 GT/s x16" \
		"0000:01:00.1 vfio-pci 8 GT/s x16" "0000:02:00.0 nvidia 2.5x8 of 8x8 ! blocking" \
		"0000:02:00.1 snd_hda_intel 2.5x8 of 8x8 ! blocking" \
		"7 other devices: fpgactl list --all"
	fv show 01:00.0
	says Passthrough "0000:02:00.0 has driver nvidia, 0000:02:00.1 has driver snd_hda_intel"
	fv bind -n --yes 01:00.0
	plans 11 "0000:01:00.0: (group 1, vfio-pci)" "0000:01:00.1: (group 1, vfio-pci)" \
		"0000:02:00.0: (group 1, nvidia)" "0000:02:00.1: (group 1, snd_hda_intel)"
	notes "fpgactl: 0000:02:00.0: bind: in use by the host: boot display (boot_vga)" \
		"Release it first, or use --force if the host does not need it."
	fv bind -n --yes --only 01:00.0 01:00.1
	[ "$rc" = 0 ]
	notes "fpgactl: 0000:02:00.0: blocks passthrough of group 1: bound to driver nvidia" \
		"fpgactl: 0000:02:00.1: blocks passthrough of group 1: bound to driver snd_hda_intel"
}

hold f02_ok "two cards of one kind, one of them with half of its lanes; the root disk is not taken"
f02_ok()
{
	report f02-two-identical-alveo-epyc
	lists "group 11 viable" "0000:61:00.0 8 GT/s x16" "group 98 viable" \
		"0000:c1:00.0 8x8 of 8x16 !" "48 other devices: fpgactl list --all"
	notes ""
	# IOMMUs and host bridges without a group mean no fault
	fv list --all
	notes ""
	fv show c1:00.0
	says Link "8 GT/s x8 / 8 GT/s x16, degraded (port: 16 GT/s x16)"
	says "NUMA node" 1
	fv link c1:00.0
	[ "${out#*$'\n\n'}" = "The link is degraded: width x8 of x16.
Next: fpgactl bind 0000:c1:00.0, then fpgactl retrain 0000:c1:00.0" ]
	fv link 61:00.0
	says Maximum "8 GT/s x16"
	lacks degraded "$work/out"
	fv bind -n 61:00.0 c1:00.0
	plans 0 "0000:61:00.0: (group 11, none)" "0000:c1:00.0: (group 98, none)"
	notes ""
	fv bind -n --yes 21:00.0
	[ "$rc" = 11 ]
	[[ $err = "fpgactl: 0000:21:00.0: bind: in use by the host: nvme0n1 is mounted on /"* ]]
	fv bind -n --yes 22:00.0
	plans 0 "0000:22:00.0: (group 42, nvme)"
}

hold f03_ok "the IOMMU of an AMD machine is off: the hint names the word of its command line"
f03_ok()
{
	report f03-iommu-off-in-firmware
	lists "0000:e1:00.0 coyote_driver 8 GT/s x16" "48 other devices: fpgactl list --all"
	notes "fpgactl: iommu: no device has an IOMMU group, so none can be assigned to a VM" \
		"fpgactl: iommu: Remove amd_iommu=off from the kernel command line: it switches the IOMMU off."
	fv show e1:00.0
	says "IOMMU group" none
	says Passthrough "no IOMMU group"
	says Driver coyote_driver
	fv bind -n --yes e1:00.0
	refuses 1 "0000:e1:00.0: bind: has no IOMMU group, so it cannot be assigned to a VM"
	hints "Remove amd_iommu=off from the kernel command line: it switches the IOMMU off."
	# as the title says
	echo quiet >"$tree/proc/cmdline"
	fv bind -n --yes e1:00.0
	hints "Enable the IOMMU (AMD-Vi) in firmware."
	fv
	grep -qx 'IOMMU:   off, so no device can be assigned to a VM' <<<"$out"
	lacks ' $' "$work/out"
}

hold f05_ok "sound cards from an FPGA: MSI, no FLR, a slow link as it should be"
f05_ok()
{
	report f05-rme-nointxmask
	lists "group 22 viable" "0000:07:00.0 vfio-pci 2.5 GT/s x1" "group 24 viable" \
		"0000:09:00.0 vfio-pci 2.5 GT/s x1"
	fv show 07:00.0
	says ID 10ee:3fc6
	says Revision d2
	says Link "2.5 GT/s x1 / 2.5 GT/s x1 (port: 8 GT/s x1)"
	says Regions "BAR0: 64 KiB, 32-bit memory at 0x81a00000"
	says "Reset methods" "pm bus"
	says Capabilities "FLR no, AER no, MSI yes, MSI-X no, SR-IOV no"
	says "Held by" none
	fv link
	lacks ! "$work/out"
	notes ""
	fv bind -n 07:00.0
	plans 11 "0000:07:00.0: (group 22, vfio-pci)"
}

hold f06_ok "a card of two functions is taken with both; a card at half of its speed"
f06_ok()
{
	report f06-v80-two-functions
	lists "group 62 not viable" "0000:86:00.0 ami 16x16 of 32x16 ! blocking" \
		"0000:86:00.1 qdma-pf 16x16 of 32x16 ! blocking"
	fv bind -n 86:00.0
	plans 11 "0000:86:00.0: (group 62, ami)" "0000:86:00.1: (group 62, qdma-pf)"
	[[ $err = "fpgactl: 0000:86:00.0: bind: would unbind 0000:86:00.0 from ami, 0000:86:00.1 from qdma-pf"* ]]
	fv show 86:00.1
	says "NUMA node" 1
	says Regions "BAR0: 256 KiB, 64-bit memory, prefetchable at 0x3a0010000000"
	fv link 86:00.1
	grep -qx 'The link is degraded: speed 16 of 32 GT/s.' <<<"$out"
}

hold f06b_ok "its second function does not respond, while the link of both is up"
f06b_ok()
{
	local silence="no response (config space reads as all-ones); 0000:86:00.0 of the same card responds"

	report f06b-v80-after-load
	lists "group 62 not viable" "0000:86:00.0 ami 16x16 of 32x16 ! blocking" \
		"0000:86:00.1 qdma-pf 16x16 of 32x16 ! no response"
	notes "fpgactl: 0000:86:00.1: $silence; next: fpgactl rescan 0000:86:00.0"
	fv show 86:00.1
	says ID 10ee:50b5
	grep -qxF "Response:           $silence" <<<"$out"
	says Link "16 GT/s x16, degraded (port: 32 GT/s x16)"
	says Capabilities "unknown: no response"
	fv show 86:00.0
	silent_about Response
	for function in 0 1; do
		fv link "86:00.$function"
		says Link "16 GT/s x16"
		[ "${out##*$'\n'}" = "Next: fpgactl rescan 0000:86:00.0" ]
	done
	grep -qxF "Response:      $silence" <<<"$out"
	fv link 86:00.0
	says Response "0000:86:00.1 of the same card: no response"
	fv link
	grep -qE '^0000:86:00.0 .* 0000:86:00.1: no response$' <<<"$out"
	fv bind -n --yes 86:00.0
	refuses 1 "0000:86:00.1: bind: $silence"
}

hold f07a_ok "a card that has answered, and has got no address"
f07a_ok()
{
	report f07a-fallen-card-present
	lists "group 2 viable" "0000:03:00.0 2.5 GT/s x1"
	fv show 03:00.0
	says Regions "BAR0: 1 MiB, 32-bit memory, not assigned"
	silent_about Response
	fv link 03:00.0
	says Status active
	fv bind -n 03:00.0
	plans 0 "0000:03:00.0: (group 2, none)"
	notes "fpgactl: 0000:03:00.0: BAR0: 1 MiB, 32-bit memory, not assigned; next: fpgactl doctor 0000:03:00.0"
}

hold f07b_ok "the same card does not respond, and its link is down"
f07b_ok()
{
	report f07b-fallen-card-rev-ff
	lists "group 2 no response" "0000:03:00.0 down ! no response"
	notes "fpgactl: 0000:03:00.0: no response (config space reads as all-ones)"
	fv show 03:00.0
	says Revision ff
	says Link "down (port: 8 GT/s x8)"
	says Passthrough "0000:03:00.0 does not respond"
	fv list --json
	value '.groups[] | select(.group == 2) | [.viable, .passthrough, .blockers]' \
		'[false,"0000:03:00.0 does not respond",[{"code":"no-response","object":"0000:03:00.0","driver":null,"user":null}]]'
	fv list -o DEVICE,PASSTHROUGH
	grep -qE '^group 2 +no response$' <<<"$out"
	fv link 03:00.0
	says Status "not active"
	[ "${out#*$'\n\n'}" = "The link is down.
Next: fpgactl rescan 0000:03:00.0" ]
	fv link
	grep -qE '^0000:03:00.0 0000:00:01.0 down ! .* no response$' <<<"$out"
	fv bind -n 03:00.0
	refuses 1 "0000:03:00.0: bind: no response (config space reads as all-ones)"
	# a port with nothing to answer below is no fault
	fv list 00:01.0 -o DEVICE,LINK,STATE
	grep -qx '└─0000:00:01.0 down' <<<"$out"
}

hold f09_ok "PFs and VFs in one group: no VF can be had alone, and a PF not while it has VFs"
f09_ok()
{
	report f09-pf-and-vfs-in-one-group
	lists "group 1 not viable" "0000:01:00.0 mlx5_core 8 GT/s x8 blocking" \
		"0000:01:00.1 mlx5_core 8 GT/s x8 blocking" "0000:01:00.2 vfio-pci 8 GT/s x8" \
		"0000:01:00.3 8 GT/s x8" "0000:01:00.4 8 GT/s x8" \
		"0000:01:00.5 mlx5_core 8 GT/s x8 blocking"
	# the ids of a VF read as all-ones, all else does not
	notes ""
	fv show 01:00.3
	says "VF of" 0000:01:00.0
	says Capabilities "FLR no, AER no, MSI no, MSI-X no, SR-IOV no"
	fv show 01:00.0
	says "VFs enabled" 4
	says "In use by host" "network device eth1 is up"
	fv link 01:00.3
	says Link "8 GT/s x8"
	fv bind -n --yes 01:00.3
	[ "$rc" = 11 ]
	[[ $err = "fpgactl: 0000:01:00.0: bind: in use by the host: network device eth1 is up"* ]]
	echo 0x1002 >"$tree/sys/class/net/eth1/flags"
	fv bind -n --yes 01:00.3
	[ "$rc" = 11 ]
	[[ $err = "fpgactl: 0000:01:00.0: bind: in use by the host: 4 virtual functions enabled"* ]]
	fv bind -n --only 01:00.3
	plans 0 "0000:01:00.3: (group 1, none)"
	notes "fpgactl: 0000:01:00.0: blocks passthrough of group 1: bound to driver mlx5_core" \
		"fpgactl: 0000:01:00.1: blocks passthrough of group 1: bound to driver mlx5_core" \
		"fpgactl: 0000:01:00.5: blocks passthrough of group 1: bound to driver mlx5_core"
}

hold f12_ok "the port in a card's group is not in the way, and is not taken"
f12_ok()
{
	report f12-leech-group-15
	lists "group 15 viable" "0000:05:00.0 vfio-pci 5 GT/s x1"
	fv show 05:00.0
	says Port 0000:04:00.0
	says "Other members" "0000:04:00.0 (driver: pcieport)"
	says Passthrough viable
	fv link 05:00.0
	says Status "unknown (its port has no PCI Express capability)"
	fv bind -n --yes 05:00.0
	plans 0 "0000:05:00.0: (group 15, vfio-pci)"
	notes ""
}

hold f14_ok "a card with its golden image: one small function, no driver, nothing in the way"
f14_ok()
{
	report f14-u200-golden
	lists "group 92 viable" "0000:b1:00.0 8 GT/s x16"
	fv show b1:00.0
	says "Class code" 070001
	grep -A 1 '^Regions:' <<<"$out" | xargs | grep -qx \
		"Regions: BAR0: 4 KiB, 32-bit memory at 0xdbc10000 BAR2: 64 KiB, 64-bit memory at 0xdbc00000"
	fv bind -n b1:00.0
	plans 0 "0000:b1:00.0: (group 92, none)"
}

hold f15_ok "a card in PCI domain 5, at one of four lanes, on a machine without IOMMU groups"
f15_ok()
{
	report f15-orin-downgraded
	lists "0005:01:00.0 5x1 of 5x4 !"
	notes "fpgactl: iommu: no device has an IOMMU group, so none can be assigned to a VM" \
		"fpgactl: iommu: Enable the IOMMU in firmware."
	fv link 5:1:0.0
	grep -qx 'The link is degraded: width x1 of x4.' <<<"$out"
	fv show 0005:01:00.0
	says Regions "BAR0: 1 MiB, 32-bit memory, not assigned"
	fv bind -n 0005:01:00.0
	refuses 1 "0005:01:00.0: bind: has no IOMMU group, so it cannot be assigned to a VM"
	fv show 01:00.0
	refuses 3 "0000:01:00.0: show: no such PCI device"
}

hold f17_ok "a reserved region of firmware keeps a group from a VM, whatever its driver"
f17_ok()
{
	local region="firmware uses the memory 0xe8000000-0xe80fffff (reserved region, type direct)"

	report f17-rmrr
	lists "group 35 not viable" "0000:04:00.0 tg3 5 GT/s x4 blocking" "group 36 not viable" \
		"0000:04:00.1 vfio-pci 5 GT/s x4"
	notes "fpgactl: group 36: not viable: $region"
	fv show 04:00.1
	grep -qxF "Passthrough:        $region" <<<"$out"
	grep -qxF "In other groups:    0000:04:00.0 (group 35, driver: tg3)" <<<"$out"
	fv bind -n --yes 04:00.1
	plans 0 "0000:04:00.1: (group 36, vfio-pci)"
	notes "fpgactl: 0000:04:00.1: group 36 stays not viable: $region" \
		"fpgactl: 0000:04:00.0: not bound: a function of the same card, in group 35 (driver: tg3)"
	fv bind -n --yes 04:00.0
	[ "$rc" = 11 ]
	grep -qF "0000:04:00.0: bind: in use by the host: network device eno1 is up" <<<"$err"
}

hold f18_ok "an NVMe drive in a slot, asleep, with FLR; no FPGA card"
f18_ok()
{
	report f18-nvme-hotplug-slot
	lists "group 37 viable" "0000:2b:00.0 vfio-pci 16 GT/s x4"
	fv show 2b:00.0
	says "Power state" D3hot
	says "Reset methods" "flr bus"
	says Capabilities "FLR yes, AER no, MSI no, MSI-X no, SR-IOV no"
	says "NUMA node" 0
	fv
	grep -qx 'Cards:   no FPGA card' <<<"$out"
	fv link
	notes "fpgactl: link: no FPGA card, and no device bound to fpga_vfio_pci"
	fv bind -n 2b:00.0
	plans 11 "0000:2b:00.0: (group 37, vfio-pci)"
}

hold f20_ok "amd_iommu=off counts behind amd_iommu=on, and vfio-pci-ids= is no parameter"
f20_ok()
{
	local hint="Remove amd_iommu=off from the kernel command line: it switches the IOMMU off. vfio-pci-ids=10ee:9038 has no effect: the parameter is vfio-pci.ids=."

	report f20-cmdlines
	lists "0000:01:00.0 8 GT/s x16"
	notes "fpgactl: iommu: no device has an IOMMU group, so none can be assigned to a VM" \
		"fpgactl: iommu: $hint"
	fv bind -n 01:00.0
	refuses 1 "0000:01:00.0: bind: has no IOMMU group, so it cannot be assigned to a VM"
	hints "$hint"
	fv
	[ "$(sed -n '/^Next:/,/^$/p' <<<"$out" | xargs)" = "Next: $hint" ]
	# an Intel word means nothing to it
	echo "intel_iommu=on amd_iommu=on iommu=pt" >"$tree/proc/cmdline"
	fv bind -n 01:00.0
	hints "Enable the IOMMU (AMD-Vi) in firmware."
}

hold f21_ok "two functions in one group go together"
f21_ok()
{
	report f21-libvirt-hostdev
	lists "group 2 viable" "0000:01:00.0 vfio-pci 8 GT/s x16" "0000:01:00.1 vfio-pci 8 GT/s x16"
	fv show 01:00.1
	says "Other members" "0000:01:00.0 (driver: vfio-pci)"
	silent_about "In other groups"
	fv bind -n --yes 01:00.1
	plans 0 "0000:01:00.0: (group 2, vfio-pci)" "0000:01:00.1: (group 2, vfio-pci)"
	notes ""
}

hold f22_ok "functions of one card in several groups: the other one is named"
f22_ok()
{
	report f22-multifunction-one-function-taken
	lists "group 23 viable" "0000:2d:00.0 vfio-pci 16 GT/s x16" "group 24 not viable" \
		"0000:2d:00.1 snd_hda_intel 16 GT/s x16 blocking" "group 31 viable" \
		"0000:30:00.4 vfio-pci"
	fv show 2d:00.0
	grep -qxF "In other groups:    0000:2d:00.1 (group 24, driver: snd_hda_intel)" <<<"$out"
	says Port 0000:2c:00.0
	says Passthrough viable
	fv bind -n --yes 2d:00.0
	plans 0 "0000:2d:00.0: (group 23, vfio-pci)"
	notes "fpgactl: 0000:2d:00.1: not bound: a function of the same card, in group 24 (driver: snd_hda_intel)"
	fv bind -n --yes 2d:00.0 2d:00.1
	plans 0 "0000:2d:00.0: (group 23, vfio-pci)" "0000:2d:00.1: (group 24, snd_hda_intel)"
	notes ""
	# of another card
	fv show 30:00.4
	silent_about "In other groups"
}

hold f23_ok "management and user function in one group cannot be split"
f23_ok()
{
	report f23-xclmgmt-split
	lists "group 61 not viable" "0000:3b:00.0 xclmgmt 8 GT/s x16 blocking" \
		"0000:3b:00.1 xocl 8 GT/s x16 blocking"
	fv show 3b:00.1
	says Passthrough "0000:3b:00.0 has driver xclmgmt, 0000:3b:00.1 has driver xocl"
	fv bind -n 3b:00.1
	plans 11 "0000:3b:00.0: (group 61, xclmgmt)" "0000:3b:00.1: (group 61, xocl)"
	fv bind -n --yes --only 3b:00.1
	plans 0 "0000:3b:00.1: (group 61, xocl)"
	notes "fpgactl: 0000:3b:00.0: blocks passthrough of group 61: bound to driver xclmgmt"
}

hold f24_ok "cards below a switch: each against its own port, of which it stands for the link"
f24_ok()
{
	local port

	report f24-hotplug-slots-switch
	lists "group 45 not viable" "0000:18:00.0 datadev 8 GT/s x8 blocking" "group 46 not viable" \
		"0000:19:00.0 datadev 8 GT/s x8 blocking" "group 47 not viable" \
		"0000:1a:00.0 datadev 2.5x8 of 8x8 ! blocking"
	# only the card's link is judged, not again that of the port
	fv list --all -o DEVICE,LINK
	[ "$(grep -c '!$' <<<"$out")" = 1 ]
	fv link
	[ "$(sed '1d; s/  */ /g' <<<"$out")" = \
"0000:18:00.0 0000:17:00.0 8 GT/s x8 32 GT/s active
0000:19:00.0 0000:17:01.0 8 GT/s x8 32 GT/s active
0000:1a:00.0 0000:17:02.0 2.5x8 of 8x8 ! 32 GT/s active" ]
	notes "fpgactl: link: 1 card is below maximum or not ready; next: fpgactl link BDF"
	fv link 1a:00.0
	cp "$work/out" "$work/card"
	grep -qx 'The link is degraded: speed 2.5 of 8 GT/s.' <<<"$out"
	# a downstream port stands for its card, an upstream port has another link
	fv link 17:02.0
	cmp "$work/out" "$work/card"
	fv link 16:00.0
	says Port 0000:15:01.0
	says Link "32 GT/s x16"
	# without root, only the header of configuration space can be read
	for port in 15:01.0 16:00.0 17:0{0,1,2}.0; do
		truncate -s 64 "$tree/sys/bus/pci/devices/0000:$port/config"
	done
	fv link 1a:00.0
	cp "$work/out" "$work/card"
	fv link 17:02.0
	cmp "$work/out" "$work/card"
	for port in 15:01.0 16:00.0; do
		fv link "$port"
		says Device 0000:16:00.0
	done
	rm "$tree/sys/bus/pci/devices/0000:1a:00.0"
	fv link 17:02.0
	refuses 1 "0000:17:02.0: link: is a port without a device below it"
	fv list -o DEVICE,PORT
	grep -q '0000:18:00.0 0000:17:00.0$' <<<"$out"
}

both_locales
run_tests
