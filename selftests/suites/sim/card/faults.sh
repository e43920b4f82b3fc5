#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # each fault is a function, called by its name
# Each fault of the card can be caused by one command and has its effect on the bus; the card sees
# the resets by software.
. "$(dirname "$0")/fv.sh"
# shellcheck source=selftests/lib/card/card.sh
. "$(dirname "$0")/card.sh"
# shellcheck source=selftests/lib/card/trace.sh
. "$(dirname "$0")/trace.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARD_MSI FV_CARDS
ktap_print_header

SCRATCH=10
LOADS=c
ONES=ffffffff
use_card FV_CARD

# bar REGISTER[=VALUE]: access a register of the card
bar()
{
	"$FV_DIR/cfg" "$dev" "bar0+$1"
}

# restore: restore BARs and Command as a driver does after a reset
restore()
{
	reg_set "$dev" "10.l=$bar0" "18.l=$bar2" 4.w=6
}

# lost: succeed if the function answers and its configuration is lost
lost()
{
	[ "$(regs "$dev" 0.l 4.w 10.l 18.l)" = \
		"${1:-$id} 0000 00000000 00000004" ]
}

# works: restore, and succeed if the card works
works()
{
	restore
	[ "$(bar 0)" = "$CARD_ID" ]
}

flr()
{
	reg_set "$dev" CAP_EXP+8.w=8000:8000
}

sbr()
{
	reg_set "$port" 3e.w=40:40 && reg_set "$port" 3e.w=0:40
}

link_cycle()
{
	reg_set "$port" $LNKCTL=10:10 && reg_set "$port" $LNKCTL=0:10
}

is_state()
{
	[ "$(fault status ".functions[0].state")" = "$1" ]
}

# lasted FROM TO MS: succeed if MS passed on the card's clock between two events, given as
# conditions of jq. FROM must be caused by a command or an access, because other events are
# recorded late on a slow machine
lasted()
{
	[ "$(fault ctl trace "$from" | jq "([.events[] | select($2)][0].us - [.events[] |
		select($1)][0].us) >= $3 * 1000")" = true ]
}

# raised N: succeed if a storm raised N interrupts
raised()
{
	[ "$(fault status .faults.storm_irq.count)" -ge "$1" ]
}

fv_check "the port module loads" port_load
fv_unbind "$dev" "$FV_CARD2" "$FV_CARD2_FN1" "$FV_CARD_MSI"
id=$(reg "$dev" 0.l)
read -r bar0 bar2 < <(regs "$dev" 10.l 18.l)
reg_set "$dev" 4.w=6

# resets by software
mark
bar $SCRATCH=1234
flr
fv_check "FLR is seen by the card" fv_wait 60 traced 'reset flr'
fv_check "as a write to Device Control" traced 'cfg-write devctl'
fv_check "the configuration is lost by it" fv_wait 60 lost
fv_same "the BAR is not decoded" $ONES "$(bar 0)"
fv_check "restored, the card works" works
fv_same "its registers were reset" 00000000 "$(bar $SCRATCH)"

mark
echo bus >"$FV_PCI/$dev/reset_method"
fv_check "a hot reset by the kernel works" fv_reset "$dev"
echo default >"$FV_PCI/$dev/reset_method"
fv_check "it is seen by the card, as one of its link" traced 'reset hot'
fv_same "the kernel restored the configuration" $CARD_ID "$(bar 0)"

# the link
kmsg_mark
fault surprise-down
fv_check "surprise down: nothing answers" ones "$dev"
fv_same "surprise down: nothing answers in the BAR" $ONES "$(bar 0)"
fv_check "surprise down: the port's link is down" reg_has "$port" $LNKSTA $LNKSTA_DLLLA 0
fv_check "surprise down: AER reports it" fv_wait 60 kmsg_has "AER: .*$port|$port.*(Surprise Down|SDES)"
fault link-up
fv_check "surprise down: the link comes back" fv_wait 60 link_is "$port" 3 8
fv_check "surprise down: the configuration is lost" fv_wait 60 lost
fv_check "surprise down: restored, the card works" works

fault link-down
fv_check "link down: nothing answers" ones "$dev"
fault link-up
fv_check "link up: the card answers, reset" fv_wait 60 lost
restore

