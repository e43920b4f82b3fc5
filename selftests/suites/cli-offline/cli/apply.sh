#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl apply: a card is bound only if it is the one of its card file.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/persistlib.sh"

hold bound_ok "a card that matches its file is bound, also from another driver: the file is the consent"
bound_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	fvk apply 01:00.0
	succeeds
	prints "0000:01:00.0: now bound to fpga_vfio_pci (group 1, previous driver: none)
0000:01:00.1: now bound to fpga_vfio_pci (group 1, previous driver: xdma)"
	[ "$(driver_of 0000:01:00.0) $(driver_of 0000:01:00.1)" = "fpga_vfio_pci fpga_vfio_pci" ]
	[ -z "$(kmsg)" ]
	remember
	fvk apply
	succeeds
	prints "0000:01:00.0: already bound to fpga_vfio_pci
0000:01:00.1: already bound to fpga_vfio_pci"
	unchanged
}

hold dry_run_ok "--dry-run tells what would be bound, changes nothing and logs nothing"
dry_run_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	lines_6 | card_file 0000:00:06.0/00
	remember
	fvk apply --dry-run
	[ "$rc" = 5 ]
	prints "0000:01:00.0: would be bound to fpga_vfio_pci (group 1, previous driver: none)
0000:01:00.1: would be bound to fpga_vfio_pci (group 1, previous driver: xdma)"
	[ "${err%%$'\n'*}" = "fpgactl: 0000:00:06.0/00: not bound: changed: function 0 was 10ee:9038 10ee:0007 120000 serial 00-0a-35-01-02-03-04-05, is 10ee:9038 10ee:0007 120000" ]
	fvk apply --dry-run --early
	[ "$rc" = 5 ]
	unchanged
	[ -z "$(kmsg)" ]
}

hold early_ok "--early writes driver_override of all functions, nothing else, and says so to udev"
early_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	: >"$tree/writes"
	fvk apply --early 0000:01:00.1
	succeeds
	prints FPGACTL_DRIVER=fpga_vfio_pci
	diff "$tree/writes" - <<-'END'
		/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver_override fpga_vfio_pci
		/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.1/driver_override fpga_vfio_pci
	END
	fvk apply --early 01:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
	[ "$(wc -l <"$tree/writes")" = 2 ]
	rm "$tree/sys/bus/pci/devices/0000:01:00.1/driver"
	echo '(null)' >"$tree/sys/bus/pci/devices/0000:01:00.0/driver_override"
	fvk apply --early
	succeeds
	prints "0000:01:00.0: driver_override is fpga_vfio_pci
0000:01:00.1: driver_override is fpga_vfio_pci"
	[ "$(wc -l <"$tree/writes")" = 3 ]
}

hold early_undone_ok "--early of a card sets all overrides or none"
early_undone_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	rm "$tree/sys/bus/pci/devices/0000:01:00.1/driver_override"
	mkdir "$tree/sys/bus/pci/devices/0000:01:00.1/driver_override"
	fvk apply --early 01:00.0
	[ "$rc" = 1 ] && [ -z "$out" ]
	[ "$(override_of 0000:01:00.0)" = "" ]
}

hold function_ok "a function without bind is left alone, whichever event comes first"
function_ok()
{
	lines_1 | sed 's/^bind 1 .*/policy 1 aer=stop/' | card_file 0000:00:01.0/00
	fvk apply --early 01:00.1
	succeeds
	[ -z "$out" ]
	fvk apply --early 01:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
	# the driver of the other function does not matter to a replayed event
	SYNTH_UUID=0 fvk apply --early 01:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
	fvk apply --early
	prints "0000:01:00.0: driver_override is fpga_vfio_pci"
	fvk apply 01:00.1
	[ "$rc" = 0 ]
	prints "0000:01:00.0: now bound to fpga_vfio_pci (group 1, previous driver: none)"
	[ "$(driver_of 0000:01:00.1)" = xdma ]
	[ "$(override_of 0000:01:00.1)" = "" ]
}

hold override_cleared_ok "an override that an early run set goes if the card turns out to be another one"
override_cleared_ok()
{
	local devices=$tree/sys/bus/pci/devices

	lines_1 | card_file 0000:00:01.0/00
	echo xdma >"$tree/host/0000:01:00.0"
	fvk apply --early
	succeeds
	[ "$(override_of 0000:01:00.0)$(override_of 0000:01:00.1)" = fpga_vfio_pcifpga_vfio_pci ]
	# the one without a driver is probed, and the other one keeps its driver
	echo 0x1234 >"$devices/0000:01:00.1/device"
	remember
	fvk apply --dry-run
	[ "$rc" = 5 ]
	prints "0000:01:00.0: driver_override fpga_vfio_pci would be cleared (driver: none)
0000:01:00.1: driver_override fpga_vfio_pci would be cleared (driver: xdma)"
	unchanged
	fvk apply
	tells "0000:00:01.0/00: not bound: changed: function 1 was 10ee:9039 10ee:0007 058000, is 10ee:1234 10ee:0007 058000"
	[ "$rc" = 5 ]
	prints "0000:01:00.0: driver_override fpga_vfio_pci was cleared (driver: xdma)
0000:01:00.1: driver_override fpga_vfio_pci was cleared (driver: xdma)"
	[ "$(override_of 0000:01:00.0)$(override_of 0000:01:00.1)" = "" ]
	[ "$(driver_of 0000:01:00.0) $(driver_of 0000:01:00.1)" = "xdma xdma" ]
	# none is left to clear
	fvk apply
	[ -z "$out" ]
}

