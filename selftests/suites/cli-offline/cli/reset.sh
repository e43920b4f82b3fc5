#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl reset, with a simulated driver.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

# plan: set the plan: FLR and a hot reset possible, one method not
plan()
{
	answer reset-dry-run <<'END'
bdf 0000:07:00.1
step
  method 0
  error 0
  expected-ms 100
  limit-ms 60000
  function
    bdf 0000:07:00.1
    driver fpga_vfio_pci
  end
end
step
  method 1
  error 25
  text No_Soft_Reset is set
end
step
  method 2
  error 0
  expected-ms 202
  limit-ms 61000
  function
    bdf 0000:07:00.1
    driver fpga_vfio_pci
  end
  function
    bdf 0000:07:00.2
  end
end
END
}

# plan_ours: set the plan to FLR only
plan_ours()
{
	answer reset-dry-run <<END
bdf 0000:07:00.1
step
  method 0
  error 0
  limit-ms 60000
  function
    bdf 0000:07:00.1
    driver fpga_vfio_pci
  end
end
END
}

# done_by_hot: set the reply to a failed FLR and a successful hot reset
done_by_hot()
{
	answer reset <<'END'
bdf 0000:07:00.1
step
  method 0
  error 110
  text no answer after 60000 ms
  duration-ns 60000100000
end
step
  method 2
  error 0
  duration-ns 212345678
end
END
}

hold dry_run_ok "--dry-run shows each method, what it hits, how long it may take, or why not"
dry_run_ok()
{
	plan
	fvl reset --dry-run 07:00.1
	succeeds
	prints "METHOD         USER RESULT       EXPECTED  LIMIT WHY
flr                 possible       100 ms 60.0 s
└─0000:07:00.1 none
pm                  not possible                 No_Soft_Reset is set
hot                 possible       202 ms 61.0 s
├─0000:07:00.1 none
└─0000:07:00.2 none"
	requests "reset bdf=0000:07:00.1 dry-run "
}

other_user_comes()
{
	mv "$tree/proc/4242" "$tree/proc/5151"
}

hold question_ok "on a terminal there is a question before a device in use is reset"
question_ok()
{
	local meanwhile=

	plan
	done_by_hot
	sed -i 's/07:00\.1/07:00.0/; s/^    driver.*/&\n    held/' "$tree/netlink/reset-dry-run"
	answered n reset 07:00.0
	[ "$rc" = 11 ]
	grep -qF '0000:07:00.0: held by qemu-system-x86 (pid 4242). Go on? [y/N] ' "$work/out"
	requests "reset bdf=0000:07:00.0 dry-run "
	# another user than the question has named
	meanwhile=other_user_comes
	answered y reset 07:00.0
	meanwhile=
	[ "$rc" = 11 ]
	grep -qF '0000:07:00.0: held by qemu-system-x86 (pid 5151). Go on? [y/N] ' "$work/out"
	requests "reset bdf=0000:07:00.0 dry-run " "reset bdf=0000:07:00.0 dry-run "
	mv "$tree/proc/5151" "$tree/proc/4242"
	answered y reset 07:00.0
	requests "reset bdf=0000:07:00.0 dry-run " "reset bdf=0000:07:00.0 dry-run " "reset bdf=0000:07:00.0 dry-run " \
		"reset bdf=0000:07:00.0 "
	# a VM that has gone has agreed for no other one
	: >"$tree/netlink/log"
	meanwhile=gone
	answered y reset 07:00.0
	requests "reset bdf=0000:07:00.0 dry-run " "reset bdf=0000:07:00.0 unused-only "
}

gone()
{
	rm -r "$tree/proc/4242"
	echo 0 >"$tree/sys/class/fpga_vfio/group17/statistics/users"
}

