#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; arguments are optional
# Port isolation: while the card is fenced, errors, DPC, hotplug and bandwidth notification are off;
# every way out restores all bits and clears events latched in the meantime before they are
# reported.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARD_MSI FV_CARDS FV_KO
ktap_print_header

# bits that isolation clears: SERR, error messages of the port and from below it, interrupts for
# them and for bandwidth changes, DPC trigger; …
ON="4.w=100:100 3e.w=2:2 CAP_EXP+8.w=f:f CAP_EXP+1c.w=7:7 LNKCTL=c00:c00 ECAP_AER+2c.l=7:7
	ECAP_DPC+6.w=b:b"
OFF="4.w=0:100 3e.w=0:2 CAP_EXP+8.w=0:f CAP_EXP+1c.w=0:7 LNKCTL=0:c00 ECAP_AER+2c.l=0:7
	ECAP_DPC+6.w=0:3"
# … and errors that it masks: those of a link that goes down, and of requests without an answer
MASKED="ECAP_AER+8.l=1ff030:1ff030 ECAP_AER+14.l=31c1:31c1"
UNMASKED="ECAP_AER+8.l=0:1ff030 ECAP_AER+14.l=0:31c1"

# port_set WORD…: set registers of the port; LNKCTL is the Link Control register
port_set()
{
	reg_set "$port" "${@/#LNKCTL/$LNKCTL}"
}

# port_learn: enable everything; save the port's controls in $bits, those of a fenced port in
# $fenced_up and, with the link down, in $fenced_down. The card loses its configuration
port_learn()
{
	# shellcheck disable=SC2086 # words
	port_set $ON $OFF $MASKED
	fenced_up=$(port_controls)
	reg_set "$port" $LNKCTL=10:10
	fenced_down=$(port_controls)
	reg_set "$port" $LNKCTL=0:10
	fv_wait 60 reg_has "$port" "$LNKSTA" $LNKSTA_DLLLA $LNKSTA_DLLLA
	fault wait ready
	# shellcheck disable=SC2086 # words
	port_set $ON $UNMASKED
	bits=$(port_controls)
}

# fenced WHAT [WORD…]: fence with a new owner; check that the port is isolated
fenced()
{
	owner
	kmsg_mark
	fv_check "$1: fenced" fv_wait 60 own fence "$dev" "${@:2}"
	if said link-disabled; then
		fv_check "$1: the port is silent" port_is fenced_down
	else
		fv_check "$1: the port is silent" port_is fenced_up
	fi
}

# nothing_latched: succeed without latched errors and events
nothing_latched()
{
	local values

	values=$(regs "$port" ECAP_AER+4.l ECAP_AER+10.l ECAP_AER+30.l ECAP_DPC+8.w)
	[ "$values" = "00000000 00000000 ${ROOT_STATUS} 0000" ] || {
		echo "# AER uncorrectable, correctable, root, DPC: $values"
		return 1
	}
	reg_has "$port" CAP_EXP+a.w 0xf 0 && reg_has "$port" CAP_EXP+1a.w 0x109 0 &&
		reg_has "$port" "$LNKSTA" 0xc000 0
}

# back WHAT: check that the port is restored without a report
back()
{
	fv_check "$1: the port is as before" port_is bits
	fv_check "$1: nothing is latched" nothing_latched
	fv_check "$1: nothing is in the log" \
		eval '! kmsg_has "AER:|PCIe Bus Error|DPC|containment|pciehp.*(Link Down|not present)"'
}

# fenced_ms: print the time from the request of a fence to its end by the driver, since the mark. The
# session's time begins between the request and the event, which has the time between the two
fenced_ms()
{
	happened | awk '/kind=fence/ { split($3, time, "="); at[++nr] = time[2] }
		/kind=fence/ && match($0, /duration=[0-9]+/) && nr == 1 {
			at[1] -= substr($0, RSTART + 9, RLENGTH - 9)
		}
		END { print int((at[2] - at[1]) / 1000000) }'
}

# waits WHAT: start a recovery by the owner that waits for the held card
waits()
{
	fault not-ready hold
	own_start recover "$dev"
	fv_check "$1: the card is being recovered" fv_wait 60 device_is "$dev" recovering
	fv_check "$1: it is waited for" polled ones
}

# recovers WHAT: recover, check, and end the session
recovers()
{
	fv_check "$1: recovered" own recover "$dev"
	fv_check "$1: ready" device_is "$dev" ready
	back "$1"
	owner_ends
}

