# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # tree, work, out, err, rc are set by cli.sh
# Helpers of the tests of what lasts: card files. Sourced.
. "$(dirname "$0")/cli.sh"

# set for a service of systemd
unset INVOCATION_ID

# cards: the directory of card files
cards()
{
	echo "$tree/etc/fpgactl/cards.d"
}

# card_file SLOT: write a card file from stdin; its name is made from the slot
card_file()
{
	mkdir -p "$(cards)"
	cat >"$(cards)/${1//\//-}.conf"
	[ -e "$tree/dev/kmsg" ] || : >"$tree/dev/kmsg"
}

# file_of SLOT: the path on a live system
file_of()
{
	echo "/etc/fpgactl/cards.d/${1//\//-}.conf"
}

# text_of SLOT: the card file without its comments
text_of()
{
	grep -v '^#' "$tree$(file_of "$1")"
}

# lines_1: the card file of 0000:01:00, two functions in a group with their port
lines_1()
{
	cat <<'END'
# a comment
slot 0000:00:01.0/00
group 0000:00:01.0 8086:3420
group 0000:00:01.0/00.0 10ee:9038
group 0000:00:01.0/00.1 10ee:9039
function 0 10ee:9038 10ee:0007 120000
function 1 10ee:9039 10ee:0007 058000
bind 0 fpga_vfio_pci
bind 1 fpga_vfio_pci
END
}

# lines_6: the card file of 0000:06:00.0, one function alone in its group, with a serial number
lines_6()
{
	cat <<'END'
slot 0000:00:06.0/00
group 0000:00:06.0/00.0 10ee:9038
function 0 10ee:9038 10ee:0007 120000 serial 00-0a-35-01-02-03-04-05
bind 0 fpga_vfio_pci
END
}

# serial BDF HEX…: give a device this Device Serial Number, most significant byte first
serial()
{
	local config=$tree/sys/bus/pci/devices/$1/config

	truncate -s 4096 "$config"
	poke "$1" 0x100 03 00 01 00 "$9" "$8" "$7" "$6" "$5" "$4" "$3" "$2"
}

# serial_6: the serial number of lines_6
serial_6()
{
	serial "${1-0000:06:00.0}" 00 0a 35 01 02 03 04 05
}

# add_card PORT BDF GROUP: a copy of 0000:06:00.0 in another slot
add_card()
{
	local devices=$tree/sys/devices/pci0000:00 bus=$tree/sys/bus/pci/devices
	local group=$tree/sys/kernel/iommu_groups/$3

	mkdir -p "$devices/$1/$2" "$group/devices"
	cp -a "$devices/0000:00:06.0/0000:06:00.0/." "$devices/$1/$2"
	ln -sfn "../../../devices/pci0000:00/$1/$2" "$bus/$2"
	ln -sfnr "$group" "$devices/$1/$2/iommu_group"
	ln -sfnr "$devices/$1/$2" "$group/devices/$2"
}

# kmsg: what the kernel log got
kmsg()
{
	cat "$tree/dev/kmsg"
}

# tells TEXT: check that the last run failed with this message, and that the kernel log has it
tells()
{
	[ "$rc" != 0 ] && [ "${err%%$'\n'*}" = "fpgactl: $1" ]
	grep -qxF "<4>fpgactl: $1" "$tree/dev/kmsg"
}

# device: the reply of the driver for 0000:07:00.0
device()
{
	printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" "state 0" "profile xdma" policy \
		"load-limit-ms 60000" "aer 1" end >"$tree/netlink/device-get"
	mkdir -p "$tree/sys/bus/pci/devices/0000:07:00.0/fpga_vfio"
	echo ready >"$tree/sys/bus/pci/devices/0000:07:00.0/fpga_vfio/state"
	: | answer device-set
	mkdir -p "$tree/etc" "$tree/var"
}