hold dry_run_held_refused "the plan names the holder of a function, and lacks consent as a reset does"
dry_run_held_refused()
{
	plan
	sed -i 's/07:00\.1/07:00.0/; s/^    driver.*/&\n    held/' "$tree/netlink/reset-dry-run"
	fvl reset --dry-run 07:00.0
	[ "$rc" = 11 ]
	grep -q '0000:07:00.0 qemu-system-x86 (pid 4242)' <<<"$out"
	[ "$err" = "fpgactl: 0000:07:00.0: reset: held by qemu-system-x86 (pid 4242)
Use --yes to confirm." ]
	fvl reset --dry-run --json 07:00.0
	[ "$rc" = 11 ] && [ -z "$out" ]
	fvl reset --dry-run --yes 07:00.0
	succeeds
	requests "reset bdf=0000:07:00.0 dry-run " "reset bdf=0000:07:00.0 dry-run " \
		"reset bdf=0000:07:00.0 dry-run "
}

hold dry_run_json_ok "a program reads the plan with every key"
dry_run_json_ok()
{
	plan
	fvl reset --dry-run --json 07:00.1
	succeeds
	value '[.dry_run, .bdf]' '[true,"0000:07:00.1"]'
	value '.steps[0]' '{"method":"flr","outcome":"possible","errno":null,"why":null,"blockers":[],"duration_ns":null,"expected_ns":100000000,"limit_ns":60000000000,"functions":[{"bdf":"0000:07:00.1","driver":"fpga_vfio_pci","in_use":false,"users":[]}]}'
	value '.steps[1] | [.method, .outcome, .errno, .why, .functions]' \
		'["pm","not-possible","ENOTTY","No_Soft_Reset is set",[]]'
	value '.steps[2].functions[1] | [.bdf, .driver]' '["0000:07:00.2",null]'
}

hold newer_driver_ok "methods and errors without a name are unknown, a cause without a text has that of its errno"
newer_driver_ok()
{
	local word

	printf '%s\n' "bdf 0000:07:00.1" step "method 9" "error 4000" "text new" end \
		step "error 25" "#99 1" end | answer reset-dry-run
	# malformed ones are left out
	for word in method error text duration-ns expected-ms limit-ms; do
		printf '%s\n' step "method 1" "error 0" "?$word" end
	done >>"$tree/netlink/reset-dry-run"
	for word in bdf driver; do
		printf '%s\n' step "method 2" "error 0" function "bdf 0000:07:00.2" "?$word" end end
	done >>"$tree/netlink/reset-dry-run"
	fvl reset --dry-run --json 07:00.1
	value '.steps | map([.method, .errno, .why, (.functions | length)])' \
		'[["unknown","unknown","new",0],[null,"ENOTTY","Inappropriate ioctl for device",0],["hot",null,null,0],["hot",null,null,0]]'
	fvl reset --dry-run -o METHOD,WHY 07:00.1
	prints "METHOD   WHY
unknown  new
no reset Inappropriate ioctl for device
hot
hot"
}

hold reset_ok "each method that was tried is told, with its outcome and time"
reset_ok()
{
	plan
	done_by_hot
	fvl reset 07:00.1
	succeeds
	prints "METHOD RESULT   TIME WHY
flr    failed 60.0 s no answer after 60000 ms
hot    done   212 ms"
	requests "reset bdf=0000:07:00.1 dry-run " "reset bdf=0000:07:00.1 unused-only "
}

hold not_possible_ok "a refusal before the hardware was touched is not called failed"
not_possible_ok()
{
	plan
	done_by_hot
	sed -i '2i step\nmethod 1\nerror 25\ntext No_Soft_Reset is set\nend' "$tree/netlink/reset"
	fvl reset 07:00.1
	succeeds
	prints "METHOD RESULT         TIME WHY
pm     not possible        No_Soft_Reset is set
flr    failed       60.0 s no answer after 60000 ms
hot    done         212 ms"
	fvl reset --json 07:00.1
	value '.steps[0] | [.outcome, .errno, .duration_ns]' '["not-possible","ENOTTY",null]'
}

hold json_ok "a program reads what was tried"
json_ok()
{
	plan
	done_by_hot
	fvl reset --json 07:00.1
	succeeds
	value '[.dry_run, .bdf]' '[false,"0000:07:00.1"]'
	value '.steps | map([.method, .outcome, .errno, .duration_ns])' \
		'[["flr","failed","ETIMEDOUT",60000100000],["hot","done",null,212345678]]'
}

hold method_ok "--method requests this method only, in plan and reset"
method_ok()
{
	local i=0 method

	plan
	done_by_hot
	for method in flr pm hot link; do
		: >"$tree/netlink/log"
		fvl reset --method "$method" 07:00.1
		succeeds
		requests "reset bdf=0000:07:00.1 method=$i dry-run " \
			"reset bdf=0000:07:00.1 method=$i unused-only "
		i=$((i + 1))
	done
}

hold columns_ok "-o chooses columns, and + adds to those of a plan or of a reset"
columns_ok()
{
	plan
	done_by_hot
	fvl reset -o METHOD,TIME 07:00.1
	[ "$(head -n 1 <<<"$out" | xargs)" = "METHOD TIME" ]
	fvl reset -o +DRIVER 07:00.1
	[ "$(head -n 1 <<<"$out" | xargs)" = "METHOD RESULT TIME WHY DRIVER" ]
	fvl reset --dry-run -o +TIME 07:00.1
	[ "$(head -n 1 <<<"$out" | xargs)" = \
		"METHOD USER RESULT EXPECTED LIMIT WHY TIME" ]
}

hold columns_refused "columns that are not there are refused before anything is touched"
columns_refused()
{
	plan
	done_by_hot
	fvl reset -o NOSUCH 07:00.1
	refuses 2 "unknown column 'NOSUCH'"
	fvl reset --json -o METHOD 07:00.1
	[ "$rc" = 2 ]
	no_request
}

hold held_refused "a device that a process holds is not reset without --yes"
held_refused()
{
	plan_ours
	done_by_hot
	fvl reset 07:00.0
	refuses 11 "0000:07:00.0: reset: held by qemu-system-x86 (pid 4242)"
	hints "Use --yes to confirm, --dry-run to see the plan."
	requests "reset bdf=0000:07:00.0 dry-run "
	fvl reset --yes 07:00.0
	succeeds
	[ "$(tail -n 1 "$tree/netlink/log")" = "reset bdf=0000:07:00.0 " ]
}

hold opened_meanwhile_refused "a device that is opened after the plan is not reset without --yes"
opened_meanwhile_refused()
{
	plan_ours
	{
		refusal 2 0000:07:00.1 "pid 4242"
		echo "fail 16 0000:07:00.1: 0000:07:00.1 is held by process 4242"
	} | answer reset
	fvl reset 07:00.1
	refuses 11 "0000:07:00.1: reset: 0000:07:00.1 is held by process 4242"
	hints "It was opened meanwhile. Use --yes to confirm."
	requests "reset bdf=0000:07:00.1 dry-run " "reset bdf=0000:07:00.1 unused-only "
	# with consent it may be in use
	done_by_hot
	: >"$tree/netlink/log"
	fvl reset --yes 07:00.1
	succeeds
	requests "reset bdf=0000:07:00.1 dry-run " "reset bdf=0000:07:00.1 "
}

hold held_json_refused "a program reads who holds it"
held_json_refused()
{
	plan_ours
	fvl reset --json 07:00.0
	[ "$rc" = 11 ]
	[ -z "$out" ]
	[ "$(jq -rc '.error | [.object, .what, .why, .exit_code]' "$work/err")" = \
		'["0000:07:00.0","reset","held by qemu-system-x86 (pid 4242)",11]' ]
	blocked_by '{"code":"held","object":"0000:07:00.0","driver":"fpga_vfio_pci","user":{"pid":4242,"command":"qemu-system-x86"}}'
}

hold unseen_holder_refused "a user that only the driver sees is not overrun"
unseen_holder_refused()
{
	plan_ours
	printf '%s\n' "bdf 0000:07:00.1" stats "users 1" end | answer device-get
	fvl reset 07:00.1
	refuses 11 "0000:07:00.1: reset: held by a process not visible to the caller"
}

hold other_held_refused "another function that is held and may be hit is named"
other_held_refused()
{
	plan
	sed -i 's/^    bdf 0000:07:00\.2/    bdf 0000:07:00.0\n    held/' \
		"$tree/netlink/reset-dry-run"
	fvl reset 07:00.1
	refuses 11 "0000:07:00.1: reset: 0000:07:00.0 held by qemu-system-x86 (pid 4242)"
	# functions of an impossible method do not count
	sed -i '/method 2/{n;s/0/16/}' "$tree/netlink/reset-dry-run"
	done_by_hot
	fvl reset 07:00.1
	succeeds
}

hold other_driver_refused "a virtual function of another driver that the driver would reset is one in use"
other_driver_refused()
{
	plan
	gone
	ln -s ../0000:07:00.0 "$tree/sys/bus/pci/devices/0000:07:00.1/physfn"
	ln -sfn ../../../bus/pci/drivers/xdma "$tree/sys/bus/pci/devices/0000:07:00.1/driver"
	fvl reset 07:00.0
	refuses 11 "0000:07:00.0: reset: 0000:07:00.1 has driver xdma"
	done_by_hot
	: >"$tree/netlink/log"
	fvl reset --yes 07:00.0
	succeeds
	requests "reset bdf=0000:07:00.0 dry-run " "reset bdf=0000:07:00.0 "
}

hold added_held_refused "a held function that came after the devices were read is named, too"
added_held_refused()
{
	plan
	sed -i 's/^    bdf 0000:07:00\.2/    bdf 0000:07:00.7\n    held/' \
		"$tree/netlink/reset-dry-run"
	done_by_hot
	fvl reset 07:00.1
	refuses 11 "0000:07:00.1: reset: 0000:07:00.7 held by a process not visible to the caller"
	fvl reset --json 07:00.1
	[ "$rc" = 11 ]
	blocked_by '{"code":"held","object":"0000:07:00.7","driver":null,"user":null}'
	requests "reset bdf=0000:07:00.1 dry-run " "reset bdf=0000:07:00.1 dry-run "
	fvl reset --yes 07:00.1
	succeeds
}

hold users_last_ok "the users of the plan's functions are read last before the reset"
users_last_ok()
{
	plan
	done_by_hot
	fvl reset 07:00.1
	succeeds
	[ "$(tail -n 3 "$tree/netlink/log" | cut -d " " -f 1,3 | xargs)" = \
		"reset dry-run device-get reset unused-only" ]
}

hold busy_refused "a refusal because of other functions is busy, with the driver's text"
busy_refused()
{
	plan
	echo "fail 16 0000:07:00.1: 0000:07:00.2 would be reset too and has driver xdma" |
		answer reset
	fvl reset 07:00.1
	refuses 4 "0000:07:00.1: reset: 0000:07:00.2 would be reset too and has driver xdma"
	hints "'fpgactl reset --dry-run 0000:07:00.1' shows the reset scope of each method and why it is refused."
	{ refusal 1 0000:00:07.0; echo "fail 16 fenced by fpgactl (pid 77)"; } | answer reset
	fvl reset 07:00.1
	hints "Nothing was changed. 'fpgactl link 0000:07:00.1' shows the time left and how to end the fence."
	fvl reset --json 07:00.1
	blocked_by '{"code":"fenced","object":"0000:00:07.0","driver":null,"user":null}'
	{ refusal 6 0000:07:00.1; echo "fail 11 0000:07:00.1: it is being opened"; } |
		answer reset-dry-run
	fvl reset --dry-run --json 07:00.1
	blocked_by '{"code":"busy","object":"0000:07:00.1","driver":null,"user":null}'
	# by a reason that this program does not know; without one
	{ refusal 99 0000:07:00.1; echo "fail 11 why"; } | answer reset-dry-run
	fvl reset --dry-run --json 07:00.1
	[ "$(jq -r .error.blockers[0].code <<<"$err")" = unknown ]
	echo "fail 11 why" | answer reset-dry-run
	fvl reset --dry-run --json 07:00.1
	blocked_by
	plan
	echo "fail 11 0000:07:00.1: the card is being retrained" | answer reset
	fvl reset 07:00.1
	refuses 4 "0000:07:00.1: reset: the card is being retrained"
	hints "Another operation is running on the card; try again."
	# ENOTTY
	echo "fail 25 0000:07:00.1: has no reset method" | answer reset
	fvl reset 07:00.1
	refuses 1 "0000:07:00.1: reset: has no reset method"
	hints "'fpgactl reset --dry-run 0000:07:00.1' shows the reset scope of each method and why it is refused."
}

hold object_refused "the next step follows from the reason of a refusal, not from its text"
object_refused()
{
	local reason error object hint

	plan
	while read -r reason error object hint; do
		{
			refusal "$reason" "$object" "driver xdma" "pid 4242"
			echo "fail $error 0000:07:00.1: because"
		} | answer reset
		fvl reset 07:00.1
		refuses 4 "0000:07:00.1: reset: because"
		hints "$hint"
	done <<'END'
2 16 0000:07:00.0 Unplug 0000:07:00.0 from its VM, or end its user, process 4242; then try again.
3 16 0000:07:00.2 To bind it to fpga_vfio_pci, too: fpgactl bind --yes 0000:07:00.2
4 16 0000:07:00.2 'fpgactl list --all' shows 0000:07:00.2 and what is below it.
5 16 0000:07:00.1 'fpgactl reset --dry-run 0000:07:00.1' shows the reset scope of each method and why it is refused.
6 16 0000:07:00.2 0000:07:00.2 is busy; try again.
6 11 0000:07:00.2 0000:07:00.2 is busy; try again.
3 16 x 'fpgactl reset --dry-run 0000:07:00.1' shows the reset scope of each method and why it is refused.
END
	# of a driver that hides the process
	{ refusal 2 0000:07:00.0; echo "fail 16 0000:07:00.1: because"; } | answer reset
	fvl reset --json 07:00.1
	[ "$(jq -r .error.hint <<<"$err")" = "Unplug 0000:07:00.0 from its VM, or end its user; then try again.
'fpgactl show 0000:07:00.0' shows its holders." ]
}

# fails CODE TEXT: as refuses(), with the tried steps on stdout
fails()
{
	[ "$rc" = "$1" ] && [ -n "$out" ] && [ "$(head -n 1 <<<"$err")" = "fpgactl: $2" ]
}

hold failed_refused "when no method helps all tries are shown, then the error"
failed_refused()
{
	plan
	done_by_hot
	sed -i 's/^  error 0/  error 5\n  text the link did not come up/' "$tree/netlink/reset"
	echo "fail 5 0000:07:00.1: no method brought it back" >>"$tree/netlink/reset"
	fvl reset 07:00.1
	fails 1 "0000:07:00.1: reset: no method brought it back"
	grep -q "^hot    failed 212 ms the link did not come up$" <<<"$out"
	grep -q "'fpgactl link 0000:07:00.1' shows the link. The device is reset again before the next open;" <<<"$err"
	mixed reset 07:00.1
	[ "${out%% *}" = METHOD ]
}

hold failed_json_refused "the error's object has what was tried, and nothing is half printed"
failed_json_refused()
{
	plan
	done_by_hot
	echo "fail 110 0000:07:00.1: no method brought it back" >>"$tree/netlink/reset"
	fvl reset --json 07:00.1
	[ "$rc" = 1 ]
	[ -z "$out" ]
	[ "$(jq -rc '.error | [.why, .exit_code, (.steps | map(.method))]' "$work/err")" = \
		'["no method brought it back",1,["flr","hot"]]' ]
}

hold changed_refused "a card that came back as something else has exit code 5"
changed_refused()
{
	plan
	done_by_hot
	echo "fail 116 0000:07:00.1: its device ID is 9039, and was 9038" >>"$tree/netlink/reset"
	fvl reset 07:00.1
	fails 5 "0000:07:00.1: reset: its device ID is 9039, and was 9038"
	hints "The device cannot be opened until its identity matches. Load the old image and reset"
	# that it cannot be written counts less
	rc=0
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL "$FPGACTL" reset 07:00.1 >/dev/full 2>"$work/err" \
		</dev/null || rc=$?
	[ "$rc" = 5 ]
	lacks 'write failed' "$work/err"
}

hold impossible_refused "a plan that the driver refuses is not carried out"
impossible_refused()
{
	plan
	echo "fail 95 0000:07:00.1: no method is possible" >>"$tree/netlink/reset-dry-run"
	done_by_hot
	fvl reset 07:00.1
	fails 1 "0000:07:00.1: reset: no method is possible"
	[ "$(head -n 1 <<<"$out" | xargs)" = "METHOD USER RESULT EXPECTED LIMIT WHY" ]
	hints "'fpgactl reset --dry-run 0000:07:00.1' shows the reset scope of each method and why it is refused."
	requests "reset bdf=0000:07:00.1 dry-run "
	fvl reset --dry-run 07:00.1
	fails 1 "0000:07:00.1: reset: no method is possible"
	grep -q "No_Soft_Reset" <<<"$out"
}

hold rights_refused "without the right it says so, with exit code 12"
rights_refused()
{
	echo "fail 1 needs CAP_SYS_ADMIN in the initial user namespace" | answer reset-dry-run
	fvl reset 07:00.1
	refuses 12 "0000:07:00.1: reset: needs CAP_SYS_ADMIN in the initial user namespace"
	hints "Run it as root on the host, or see fpgactl-allow(8). Nothing was changed."
}

hold gone_refused "a device that the driver lost has exit code 3"
gone_refused()
{
	echo "fail 19 0000:07:00.1: is not bound" | answer reset-dry-run
	fvl reset 07:00.1
	refuses 3 "0000:07:00.1: reset: is not bound"
}

hold silent_driver_refused "a reset of which nothing is told is no success"
silent_driver_refused()
{
	plan
	echo "bdf 0000:07:00.1" | answer reset
	fvl reset 07:00.1
	refuses 1 "0000:07:00.1: reset: driver returned no result"
}

hold not_bound_refused "a device of another driver is refused, with what to do"
not_bound_refused()
{
	fvl reset 01:00.1
	refuses 3 "0000:01:00.1: reset: not bound to fpga_vfio_pci (driver: xdma)"
	hints "Bind it first: fpgactl bind 0000:01:00.1"
	fvl reset 01:00.0
	refuses 3 "0000:01:00.0: reset: not bound to fpga_vfio_pci (driver: none)"
	fvl reset 00:01.0
	refuses 1 "0000:00:01.0: reset: is a bridge, not an endpoint"
	fvl reset ee:00.0
	refuses 3 "0000:ee:00.0: reset: no such PCI device"
	no_request
}

hold no_module_refused "without the module it says how to load it, with exit code 10"
no_module_refused()
{
	rm -r "$tree/netlink" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	fvl reset 07:00.1
	refuses 10 "0000:07:00.1: reset: module is not loaded"
	hints "Load it: modprobe fpga_vfio_pci"
}

hold recorded_refused "a recorded system is not reset, and the live one not instead"
recorded_refused()
{
	fv reset 07:00.1
	refuses 1 "0000:07:00.1: reset: needs the live system; drop --sysroot"
}

hold method_refused "a method that is not there is refused"
method_refused()
{
	fvl reset --method sbr 07:00.1
	refuses 2 "reset: unknown method 'sbr'"
	hints "Methods: flr, pm, hot, link"
	no_request
}

hold progress_ok "on a terminal it tells how long it takes already, and how long it may"
progress_ok()
{
	plan
	done_by_hot
	sed -i '1i wait block' "$tree/netlink/reset"
	: >"$tree/netlink/block"
	clock 0
	on_terminal reset 07:00.1 &
	begun=$!
	wait_for 1000
	clock 1000
	wait_until grep -qF 'reset: 1 s of at most 121 s' "$work/screen"
	wait_for 2000
	clock 2000
	wait_until grep -qF 'reset: 2 s of at most 121 s' "$work/screen"
	wait_for 3000
	rm "$tree/netlink/block"
	end_of "$begun"
	[ "$rc" = 0 ]
	grep -qF 'CRESC[Kfpgactl: 0000:07:00.1: reset: 1 s of at most 121 sCRESC[Kfpgactl: 0000:07:00.1: reset: 2 s of at most 121 sCRESC[KMETHOD' "$work/out"
	fvl reset 07:00.1
	succeeds
}

hold no_progress_ok "an operation of less than a second, JSON, and a terminal that cannot clear a line have none"
no_progress_ok()
{
	plan
	done_by_hot
	clock 0
	on_terminal reset 07:00.1
	[ "$(head -c 6 "$work/out")" = METHOD ]
	# a thread shows progress while the driver works
	sed -i '1i wait block' "$tree/netlink/reset"
	threads_of_reset xterm
	[ "$nr" = 2 ]
	threads_of_reset xterm --json
	[ "$nr" = 1 ]
	[ "$(head -c 1 "$work/out")" = '{' ]
	threads_of_reset dumb
	[ "$nr" = 1 ]
	[ "$(head -c 6 "$work/out")" = METHOD ]
}

# threads_of_reset TERM [OPTION]: number of threads of a reset that waits, in $nr
threads_of_reset()
{
	local tasks

	: >"$tree/netlink/block"
	: >"$tree/netlink/log"
	TERM=$1 on_terminal reset "${@:2}" 07:00.1 &
	begun=$!
	wait_until grep -qx 'reset bdf=0000:07:00.1 unused-only ' "$tree/netlink/log"
	tasks=("/proc/$(<"$work/pid")/task/"*)
	nr=${#tasks[@]}
	rm "$tree/netlink/block"
	end_of "$begun"
	[ "$rc" = 0 ]
}

# stuck: a reset that does not end is under way, process $begun
stuck()
{
	plan
	done_by_hot
	sed -i '1i wait block' "$tree/netlink/reset"
	: >"$tree/netlink/block"
	: >"$tree/netlink/log"
	# a shell without job control ignores SIGINT in background processes
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL env --default-signal=INT \
		"$FPGACTL" reset 07:00.1 >"$work/out" 2>"$work/err" </dev/null &
	begun=$!
	wait_until grep -qx 'reset bdf=0000:07:00.1 unused-only ' "$tree/netlink/log"
}

hold cancel_refused "Ctrl-C cancels the operation, and its end is waited for"
cancel_refused()
{
	local signal

	for signal in INT TERM; do
		stuck
		kill "-$signal" "$begun"
		finish
		[ "$rc" = $((128 + $(kill -l "$signal"))) ]
		grep -qxF "fpgactl: 0000:07:00.1: reset: cancelled" <<<"$err"
		grep -qx 'op-cancel id=1 ' "$tree/netlink/log"
	done
}

hold ignored_ok "signals that are ignored cancel nothing"
ignored_ok()
{
	local signal

	for signal in INT TERM; do
		plan
		done_by_hot
		sed -i '1i wait block' "$tree/netlink/reset"
		: >"$tree/netlink/block"
		: >"$tree/netlink/log"
		FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL env --default-signal=INT \
			"--ignore-signal=$signal" "$FPGACTL" reset 07:00.1 >"$work/out" \
			2>"$work/err" </dev/null &
		begun=$!
		wait_until grep -qx 'reset bdf=0000:07:00.1 unused-only ' "$tree/netlink/log"
		kill "-$signal" "$begun"
		rm "$tree/netlink/block"
		finish
		succeeds
		lacks ^op-cancel "$tree/netlink/log"
	done
}

hold cancel_again_refused "a second Ctrl-C leaves the operation to the driver"
cancel_again_refused()
{
	stuck
	: >"$tree/netlink/deaf"
	kill -INT "$begun"
	wait_until grep -qx 'op-cancel id=1 ' "$tree/netlink/log"
	kill -INT "$begun"
	finish
	refuses 130 "0000:07:00.1: reset: operation 1 continues in the driver"
	[ "$(grep -c ^op-cancel "$tree/netlink/log")" = 1 ]
}

hold lost_event_ok "when the event of the end is lost, the operation is read"
lost_event_ok()
{
	stuck
	: >"$tree/netlink/lose"
	rm "$tree/netlink/block"
	finish
	[ "$rc" = 0 ]
	stuck
	: >"$tree/netlink/overrun"
	wait_until test ! -e "$tree/netlink/overrun"
	rm "$tree/netlink/block"
	finish
	[ "$rc" = 0 ]
}

hold unload_refused "when the module is unloaded meanwhile, nothing is waited for"
unload_refused()
{
	stuck
	rm -r "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	: >"$tree/netlink/unload"
	finish
	refuses 10 "0000:07:00.1: reset: module was unloaded"
}

hold refused_at_once_refused "a refusal before the operation exists is shown as one"
refused_at_once_refused()
{
	plan
	echo "refuse 19 0000:07:00.1: being unbound" | answer reset
	fvl reset 07:00.1
	refuses 3 "0000:07:00.1: reset: being unbound"
}

hold no_operation_refused "without the number of an operation, or its events, nothing is waited for"
no_operation_refused()
{
	plan
	echo unnumbered | answer reset
	fvl reset 07:00.1
	refuses 1 "0000:07:00.1: reset: driver returned no operation"
	: >"$tree/netlink/closed"
	: >"$tree/netlink/log"
	fvl reset 07:00.1
	refuses 1 "0000:07:00.1: reset: netlink group ops: Out of memory"
	requests "reset bdf=0000:07:00.1 dry-run "
}

hold others_cancel_refused "an operation that another caller cancels has failed"
others_cancel_refused()
{
	plan
	done_by_hot
	echo "fail 125 0000:07:00.1: cancelled" >>"$tree/netlink/reset"
	fvl reset 07:00.1
	[ "$rc" = 1 ]
}

hold no_plan_ok "while another operation has the card there is no plan, and it is waited for"
no_plan_ok()
{
	plan
	done_by_hot
	echo "fail 11 0000:07:00.1: is being opened, closed or reset" | answer reset-dry-run
	# without a plan it may be the whole card, of which a VM has a function
	fvl reset 07:00.1
	refuses 11 "0000:07:00.1: reset: 0000:07:00.0 held by qemu-system-x86 (pid 4242)"
	: >"$tree/netlink/log"
	fvl reset --yes 07:00.1
	succeeds
	requests "reset bdf=0000:07:00.1 dry-run " "reset bdf=0000:07:00.1 "
	fvl reset --method flr 07:00.1
	succeeds
	fvl reset --method pm 07:00.1
	succeeds
	fvl reset --method link 07:00.1
	[ "$rc" = 11 ]
	fvl reset --dry-run 07:00.1
	refuses 4 "0000:07:00.1: reset: is being opened, closed or reset"
	echo "fail 105 0000:07:00.1: 32 operations wait for its card already" | answer reset
	fvl reset --yes 07:00.1
	[ "$rc" = 4 ]
}

run_tests
