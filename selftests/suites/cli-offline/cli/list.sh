#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl list on a recorded system.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

hold tree_ok "devices stand below their IOMMU groups, in order"
tree_ok()
{
	fv list 1 12 -o DEVICE,ID,DRIVER
	succeeds
	[ "$(sed 1d <<<"$out")" = "group 1
├─0000:01:00.0 10ee:9038
└─0000:01:00.1 10ee:9039 xdma
group 12
└─0000:02:00.0 144d:a808 nvme" ]
}

hold names_ok "names come from the PCI database, an unknown device has its number"
names_ok()
{
	fv list -o DEVICE,NAME
	grep -q '0000:01:00.0 FPGA Card XRT$' <<<"$out"
	grep -q '0000:01:00.1 Xilinx 9039$' <<<"$out"
	echo 0x1234 >"$tree/sys/bus/pci/devices/0000:01:00.1/vendor"
	fv list --json -o BDF,NAME,DEVICE
	refuses_column BDF
	fv list --json -o NAME,DEVICE
	value '.groups[0].devices' \
		'[{"name":"Xilinx Corporation FPGA Card XRT","bdf":"0000:01:00.0"},{"name":null,"bdf":"0000:01:00.1"}]'
}

# refuses_column NAME: check the error object
refuses_column()
{
	[ "$rc" = 2 ] && [ -z "$out" ] &&
		[ "$(jq -r .error.why "$work/err")" = "unknown column '$1'" ]
}

hold without_database_ok "without a PCI database there are no names, and all else"
without_database_ok()
{
	rm "$tree/usr/share/misc/pci.ids"
	fv list --json
	succeeds
	value '.groups[0].devices[0] | [.id, .name]' '["10ee:9038",null]'
}

hold bridges_left_out_ok "bridges are listed with --all only"
bridges_left_out_ok()
{
	fv list --json
	json '[.. | .bdf? // empty] | index("0000:00:01.0") == null'
	json '[.groups[].group] | index(0) == null'
	fv list --all --json
	json '.groups[] | select(.group == 1).devices | map(.bdf) ==
		["0000:00:01.0", "0000:01:00.0", "0000:01:00.1"]'
	json '[.groups[].group] | index(0) == 0'
}

hold viable_ok "a group is viable unless a member has a driver that uses its DMA"
viable_ok()
{
	fv list --json
	json '.groups[] | select(.group == 1) |
		.viable == false and .passthrough == "0000:01:00.1 has driver xdma"'
	json '[.groups[] | select(.viable).group] == [16, 17, 18, 19, 27]'
}

hold viable_bridge_refused "a bridge with a driver other than pcieport is in the way"
viable_bridge_refused()
{
	mkdir "$tree/sys/bus/pci/drivers/shpchp"
	ln -sfn ../../../bus/pci/drivers/shpchp "$tree/sys/bus/pci/devices/0000:00:01.0/driver"
	fv list --json
	value '.groups[] | select(.group == 1).passthrough' \
		'0000:00:01.0 has driver shpchp, 0000:01:00.1 has driver xdma'
	fv list -o DEVICE,PASSTHROUGH
	[ "$(sed -n 2,5p <<<"$out")" = "group 1        not viable
├─0000:00:01.0 blocking
├─0000:01:00.0
└─0000:01:00.1 blocking" ]
}

hold verdict_ok "the table says viable of the group and marks what is in the way"
verdict_ok()
{
	fv list -o DEVICE,PASSTHROUGH
	[ "$(sed -n 2,4p <<<"$out")" = "group 1        not viable
├─0000:01:00.0
└─0000:01:00.1 blocking" ]
	[ "$(sed -n '/^group 16/,+1p' <<<"$out")" = "group 16       viable
└─0000:06:00.0" ]
}

hold harmless_drivers_ok "drivers that do no DMA of their own are not in the way, nor any of VFIO's"
harmless_drivers_ok()
{
	local device=$tree/sys/bus/pci/devices/0000:01:00.1 driver

	for driver in pci-stub pcieport mlx5_vfio_pci; do
		mkdir -p "$tree/sys/bus/pci/drivers/$driver"
		ln -sfn "../../../../bus/pci/drivers/$driver" "$device/driver"
		fv list --json
		json '.groups[] | select(.group == 1).viable'
	done
	# a driver with a vfio-dev for its device is a VFIO driver, whatever its name
	mkdir "$tree/sys/bus/pci/drivers/stub2"
	ln -sfn ../../../../bus/pci/drivers/stub2 "$device/driver"
	fv list --json
	json '.groups[] | select(.group == 1).viable | not'
	mkdir -p "$device/vfio-dev/vfio9"
	fv list --json
	json '.groups[] | select(.group == 1).viable'
}

hold strange_devices_ok "a malformed address is no device, and a malformed number no group"
strange_devices_ok()
{
	mkdir "$tree/sys/bus/pci/devices/nonsense"
	ln -sfn ../../../kernel/iommu_groups/x "$tree/sys/bus/pci/devices/0000:0c:00.0/iommu_group"
	# a CardBus bridge
	echo 0x060700 >"$tree/sys/bus/pci/devices/0000:0b:00.0/class"
	fv list --json
	succeeds
	value '.without_group | map(.bdf)' '["0000:05:00.0","0000:0c:00.0"]'
	value '[.groups[].group] | [index(22), index(23)]' '[null,null]'
	# removed meanwhile
	ln -s ../../../devices/pci0000:00/0000:00:0e.0/0000:0e:00.0 "$tree/sys/bus/pci/devices/0000:0e:00.0"
	fv list --json
	succeeds
	value '.without_group[2] | [.bdf, .id, .driver, .port, .link]' '["0000:0e:00.0",null,null,null,null]'
}

hold order_ok "groups are in the order of their numbers, and devices in that of their addresses"
order_ok()
{
	ln -sfn ../../../kernel/iommu_groups/9 "$tree/sys/bus/pci/devices/0000:0c:00.0/iommu_group"
	ln -sfn ../../../kernel/iommu_groups/9 "$tree/sys/bus/pci/devices/0000:02:00.0/iommu_group"
	fv list --json
	json '[.groups[].group] | . == sort'
	value '.groups[1] | [.group, (.devices | map(.bdf))]' '[9,["0000:02:00.0","0000:0c:00.0"]]'
}

hold no_group_ok "a device without IOMMU group is listed as such"
no_group_ok()
{
	fv list --json
	json '.without_group | length == 1 and
		.[0].bdf == "0000:05:00.0" and .[0].passthrough == "no IOMMU group"'
	fv list -o DEVICE,PASSTHROUGH
	[ "$(grep 05:00.0 <<<"$out")" = "0000:05:00.0   no IOMMU group" ]
}

hold port_ok "the port is the bridge right above, and there may be none"
port_ok()
{
	fv list --all --json
	value '.groups[] | select(.group == 1).devices[1].port' 0000:00:01.0
	value '.groups[0].devices[0].port' null
}

hold link_ok "a link is shown with its speed and width now and at most"
link_ok()
{
	fv list -o DEVICE,LINK
	grep -q '0000:01:00.0 16 GT/s x8$' <<<"$out"
	fv list --json
	value '.groups[] | select(.group == 1).devices[0].link' \
		'{"speed_mts":16000,"width":8,"max_speed_mts":16000,"max_width":8,"device_max_speed_mts":16000,"device_max_width":8,"port_max_speed_mts":16000,"port_max_width":16,"degraded":false}'
}

hold link_degraded_ok "a link below what both its ends can do is marked"
link_degraded_ok()
{
	fv list -o DEVICE,LINK
	grep -q '0000:06:00.0 2.5x1 of 16x8 !$' <<<"$out"
	grep -q '0000:06:00.1 down !$' <<<"$out"
	# at the maximum of the port, it is not degraded
	echo '2.5 GT/s PCIe' >"$tree/sys/bus/pci/devices/0000:00:06.0/max_link_speed"
	echo 1 >"$tree/sys/bus/pci/devices/0000:00:06.0/max_link_width"
	fv list --json
	json '.groups[] | select(.group == 16).devices[0].link.degraded == false'
	# reduced speed or width alone is degraded
	echo '16.0 GT/s PCIe' >"$tree/sys/bus/pci/devices/0000:00:06.0/max_link_speed"
	fv list --json
	value '.groups[] | select(.group == 16).devices[0].link | [.port_max_speed_mts, .port_max_width, .max_width, .degraded]' \
		'[16000,1,1,true]'
	echo 8 >"$tree/sys/bus/pci/devices/0000:00:06.0/max_link_width"
	echo '16.0 GT/s PCIe' >"$tree/sys/bus/pci/devices/0000:06:00.0/current_link_speed"
	fv list --json
	json '.groups[] | select(.group == 16).devices[0].link.degraded'
	# a port without maximum values has no degraded link
	rm "$tree"/sys/bus/pci/devices/0000:00:06.0/max_link_{speed,width}
	echo 8 >"$tree/sys/bus/pci/devices/0000:06:00.0/current_link_width"
	fv list --json
	value '.groups[] | select(.group == 16).devices[0].link | [.port_max_speed_mts, .port_max_width, .degraded]' \
		'[null,null,false]'
}

hold link_nonsense_ok "link registers of a device that does not respond are ignored"
link_nonsense_ok()
{
	echo 255 >"$tree/sys/bus/pci/devices/0000:06:00.0/max_link_width"
	echo Unknown >"$tree/sys/bus/pci/devices/0000:06:00.0/max_link_speed"
	fv list --json
	json '.groups[] | select(.group == 16).devices[0].link == null'
	# unknown formats are not guessed
	local word

	echo 8 >"$tree/sys/bus/pci/devices/0000:06:00.0/max_link_width"
	for word in '16.0 GB/s PCIe:null' ' GT/s:null' '1001 GT/s:null' '-2.5 GT/s:null' \
		'nan GT/s:null' '1000 GT/s:1000000' '2.5 GT/s:2500'; do
		echo "${word%:*}" >"$tree/sys/bus/pci/devices/0000:06:00.0/max_link_speed"
		fv list --json
		value '.groups[] | select(.group == 16).devices[0].link.device_max_speed_mts' "${word#*:}"
	done
	for word in -1:null 0:null 1:1 254:254 256:null; do
		echo "${word%:*}" >"$tree/sys/bus/pci/devices/0000:06:00.0/max_link_width"
		fv list --json
		value '.groups[] | select(.group == 16).devices[0].link.device_max_width' "${word#*:}"
	done
}

hold holder_group_ok "the holder of a group holds its devices"
holder_group_ok()
{
	fv list --json
	value '.groups[] | select(.group == 17).devices[0].users' \
		'[{"pid":4242,"command":"qemu-system-x86"}]'
	value '.groups[] | select(.group == 18).devices[0].users' '[]'
	json '.users_complete'
}

hold holder_bridge_ok "no process has the bridge that is in a group which it holds"
holder_bridge_ok()
{
	ln -sfn ../../../kernel/iommu_groups/17 \
		"$tree/sys/devices/pci0000:00/0000:00:07.0/iommu_group"
	fv list --all --json
	value '.groups[] | select(.group == 17).devices | map([.bdf, (.users | map(.pid))])' \
		'[["0000:00:07.0",[]],["0000:07:00.0",[4242]]]'
}

hold holder_cdev_ok "the holder of a device file holds that device only"
holder_cdev_ok()
{
	fv list --json
	value '.groups[] | select(.group == 19).devices | map(.users | map(.pid))' '[[4343],[]]'
}

hold holder_once_ok "a process that has a group open twice is one holder, and may lack a name"
holder_once_ok()
{
	mkdir -p "$tree/proc/55/fd" "$tree/proc/56/fd" "$tree/proc/57/fd"
	ln -s /dev/vfio/noiommu-17 "$tree/proc/55/fd/3"
	echo b >"$tree/proc/56/comm"
	ln -s /dev/vfio/17 "$tree/proc/56/fd/3"
	ln -s /dev/vfio/17 "$tree/proc/56/fd/4"
	# similar names, not of the group
	ln -s /dev/vfio/17x "$tree/proc/57/fd/3"
	ln -s /dev/vfio17/17 "$tree/proc/57/fd/4"
	ln -s /dev/vfio/vfio "$tree/proc/57/fd/5"
	ln -s 'anon_inode:[vfio-device]' "$tree/proc/57/fd/6"
	# closed meanwhile
	: >"$tree/proc/57/fd/7"
	fv list --json
	value '.groups[] | select(.group == 17).devices[0].users' \
		'[{"pid":4242,"command":"qemu-system-x86"},{"pid":55,"command":null},{"pid":56,"command":"b"}]'
	fv list -o DEVICE,USER
	grep -q '0000:07:00.0 4242 qemu-system-x86, 55 ?, 56 b$' <<<"$out"
}

hold holder_exact_ok "where the kernel names the devices of a process, no other is held by it"
holder_exact_ok()
{
	ln -s ../../../bus/pci/drivers/vfio-pci "$tree/sys/bus/pci/devices/0000:08:00.1/driver"
	rm "$tree/proc/4343/fd/4"
	ln -s /dev/vfio/19 "$tree/proc/4343/fd/4"
	fv list --json
	value '.groups[] | select(.group == 19).devices | map(.users | map(.pid))' \
		'[[4343],[4343]]'
	ln -s 'anon_inode:[vfio-device]' "$tree/proc/4343/fd/5"
	printf 'pos:\t0\nvfio-device-syspath: /sys/devices/pci0000:00/0000:00:08.0/0000:08:00.1\n' \
		>"$tree/proc/4343/fdinfo/5"
	fv list --json
	value '.groups[] | select(.group == 19).devices | map(.users | map(.pid))' '[[],[4343]]'
}

hold holder_unseen_ok "an ordinary user is told that holders could not be seen"
holder_unseen_ok()
{
	chmod 0 "$tree/proc/4242/fd"
	run_as_nobody list -o DEVICE,USER
	[ "$rc" = 0 ]
	grep -q '0000:07:00.0 ?$' <<<"$out"
	[ "$err" = "fpgactl: holders: cannot see the open files of 1 process; run as root" ]
	run_as_nobody list --json
	json '.users_complete == false'
}

hold read_ok "a read that a signal interrupts is repeated, of one that fails nothing is believed"
read_ok()
{
	local word

	mkdir "$tree/fail"
	# EINTR
	echo 4 >"$tree/fail/read"
	fvl list --all --json
	succeeds
	[ ! -e "$tree/fail/read" ]
	value '.groups[0].devices[0].id' 8086:0d4c
	# EIO
	echo 5 >"$tree/fail/read"
	fvl list --all --json
	[ "$rc" = 1 ]
	[ ! -e "$tree/fail/read" ]
	value '.groups[0].devices[0].id' null
	[ "$(jq -r '.error | .object, .why' "$work/err")" = \
		"/sys/bus/pci/devices/0000:00:00.0/vendor
Input/output error" ]
}

hold hostile_names_ok "control characters and broken UTF-8 do not reach the terminal"
hostile_names_ok()
{
	printf 'ev\xc2\x9bil\n' >"$tree/proc/4242/comm"
	fv list --all
	succeeds
	grep -qF '4242 ev\xc2\x9bil' <<<"$out"
	[ -z "$(tr -d '\n -~\200-\377' <"$work/out")" ]
	grep -qF '4343 evil\x1b[31m\x0aname\xff' <<<"$out"
	grep -qF 'ev\x1b[31mil' <<<"$out"
	fv list --json
	value '.groups[] | select(.group == 26).devices[0].driver | explode | length' 9
}

hold domain_ok "a domain of five digits is read, and sorted last"
domain_ok()
{
	fv list --all --json
	value '[.groups[].devices[].bdf] | index("10000:01:00.0") != null' true
}

hold state_ok "the state of bound devices is there on demand, and for a program"
state_ok()
{
	local word

	printf '%s\n' "state 1" next "bdf 0000:07:00.0" "state 0" next "bdf 0000:07:00.1" "state 3" \
		"reason the link is down" | answer device-get
	for word in bdf port state reason profile; do
		printf '%s\n' next "bdf 0000:01:00.0" "state 2" "?$word"
	done >>"$tree/netlink/device-get"
	fvl list -o DEVICE,STATE
	[ "$(grep 07:00 <<<"$out" | xargs)" = \
		"└─0000:07:00.0 ready └─0000:07:00.1 lost: the link is down" ]
	fvl list --json
	value '[.groups[].devices[] | select(.state) | [.bdf, .state]]' \
		'[["0000:07:00.0","ready"],["0000:07:00.1","lost"]]'
	sed -i '/^state 0/d' "$tree/netlink/device-get"
	fvl list -o DEVICE,STATE
	[ "$(grep 07:00 <<<"$out" | xargs)" = "└─0000:07:00.0 └─0000:07:00.1 lost: the link is down" ]
	# an interrupted dump is repeated
	sed -i '1i then again' "$tree/netlink/device-get"
	printf '%s\n' "fail 4" >>"$tree/netlink/device-get"
	printf '%s\n' "bdf 0000:07:00.0" "state 4" >"$tree/netlink/again"
	fvl list --json
	value '[.groups[].devices[] | select(.state) | [.bdf, .state]]' '[["0000:07:00.0","changed"]]'
}

hold no_driver_ok "without the driver the list is what it is for the others"
no_driver_ok()
{
	rm -r "$tree/netlink"
	fvl list --json
	[ "$rc" = 0 ]
	value '[.groups[].devices[].state] | unique' '[null]'
}

hold columns_ok "-o takes columns in its order, in any case, and + adds to the default"
columns_ok()
{
	fv list -o driver,DEVICE
	[ "$(head -n 1 <<<"$out")" = "DRIVER        DEVICE" ]
	fv list -o +CLASS
	head -n 1 <<<"$out" | grep -q '^DEVICE .* CLASS$'
	fv list --json -o DEVICE,DRIVER
	value '.groups[0].devices[1]' '{"bdf":"0000:01:00.1","driver":"xdma"}'
}

hold silent_ok "a device that does not answer has the link of its port, and no nonsense"
silent_ok()
{
	echo 63 >"$tree/sys/bus/pci/devices/0000:06:00.1/max_link_width"
	fv list -o DEVICE,LINK
	grep -q '0000:06:00.1 2.5x1 of 16x16 !$' <<<"$out"
	# not active
	poke 0000:00:06.0 0x63 00
	fv list -o DEVICE,LINK
	grep -q '0000:06:00.1 down !$' <<<"$out"
	fv list --json
	value '[.groups[].devices[] | select(.bdf == "0000:06:00.1").link | [.device_max_width, .device_max_speed_mts, .degraded]]' '[[null,null,true]]'
}

hold fenced_ok "a card that is fenced is noted, with who had it fenced and how to end it"
fenced_ok()
{
	local word

	printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" "state 1" next \
		"bdf 0000:07:00.1" "port 0000:00:07.0" "state 1" | answer device-get
	printf '%s\n' "state 1" next "port 0000:00:07.0" next \
		"port 0000:00:08.0" "device 0000:08:00.0" "state 0" next \
		"port 0000:00:07.0" "device 0000:07:00.0" "device 0000:07:00.1" "state 1" \
		fence "pid 77" "comm fpgactl" "left-ms 2000" detached end | answer card-get
	for word in port device state reason; do
		printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.0" "state 1" "?$word" \
			fence "pid 78" end next
	done | cat - "$tree/netlink/card-get" >"$work/cards"
	answer card-get <"$work/cards"
	fvl list -o DEVICE,STATE,FENCED-BY
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: 0000:07:00.0: card is fenced by fpgactl (pid 77), 2 s left, detached; to end the fence: fpgactl recover 0000:07:00.0" ]
	grep -q '0000:07:00.1  *fenced  *fpgactl (pid 77), 2 s left, detached$' <<<"$out"
	fvl list --json
	[ -z "$err" ]
	value '[.groups[].devices[] | select(.fence) | [.bdf, .fence.user.pid]]' '[["0000:07:00.0",77],["0000:07:00.1",77]]'
}

hold old_override_ok "a driver_override with the driver's old name is noted, with what to do"
old_override_ok()
{
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.1/driver_override"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:06:00.0/driver_override"
	fv list
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: 0000:06:00.0: driver_override has the old name fpga-vfio-pci; to replace it: fpgactl bind 0000:06:00.0
fpgactl: 0000:07:00.1: driver_override has the old name fpga-vfio-pci; to replace it: fpgactl bind 0000:07:00.1" ]
	fv list --json
	[ -z "$err" ]
	# behind the table
	mixed list
	[[ ${out##*$'\n'} == "fpgactl: 0000:07:00.1: driver_override has the old name"* ]]
}

hold old_override_of_other_ok "with another driver, the note says how to keep that, or that the module is old"
old_override_of_other_ok()
{
	local drivers=$tree/sys/bus/pci/drivers

	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:02:00.0/driver_override"
	mv "$drivers/fpga_vfio_pci" "$drivers/fpga-vfio-pci"
	ln -sfn ../../../../bus/pci/drivers/fpga-vfio-pci \
		"$tree/sys/bus/pci/devices/0000:07:00.1/driver"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.1/driver_override"
	fv list
	[ "$err" = "fpgactl: 0000:02:00.0: driver_override has the old name fpga-vfio-pci; to clear it: fpgactl unbind --only 0000:02:00.0
fpgactl: 0000:07:00.1: driver_override has the old name fpga-vfio-pci; to load the new module: rmmod fpga_vfio_pci && modprobe fpga_vfio_pci" ]
	fv show 02:00.0
	grep -q '^Driver override:  *fpga-vfio-pci (old name of fpga_vfio_pci; to clear it: fpgactl unbind --only 0000:02:00.0)$' <<<"$out"
}

hold columns_refused "an unknown column is refused with the nearest and all others"
columns_refused()
{
	fv list -o DRIVERX
	refuses 2 "unknown column 'DRIVERX'"
	hints "Did you mean DRIVER? All columns: DEVICE,NAME,DRIVER,LINK,STATE,USER,PASSTHROUGH,GROUP,ID,CLASS,PORT,FENCED-BY"
	fv list -o drivrez
	refuses 2 "unknown column 'drivrez'"
	hints "Did you mean DRIVER? All columns: DEVICE,NAME,DRIVER,LINK,STATE,USER,PASSTHROUGH,GROUP,ID,CLASS,PORT,FENCED-BY"
	fv list -o frobnicate
	hints "All columns: DEVICE,NAME,DRIVER,LINK,STATE,USER,PASSTHROUGH,GROUP,ID,CLASS,PORT,FENCED-BY"
	fv list -o ""
	[ "$rc" = 2 ]
}

# crowd N: add N devices as 0000:07:00.1, each with its own group
crowd()
{
	local sys=$tree/sys dir bdf i

	dir=$(realpath "$sys/bus/pci/devices/0000:07:00.1")
	for ((i = 0; i < $1; i++)); do
		printf -v bdf '0000:%02x:%02x.0' $((32 + i / 32)) $((i % 32))
		cp -a "$dir" "${dir%/*}/$bdf"
		ln -sfn "../../../../kernel/iommu_groups/$((1000 + i))" "${dir%/*}/$bdf/iommu_group"
		ln -s "../../../devices/pci0000:00/0000:00:07.0/$bdf" "$sys/bus/pci/devices/$bdf"
	done
}

# calls COMMAND…: print how many system calls it makes
calls()
{
	# strace and the leak check cannot both trace it
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -o "$work/calls" "$@" \
		>"$work/out" 2>"$work/err"
	wc -l <"$work/calls"
}

# instructions COMMAND…: print how many it executes, those in the kernel not counted
instructions()
{
	valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$@" \
		>"$work/out" 2>"$work/err"
	sed -n 's/^==.* I *refs: *//p' "$work/err" | tr -d ,
}

hold many_devices_ok "254 devices cost less than two thirds of the system calls and instructions of lspci -vv"
many_devices_ok()
{
	local ours theirs dir

	crowd 254
	for dir in "$tree"/sys/bus/pci/devices/*/; do
		# without these, lspci ends early
		echo 0 >"$dir/irq"
		[ -e "$dir/resource" ] || printf '0x0 0x0 0x0\n%.0s' {0..6} >"$dir/resource"
	done
	ours=$(calls "$FPGACTL" --sysroot "$tree" list)
	[ "$(grep -c '0000:2[0-7]:' "$work/out")" = 254 ]
	# their port is read once
	[ "$(grep -c '0000:00:07.0/max_link_width"' "$work/calls")" = 1 ]
	theirs=$(calls lspci -O "sysfs.path=$tree/sys/bus/pci" -i "$tree/usr/share/misc/pci.ids" -vv)
	[ "$(grep -c '^0000:2[0-7]:' "$work/out")" = 254 ]
	echo "$ours, lspci $theirs"
	# the sanitizers add calls
	[[ $FPGACTL = *-san ]] || [ $((ours * 3)) -lt $((theirs * 2)) ]
	[[ $FPGACTL != *-san ]] || return 0
	ours=$(instructions "$FPGACTL" --sysroot "$tree" list)
	theirs=$(instructions lspci -O "sysfs.path=$tree/sys/bus/pci" -i "$tree/usr/share/misc/pci.ids" -vv)
	echo "$ours instructions, lspci $theirs"
	[ $((ours * 3)) -lt $((theirs * 2)) ]
}

hold narrow_ok "a table fits the terminal: names are cut, and end with a mark"
narrow_ok()
{
	local width

	LC_ALL=C.UTF-8
	NO_COLOR=1 on_terminal --sysroot "$tree" list --all
	[ "$(sed 's/CR$//' "$work/out" | LC_ALL=C.UTF-8 wc -L)" -le 80 ]
	for width in 80 100 120; do
		COLUMNS=$width fv list --all
		succeeds
		[ "$(LC_ALL=C.UTF-8 wc -L <"$work/out")" -le "$width" ]
	done
	LC_ALL=C.UTF-8 COLUMNS=65 fv list -o DEVICE,NAME,CLASS,DRIVER
	[ "$(LC_ALL=C.UTF-8 wc -L <"$work/out")" = 65 ]
	grep -q '0000:01:00.0 FPGA Card XRT Processing accelerat' <<<"$out"
	LC_ALL=C.UTF-8 grep -q '… *fpga_vfio_pci$' <<<"$out"
	LC_ALL=C COLUMNS=65 fv list -o DEVICE,NAME,CLASS,DRIVER
	grep -q '> *fpga_vfio_pci$' <<<"$out"
	# a file or a pipe has the whole
	fv list -o DEVICE,NAME,CLASS,DRIVER
	grep -q 'Processing accelerators *fpga_vfio_pci$' <<<"$out"
}

hold color_ok "states and links have colours on a terminal, or on request"
color_ok()
{
	local esc=$'\e'

	fv list -o DEVICE,LINK,STATE
	lacks "$esc" "$work/out"
	fv list --color=always -o DEVICE,LINK,STATE
	succeeds
	grep -q "group 1 .*$esc\[33mnot viable" <<<"$out"
	grep -q "0000:06:00.0 $esc\[33m2.5x1 of 16x8 !" <<<"$out"
	grep -q "0000:06:00.1 $esc\[31mdown !" <<<"$out"
	lacks "$esc\[[0-9]*mviable" "$work/out"
	# the columns stand where they stand without
	# shellcheck disable=SC2001 # a regex
	sed "s/$esc\[[0-9;]*m//g" <<<"$out" >"$work/plain"
	fv list -o DEVICE,LINK,STATE
	[ "$out" = "$(<"$work/plain")" ]
	TERM=xterm on_terminal --sysroot "$tree" list
	grep -q 'ESC\[33mnot viable' "$work/out"
	NO_COLOR=1 TERM=xterm on_terminal --sysroot "$tree" list
	lacks 'ESC\[' "$work/out"
	TERM=dumb on_terminal --sysroot "$tree" list
	lacks 'ESC\[' "$work/out"
	TERM=xterm on_terminal --sysroot "$tree" list --color never
	lacks 'ESC\[' "$work/out"
	fv list --color=red
	refuses 2 "list: invalid --color 'red'"
	hints "Expected auto, always or never."
}

hold cards_ok "with a card, the default is cards with the whole of their groups, and the rest in a line"
cards_ok()
{
	local all

	fv list -o DEVICE
	succeeds
	lacks nvme "$work/out"
	lacks 'group 12' "$work/out"
	grep -q '^14 other devices: fpgactl list --all$' <<<"$out"
	fv list --json
	all=$(jq '[.. | .bdf? // empty] | length' "$work/out")
	fv list --cards --json
	json "[.. | .bdf? // empty] | length == $all - 14"
	# a device that is bound is a card
	echo 0x8086 >"$tree/sys/bus/pci/devices/0000:07:00.0/vendor"
	fv list -o DEVICE
	grep -q '0000:07:00.0' <<<"$out"
	# no card: all devices
	rm "$tree"/sys/bus/pci/devices/*/driver
	for all in "$tree"/sys/bus/pci/devices/*; do
		echo 0x8086 >"$all/vendor"
	done
	fv list -o DEVICE
	grep -q 'group 12' <<<"$out"
	lacks other "$work/out"
	fv list --cards -o DEVICE
	[ "$out" = "21 other devices: fpgactl list --all" ]
	fv list --cards --all
	refuses 2 "list: --cards cannot be combined with --all"
	fv list --cards 1
	refuses 2 "list: --cards cannot be combined with an argument"
}

hold named_ok "devices and groups that are named are listed, and no others"
named_ok()
{
	fv list 02:00.0 16 -o DEVICE
	succeeds
	[ "$(sed 1d <<<"$out")" = "group 12
└─0000:02:00.0
group 16
└─0000:06:00.0" ]
	fv list 00:01.0 --json
	value '[.. | .bdf? // empty]' '["0000:00:01.0"]'
	fv list 4711
	refuses 3 "4711: list: no such IOMMU group"
	fv list 1:2:3:4
	refuses 2 "list: invalid PCI address '1:2:3:4'"
	fv list 0f:00.0
	refuses 3 "0000:0f:00.0: list: no such PCI device"
}

hold all_ones_ok "a function that reads as all-ones is named, and the one of the same card that responds"
all_ones_ok()
{
	local device=$tree/sys/bus/pci/devices/0000:06:00.1

	head -c 64 /dev/zero | tr '\0' '\377' >"$device/config"
	fv list -o DEVICE,STATE
	grep -q '0000:06:00.1 no response$' <<<"$out"
	grep -qF '0000:06:00.1: no response (config space reads as all-ones); 0000:06:00.0 of the same card responds; next: fpgactl rescan 0000:06:00.0' <<<"$err"
	# a card of the driver may be fenced, and is not read
	ln -s ../../../bus/pci/drivers/fpga_vfio_pci "$tree/sys/bus/pci/devices/0000:06:00.0/driver"
	fv list -o DEVICE,STATE
	lacks "no response" "$work/out"
	rm "$tree/sys/bus/pci/devices/0000:06:00.0/driver"
	# a read would wake a suspended one
	mkdir -p "$device/power"
	echo suspended >"$device/power/runtime_status"
	fv list -o DEVICE,STATE
	lacks "no response" "$work/out"
	lacks "no response" "$work/err"
	echo active >"$device/power/runtime_status"
	fv list -o DEVICE,STATE
	grep -q '0000:06:00.1 no response$' <<<"$out"
	# a VF has all-ones for its ids alone
	{
		head -c 4 /dev/zero | tr '\0' '\377'
		head -c 60 /dev/zero
	} >"$device/config"
	fv list -o DEVICE,STATE
	lacks "no response" "$work/out"
	lacks "no response" "$work/err"
}

hold region_ok "a group with a region that firmware uses is not viable"
region_ok()
{
	local regions=$tree/sys/kernel/iommu_groups/17/reserved_regions

	mkdir -p "${regions%/*}"
	printf '0x%016x 0x%016x %s\n' $((0xfee00000)) $((0xfeefffff)) msi \
		$((0xe8000000)) $((0xe80fffff)) direct-relaxable >"$regions"
	fv list --json
	json '.groups[] | select(.group == 17) | .viable and .blockers == []'
	printf '0x%016x 0x%016x direct\n' $((0xe8000000)) $((0xe80fffff)) >>"$regions"
	fv list --json
	value '.groups[] | select(.group == 17) | [.viable, .blockers]' \
		'[false,[{"code":"reserved-region","object":"0xe8000000-0xe80fffff","driver":null,"user":null}]]'
	fv list -o DEVICE,STATE
	grep -q '^group 17 *not viable$' <<<"$out"
	[ "$err" = "fpgactl: group 17: not viable: firmware uses the memory 0xe8000000-0xe80fffff (reserved region, type direct)" ]
	fv list --json
	value '.groups[] | select(.group == 1).blockers' \
		'[{"code":"driver","object":"0000:01:00.1","driver":"xdma","user":null}]'
}

hold no_iommu_ok "without any group, the hint is one for the CPU and the command line of this machine"
no_iommu_ok()
{
	local cpu words hint

	rm -f "$tree"/sys/bus/pci/devices/*/iommu_group
	while IFS='|' read -r cpu words hint; do
		echo "vendor_id : $cpu" >"$tree/proc/cpuinfo"
		echo "quiet $words" >"$tree/proc/cmdline"
		fv list
		[ "$rc" = 0 ]
		[ "$(grep '^fpgactl: iommu' <<<"$err")" = "fpgactl: iommu: no device has an IOMMU group, so none can be assigned to a VM
fpgactl: iommu: $hint" ]
		fv bind 01:00.0
		refuses 1 "0000:01:00.0: bind: has no IOMMU group, so it cannot be assigned to a VM"
		hints "$hint"
	done <<-'END'
		AuthenticAMD|amd_iommu=on|Enable the IOMMU (AMD-Vi) in firmware.
		AuthenticAMD|amd_iommu=off amd_iommu=on|Remove amd_iommu=off from the kernel command line: it switches the IOMMU off.
		AuthenticAMD|intel_iommu=off|Enable the IOMMU (AMD-Vi) in firmware.
		GenuineIntel||Enable VT-d in firmware, and add intel_iommu=on to the kernel command line.
		GenuineIntel|intel_iommu=off intel_iommu=on|Enable VT-d in firmware.
		GenuineIntel|intel_iommu=on,off|Remove intel_iommu=on,off from the kernel command line: it switches the IOMMU off.
		GenuineIntel|intel_iommu=on iommu=off|Remove iommu=off from the kernel command line: it switches the IOMMU off.
		GenuineIntel|iommu=off intel_iommu=on|Remove iommu=off from the kernel command line: it switches the IOMMU off.
		GenuineIntel|intel_iommu=on -- iommu=off|Enable VT-d in firmware.
		|vfio-pci-ids=10ee:9038 intel_iommu=on|Enable VT-d in firmware. vfio-pci-ids=10ee:9038 has no effect: the parameter is vfio-pci.ids=.
	END
}

hold empty_ok "a system without PCI devices has an empty list"
empty_ok()
{
	rm -r "$tree/sys/bus/pci/devices"
	mkdir "$tree/sys/bus/pci/devices"
	fv list --json
	succeeds
	value . '{"schema":1,"groups":[],"without_group":[],"users_complete":true}'
}

hold no_pci_refused "a system without a PCI bus is an error that names the path"
no_pci_refused()
{
	rm -r "$tree/sys/bus"
	fv list
	refuses 1 "$tree/sys/bus/pci/devices: cannot read PCI devices: No such file or directory"
}

both_locales
run_tests
