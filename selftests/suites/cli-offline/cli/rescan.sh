#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl rescan, with a simulated driver and kernel.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

port=sys/devices/pci0000:00/0000:00:07.0

# PCI Express 6.0, 6.6.1: no config access for 100 ms after link up
link_up_ms=100

# card STATE [LINK…]: set the reply for the card of 0000:07:00.0, without a user
card()
{
	{
		printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.0" "device 0000:07:00.1" \
			"state $1" link "max-speed 4" "max-width 8" "${@:2}" end
	} | answer card-get
	printf '%s\n' "bdf 0000:07:00.0" "state $1" stats "users 0" end | answer device-get
	echo | answer release
	rm -rf "$tree/proc/4242"
	clock 0 auto
}

changed()
{
	card 4 active "speed 4" "width 8"
}

# becomes BDF FILE VALUE…: define a device that the next rescan finds
becomes()
{
	local bdf=$1

	shift
	mkdir -p "$tree/coming"
	[ -d "$tree/coming/$bdf" ] || cp -a "$tree/$port/${bdf/07:00.2/07:00.1}" "$tree/coming/$bdf"
	rm -f "$tree/coming/$bdf/driver"
	echo "(null)" >"$tree/coming/$bdf/driver_override"
	while [ $# != 0 ]; do
		printf '%b\n' "$2" >"$tree/coming/$bdf/$1"
		shift 2
	done
}

hold rescan_ok "differences are a table; functions are bound to the driver again"
rescan_ok()
{
	changed
	printf '0x0 0x1ffffff 0x14220c\n' >"$tree/$port/0000:07:00.0/resource"
	becomes 0000:07:00.0 device 0x9039 revision 0x02 \
		resource '0x0 0x3ffffff 0x14220c\n0x0 0x0 0x0\n0x0 0xfff 0x40200'
	becomes 0000:07:00.1
	fvl rescan 07:00.0
	succeeds
	prints "DEVICE       WHAT     BEFORE                              AFTER
0000:07:00.0 ID       10ee:9038                           10ee:9039
0000:07:00.0 revision 01                                  02
0000:07:00.0 BAR0     32 MiB, 64-bit memory, prefetchable 64 MiB, 64-bit memory, prefetchable
0000:07:00.0 BAR2     absent                              4 KiB, 32-bit memory"
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
	[ "$(override_of 0000:07:00.0)" = fpga_vfio_pci ]
	[ "$(driver_of 0000:07:00.1)" = fpga_vfio_pci ]
	# no user for a request
	no_request
}

# nothing_below: take the card off the bus; a rescan finds it again
nothing_below()
{
	changed
	becomes 0000:07:00.0 device 0x9039
	rm "$tree"/sys/bus/pci/devices/0000:07:00.?
	rm -r "$tree/$port"/0000:07:00.?
}

hold port_ok "rescan of an empty port finds a new device"
port_ok()
{
	nothing_below
	remember
	fvl rescan --dry-run 00:07.0
	succeeds
	prints "0000:00:07.0: the bus below this port would be rescanned"
	unchanged
	fvl rescan 00:07.0
	succeeds
	grep -q '^0000:07:00.0 ' <<<"$out"
	[ -e "$tree/sys/bus/pci/devices/0000:07:00.0" ]
	[ -z "$(driver_of 0000:07:00.0)" ]
	fvl rescan 00:07.0
	refuses 1 "0000:00:07.0: rescan: is a bridge with 0000:07:00.0 below it, not an endpoint"
}

hold port_empty_refused "a port with nothing below it after the rescan, or without a bus, is an error"
port_empty_refused()
{
	nothing_below
	rm -r "$tree/coming"
	fvl rescan --json 00:07.0
	[ "$rc" = 6 ] && [ -z "$out" ]
	[ "$(jq -r '.error | [.object, .why, .hint] | join("|")' "$work/err")" = \
		"0000:00:07.0|no function found below 0000:00:07.0|Load an image, then: fpgactl rescan 0000:00:07.0" ]
	[ "$(jq -c '.error.before' "$work/err")" = "[]" ]
	rm -r "$tree/$port/pci_bus"
	fvl rescan 00:07.0
	refuses 1 "0000:00:07.0: rescan: has no bus below it"
}

hold same_ok "a card that is what it was is said to be"
same_ok()
{
	card 0 active
	remember
	fvl rescan 07:00.1
	succeeds
	prints "0000:07:00.1: card re-enumerated, no differences"
	unchanged
	clock_is "$link_up_ms auto"
}

hold other_cards_ok "no other card is touched"
other_cards_ok()
{
	changed
	remember
	fvl rescan 07:00.0
	succeeds
	unchanged
	[ "$(cd "$tree/removed" && ls)" = "" ]
}

hold gone_new_ok "functions that went and that are new are in the table; new ones come too"
gone_new_ok()
{
	changed
	becomes 0000:07:00.0
	becomes 0000:07:00.2 device 0x1234
	fvl rescan 07:00.0
	succeeds
	grep -q '^0000:07:00.1 ID  *10ee:9038  *absent$' <<<"$out"
	grep -q '^0000:07:00.2 ID  *absent  *10ee:1234$' <<<"$out"
	[ "$(driver_of 0000:07:00.2)" = fpga_vfio_pci ]
}

hold host_driver_ok "a driver of the host gives back functions of fpga_vfio_pci, and keeps new ones"
host_driver_ok()
{
	changed
	becomes 0000:07:00.0 device 0x9039
	becomes 0000:07:00.2
	echo xdma >"$tree/host/0000:07:00.0"
	echo xdma >"$tree/host/0000:07:00.2"
	fvl rescan 07:00.0
	[ "$rc" = 0 ]
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
	[ "$(driver_of 0000:07:00.2)" = xdma ]
	[ "$err" = "fpgactl: 0000:07:00.2: new function bound to driver xdma; to assign it to the VM, too: fpgactl bind --yes 0000:07:00.2" ]
}

hold mixed_ok "beside functions of other drivers, what is new is left to the host"
mixed_ok()
{
	changed
	rm "$tree/$port/0000:07:00.1/driver"
	becomes 0000:07:00.0
	becomes 0000:07:00.1
	becomes 0000:07:00.2
	rm "$tree/host/0000:07:00.1"
	fvl rescan 07:00.1
	succeeds
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
	[ "$(driver_of 0000:07:00.1)" = "" ]
	[ "$(driver_of 0000:07:00.2)" = "" ]
}

hold json_ok "a program reads all of what was and what is"
json_ok()
{
	changed
	becomes 0000:07:00.0 device 0x9039
	fvl rescan --json 07:00.0
	succeeds
	value '[.dry_run, .bdf, .port]' '[false,"0000:07:00.0","0000:00:07.0"]'
	value '.before | map([.bdf, .id])' '[["0000:07:00.0","10ee:9038"],["0000:07:00.1","10ee:9038"]]'
	value '.after | map([.bdf, .id, .driver])' '[["0000:07:00.0","10ee:9039","fpga_vfio_pci"]]'
	value '.after[0] | keys_unsorted' '["bdf","id","subsystem_id","class_code","revision","bars","link","driver"]'
}

hold dry_run_ok "--dry-run names the functions and their holders, without a request"
dry_run_ok()
{
	changed
	holder
	remember
	fvl rescan --dry-run 07:00.1
	[ "$rc" = 11 ]
	[ "$err" = "fpgactl: 0000:07:00.1: rescan: $held
Use --yes to confirm." ]
	fvl rescan --dry-run --json 07:00.1
	[ "$rc" = 11 ] && [ -z "$out" ]
	# a holder may comply
	fvl rescan --dry-run --yes 07:00.1
	succeeds
	prints "0000:07:00.1: functions to remove and re-enumerate below 0000:00:07.0:
DEVICE       DRIVER        USER
0000:07:00.0 fpga_vfio_pci qemu-system-x86 (pid 4242)
0000:07:00.1 fpga_vfio_pci unknown
Holders would be requested to release them, for at most 60 s; functions bound to
fpga_vfio_pci would be bound again."
	unchanged
	no_request
	fvl rescan --dry-run --json --yes 07:00.1
	value '[.dry_run, (.before | length), .after]' '[true,2,null]'
}

# holder: a VM holds 0000:07:00.0, and the driver counts a user
holder()
{
	mkdir -p "$tree/proc/4242/fd"
	echo qemu-system-x86 >"$tree/proc/4242/comm"
	ln -s /dev/vfio/17 "$tree/proc/4242/fd/3"
	printf '%s\n' "bdf 0000:07:00.0" "state 4" stats "users 1" end | answer device-get
}

held="0000:07:00.0 held by qemu-system-x86 (pid 4242), 0000:07:00.1 by a process not visible to the caller"

hold consent_refused "a function that a VM holds is removed only with --yes"
consent_refused()
{
	changed
	holder
	remember
	fvl rescan 07:00.1
	refuses 11 "0000:07:00.1: rescan: $held"
	hints "Use --yes to confirm, --dry-run to see the plan."
	fvl rescan --json 07:00.1
	[ "$rc" = 11 ] && [ -z "$out" ]
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}' \
		'{"code":"held","object":"0000:07:00.1","driver":"fpga_vfio_pci","user":null}'
	# with what another driver has
	with_driver xdma
	fvl rescan 07:00.0
	refuses 11 "0000:07:00.0: rescan: would unbind 0000:07:00.1 from xdma; held by qemu-system-x86 (pid 4242)"
	fvl rescan --json 07:00.0
	blocked_by '{"code":"driver","object":"0000:07:00.1","driver":"xdma","user":null}' \
		'{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}'
	with_driver fpga_vfio_pci
	clock_is "0 auto"
	unchanged
	# opened since the check: two functions, and the first again
	users 0 0 1
	fvl rescan 07:00.0
	refuses 11 "0000:07:00.0: rescan: ${held#* }"
	hints "It was opened meanwhile. Use --yes to confirm. Nothing was changed."
	clock_is "0 auto"
	unchanged
	no_request
}

# users N…: the numbers of users that the driver counts, one request after the other; the last one
# stays
users()
{
	local next=device-get

	while [ $# != 0 ]; do
		{
			[ $# = 1 ] || echo "then users$#"
			printf '%s\n' "bdf 0000:07:00.0" "state 4" stats "users $1" end
		} | answer "$next"
		next=users$#
		shift
	done
}

other_user_comes()
{
	mv "$tree/proc/4242" "$tree/proc/5151"
}

is_fenced()
{
	sed -i 's/^state 4/state 1/' "$tree/netlink/card-get"
}

hold question_ok "on a terminal there is a question instead of a refusal"
question_ok()
{
	local meanwhile=

	changed
	holder
	remember
	answered n rescan 07:00.1
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.1: $held. Go on? [y/N] " "$work/out"
	answered y rescan --json 07:00.1
	[ "$rc" = 11 ]
	lacks 'Go on' "$work/out"
	meanwhile=other_user_comes
	answered y rescan 07:00.1
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.1: 0000:07:00.0 held by qemu-system-x86 (pid 5151). Go on? [y/N] " "$work/out"
	mv "$tree/proc/5151" "$tree/proc/4242"
	# the checks are repeated after the answer, before a holder gets a request
	meanwhile=is_fenced
	answered y rescan 07:00.1
	[ "$rc" = 4 ]
	grep -qF "rescan: card is fenced" "$work/out"
	no_request
	clock_is "0 auto"
	changed
	holder
	meanwhile=
	answered y rescan -t 3 07:00.1
	[ "$rc" = 4 ]
	grep -qF "rescan: still held by qemu-system-x86 (pid 4242) after 3 s" "$work/out"
	clock_is "3000 auto"
	unchanged
	# drivers of the host
	remove_holder
	with_driver xdma
	answered n rescan 07:00.1
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.1: would unbind 0000:07:00.1 from xdma. Go on? [y/N] " "$work/out"
	answered y rescan 07:00.1
	[ "$rc" = 0 ]
}

remove_holder()
{
	rm -r "$tree/proc/4242"
	users 0
}

# releases N: check that the driver got N requests for 0000:07:00.0
releases()
{
	[ "$(grep -c '^release bdf=0000:07:00.0 $' "$tree/netlink/log")" = "$1" ]
}

# while_held ANSWERS: have rescan wait for the VM
while_held()
{
	rm -f "$work/clock"*
	changed
	holder
	: >"$tree/netlink/log"
	clock 0
	begin answered "$1" rescan 07:00.0
	wait_for 200
}

hold other_vm_refused "a VM that comes while another is waited for gets no request without an answer"
other_vm_refused()
{
	remember
	while_held $'y\nn'
	opens 5151 18
	clock 10000
	end_of "$begun"
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.0: 0000:07:00.1 held by qemu-system-x86 (pid 5151). Go on? [y/N] " "$work/out"
	grep -qF "It was opened meanwhile. Use --yes to confirm. Nothing was changed." "$work/out"
	releases 1
	rm -r "$tree/proc/5151"
	# the same function
	while_held $'y\nn'
	other_user_comes
	clock 10000
	end_of "$begun"
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.0: held by qemu-system-x86 (pid 5151). Go on? [y/N] " "$work/out"
	releases 1
	rm -r "$tree/proc/5151"
	unchanged
}

hold other_vm_ok "with an answer about each, both get a request; one that is about to end needs no other"
other_vm_ok()
{
	while_held $'y\ny'
	other_user_comes
	clock 10000
	wait_for 10200
	releases 2
	# its files are closed, and the driver is not done with that
	rm -r "$tree/proc/5151"
	clock 10200
	wait_for 10400
	users 0
	clock 10400 auto
	end_of "$begun"
	[ "$rc" = 0 ]
	[ "$(grep -o 'Go on' "$work/out" | wc -l)" = 2 ]
}

hold held_refused "a holder that stays gets one request and is named, and nothing is changed"
held_refused()
{
	changed
	holder
	remember
	fvl rescan --yes -t 9900ms 07:00.0
	refuses 4 "0000:07:00.0: rescan: still held by qemu-system-x86 (pid 4242) after 10 s"
	hints "Nothing was changed. The holder was requested to release the device: unplug it from"
	clock_is "10000 auto"
	unchanged
	fvl rescan --yes --json -t 0 07:00.0
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}'
	[ "$(grep -c '^release bdf=0000:07:00.0 $' "$tree/netlink/log")" = 1 ]
	fvl rescan --yes -t 0 07:00.0
	[ "$rc" = 4 ]
	clock_is "10000 auto"
	# repeated every 10 s
	: >"$tree/netlink/log"
	clock 0 auto
	fvl rescan --yes 07:00.0
	refuses 4 "0000:07:00.0: rescan: still held by qemu-system-x86 (pid 4242) after 60 s"
	clock_is "60000 auto"
	[ "$(grep -c '^release bdf=0000:07:00.0 $' "$tree/netlink/log")" = 6 ]
	unchanged
}

hold released_ok "on a terminal the wait is shown; when the VM releases the device, it goes on"
released_ok()
{
	local pid

	changed
	holder
	becomes 0000:07:00.0 device 0x9039
	becomes 0000:07:00.1
	clock 0
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL script -qefc "$FPGACTL rescan --yes -t 20 07:00.0" \
		"$work/typescript" </dev/null >/dev/null &
	pid=$!
	wait_until grep -qs 'held by qemu-system-x86 (pid 4242), waiting 0 s of 20 s' \
		"$work/typescript"
	wait_for 200
	clock 7000
	wait_until grep -qs 'held by qemu-system-x86 (pid 4242), waiting 7 s of 20 s' \
		"$work/typescript"
	wait_for 7200
	[ -e "$tree/$port/0000:07:00.0" ]
	rm -r "$tree/proc/4242"
	printf '%s\n' "bdf 0000:07:00.0" "state 4" stats "users 0" end | answer device-get
	clock 7200
	wait_for $((7200 + link_up_ms))
	clock $((7200 + link_up_ms))
	end_of "$pid"
	cat "$work/typescript"
	[ "$rc" = 0 ]
	[ "$(cat "$tree/$port/0000:07:00.0/device")" = 0x9039 ]
}

hold late_refused "a holder that came in between is told, and what the kernel will do"
late_refused()
{
	local pid

	changed
	mkdir "$tree/held"
	: >"$tree/held/0000:07:00.0"
	# three times for each function, and for the policy; then there is a user
	users 0 0 0 0 0 0 0 1
	clock 0
	begin fvl rescan -t 20 07:00.0
	wait_for 200
	clock 19900
	wait_for 20100
	clock 20100
	finish
	[ "$rc" = 4 ]
	grep -q '^fpgactl: 0000:07:00.0: rescan: not finished after 20 s$' <<<"$err"
	pid=$(sed -n 's/.*process \([0-9]*\) completes the rescan.*/\1/p' <<<"$err")
	kill -TERM "$pid"
	kill -HUP "$pid"
	rm "$tree/held/0000:07:00.0"
	wait_for $((20100 + link_up_ms))
	clock $((20100 + link_up_ms))
	wait_until is_back
}

is_back()
{
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ] && [ ! -e "$tree/removed/0000:07:00.0" ]
}

# on_screen TEXT: wait until rescan shows it on a terminal
on_screen()
{
	wait_until grep -qsF "$1" "$work/screen"
}

hold work_ok "on a terminal it is shown what is done where nothing is waited for, and for how long"
work_ok()
{
	changed
	mkdir "$tree/held"
	: >"$tree/held/0000:07:00.0"
	clock 0
	on_terminal rescan 07:00.0 &
	begun=$!
	wait_for 200
	clock 200
	on_screen '0000:07:00.0: re-enumerating the card, 0 s'
	wait_for 400
	clock 70000
	on_screen '0000:07:00.0: re-enumerating the card, 70 s'
	rm "$tree/held/0000:07:00.0"
	wait_for $((70000 + link_up_ms))
	clock $((70000 + link_up_ms))
	end_of "$begun"
	[ "$rc" = 0 ]
	# the progress line is erased
	grep -qF 're-enumerating the card, 70 sCRESC[K0000:07:00.0: card re-enumerated' "$work/out"
}

hold grace_refused "a kernel that is at work gets two minutes more than the card may take to load"
grace_refused()
{
	changed
	printf '%s\n' "bdf 0000:07:00.0" "state 4" stats "users 0" end policy \
		"load-limit-ms 30000" end | answer device-get
	mkdir "$tree/held"
	: >"$tree/held/0000:07:00.0"
	clock 0
	begin fvl rescan -t 1 07:00.0
	wait_for 200
	clock 149900
	wait_for 150100
	clock 150100
	finish
	refuses 4 "0000:07:00.0: rescan: not finished after 150 s"
	rm "$tree/held/0000:07:00.0"
	wait_for $((150100 + link_up_ms))
	clock $((150100 + link_up_ms))
	wait_until is_back
}

# interrupted SIGNAL: check that it ends the wait alone
interrupted()
{
	local pid stat

	changed
	mkdir "$tree/held"
	: >"$tree/held/0000:07:00.0"
	clock 0
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL env --default-signal=INT "$FPGACTL" rescan 07:00.0 \
		>"$work/out" 2>"$work/err" <"$FAKE_CLOCK" &
	begun=$!
	wait_for 200
	clock 3000
	wait_for 3200
	kill "-$1" "$begun"
	clock 3200
	finish
	refuses $((128 + $(kill -l "$1"))) "0000:07:00.0: rescan: not finished after 3 s"
	# the process in the background has neither the session nor the files of its parent
	pid=$(sed -n 's/.*process \([0-9]*\) completes the rescan.*/\1/p' <<<"$err")
	read -r stat <"/proc/$pid/stat"
	[ "$(cut -d ' ' -f 4 <<<"${stat##*) }")" = "$pid" ]
	[ "$(readlink "/proc/$pid/fd"/[012] | xargs)" = "/dev/null /dev/null /dev/null" ]
	rm "$tree/held/0000:07:00.0"
	wait_for $((3200 + link_up_ms))
	clock $((3200 + link_up_ms))
	wait_until is_back
}

hold interrupted_refused "a signal ends the wait, and the kernel goes on"
interrupted_refused() { interrupted TERM; }

hold ctrl_c_refused "so does Ctrl-C"
ctrl_c_refused() { interrupted INT; }

hold link_awaited_ok "a link that the fence kept down is waited for, as long as the card may take"
link_awaited_ok()
{
	changed
	# Link Status: not active
	poke 0000:00:07.0 0x62 00 00
	clock 0
	begin fvl rescan 07:00.0
	wait_for 10
	clock 59990
	wait_for 60000
	[ -e "$tree/removed/0000:07:00.0" ]
	poke 0000:00:07.0 0x62 84 20
	clock 60000
	wait_for $((60000 + link_up_ms))
	clock $((60000 + link_up_ms))
	finish
	succeeds
	# without a link, one rescan is tried all the same
	poke 0000:00:07.0 0x62 00 00
	: >"$FAKE_CLOCK.waits"
	clock 0 auto
	mkdir "$tree/coming"
	fvl rescan 07:00.0
	[ "$rc" = 6 ]
	clock_is "$((60000 + link_up_ms)) auto"
}

hold port_without_bus_ok "a port without its bus in sysfs is rescanned itself"
port_without_bus_ok()
{
	changed
	rm -r "$tree/$port/pci_bus"
	: >"$tree/$port/rescan"
	fvl rescan 07:00.0
	succeeds
	[ "$(driver_of 0000:07:00.1)" = fpga_vfio_pci ]
}

hold coming_late_ok "a card that takes a while is rescanned again"
coming_late_ok()
{
	changed
	echo 2 >"$tree/late"
	fvl rescan 07:00.0
	succeeds
	# every 2 s
	clock_is "$((link_up_ms + 4000)) auto"
	[ "$(cat "$tree/late")" = 0 ]
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
}

hold nothing_refused "when nothing is found the exit code is 6, and the old device is named"
nothing_refused()
{
	changed
	printf '%s\n' "bdf 0000:07:00.0" "state 4" stats "users 0" end policy \
		"load-limit-ms 5000" end | answer device-get
	mkdir "$tree/coming"
	fvl rescan 07:00.0
	[ "$rc" = 6 ]
	clock_is "$((link_up_ms + 6000)) auto"
	[ "$(head -n 1 <<<"$err")" = "fpgactl: 0000:07:00.0: rescan: no function found below 0000:00:07.0" ]
	hints "The functions of the card were removed. Load an image, then:"
	grep -q '^0000:07:00.0 ID  *10ee:9038  *absent$' <<<"$out"
	fvl rescan 07:00.0
	refuses 3 "0000:07:00.0: rescan: no such PCI device"
}

hold remove_refused "a function that the kernel does not remove is told"
remove_refused()
{
	changed
	mkdir "$tree/fail"
	echo 5 >"$tree/fail/remove.0000:07:00.1"
	remember
	fvl rescan 07:00.0
	refuses 1 "0000:07:00.0: rescan: cannot remove 0000:07:00.1: Input/output error"
	hints "See the kernel log for details."
	unchanged
	# function 0 goes last
	mv "$tree/fail/remove.0000:07:00.1" "$tree/fail/remove.0000:07:00.0"
	fvl rescan 07:00.0
	[ "$rc" = 1 ]
	[ "${err%%$'\n'*}" = "fpgactl: 0000:07:00.0: rescan: cannot remove 0000:07:00.0: Input/output error" ]
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
	[ -e "$tree/removed/0000:07:00.1" ]
	mv "$tree/removed/0000:07:00.1" "$tree/$port/"
	ln -s "../../../devices/pci0000:00/0000:00:07.0/0000:07:00.1" "$tree/sys/bus/pci/devices/"
	rm "$tree/fail/remove.0000:07:00.0"
	echo 5 >"$tree/fail/rescan"
	fvl rescan --json 07:00.0
	[ "$rc" = 1 ]
	[ -z "$out" ]
	[ "$(jq -rc '.error | [.why, (.before | length), .after]' "$work/err")" = \
		'["cannot rescan the bus below 0000:00:07.0: Input/output error",2,[]]' ]
}

hold gone_together_ok "a function that goes with another one, or has gone, is no error"
gone_together_ok()
{
	changed
	mkdir "$tree/with"
	echo 0000:07:00.0 >"$tree/with/0000:07:00.1"
	becomes 0000:07:00.0
	becomes 0000:07:00.1
	fvl rescan 07:00.0
	succeeds
	[ -e "$tree/removed/0000:07:00.0" ]
	[ -e "$tree/removed/0000:07:00.1" ]
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
}

hold ignored_refused "a function that stays, without an error of the kernel, is told"
ignored_refused()
{
	changed
	mkdir -p "$tree/ignore"
	: >"$tree/ignore/0000:07:00.1"
	fvl rescan 07:00.0
	[ "$rc" = 1 ]
	[[ $err == "fpgactl: 0000:07:00.0: rescan: cannot remove 0000:07:00.1"* ]]
	[ ! -e "$tree/removed" ]
}

hold bind_refused "a function that the driver does not take again is told, the others are bound"
bind_refused()
{
	changed
	mkdir "$tree/fail"
	echo 22 >"$tree/fail/fpga_vfio_pci.0000:07:00.0"
	fvl rescan 07:00.0
	[ "$rc" = 1 ]
	[ "$(head -n 1 <<<"$err")" = "fpgactl: 0000:07:00.0: rescan: 0000:07:00.0 was found again, but cannot bind to fpga_vfio_pci: Invalid argument" ]
	grep -q '^0000:07:00.0 driver  *fpga_vfio_pci  *none$' <<<"$out"
	[ "$(driver_of 0000:07:00.1)" = fpga_vfio_pci ]
	hints "To retry: fpgactl bind --yes 0000:07:00.0"
}

hold bind_all_refused "of several functions that the driver does not take the first is told, below the table"
bind_all_refused()
{
	changed
	mkdir "$tree/fail"
	echo 22 >"$tree/fail/fpga_vfio_pci.0000:07:00.0"
	echo 5 >"$tree/fail/fpga_vfio_pci.0000:07:00.1"
	mixed rescan 07:00.0
	[ "$rc" = 1 ]
	[ "$(awk '{ print $1, $2, $3, $4 }' <<<"$out")" = "DEVICE WHAT BEFORE AFTER
0000:07:00.0 driver fpga_vfio_pci none
0000:07:00.1 driver fpga_vfio_pci none
fpgactl: 0000:07:00.0: rescan: 0000:07:00.0
To retry: fpgactl bind" ]
}

hold fenced_refused "a card that is fenced or being recovered is refused"
fenced_refused()
{
	card 1 active
	printf '%s\n' fence "pid 77" "comm fpgactl" "left-ms 2000" end >>"$tree/netlink/card-get"
	remember
	fvl rescan 07:00.0
	refuses 4 "0000:07:00.0: rescan: card is fenced by fpgactl (pid 77), 2 s left"
	hints "Nothing was changed. Recover it first: fpgactl recover 0000:07:00.0"
	fvl rescan --json 07:00.0
	blocked_by '{"code":"fenced","object":"0000:00:07.0","driver":null,"user":{"pid":77,"command":"fpgactl"}}'
	card 1 active
	fvl rescan 07:00.0
	refuses 4 "0000:07:00.0: rescan: card is fenced"
	card 2 active
	fvl rescan 07:00.0
	refuses 4 "0000:07:00.0: rescan: card is recovering"
	hints "Nothing was changed. Try again when the recovery has finished."
	fvl rescan --json 07:00.0
	blocked_by '{"code":"busy","object":"0000:00:07.0","driver":null,"user":null}'
	unchanged
}

hold down_refused "while the link is down nothing is removed, as nothing would be found"
down_refused()
{
	card 5
	remember
	fvl rescan 07:00.0
	refuses 6 "0000:07:00.0: rescan: link is down, so no function would be found"
	unchanged
	card 5 disabled
	fvl rescan 07:00.0
	succeeds
}

hold others_refused "functions of other drivers are taken when that was agreed to, or never"
others_refused()
{
	remember
	fvl rescan 01:00.0
	refuses 11 "0000:01:00.0: rescan: would unbind 0000:01:00.1 from xdma"
	fvl rescan --yes 02:00.0
	[ "$rc" = 4 ]
	grep -q "^fpgactl: 0000:02:00.0: rescan: cannot remove 0000:02:00.0: " <<<"$err"
	fvl rescan --yes 08:00.1
	refuses 4 "0000:08:00.1: rescan: cannot remove 0000:08:00.0: held by evil\\x1b[31m\\x0aname\\xff (pid 4343)"
	fvl rescan --json 01:00.0
	blocked_by '{"code":"driver","object":"0000:01:00.1","driver":"xdma","user":null}'
	fvl rescan --json --yes 02:00.0
	blocked_by '{"code":"host-use","object":"0000:02:00.0","driver":"nvme","user":null}'
	fvl rescan --json --yes 08:00.1
	[ "$(jq -c '.error.blockers | map([.code, .object, .user.pid])' <<<"$err")" = '[["held","0000:08:00.0",4343]]' ]
	unchanged
	# --dry-run does not open a disk to see whether it is claimed
	mkdir "$tree/claimed"
	: >"$tree/claimed/nvme4n1p1"
	fvl rescan --yes 0c:00.0
	refuses 4 "0000:0c:00.0: rescan: cannot remove 0000:0c:00.0: nvme4n1p1 is in use"
	fvl rescan --dry-run --yes 0c:00.0
	succeeds
	fvl rescan --dry-run 0c:00.0
	[ "$rc" = 11 ]
	[ "$(wc -l <<<"$out")" = 3 ]
	[ "$err" = "fpgactl: 0000:0c:00.0: rescan: would unbind 0000:0c:00.0 from nvme
Use --yes to confirm." ]
	fvl rescan --dry-run --json 0c:00.0
	[ "$rc" = 11 ] && [ -z "$out" ]
	unchanged
	clock 0 auto
	fvl rescan --yes 01:00.0
	succeeds
	unchanged
}

hold vfs_refused "nor is a bound function with virtual functions removed"
vfs_refused()
{
	changed
	echo 2 >"$tree/$port/0000:07:00.1/sriov_numvfs"
	remember
	fvl rescan --yes 07:00.0
	refuses 4 "0000:07:00.0: rescan: cannot remove 0000:07:00.1: 2 virtual functions enabled"
	unchanged
}

# while_waiting COMMAND…: run it while $run waits for the VM, which then releases the device
while_waiting()
{
	rm -f "$work/clock"*
	changed
	holder
	clock 0
	begin "${run[@]}" 07:00.0
	wait_for 200
	"$@"
	remember
	rm -r "$tree/proc/4242"
	printf '%s\n' "bdf 0000:07:00.0" "state 4" stats "users 0" end | answer device-get
	clock 200 auto
	finish
	unchanged
}

# with_driver xdma: bind 0000:07:00.1 to it
with_driver()
{
	ln -sfn "../../../bus/pci/drivers/$1" "$tree/sys/bus/pci/devices/0000:07:00.1/driver"
}

hold meanwhile_refused "changes while it waited for a VM are read, too"
meanwhile_refused()
{
	local run=(fvl rescan --yes)

	while_waiting tee "$tree/$port/0000:07:00.1/sriov_numvfs" <<<2
	refuses 4 "0000:07:00.0: rescan: cannot remove 0000:07:00.1: 2 virtual functions enabled"
	echo 0 >"$tree/$port/0000:07:00.1/sriov_numvfs"
	while_waiting sed -i 's/^state 4/state 1/' "$tree/netlink/card-get"
	refuses 4 "0000:07:00.0: rescan: card is fenced"
	# the driver's own work after the VM
	while_waiting sed -i 's/^state 4/state 2/; /active/d' "$tree/netlink/card-get"
	succeeds
	# an answer was about the VM alone
	run=(answered y rescan)
	while_waiting with_driver xdma
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.0: rescan: would unbind 0000:07:00.1 from xdma" "$work/out"
	# or about both
	echo >"$tree/$port/0000:07:00.1/driver_override"
	while_waiting true
	[ "$rc" = 0 ]
	grep -qF "0000:07:00.0: would unbind 0000:07:00.1 from xdma; held by qemu-system-x86 (pid 4242). Go on? [y/N]" "$work/out"
}

# before_wait COMMAND…: run it while a rescan without a holder reads the policy, after it has looked for
# holders of both functions
before_wait()
{
	users 0 0 0
	sed -i '1i wait block' "$tree/netlink/users2"
	: >"$tree/netlink/block"
	: >"$tree/netlink/log"
	begin "${run[@]}" 07:00.0
	wait_until reads_policy
	"$@"
	rm "$tree/netlink/block"
	finish
}

reads_policy()
{
	[ "$(grep -c '^device-get ' "$tree/netlink/log")" = 3 ]
}

hold opened_late_refused "an answer about another driver is none about a VM that comes later"
opened_late_refused()
{
	changed
	with_driver xdma
	remember
	# after the question, the answer, and the policy
	users 0 0 0 1
	answered y rescan -t 3 07:00.0
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.0: would unbind 0000:07:00.1 from xdma. Go on? [y/N] " "$work/out"
	grep -qF "0000:07:00.0: rescan: held by a process not visible to the caller" "$work/out"
	grep -qF "It was opened meanwhile. Use --yes to confirm." "$work/out"
	no_request
	clock_is "0 auto"
	unchanged
}

hold taken_late_refused "a driver that came after the check of consent is told to programs, too"
taken_late_refused()
{
	local run=(fvl rescan --json)

	changed
	before_wait with_driver xdma
	[ "$rc" = 11 ]
	blocked_by '{"code":"driver","object":"0000:07:00.1","driver":"xdma","user":null}'
}

hold properties_ok "all that identifies a function is compared"
properties_ok()
{
	changed
	becomes 0000:07:00.0 class 0x058000 subsystem_device 0x0008 current_link_speed '8.0 GT/s PCIe' \
		current_link_width 4 max_link_speed '8.0 GT/s PCIe' max_link_width 4
	becomes 0000:07:00.1
	fvl rescan 07:00.0
	succeeds
	[ "$(sed 1d <<<"$out" | tr -s ' ')" = "0000:07:00.0 subsystem ID 10ee:0007 10ee:0008
0000:07:00.0 class 120000 058000
0000:07:00.0 link 8 GT/s x4 / 8 GT/s x4" ]
}

hold own_bridge_ok "a bridge on the card comes and goes with it, without consent"
own_bridge_ok()
{
	local bridge=$tree/$port/0000:07:00.1

	changed
	echo 0x060400 >"$bridge/class"
	ln -sfn ../../../../bus/pci/drivers/pcieport "$bridge/driver"
	clock 0 auto
	fvl rescan 07:00.0
	succeeds
	# what is behind it goes with it
	ln -sfn ../../../../bus/pci/drivers/pcieport "$bridge/driver"
	cp -a "$tree/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.1" "$bridge/0000:20:00.0"
	ln -sfn ../../../../../bus/pci/drivers/xdma "$bridge/0000:20:00.0/driver"
	ln -s "../../../devices/pci0000:00/0000:00:07.0/0000:07:00.1/0000:20:00.0" \
		"$tree/sys/bus/pci/devices/0000:20:00.0"
	fvl rescan 07:00.0
	refuses 11 "0000:07:00.0: rescan: would unbind 0000:20:00.0 from xdma"
	fvl rescan --dry-run 07:00.0
	grep -q '^0000:20:00.0  *xdma ' <<<"$out"
}

hold unbound_ok "a card without a driver needs neither module nor agreement"
unbound_ok()
{
	rm -r "$tree/netlink"
	clock 0 auto
	fvl rescan 05:00.0
	succeeds
	prints "0000:05:00.0: card re-enumerated, no differences"
}

hold bad_device_refused "no such device, a bridge, no port, a recorded system: each refused"
bad_device_refused()
{
	fvl rescan ee:00.0
	refuses 3 "0000:ee:00.0: rescan: no such PCI device"
	fvl rescan 00:07.0
	refuses 1 "0000:00:07.0: rescan: is a bridge with 0000:07:00.0 below it, not an endpoint"
	hints "To re-enumerate the card below it: fpgactl rescan 0000:07:00.0"
	fv rescan 07:00.0
	refuses 1 "0000:07:00.0: rescan: needs the live system; drop --sysroot"
	cp -a "$tree/$port/0000:07:00.1" "$tree/sys/devices/pci0000:00/0000:00:1f.0"
	ln -s ../../../devices/pci0000:00/0000:00:1f.0 "$tree/sys/bus/pci/devices/0000:00:1f.0"
	fvl rescan 00:1f.0
	refuses 1 "0000:00:1f.0: rescan: has no upstream port to rescan"
	fvl rescan -t x 07:00.0
	refuses 2 "rescan: invalid --timeout 'x': not a time up to 24h"
	fvl rescan -t 86401 07:00.0
	refuses 2 "rescan: invalid --timeout '86401': not a time up to 24h"
	fvl rescan -t 24h -o NOSUCH 07:00.0
	refuses 2 "unknown column 'NOSUCH'"
	fvl rescan --json -o DEVICE 07:00.0
	[ "$rc" = 2 ]
	fvl rescan -o NOSUCH 07:00.0
	refuses 2 "unknown column 'NOSUCH'"
}

hold rights_refused "without the right to remove a function nothing is changed"
rights_refused()
{
	changed
	remember
	as_nobody fvl rescan 07:00.0
	refuses 12 "0000:07:00.0: rescan: needs root"
	hints "Run it as root. Nothing was changed."
	rm "$tree/$port/0000:07:00.0/remove"
	fvl rescan 07:00.0
	refuses 1 "0000:07:00.0: rescan: No such file or directory"
	hints "Nothing was changed."
	unchanged
}

hold no_process_refused "without a process for the work nothing is changed"
no_process_refused()
{
	changed
	mkdir "$tree/fail"
	remember
	echo 24 >"$tree/fail/pipe2"
	fvl rescan 07:00.0
	refuses_to_remove
	rm "$tree/fail/pipe2"
	echo 11 >"$tree/fail/fork"
	fvl rescan 07:00.0
	refuses_to_remove
	unchanged
}

refuses_to_remove()
{
	refuses 1 "0000:07:00.0: rescan: cannot remove 0000:07:00.0: No child processes"
}

hold no_module_refused "a driver that went away is said to be, with exit code 10"
no_module_refused()
{
	rm -r "$tree/netlink" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	fvl rescan 07:00.0
	refuses 10 "0000:07:00.0: rescan: module is not loaded"
}

run_tests
