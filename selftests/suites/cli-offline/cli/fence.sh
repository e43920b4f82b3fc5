#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl fence, with a simulated driver.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

# fenced [WORD…]: set the replies: a card of two functions, one held by a VM
fenced()
{
	printf '%s\n' "bdf 0000:07:00.1" "port 0000:00:07.0" "timeout-ms 600000" \
		function "bdf 0000:07:00.0" "driver fpga_vfio_pci" held end \
		function "bdf 0000:07:00.2" end "$@" |
		tee "$tree/netlink/fence-dry-run" | answer fence
}

# released: the VM ends
released()
{
	rm -r "$tree/proc/4242"
	echo 0 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
}

table="DEVICE       DRIVER        USER
0000:07:00.0 fpga_vfio_pci qemu-system-x86 (pid 4242)
0000:07:00.2 none          none"
held="0000:07:00.0 held by qemu-system-x86 (pid 4242)"

hold dry_run_ok "--dry-run tells who would be fenced off, and what the link would do"
dry_run_ok()
{
	local plan="0000:07:00.1: card would be fenced for at most 600s
$table
The port (0000:00:07.0) would keep the link disabled until recovery."

	fenced link-disabled
	fvl fence --dry-run --yes 07:00.1
	succeeds
	prints "$plan"
	requests "fence bdf=0000:07:00.1 timeout-ms=600000 detached dry-run "
	# the verdict is that of a real run
	fvl fence --dry-run 07:00.1
	[ "$rc" = 11 ]
	prints "$plan"
	[ "$err" = "fpgactl: 0000:07:00.1: fence: $held
Use --yes to confirm." ]
	fvl fence --dry-run --json 07:00.1
	[ "$rc" = 11 ] && [ -z "$out" ]
	no_change
	released
	fvl fence --dry-run 07:00.1
	succeeds
}

# no_change: the driver got dry runs alone
no_change()
{
	lacks '^fence .*[^n] $' "$tree/netlink/log"
}

hold consent_refused "a card that a VM has is fenced only with --yes"
consent_refused()
{
	fenced
	fvl fence 07:00.1
	refuses 11 "0000:07:00.1: fence: $held"
	hints "Use --yes to confirm, --dry-run to see the plan."
	fvl fence --json 07:00.1
	[ "$rc" = 11 ] && [ -z "$out" ]
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}'
	# the device itself is not named twice
	fvl fence 07:00.0
	refuses 11 "0000:07:00.0: fence: ${held#* }"
	# more than one
	echo 1 >"$tree/sys/class/fpga_vfio/group18/statistics/users"
	sed -i 's/07:00.2/07:00.1/' "$tree/netlink/fence-dry-run"
	fvl fence 07:00.1
	refuses 11 "0000:07:00.1: fence: $held, 0000:07:00.1 by a process not visible to the caller"
	# functions of the plan alone
	sed -i 's/07:00.1/07:00.2/' "$tree/netlink/fence-dry-run"
	fvl fence 07:00.1
	refuses 11 "0000:07:00.1: fence: $held"
	no_change
	# without a plan, all of the card
	echo "fail 11 0000:07:00.1: is being reset" | answer fence-dry-run
	fvl fence 07:00.1
	refuses 11 "0000:07:00.1: fence: $held, 0000:07:00.1 by a process not visible to the caller"
	no_change
	# what would be refused in any case needs no consent
	echo "fail 16 0000:07:00.1: 0000:07:00.2 has driver xdma" | answer fence-dry-run
	fvl fence 07:00.1
	refuses 4 "0000:07:00.1: fence: 0000:07:00.2 has driver xdma"
}

hold unused_ok "a card without a user is fenced without a question; the driver checks once more"
unused_ok()
{
	fenced
	released
	answered n fence 07:00.1
	[ "$rc" = 0 ]
	lacks 'Go on' "$work/out"
	requests "fence bdf=0000:07:00.1 timeout-ms=600000 detached dry-run " \
		"fence bdf=0000:07:00.1 timeout-ms=600000 detached unused-only "
	# opened between the check and the request
	{ refusal 2 0000:07:00.0 "pid 5151"
	  echo "fail 16 0000:07:00.1: 0000:07:00.0 is held by process 5151"; } | answer fence
	fvl fence 07:00.1
	refuses 11 "0000:07:00.1: fence: 0000:07:00.0 is held by process 5151"
	hints "It was opened meanwhile. Use --yes to confirm."
	# another operation has the card: the request waits for it
	echo "fail 11 0000:07:00.1: is being reset" | answer fence-dry-run
	: >"$tree/netlink/log"
	fvl fence 07:00.1
	[ "$rc" = 11 ]
	requests "fence bdf=0000:07:00.1 timeout-ms=600000 detached dry-run " \
		"fence bdf=0000:07:00.1 timeout-ms=600000 detached unused-only "
}

