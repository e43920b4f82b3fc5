#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl unbind on a recorded system, with and without a simulated kernel behind its files.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

hold host_driver_ok "a device goes back to the host's driver, without an override"
host_driver_ok()
{
	fvk unbind 07:00.1
	succeeds
	prints "0000:07:00.1: given back to xdma"
	[ "$(driver_of 0000:07:00.1)" = xdma ]
	[ "$(override_of 0000:07:00.1)" = "" ]
}

hold round_trip_ok "bind and unbind leave a group unchanged"
round_trip_ok()
{
	remember
	fvk bind --yes 01:00.0
	fvk unbind 01:00.0
	succeeds
	prints "0000:01:00.0: given back, without a driver: no loaded driver matches
0000:01:00.1: given back to xdma"
	unchanged
}

hold only_ok "--only gives back what is named"
only_ok()
{
	fvk bind --yes 01:00.0
	fvk unbind --only 01:00.1
	succeeds
	[ "$(driver_of 0000:01:00.0)" = fpga_vfio_pci ]
	[ "$(driver_of 0000:01:00.1)" = xdma ]
}

hold driver_ok "--driver gives it to that driver"
driver_ok()
{
	fvk unbind --driver vfio-pci 07:00.1
	succeeds
	prints "0000:07:00.1: given back to vfio-pci"
	[ "$(driver_of 0000:07:00.1)" = vfio-pci ]
	[ "$(override_of 0000:07:00.1)" = "" ]
}

hold driver_refused "a driver that is not there is refused, with exit code 3"
driver_refused()
{
	remember
	fvk unbind --driver nosuch 07:00.1
	refuses 3 "nosuch: unbind --driver: no such PCI driver"
	local word

	for word in ../x .. x/y ""; do
		fvk unbind --driver "$word" 07:00.1
		refuses 2 "unbind: invalid --driver '$word': not a driver name"
	done
	# also where only driver_override would change
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.1/driver_override"
	remember
	for word in fpga_vfio_pci fpga-vfio-pci; do
		fvk unbind --driver "$word" 07:00.1
		refuses 2 "unbind: invalid --driver '$word': not a driver of the host"
		hints "To bind devices to it: fpgactl bind BDF..."
	done
	fvk unbind --driver xdma --none 07:00.1
	refuses 2 "unbind: --driver cannot be combined with --none"
	unchanged
}

hold driver_fails_ok "a driver that does not take it leaves it with fpga_vfio_pci"
driver_fails_ok()
{
	mkdir "$tree/fail"
	echo 22 >"$tree/fail/vfio-pci.0000:07:00.1"
	remember
	fvk unbind --driver vfio-pci 07:00.1
	refuses 1 "0000:07:00.1: unbind: cannot bind to vfio-pci: Invalid argument"
	unchanged
}

hold probe_fails_refused "a probe that the kernel refuses is told"
probe_fails_refused()
{
	mkdir "$tree/fail"
	echo 5 >"$tree/fail/probe.0000:07:00.1"
	fvk unbind 07:00.1
	refuses 1 "0000:07:00.1: unbind: cannot probe host drivers: Input/output error"
	hints "No other device was changed."
}

hold second_fails_refused "when a later member cannot be given back, those before it are named"
second_fails_refused()
{
	fvk bind --yes 01:00.0
	mkdir "$tree/fail"
	echo 22 >"$tree/fail/vfio-pci.0000:01:00.1"
	fvk unbind --driver vfio-pci 01:00.0
	refuses 1 "0000:01:00.1: unbind: cannot bind to vfio-pci: Invalid argument"
	hints "Already given back: 0000:01:00.0"
	[ "$(driver_of 0000:01:00.0)" = vfio-pci ]
	[ "$(driver_of 0000:01:00.1)" = fpga_vfio_pci ]
}

hold none_ok "--none leaves it without a driver"
none_ok()
{
	fvk unbind --none 07:00.1
	succeeds
	prints "0000:07:00.1: given back, without a driver"
	[ "$(driver_of 0000:07:00.1)" = "" ]
}

hold not_bound_ok "a device of another driver is left alone, and that is no error"
not_bound_ok()
{
	remember
	fvk unbind 02:00.0
	succeeds
	prints "0000:02:00.0: not bound to fpga_vfio_pci, left alone (driver: nvme)"
	unchanged
}

