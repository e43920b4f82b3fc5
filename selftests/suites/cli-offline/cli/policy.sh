#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl policy, with a simulated driver.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

hold all_ok "without an address, all policies are shown, equal ones once"
all_ok()
{
	local bdf

	for bdf in 07:00.1:xdma:1 08:00.0:xdma:0 07:00.0:xdma:1 09:00.0:other:1; do
		printf '%s\n' "bdf 0000:${bdf%%:x*}" "state 0" "profile $(cut -d: -f3 <<<"$bdf")" policy \
			"aer ${bdf##*:}" end next
	done | sed -e 's/^bdf \(.*\):other:.*/bdf \1/' -e '$d' | answer device-get
	fvl policy -o KEY,VALUE
	succeeds
	[ "$(grep '^0000' <<<"$out")" = "0000:07:00.0 0000:07:00.1 (profile: xdma)
0000:08:00.0 (profile: xdma)
0000:09:00.0 (profile: other)" ]
	[ "$(grep -c '^aer ' <<<"$out")" = 3 ]
	fvl policy --json
	value '.devices | map([.bdf, .profile, .policy.aer])' \
		'[["0000:07:00.0","xdma","recover"],["0000:07:00.1","xdma","recover"],["0000:08:00.0","xdma","stop"],["0000:09:00.0","other","recover"]]'
	printf '%s\n' "fail 5" | answer device-get
	fvl policy
	[ "$rc" = 1 ] && [ -z "$out" ]
	: | answer device-get
	fvl policy
	[ "$rc" = 0 ] && [ -z "$out" ]
	[ "$err" = "fpgactl: policy: no device is bound to fpga_vfio_pci; next: fpgactl bind BDF" ]
	fv policy
	[ "$rc" = 1 ] && [ -z "$out" ]
}

# device FILE [LINE…]: set the reply for 0000:07:00.0, with these lines in its policy
device()
{
	local file=$1

	shift
	{
		printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" "state 0" "profile xdma" policy
		printf '%s\n' "load-limit-ms 60000" "ready-limit-ms 1500" "link-speed 0" \
			"link-width 0" "retrain-tries 3" "monitor-interval-ms 100" "auto-retrain 1" \
			"identity 0" "user-notification 1" "aer 1" "link-disable 0" \
			"reset-at-open 0" "open-limit-ms 30000" "$@" end
	} >"$tree/netlink/$file"
}

# sent: print the changes that the driver got
sent()
{
	grep '^device-set ' "$tree/netlink/log"
}

hold show_ok "the policy is a table of what the command line takes, with what it means"
show_ok()
{
	device device-get
	fvl policy 07:00.0
	succeeds
	[ "$(head -n 4 <<<"$out")" = \
"Device:   0000:07:00.0
State:    ready
Profile:  xdma" ]
	[ "$(sed 1,4d <<<"$out" | awk '{ print $1, $2 }')" = \
"KEY VALUE
reset-methods default
ready-register none
load-limit 60s
ready-limit 1500ms
link-speed auto
link-width auto
retrain-tries 3
monitor-interval 100ms
auto-retrain on
identity strict
user-notification error
aer recover
link-disable auto
reset-at-open auto
open-limit 30s" ]
	grep -q '^load-limit  *60s  *time limit for the link to come up after a reset of the card$' <<<"$out"
	no_request
}

# set_policy: set the reply to a policy without default values
set_policy()
{
	device device-get "reset-method 2" "reset-method 0" ready-register "bar 2" \
		"offset 0x123456789c" "mask 0xffffffff" "value 0x80000001" end
	sed -i -e 's/^link-speed.*/link-speed 3/' -e 's/^link-width.*/link-width 16/' \
		-e 's/^monitor-interval.*/monitor-interval-ms 0/' -e 's/^state.*/state 4\nreason it is \x1b[31mred/' \
		"$tree/netlink/device-get"
}

hold show_set_ok "settings are shown in the form of policy set, and the reason of a state"
show_set_ok()
{
	set_policy
	fvl policy 07:00.0
	grep -qF 'State:    changed: it is \x1b[31mred' <<<"$out"
	grep -q '^reset-methods  *hot,flr ' <<<"$out"
	grep -q '^ready-register  *2:0x123456789c:0xffffffff:0x80000001 ' <<<"$out"
	grep -q '^link-speed  *8 GT/s ' <<<"$out"
	grep -q '^link-width  *x16 ' <<<"$out"
	grep -q '^monitor-interval  *off ' <<<"$out"
	fvl policy -o VALUE,KEY 07:00.0
	succeeds
	[ "$(head -n 1 <<<"$out" | xargs)" = "VALUE KEY" ]
	on_terminal policy 07:00.0
	[ "$(sed 's/CR$//' "$work/out" | wc -L)" -le 80 ]
}

hold json_ok "a program reads every key, as numbers, words and null"
json_ok()
{
	device device-get
	fvl policy --json 07:00.0
	succeeds
	value . '{"schema":1,"bdf":"0000:07:00.0","state":"ready","reason":null,"profile":"xdma","persistent":null,"policy":{"reset_methods":null,"ready_register":null,"load_limit_ns":60000000000,"ready_limit_ns":1500000000,"link_speed_mts":null,"link_width":null,"retrain_tries":3,"monitor_interval_ns":100000000,"auto_retrain":true,"identity":"strict","user_notification":"error","aer":"recover","link_disable":"auto","reset_at_open":"auto","open_limit_ns":30000000000}}'
	set_policy
	fvl policy --json 07:00.0
	value '[.state, .reason]' '["changed","it is \u001b[31mred"]'
	value '.policy | [.reset_methods, .ready_register, .link_speed_mts, .link_width, .monitor_interval_ns]' \
		'[["hot","flr"],{"bar":2,"offset":78187493532,"mask":4294967295,"value":2147483649},8000,16,0]'
}

hold newer_driver_ok "values that are newer than the program are unknown, and missing ones are empty"
newer_driver_ok()
{
	local word

	device device-get
	sed -i -e 's/^aer.*/aer 9/' -e '/^auto-retrain/d' -e '/^link-speed/d' "$tree/netlink/device-get"
	fvl policy --json 07:00.0
	value '.policy | [.aer, .auto_retrain, .link_speed_mts]' '["unknown",null,null]'
	sed -i -e '/^load-limit/d; /^link-width/d; /^retrain-tries/d; /^identity/d; /^end/d' \
		"$tree/netlink/device-get"
	{
		printf '%s\n' "#99 1" "?load-limit-ms"
		for word in bar offset mask value; do
			printf '%s\n' ready-register "bar 2" "offset 4" "mask 1" "value 1" end |
				sed "/^$word/d"
			printf '%s\n' ready-register "bar 2" "offset 4" "mask 1" "value 1" "?$word" end
		done
		echo end
	} >>"$tree/netlink/device-get"
	fvl policy -o KEY,VALUE 07:00.0
	grep -q '^aer  *unknown$' <<<"$out"
	[ "$(awk 'NF == 1 { print $1 }' <<<"$out" | xargs)" = \
		"load-limit link-speed link-width retrain-tries auto-retrain identity" ]
	grep -q '^ready-register  *none$' <<<"$out"
	fvl policy --json 07:00.0
	value '.policy | [.load_limit_ns, .link_width, .retrain_tries, .identity, .ready_register]' \
		'[null,null,null,null,null]'
}

# change [FROM TO]…: let the driver accept a change and return another policy afterwards
change()
{
	echo "then after" >"$tree/netlink/tail"
	device device-get
	device after
	while [ $# -gt 1 ]; do
		sed -i "s/^$1.*/$2/" "$tree/netlink/after"
		shift 2
	done
	cat "$tree/netlink/tail" >>"$tree/netlink/device-get"
	: | answer device-set
	: >"$tree/netlink/log"
}

hold set_ok "all settings are one request, and changed values are shown"
set_ok()
{
	change load-limit-ms "load-limit-ms 90000" aer "aer 0"
	fvl policy 07:00.0 load-limit=90s aer=stop retrain-tries=3
	succeeds
	prints "0000:07:00.0: load-limit: 60s -> 90s
0000:07:00.0: aer: recover -> stop"
	[ "$(sent)" = "device-set bdf=0000:07:00.0 policy{ load-limit-ms=90000 retrain-tries=3 aer=0 } " ]
	change
	fvl policy 07:00.0 aer=recover
	succeeds
	prints "0000:07:00.0: nothing changed"
}

hold set_json_ok "a program reads the policy before and after"
set_json_ok()
{
	change load-limit-ms "load-limit-ms 90000"
	fvl policy --json 07:00.0 load-limit=90s
	succeeds
	value '[.dry_run, .bdf, .profile, .before.load_limit_ns, .after.load_limit_ns, .after.aer]' \
		'[false,"0000:07:00.0","xdma",60000000000,90000000000,"recover"]'
}

hold default_ok "'default' begins with what is known of the board, alone or before keys"
default_ok()
{
	change aer "aer 0"
	fvl policy 07:00.0 default
	succeeds
	[ "$(sent)" = "device-set bdf=0000:07:00.0 policy-default " ]
	prints "0000:07:00.0: aer: recover -> stop"
	change
	fvl policy 07:00.0 default link-width=x4
	[ "$(sent)" = "device-set bdf=0000:07:00.0 policy-default policy{ link-width=4 } " ]
	fvl policy 07:00.0 aer=stop default
	refuses 2 "policy: 'default' must precede the keys"
}

# takes WORD REQUEST: check the request for a word
takes()
{
	change
	fvl policy 07:00.0 "$1"
	succeeds
	[ "$(sent)" = "device-set bdf=0000:07:00.0 policy{ $2 } " ]
}

hold values_ok "each key takes its values as people write them"
values_ok()
{
	takes reset-methods=flr "reset-method=0"
	takes reset-methods=link,hot,pm,flr "reset-method=3 reset-method=2 reset-method=1 reset-method=0"
	takes ready-register=none "ready-register{ bar=0 offset=0 mask=0 value=0 }"
	takes ready-register=5:0xfffffffffc:0xFFFFFFFF:10 \
		"ready-register{ bar=5 offset=1099511627772 mask=4294967295 value=10 }"
	takes ready-register=0:010:1:1 "ready-register{ bar=0 offset=10 mask=1 value=1 }"
	takes load-limit=1500ms "load-limit-ms=1500"
	takes load-limit=2min "load-limit-ms=120000"
	takes ready-limit=10s "ready-limit-ms=10000"
	takes open-limit=1min "open-limit-ms=60000"
	takes link-speed=gen3 "link-speed=3"
	takes link-speed=16GT/s "link-speed=4"
	takes "link-speed=8 GT/s" "link-speed=3"
	takes link-speed=auto "link-speed=0"
	takes link-width=x8 "link-width=8"
	takes link-width=auto "link-width=0"
	takes retrain-tries=10 "retrain-tries=10"
	takes monitor-interval=50ms "monitor-interval-ms=50"
	takes monitor-interval=off "monitor-interval-ms=0"
	takes link-width=x32 "link-width=32"
	takes auto-retrain=on "auto-retrain=1"
	takes identity=strict "identity=0"
	takes user-notification=error "user-notification=1"
	takes aer=ignore-data-errors "aer=2"
	takes link-disable=auto "link-disable=0"
	takes reset-at-open=auto "reset-at-open=0"
	takes reset-at-open=always "reset-at-open=1"
	takes auto-retrain=off "auto-retrain=0"
	takes identity=build "identity=1"
	takes user-notification=none "user-notification=0"
	takes user-notification=request "user-notification=2"
	takes aer=recover "aer=1"
	takes link-disable=on "link-disable=1"
	takes link-disable=off "link-disable=2"
}

hold shown_is_taken_ok "the command line takes the values that the table shows"
shown_is_taken_ok()
{
	local key value rest words=()

	set_policy
	fvl policy 07:00.0 -o KEY,VALUE
	while read -r key value rest; do
		[ "$key" = KEY ] || words+=("$key=$value")
	done <<<"$out"
	[ ${#words[@]} = 15 ]
	: | answer device-set
	fvl policy 07:00.0 "${words[@]}"
	succeeds
	prints "0000:07:00.0: nothing changed"
	[ "$(sent)" = "device-set bdf=0000:07:00.0 policy{ reset-method=2 reset-method=0 ready-register{ bar=2 offset=78187493532 mask=4294967295 value=2147483649 } load-limit-ms=60000 ready-limit-ms=1500 link-speed=3 link-width=16 retrain-tries=3 monitor-interval-ms=0 auto-retrain=1 identity=0 user-notification=1 aer=1 link-disable=0 reset-at-open=0 open-limit-ms=30000 } " ]
}

hold values_refused "no other value is accepted: the values of the key are named, without a request"
values_refused()
{
	local word why

	device device-get
	while read -r why word; do
		fvl policy 07:00.0 "$word"
		refuses 2 "policy: invalid argument '$word': ${why//_/ }"
	done <<'END'
unknown_method reset-methods=
unknown_method reset-methods=flr,
unknown_method reset-methods=flr,x
too_many_methods reset-methods=flr,flr,flr,flr,flr,flr,flr,flr,flr
not_a_register ready-register=
not_a_register ready-register=0:0:1
not_a_register ready-register=0:0:1:1:1
not_a_register ready-register=0:0x:1:1
not_a_register ready-register=0:-4:1:1
not_a_register ready-register=0:0:0x100000000:1
not_a_register ready-register=4294967296:0:1:1
not_a_register ready-register=0:0x10000000000000000:1:1
not_a_time_with_a_unit load-limit=60
not_a_time_with_a_unit load-limit=s
not_a_time_with_a_unit load-limit=1.5s
not_a_time_with_a_unit load-limit=-1s
not_a_time_with_a_unit load-limit=1h
not_a_time_with_a_unit load-limit=4294968s
not_a_time_with_a_unit load-limit=off
not_a_time_with_a_unit open-limit=30
not_a_time_with_a_unit monitor-interval=
unknown_speed link-speed=gen7
unknown_speed link-speed=0
unknown_width link-width=8
unknown_width link-width=x0
unknown_width link-width=x33
not_a_number retrain-tries=x
not_a_number retrain-tries=-1
unknown_value auto-retrain=1
unknown_value identity=Strict
unknown_value user-notification=stop
unknown_value aer=x
unknown_value link-disable=
missing_value link-disable
END
	hints "link-disable: auto, on or off"
	fvl policy 07:00.0 aer=stop link-speed=5
	refuses 2 "policy: invalid argument 'link-speed=5': ambiguous speed: generation or GT/s"
	hints "Use gen5 for 32 GT/s or gen2 for 5 GT/s."
	fvl policy 07:00.0 reset-methods=default
	refuses 2 "policy: invalid argument 'reset-methods=default': the kernel's order is restored only with the whole policy"
	hints "To restore all keys: fpgactl policy BDF default"
	fvl policy 07:00.0 aer=stop aer=recover
	refuses 2 "policy: duplicate key 'aer'"
	no_request
}

hold keys_refused "an unknown key is refused, with the nearest one and all there are"
keys_refused()
{
	local all="reset-methods, ready-register, load-limit, ready-limit, link-speed, link-width, retrain-tries, monitor-interval, auto-retrain, identity, user-notification, aer, link-disable, reset-at-open, open-limit"

	fvl policy 07:00.0 laod-limit=5s
	refuses 2 "policy: unknown key 'laod-limit'"
	hints "Did you mean load-limit? All keys: $all"
	fvl policy 07:00.0 defaultt
	hints "Did you mean default? All keys: $all"
	fvl policy 07:00.0 frobnicate=1
	hints "All keys: $all"
	fvl policy 07:00.0 ""
	[ "$rc" = 2 ]
}

hold driver_refused "a refusal has the driver's text, and a note that nothing was changed"
driver_refused()
{
	local word

	change
	echo "fail 34 0000:07:00.0: load-limit-ms is 1000 to 600000" | answer device-set
	fvl policy 07:00.0 load-limit=1ms aer=stop
	refuses 1 "0000:07:00.0: policy: load-limit-ms is 1000 to 600000"
	hints "Nothing was changed. 'fpgactl help policy' lists the keys and their values."
	# for programs
	{
		refusal 8 0000:07:00.0 "key load_limit_ms"
		echo "fail 34 0000:07:00.0: load_limit_ms is 1, range is 1000 to 600000"
	} | answer device-set
	fvl policy --json 07:00.0 load-limit=1ms aer=stop
	blocked_by '{"code":"policy","object":"load-limit","driver":null,"user":null}'
	# EPERM, ENODEV, EBUSY
	for word in 1:12 19:3 16:4; do
		echo "fail ${word%:*} 0000:07:00.0: because" | answer device-set
		fvl policy 07:00.0 aer=stop
		refuses "${word#*:}" "0000:07:00.0: policy: because"
		[ "$word" != 19:3 ] || hints "'fpgactl list' shows the devices and their drivers."
	done
	echo "fail 1" | answer device-set
	fvl policy --json 07:00.0 aer=stop
	[ "$rc" = 12 ]
	[ -z "$out" ]
	[ "$(jq -rc '.error | [.why, .hint]' "$work/err")" = \
		'["Operation not permitted","Run it as root on the host. Nothing was changed."]' ]
}

hold dry_run_ok "--dry-run tells what would be changed, and changes nothing"
dry_run_ok()
{
	change
	fvl policy --dry-run 07:00.0 load-limit=90s aer=recover reset-methods=hot ready-register=0:4:1:1
	succeeds
	prints "0000:07:00.0: would change reset-methods: default -> hot
0000:07:00.0: would change ready-register: none -> 0:0x4:0x1:0x1
0000:07:00.0: would change load-limit: 60s -> 90s"
	fvl policy -n 07:00.0 aer=recover
	prints "0000:07:00.0: nothing would change"
	fvl policy -n 07:00.0 default aer=stop
	prints "0000:07:00.0: would change aer: recover -> stop
0000:07:00.0: all other keys would be set from the board profile (xdma)"
	sed -i '/^profile/d' "$tree/netlink/device-get"
	fvl policy -n 07:00.0 default
	prints "0000:07:00.0: all keys would be set from the board profile (default)"
	fvl policy -n --json 07:00.0 aer=stop
	value '[.dry_run, .before.aer, .after.aer, .after.identity]' '[true,"recover","stop","strict"]'
	fvl policy -n --json 07:00.0 default aer=stop
	value '.after | [length, map_values(values)]' '[15,{"aer":"stop"}]'
	no_request
}

hold columns_refused "columns go with the table only"
columns_refused()
{
	change
	fvl policy -o KEY --json 07:00.0
	refuses_json
	fvl policy -o KEY 07:00.0 aer=stop
	refuses 2 "policy: --output cannot be combined with KEY=VALUE"
	fvl policy -o NOSUCH 07:00.0
	refuses 2 "unknown column 'NOSUCH'"
	no_request
}

refuses_json()
{
	[ "$rc" = 2 ] && [ -z "$out" ] &&
		[ "$(jq -r .error.why "$work/err")" = "--output cannot be combined with --json" ]
}

hold silent_driver_refused "a driver that tells no policy is not changed"
silent_driver_refused()
{
	echo "bdf 0000:07:00.0" | answer device-get
	fvl policy 07:00.0 aer=stop
	refuses 1 "0000:07:00.0: policy: driver returned no policy"
	: | answer device-get
	fvl policy 07:00.0
	refuses 1 "0000:07:00.0: policy: driver sent no valid reply"
	no_request
}

hold not_bound_refused "a device of another driver, a bridge and a recorded system have no policy"
not_bound_refused()
{
	fvl policy 01:00.1
	refuses 3 "0000:01:00.1: policy: not bound to fpga_vfio_pci (driver: xdma)"
	hints "Bind it first: fpgactl bind 0000:01:00.1"
	fvl policy 00:01.0
	refuses 1 "0000:00:01.0: policy: is a bridge, not an endpoint"
	fv policy 07:00.0
	refuses 1 "0000:07:00.0: policy: needs the live system; drop --sysroot"
	fvl policy x
	refuses 2 "policy: invalid PCI address 'x'"
	rm -r "$tree/netlink" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	fvl policy 07:00.0
	refuses 10 "0000:07:00.0: policy: module is not loaded"
	fvl policy
	refuses 10 "fpga_vfio_pci: policy: module is not loaded"
}

run_tests
