#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# Resets asked for by netlink: each method, and each way in which a card fails it. What
# the driver did is read from the card's own trace.
. "$(dirname "$0")/fv.sh"
# shellcheck source=selftests/card-l1/card.sh
. "$(dirname "$0")/card.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARD_4G FV_CARD_NOFLR FV_CARD_MSI FV_CARDS FV_KO
ktap_print_header

CARD_ID=46504741
dev=$FV_CARD
port_of "$dev"
port=$REPLY

fault()
{
	fv-fault FV_CARD "$@"
}

mark()
{
	from=$(fault ctl trace "${from:-1}" | jq .next)
}

# seen KIND…: resets of these kinds since the mark, in this order, and no others
seen()
{
	[ "$(fault trace "$from" | sed -n 's/.*reset \(flr\|hot\|pm\|link\|perst\|program\).*/\1/p' |
		uniq | paste -sd ' ')" = "$*" ]
}

# act WORD…: a command by netlink; what it says in $SAID
act()
{
	SAID=$("$FV_DIR/fv_act" "$@")
	ACT_RC=$?
	echo "# fv_act $*: ${SAID//$'\n'/$'\n'#   }"
	return "$ACT_RC"
}

# steps EXPECTED: "METHOD ERRNO" of each step, with commas between
steps()
{
	[ "$(sed -n 's/^step \([a-z]*\) \([A-Z0-9]*\) .*/\1 \2/p' <<<"$SAID" | paste -sd ,)" = "$1" ]
}

said()
{
	[[ $SAID =~ $1 ]]
}

# took METHOD: milliseconds of its step
took()
{
	sed -n "s/^step $1 0 \([0-9]*\) .*/\1/p" <<<"$SAID"
}

card_state()
{
	"$FV_DIR/fv_act" card "$port" | sed -n 's/^state //p'
}

counter()
{
	cat "/sys/class/fpga_vfio/$(basename "$(readlink "$FV_PCI/$dev/iommu_group")" | sed s/^/group/)/statistics/$1"
}

# config BDF: its whole configuration space, as the host sees it
config()
{
	od -An -v -tx1 -w16 "$FV_PCI/$1/config"
}

works()
{
	reg_set "$dev" 4.w=2:2
	[ "$("$FV_DIR/cfg" "$dev" bar0+0)" = "$CARD_ID" ]
}

[ -d /sys/module/fv_port ] || port_load || ktap_exit_fail_msg "the port module cannot be loaded"
fv_unbind "$dev" "$FV_CARD2" "$FV_CARD2_FN1" "$FV_CARD_4G" "$FV_CARD_NOFLR" "$FV_CARD_MSI"

# how late the PCI core sees a card that takes its time, for comparison
for ms in 1100 4200; do
	fault not-ready $ms rrs
	start=${EPOCHREALTIME/./}
	fv_reset "$dev"
	fv_row "flr_ready_after_$ms" stock $(((${EPOCHREALTIME/./} - start) / 1000)) ms
done
fault ctl ready-after image
fault ctl not-ready ones
fault bars-lost now
fv_same "BARs are lost while the card has no driver" 00000000 "$(reg "$dev" 10.l)"

fv_load || ktap_exit_fail_msg "the module cannot be loaded"
fv_bind $FV_DRIVER "$dev" "$FV_CARD2" "$FV_CARD2_FN1" "$FV_CARD_4G" "$FV_CARD_NOFLR" "$FV_CARD_MSI" ||
	ktap_exit_fail_msg "the cards cannot be bound"

fv_check "which a bind repairs" test "$(reg "$dev" 10.l)" != 00000000

# awake, for accesses that are not VFIO's
echo on >"$FV_PCI/$dev/power/control"

# a card that never comes back takes a minute: meanwhile the others are tested
fv-fault FV_CARD_4G link-down
"$FV_DIR/fv_act" reset "$FV_CARD_4G" hot >/tmp/never &
never=$!

# --- what is refused
fv_check "an unknown address is refused" eval "! act reset 0000:ff:1f.7"
fv_check "by name" said "error ENODEV 0000:ff:1f.7: not bound"
fv_check "an unknown method is refused" eval "! act reset $dev nonsense"
fv_check "as out of range" said "error (ERANGE|EINVAL)"
fv_same "nobody else may" EPERM "$(setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$FV_DIR/fv_act" reset "$dev" | sed -n 's/^error \([A-Z]*\).*/\1/p')"

