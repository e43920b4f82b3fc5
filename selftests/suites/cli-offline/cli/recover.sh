#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl recover, with a simulated driver.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

# not_back STATE REASON ERRNO: reply of a recovery in which all steps fail
not_back()
{
	answer recover <<END
bdf 0000:07:00.1
step
  error 110
  text the link did not come up in 60000 ms
  duration-ns 60000100000
end
step
  method 2
  error $3
  text $2
  duration-ns 61000100000
end
card-state $1
card-reason $2
after
  max-speed 4
  max-width 8
end
duration-ns 121000200000
fail $3 0000:07:00.1: $2
END
}

hold recover_ok "the way that helped, the link, and how long it took are told"
recover_ok()
{
	plan_recovery
	recovered
	fvl recover 07:00.1
	succeeds
	prints "METHOD   RESULT   TIME WHY
no reset done   2.10 s
Card:      ready
Identity:  same
Link:      8 GT/s x8 (maximum: 16 GT/s x8)
Link up:   after 1.90 s
Answered:  after 2.00 s
Usable:    after 2.10 s"
	requests "recover bdf=0000:07:00.1 dry-run " "recover bdf=0000:07:00.1 "
}

hold json_ok "a program reads every key"
json_ok()
{
	plan_recovery
	recovered
	fvl recover --json 07:00.1
	succeeds
	value 'del(.steps, .link)' '{"schema":1,"dry_run":false,"bdf":"0000:07:00.1","state":"ready","reason":null,"identity":"same","link_up_ns":1903000000,"ready_ns":2003000000,"duration_ns":2103456789}'
	value '.steps' '[{"method":null,"outcome":"done","errno":null,"why":null,"blockers":[],"duration_ns":2103456789,"expected_ns":null,"limit_ns":null,"functions":[]}]'
	value '.link | [.speed_mts, .width, .max_speed_mts]' '[8000,8,16000]'
}

hold dry_run_ok "--dry-run tells the ways, and does nothing"
dry_run_ok()
{
	plan_recovery
	fvl recover --dry-run 07:00.1
	succeeds
	prints "METHOD         USER RESULT   EXPECTED  LIMIT WHY
no reset            possible   100 ms 60.0 s
└─0000:07:00.1 none
hot                 possible   202 ms 61.0 s"
	requests "recover bdf=0000:07:00.1 dry-run "
	fvl recover --dry-run --json 07:00.1
	value '[.dry_run, .state, (.steps | map([.method, .limit_ns]))]' '[true,null,[[null,60000000000],["hot",61000000000]]]'
}

hold ready_ok "a card that is ready is left alone, and that is no error"
ready_ok()
{
	printf '%s\n' "bdf 0000:07:00.1" | answer recover-dry-run
	printf '%s\n' "bdf 0000:07:00.1" "card-state 0" "duration-ns 1" | answer recover
	fvl recover 07:00.1
	succeeds
	prints "0000:07:00.1: card was ready; nothing to do"
	fvl recover --dry-run 07:00.1
	prints "0000:07:00.1: card is ready; nothing would be done"
}

hold owner_refused "another's fence is not ended without --force"
owner_refused()
{
	plan_recovery
	{
		refusal 1 0000:00:07.0 "pid 77" "comm fpgactl"
		echo "fail 16 0000:00:07.0: fenced by fpgactl (pid 77)"
	} | answer recover
	fvl recover 07:00.1
	refuses 11 "0000:07:00.1: recover: 0000:00:07.0: fenced by fpgactl (pid 77)"
	[ "$(tail -n 1 <<<"$err")" = "fpgactl recover --force 0000:07:00.1" ]
	fvl recover --json 07:00.1
	blocked_by '{"code":"fenced","object":"0000:00:07.0","driver":null,"user":{"pid":77,"command":"fpgactl"}}'
	# of the plan alone, by a driver, which no option overrides
	{
		refusal 3 0000:07:00.2 "driver xdma"
		echo "fail 16 0000:07:00.1: 0000:07:00.2 is bound to xdma"
	} | answer recover-dry-run
	fvl recover --dry-run 07:00.1
	hints "To bind it to fpga_vfio_pci, too: fpgactl bind --yes 0000:07:00.2"
	fvl recover --dry-run --json 07:00.1
	blocked_by '{"code":"driver","object":"0000:07:00.2","driver":"xdma","user":null}'
	echo "fail 16 0000:07:00.1: because" | answer recover-dry-run
	fvl recover --dry-run 07:00.1
	hints "'fpgactl recover --dry-run 0000:07:00.1' shows the functions of the card and why it is refused."
	plan_recovery
	recovered
	: >"$tree/netlink/log"
	fvl recover --force 07:00.1
	succeeds
	requests "recover bdf=0000:07:00.1 force dry-run " "recover bdf=0000:07:00.1 force "
}