hold other_override_ok "a device of another driver, or that another driver is to have, is left alone"
other_override_ok()
{
	echo xdma >"$tree/sys/bus/pci/devices/0000:01:00.1/driver_override"
	echo xdma >"$tree/sys/bus/pci/devices/0000:01:00.0/driver_override"
	remember
	fvk unbind 01:00.0
	succeeds
	prints "0000:01:00.0: not bound to fpga_vfio_pci, left alone (driver: none)
0000:01:00.1: not bound to fpga_vfio_pci, left alone (driver: xdma)"
	unchanged
}

hold left_behind_ok "a device that unloading the module left behind goes back to the host"
left_behind_ok()
{
	rm "$tree/sys/bus/pci/devices/0000:07:00.1/driver"
	rm -r "$tree/sys/bus/pci/drivers/fpga_vfio_pci" "$tree/sys/class/fpga_vfio"
	fvk unbind 07:00.1
	succeeds
	prints "0000:07:00.1: given back to xdma"
	[ "$(driver_of 0000:07:00.1)" = xdma ]
	[ "$(override_of 0000:07:00.1)" = "" ]
}

hold old_override_ok "a device left behind with the driver's old name goes back to the host"
old_override_ok()
{
	rm "$tree/sys/bus/pci/devices/0000:07:00.1/driver"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.1/driver_override"
	fvk unbind 07:00.1
	succeeds
	prints "0000:07:00.1: given back to xdma"
	[ "$(driver_of 0000:07:00.1)" = xdma ]
	[ "$(override_of 0000:07:00.1)" = "" ]
}

hold old_override_cleared_ok "a host driver keeps a device with the driver's old name in driver_override"
old_override_cleared_ok()
{
	local line="0000:02:00.0: not bound to fpga_vfio_pci, left alone (driver: nvme)"

	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:02:00.0/driver_override"
	remember
	fvk unbind --dry-run 02:00.0
	succeeds
	prints "$line; driver_override fpga-vfio-pci would be cleared"
	run_as_nobody unbind 02:00.0
	refuses 12 "0000:02:00.0: unbind: needs root"
	unchanged
	# an unbind would wait for this file to go
	mkdir "$tree/held"
	: >"$tree/held/0000:02:00.0"
	fvk unbind --driver vfio-pci 02:00.0 07:00.1
	succeeds
	prints "$line; driver_override fpga-vfio-pci was cleared
0000:07:00.1: given back to vfio-pci"
	[ "$(driver_of 0000:02:00.0)" = nvme ]
	[ "$(override_of 0000:02:00.0)" = "" ]
	fvk unbind 02:00.0
	prints "$line"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:02:00.0/driver_override"
	fvk unbind --json 02:00.0
	value '.devices | map([.bdf, .driver, .previous_driver, .changed])' '[["0000:02:00.0","nvme","nvme",true]]'
}

hold override_cleared_ok "unbind clears the driver_override that a refused bind left on a device of a host driver"
override_cleared_ok()
{
	echo fpga_vfio_pci >"$tree/sys/bus/pci/devices/0000:02:00.0/driver_override"
	fvk unbind --persist 02:00.0
	succeeds
	prints "0000:02:00.0: not bound to fpga_vfio_pci, left alone (driver: nvme); driver_override fpga_vfio_pci was cleared"
	[ "$(driver_of 0000:02:00.0)-$(override_of 0000:02:00.0)" = nvme- ]
}

hold old_driver_ok "a device of an older module goes back to the host"
old_driver_ok()
{
	local drivers=$tree/sys/bus/pci/drivers

	mv "$drivers/fpga_vfio_pci" "$drivers/fpga-vfio-pci"
	ln -sfn ../../../../bus/pci/drivers/fpga-vfio-pci \
		"$tree/sys/bus/pci/devices/0000:07:00.1/driver"
	echo fpga-vfio-pci >"$tree/sys/bus/pci/devices/0000:07:00.1/driver_override"
	[ "$(driver_of 0000:07:00.1)" = fpga-vfio-pci ]
	fvk unbind --json 07:00.1
	succeeds
	value .devices '[{"bdf":"0000:07:00.1","group":18,"driver":"xdma","previous_driver":"fpga-vfio-pci","changed":true}]'
	[ "$(override_of 0000:07:00.1)" = "" ]
}

