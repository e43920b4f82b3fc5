#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# Which opens reset the card. One that its last close has reset is only verified, unless anything
# happened to it since. The card counts resets.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARD_NOFLR FV_CARDS FV_KO
ktap_print_header
use_card FV_CARD
READY=0,0x20,1,1

# opened WHAT [RESET…]: open the device; check that the card saw exactly these resets
opened()
{
	mark
	since
	skipped=$(counter "$dev" reset_skipped)
	fv_check "$1: it is opened" fv_hold "$dev"
	fv_check "$1: by the open the card saw ${*:2}" seen "${@:2}"
}

# verified WHAT: open the device; check that it was not reset, and that this is told
verified()
{
	opened "$1"
	fv_same "$1: it is counted" $((skipped + 1)) "$(counter "$dev" reset_skipped)"
	fv_check "$1: it is in the history" has_event \
		"bdf=$dev kind=verify origin=open pid=$FV_HOLDER comm=vfio_hold duration=[0-9]+"
	fv_same "$1: a reset is not" 0 "$(count_events "kind=reset")"
}

# was_reset WHAT RESET…: open the device; check that it was reset, and that this is told
was_reset()
{
	opened "$@"
	fv_same "$1: it is not counted as skipped" "$skipped" "$(counter "$dev" reset_skipped)"
	fv_check "$1: it is in the history" has_event "bdf=$dev kind=reset origin=open "
	fv_same "$1: nothing else is" 0 "$(count_events "kind=verify")"
}

# closed WHAT RESET…: end the user; check that the card saw exactly these resets
closed()
{
	mark
	fv_release
	fv_check "$1: by the close the card saw ${*:2}" fv_wait 60 seen "${@:2}"
	fv_wait 60 device_is "$dev" ready
}

# meanwhile WHAT COMMAND…: it happens between two users; check that the next open resets the card
meanwhile()
{
	verified "before $1"
	closed "before $1" flr
	fv_check "$1" "${@:2}"
	fv_wait 60 device_is "$dev" ready
	was_reset "after $1" flr
	closed "after $1" flr
}

# late WHAT [RESET…]: the design is up only after the policy's limit for an open; check that the
# driver waits for it, and that the next user gets the device without another reset
late()
{
	mark
	since
	open_error "$dev"
	fv_same "$1: the open does not wait for it" EAGAIN "$REPLY"
	fv_check "$1: it is in the history" has_event "kind=state .*state=failed .*design is not ready" \
		"kind=open-refused .*error=EAGAIN .*open_limit .1000 ms. is over, recovery goes on: .*design"
	open_error "$dev"
	fv_same "$1: a second open does not, either" EAGAIN "$REPLY"
	release
	fv_check "$1: it is ready when the design is up" fv_wait 60 device_is "$dev" ready
	fv_check "$1: the card saw ${*:2}" seen "${@:2}"
	verified "$1, then"
	closed "$1, then" flr
}

# reprogrammed [ARGUMENT…]: load an image while the device has no user
reprogrammed()
{
	fault reprogram "$@" 50 && fault wait ready
}

link_lost()
{
	fault link-down for 20 && fv_wait 60 eval '[ "$(fault status .state)" = ready ]'
}

stock_user()
{
	fv_load_stock && fv_unbind "$dev" && fv_bind "$FV_STOCK" "$dev" && fv_hold "$dev" &&
		fv_release && fv_unbind "$dev" && fv_bind "$FV_DRIVER" "$dev" &&
		policy "$dev" monitor_interval_ms=0
}

rebound()
{
	fv_unbind "$dev" && fv_bind "$FV_DRIVER" "$dev" && policy "$dev" monitor_interval_ms=0
}

fenced()
{
	local ret

	owner
	own fence "$dev" && own recover "$dev"
	ret=$?
	owner_ends
	return "$ret"
}

cards_bind "$dev" "$FV_CARD2" "$FV_CARD2_FN1" "$FV_CARD_NOFLR"
for bdf in "$dev" "$FV_CARD2" "$FV_CARD2_FN1" "$FV_CARD_NOFLR"; do
	policy "$bdf" monitor_interval_ms=0
done

# --- the second user
was_reset "the first open" flr
closed "the first open" flr
verified "the second open"
closed "the second open" flr
verified "the third open"
closed "the third open" flr

# --- the policy
policy "$dev" reset_at_open=always
was_reset "always" flr
closed "always" flr
policy "$dev" reset_at_open=auto
verified "auto again"
closed "auto again" flr
policy "$dev" reset_methods=hot,flr
was_reset "an open that would use another method than the close has" hot
closed "an open that would use another method than the close has" flr
policy "$dev" default monitor_interval_ms=0
verified "the default again"
closed "the default again" flr

