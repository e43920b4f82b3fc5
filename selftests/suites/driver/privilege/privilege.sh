#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# Callers without CAP_SYS_ADMIN in the initial user namespace: which operations are refused, and
# that reads show no process and do not access the hardware.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARDS FV_KO
ktap_print_header

LACKS="error EPERM needs CAP_SYS_ADMIN in the initial user namespace"
UNKNOWN=0000:ff:1f.7
use_card FV_CARD
cards_bind "$dev" "$FV_CARD2" "$FV_CARD2_FN1"
for bdf in "$dev" "$FV_CARD2" "$FV_CARD2_FN1"; do
	policy "$bdf" monitor_interval_ms=0
	echo on >"$FV_PCI/$bdf/power/control"
done

# commands: print each netlink command that does or plans something, as words of fv_act
commands()
{
	local verb

	for verb in reset retrain fence recover; do
		echo "$verb $dev"
		echo "$verb $dev plan"
		echo "$verb $UNKNOWN"
	done
	printf '%s\n' "recover $dev force" "release $dev" "release $UNKNOWN" \
		"policy $dev aer=stop" "policy $dev default" "policy $UNKNOWN aer=stop" \
		"cancel 1" "cancel 4000000000"
}

# store_all: write to each writable file of the device; print those that accept it
store_all()
{
	local file value

	while read -r file; do
		value=any
		[ "${file##*/}" = reset ] || read -r value <"$file"
		! { echo "$value" >"$file"; } 2>/dev/null || echo "${file##*/}"
	done < <(find "$FV_PCI/$dev/fpga_vfio/" -type f -perm /222)
}
export -f store_all
export FV_PCI dev