hold dry_run_ok "--dry-run prints the plan and changes nothing"
dry_run_ok()
{
	remember
	fvk unbind --dry-run 07:00.1
	succeeds
	prints "0000:07:00.1: would be given back to its host driver"
	fvk unbind --dry-run --none --timeout 86400 07:00.1
	prints "0000:07:00.1: would be given back to no driver"
	fvk unbind --dry-run --driver vfio-pci 07:00.1 01:00.0
	prints "0000:01:00.0: not bound to fpga_vfio_pci, left alone (driver: none)
0000:01:00.1: not bound to fpga_vfio_pci, left alone (driver: xdma)
0000:07:00.1: would be given back to vfio-pci"
	fvk unbind --dry-run --json 07:00.1 01:00.1
	value '[.dry_run, (.devices | map([.bdf, .driver, .previous_driver, .changed]))]' \
		'[true,[["0000:01:00.0",null,null,false],["0000:01:00.1","xdma","xdma",false],["0000:07:00.1",null,"fpga_vfio_pci",true]]]'
	# the verdict is that of a real run
	fvk unbind --dry-run 07:00.0
	[ "$rc" = 11 ]
	[ "$out" = "0000:07:00.0: would be given back to its host driver" ]
	[ "$err" = "fpgactl: 0000:07:00.0: unbind: held by qemu-system-x86 (pid 4242)
Use --yes to confirm." ]
	fvk unbind --dry-run --request 07:00.0
	[ "$rc" = 11 ]
	fvk unbind --dry-run --json 07:00.0
	[ "$rc" = 11 ] && [ -z "$out" ]
	fvk unbind --dry-run --yes 07:00.0
	[ "$rc" = 4 ]
	[ "$out" = "0000:07:00.0: would be given back to its host driver" ]
	[ "${err%%$'\n'*}" = "fpgactl: 0000:07:00.0: unbind: held by qemu-system-x86 (pid 4242): would wait 30 s, then refuse" ]
	fvk unbind --dry-run --json --yes 07:00.0
	[ "$rc" = 4 ] && [ -z "$out" ]
	fvk unbind --dry-run --yes --request 07:00.0
	succeeds
	run_as_nobody unbind --dry-run 07:00.0
	[ "$rc" = 12 ]
	[ "$out" = "0000:07:00.0: would be given back to its host driver" ]
	unchanged
}

hold consent_refused "a device that a VM holds is taken only with --yes"
consent_refused()
{
	remember
	clock 0 auto
	fvk unbind 07:00.0
	refuses 11 "0000:07:00.0: unbind: held by qemu-system-x86 (pid 4242)"
	hints "Use --yes to confirm, --dry-run to see the plan."
	fvk unbind --request --timeout 5m 07:00.0
	refuses 11 "0000:07:00.0: unbind: held by qemu-system-x86 (pid 4242)"
	fvk unbind --json 07:00.0
	[ "$rc" = 11 ] && [ -z "$out" ]
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}'
	# each device that is held, and no other
	echo 1 >"$tree/sys/class/fpga_vfio/group18/statistics/users"
	fvk unbind 07:00.1 07:00.0 01:00.0
	refuses 11 "0000:07:00.0: unbind: held by qemu-system-x86 (pid 4242), 0000:07:00.1 by a process not visible to the caller"
	echo 0 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
	rm -r "$tree/proc/4242"
	fvk unbind 07:00.0 07:00.1
	refuses 11 "0000:07:00.1: unbind: held by a process not visible to the caller"
	# nothing was waited for
	clock_is "0 auto"
	unchanged
}

other_user_comes()
{
	mv "$tree/proc/4242" "$tree/proc/5151"
}

# gone: the VM ends
gone()
{
	rm -r "$tree/proc/4242"
	echo 0 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
}

functions_come()
{
	gone
	echo 2 >"$tree/sys/bus/pci/devices/0000:07:00.0/sriov_numvfs"
}

