#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; all ports
# The history of a card: each kind of event with requester and result, the ring, the multicast
# group, uevents, tracepoints, and reset times.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARDS FV_KO
ktap_print_header

RING=128
TRACING=/sys/kernel/tracing
use_card FV_CARD

# gapless: succeed if the event lines on stdin have consecutive numbers
gapless()
{
	field seq | awk 'NR > 1 && $1 != last + 1 { bad = 1 } { last = $1 } END { exit bad || !NR }'
}

# as_child WORD…: run fv_act as a process with pid $REQUESTER
as_child()
{
	"$FV_DIR/fv_act" "$@" >/tmp/child &
	REQUESTER=$!
	wait "$REQUESTER"
	echo "# fv_act $*: $(paste -sd , /tmp/child)"
}

[ -d /sys/module/fv_port ] || port_load || ktap_exit_fail_msg "the port module cannot be loaded"
fv_unbind "$dev" "$FV_CARD2" "$FV_CARD2_FN1"
# an unload drops earlier histories
fv_unload
fv_load || ktap_exit_fail_msg "the module cannot be loaded"
fv_same "of a card that was never bound there is no history" "" "$(all_events)"

before=${EPOCHREALTIME/./}000
fv_bind $FV_DRIVER "$dev" || ktap_exit_fail_msg "the card cannot be bound"
echo on >"$FV_PCI/$dev/power/control"
fv_has "bound: is the first event" "^port=$port seq=1 .*bdf=$dev kind=bound " "$(all_events | head -n 1)"
time=$(all_events | head -n 1 | field time)
fv_check "at the time at which it was" between "$before" "$time" "${EPOCHREALTIME/./}000"

# record all events that listeners get
"$FV_DIR/fv_act" listen events-admin >/tmp/events &
listener=$!
fv_wait 60 grep -q listening /tmp/events
"${AS_NOBODY[@]}" "$FV_DIR/fv_act" listen >/tmp/events-unprivileged &
unprivileged=$!
"$FV_DIR/uevents" >/tmp/uevents &
udev=$!
fv_wait 60 grep -q listening /tmp/events-unprivileged
fv_wait 60 grep -q listening /tmp/uevents
echo >"$TRACING/trace"
fv_check "tracepoints are there" eval 'for point in fv_event fv_reset_step; do
	echo 1 >"$TRACING/events/fpga_vfio/$point/enable" || false; done'
last_seq
events_from=$REPLY

# --- policy
since
as_child policy "$dev" monitor_interval_ms=0 ready_limit_ms=500
fv_check "policy, by netlink" has_event \
	"bdf=$dev kind=policy origin=netlink pid=$REQUESTER comm=fv_act .*text=.*ready_limit_ms.*500"
file_set "$dev" ready_limit_ms 400
fv_check "policy, by sysfs" has_event "bdf=$dev kind=policy origin=sysfs pid=[0-9]+ comm=history.sh .*400"
since
refused policy "$dev" ready_limit_ms=1
fv_same "a policy that is refused is no event" "" "$(happened)"

# --- resets, by requester
times=$(device "$dev" times)
for method in flr hot link; do
	since
	as_child reset "$dev" $method
	fv_check "reset $method, by netlink" has_event \
		"bdf=$dev kind=reset origin=netlink pid=$REQUESTER comm=fv_act method=$method duration=[0-9]+"
	fv_same "reset $method: is one event, without error" 1 "$(count_events "kind=reset")"
	fv_check "reset $method: no error" eval '! has_event_now "error="'
	fv_check "reset $method: it took what netlink said" eval \
		'[ $(($(happened | field duration) / 1000000)) = "$(sed -n "s/^step $method 0 \([0-9]*\) .*/\1/p" /tmp/child)" ]'
	took_ns=$(happened | field duration)
	read -r count last min max total < <(device "$dev" times)
	read -r old_count _ _ _ old_total <<<"$times"
	fv_same "reset $method: is counted" $((old_count + 1)) "$count"
	fv_same "reset $method: is the last" "$took_ns" "$last"
	fv_same "reset $method: is added" $((old_total + took_ns)) "$total"
	fv_check "reset $method: is between the extremes" between "$min" "$last" "$max"
	times="$count $last $min $max $total"