hold override_kept_ok "an override stays while the card does not respond, or a function of it is bound"
override_kept_ok()
{
	local devices=$tree/sys/bus/pci/devices

	lines_1 | card_file 0000:00:01.0/00
	fvk apply --early
	cp "$devices/0000:01:00.1/config" "$work/config"
	head -c 4096 /dev/zero | tr '\0' '\377' >"$devices/0000:01:00.1/config"
	fvk apply
	tells "0000:00:01.0/00: not bound: no response: config space of 0000:01:00.1 reads as all-ones"
	[ "$(override_of 0000:01:00.0)" = fpga_vfio_pci ]
	cp "$work/config" "$devices/0000:01:00.1/config"
	echo 0x1234 >"$devices/0000:01:00.1/device"
	ln -s ../../../../bus/pci/drivers/fpga_vfio_pci "$devices/0000:01:00.0/driver"
	fvk apply
	[ "$rc" = 5 ]
	[ "$(override_of 0000:01:00.1)" = fpga_vfio_pci ]
	# a function without bind is not one of an early run
	rm "$devices/0000:01:00.0/driver"
	sed -i 's/^bind 1 .*/policy 1 aer=stop/' "$(cards)"/*.conf
	fvk apply
	prints "0000:01:00.0: driver_override fpga_vfio_pci was cleared (driver: none)"
	[ "$(override_of 0000:01:00.1)" = fpga_vfio_pci ]
}

hold plugged_ok "of a card that is plugged in, one run waits for all functions, and tells if one is missing"
plugged_ok()
{
	local bus=$tree/sys/bus/pci/devices bdf

	lines_1 | card_file 0000:00:01.0/00
	mv "$bus/0000:01:00.1" "$work/function"
	# replayed events and runs by hand neither wait nor tell
	SYNTH_UUID=0 ACTION=add fvk apply --early 01:00.0
	[ -z "$out" ]
	export ACTION=add
	fvk apply --early 01:00.0
	succeeds
	prints FPGACTL_DRIVER=fpga_vfio_pci
	[ "$(override_of 0000:01:00.0)" = "" ]
	clock 1000
	begin fvk apply 01:00.0
	wait_for 1050
	mv "$work/function" "$bus/0000:01:00.1"
	fvk apply --early 01:00.1
	prints FPGACTL_DRIVER=fpga_vfio_pci
	clock 1050 auto
	finish
	[ "$rc" = 0 ]
	[ "$(driver_of 0000:01:00.0) $(driver_of 0000:01:00.1)" = "fpga_vfio_pci fpga_vfio_pci" ]
	[ -z "$(kmsg)" ]
	# it does not appear
	fvk unbind 01:00.0
	mv "$bus/0000:01:00.1" "$work/function"
	clock 1000 auto
	fvk apply 01:00.0
	tells "0000:00:01.0/00: not bound: changed: function 1 was 10ee:9039 10ee:0007 058000, is not there"
	clock_is "6000 auto"
	unset ACTION
	clock 1000 auto
	fvk apply 01:00.0
	[ "$rc" = 3 ]
	clock_is "1000 auto"
	# of the functions that are there, the first waits
	export ACTION=add
	lines_1 | sed 's/^group.*00.1/group 0000:00:01.0\/00.2 10ee:9040\n&/; s/^function 1/function 2 10ee:9040 10ee:0007 058000\n&/' |
		card_file 0000:00:01.0/00
	mv "$work/function" "$bus/0000:01:00.1"
	fvk apply --early 01:00.1
	[ "$rc" = 0 ] && [ -z "$out" ]
	fvk apply --early 01:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
}

hold early_denied_refused "a dry run of an early run is refused as the real one"
early_denied_refused()
{
	lines_1 | card_file 0000:00:01.0/00
	chmod 644 "$tree/sys/bus/pci/drivers_probe"
	as_nobody fvk apply --early --dry-run
	[ "$rc" = 12 ]
	as_nobody fvk apply --early --dry-run 01:00.0
	[ "$rc" = 12 ]
	# nothing left to write
	fvk apply --early
	as_nobody fvk apply --early --dry-run
	[ "$rc" = 0 ]
}

hold order_ok "the override is written before the old driver loses a device"
order_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	: >"$tree/writes"
	fvk apply
	succeeds
	sed -n 's,^/sys/.*/\([^/ ]*/[^/ ]*\) \(.*\),\1 \2,p' "$tree/writes" | diff - <(cat <<-'END'
		0000:01:00.0/driver_override fpga_vfio_pci
		fpga_vfio_pci/bind 0000:01:00.0
		0000:01:00.1/driver_override fpga_vfio_pci
		xdma/unbind 0000:01:00.1
		fpga_vfio_pci/bind 0000:01:00.1
	END
	)
}

