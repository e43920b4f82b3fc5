#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl retrain, with a simulated driver.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

# trained AFTER-SPEED AFTER-WIDTH ATTEMPTS: set the reply
trained()
{
	printf '%s\n' "bdf 0000:07:00.0" \
		before "speed 1" "width 1" "max-speed 4" "max-width 8" "target-speed 4" active end \
		after "speed $1" "width $2" "max-speed 4" "max-width 8" "target-speed 4" active end \
		"attempts $3"
}

hold retrain_ok "before and after are told, also while a VM holds the card"
retrain_ok()
{
	trained 4 8 2 | answer retrain
	fvl retrain 07:00.0
	succeeds
	prints "0000:07:00.0: 2.5 GT/s x1 -> 16 GT/s x8 (2 attempts)"
	requests "retrain bdf=0000:07:00.0 "
	trained 4 8 1 | answer retrain
	fvl retrain 07:00.0
	prints "0000:07:00.0: 2.5 GT/s x1 -> 16 GT/s x8 (1 attempt)"
}

hold json_ok "a program reads both links with every key"
json_ok()
{
	trained 4 8 2 | answer retrain
	fvl retrain --json 07:00.0
	succeeds
	value 'del(.before)' '{"schema":1,"dry_run":false,"bdf":"0000:07:00.0","after":{"speed_mts":16000,"width":8,"max_speed_mts":16000,"max_width":8,"target_speed_mts":16000,"active":true,"training":false,"disabled":false,"degraded":false},"tries":2}'
	value '.before | [.speed_mts, .width]' '[2500,1]'
}

hold dry_run_ok "--dry-run prints the requested link"
dry_run_ok()
{
	trained 4 8 0 | grep -v attempts | answer retrain-dry-run
	fvl retrain --dry-run 07:00.0
	succeeds
	prints "0000:07:00.0: would retrain the link: 2.5 GT/s x1 -> 16 GT/s x8"
	requests "retrain bdf=0000:07:00.0 dry-run "
	fvl retrain --dry-run --json 07:00.0
	value '[.dry_run, .tries]' '[true,null]'
}

hold speed_ok "a speed may be a generation or GT/s"
speed_ok()
{
	local word

	trained 4 8 1 | answer retrain
	for word in gen1:1 1:1 2.5:1 2.5GT/s:1 gen2:2 2:2 5.0:2 5GT/s:2 gen3:3 3:3 8:3 8.0:3 \
		gen4:4 4:4 16:4 16GT/s:4 gen5:5 32:5 gen6:6 6:6 64:6 64.0GT/s:6; do
		: >"$tree/netlink/log"
		fvl retrain --speed "${word%:*}" 07:00.0
		succeeds
		requests "retrain bdf=0000:07:00.0 speed=${word#*:} "
	done
}

hold speed_refused "a malformed speed is refused, and an ambiguous 5"
speed_refused()
{
	local word

	for word in 0 7 gen0 gen7 gen gen4x 10 2.55 -1 16GT 5GT 6GT/s "" x; do
		fvl retrain --speed "$word" 07:00.0
		refuses 2 "retrain: unknown speed '$word'"
	done
	hints "Speeds: 2.5, 5.0, 8, 16, 32, 64 (GT/s), or gen1 to gen6"
	fvl retrain --speed 5 07:00.0
	refuses 2 "retrain: ambiguous speed '5': generation or GT/s"
	hints "Use gen5 for 32 GT/s or gen2 for 5 GT/s."
	no_request
}

hold tries_ok "--tries is handed over"
tries_ok()
{
	trained 4 8 10 | answer retrain
	fvl retrain --tries 10 -s gen4 07:00.0
	succeeds
	requests "retrain bdf=0000:07:00.0 speed=4 tries=10 "
}

hold tries_refused "a number of tries that is none from 1 to 10 is refused"
tries_refused()
{
	local word

	for word in 0 11 x -1 ""; do
		fvl retrain --tries "$word" 07:00.0
		refuses 2 "retrain: invalid --tries '$word': not a number from 1 to 10"
	done
	no_request
}