hold question_ok "on a terminal there is a question instead of a refusal"
question_ok()
{
	local meanwhile=

	remember
	clock 0 auto
	answered n --sysroot "$tree" unbind 07:00.0
	[ "$rc" = 11 ]
	grep -qF '0000:07:00.0: held by qemu-system-x86 (pid 4242). Go on? [y/N] ' "$work/out"
	answered y --sysroot "$tree" unbind --json 07:00.0
	[ "$rc" = 11 ]
	lacks 'Go on' "$work/out"
	meanwhile=other_user_comes
	answered y --sysroot "$tree" unbind 07:00.0
	[ "$rc" = 11 ]
	grep -qF '0000:07:00.0: held by qemu-system-x86 (pid 5151). Go on? [y/N] ' "$work/out"
	grep -qF 'It was opened meanwhile. Use --yes to confirm.' "$work/out"
	mv "$tree/proc/5151" "$tree/proc/4242"
	clock_is "0 auto"
	# with consent, the holder has its time
	meanwhile=
	answered y --sysroot "$tree" unbind -t 3 07:00.0
	[ "$rc" = 4 ]
	grep -qF 'unbind: still held by qemu-system-x86 (pid 4242) after 3 s' "$work/out"
	clock_is "3000 auto"
	unchanged
	# the checks are repeated after the answer
	meanwhile=functions_come
	answered y --sysroot "$tree" unbind 07:00.0
	[ "$rc" = 4 ]
	grep -qF 'unbind: 2 virtual functions enabled' "$work/out"
	unchanged
	echo 0 >"$tree/sys/bus/pci/devices/0000:07:00.0/sriov_numvfs"
	meanwhile=
	answered n --sysroot "$tree" unbind 07:00.0
	[ "$rc" = 0 ]
	lacks 'Go on' "$work/out"
	[ "$(driver_of 0000:07:00.0)" = "" ]
}

# while_waiting ANSWERS OPTION…: have unbind wait for the VM with 0000:07:00.0
while_waiting()
{
	rm -f "$work/clock"*
	clock 0
	begin answered "$1" --sysroot "$tree" unbind "${@:2}" 07:00.0 07:00.1
	wait_for 200
}

asks_again="0000:07:00.1: held by qemu-system-x86 (pid 5151). Go on? [y/N] "

hold other_function_refused "an answer about a VM is none about another that comes while it is waited for"
other_function_refused()
{
	remember
	while_waiting $'y\nn'
	opens 5151 18
	clock 200
	end_of "$begun"
	[ "$rc" = 11 ]
	grep -qF "$asks_again" "$work/out"
	grep -qF "0000:07:00.1: unbind: held by qemu-system-x86 (pid 5151)" "$work/out"
	grep -qF "It was opened meanwhile. Use --yes to confirm. Nothing was changed." "$work/out"
	unchanged
	rm -r "$tree/proc/5151"
	# the same function
	while_waiting $'y\nn'
	other_user_comes
	clock 200
	end_of "$begun"
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.0: held by qemu-system-x86 (pid 5151). Go on? [y/N] " "$work/out"
	unchanged
}

hold other_function_ok "with an answer about each, both are waited for, from the last answer on"
other_function_ok()
{
	while_waiting $'y\ny' -t 1
	opens 5151 18
	clock 900
	wait_for 1100
	clock 1800
	wait_for 2000
	gone
	rm -r "$tree/proc/5151"
	echo 0 >"$tree/sys/class/fpga_vfio/group18/statistics/users"
	clock 2000 auto
	end_of "$begun"
	[ "$rc" = 0 ]
	[ "$(grep -o 'Go on' "$work/out" | wc -l)" = 2 ]
	[ "$(driver_of 0000:07:00.1)" = xdma ]
}

hold other_request_refused "nor does the kernel request a device of a VM that no answer was about"
other_request_refused()
{
	mkdir "$tree/held"
	: >"$tree/held/0000:07:00.0"
	while_waiting $'y\nn' --request
	opens 5151 18
	rm "$tree/held/0000:07:00.0"
	end_of "$begun"
	[ "$rc" = 11 ]
	grep -qF "$asks_again" "$work/out"
	grep -qF "Already given back: 0000:07:00.0" "$work/out"
	[ "$(driver_of 0000:07:00.0)" = "" ]
	[ "$(driver_of 0000:07:00.1)" = fpga_vfio_pci ]
}

hold held_refused "with --yes, while a VM holds it, it waits for --timeout, names the VM, changes nothing"
held_refused()
{
	remember
	clock 0 auto
	fvk unbind --yes --timeout 3 07:00.0
	refuses 4 "0000:07:00.0: unbind: still held by qemu-system-x86 (pid 4242) after 3 s"
	grep -q '^Nothing was changed\.' <<<"$err"
	clock_is "3000 auto"
	fvk unbind --yes --timeout 0 07:00.0
	[ "$rc" = 4 ]
	clock_is "3000 auto"
	fvk unbind --yes 07:00.0
	refuses 4 "0000:07:00.0: unbind: still held by qemu-system-x86 (pid 4242) after 30 s"
	clock_is "33000 auto"
	fvk unbind --json --yes --dry-run 07:00.0
	[ "$rc" = 4 ]
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}'
	fvk unbind --json --yes --timeout 0 07:00.0
	[ "$rc" = 4 ]
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}'
	unchanged
}