hold early_cheap_ok "--early of a device that no file names makes two accesses"
early_cheap_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	FAKE_TRACE=$work/trace fvk apply --early 0000:07:00.0
	succeeds
	[ -z "$out" ]
	diff "$work/trace" - <<-'END'
		/sys/bus/pci/devices/0000:07:00.0
		/etc/fpgactl/cards.d/0000:00:07.0-00.conf
	END
	rm -r "${tree:?}/etc"
	fvk apply --early 0000:07:00.0
	succeeds
	[ -z "$out" ]
	# one that is named: only the card and its group are read
	lines_1 | card_file 0000:00:01.0/00
	FAKE_TRACE=$work/trace.1 fvk apply --early 0000:01:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
	grep -qF 0000:01:00.1 "$work/trace.1"
	lacks '/0000:\(0[2-9a-d]\|00:0[02-9a-f]\):' "$work/trace.1"
	lacks '/devices$' <(grep -v iommu_group "$work/trace.1")
}

hold absent_refused "an empty slot is told, and a card with the serial number in another slot has moved"
absent_refused()
{
	lines_6 | card_file 0000:00:06.0/00
	rm "$tree/sys/bus/pci/devices/0000:06:00.0"
	# others of the kind
	rm "$tree"/sys/bus/pci/devices/0000:0[157]:*
	remember
	fvk apply
	[ "$rc" = 3 ]
	tells "0000:00:06.0/00: not bound: not there: the slot is empty"
	add_card 0000:00:11.0 0000:11:00.0 40
	fvk apply
	tells "0000:00:06.0/00: not bound: not there: the slot is empty"
	serial_6 0000:11:00.0
	fvk apply
	[ "$rc" = 3 ]
	tells "0000:00:06.0/00: not bound: moved: was in 0000:00:06.0/00; a card with the same ids and serial number is in 0000:00:11.0/00 (0000:11:00.0)"
	# so does the initramfs
	: >"$tree/dev/kmsg"
	fvk apply --early
	[ "$rc" = 3 ]
	tells "0000:00:06.0/00: not bound: moved: was in 0000:00:06.0/00; a card with the same ids and serial number is in 0000:00:11.0/00 (0000:11:00.0)"
	[ "$(driver_of 0000:11:00.0)" = "" ]
	[ "$(override_of 0000:11:00.0)" = "" ]
	# without a serial number it may be another card of the kind
	sed -i 's/ serial.*//' "$(cards)"/*
	truncate -s 256 "$tree/sys/bus/pci/devices/0000:11:00.0/config"
	fvk apply
	tells "0000:00:06.0/00: not bound: not there: the slot is empty; a card with the same ids is in 0000:00:11.0/00 (0000:11:00.0)"
	# a card with a file is not the one that is looked for
	sed 's/00:06/00:11/' "$(cards)"/* >"$work/new"
	card_file 0000:00:11.0/00 <"$work/new"
	fvk apply
	[ "${err%%$'\n'*}" = "fpgactl: 0000:00:06.0/00: not bound: not there: the slot is empty" ]
	[ "$(driver_of 0000:11:00.0)" = fpga_vfio_pci ]
}

hold partial_refused "a card without one of its functions is not bound; an early run waits for the function"
partial_refused()
{
	lines_1 | card_file 0000:00:01.0/00
	mv "$tree/sys/bus/pci/devices/0000:01:00.1" "$work/gone"
	remember
	fvk apply --early 01:00.0
	succeeds
	[ -z "$out" ] && [ -z "$(kmsg)" ]
	fvk apply
	[ "$rc" = 3 ]
	tells "0000:00:01.0/00: not bound: changed: function 1 was 10ee:9039 10ee:0007 058000, is not there"
	unchanged
	mv "$work/gone" "$tree/sys/bus/pci/devices/0000:01:00.1"
	fvk apply --early 01:00.1
	prints FPGACTL_DRIVER=fpga_vfio_pci
	[ "$(override_of 0000:01:00.0)" = fpga_vfio_pci ]
}

hold changed_refused "other ids in the slot are told with the old ones, and nothing is bound"
changed_refused()
{
	local file value was

	lines_1 | card_file 0000:00:01.0/00
	remember
	while read -r file value was; do
		cp "$tree/sys/bus/pci/devices/0000:01:00.1/$file" "$work/old"
		echo "$value" >"$tree/sys/bus/pci/devices/0000:01:00.1/$file"
		fvk apply --early 01:00.0
		[ "$rc" = 5 ] && [ -z "$out" ]
		tells "0000:00:01.0/00: not bound: changed: function 1 was 10ee:9039 10ee:0007 058000, is $was"
		: >"$tree/dev/kmsg"
		fvk apply 01:00.1
		[ "$rc" = 5 ] && [ -z "$out" ]
		tells "0000:00:01.0/00: not bound: changed: function 1 was 10ee:9039 10ee:0007 058000, is $was"
		hints "$(file_of 0000:00:01.0/00) says what it was."
		cp "$work/old" "$tree/sys/bus/pci/devices/0000:01:00.1/$file"
		unchanged
	done <<-'END'
		vendor 0x1172 1172:9039 10ee:0007 058000
		device 0x7024 10ee:7024 10ee:0007 058000
		subsystem_vendor 0x1234 10ee:9039 1234:0007 058000
		subsystem_device 0x0008 10ee:9039 10ee:0008 058000
		class 0x120000 10ee:9039 10ee:0007 120000
	END
	mkdir "$tree/sys/bus/pci/devices/0000:01:00.1/physfn"
	fvk apply
	tells "0000:00:01.0/00: not bound: changed: function 1 was 10ee:9039 10ee:0007 058000, is a virtual function"
}

hold serial_refused "another serial number, or none, is another card; the right one may be elsewhere"
serial_refused()
{
	local was="changed: function 0 was 10ee:9038 10ee:0007 120000 serial 00-0a-35-01-02-03-04-05, is 10ee:9038 10ee:0007 120000"

	lines_6 | card_file 0000:00:06.0/00
	serial_6
	fvk apply --early 06:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
	echo '(null)' >"$tree/sys/bus/pci/devices/0000:06:00.0/driver_override"
	serial 0000:06:00.0 00 0a 35 01 02 03 04 06
	remember
	fvk apply --early 06:00.0
	tells "0000:00:06.0/00: not bound: $was serial 00-0a-35-01-02-03-04-06"
	# no number
	serial 0000:06:00.0 00 00 00 00 00 00 00 00
	fvk apply
	tells "0000:00:06.0/00: not bound: $was"
	serial 0000:06:00.0 ff ff ff ff ff ff ff ff
	fvk apply
	tells "0000:00:06.0/00: not bound: $was"
	unchanged
	# two cards changed places
	add_card 0000:00:11.0 0000:11:00.0 40
	serial_6 0000:11:00.0
	fvk apply
	tells "0000:00:06.0/00: not bound: $was; a card with the same ids and serial number is in 0000:00:11.0/00 (0000:11:00.0)"
	[ "$(driver_of 0000:11:00.0)" = "" ]
}

hold unread_refused "a serial number that cannot be read is not taken for that of the file"
unread_refused()
{
	lines_6 | card_file 0000:00:06.0/00
	serial_6
	truncate -s 64 "$tree/sys/bus/pci/devices/0000:06:00.0/config"
	remember
	for words in "" --early "--early 06:00.0"; do
		: >"$tree/dev/kmsg"
		# shellcheck disable=SC2086 # words
		fvk apply $words
		[ "$rc" = 1 ]
		tells "0000:00:06.0/00: not bound: serial number of 0000:06:00.0 cannot be read"
	done
	as_nobody fvk apply --dry-run
	[ "$rc" = 12 ]
	[ "${err%%$'\n'*}" = "fpgactl: 0000:00:06.0/00: not bound: serial number of 0000:06:00.0 cannot be read: needs root" ]
	unchanged
	# without one in the file there is nothing to compare
	sed -i 's/ serial.*//' "$(cards)"/*
	fvk apply
	[ "$rc" = 0 ]
	[ "$(driver_of 0000:06:00.0)" = fpga_vfio_pci ]
}

