#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# Effects of a device's policy, as seen in the card's trace.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

use_card FV_CARD

cards_bind "$dev"
# no runtime suspend, because the test accesses the function without VFIO
echo on >"$FV_PCI/$dev/power/control"

# no link monitor, which would recover from injected faults
monitor_off="monitor_interval_ms=0"

# --- reset_methods
policy "$dev" default $monitor_off reset_methods=hot,flr
mark
fv_check "hot flr: done" act reset "$dev"
fv_check "hot flr: by a hot reset" steps "hot 0"
fv_check "hot flr: is what the card saw" seen hot
fault hot-hangs 1
policy "$dev" ready_limit_ms=500
mark
fv_check "hot flr, hot hangs: the next is tried" \
	eval '! act reset "$dev" && steps "hot ETIMEDOUT,flr EIO"'
# a hanging card does not see FLR
fv_check "hot flr, hot hangs: and no other" seen hot
fv_check "hot flr, hot hangs: the first has its limit, the next does not wait for it" \
	said "step hot ETIMEDOUT [^,]* after 500 ms,.*step flr EIO [^,]* does not answer, so flr"
fv_same "hot flr, hot hangs: it has failed" failed "$(device "$dev" state)"
policy "$dev" reset_methods=link,hot
mark
fv_check "link hot: done" act reset "$dev"
fv_check "link hot: by the first" steps "link 0"
fv_check "link hot: is what the card saw" seen link
policy "$dev" reset_methods=flr,hot
fault flr-hangs 1
mark
fv_check "flr hot, FLR hangs: done" act reset "$dev"
fv_check "flr hot, FLR hangs: by the next" steps "flr ETIMEDOUT,hot 0"
fv_check "flr hot, FLR hangs: is what the card saw" seen flr hot
policy "$dev" reset_methods=flr
fault flr-hangs 1
mark
fv_check "flr, FLR hangs: not done" refused reset "$dev"
fv_check "flr, FLR hangs: nothing else is tried" steps "flr ETIMEDOUT"
fv_check "flr, FLR hangs: is what the card saw" seen flr
policy "$dev" reset_methods=pm,hot
fv_check "pm hot, the card has no pm: done" act reset "$dev"
fv_check "pm hot: by the other" steps "pm EOPNOTSUPP,hot 0"
fv_same "it is ready" ready "$(device "$dev" state)"
mark
holder "$dev"
fv_check "an open keeps to it, too" told held
fv_check "is what the card saw" seen hot
fv_release
policy "$dev" default $monitor_off

# failed_at METHOD MS: succeed if its step failed, not before MS; bench-ready has the delay
failed_at()
{
	echo "# $1 took $(took "$1") ms, limit $2"
	[ "$(took "$1")" -ge "$2" ]
}

# --- limits: the card stays not ready until the test has seen the failure
policy "$dev" reset_methods=flr ready_limit_ms=500
fault not-ready hold ones
fv_check "a ready limit: not done" refused reset "$dev"
fv_check "a ready limit: says so" said "error ETIMEDOUT $dev: .*does not answer after 500 ms"
fv_check "a ready limit: not before that" failed_at flr 500
act reset "$dev" plan
fv_check "it is in a plan" said "step flr 0 100-600 "
release
policy "$dev" ready_limit_ms=1000
fv_check "a longer one: not done" refused reset "$dev"
fv_check "a longer one: not before that" failed_at flr 1000
card ready-after 1500
release
policy "$dev" ready_limit_ms=120000
fv_check "a ready limit that is long enough: done" act reset "$dev"
fv_check "a ready limit that is long enough: not before" test "$(took flr)" -ge 1500
card ready-after image
policy "$dev" reset_methods=hot load_limit_ms=1000
card train-time hold
fv_check "a load limit: not done" refused reset "$dev"
fv_check "a load limit: says so" said "error ETIMEDOUT $dev: .*$port does not come up in 1000 ms"
fv_check "a load limit: not before that" failed_at hot 1000
release
fault wait ready
policy "$dev" load_limit_ms=2000 reset_methods=link
fv_check "by link, too: not done" refused reset "$dev"
fv_check "by link, too: not before that" failed_at link 2000
card train-time 2500
release
fault wait ready
policy "$dev" load_limit_ms=600000 reset_methods=hot
fv_check "a load limit that is long enough: done" act reset "$dev"
fv_check "a load limit that is long enough: not before" test "$(took hot)" -ge 2500
card train-time image
fv_same "it is ready" ready "$(device "$dev" state)"

