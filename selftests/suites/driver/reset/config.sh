#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; all ports
# A reset that waits for the card does not keep user space (lspci, udev) from its configuration
# space, and what is written there meanwhile does not outlast the reset. The card is not ready until
# the test releases it, which shows that the access did not wait for the reset.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/suites/driver/reset/common.sh
. "$(dirname "$0")/common.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header
use_card FV_CARD

READY=0,0x20,1,1

# is_read WHAT: read all of configuration space, as lspci -xxxx does; check that $pid still waits
is_read()
{
	fv_check "$1: configuration space is read" eval '[ "$(timeout 300 cat "$FV_PCI/$dev/config" | wc -c)" = 4096 ]'
	fv_check "$1: before the reset ends" kill -0 "$pid"
	fv_check "$1: it has not ended" eval '! has_event_now "kind=reset "'
}

# is_reset WHAT: let the card become ready; check that the reset of $pid succeeds
is_reset()
{
	ready
	fv_check "$1: then it ends" wait "$pid"
	fv_check "$1: and has succeeded" grep -q '^error 0' /tmp/killed.out
	fv_check "$1: the configuration is the same, to the byte" card_is_as before
}

bar_reads()
{
	fault status '.functions[0].accesses.bar_reads'
}

# read_again: wait for more reads of the ready register
read_again()
{
	fv_wait 60 eval '[ "$(bar_reads)" -ge '$(($(bar_reads) + 3))' ]'
}

cards_bind "$dev"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" "${patient[@]}"
works
act reset "$dev" link
before=$(card_config "$dev")
port_before=$(port_controls)

# --- the function does not answer
for method in flr hot link; do
	what="netlink, $method"
	waits "$what" $method "$FV_DIR/fv_act" reset "$dev" $method
	is_read "$what"
	is_reset "$what"
done

# --- the link does not come up
for method in hot link; do
	what="netlink, $method, no link"
	card train-time hold
	mark
	since
	"$FV_DIR/fv_act" reset "$dev" $method >/tmp/killed.out &
	pid=$!
	fv_check "$what: the card is reset" fv_wait 60 seen_by_card $method
	fv_check "$what: it waits" polled link_reads
	is_read "$what"
	card train-time image
	is_reset "$what"
done

# --- the design is not ready: the function answers, and takes writes
for method in flr hot; do
	what="netlink, $method, no design"
	policy "$dev" ready_register=$READY
	card ready-after design hold
	since
	kmsg_mark
	"$FV_DIR/fv_act" reset "$dev" $method >/tmp/killed.out &
	pid=$!
	fv_check "$what: it waits" read_again
	is_read "$what"
	# Command, BAR 2, Interrupt Line, Device Control
	fv_check "$what: registers are written" reg_set "$dev" 4.w=0 18.l=0 3c.b=77 CAP_EXP+8.w=0
	fv_check "$what: they take it" reg_has "$dev" 3c.b 0xff 0x77
	fv_check "$what: it still waits" read_again
	fv_check "$what: the reset goes on" kill -0 "$pid"
	card ready-after design image
	is_reset "$what"
	fv_check "$what: the log says so" kmsg_has "$dev: configuration changed during the reset"
	fv_check "$what: the card works" works
	policy "$dev" default "${patient[@]}"
done

# --- open
what="open"
waits "$what" flr "$FV_DIR/vfio_hold" "$dev"
is_read "$what"
ready
fv_check "$what: then it is opened" fv_wait 60 grep -q held /tmp/killed.out

# --- VFIO_DEVICE_RESET, of the same user
what="VFIO_DEVICE_RESET"
FV_HOLDER=$pid
waits "$what" flr kill -USR1 "$FV_HOLDER"
pid=$FV_HOLDER
is_read "$what"
ready
fv_check "$what: then it ends" has_event "kind=reset origin=user .*method=flr duration="
fv_release

fv_check "the card works" works
fv_check "the port is as before" port_is port_before
fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