hold silent_refused "a card that does not respond is not bound"
silent_refused()
{
	lines_6 | card_file 0000:00:06.0/00
	head -c 4096 /dev/zero | tr '\0' '\377' >"$tree/sys/bus/pci/devices/0000:06:00.0/config"
	fvk apply --early
	[ "$rc" = 1 ]
	tells "0000:00:06.0/00: not bound: no response: config space of 0000:06:00.0 reads as all-ones"
	[ "$(override_of 0000:06:00.0)" = "" ]
}

hold fenced_ok "configuration space of a bound card is not read: it may be fenced"
fenced_ok()
{
	lines_6 | card_file 0000:00:06.0/00
	ln -s ../../../../bus/pci/drivers/fpga_vfio_pci "$tree/sys/bus/pci/devices/0000:06:00.0/driver"
	FAKE_TRACE=$work/trace fvk apply --early 06:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
	lacks /config "$work/trace"
}

hold group_refused "a group that has grown, or has another device, is told; a smaller one is no danger"
group_refused()
{
	lines_1 | card_file 0000:00:01.0/00
	remember
	ln -s ../../../../devices/pci0000:00/0000:00:04.0/0000:04:00.1 \
		"$tree/sys/kernel/iommu_groups/1/devices/0000:04:00.1"
	for words in "" "--early 01:00.0"; do
		: >"$tree/dev/kmsg"
		# shellcheck disable=SC2086 # words
		fvk apply $words
		[ "$rc" = 1 ]
		tells "0000:00:01.0/00: not bound: group of function 0 grew: new member 0000:04:00.1 (8086:1521) in 0000:00:04.0/00.1"
	done
	rm "$tree/sys/kernel/iommu_groups/1/devices/0000:04:00.1"
	echo 0x1111 >"$tree/sys/bus/pci/devices/0000:00:01.0/device"
	fvk apply
	tells "0000:00:01.0/00: not bound: group of function 0 changed: 0000:00:01.0 in 0000:00:01.0 was 8086:3420, is 8086:1111"
	mv "$tree/sys/bus/pci/devices/0000:01:00.1/iommu_group" "$work/group"
	echo 0x3420 >"$tree/sys/bus/pci/devices/0000:00:01.0/device"
	fvk apply
	tells "0000:00:01.0/00: not bound: group changed: function 1 had an IOMMU group, has none"
	unchanged
	mv "$work/group" "$tree/sys/bus/pci/devices/0000:01:00.1/iommu_group"
	rm "$tree/sys/kernel/iommu_groups/1/devices/0000:00:01.0"
	fvk apply
	succeeds
}