hold unseen_holder_refused "a holder that cannot be seen is known by the driver's count of users"
unseen_holder_refused()
{
	rm -r "$tree/proc/4242"
	remember
	fvk unbind --yes --timeout 0 07:00.0
	refuses 4 "0000:07:00.0: unbind: still held by a process not visible to the caller after 0 s"
	fvk unbind --json --yes --timeout 0 07:00.0
	[ "$rc" = 4 ]
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":null}'
	unchanged
	# nor is one that is seen, and not counted
	echo 0 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
	mkdir -p "$tree/proc/4242/fd"
	ln -s /dev/vfio/17 "$tree/proc/4242/fd/3"
	fvk unbind --yes --timeout 0 07:00.0
	refuses 4 "0000:07:00.0: unbind: still held by ? (pid 4242) after 0 s"
}

hold released_ok "on a terminal the wait is shown; when the VM releases the device, it goes on"
released_ok()
{
	local pid

	clock 0
	script -qefc "LD_PRELOAD=$FAKE_KERNEL $FPGACTL --sysroot $tree unbind --yes --timeout 20 07:00.0" \
		"$work/typescript" </dev/null &
	pid=$!
	wait_until grep -qs 'held by qemu-system-x86 (pid 4242), waiting 0 s of 20 s' \
		"$work/typescript"
	wait_for 200
	clock 19000
	wait_until grep -qs 'held by qemu-system-x86 (pid 4242), waiting 19 s of 20 s' \
		"$work/typescript"
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
	rm -r "$tree/proc/4242"
	echo 0 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
	wait_for 19200
	clock 19200
	end_of "$pid"
	[ "$rc" = 0 ]
	[ "$(driver_of 0000:07:00.0)" = "" ]
}

hold request_late_refused "with --request the kernel's wait is told, and ended by the process named"
request_late_refused()
{
	local pid

	mkdir "$tree/held"
	: >"$tree/held/0000:07:00.0"
	clock 0
	begin fvk unbind --yes --request --timeout 20 07:00.0
	wait_for 200
	clock 19900
	wait_for 20100
	clock 20100
	finish
	[ "$rc" = 4 ]
	grep -q '^fpgactl: 0000:07:00.0: unbind: still held by qemu-system-x86 (pid 4242) after 20 s$' <<<"$err"
	pid=$(sed -n 's/.*process \([0-9]*\) completes the unbind.*/\1/p' <<<"$err")
	[ "$(driver_of 0000:07:00.0)" = fpga_vfio_pci ]
	kill -TERM "$pid"
	echo xdma >"$tree/host/0000:07:00.0"
	rm "$tree/held/0000:07:00.0"
	wait_until given_back
}

given_back()
{
	[ "$(driver_of 0000:07:00.0)" = xdma ]
}

hold request_late_json_refused "a program reads who holds the device that the kernel waits for"
request_late_json_refused()
{
	mkdir "$tree/held"
	: >"$tree/held/0000:07:00.0"
	fvk unbind --json --yes --request --timeout 0 07:00.0
	[ "$rc" = 4 ]
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}'
	echo xdma >"$tree/host/0000:07:00.0"
	rm "$tree/held/0000:07:00.0"
	wait_until given_back
}

hold grace_ok "with --request and no holder the kernel gets five seconds at least"
grace_ok()
{
	mkdir "$tree/held"
	: >"$tree/held/0000:07:00.1"
	clock 0
	begin fvk unbind --request --timeout 0 07:00.1
	wait_for 200
	clock 4900
	wait_for 5100
	clock 5100
	finish
	refuses 4 "0000:07:00.1: unbind: still held by a process not visible to the caller after 5 s"
	rm "$tree/held/0000:07:00.1"
	wait_until given_back_1
}

given_back_1()
{
	[ "$(driver_of 0000:07:00.1)" = xdma ]
}