[ -d /sys/module/fv_port ] || port_load || ktap_exit_fail_msg "the port module cannot be loaded"
use_card FV_CARD
port_learn
cards_bind "$dev"
# shorter recoveries without the link monitor, see suite monitor
policy "$dev" monitor_interval_ms=0
ROOT_STATUS=$(reg "$port" ECAP_AER+30.l)
ROOT_STATUS=$(printf %08x $((0x$ROOT_STATUS & ~0x7f)))
reg_set "$port" CAP_EXP+a.w=f CAP_EXP+1a.w=109 "$LNKSTA=c000" ECAP_AER+4.l=ffffffff \
	ECAP_AER+10.l=ffffffff ECAP_AER+30.l=7f
fv_check "to begin with nothing is latched" nothing_latched
fv_check "bound: the port is as before" port_is bits
holder "$dev"
fv_check "the card has a user" told held

# --- recovered, with the link disabled and with the link up
fenced "link down"
recovers "link down"
policy "$dev" link_disable=off
fenced "link up"
fv_check "link up: the link is up" link_is "$port" 3 8
recovers "link up"
policy "$dev" link_disable=on
fenced "link down by policy"
fv_check "link down by policy: the link is down" reg_has "$port" "$LNKSTA" $LNKSTA_DLLLA 0
recovers "link down by policy"
fv_check "the user works with it" replies 0 dma

# --- errors during the fence are reported neither then nor afterwards
for how in auto off; do
	what="errors, link_disable $how"
	policy "$dev" link_disable=$how
	fenced "$what"
	# the link down latches Surprise Down
	for error in POISON_TLP COMP_TIME UNSUP RCVR BAD_TLP; do
		fault aer $error
	done
	programmed 100
	fv_check "$what: they are latched" eval '[ "$(reg "$port" ECAP_AER+4.l)" != 00000000 ]'
	fv_check "$what: DPC does not contain" reg_has "$port" ECAP_DPC+8.w 0x1 0
	[ $how != off ] || fault wait ready
	recovers "$what"
	fv_check "$what: the user works with it" replies 0 dma
	fv_check "$what: the user is told nothing" eval '! grep -qE "^(error|request)" "$HELD"'
done
policy "$dev" link_disable=auto

# --- earlier latched errors stay
reg_set "$port" ECAP_AER+8.l=1000:1000
fault aer POISON_TLP
fv_check "latched before: it is" eval '[ "$(reg "$port" ECAP_AER+4.l)" != 00000000 ]'
before=$(reg "$port" ECAP_AER+4.l)
learned=$bits
bits=$(port_controls)
owner
fv_check "latched before: fenced" own fence "$dev"
fv_check "latched before: recovered" own recover "$dev"
owner_ends
fv_same "latched before: it still is" "$before" "$(reg "$port" ECAP_AER+4.l)"
fv_check "latched before: the port is as before" port_is bits
reg_set "$port" ECAP_AER+4.l=ffffffff CAP_EXP+a.w=f
reg_set "$port" ECAP_AER+8.l=0:1000
bits=$learned

# --- other ways out
# the test holds the link down until it has checked that
owner
kmsg_mark
since
card train-time hold
fv_check "the time is over: fenced" own fence "$dev" timeout=1500
fv_check "the time is over: it is" has_event "kind=fence origin=netlink" \
	"kind=fence origin=driver .*its time is over"
fv_check "the time is over: the card is being recovered" fv_wait 60 device_is "$dev" recovering
fv_check "the time is over: not before" between 1500 "$(fenced_ms)" 3600000
fv_check "the time is over: the port is silent" port_is fenced_up
card train-time image
release
fv_check "the time is over: recovered" fv_wait 60 device_is "$dev" ready
back "the time is over"
owner_ends

fenced "the owner is killed"
owner_ends KILL
fv_check "the owner is killed: recovered" fv_wait 60 device_is "$dev" ready
back "the owner is killed"

policy "$dev" ready_limit_ms=120000
fenced "killed in a recovery"
waits "killed in a recovery"
owner_ends KILL
fv_check "killed in a recovery: the driver goes on" polled ones
card ready-after image
release
fv_check "killed in a recovery: ready some time" fv_wait 60 device_is "$dev" ready
back "killed in a recovery"

fenced "it does not come back"
policy "$dev" load_limit_ms=1000
fault link-down
fv_check "it does not come back: failed" eval '! own recover "$dev"'
fv_check "it does not come back: says so" said "error (ETIMEDOUT|EIO)"
back "it does not come back"
fv_check "it does not come back: fenced again" own fence "$dev"
fault link-up
recovers "it does not come back, and then it does"

fenced "it is another"
programmed identity-revision 50
fv_check "it is another: changed" eval '! own recover "$dev"'
fv_check "it is another: says so" said "error ESTALE"
back "it is another"
owner_ends
fv_check "it is another: changed, without a fence" device_is "$dev" changed
back "it is another, the owner ends"
fenced "it is another, fenced again"
programmed alveo-xdma 50
recovers "it is another, and then it is not"
policy "$dev" default monitor_interval_ms=0