# --- link_disable
policy "$dev" default $monitor_off link_disable=off
mark
fv_check "link_disable off: link is refused" refused reset "$dev" link
fv_check "link_disable off: and why" said "error EOPNOTSUPP $dev: .*(policy|link_disable)"
fv_check "link_disable off: the card saw nothing" seen
card fail-flr 1
card fail-hot 1
policy "$dev" ready_limit_ms=500
fv_check "link_disable off: not even when all others fail" refused reset "$dev"
fv_check "link_disable off: no link among them" eval '! traced "reset link"'
for mode in on auto; do
	policy "$dev" link_disable=$mode
	fv_check "link_disable $mode: done" act reset "$dev" link
done
fv_same "it is ready" ready "$(device "$dev" state)"
policy "$dev" default $monitor_off

# recoveries: print the number of retrains of an active link
recoveries()
{
	trace_count 'training recovery'
}

# --- link_speed and link_width: the card was bound at 8 GT/s x8
fault come-back 1 2 1
policy "$dev" link_speed=1 link_width=2
mark
fv_check "a slow goal: done" act reset "$dev" hot
fv_check "a slow goal: slow it is" link_is "$port" 1 2
fv_same "a slow goal: it is not retrained" 0 "$(recoveries)"
while read -r speed width is_speed is_width; do
	goal="link_speed=$speed link_width=$width"
	fault come-back 1 2 1
	policy "$dev" "link_speed=$speed" "link_width=$width"
	mark
	fv_check "$goal: done" act reset "$dev" hot
	fv_check "$goal: retrained" link_is "$port" "$is_speed" "$is_width"
	fv_same "$goal: once" 1 "$(recoveries)"
done <<'EOF'
3 0 3 8
0 8 3 8
1 8 1 8
0 0 3 8
EOF
# bound at 2.5 GT/s x2, the goal must be set by policy
fv_unbind "$dev"
fault come-back 1 2
link_retrain "$port"
fv_wait 60 link_is "$port" 1 2
fv_bind $FV_DRIVER "$dev"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" default $monitor_off
fault come-back 1 2 1
mark
act reset "$dev" hot
fv_check "bound at low speed: that is its goal" link_is "$port" 1 2
fv_same "bound at low speed: it is not retrained" 0 "$(recoveries)"
policy "$dev" link_speed=3 link_width=8
fault come-back 1 2 1
mark
act reset "$dev" hot
fv_check "bound at low speed, a faster goal: retrained" link_is "$port" 3 8
fv_same "bound at low speed, a faster goal: once" 1 "$(recoveries)"
fv_unbind "$dev"
fv_bind $FV_DRIVER "$dev"
echo on >"$FV_PCI/$dev/power/control"

# --- retrain_tries
for tries in 1 5; do
	policy "$dev" default $monitor_off retrain_tries=$tries
	fault come-back 1 2
	mark
	fv_check "retrain_tries $tries: done all the same" act reset "$dev" hot
	fv_same "retrain_tries $tries: so often the card trained" $tries "$(recoveries)"
done
card train off
fv_check "repaired: reset" act reset "$dev" hot
fv_check "repaired: at full speed" link_is "$port" 3 8

# --- identity
policy "$dev" default $monitor_off identity=build
image identity-build
fv_check "build: another build is taken" act reset "$dev"
fv_same "build: it is ready" ready "$(device "$dev" state)"
open_error "$dev"
fv_same "build: it can be opened" 0 "$REPLY"
image alveo-xdma
fv_check "build: and the old one" act reset "$dev"
policy "$dev" identity=strict
fv_check "strict: the old one" act reset "$dev"
image identity-build
fv_check "strict: another build is not taken" refused reset "$dev"
fv_check "strict: says what differs" said "error ESTALE $dev: .*(revision|serial)"
policy "$dev" identity=build
fv_check "build again: it is" act reset "$dev"
for name in identity-bar-gone identity-cap-gone alveo-xdma-2; do
	image $name
	fv_check "build, $name: not taken" refused reset "$dev"
	fv_check "build, $name: it has changed" said "error ESTALE $dev: ."
done
image alveo-xdma
fv_check "the old image: taken" act reset "$dev"
fv_same "the old image: ready" ready "$(device "$dev" state)"
policy "$dev" default $monitor_off