# show_all: print everything readable about the cards, by netlink and sysfs
show_all()
{
	cat "$FV_PCI/$dev"/fpga_vfio/* /sys/class/fpga_vfio/group*/statistics/* 2>/dev/null
	printf '%s\n' "card $port" "device $dev" "policy $dev" history op |
		"$FV_DIR/fv_act" session
}
export -f show_all
export FV_DIR port

# --- refusals, for any target
since
mark
for who in "${LIMITED[@]}"; do
	fv_same "$who: each command is refused" "$(commands | sed "s/.*/$LACKS/")" \
		"$(commands | as_limited "$who" "$FV_DIR/fv_act" session)"
	fv_same "$who: no file takes a value" "" "$(as_limited "$who" bash -c store_all)"
done
fv_same "nothing happened" "" "$(happened)"
fv_check "the card saw no reset" seen
fv_same "it is ready" ready "$(device "$dev" state)"
fv_has "in another network namespace there is no family" "ENOENT" \
	"$(unshare --user --map-root-user --net "$FV_DIR/fv_act" reset "$dev" 2>&1)"

# --- root: no other reason to refuse
fv_same "with CAP_SYS_ADMIN each file takes a value" \
	"$(find "$FV_PCI/$dev/fpga_vfio/" -type f -perm /222 -printf '%f\n' | sort)" "$(store_all | sort)"
fv_check "with CAP_SYS_ADMIN it is reset" act reset "$dev"

# --- reads do not access the hardware
reads=$(state "$port" link_reads)
act card "$port"
fv_check "with CAP_SYS_ADMIN the link is read" counted link_reads $((reads + 1))
fv_check "and told" said "link 3 8 3 8 "
for who in "${LIMITED[@]}"; do
	reads=$(state "$port" link_reads)
	mark
	shown=$(as_limited "$who" bash -c show_all)
	fv_same "$who: reads do not reach the port" "$reads" "$(state "$port" link_reads)"
	fv_same "$who: nor the card" 0 "$(trace_count .)"
	fv_has "$who: reads tell the state" "state ready" "$shown"
	fv_check "$who: without the link, which the driver does not watch" \
		eval '[[ ! $shown =~ link\ [0-9] ]]'
done
policy "$dev" monitor_interval_ms=10
act card "$port"
link=$(grep ^link <<<"$SAID")
as_told()
{
	[ "$(as_nobody "$FV_DIR/fv_act" card "$port" | grep ^link)" = "$1" ]
}
fv_check "a link that is watched is told, as the driver saw it" fv_wait 60 as_told "$link"
fault come-back 1 2
act retrain "$dev" tries=1
fv_check "when it changes, too" fv_wait 60 as_told "$("$FV_DIR/fv_act" card "$port" | grep ^link)"
fv_check "which it did" eval '[ "$link" != "$("$FV_DIR/fv_act" card "$port" | grep ^link)" ]'
fault repair
fv_check "it is repaired" act retrain "$dev"
fv_check "and told so" fv_wait 60 as_told "$link"

# --- process information
# listener NAME GROUP PREFIX…: run "PREFIX fv_act listen GROUP" in the background, output in
# /tmp/NAME
listeners=()
listener()
{
	"${@:3}" "$FV_DIR/fv_act" listen "$2" >"/tmp/$1" &
	listeners+=($!)
	fv_wait 60 grep -q listening "/tmp/$1"
}
fv_check "all may listen" listener by-user events "${AS_NOBODY[@]}"
fv_check "with CAP_SYS_ADMIN to which process, too" listener by-root events-admin env
for who in "${LIMITED[@]}"; do
	for group in events-admin ops-admin; do
		fv_has "$who: may not: $group" "^error EPERM" \
			"$(as_limited "$who" timeout 60 "$FV_DIR/fv_act" listen $group)"
	done
done
"$FV_DIR/uevents" >/tmp/uevents &
listeners+=($!)
fv_wait 60 grep -q listening /tmp/uevents

holder "$dev"
told held
owner
fv_check "fenced" own fence "$dev"
named="fenced by fv_act \(pid $OWNER\)"
fv_has "the owner is named to root, of the device" "reason $named" "$("$FV_DIR/fv_act" device "$dev")"
fv_has "and of the card" "reason $named.*fence $OWNER fv_act " \
	"$("$FV_DIR/fv_act" card "$port" | paste -sd ,)"
for word in "fence $dev" "recover $dev" "reset $dev" "retrain $dev"; do
	# shellcheck disable=SC2086 # two words
	fv_check "and to root when it is refused: $word" refused $word
	fv_check "by name: $word" said "error EBUSY $dev: $named"
done
for who in "${LIMITED[@]}"; do
	shown=$(as_limited "$who" bash -c show_all)
	fv_has "$who: that it is fenced is told" "state fenced.reason fenced by" "${shown//$'\n'/,}"
	fv_has "$who: and for how long" ",fence 0  [0-9]+" "${shown//$'\n'/,}"
	fv_check "$who: but no process" eval '! grep -nE "\b($OWNER|$FV_HOLDER)\b|fv_act|vfio_hold|pid|comm=" <<<"$shown"'
done
fv_check "recovered" own recover "$dev"
owner_ends
fv_release
fv_hold "$FV_CARD2_FN1"
fv_check "another's function is held: not reset" refused reset "$FV_CARD2" hot
fv_check "by whom, to root" \
	said "error EBUSY $FV_CARD2: $FV_CARD2_FN1 is held by process $FV_HOLDER"
act reset "$FV_CARD2" hot plan
fv_check "in a plan, too" \
	said "step hot EBUSY [^,]* $FV_CARD2_FN1 is held by process $FV_HOLDER"
shown=$(as_nobody "$FV_DIR/fv_act" history)
fv_has "in the history that it is" "kind=reset .*error=EBUSY.*$FV_CARD2_FN1 is held by another" "$shown"
fv_check "but not by whom" eval '! grep -nE "\b$FV_HOLDER\b|pid|comm=" <<<"$shown"'
shown=$(as_nobody "$FV_DIR/fv_act" op)
fv_has "of the operation, too, that it is" "reset ended .* EBUSY .*$FV_CARD2_FN1 is held by another.*step hot EBUSY [^,]*another" \
	"${shown//$'\n'/,}"
fv_check "but neither owner nor requester" eval '! grep -nE "\b$FV_HOLDER\b|^by" <<<"$shown"'
shown=$("$FV_DIR/fv_act" op)
fv_has "root reads both" "is held by process $FV_HOLDER.*,by [0-9]+ fv_act" "${shown//$'\n'/,}"
fv_release

# the last event, received by all listeners
policy "$dev" ready_limit_ms=1234
for listener in by-user by-root; do
	fv_check "$listener: got all" fv_wait 60 grep -q ready_limit_ms.*1234 /tmp/$listener
done
fv_check "events to a user name no process" eval '! grep -nE "\b$OWNER\b|fv_act|vfio_hold|pid|comm=" /tmp/by-user'
fv_has "events to root do" "kind=fence .*pid=$OWNER comm=fv_act" "$(</tmp/by-root)"
fv_same "otherwise they are the same" "$(sed 's/ pid=[0-9]* comm=[^ ]*//' /tmp/by-root)" "$(</tmp/by-user)"
fv_check "uevents name none" eval '! grep -nE "\b$OWNER\b|fv_act|pid" /tmp/uevents'
fv_has "but tell the state" "FPGA_VFIO_STATE=fenced" "$(</tmp/uevents)"
kill "${listeners[@]}"
wait "${listeners[@]}" 2>/dev/null

# --- fpgactl names the missing capability
for who in "${LIMITED[@]}"; do
	tried=("reset --yes")
	[ "$who" != user ] || tried+=(retrain fence recover "policy aer=stop")
	for words in "${tried[@]}"; do
		# shellcheck disable=SC2086 # options
		set -- $words
		shown=$(as_limited "$who" fpgactl "$1" "$dev" "${@:2}" 2>&1)
		fv_has "$who: fpgactl $words: says what is missing" \
			"^fpgactl: $dev: [a-z]+: needs CAP_SYS_ADMIN in the initial user namespace"$'\n'"Run it as root on the host" "$shown"
	done
done
fv_has "fpgactl link tells the link" "8 GT/s x8" "$(as_nobody fpgactl link "$dev")"
followers=()
for who in user root; do
	[ $who = root ] && as=() || as=("${AS_NOBODY[@]}")
	"${as[@]}" fpgactl history --follow --json "$dev" >/tmp/followed-by-$who &
	followers+=($!)
	fv_check "$who: fpgactl follows the history" fv_wait 60 test -s /tmp/followed-by-$who
done
policy "$dev" ready_limit_ms=1235
for who in user root; do
	fv_check "$who: to the end" fv_wait 60 grep -q 'ready.limit.*1235' /tmp/followed-by-$who
done
kill "${followers[@]}"
wait "${followers[@]}" 2>/dev/null
fv_same "user: without processes" "" "$(jq -c 'select(.user)' /tmp/followed-by-user)"
fv_same "root: with the requester" '"fv_act"' \
	"$(jq -c 'select((.text // "") | test("1235")) | .user.command' /tmp/followed-by-root)"
fv_has "in another network namespace it says so" "initial network namespace" \
	"$(unshare --net fpgactl reset --yes "$dev" 2>&1)"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