fault come-back 1 2 1
link_retrain "$port"
fv_check "come back at 2.5 GT/s x2: so it trains" fv_wait 60 link_is "$port" 1 2
fv_check "and so says the card" reg_has "$dev" CAP_EXP+12.w 0x3ff 0x21
link_retrain "$port"
fv_check "the next training is good" fv_wait 60 link_is "$port" 3 8
fv_same "the card was not reset by training" $CARD_ID "$(bar 0)"

mark
link_cycle
fv_check "Link Disable is seen by the card" traced 'port lnkctl 0x0010'
fv_check "and resets it" fv_wait 60 lost
restore

fv-fault FV_CARD2 link-down
fv_same "two functions: the link is lost for both" "$ONES $ONES" \
	"$(reg "$FV_CARD2" 0.l) $(reg "$FV_CARD2_FN1" 0.l)"
fv-fault FV_CARD2 link-up
port_of "$FV_CARD2"
fv_check "two functions: both have lost their configuration" fv_wait 60 state_is "$REPLY" losses 2

# a board with two links, one image load
id2=$(reg "$FV_CARD2" 0.l)
fv-fault FV_CARD,FV_CARD2 reprogram hold
fv_same "one image load, two ports: both links are lost" "$ONES $ONES" \
	"$(reg "$dev" 0.l) $(reg "$FV_CARD2" 0.l)"
fv-fault FV_CARD,FV_CARD2 release >/dev/null
fv_check "one image load, two ports: the first card answers, reset" fv_wait 60 lost
fv_check "one image load, two ports: the second card answers" \
	fv_wait 60 answers "$FV_CARD2" "$id2"
restore

# for a limited time
mark
fault link-down for 200
fv_check "link down for a while: comes back by itself" fv_wait 60 traced ' ready answers'
fv_check "link down for a while: not before" lasted '.what == "link-down"' '.what == "training"' 200
restore

# in the middle of an operation
cut_after "$port" 2
fv_same "cut: two accesses are answered, the next is not" "$id ${id:4} ffffffff" \
	"$(regs "$dev" 0.l 0.w 0.l)"
fv_check "cut: the link is lost for that" reg_has "$port" $LNKSTA $LNKSTA_DLLLA 0
fault link-up
fv_check "cut: the card answers, reset" fv_wait 60 lost
restore

# readiness
fault not-ready hold rrs
flr
fv_same "not ready: RRS" ffff0001 "$(reg "$dev" 0.l)"
fault not-ready hold ones
fv_check "not ready: all-ones" ones "$dev"
fault release
fv_check "the card gets ready" fv_wait 60 lost
fault not-ready 200 ones
mark
flr
fv_check "ready after a while: it answers" fv_wait 60 lost
fv_check "ready after a while: not before" lasted '.text == "flr"' '.what == "ready"' 200
fault ctl ready-after image
restore

fault flr-hangs 1
flr
fv_check "FLR hangs: the card hangs" fv_wait 60 is_state hung
fv_check "FLR hangs: it does not answer" ones "$dev"
sbr
fv_check "FLR hangs: a hot reset repairs it" fv_wait 60 lost
fault hot-hangs 1
sbr
fv_check "hot reset hangs: the card hangs" fv_wait 60 is_state hung
link_cycle
fv_check "hot reset hangs: Link Disable repairs it" fv_wait 60 lost
restore

fault flr-ignored 1
bar $SCRATCH=4321
flr
fv_same "FLR ignored: the registers are as before" 00004321 "$(bar $SCRATCH)"

fault bars-lost now
fv_check "BARs lost: the card answers without configuration" fv_wait 60 lost
fv_check "BARs lost: the link did not go down" link_is "$port" 3 8
fv_check "restored, the card works" works
fault bars-lost 200
mark
flr
fv_check "BARs lost late: after FLR they are lost again" fv_wait 60 traced 'reset late'
fv_check "BARs lost late: not before" lasted '.text == "flr"' '.text == "late"' 200
fv_check "BARs lost late: the card answers" fv_wait 60 lost
restore
fv_same "BARs lost late: restored, the card works" $CARD_ID "$(bar 0)"

# programming
loads=$(fault status .image.loads)
mark
fault reprogram hold
fv_check "programming: nothing answers" ones "$dev"
fv_check "programming: the link is down" reg_has "$port" $LNKSTA $LNKSTA_DLLLA 0
fault release
fv_check "programming: after it the card answers, without configuration" fv_wait 60 lost
fv_check "restored, the card works" works
fv_same "programming: the card counts it" $((loads + 1)) "$((0x$(bar $LOADS)))"