# what_was_told: print the notifications of the user
what_was_told()
{
	grep -E '^(error|request)' "$HELD"
}

# --- user_notification: FLR hangs with a user, then the card changes
for mode in none error request; do
	policy "$dev" default $monitor_off reset_methods=flr ready_limit_ms=200 user_notification=$mode
	holder "$dev"
	told held
	fault flr-hangs 1
	act reset "$dev"
	fv_same "$mode: the card has failed" failed "$(device "$dev" state)"
	[ $mode = none ] || fv_check "$mode: the user is told so" told $mode
	fv_check "$mode: the user goes on" replies 0 map 0
	fv_same "$mode: and is told nothing else" "${mode#none}" "$(what_was_told | sort -u)"
	fv_release
	policy "$dev" default $monitor_off user_notification=$mode
	# the recovery worker may be doing an FLR
	fv_check "$mode: reset without its user" fv_wait 60 act reset "$dev" hot
	holder "$dev"
	told held
	image identity-bar-gone
	act reset "$dev"
	fv_same "$mode: the card has changed" changed "$(device "$dev" state)"
	if [ $mode = none ]; then
		# the next notification must be the first one
		fv_check "$mode, changed: the user goes on" replies 0 map 0
		policy "$dev" user_notification=error ready_limit_ms=200
		image alveo-xdma
		act reset "$dev" hot
		fault flr-hangs 1
		act reset "$dev" flr
		fv_check "$mode, and then error: the user is told so" told error
		fv_same "$mode, changed: it was told nothing" 1 "$(what_was_told | wc -l)"
	else
		fv_check "$mode, changed: the user is told so" told $mode
	fi
	fv_release
	image alveo-xdma
	fv_wait 60 act reset "$dev" hot
	fv_same "$mode: ready" ready "$(device "$dev" state)"
done

# --- aer: the port reports a fatal error, and the kernel resets the card
for mode in stop recover; do
	policy "$dev" default $monitor_off aer=$mode
	fatal=$(counter "$dev" aer_fatal)
	holder "$dev"
	told held
	fv-fault hmp pcie_aer_inject_error rp1 SDN >/dev/null
	fv_check "aer $mode: seen" fv_wait 60 grown aer_fatal "$fatal"
	if [ $mode = stop ]; then
		fv_check "aer $mode: the user is told so" told error
	else
		fv_check "aer $mode: repaired" fv_wait 60 eval 'device_is "$dev" ready && replies $CARD_ID read 0'
		fv_check "aer $mode: the user goes on" replies 0 reset
		fv_same "aer $mode: and is told nothing" "" "$(what_was_told)"
	fi
	fv_release
	act reset "$dev" hot
	fv_same "aer $mode: ready" ready "$(device "$dev" state)"
done

# --- reset by sysfs
policy "$dev" default $monitor_off
for method in any flr hot link; do
	mark
	file_set "$dev" reset $method
	fv_same "sysfs reset $method: done" 0 "$REPLY"
	fv_check "sysfs reset $method: is what the card saw" seen "${method/any/flr}"
	file "$dev" reset_last_ns
	last=$REPLY
	fv_same "sysfs reset $method: its time is that of netlink" "$last" \
		"$(device "$dev" times | cut -d ' ' -f 2)"
	file "$dev" reset_min_ns
	min=$REPLY
	file "$dev" reset_max_ns
	fv_check "sysfs reset $method: its time is between the extremes" \
		eval "between 1 $min $last && between $min $last $REPLY"
done
mark
for text in nonsense "" 0 "flr hot"; do
	file_set "$dev" reset "$text"
	fv_same "sysfs reset '$text': not understood" EINVAL "$REPLY"
done
fv_check "the card saw nothing of it" seen
file_set "$dev" reset pm
fv_same "sysfs reset pm, which the card has not: refused" EOPNOTSUPP "$REPLY"
policy "$dev" ready_limit_ms=200
fault flr-hangs 1
file_set "$dev" reset flr
fv_same "sysfs reset flr, which hangs: not done" ETIMEDOUT "$REPLY"
fv_same "sysfs says so" failed "$(file "$dev" state && echo "$REPLY")"
file "$dev" reason
fv_same "and why, as netlink" "$(device "$dev" reason)" "$REPLY"
fv_check "the reason has a text" test -n "$REPLY"
file_set "$dev" reset hot
fv_same "sysfs reset hot: done" "0 ready" "$REPLY $(device "$dev" state)"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