# --- a plan does nothing
mark
before=$(config "$dev")
fv_check "a plan is made" act reset "$dev" plan
fv_check "with all methods" said "step flr 0 100-10100.*step hot 0.*step pm EOPNOTSUPP.*step link 0"
fv_check "and the function that is hit" said "function hot $dev $FV_DRIVER idle"
fv_check "the card saw nothing of it" seen
act reset "$FV_CARD2" plan
fv_check "a plan names all functions of a card" said "function hot $FV_CARD2_FN1 $FV_DRIVER idle"
act reset "$FV_CARD_NOFLR" plan
fv_check "and what a card does not have" said "step flr EOPNOTSUPP 100-10100 it has no Function Level Reset"

# --- each method works
for method in flr hot link; do
	fv_check "$method: the card works before" works
	"$FV_DIR/cfg" "$dev" bar0+10=5555
	fv_same "$method: its register holds a value" 00005555 "$("$FV_DIR/cfg" "$dev" bar0+10)"
	before=$(config "$dev")
	mark
	fv_check "$method: done" act reset "$dev" $method
	fv_check "$method: is all that was done" steps "$method 0"
	fv_check "$method: the card saw it, and nothing else" seen $method
	fv_same "$method: the configuration is the same, to the byte" "$before" "$(config "$dev")"
	fv_same "$method: what was in a register is not" 00000000 "$("$FV_DIR/cfg" "$dev" bar0+10)"
done
before=$(config "$FV_CARD_MSI")
fv_check "pm: done" act reset "$FV_CARD_MSI" pm
fv_same "pm: the configuration is the same, to the byte" "$before" "$(config "$FV_CARD_MSI")"
fv_check "pm: the card saw it" eval "fv-fault FV_CARD_MSI trace | grep -q 'reset pm'"
mark
fv_check "without a method: done" act reset "$dev"
fv_check "by the one that hits least" steps "flr 0"

# --- not there
for method in flr pm; do
	fv_check "$method, not there: refused" eval "! act reset $FV_CARD_NOFLR $method"
	fv_check "$method, not there: says so" said "error EOPNOTSUPP $FV_CARD_NOFLR: .*(no|D3hot)"
done
fv_check "a card without FLR: done" act reset "$FV_CARD_NOFLR"
fv_check "a card without FLR: by a hot reset" said "step hot 0"

# is_soon MS EXTRA: the last step was done soon after the card was ready, MS after its
# reset: 10 ms and 5 % late at most, and what an emulated machine needs for its looks
is_soon()
{
	[ "${ms_taken:-99999}" -le $(($1 + $2 + 10 + $1 / 20 + 150 * FV_SLOW)) ]
}

# --- not ready for a while. A busy host makes it late now and then, but not each time
for ms in 150 1100 4200 9000; do
	for method in flr hot; do
		[ $ms != 9000 ] || [ $method = flr ] || continue
		# and before it is not ready, a link has to train
		training=0
		[ $method = flr ] || training=150
		fault not-ready $ms ones
		for try in 1 2 3; do
			act reset "$dev" $method || break
			ms_taken=$(took $method)
			! is_soon $ms $training || break
			echo "# try $try: $ms_taken ms"
		done
		fv_same "$method, not ready for $ms ms: done" 0 "$ACT_RC"
		fv_check "$method, not ready for $ms ms: not before" test "${ms_taken:-0}" -ge $ms
		fv_check "$method, not ready for $ms ms: soon after" is_soon $ms $training
		fv_row "${method}_ready_after_$ms" $FV_DRIVER "${ms_taken:-0}" ms
	done
done
fault not-ready 1100 rrs
fv_check "flr, not ready by RRS: done" act reset "$dev" flr
fault ctl ready-after image
fault ctl not-ready ones

# --- a method hangs: the next one
failed=$(counter reset_flr_failed)
fault flr-hangs 1
mark
fv_check "FLR hangs: done" act reset "$dev"
fv_check "FLR hangs: by a hot reset" steps "flr ETIMEDOUT,hot 0"
fv_check "FLR hangs: the card saw both" seen flr hot
fv_same "FLR hangs: it is counted" $((failed + 1)) "$(counter reset_flr_failed)"
fv_check "FLR hangs: the card works" works
fault hot-hangs 1
fv_check "hot reset hangs: alone it fails" eval "! act reset $dev hot"
fv_check "hot reset hangs: says so" said "error ETIMEDOUT $dev: .*does not answer after 10000 ms"
fv_same "hot reset hangs: the card has failed" failed "$(card_state)"
fv_check "hot reset hangs: disabling the link repairs it" act reset "$dev" link
fv_same "hot reset hangs: the card is ready" ready "$(card_state)"
fv_check "hot reset hangs: the card works" works

