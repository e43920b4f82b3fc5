#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The port module provides link registers for a port of stock QEMU, here above an NVMe disk; the
# link is simulated in software.
. "$(dirname "$0")/fv.sh"
# shellcheck source=selftests/lib/card/card.sh
. "$(dirname "$0")/card.sh"

fv_need FV_NVME
ktap_print_header

dev=$FV_NVME
port_of "$dev"
port=$REPLY
config=$FV_PCI/$port/config
fv_unbind "$dev"

before_load=$(od -An -v -tx1 "$config")
id=$(reg "$dev" 0.l)
fv_check "the module loads on a port" port_load "$port"
fv_same "the link is that of the software" sim "$(state "$port" truth)"

reads=$(state "$port" link_reads)
reg "$port" $LNKSTA >/dev/null
fv_check "reads of Link Status are counted" state_is "$port" link_reads $((reads + 1))
fv_check "the link is up" reg_has "$port" $LNKSTA $((LNKSTA_DLLLA | LNKSTA_LT)) $LNKSTA_DLLLA
sim "$port" speed=4 width=8 train_ms=10 hold_train=1
link_retrain "$port"
fv_check "Link Training is set while it trains, the link stays active" \
	reg_has "$port" $LNKSTA $((LNKSTA_LT | LNKSTA_DLLLA)) $((LNKSTA_LT | LNKSTA_DLLLA))
fv_same "the function answers meanwhile" "$id" "$(reg "$dev" 0.l)"
sim "$port" hold_train=0
fv_check "it trains to what the card can" fv_wait 60 link_is "$port" 4 8
fv_check "LBMS is set" reg_has "$port" $LNKSTA $LNKSTA_LBMS $LNKSTA_LBMS
reg_set "$port" $LNKSTA=0000
fv_check "writing 0 leaves LBMS" reg_has "$port" $LNKSTA $LNKSTA_LBMS $LNKSTA_LBMS
reg_set "$port" $LNKSTA=4000
fv_check "writing 1 clears LBMS" reg_has "$port" $LNKSTA $LNKSTA_LBMS 0

reg_set "$port" $LNKCTL2=2:f
fv_check "Target Link Speed is kept" reg_has "$port" $LNKCTL2 0xf 2
link_retrain "$port"
fv_check "Target Link Speed limits the next training" fv_wait 60 link_is "$port" 2 8
reg_set "$port" $LNKCTL2=4:f

sim "$port" bad_speed=1 bad_width=2 fail_first=2
link_retrain "$port"
fv_check "the first training comes to less" fv_wait 60 link_is "$port" 1 2
link_retrain "$port"
fv_check "so does the second" fv_wait 60 state_is "$port" trainings 2
link_retrain "$port"
fv_check "the third is good" fv_wait 60 link_is "$port" 4 8

reg_set "$dev" 10.l=12340000
reg_set "$port" $LNKCTL=10:10
fv_check "Link Disable is kept" reg_has "$port" $LNKCTL $LNKCTL_LD $LNKCTL_LD
fv_check "the link goes down" reg_has "$port" $LNKSTA $LNKSTA_DLLLA 0
fv_check "below a link that is down all reads are all-ones" ones "$dev"
reg_set "$dev" 4.w=7
fv_same "writes are dropped" 1 "$(state "$port" dropped)"
reg_set "$port" $LNKCTL=0:10
fv_check "the link comes up again" fv_wait 60 link_is "$port" 4 8
fv_same "the function has lost its configuration" "0000 00000004" \
	"$(reg "$dev" 4.w) $(reg "$dev" 10.l)"

sim "$port" hold_ready=1 rrs=1 link=0
fv_check "a link that is lost is down" ones "$dev"
fv_check "surprise down is latched in AER" fv_wait 60 reg_has "$port" ECAP_AER+4.l 0x20 0x20
reg_set "$port" ECAP_AER+4.l=20
fv_check "and cleared there" reg_has "$port" ECAP_AER+4.l 0x20 0
sim "$port" link=1
fv_check "the link comes back" fv_wait 60 link_is "$port" 4 8
fv_same "not ready is RRS where software sees it" ffff0001 "$(reg "$dev" 0.l)"
reg_set "$port" $RTCTL=0:10
fv_check "and all-ones where it does not" ones "$dev"
reg_set "$port" $RTCTL=10:10
sim "$port" hold_ready=0
fv_check "the function is ready" answers "$dev" "$id"
began=${EPOCHREALTIME/./}
sim "$port" link=0 ready_ms=200 link=1
fv_check "the function gets ready" fv_wait 60 answers "$dev" "$id"
fv_check "the function gets ready no sooner than is said" \
	test $((${EPOCHREALTIME/./} - began)) -ge 200000
sim "$port" ready_ms=0

# link loss in the middle of an operation
cut_after "$port" 3
fv_same "3 accesses are answered, the next is not" "$id ${id:4} ${id:0:4} ffffffff" \
	"$(regs "$dev" 0.l 0.w 2.w 0.l)"
fv_check "the link is lost for that" reg_has "$port" $LNKSTA $LNKSTA_DLLLA 0
sim "$port" link=1
fv_check "the link is put right" fv_wait 60 link_is "$port" 4 8

# DPC by software trigger
fv_check "the port has DPC" test "$(reg "$port" ECAP_DPC.w)" = 001d
reg_set "$port" ECAP_DPC+6.w=1
reg_set "$port" ECAP_DPC+6.w=41
fv_check "the software trigger contains" reg_has "$port" ECAP_DPC+8.w 0x7 0x7
fv_check "containment holds the link down" reg_has "$port" $LNKSTA $LNKSTA_DLLLA 0
reg_set "$port" ECAP_DPC+8.w=1
fv_check "releasing it brings the link up" fv_wait 60 link_is "$port" 4 8
reg_set "$port" ECAP_DPC+6.w=0

# the port driver finds bandwidth notification when probed again
echo "$port" >/sys/bus/pci/drivers/pcieport/unbind
echo "$port" >/sys/bus/pci/drivers/pcieport/bind
if grep -q "$port.*bwctrl" /proc/interrupts; then
	count=$(state "$port" interrupts)
	link_retrain "$port"
	fv_check "LBMS interrupts" fv_wait 60 state_is "$port" interrupts $((count + 1))
	fv_check "and the port's driver clears it" fv_wait 60 reg_has "$port" $LNKSTA $LNKSTA_LBMS 0
else
	ktap_test_skip "LBMS interrupts: this kernel has no bandwidth notification"
	ktap_test_skip "and the port's driver clears it: as above"
fi

reset_methods=$(cat "$FV_PCI/$dev/reset_method")
echo bus >"$FV_PCI/$dev/reset_method"
sim "$port" train_ms=100
fv_check "a hot reset works" fv_reset "$dev"
fv_same "the port saw it" 1 "$(state "$port" resets)"
echo "$reset_methods" >"$FV_PCI/$dev/reset_method"

# QEMU's bits, and Bus Master etc. of the port driver, are restored
fv_check "the module unloads" rmmod fv_port
echo "$port" >/sys/bus/pci/drivers/pcieport/unbind
echo "$port" >/sys/bus/pci/drivers/pcieport/bind
fv_same "the port is as before" "$before_load" "$(od -An -v -tx1 "$config")"
fv_same "the function answers" "$id" "$(reg "$dev" 0.l)"
fv_finish