done
since
file_set "$dev" reset flr
fv_check "reset, by sysfs" has_event "kind=reset origin=sysfs pid=[0-9]+ comm=history.sh method=flr duration="
since
fv_reset "$dev"
fv_check "reset, by the PCI core's file" has_event "kind=reset origin=kernel .*method=flr "
# the PCI core skips FLR if the function does not answer, and goes on
what="reset of one that does not answer, by the PCI core's file"
if [ "${FV_KERNEL:-}" = stable ]; then
	ktap_test_skip "$what: this kernel waits a minute for it"
else
	config=$(card_config "$dev")
	fault flr-hangs 1
	reg_set "$dev" CAP_EXP+8.w=8000:8000
	fv_check "$what: it does not" fv_wait 60 ones "$dev"
	since
	mark
	fv_reset "$dev"
	fv_check "$what: the card saw a hot reset" seen hot
	fv_check "$what: is that" has_event "bdf=$dev kind=reset origin=kernel .*method=hot "
	fv_same "$what: is one event" 1 "$(count_events kind=reset)"
	fv_check "$what: the configuration is as before" card_is_as config
	fv_same "$what: it is ready" ready "$(device "$dev" state)"
fi
since
holder "$dev"
told held
fv_check "reset, by an open" has_event "kind=reset origin=open pid=$FV_HOLDER comm=vfio_hold method=flr duration="
since
fv_check "reset, by the user: done" replies 0 reset
fv_check "reset, by the user" has_event "kind=reset origin=user pid=$FV_HOLDER comm=vfio_hold method=flr duration="
since
fault bars-lost now
fv_release
echo "# $(happened | paste -sd '|')"
fv_check "reset, by the close" has_event "kind=reset origin=close "
since
holder "$dev"
told held
fv_check "no second reset: an open verifies" has_event \
	"bdf=$dev kind=verify origin=open pid=$FV_HOLDER comm=vfio_hold duration=[0-9]+"
fv_same "no second reset: nothing else, and no error" 1 "$(happened | grep -vc error=)"
fv_release

# --- failed resets, and states
since
fault flr-hangs 1
as_child reset "$dev"
fv_check "FLR hangs: both steps, and no state" has_event \
	"kind=reset origin=netlink pid=$REQUESTER comm=fv_act method=flr error=ETIMEDOUT duration=[0-9]+ text=." \
	"kind=reset origin=netlink pid=$REQUESTER comm=fv_act method=hot duration="
times=$(device "$dev" times)
since
fault flr-hangs 1
as_child reset "$dev" flr
fv_check "FLR hangs, alone: a state, and why" has_event \
	"kind=reset .*method=flr error=ETIMEDOUT" "bdf=$dev kind=state .*state=failed.* text=.*answer"
fv_same "its time is none" "$times" "$(device "$dev" times)"
since
as_child reset "$dev" hot
fv_check "then a hot reset: ready again" has_event "kind=reset .*method=hot" "kind=state .*state=ready"
# no method helps
for way in flr hot link; do
	card fail-$way
done
since
open_error "$dev"
fv_same "an open is refused" EIO "$REPLY"
fv_check "open refused: an event" has_event "kind=reset origin=open .*method=flr error=ETIMEDOUT" \
	"kind=state .*state=failed" "kind=open-refused origin=open pid=$FV_HOLDER comm=vfio_hold error=[A-Z]+ text=."
card faults off
since
as_child reset "$dev" hot
fv_check "then it is ready" has_event "kind=state .*state=ready"
since
refused reset "$dev" pm
fv_check "refused: an event, too" has_event "kind=reset origin=netlink .*method=pm error=EOPNOTSUPP.* text=."
since
image identity-revision
as_child reset "$dev" hot
fv_check "another card: an event" has_event "kind=reset .*method=hot error=ESTALE.*text=.*revision" \
	"kind=state .*state=changed.*text=.*revision"
image alveo-xdma
as_child reset "$dev" hot

# --- the link
since
as_child retrain "$dev"
fv_check "retrain" has_event \
	"kind=retrain origin=netlink pid=$REQUESTER comm=fv_act duration=[0-9]+ speed=3 width=8"