other_user_comes()
{
	mv "$tree/proc/4242" "$tree/proc/5151"
}

hold question_ok "on a terminal there is a question instead of a refusal"
question_ok()
{
	local meanwhile=

	fenced
	answered n fence 07:00.1
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.1: $held. Go on? [y/N] " "$work/out"
	# neither a program nor a plan gets a question
	answered y fence --json 07:00.1
	[ "$rc" = 11 ]
	lacks 'Go on' "$work/out"
	answered y fence --dry-run 07:00.1
	[ "$rc" = 11 ]
	lacks 'Go on' "$work/out"
	# another user than the question has named
	meanwhile=other_user_comes
	answered y fence 07:00.1
	[ "$rc" = 11 ]
	grep -qF "0000:07:00.1: ${held/4242/5151}. Go on? [y/N] " "$work/out"
	mv "$tree/proc/5151" "$tree/proc/4242"
	no_change
	: >"$tree/netlink/log"
	meanwhile=
	answered y fence 07:00.1
	[ "$rc" = 0 ]
	requests "fence bdf=0000:07:00.1 timeout-ms=600000 detached dry-run " \
		"fence bdf=0000:07:00.1 timeout-ms=600000 detached "
	# a user that has gone meanwhile
	meanwhile=released
	: >"$tree/netlink/log"
	answered y fence 07:00.1
	[ "$rc" = 0 ]
	requests "fence bdf=0000:07:00.1 timeout-ms=600000 detached dry-run " \
		"fence bdf=0000:07:00.1 timeout-ms=600000 detached unused-only "
}

# with_driver NAME: bind 0000:07:00.1 to it
with_driver()
{
	ln -sfn "../../../bus/pci/drivers/$1" "$tree/sys/bus/pci/devices/0000:07:00.1/driver"
}

# virtual: 0000:07:00.1 is a virtual function
virtual()
{
	ln -s ../0000:07:00.0 "$tree/sys/bus/pci/devices/0000:07:00.1/physfn"
}

hold no_plan_refused "while another operation has the card, a virtual function of another driver is named"
no_plan_refused()
{
	released
	with_driver xdma
	echo "fail 11 0000:07:00.0: is being reset" | answer fence-dry-run
	# of another function the driver refuses it in any case
	{ refusal 3 0000:07:00.1 "driver xdma"; echo "fail 16 0000:07:00.1 is bound to xdma"; } |
		answer fence
	fvl fence 07:00.0
	refuses 4 "0000:07:00.0: fence: 0000:07:00.1 is bound to xdma"
	hints "To bind it to fpga_vfio_pci, too: fpgactl bind --yes 0000:07:00.1"
	virtual
	fvl fence 07:00.0
	refuses 11 "0000:07:00.0: fence: 0000:07:00.1 has driver xdma"
	# bound while it was waited for
	with_driver fpga_vfio_pci
	fvl fence 07:00.0
	refuses 11 "0000:07:00.0: fence: 0000:07:00.1 is bound to xdma"
	hints "It was bound meanwhile. Use --yes to confirm."
}

