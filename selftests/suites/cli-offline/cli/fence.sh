#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl fence, with a simulated driver.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

# fenced [WORD…]: set the reply: a card of two functions, one held by a VM
fenced()
{
	printf '%s\n' "bdf 0000:07:00.1" "port 0000:00:07.0" "timeout-ms 600000" \
		function "bdf 0000:07:00.0" "driver fpga_vfio_pci" held end \
		function "bdf 0000:07:00.2" end "$@"
}

table="DEVICE       DRIVER        USER
0000:07:00.0 fpga_vfio_pci qemu-system-x86 (pid 4242)
0000:07:00.2 none          none"

hold dry_run_ok "--dry-run tells who would be fenced off, and what the link would do"
dry_run_ok()
{
	fenced link-disabled | answer fence-dry-run
	fvl fence --dry-run 07:00.1
	succeeds
	prints "0000:07:00.1: card would be fenced for at most 600s
$table
The port (0000:00:07.0) would keep the link disabled until recovery."
	requests "fence bdf=0000:07:00.1 timeout-ms=600000 detached dry-run "
}

hold fence_ok "a fence is detached, and its end and the next step are told"
fence_ok()
{
	local before until

	fenced | answer fence
	before=$(date +%s)
	fvl fence 07:00.1
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
	fenced link-disabled | answer fence
	fvl fence --json 07:00.1
	succeeds
	value . '{"dry_run":false,"bdf":"0000:07:00.1","detached":true,"port":"0000:00:07.0","timeout_ms":600000,"link_disabled":true,"functions":[{"bdf":"0000:07:00.0","driver":"fpga_vfio_pci","held":true,"holders":[{"pid":4242,"command":"qemu-system-x86"}]},{"bdf":"0000:07:00.2","driver":null,"held":false,"holders":[]}]}'
	fenced | answer fence-dry-run
	fvl fence --json --dry-run 07:00.1
	value '[.dry_run, .detached, .link_disabled]' '[true,true,false]'
	fvl fence --dry-run 07:00.1
	[ "$(tail -n 1 <<<"$out")" = "The port (0000:00:07.0) would leave the link enabled." ]
	fenced link-disabled | answer fence
	fvl fence 07:00.1
	grep -qx 'The port (0000:00:07.0) keeps the link disabled until recovery.' <<<"$out"
}

hold timeout_ok "a time may be seconds, or have a unit"
timeout_ok()
{
	local word

	fenced | answer fence
	for word in 30:30000 30s:30000 5m:300000 5min:300000 1h:3600000 24h:86400000 \
		100ms:100 86400:86400000; do
		: >"$tree/netlink/log"
		fvl fence --timeout "${word%:*}" 07:00.1
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
	fenced | answer fence
	fvl fence -o USER,DEVICE 07:00.1
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
	fvl fence 07:00.1
	refuses 4 "0000:07:00.1: fence: 0000:07:00.2 has driver xdma"
	grep -q 'Nothing was changed' <<<"$err"
	{ refusal 1 0000:00:07.0; echo "fail 16 0000:00:07.0: fenced by fpgactl (pid 77)"; } | answer fence
	fvl fence 07:00.1
	refuses 4 "0000:07:00.1: fence: 0000:00:07.0: fenced by fpgactl (pid 77)"
	hints "Nothing was changed. 'fpgactl link 0000:07:00.1' shows the time left and how to end the fence."
	fvl fence --json 07:00.1
	refusal_is '{"reason":"fenced","object":"0000:00:07.0","driver":null,"pid":null,"comm":null,"key":null}'
	{ refusal 3 0000:07:00.2 "driver xdma"; echo "fail 16 0000:07:00.2 is bound to xdma"; } |
		answer fence-dry-run
	fvl fence --dry-run --json 07:00.1
	refusal_is '{"reason":"driver","object":"0000:07:00.2","driver":"xdma","pid":null,"comm":null,"key":null}'
	fvl fence --dry-run 07:00.1
	hints "To bind it to fpga_vfio_pci, too: fpgactl bind --yes 0000:07:00.2"
	echo "fail 11 0000:07:00.1: a reset is under way" | answer fence
	fvl fence 07:00.1
	refuses 4 "0000:07:00.1: fence: a reset is under way"
	hints "Another operation is running on the card; try again."
}

hold codes_refused "refusals of the driver have the exit codes that are documented"
codes_refused()
{
	local word

	# EPERM, ENOENT, EIO, EBUSY, ENODEV, EAGAIN, EOPNOTSUPP, ESTALE
	for word in 1:12 2:3 5:1 16:4 19:3 11:4 95:1 116:5; do
		echo "fail ${word%:*} 0000:07:00.1: because" | answer fence
		fvl fence 07:00.1
		refuses "${word#*:}" "0000:07:00.1: fence: because"
	done
}

hold silent_driver_refused "a fence of which nothing is told is no success"
silent_driver_refused()
{
	: | answer fence
	fvl fence 07:00.1
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