# --- the link comes back slow and narrow, then well
ok=$(counter retrains_ok)
fault come-back 1 2 2
fv_check "slow and narrow twice: done" act reset "$dev" hot
fv_check "slow and narrow twice: the link is as it was" link_is "$port" 3 8
fv_same "slow and narrow twice: counted" $((ok + 1)) "$(counter retrains_ok)"
bad=$(counter retrains_failed)
fault come-back 1 2
fv_check "slow and narrow for good: done all the same" act reset "$dev" hot
fv_check "slow and narrow for good: the link is what it can be" link_is "$port" 1 2
fv_same "slow and narrow for good: counted" $((bad + 1)) "$(counter retrains_failed)"
fault repair
fv_check "repaired: done" act reset "$dev" link
fv_check "repaired: the link is as it was" link_is "$port" 3 8

# --- another card
fault reprogram alveo-xdma-2 100
fv_wait 20 eval '[ "$(fault status .state)" != programming ]'
fv_wait 20 eval '[[ "$(reg "$dev" 0.l)" != ffff* ]]'
fv_check "another card: not taken" eval "! act reset $dev"
fv_check "another card: says what is other" said "error ESTALE $dev: it is [0-9a-f:]*, was"
fv_same "another card: it has changed" changed "$(card_state)"
fv_check "another card: nobody may open it" eval "! timeout 60 '$FV_DIR/vfio_hold' $dev </dev/null"
fault reprogram alveo-xdma 100
fv_wait 20 eval '[[ "$(reg "$dev" 0.l)" != ffff* ]]'
fv_check "the old one is back: done" act reset "$dev" hot
fv_same "the old one is back: ready" ready "$(card_state)"
fv_check "the old one is back: works" works

# --- configuration lost once more while it gets ready
fault bars-lost 50
fv_check "BARs lost again: done" act reset "$dev" flr
fv_check "BARs lost again: works" works

# --- functions of others
fv_check "two functions: all of the card is reset" act reset "$FV_CARD2" hot
fv_unbind "$FV_CARD2_FN1"
fv_check "two functions, one without driver: done" act reset "$FV_CARD2" hot
fv_load_stock
fv_bind $FV_STOCK "$FV_CARD2_FN1"
fv_check "two functions, one is another driver's: refused" eval "! act reset $FV_CARD2 hot"
fv_check "two functions, one is another driver's: by name" \
	said "error EBUSY $FV_CARD2: $FV_CARD2_FN1 is bound to $FV_STOCK"
fv_unbind "$FV_CARD2_FN1"
fv_bind $FV_DRIVER "$FV_CARD2_FN1"
fv_hold "$FV_CARD2_FN1"
fv_check "two functions, one is held: refused" eval "! act reset $FV_CARD2 hot"
fv_check "two functions, one is held: by whom" \
	said "error EBUSY $FV_CARD2: $FV_CARD2_FN1 is held by process $FV_HOLDER"
fv_check "two functions, one is held: FLR is still there" act reset "$FV_CARD2" flr
fv_let_go

# --- no reset helps: nobody gets it
fault ctl fail-flr
fault ctl fail-hot
fault ctl fail-link
mark
errors=$(counter open_errors)
fv_check "all methods hang: nobody may open it" eval "! timeout 100 '$FV_DIR/vfio_hold' $dev </dev/null"
fv_check "all methods hang: each was tried" seen flr hot link
fv_same "all methods hang: the card has failed" failed "$(card_state)"
fv_same "all methods hang: counted" $((errors + 1)) "$(counter open_errors)"
fault repair
# its reset before the open is the one that brings it back, the FLR of which still hangs
"$FV_DIR/vfio_hold" "$dev" >/tmp/held &
FV_HOLDER=$!
fv_check "repaired: it can be opened" fv_wait 60 grep -q held /tmp/held
fv_let_go
fv_same "repaired: ready" ready "$(card_state)"

wait "$never"
fv_has "never comes back: said after the load limit" \
	"step hot ETIMEDOUT 6[0-9]{4} the link below .* does not come up" "$(</tmp/never)"
fv-fault FV_CARD_4G link-up
fv_wait 20 eval '[[ "$(reg "$FV_CARD_4G" 0.l)" != ffff* ]]'
fv_check "never comes back, until it does: done" act reset "$FV_CARD_4G" hot

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