hold opened_meanwhile_refused "without consent, a device that a VM opens during the work stays with it"
opened_meanwhile_refused()
{
	local option held="held by a process not visible to the caller"

	mkdir "$tree/held"
	for option in --request --only; do
		rm -f "$work/clock"*
		clock 0
		ln -sfn ../../../bus/pci/drivers/fpga_vfio_pci \
			"$tree/sys/bus/pci/devices/0000:07:00.0/driver"
		[ "$option" = --only ] || gone
		: >"$tree/held/0000:07:00.0"
		echo 0 >"$tree/sys/class/fpga_vfio/group18/statistics/users"
		begin fvk unbind --json "$option" 07:00.0 07:00.1
		wait_for 200
		echo 1 >"$tree/sys/class/fpga_vfio/group18/statistics/users"
		rm "$tree/held/0000:07:00.0"
		finish
		[ "$rc" = 11 ] && [ -z "$out" ]
		[ "$(jq -r '.error | [.object, .why, .hint] | join("|")' <<<"$err")" = \
			"0000:07:00.1|$held|It was opened meanwhile. Use --yes to confirm. Already given back: 0000:07:00.0" ]
		blocked_by '{"code":"held","object":"0000:07:00.1","driver":"fpga_vfio_pci","user":null}'
		[ "$(driver_of 0000:07:00.0)" = "" ]
		[ "$(driver_of 0000:07:00.1)" = fpga_vfio_pci ]
	done
}

hold request_ok "with --request a VM that answers loses the device in time"
request_ok()
{
	fvk unbind --yes --request 07:00.0
	succeeds
	[ "$(driver_of 0000:07:00.0)" = "" ]
}

hold no_process_refused "without a process for the work nothing is given back"
no_process_refused()
{
	mkdir "$tree/fail"
	echo 11 >"$tree/fail/fork"
	remember
	fvl unbind 07:00.1
	refuses 1 "0000:07:00.1: unbind: cannot unbind from driver fpga_vfio_pci: No child processes"
	hints "No other device was changed."
	unchanged
}

hold dead_kernel_refused "below a tree without a kernel nothing is given back, and it is said"
dead_kernel_refused()
{
	remember
	fv unbind 07:00.1
	refuses 1 "0000:07:00.1: unbind: cannot unbind from driver fpga_vfio_pci: kernel accepted the write without effect"
	unchanged
}

hold timeout_refused "a timeout that is no number is refused"
timeout_refused()
{
	local word

	for word in x -1 1.5.1 "" 86401 99999999999; do
		fvk unbind --timeout "$word" 07:00.1
		refuses 2 "unbind: invalid --timeout '$word': not a time up to 24h"
	done
}

hold vfs_refused "a physical function with virtual functions is not given back"
vfs_refused()
{
	echo 2 >"$tree/sys/bus/pci/devices/0000:07:00.1/sriov_numvfs"
	remember
	fvk unbind 07:00.1
	refuses 4 "0000:07:00.1: unbind: 2 virtual functions enabled"
	fvk unbind --json 07:00.1
	blocked_by '{"code":"virtual-functions","object":"0000:07:00.1","driver":"fpga_vfio_pci","user":null}'
	unchanged
}

hold meanwhile_refused "nor is it when they came while a VM held it"
meanwhile_refused()
{
	clock 0
	begin fvk unbind --yes 07:00.0
	wait_for 200
	echo 2 >"$tree/sys/bus/pci/devices/0000:07:00.0/sriov_numvfs"
	remember
	rm -r "$tree/proc/4242"
	echo 0 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
	clock 200
	finish
	refuses 4 "0000:07:00.0: unbind: 2 virtual functions enabled"
	unchanged
}

hold bad_device_refused "no group, no such device, a bridge: each refused, nothing changed"
bad_device_refused()
{
	remember
	fvk unbind 05:00.0
	refuses 1 "0000:05:00.0: unbind: has no IOMMU group, so it cannot be assigned to a VM"
	fvk unbind --json 05:00.0
	blocked_by '{"code":"no-iommu-group","object":"0000:05:00.0","driver":null,"user":null}'
	fvk unbind ee:00.0
	refuses 3 "0000:ee:00.0: unbind: no such PCI device"
	fvk unbind 00:01.0
	refuses 1 "0000:00:01.0: unbind: is a bridge, not an endpoint"
	unchanged
}

hold ordinary_user_refused "an ordinary user is told that it needs root"
ordinary_user_refused()
{
	remember
	run_as_nobody unbind 07:00.1
	refuses 12 "0000:07:00.1: unbind: needs root"
	unchanged
}

hold json_ok "a program reads which driver has it now"
json_ok()
{
	fvk unbind --json 07:00.1
	succeeds
	value . '{"schema":1,"dry_run":false,"devices":[{"bdf":"0000:07:00.1","group":18,"driver":"xdma","previous_driver":"fpga_vfio_pci","changed":true}]}'
}

run_tests