fault come-back 1 2
since
as_child retrain "$dev" tries=1
fv_check "retrain that comes to less" has_event "kind=retrain origin=netlink .*error=EREMOTEIO .*speed=1 width=2"
fault repair
as_child retrain "$dev"
holder "$dev"
told held
policy "$dev" monitor_interval_ms=50
losses=$(counter "$dev" link_losses)
since
fault link-down
fv_check "the link is lost" has_event "kind=link-down origin=monitor"
fault link-up
fv_check "the link is lost, and comes back" has_event "kind=link-down origin=monitor" \
	"kind=link-up origin=monitor .*speed=3 width=8" "kind=recover origin=driver" \
	"kind=state .*state=ready"
fv_check "the state was told" has_event "kind=state .*state=lost"
fv_same "requested by the driver: no process" "" "$(happened | field pid)"
fv_same "counted" $((losses + 1)) "$(counter "$dev" link_losses)"
policy "$dev" auto_retrain=1
since
card degrade 1 4
fv_check "the link gets slow, and is retrained" has_event \
	"kind=link-degraded origin=monitor .*speed=1 width=4" \
	"kind=retrain origin=monitor .*duration=[0-9]+ speed=3 width=8" \
	"kind=link-restored .*speed=3 width=8"
fv_same "requested by the monitor: no process" "" "$(happened | field pid)"
policy "$dev" monitor_interval_ms=0
fv_release

# --- AER
since
fatal=$(counter "$dev" aer_fatal)
fv-fault hmp pcie_aer_inject_error rp1 SDN >/dev/null
fv_check "an error that PCI Express reports" has_event "kind=aer origin=kernel"
fv_same "counted" $((fatal + 1)) "$(counter "$dev" aer_fatal)"
fv_wait 60 device_is "$dev" ready
as_child reset "$dev" hot

# --- times
read -r count last min max total < <(device "$dev" times)
histogram=$(device "$dev" histogram)
fv_same "the histogram has all resets" "$count" "$(($(tr ' ' + <<<"$histogram")))"
# bucket 0 is below 1 ms, bucket n below 2^n ms
outside=$(awk -v min="$min" -v max="$max" '{ for (n = 1; n <= NF; n++) {
	low = n == 1 ? 0 : 2 ^ (n - 2) * 1e6; high = n == NF ? 1e18 : 2 ^ (n - 1) * 1e6
	if ($n && (high <= min || low > max)) print n } }' <<<"$histogram")
fv_same "none is outside of the extremes" "" "$outside"
fv_check "the sum is between count times the extremes" \
	between $((count * min)) "$total" $((count * max))