# fails CODE TEXT: as refuses(), with the tried steps on stdout
fails()
{
	[ "$rc" = "$1" ] && [ -n "$out" ] && [ "$(head -n 1 <<<"$err")" = "fpgactl: $2" ]
}

hold changed_refused "a card that came back as something else has exit code 5, and the difference"
changed_refused()
{
	plan_recovery
	not_back 4 "its device ID is 9039, and was 9038" 116
	fvl recover 07:00.1
	fails 5 "0000:07:00.1: recover: its device ID is 9039, and was 9038"
	prints "METHOD   RESULT   TIME WHY
no reset failed 60.0 s the link did not come up in 60000 ms
hot      failed 61.0 s its device ID is 9039, and was 9038
Card:      changed
Reason:    its device ID is 9039, and was 9038
Identity:  changed
Link:      down (maximum: 16 GT/s x8)"
	hints "The card stays fenced. To use the new image: fpgactl rescan 0000:07:00.1"
}

hold failed_refused "a card that did not come back has exit code 6, and what was tried"
failed_refused()
{
	local error

	plan_recovery
	for error in 5 110; do
		not_back 5 "no answer" "$error"
		fvl recover 07:00.1
		fails 6 "0000:07:00.1: recover: no answer"
		grep -q '^Card:  *failed$' <<<"$out"
		lacks ^Usable "$work/out"
		grep -q "Then: fpgactl recover 0000:07:00.1$" <<<"$err"
	done
	mixed recover 07:00.1
	[ "${out%% *}" = METHOD ]
}

hold failed_json_refused "the error's object has what was tried, and nothing is half printed"
failed_json_refused()
{
	plan_recovery
	not_back 5 "no answer" 110
	fvl recover --json 07:00.1
	[ "$rc" = 6 ]
	[ -z "$out" ]
	[ "$(jq -rc '.error | [.why, .exit_code, .state, .identity, .link_up_ns, (.steps | map(.method))]' "$work/err")" = \
		'["no answer",6,"failed",null,null,[null,"hot"]]' ]
}

hold codes_refused "refusals of the driver have the exit codes that are documented"
codes_refused()
{
	local error code hint

	# EPERM, ENODEV, EOPNOTSUPP
	while read -r error code hint; do
		: >"$tree/netlink/log"
		echo "fail $error 0000:07:00.1: because" | answer recover-dry-run
		fvl recover 07:00.1
		refuses "$code" "0000:07:00.1: recover: because"
		hints "$hint"
		requests "recover bdf=0000:07:00.1 dry-run "
	done <<'END'
1 12 Run it as root on the host, or see fpgactl-allow(8). Nothing was changed.
19 3 'fpgactl list' shows the devices and their drivers.
95 1 'fpgactl link 0000:07:00.1' shows the link and the state of the card.
END
}

hold refused_plan_refused "a plan that the driver refuses has the columns of a plan, and is not carried out"
refused_plan_refused()
{
	plan_recovery
	sed -i 's/^  error 0/  error 95\n  text not possible here/' "$tree/netlink/recover-dry-run"
	echo "fail 95 0000:07:00.1: no method is possible" >>"$tree/netlink/recover-dry-run"
	recovered
	fvl recover 07:00.1
	fails 1 "0000:07:00.1: recover: no method is possible"
	prints "METHOD         USER RESULT       EXPECTED  LIMIT WHY
no reset            not possible   100 ms 60.0 s not possible here
└─0000:07:00.1 none
hot                 not possible   202 ms 61.0 s not possible here"
	requests "recover bdf=0000:07:00.1 dry-run "
	fvl recover --dry-run 07:00.1
	fails 1 "0000:07:00.1: recover: no method is possible"
	[ "$(head -n 1 <<<"$out" | xargs)" = "METHOD USER RESULT EXPECTED LIMIT WHY" ]
}