hold other_driver_refused "a virtual function of another driver that the driver would fence is one in use"
other_driver_refused()
{
	virtual
	released
	with_driver xdma
	printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" "timeout-ms 600000" \
		function "bdf 0000:07:00.0" "driver fpga_vfio_pci" end \
		function "bdf 0000:07:00.1" "driver xdma" end |
		tee "$tree/netlink/fence-dry-run" | answer fence
	fvl fence --dry-run 07:00.0
	[ "$rc" = 11 ]
	[ "$err" = "fpgactl: 0000:07:00.0: fence: 0000:07:00.1 has driver xdma
Use --yes to confirm." ]
	fvl fence --json 07:00.0
	[ "$rc" = 11 ] && [ -z "$out" ]
	blocked_by '{"code":"driver","object":"0000:07:00.1","driver":"xdma","user":null}'
	answered n fence 07:00.0
	[ "$rc" = 11 ]
	grep -qF '0000:07:00.0: 0000:07:00.1 has driver xdma. Go on? [y/N] ' "$work/out"
	no_change
	: >"$tree/netlink/log"
	answered y fence 07:00.0
	[ "$rc" = 0 ]
	requests "fence bdf=0000:07:00.0 timeout-ms=600000 detached dry-run " \
		"fence bdf=0000:07:00.0 timeout-ms=600000 detached "
	fvl fence --dry-run --yes 07:00.0
	succeeds
	# beside a VM
	echo 1 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
	fvl fence 07:00.0
	refuses 11 "0000:07:00.0: fence: 0000:07:00.1 has driver xdma; held by a process not visible to the caller"
	echo 0 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
	# bound between the check and the request
	with_driver fpga_vfio_pci
	{ refusal 3 0000:07:00.1 "driver xdma"; echo "fail 16 0000:07:00.1 is bound to xdma"; } |
		answer fence
	fvl fence 07:00.0
	refuses 11 "0000:07:00.0: fence: 0000:07:00.1 is bound to xdma"
	hints "It was bound meanwhile. Use --yes to confirm."
	# it is not known that --yes would help
	fvl fence --yes 07:00.0
	refuses 4 "0000:07:00.0: fence: 0000:07:00.1 is bound to xdma"
}

hold fence_ok "a fence is detached, and its end and the next step are told"
fence_ok()
{
	local before until

	fenced
	before=$(date +%s)
	fvl fence --yes 07:00.1
	succeeds
	grep -qE '^0000:07:00\.1: card fenced for at most 600s \(until [0-9]{4}-[0-9-]* [0-9:]*\)$' <<<"$out"
	until=$(date -d "$(sed -n '1s/.*until \(.*\))/\1/p' <<<"$out")" +%s)
	[ "$until" -ge $((before + 600)) ]
	[ "$until" -le $(($(date +%s) + 600)) ]
	[ "$(tail -n +2 <<<"$out")" = "$table
The port (0000:00:07.0) leaves the link enabled.
To end the fence: fpgactl recover 0000:07:00.1" ]
	requests "fence bdf=0000:07:00.1 timeout-ms=600000 detached "
}

hold json_ok "a program reads who is fenced off, until when, and what the link does"
json_ok()
{
	fenced link-disabled
	fvl fence --json --yes 07:00.1
	succeeds
	value . '{"schema":1,"dry_run":false,"bdf":"0000:07:00.1","detached":true,"port":"0000:00:07.0","limit_ns":600000000000,"link_disabled":true,"functions":[{"bdf":"0000:07:00.0","driver":"fpga_vfio_pci","in_use":true,"users":[{"pid":4242,"command":"qemu-system-x86"}]},{"bdf":"0000:07:00.2","driver":null,"in_use":false,"users":[]}]}'
	fenced
	fvl fence --json --dry-run --yes 07:00.1
	value '[.dry_run, .detached, .link_disabled]' '[true,true,false]'
	fvl fence --dry-run 07:00.1
	[ "$(tail -n 1 <<<"$out")" = "The port (0000:00:07.0) would leave the link enabled." ]
	fenced link-disabled
	fvl fence --yes 07:00.1
	grep -qx 'The port (0000:00:07.0) keeps the link disabled until recovery.' <<<"$out"
}

hold timeout_ok "a time may be seconds, or have a unit"
timeout_ok()
{
	local word

	fenced
	for word in 30:30000 30s:30000 5m:300000 5min:300000 1h:3600000 24h:86400000 \
		100ms:100 86400:86400000; do
		: >"$tree/netlink/log"
		fvl fence --yes --timeout "${word%:*}" 07:00.1
		succeeds
		requests "fence bdf=0000:07:00.1 timeout-ms=${word#*:} detached "
	done
}

hold timeout_refused "a malformed time, or one out of the driver's range, is refused"
timeout_refused()
{
	local word

	for word in 0 99ms 25h 86401 x -1 1.5.h 1d 5M "" s 4294967296 1200000h; do
		fvl fence -t "$word" 07:00.1
		refuses 2 "fence: invalid --timeout '$word': not a time from 100ms to 24h"
	done
	hints "Expected a time such as 30, 0.5, 30s, 500ms, 5m or 1h."
	no_request
}

hold columns_ok "-o chooses columns of the functions"
columns_ok()
{
	fenced
	fvl fence --yes -o USER,DEVICE 07:00.1
	[ "$(sed -n 2p <<<"$out" | xargs)" = "USER DEVICE" ]
	: >"$tree/netlink/log"
	fvl fence -o NOSUCH 07:00.1
	refuses 2 "unknown column 'NOSUCH'"
	fvl fence --json -o DEVICE 07:00.1
	[ "$rc" = 2 ]
	no_request
}

hold busy_refused "a refusal of the driver is busy, with its text and the next step"
busy_refused()
{
	echo "fail 16 0000:07:00.1: 0000:07:00.2 has driver xdma" | answer fence
	fvl fence --yes 07:00.1
	refuses 4 "0000:07:00.1: fence: 0000:07:00.2 has driver xdma"
	grep -q 'Nothing was changed' <<<"$err"
	{ refusal 1 0000:00:07.0; echo "fail 16 0000:00:07.0: fenced by fpgactl (pid 77)"; } | answer fence
	fvl fence --yes 07:00.1
	refuses 4 "0000:07:00.1: fence: 0000:00:07.0: fenced by fpgactl (pid 77)"
	hints "Nothing was changed. 'fpgactl link 0000:07:00.1' shows the time left and how to end the fence."
	fvl fence --json --yes 07:00.1
	blocked_by '{"code":"fenced","object":"0000:00:07.0","driver":null,"user":null}'
	{ refusal 3 0000:07:00.2 "driver xdma"; echo "fail 16 0000:07:00.2 is bound to xdma"; } |
		answer fence-dry-run
	fvl fence --dry-run --json 07:00.1
	blocked_by '{"code":"driver","object":"0000:07:00.2","driver":"xdma","user":null}'
	fvl fence --dry-run 07:00.1
	hints "To bind it to fpga_vfio_pci, too: fpgactl bind --yes 0000:07:00.2"
	echo "fail 11 0000:07:00.1: a reset is under way" | answer fence
	fvl fence --yes 07:00.1
	refuses 4 "0000:07:00.1: fence: a reset is under way"
	hints "Another operation is running on the card; try again."
}

hold codes_refused "refusals of the driver have the exit codes that are documented"
codes_refused()
{
	local word

	released
	# EPERM, ENOENT, EIO, EBUSY, ENODEV, EAGAIN, EOPNOTSUPP, ESTALE
	for word in 1:12 2:3 5:1 16:4 19:3 11:4 95:1 116:5; do
		echo "fail ${word%:*} 0000:07:00.1: because" | answer fence
		fvl fence --yes 07:00.1
		refuses "${word#*:}" "0000:07:00.1: fence: because"
		# of the preview
		[ "$word" != 11:4 ] || continue
		mv "$tree/netlink/fence" "$tree/netlink/fence-dry-run"
		fvl fence 07:00.1
		refuses "${word#*:}" "0000:07:00.1: fence: because"
	done
}

hold silent_driver_refused "a fence of which nothing is told is no success"
silent_driver_refused()
{
	: | answer fence
	fvl fence --yes 07:00.1
	refuses 1 "0000:07:00.1: fence: driver returned no result"
}

hold not_bound_refused "a device of another driver, a bridge and a recorded system are refused"
not_bound_refused()
{
	fvl fence 01:00.1
	refuses 3 "0000:01:00.1: fence: not bound to fpga_vfio_pci (driver: xdma)"
	fvl fence 00:01.0
	refuses 1 "0000:00:01.0: fence: is a bridge, not an endpoint"
	fv fence 07:00.1
	refuses 1 "0000:07:00.1: fence: needs the live system; drop --sysroot"
	rm -r "$tree/netlink" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	fvl fence 07:00.1
	refuses 10 "0000:07:00.1: fence: module is not loaded"
}

run_tests