mark
fault reprogram alveo-xdma-2 200
fv_check "another image: another identity" fv_wait 60 lost 903810ee
fv_check "another image: loading took as long as was said" \
	lasted '.what == "program"' '.what == "loaded"' 200
fv_same "another image: BARs are sized as it says" $'0 65536 mem32\n2 4194304 mem64' "$(bars_wire "$dev")"
echo 1 >"$FV_PCI/$dev/remove"
echo 1 >/sys/bus/pci/rescan
fv_same "another image: the kernel enumerates it" 0x9038 "$(cat "$FV_PCI/$dev/device")"
fault wrong id 1234:5678 for 1
fault reprogram alveo-xdma 200
fv_check "wrong id: so it comes out" fv_wait 60 lost 56781234
fault wrong off
fault wrong bar 2 8M for 1
fault reprogram 200
fv_check "the next image is right" fv_wait 60 lost
fv_same "but for the size of a BAR" $'0 65536 mem32\n2 8388608 mem64' "$(bars_wire "$dev")"
fault wrong off
fault wrong subsystem abcd:0001 for 1
fault reprogram 200
fv_check "wrong subsystem: the card answers" fv_wait 60 lost
fv_same "wrong subsystem: it is" 0001abcd "$(reg "$dev" 2c.l)"
fault reprogram 200
fv_check "programmed again, the card answers" fv_wait 60 lost
echo 1 >"$FV_PCI/$dev/remove"
echo 1 >/sys/bus/pci/rescan
fv_same "and is enumerated" 0x903f "$(cat "$FV_PCI/$dev/device")"
reg_set "$dev" 4.w=6

# storms
kmsg_mark
fault storm dma rate 50
fv_check "DMA storm: the IOMMU stops it" fv_wait 60 kmsg_has "DMAR: .*${dev#*:}] fault addr"
fault storm irq rate 100
fv_check "interrupt storm: the card raises interrupts" fv_wait 60 raised 10
fault storm off
mark
fault storm irq rate 100 for 50
fv_check "interrupt storm for a while: is over by itself" fv_wait 60 traced storm-over

# the slot
fault remove
fv_check "removed: presence is gone" reg_has "$port" CAP_EXP+1a.w 0x48 0x08
fv_check "removed: nothing answers" ones "$dev"
fault insert
fv_check "inserted: presence is back" fv_wait 60 reg_has "$port" CAP_EXP+1a.w 0x40 0x40
reg_set "$port" CAP_EXP+1a.w=8
fv_check "Presence Detect Changed is cleared by writing 1" reg_has "$port" CAP_EXP+1a.w 0x8 0
fv_check "inserted: the card answers" fv_wait 60 lost

# hotplug, where the port's driver sees the link
dev=$FV_CARD_MSI
port_of "$dev"
echo "$REPLY" >/sys/bus/pci/drivers/pcieport/unbind
echo "$REPLY" >/sys/bus/pci/drivers/pcieport/bind
slot=$(grep -l "${dev%.*}" /sys/bus/pci/slots/*/address | head -n 1)
slot=${slot%/address}

# the kernel refuses while it is powering off
power_on()
{
	echo 1 >"$slot/power"
	[ -e "$FV_PCI/$dev" ]
}

kmsg_mark
fv-fault FV_CARD_MSI link-down
fv_check "hotplug: the kernel removes a card after its link went down" \
	fv_wait 60 test ! -e "$FV_PCI/$dev"
fv_check "hotplug: because of that" kmsg_has "$REPLY: pciehp: .*Link Down"
fv_check "hotplug: the slot is switched off" fv_wait 60 kmsg_has "$REPLY: pciehp: .*No link"
fv-fault FV_CARD_MSI link-up
fv_check "hotplug: switched on, the card is there again" fv_wait 60 power_on

# randomness is reproducible from the seed
dev=$FV_CARD
outcomes()
{
	local i

	fault ctl seed 7 >/dev/null
	mark
	for ((i = 0; i < 6; i++)); do
		link_retrain "$port"
		fv_wait 60 reg_has "$port" $LNKSTA $LNKSTA_LT 0
	done
	fault trace "$from" | sed -n 's/.*link-\(up\|changed\) //p'
}

fault ctl flaky 50 >/dev/null
first=$(outcomes)
fv_check "flaky link: trainings come out differently" \
	test "$(sort -u <<<"$first" | wc -l)" = 2
fv_same "the same seed gives the same outcomes" "$first" "$(outcomes)"
fault repair
fv_check "the port module unloads" rmmod fv_port
fv_finish