hold disk_refused "a disk that the host uses is not taken, even with the ids of the file"
disk_refused()
{
	card_file 0000:00:02.0/00 <<-'END'
		slot 0000:00:02.0/00
		group 0000:00:02.0/00.0 144d:a808
		function 0 144d:a808 144d:0007 010802
		bind 0 fpga_vfio_pci
	END
	remember
	fvk apply
	[ "$rc" = 11 ]
	grep -qE '^fpgactl: 0000:00:02.0/00: not bound: in use by the host: 0000:02:00.0: .*nvme0n1p2' <<<"$err"
	[ "$(wc -l < <(kmsg))" = 1 ]
	unchanged
	# the disk of the host where the card was
	sed -i 's/function 0 .*/function 0 10ee:9038 10ee:0007 120000/' "$(cards)"/*
	fvk apply
	tells "0000:00:02.0/00: not bound: changed: function 0 was 10ee:9038 10ee:0007 120000, is 144d:a808 144d:0007 010802"
	unchanged
}

hold early_disk_refused "a disk or NIC without serial number is not taken in early boot: it may be the host's"
early_disk_refused()
{
	local class

	for class in 010802 020000; do
		echo "0x$class" >"$tree/sys/bus/pci/devices/0000:06:00.0/class"
		lines_6 | sed "s/120000.*/$class/" | card_file 0000:00:06.0/00
		for words in "" 06:00.0; do
			# shellcheck disable=SC2086 # words
			fvk apply --early $words
			succeeds
			[ -z "$out" ] && [ -z "$(kmsg)" ]
		done
		[ "$(override_of 0000:06:00.0)" = "" ]
	done
	fvk apply
	[ "$rc" = 0 ]
	[ "$(driver_of 0000:06:00.0)" = fpga_vfio_pci ]
	serial_6
	lines_6 | sed "s/120000/$class/" | card_file 0000:00:06.0/00
	fvk apply --early 06:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
}

hold identical_ok "of three identical cards, only the one in the slot of the file is bound"
identical_ok()
{
	add_card 0000:00:11.0 0000:11:00.0 40
	add_card 0000:00:12.0 0000:12:00.0 41
	sed 's/ serial.*//' <(lines_6) | sed 's/00:06/00:11/' >"$work/new"
	card_file 0000:00:11.0/00 <"$work/new"
	fvk apply --early
	prints "0000:11:00.0: driver_override is fpga_vfio_pci"
	for bdf in 06 11 12; do
		fvk apply --early "0000:$bdf:00.0"
	done
	fvk apply
	[ "$(driver_of 0000:06:00.0)-$(driver_of 0000:11:00.0)-$(driver_of 0000:12:00.0)" = -fpga_vfio_pci- ]
	[ "$(override_of 0000:06:00.0)-$(override_of 0000:12:00.0)" = - ]
}

hold renumbered_ok "a card at another bus number is the same card"
renumbered_ok()
{
	local devices=$tree/sys/devices/pci0000:00/0000:00:06.0

	lines_6 | card_file 0000:00:06.0/00
	serial_6
	rm "$tree/sys/kernel/iommu_groups/16/devices/0000:06:00.0" "$tree/sys/bus/pci/devices/0000:06:00.0"
	mv "$devices/0000:06:00.0" "$devices/0000:17:00.0"
	ln -sr "$devices/0000:17:00.0" "$tree/sys/bus/pci/devices/0000:17:00.0"
	ln -sr "$devices/0000:17:00.0" "$tree/sys/kernel/iommu_groups/16/devices/0000:17:00.0"
	fvk apply
	[ "$rc" = 0 ]
	[ "$(driver_of 0000:17:00.0)" = fpga_vfio_pci ]
}

hold rest_ok "a card that is not bound keeps no other from it; the exit code is that of the first"
rest_ok()
{
	lines_1 | sed 's/9039/9040/' | card_file 0000:00:01.0/00
	lines_6 | card_file 0000:00:06.0/00
	serial_6
	echo garbage | card_file 0000:00:09.0/00
	fvk apply
	[ "$rc" = 5 ]
	[ "$(driver_of 0000:06:00.0)" = fpga_vfio_pci ]
	[ "$(grep -c ^fpgactl: <<<"$err")" = 3 ]
	[ "$(kmsg | wc -l)" = 2 ]
}