hold no_link_ok "a card of which no link is told has none"
no_link_ok()
{
	plan_recovery
	recovered
	sed -i '/^after/,/^end/d; /^link-ns/d' "$tree/netlink/recover"
	fvl recover 07:00.1
	succeeds
	[ "$(sed -n '/^Card/,$p' <<<"$out")" = "Card:      ready
Identity:  same
Answered:  after 2.00 s
Usable:    after 2.10 s" ]
	fvl recover --json 07:00.1
	value '[.link, .link_up_ns]' '[null,null]'
	# a maximum that is not known is not a lack
	recovered
	sed -i '/max-width/d' "$tree/netlink/recover"
	fvl recover 07:00.1
	grep -qx 'Link:  *8 GT/s x8' <<<"$out"
}

hold silent_driver_refused "a recovery of which nothing is told is no success"
silent_driver_refused()
{
	plan_recovery
	echo "bdf 0000:07:00.1" | answer recover
	fvl recover 07:00.1
	refuses 1 "0000:07:00.1: recover: driver returned no result"
}

hold columns_refused "columns that are not there are refused before anything is touched"
columns_refused()
{
	plan_recovery
	recovered
	fvl recover -o NOSUCH 07:00.1
	refuses 2 "unknown column 'NOSUCH'"
	fvl recover --json -o METHOD 07:00.1
	[ "$rc" = 2 ]
	no_request
	fvl recover -o METHOD,TIME 07:00.1
	[ "$(head -n 1 <<<"$out" | xargs)" = "METHOD TIME" ]
}

hold not_bound_refused "a device of another driver, a bridge and a recorded system are refused"
not_bound_refused()
{
	fvl recover 01:00.1
	refuses 3 "0000:01:00.1: recover: not bound to fpga_vfio_pci (driver: xdma)"
	fvl recover 00:01.0
	refuses 1 "0000:00:01.0: recover: is a bridge, not an endpoint"
	fv recover 07:00.1
	refuses 1 "0000:07:00.1: recover: needs the live system; drop --sysroot"
}

hold progress_ok "on a terminal it tells how long it takes already, and how long it may"
progress_ok()
{
	plan_recovery
	recovered
	sed -i '1i wait block' "$tree/netlink/recover"
	# rounded up to seconds
	sed -i 's/61000/60500/' "$tree/netlink/recover-dry-run"
	: >"$tree/netlink/block"
	clock 0
	on_terminal recover 07:00.1 &
	begun=$!
	wait_for 1000
	clock 1000
	wait_until grep -qF 'recover: 1 s of at most 121 s' "$work/screen"
	rm "$tree/netlink/block"
	end_of "$begun"
	[ "$rc" = 0 ]
	grep -qF 'CRESC[Kfpgactl: 0000:07:00.1: recover: 1 s of at most 121 sCRESC[KMETHOD' "$work/out"
}

hold cancel_refused "Ctrl-C ends it, whatever state the card is in, and the driver goes on"
cancel_refused()
{
	plan_recovery
	not_back 5 "no answer" 110
	sed -i '1i wait block' "$tree/netlink/recover"
	: >"$tree/netlink/block"
	: >"$tree/netlink/log"
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL env --default-signal=INT \
		"$FPGACTL" recover 07:00.1 >"$work/out" 2>"$work/err" </dev/null &
	begun=$!
	wait_until grep -qx 'recover bdf=0000:07:00.1 ' "$tree/netlink/log"
	kill -INT "$begun"
	finish
	[ "$rc" = 130 ]
	grep -qxF "fpgactl: 0000:07:00.1: recover: cancelled" <<<"$err"
	hints "The driver goes on with the recovery. 'fpgactl link 0000:07:00.1' shows the state of the card."
}

hold busy_ok "while another operation has the card there is no plan, and it is waited for"
busy_ok()
{
	echo "fail 11 0000:07:00.1: is being opened, closed or reset" | answer recover-dry-run
	recovered
	fvl recover 07:00.1
	succeeds
	grep -q '^Card: *ready' <<<"$out"
	fvl recover --dry-run 07:00.1
	refuses 4 "0000:07:00.1: recover: is being opened, closed or reset"
	hints "Another operation is running on the card; try again."
}

run_tests