fenced "the module is not to go"
fv_check "the module does not go while it is in use" eval '! rmmod $FV_MODULE 2>/dev/null'
fv_check "the module is not to go: the port is silent as before" port_is fenced_down
fv_release
fv_check "the user goes: the port is silent as before" port_is fenced_down
fv_check "the module goes with the fence" rmmod $FV_MODULE
fv_check "the module goes: the link is up" fv_wait 60 link_is "$port" 3 8
back "the module goes"
owner_ends
fault wait ready
cards_bind "$dev"
policy "$dev" monitor_interval_ms=0

fenced "unbound"
fv_unbind "$dev"
fv_check "unbound: the link is up" fv_wait 60 link_is "$port" 3 8
back "unbound"
owner_ends
fault wait ready
fv_bind $FV_DRIVER "$dev"
policy "$dev" monitor_interval_ms=0

# a kexec hands the port to the next kernel
shuts_down()
{
	echo 1 >"$PORT_DEBUG/$port/shutdown"
}

# shut_down WHAT: check what is left after a shutdown behind the fence; then a new bind
shut_down()
{
	fv_check "$1: the link is up" fv_wait 60 link_is "$port" 3 8
	back "$1"
	fv_check "$1: no reset" eval '! act reset "$dev"'
	fv_check "$1: the port is left alone" port_is bits
	owner_ends
	fv_unbind "$dev"
	fault wait ready
	fv_bind $FV_DRIVER "$dev"
	policy "$dev" monitor_interval_ms=0
}

shuts_down
fv_check "shut down: the port is as before" port_is bits
fv_unbind "$dev"
fv_bind $FV_DRIVER "$dev"
policy "$dev" monitor_interval_ms=0

holder "$dev"
fv_check "to be shut down: the card has a user" told held
fenced "shut down in a fence session"
shuts_down
fv_check "shut down in a fence session: the card is not ready" device_is "$dev" failed
fv_check "shut down in a fence session: its user reads all-ones" replies ffffffff read 0
fv_check "shut down in a fence session: it cannot reset the card" replies EAGAIN reset
fv_release
shut_down "shut down in a fence session"

policy "$dev" ready_limit_ms=120000
fenced "shut down in a recovery"
waits "shut down in a recovery"
shuts_down
fv_check "shut down in a recovery: the card is not ready" device_is "$dev" failed
own_wait
fv_check "shut down in a recovery: that ends it" said "error (EINTR|EAGAIN|ENODEV|ECANCELED) "
card ready-after image
release
shut_down "shut down in a recovery"

policy "$dev" ready_limit_ms=120000
fenced "unbound in a recovery"
waits "unbound in a recovery"
fv_unbind "$dev" &
unbind=$!
own_wait
fv_check "unbound in a recovery: that ends it" said "error (EINTR|EAGAIN|ENODEV|ECANCELED) "
fv_check "unbound in a recovery: the card is not ready" card_is not-ready
card ready-after image
release
wait $unbind
fv_check "unbound in a recovery: there is no driver" fv_driver_is "$dev" ""
fv_check "unbound in a recovery: the link is up" fv_wait 60 link_is "$port" 3 8
back "unbound in a recovery"
owner_ends
card_clean
fv_bind $FV_DRIVER "$dev"
policy "$dev" monitor_interval_ms=0

fenced "removed by software"
echo 1 >"$FV_PCI/$dev/remove"
fv_check "removed by software: it is gone" test ! -e "$FV_PCI/$dev"
fv_check "removed by software: the link is up" fv_wait 60 link_is "$port" 3 8
back "removed by software"
owner_ends
fault wait ready
echo 1 >/sys/bus/pci/rescan
fv_check "removed by software: found again" test -e "$FV_PCI/$dev"
fv_bind $FV_DRIVER "$dev"
fv_check "found again: it works" eval 'echo on >"$FV_PCI/$dev/power/control"; works'

# --- slot power and hot removal during the fence
policy "$dev" monitor_interval_ms=0
fenced "power cycle"
fault ctl power off >/dev/null
fault ctl power on >/dev/null
recovers "power cycle"
fenced "taken out and put in"
fault remove
fault insert
recovers "taken out and put in"
fenced "taken out"
fault remove
policy "$dev" load_limit_ms=1000
fv_check "taken out: failed" eval '! own recover "$dev"'
back "taken out"
fv_check "taken out: put in, recovered" eval 'fault insert; own recover "$dev" force'
fv_check "taken out, put in: ready" device_is "$dev" ready
fv_check "taken out, put in: the port is as before" port_is bits
# removal and insertion without a fence latched these
reg_set "$port" CAP_EXP+1a.w=109
owner_ends
policy "$dev" default monitor_interval_ms=0