hold refusals_ok "a refusal of bind holds at boot, and is logged"
refusals_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	mkdir "$tree/fail"
	echo 5 >"$tree/fail/fpga_vfio_pci.0000:01:00.1"
	remember
	fvk apply
	tells "0000:01:00.1: bind: cannot bind to fpga_vfio_pci: Input/output error"
	unchanged
	mv "$tree/sys/bus/pci/drivers/fpga_vfio_pci" "$work/driver"
	fvk apply
	[ "$rc" = 10 ]
	tells "0000:01:00.0: bind: module fpga_vfio_pci is not loaded"
	unchanged
	mv "$work/driver" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	as_nobody fvk apply
	[ "$rc" = 12 ]
}

# card_of BDF: write the card file of one function, as bind --persist would
card_of()
{
	local dir bdf slot member path of=$1

	dir=$(readlink -f "$tree/sys/bus/pci/devices/$of")
	bdf=${of#*:*:}
	slot=$(basename "$(dirname "$dir")")/${bdf%.*}
	{
		echo "slot $slot"
		for member in "$dir"/iommu_group/devices/*; do
			[ -e "$member" ] || continue
			path=$(readlink -f "$member")
			bdf=${path##*/}
			path=$(basename "$(dirname "$path")")/${bdf#*:*:}
			echo "group ${path#pci*/} $(ids "$member" vendor device)"
		done
		echo "function ${of#*.} $(ids "$dir" vendor device) $(ids "$dir" subsystem_vendor subsystem_device) $(ids "$dir" class)"
		echo "bind ${of#*.} fpga_vfio_pci"
	} | card_file "$slot"
}

# ids DIR FILE…: print numbers of a device without 0x, with colons between them
ids()
{
	local file text=

	for file in "${@:2}"; do
		text+=:$(sed 's/^0x//' "$1/$file")
	done
	echo "${text#:}"
}

# used BDF REASON: apply refuses to take a device that the host uses, and tells the reason
used()
{
	rm -rf "$(cards)"
	card_of "$1"
	: >"$tree/dev/kmsg"
	remember
	fvk apply
	[ "$rc" = 11 ]
	[[ $(kmsg) = *"in use by the host"*"$2"* ]]
	unchanged
}

hold host_use_refused "each use by the host that bind refuses is refused at boot"
host_use_refused()
{
	used 0000:02:00.0 "nvme0n1p2 is mounted on /"
	used 0000:09:00.0 "dm-1 is mounted on /srv/with blank"
	used 0000:0a:00.0 "nvme2n1p1 is a swap device"
	used 0000:0b:00.0 "nvme3n1p1 is part of md127"
	used 0000:0d:00.0 "nvme5n1 is mounted on /home"
	used 0000:03:00.0 "boot display (boot_vga)"
	used 0000:03:00.1 "console framebuffer fb0"
	used 0000:04:00.0 "network device eth0 is up"
	used 0000:04:00.2 "2 virtual functions enabled"
	mkdir -p "$tree/claimed" "$tree/proc/1"
	: >"$tree/claimed/nvme4n1p1"
	used 0000:0c:00.0 "nvme4n1p1 is in use"
	rm "$tree/claimed/nvme4n1p1"
	echo '40 1 259:33 / /srv/other rw - ext4 /dev/nvme4n1p1 rw' >"$tree/proc/1/mountinfo"
	used 0000:0c:00.0 "nvme4n1p1 is mounted on /srv/other"
	# idle again: the same file binds it
	rm "$tree/proc/1/mountinfo"
	fvk apply
	succeeds
	[ "$(driver_of 0000:0c:00.0)" = fpga_vfio_pci ]
}

hold held_refused "a card in a group that a VM uses is refused at boot, and so is one without a group"
held_refused()
{
	card_of 0000:08:00.1
	remember
	fvk apply
	[ "$rc" = 4 ]
	grep -q "0000:08:00.0 in group 19 is held by" "$tree/dev/kmsg"
	unchanged
	rm -r "$(cards)"
	card_of 0000:05:00.0
	echo "group 0000:00:05.0/00.0 10ee:9038" >>"$(cards)/0000:00:05.0-00.conf"
	remember
	fvk apply
	[ "$rc" = 1 ]
	grep -q "group changed: function 0 had an IOMMU group, has none" "$tree/dev/kmsg"
	unchanged
}

hold replayed_ok "for events that udev replays, the runs for all files tell"
replayed_ok()
{
	lines_6 | card_file 0000:00:06.0/00
	SYNTH_UUID=0 fvk apply --early 06:00.0
	[ "$rc" = 5 ]
	[ -z "$(kmsg)" ]
	SYNTH_UUID=0 fvk apply 06:00.0
	[ "$(kmsg | wc -l)" = 1 ]
}

hold no_log_ok "a file in place of the kernel log gets no line and does not block"
no_log_ok()
{
	lines_6 | card_file 0000:00:06.0/00
	rm "$tree/dev/kmsg"
	mkfifo "$tree/dev/kmsg"
	fvk apply --early
	[ "$rc" = 5 ]
	rm "$tree/dev/kmsg"
	: >"$tree/dev/kmsg"
	mkdir -p "$tree/etc" "$tree/var"
	fvl apply --early
	[ "$rc" = 5 ]
	[ -z "$(kmsg)" ]
}

hold taken_back_ok "an event that udev replays takes no card from a driver that has it since"
taken_back_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	remember
	SYNTH_UUID=0 fvk apply --early 01:00.0
	succeeds
	[ -z "$out" ]
	unchanged
	rm "$tree/sys/bus/pci/devices/0000:01:00.1/driver"
	SYNTH_UUID=0 fvk apply --early 01:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
}

