#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two cards below a switch: IOMMU groups, the loss of the link above the switch, and the log of
# writes to registers of ports.
#
# shellcheck disable=SC2154 # set by switch_load
. "$(dirname "$0")/fv.sh"
# shellcheck source=selftests/lib/card/card.sh
. "$(dirname "$0")/card.sh"
# shellcheck source=selftests/lib/card/trace.sh
. "$(dirname "$0")/trace.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARDS
ktap_print_header

ONES=ffffffff

# group BDF: print its IOMMU group
group()
{
	basename "$(readlink "$FV_PCI/$1/iommu_group")"
}

# ids FUNCTION…: print what the vendor and device id of each read as
ids()
{
	local bdf

	for bdf; do
		reg "$bdf" 0.l
	done | paste -sd ' '
}

port_of "$FV_CARD"
fv_same "without ACS, a card is in the group of its port" "$(group "$REPLY")" "$(group "$FV_CARD")"
fv_check "the port module loads on all ports, the switch is enumerated again" switch_load
use_card FV_CARD
port_of "$FV_CARD2"
port2=$REPLY
all=("$switch" "$port" "$port2" "$FV_CARD" "$FV_CARD2")
fv_check "with ACS, each card has its own group" \
	test "$(group "$FV_CARD")" != "$(group "$FV_CARD2")"
fv_check "and no port is in it" test "$(group "$FV_CARD")" != "$(group "$port")"
fv_check "the PCI core enables ACS" reg_has "$port" 426.w 0x1d 0x1d
fv_same "each port has its link model" "sim card card" \
	"$(state "$root" truth) $(state "$port" truth) $(state "$port2" truth)"
before=$(ids "${all[@]}")
bar0=$(reg "$dev" 10.l)
reg_set "$dev" 4.w=6
fv_same "the card works" $CARD_ID "$(reg "$dev" bar0+0)"

# a card's own link
fault link-down
fv_check "a card's link is lost: it does not answer" ones "$dev"
fv_same "a card's link is lost: its sibling and the ports answer" \
	"${before% * *} $ONES ${before##* }" "$(ids "${all[@]}")"
fault link-up
fv_check "a card's link comes back" fv_wait 20 link_is "$port" 3 8
fv_check "the card answers" fv_wait 20 answers "$dev" "${before:27:8}"

# the link above the switch
modprobe -a vfio_iommu_type1
modprobe vfio-pci disable_idle_d3=1
fv_check "the cards have a driver" fv_bind vfio-pci "$FV_CARD" "$FV_CARD2" "$FV_CARD2_FN1"
reg_set "$dev" "10.l=$bar0" 4.w=6
fv_same "the card, restored, works" $CARD_ID "$(reg "$dev" bar0+0)"
resets=$(state "$port" resets)
ones_before=$(state "$root" ones)
sim "$root" link=0
fv_same "the link above is lost: nothing answers, nor do the ports" \
	"$ONES $ONES $ONES $ONES $ONES" "$(ids "${all[@]}")"
fv_same "the link above is lost: these reads are counted" $((ones_before + 5)) \
	"$(state "$root" ones)"
fv_check "the link above is lost: the root port says so" reg_has "$root" $LNKSTA $LNKSTA_DLLLA 0
fv_same "the link above is lost: the BAR reads all-ones" $ONES "$(reg "$dev" bar0+0)"
reg_set "$port" 3e.w=40
fv_check "the link above is lost: a write to a port does not reach it" \
	state_is "$port" resets "$resets"
sim "$root" link=1
fv_check "the link above comes back" fv_wait 20 reg_has "$root" $LNKSTA $LNKSTA_DLLLA $LNKSTA_DLLLA
fv_check "the switch answers" fv_wait 20 answers "$switch" "${before%% *}"
fv_same "the switch has lost its bus numbers" 00000000 "$(reg "$switch" 18.l)"
fv_check "and cards cannot be reached" ones "$dev"

# the kernel's recovery restores the switch
fv-fault hmp pcie_aer_inject_error rp1 SDN >/dev/null
fv_check "after the recovery from an error at the root port, the first card answers" \
	fv_wait 20 answers "$FV_CARD" "${before:27:8}"
fv_check "and the second" fv_wait 20 answers "$FV_CARD2" "${before##* }"
fv_check "the link of the port is up" fv_wait 20 link_is "$port" 3 8
fv_same "everything answers as before" "$before" "$(ids "${all[@]}")"

cut_after "$root" 2
fv_same "two accesses below the root port are answered, the next is not" \
	"${before%% *} ${before##* } $ONES" "$(ids "$switch" "$FV_CARD2" "$switch")"
fv_check "the link above is lost for that" reg_has "$root" $LNKSTA $LNKSTA_DLLLA 0
sim "$root" link=1
fv_check "the link above comes back again" \
	fv_wait 20 reg_has "$root" $LNKSTA $LNKSTA_DLLLA $LNKSTA_DLLLA

# the log of writes
owned_mark
fv_same "the log of writes is empty" "" "$(owned_writes " cfg ")"
reg_set "$root" ECAP_AER+8.l=20 CAP_EXP+1c.w=10 "$LNKCTL=0:10" 3e.w=0:40 "$LNKCTL2=1:f"
reg_set "$root" CAP_EXP+18.w=0 ECAP_DPC+6.w=0
reg_set "$switch" ECAP_AER+8.l=100000
fv_same "writes to AER, DPC, Slot and Root Control are logged, others are not" \
	"$root aer+08 00000020
$root root+1c 0010
$root slot+18 0000
$root dpc+06 0000
$switch aer+08 00100000" \
	"$(owned_writes " cfg " | cut -d ' ' -f 2-4)"
fv_check "with their callers" test "$(owned_writes " cfg .*pci_write_config.*<" | wc -l)" = 5

fv_check "the port module unloads" rmmod fv_port
fv_finish