# --- link lost and back without a fence
policy "$dev" monitor_interval_ms=10
# DPC may trigger here, because the loss is unexpected
reg_set "$port" ECAP_DPC+6.w=0:3
bits=$(port_controls)
kmsg_mark
fault link-down
fv_check "lost by itself: seen" fv_wait 60 device_is "$dev" lost
fault link-up
fv_check "lost by itself: back" fv_wait 60 device_is "$dev" ready
fv_check "lost by itself: the port is as before" port_is bits
fv_unbind "$dev"

# --- two functions: the port stays isolated while a fenced one is bound
use_card FV_CARD2
fv_unbind "$FV_CARD2" "$FV_CARD2_FN1"
port_learn
cards_bind "$FV_CARD2" "$FV_CARD2_FN1"
for bdf in "$FV_CARD2" "$FV_CARD2_FN1"; do
	policy "$bdf" monitor_interval_ms=0
done
reg_set "$port" CAP_EXP+a.w=f CAP_EXP+1a.w=109 "$LNKSTA=c000"
fenced "two functions"
fv_unbind "$FV_CARD2"
fv_check "one is unbound: the port is silent as before" port_is fenced_down
dev=$FV_CARD2_FN1
fv_check "one is unbound: the other is fenced" device_is "$dev" fenced
fv_check "one is unbound: the other is recovered" own recover "$dev"
fv_check "one is unbound: the other is ready" device_is "$dev" ready
back "one is unbound"
owner_ends
fv_bind $FV_DRIVER "$FV_CARD2"
fenced "both"
fv_unbind "$FV_CARD2_FN1"
fv_check "both, one is unbound: the port is silent as before" port_is fenced_down
fv_unbind "$FV_CARD2"
fv_check "both are unbound: the link is up" fv_wait 60 reg_has "$port" "$LNKSTA" $LNKSTA_DLLLA $LNKSTA_DLLLA
back "both are unbound"
owner_ends

# --- hotplug: the port driver sees the link
use_card FV_CARD_MSI
fv_unbind "$dev"
echo "$port" >/sys/bus/pci/drivers/pcieport/unbind
echo "$port" >/sys/bus/pci/drivers/pcieport/bind
slot=$(grep -l "${dev%.*}" /sys/bus/pci/slots/*/address | head -n 1)
slot=${slot%/address}
cards_bind "$dev"
policy "$dev" monitor_interval_ms=0
bits=$(port_controls)
few_bits=$(port_bits)
# a removed and rediscovered function has another inode
card_inode=$(stat -c %i "$FV_PCI/$dev/")
kmsg_mark
hotplug_kmsg=$kmsg
for how in auto off; do
	what="hotplug, link_disable $how"
	policy "$dev" link_disable=$how
	owner
	kmsg_mark
	fv_check "$what: fenced" own fence "$dev"
	programmed 300
	[ $how != off ] || fault wait ready
	fv_check "$what: recovered" own recover "$dev"
	fv_check "$what: ready" device_is "$dev" ready
	fv_check "$what: the port is as before" port_is bits
	fv_check "$what: nothing is in the log" eval '! kmsg_has "pciehp.*(Link Down|Link Up|not present)"'
	owner_ends
done

# without a fence, pciehp removes the card; it handles events in order, so all earlier ones were
# handled before
fv_same "hotplug: the card was not taken away" "$card_inode" "$(stat -c %i "$FV_PCI/$dev/")"
kmsg_mark
fault link-down
fv_check "surprise removal: the card is taken away" fv_wait 60 test ! -e "$FV_PCI/$dev"
fv_check "surprise removal: the slot is switched off" fv_wait 60 kmsg_has "$port: pciehp: .*No link|Link Down"
kmsg=$hotplug_kmsg
fv_same "surprise removal: it is the only one" 1 "$(kmsg_has "$port: pciehp: .*Link Down" | wc -l)"
fault link-up
# the kernel refuses while it is powering off
power_on()
{
	echo 1 2>/dev/null >"$slot/power"
	[ -e "$FV_PCI/$dev" ]
}
fv_check "surprise removal: switched on, it is there again" fv_wait 60 power_on
fv_check "surprise removal: it is bound again" fv_wait 60 fv_bind $FV_DRIVER "$dev"
# except the windows, which the PCI core reassigned, and the slot indicators
fv_same "surprise removal: the port is as before" "$few_bits" "$(port_bits)"
# pciehp may still be busy: the device has its driver before that
fv_check "surprise removal: ready" fv_wait 60 device_is "$dev" ready
fv_unbind "$dev"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