hold without_file_ok "at boot, a device is told that has the override without a card file, by an old initramfs"
without_file_ok()
{
	local text=": driver_override is fpga_vfio_pci without a card file: set by fpgactl bind, or by an initramfs that has an old card file"

	lines_1 | card_file 0000:00:01.0/00
	fvk apply
	[ -z "$err" ]
	export INVOCATION_ID=1
	fvk apply
	[ "$rc" = 0 ] && [ -z "$(kmsg)" ]
	[ "$err" = "fpgactl: 0000:07:00.0$text
fpgactl: 0000:07:00.1$text" ]
	mkdir -p "$tree/usr/bin"
	: >"$tree/usr/bin/dracut"
	rm "$(cards)"/*
	fvk apply
	[ "$(wc -l <<<"$err")" = 4 ]
	[ "${err%%$'\n'*}" = "fpgactl: 0000:01:00.0$text; to update it: dracut --regenerate-all --force" ]
}

# locked FILE fvk|fv ARGUMENT…: run while another process has a lock on the file
locked()
{
	local fd

	exec {fd}<"$1"
	flock "$fd"
	"${@:2}"
	exec {fd}<&-
}

hold locked_refused "only root can hold the lock of a card, and a run waits for it for a limited time"
locked_refused()
{
	local lock=$tree/run/fpgactl/0000:00:01.0-00.conf.lock

	lines_1 | card_file 0000:00:01.0/00
	locked "$(cards)/0000:00:01.0-00.conf" fvk apply
	succeeds
	[ "$(stat -c %a "$lock")" = 600 ]
	clock 1000 auto
	remember
	locked "$lock" fvk apply
	refuses 4 "$(file_of 0000:00:01.0/00): apply: cannot lock /run/fpgactl/0000:00:01.0-00.conf.lock: held by another process"
	clock_is "31000 auto"
	hints "Nothing was done for this card."
	unchanged
	# nothing is changed by a dry run
	locked "$lock" fvk apply --dry-run
	succeeds
}

hold no_file_refused "a device without a file, or one that is not there, is an error of a run for it"
no_file_refused()
{
	fvk apply 07:00.0
	refuses 3 "0000:07:00.0: apply: no card file: $(file_of 0000:00:07.0/00)"
	fvk apply 77:00.0
	refuses 3 "0000:77:00.0: apply: no such PCI device"
	fvk apply --early 77:00.0
	refuses 3 "0000:77:00.0: apply: no such PCI device"
	fvk apply nonsense
	refuses 2 "apply: invalid PCI address 'nonsense'"
	fvk apply
	succeeds
	[ -z "$out" ]
}

# broken LINE TEXT: lines_1 with stdin in place of all of it is refused with TEXT
broken()
{
	card_file 0000:00:01.0/00
	rm -f "$tree/dev/kmsg"
	: >"$tree/dev/kmsg"
	fvk apply --early 01:00.0
	[ "$rc" = 1 ] && [ -z "$out" ]
	tells "$(file_of 0000:00:01.0/00): apply: $1" || { echo "not told: $1"; return 1; }
	hints "Nothing was done for this card. See fpgactl-cards.d(5)."
}

hold broken_refused "a file that is not as documented is refused with the line, and nothing is done"
broken_refused()
{
	local function="expected: function N VENDOR:DEVICE SUBVENDOR:SUBDEVICE CLASS [serial SERIAL]"
	local word

	remember
	: | broken "slot is missing"
	lines_1 | sed /^slot/d | broken "slot is missing"
	lines_1 | sed /^group/d | broken "group is missing"
	lines_1 | sed '/^function/d; /^bind/d' | broken "function is missing"
	lines_1 | sed /^bind/d | broken "none of bind, policy and allow is there"
	lines_1 | sed 's,^slot.*,slot 0000:00:02.0/00,' |
		broken "line 2: the name of the file is that of another slot"
	for word in "" 0000:00:01.0 0000:00:01.0/00.0 0000:00:01.0/00/ 00:01.0/00 0000:00:01.8/00 \
		0000:00:20.0/00 0000:00:01.0/0000:00 "0000:00:01.0/00 x" 0000:00:01.0/0A /00 ../00; do
		lines_1 | sed "s,^slot.*,slot $word," |
			broken "line 2: expected: slot PATH, as in 0000:00:01.0/00"
	done
	for word in 2:0 g:h 10ee: 10EE:9038 "10ee:9038 x" 010ee:9038 -10e:9038; do
		lines_1 | sed "s,^group 0000:00:01.0 .*,group 0000:00:01.0 $word," |
			broken "line 3: expected: group PATH VENDOR:DEVICE"
	done
	lines_1 | sed 's,^group 0000:00:01.0/00.1,group 0000:00:01.0/00.0,' |
		broken "line 5: the member of the group is given twice"
	for word in 8 -1 00 x; do
		lines_1 | sed "s,^function 1,function $word," | broken "line 7: $function"
	done
	for word in serial "serial 00" "serial 00-0a-35-01-02-03-04" "Serial 00-0a-35-01-02-03-04-05" \
		"serial 00-0A-35-01-02-03-04-05" "serial 00-0a-35-01-02-03-04-05-" \
		"serial 00:0a:35:01:02:03:04:05"; do
		lines_1 | sed "s,^function 0.*,& $word," | broken "line 6: $function"
	done
	lines_1 | sed 's,^function 0.*,& serial 00-0a-35-01-02-03-04-05 x,' | broken "line 6: too many words"
	lines_1 | sed 's,^function 1,function 0,' | broken "line 7: the function is given twice"
	for word in vfio-pci "0 vfio-pci" fpga_vfio_pci "8 fpga_vfio_pci" "0 fpga_vfio_pci x"; do
		lines_1 | sed "s,^bind 0.*,bind $word," | broken "line 8: expected: bind N fpga_vfio_pci"
	done
	lines_1 | sed 's,^bind 0,bind 2,' | broken "line 8: bind of a function that has no line above"
	lines_1 | sed 's,^bind 0.*,&\n&,' | broken "line 9: bind of the function is given twice"
	lines_1 | sed 's,^bind 0.*,&\nslot 0000:00:01.0/00,' | broken "line 9: slot is given twice"
	lines_1 | sed 's,^bind 0.*,&\nbinds,' |
		broken "line 9: unknown key; keys are slot, group, function, bind, policy and allow"
	lines_1 | sed 's,^bind 0.*,&\npolicy 2 aer=stop,' |
		broken "line 9: policy of a function that has no line above"
	lines_1 | sed 's,^bind 0.*,&\npolicy aer=stop,' | broken "line 9: expected: policy N KEY=VALUE"
	lines_1 | sed 's,^bind 0.*,&\npolicy 0 nosuch=1,' | broken "line 9: unknown key of a policy"
	lines_1 | sed 's,^bind 0.*,&\npolicy 0 aer=halt,' | broken "line 9: unknown value"
	lines_1 | sed 's,^bind 0.*,&\npolicy 0 aer,' | broken "line 9: missing value"
	lines_1 | sed 's,^bind 0.*,&\npolicy 0 aer=stop\npolicy 0 aer=stop,' |
		broken "line 10: duplicate key of a policy"
	unchanged
}

hold hostile_refused "neither long lines and files nor bytes that a terminal interprets do harm"
hostile_refused()
{
	remember
	{ lines_1; printf '#%.0s' {1..1025}; } | broken "line 10: line is longer than 1024 bytes"
	{ lines_1; printf '#\e[31m\n'; } | broken "line 10: control character"
	{ lines_1; printf 'bind 0 fpga\0_vfio_pci\n'; } | broken "line 10: control character"
	{ lines_1; printf 'bind\r\n'; } | broken "line 10: control character"
	head -c 4096 /dev/zero | broken "line 1: line is longer than 1024 bytes"
	{ lines_1; yes '#' | head -c 65536; } | broken "file is longer than 64 KiB"
	printf 'slot \xff\xfe\n' | broken "line 1: expected: slot PATH, as in 0000:00:01.0/00"
	unchanged
	# files that are no files
	rm "$(cards)"/*
	mkdir "$(cards)/0000:00:01.0-00.conf"
	fvk apply --early 01:00.0
	[ "$rc" = 1 ]
	mkfifo "$(cards)/0000:00:06.0-00.conf"
	fvk apply --early 06:00.0
	[ "$rc" = 1 ]
	ln -s 0000:00:07.0-00.conf "$(cards)/0000:00:07.0-00.conf"
	fvk apply --early 07:00.0
	[ "$rc" = 1 ]
	# not a card file
	lines_1 >"$(cards)/0000:00:01.0-00.conf~"
	rm -r "$(cards)"/*.conf
	fvk apply
	succeeds
	unchanged
}

hold written_by_hand_ok "order of lines, blank lines and comments between them are free"
written_by_hand_ok()
{
	{
		printf '\n   \n#\xc3\xa9\n'
		lines_1 | grep ^function
		lines_1 | sed '/^function/d; s/ /\t /g' | tac
		printf '# no newline at the end'
	} | card_file 0000:00:01.0/00
	fvk apply
	succeeds
	[ "$(driver_of 0000:01:00.1)" = fpga_vfio_pci ]
}

run_tests