hold not_reached_refused "a link below the requested speed or width is told, and is an error"
not_reached_refused()
{
	{
		trained 3 8 3
		echo "fail 5 0000:07:00.0: the link came up with 8 GT/s x8, not 16 GT/s x8"
	} | answer retrain
	fvl retrain 07:00.0
	[ "$rc" = 1 ]
	prints "0000:07:00.0: 2.5 GT/s x1 -> 8 GT/s x8 (3 attempts)"
	[ "$(head -n 1 <<<"$err")" = "fpgactl: 0000:07:00.0: retrain: the link came up with 8 GT/s x8, not 16 GT/s x8" ]
	grep -q "'fpgactl link 0000:07:00.0' shows the link. Try more --tries or" <<<"$err"
	mixed retrain 07:00.0
	[ "${out%% ->*}" = "0000:07:00.0: 2.5 GT/s x1" ]
	fvl retrain --json 07:00.0
	[ "$rc" = 1 ]
	[ -z "$out" ]
	[ "$(jq -c '.error | [.before.speed_mts, .after.speed_mts, .tries]' "$work/err")" = \
		"[2500,8000,3]" ]
}

hold down_refused "a link that is down afterwards is called so"
down_refused()
{
	{
		trained 0 0 3
		echo "fail 110 0000:07:00.0: the link did not come up"
	} | answer retrain
	fvl retrain 07:00.0
	[ "$rc" = 1 ]
	prints "0000:07:00.0: 2.5 GT/s x1 -> down (3 attempts)"
}

hold progress_ok "on a terminal it tells how long it takes already"
progress_ok()
{
	{
		echo "wait block"
		trained 4 8 1
	} | answer retrain
	: >"$tree/netlink/block"
	clock 0
	on_terminal retrain 07:00.0 &
	begun=$!
	wait_for 1000
	clock 1000
	wait_until grep -qF 'retrain: 1 s' "$work/screen"
	rm "$tree/netlink/block"
	end_of "$begun"
	[ "$rc" = 0 ]
	grep -qF 'fpgactl: 0000:07:00.0: retrain: 1 sCRESC[K0000:07:00.0: 2.5' "$work/out"
}

hold codes_refused "refusals of the driver have the exit codes that are documented"
codes_refused()
{
	local error code hint

	# EPERM, ENODEV, EBUSY, EAGAIN, EOPNOTSUPP, ESTALE
	while read -r error code hint; do
		echo "fail $error 0000:07:00.0: because" | answer retrain
		fvl retrain 07:00.0
		refuses "$code" "0000:07:00.0: retrain: because"
		hints "$hint"
	done <<'END'
1 12 Run it as root on the host. Nothing was changed.
19 3 'fpgactl list' shows the devices and their drivers.
16 4 Try again when the current operation has finished.
11 4 Another operation is running on the card; try again.
95 1 'fpgactl link 0000:07:00.0' shows the link. Try more --tries or
116 5 'fpgactl link 0000:07:00.0' shows the link. Try more --tries or
END
}

hold fenced_refused "a card that is fenced is not retrained, and it says how the fence ends"
fenced_refused()
{
	local command

	for command in retrain retrain-dry-run; do
		{
			refusal 1 0000:00:07.0 "pid 77" "comm fpgactl"
			echo "fail 16 0000:07:00.0: fenced by fpgactl (pid 77)"
		} | answer "$command"
	done
	for command in --json --dry-run ""; do
		# shellcheck disable=SC2086 # no word, too
		fvl retrain $command 07:00.0
		[ "$rc" = 4 ]
		[ "$command" = --json ] ||
			hints "Nothing was changed. 'fpgactl link 0000:07:00.0' shows the time left and how to end the fence."
	done
}

hold silent_driver_refused "a retrain of which nothing is told is no success"
silent_driver_refused()
{
	echo "bdf 0000:07:00.0" | answer retrain
	fvl retrain 07:00.0
	refuses 1 "0000:07:00.0: retrain: driver returned no result"
}

hold not_bound_refused "a device of another driver, a bridge and a recorded system are refused"
not_bound_refused()
{
	fvl retrain 01:00.1
	refuses 3 "0000:01:00.1: retrain: not bound to fpga_vfio_pci (driver: xdma)"
	fvl retrain 00:01.0
	refuses 1 "0000:00:01.0: retrain: is a bridge, not an endpoint"
	fv retrain 07:00.0
	refuses 1 "0000:07:00.0: retrain: needs the live system; drop --sysroot"
	rm -r "$tree/netlink" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	fvl retrain 07:00.0
	refuses 10 "0000:07:00.0: retrain: module is not loaded"
}

run_tests