# --- what happens meanwhile; suspended, and awake
for control in auto on; do
	echo $control >"$FV_PCI/$dev/power/control"
	meanwhile "power $control: the same image" reprogrammed
	meanwhile "power $control: a link that is lost for a moment" link_lost
	meanwhile "power $control: a reset by the PCI core" fv_reset "$dev"
	meanwhile "power $control: a reset by netlink" act reset "$dev" flr
	meanwhile "power $control: a hot reset by netlink" act reset "$dev" hot
	meanwhile "power $control: a fence session" fenced
	line=$(reg "$dev" c.b)
	meanwhile "power $control: a write to its configuration" reg_set "$dev" c.b=20
	# a reset keeps what the administrator has written
	reg_set "$dev" "c.b=$line"
	fv_check "power $control: it is bound again" rebound
	was_reset "power $control, bound again" flr
	closed "power $control, bound again" flr
done
echo auto >"$FV_PCI/$dev/power/control"
policy "$dev" monitor_interval_ms=10
meanwhile "with the link monitor, a link that is lost for a moment" link_lost
policy "$dev" monitor_interval_ms=0
verified "last before another driver"
closed "last before another driver" flr
fv_check "another driver has it" stock_user
was_reset "after another driver" flr
closed "after another driver" flr
fv_check "it is bound again" rebound
was_reset "after it was bound again" flr
closed "after it was bound again" flr
if [ -w /sys/power/pm_test ]; then
	meanwhile "the system sleeps" ./fv_sleep
else
	ktap_test_skip "the system sleeps: this kernel has no pm_test"
fi

# --- another card, with its BARs: the PCI core restores them at a resume
verified "last before another card"
closed "last before another card" flr
fault reprogram identity-revision 50
fault wait ready
# resumed
echo on >"$FV_PCI/$dev/power/control"
mark
since
open_error "$dev"
fv_same "another card: it is not opened" EIO "$REPLY"
fv_check "another card: it is in the history" has_event \
	"kind=verify origin=open .*error=ESTALE .*revision" "kind=state .*state=changed" \
	"kind=open-refused"
fv_check "another card: the card saw no reset" seen
fault reprogram alveo-xdma 50
fault wait ready
echo auto >"$FV_PCI/$dev/power/control"
fv_check "the old one again: done" act reset "$dev" hot
was_reset "the old one again" flr
closed "the old one again" flr

# --- a design that is up late: waited for, not reset; one that never is: reset
policy "$dev" ready_register=$READY ready_limit_ms=120000 open_limit_ms=600000
verified "with a ready register"
card ready-after design hold
closed "with a ready register" flr
mark
holder "$dev"
fv_check "a design that is up late: the open waits for it" \
	fv_wait 60 eval '[ "$(fault status ".functions[0].accesses.bar_reads")" -gt 3 ]'
fv_check "a design that is up late: it is not open yet" eval '! grep -q ^held "$HELD"'
release
fv_check "a design that is up late: then it is" told held
fv_check "a design that is up late: the card saw no reset" seen
closed "a design that is up late" flr
policy "$dev" open_limit_ms=1000
late "a design that is up later, verified"
policy "$dev" reset_methods=hot,flr
late "a design that is up later, reset" hot
policy "$dev" open_limit_ms=600000
policy "$dev" ready_limit_ms=500 reset_methods=flr
mark
since
open_error "$dev"
fv_same "a design that is never up: it is not opened" EIO "$REPLY"
fv_check "a design that is never up: it was reset then" seen flr
fv_check "a design that is never up: it is in the history" has_event \
	"kind=verify origin=open .*error=ETIMEDOUT" "kind=reset origin=open .*error=ETIMEDOUT"
card ready-after design image
card_clean
policy "$dev" default monitor_interval_ms=0
was_reset "a design that is up again" flr
closed "a design that is up again" flr

# --- without FLR: by a hot reset
use_card FV_CARD_NOFLR
was_reset "without FLR, the first open" hot
closed "without FLR, the first open" hot
verified "without FLR, the second open"
closed "without FLR, the second open" hot

# --- two functions of one IOMMU group: DMA of the other one may have reached it
use_card FV_CARD2
# no runtime suspend, which resets this card; its profile would have a hot reset first
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" reset_methods=flr,hot
for what in first second; do
	was_reset "two functions, the $what open" flr
	closed "two functions, the $what open" flr
done

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