group=$(readlink "$FV_PCI/$dev/iommu_group")
fv_same "the group has the same, as it has no other" "$count $min $max $total" \
	"$("$FV_DIR/fv_act" group "${group##*/}" | sed -n 's/^times \([0-9]*\) [0-9]* /\1 /p')"
fv_same "the histogram, too" "$histogram" \
	"$("$FV_DIR/fv_act" group "${group##*/}" | sed -n 's/^histogram //p')"

# --- unbind and bind
since
fv_unbind "$dev"
fv_check "unbound" has_event "bdf=$dev kind=unbound "
fv_same "the history is still there" "$SINCE" "$(($(happened | head -n 1 | field seq) - 1))"
fv_bind $FV_DRIVER "$dev"
echo on >"$FV_PCI/$dev/power/control"
fv_check "bound again" has_event "kind=unbound" "kind=bound"
fv_check "the numbers have no gap" gapless < <(all_events)
policy "$dev" monitor_interval_ms=0
read -r again _ < <(device "$dev" times)
fv_same "the times are still there" "$count" "$again"

# --- listeners
last_seq
fv_wait 60 grep -q " seq=$REPLY " /tmp/events
fv_wait 60 grep -q " seq=$REPLY " /tmp/events-unprivileged
fv_same "a listener got all of it, and the same" \
	"$(all_events | awk -v since="$events_from" '{ split($2, seq, "="); if (seq[2] > since) print }')" \
	"$(grep "^port=$port " /tmp/events | tail -n $RING)"
fv_check "without a gap" gapless < <(grep "^port=$port " /tmp/events)
fv_same "and so has an unprivileged listener" "$(grep -c ^port /tmp/events)" "$(grep -c ^port /tmp/events-unprivileged)"
# without_process: remove pid and comm from event lines, as for unprivileged callers
without_process()
{
	sed 's/ pid=[0-9]* comm=[^ ]*//'
}
fv_same "a caller without privilege gets the same events, without the requesting process" "$(without_process </tmp/events)" \
	"$(</tmp/events-unprivileged)"
fv_same "and reads the same history, without the requesting process" "$(all_events | without_process)" \
	"$(as_nobody "$FV_DIR/fv_act" history "$port" | grep -v '^error ')"
fv_check "of a port that there is not: refused" refused history 0000:ff:1f.7
fv_check "by name" said "error ENODEV .*0000:ff:1f.7"

# --- uevents and tracepoints
sysfs=$(readlink -f "$FV_PCI/$dev")
sysfs=${sysfs#/sys}
for state in failed ready changed lost; do
	fv_check "a uevent tells the state $state" grep -qE \
		"^change@$sysfs .*FPGA_VFIO_STATE=$state( |$)" /tmp/uevents
done
fv_check "a uevent tells the reason" grep -qE \
	"^change@$sysfs .*FPGA_VFIO_STATE=changed .*FPGA_VFIO_REASON=.*revision|^change@$sysfs .*FPGA_VFIO_REASON=.*revision.*FPGA_VFIO_STATE=changed" /tmp/uevents
traced_events=$(grep -c "fv_event: " "$TRACING/trace")
fv_check "the tracepoint fv_event has fired for each event" test "$traced_events" -ge \
	"$(grep -c "^port=$port " /tmp/events)"
fv_check "and says what" grep -qE "fv_event: .*$dev.*" "$TRACING/trace"
fv_check "the tracepoint fv_reset_step has fired" grep -qE "fv_reset_step: .*$dev" "$TRACING/trace"
echo 0 >"$TRACING/events/fpga_vfio/enable"

# --- the ring
since
for ((i = 0; i < RING + 20; i++)); do
	echo $((1000 + i)) >"$FV_PCI/$dev/fpga_vfio/ready_limit_ms"
done
fv_same "the ring holds as many as it holds" $RING "$(all_events | wc -l)"
last_seq
fv_same "the last is the last" $((SINCE + RING + 20)) "$REPLY"
fv_check "the numbers have no gap" gapless < <(all_events)
fv_has "the last says so" "ready_limit_ms.*$((1000 + RING + 19))" "$(all_events | tail -n 1)"
fv_wait 60 grep -q " seq=$REPLY " /tmp/events
fv_check "a listener got all of them" gapless < <(grep "^port=$port " /tmp/events)
kill "$listener" "$unprivileged" "$udev"
wait "$listener" "$unprivileged" "$udev" 2>/dev/null

# --- the functions of a card share a history
fv_bind $FV_DRIVER "$FV_CARD2" "$FV_CARD2_FN1"
port_of "$FV_CARD2"
port=$REPLY
echo on >"$FV_PCI/$FV_CARD2/power/control"
policy "$FV_CARD2" monitor_interval_ms=0
policy "$FV_CARD2_FN1" monitor_interval_ms=0
since
as_child reset "$FV_CARD2" hot
fv_check "a hot reset is an event of both functions" eval \
	'[ "$(happened | grep kind=reset | field bdf | sort | paste -sd " ")" = "$FV_CARD2 $FV_CARD2_FN1" ]'
fv_check "their numbers have no gap" gapless < <(all_events)
fv_same "all cards at once: both histories" 2 \
	"$("$FV_DIR/fv_act" history | field port | sort -u | wc -l)"

# --- an unload drops the history
fv_check "the module unloads" rmmod $FV_MODULE
fv_load
fv_bind $FV_DRIVER "$FV_CARD2"
fv_has "loaded again, it begins anew" "seq=1 .*kind=bound" "$(all_events | head -n 1)"
fv_check "the module unloads again" rmmod $FV_MODULE
rmmod fv_port
fv_finish
