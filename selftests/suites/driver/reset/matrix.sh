#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; all ports
# The fault matrix: each reset method with each fault of a card. A cell is a function. The methods
# run in parallel, each with its own card, as they mostly wait. The card's trace shows what the
# driver did.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/suites/driver/reset/common.sh
. "$(dirname "$0")/common.sh"

fv_need FV_CARD FV_CARD_MSI FV_CARD_4G FV_CARD_NOFLR FV_ALONE FV_CARDS FV_KO

METHODS="flr pm hot link"
# no link monitor here, see suite monitor
monitor_off="monitor_interval_ms=0"
# polls of a card that is not ready: more than a minute with doubling intervals
POLLS=40
declare -A card_of=([flr]=FV_CARD [pm]=FV_CARD_MSI [hot]=FV_CARD_4G [link]=FV_CARD_NOFLR)
# fallback method for a card that hangs
declare -A other_of=([flr]=hot [pm]=hot [hot]=link [link]=hot)
# difference with which the card comes back
declare -A wrong_of=([flr]="id 10ee:9999" [pm]="subsystem 10ee:9999" [hot]="bar 0 64K" [link]="class 0x020000")

takes_link_down()
{
	[ "$method" = hot ] || [ "$method" = link ]
}

# check TEXT COMMAND…
check()
{
	fv_check "$method, $cell: $1" "${@:2}"
}

# done_by_it: check that the reset succeeds with this method, and that the card saw no other
done_by_it()
{
	mark
	check "done" act reset "$dev" "$method"
	check "by it alone" steps "$method 0"
	check "the card saw it" seen "$method"
}

# fails: check that the method, as the only one, fails with an error
fails()
{
	mark
	check "alone it fails" eval "! act reset $dev $method"
	check "says so" said "error $1 $dev: "
	check "the card saw it" seen "$method"
}

cell_works()
{
	before=$(card_config "$dev")
	"$FV_DIR/cfg" "$dev" bar0+10=5555
	check "its register holds a value" test "$("$FV_DIR/cfg" "$dev" bar0+10)" = 00005555
	done_by_it
	check "the configuration is the same, to the byte" card_is_as before
	check "the contents of a register are not" test "$("$FV_DIR/cfg" "$dev" bar0+10)" = 00000000
}

cell_not_there()
{
	check "refused" eval "! act reset $FV_ALONE $method"
	check "says so" said "error EOPNOTSUPP $FV_ALONE: .*no (Function|Power|port|hot|link)|there is no port"
}

# held: check that the reset $waits polls the held card, and succeeds once it is released
held()
{
	check "it keeps polling" polled ones "$POLLS"
	check "it is not done before" kill -0 "$waits"
	release
	wait "$waits"
	SAID=$(<"/tmp/reset.$method")
	echo "# $method: ${SAID//$'\n'/$'\n'#   }"
	check "then it is" said "error 0 "
	check "by it alone" steps "$method 0"
	check "the card saw it" seen "$method"
	check "the configuration is the same, to the byte" card_is_as before
}

# The card becomes ready after more polls than doubling intervals would make
cell_not_ready()
{
	local how

	policy "$dev" ready_limit_ms=120000
	for how in ones rrs; do
		cell="not ready by $how"
		fault not-ready hold "$how"
		mark
		"$FV_DIR/fv_act" reset "$dev" "$method" >"/tmp/reset.$method" &
		waits=$!
		held
	done
	card ready-after image
	card not-ready image
	policy "$dev" default "$monitor_off"
}

cell_hangs()
{
	local failed other=${other_of[$method]}

	failed=$(counter "$dev" "reset_${method}_failed")
	policy "$dev" ready_limit_ms=1000
	fault "$method-hangs" 1
	fails ETIMEDOUT
	check "says after which limit" said "step $method ETIMEDOUT .*does not answer after 1000 ms"
	check "not before" test "$(took "$method")" -ge 1000
	policy "$dev" default "$monitor_off"
	check "the card has failed" test "$(card_state)" = failed
	check "it is counted" test "$(counter "$dev" "reset_${method}_failed")" = $((failed + 1))
	mark
	check "$other repairs it" act reset "$dev" "$other"
	check "the card saw that" seen "$other"
	check "the card is ready" test "$(card_state)" = ready
	check "the configuration is the same, to the byte" card_is_as before
	check "the card works" works
}

# not for FLR and D3hot, which leave the link up
cell_comes_back_slow()
{
	local speed width ok bad

	takes_link_down || return
	read -r speed width < <("$FV_DIR/fv_act" card "$port" | sed -n 's/^link \([0-9]*\) \([0-9]*\) .*/\1 \2/p')
	ok=$(counter "$dev" retrains_ok) bad=$(counter "$dev" retrains_failed)
	fault come-back 1 1 2
	mark
	check "twice: done" act reset "$dev" "$method"
	check "twice: the card saw it, and three trainings" eval \
		'seen $method && [ "$(trace_count "training (from|recovery)")" = 3 ]'
	check "twice: the link is as before" link_is "$port" "$speed" "$width"
	check "twice: counted" test "$(counter "$dev" retrains_ok)" = $((ok + 1))
	fault come-back 1 1
	done_by_it
	check "for good: the link is what it can be" link_is "$port" 1 1
	check "for good: counted" test "$(counter "$dev" retrains_failed)" = $((bad + 1))
	fault repair
	act reset "$dev" "$method"
	check "repaired: the link is as before" link_is "$port" "$speed" "$width"
}

cell_another_card()
{
	local again

	fault wrong "${wrong_of[$method]}" for 1
	fault reprogram 100
	fault wait ready
	fv_wait 60 there
	fails ESTALE
	check "says what is other" said ", (was|were) "
	check "it has changed" test "$(card_state)" = changed
	open_error "$dev"
	check "it is not opened" test "$REPLY" = EIO
	fault reprogram 100
	fault wait ready
	fv_wait 60 there
	again=$method
	cell="the old one again" done_by_it
	check "the card is ready after $again" test "$(card_state)" = ready
	check "its configuration is the same, to the byte" card_is_as before
}

# lost a second time while the card gets ready, before the first poll
cell_loses_bars()
{
	fault bars-lost 1
	mark
	check "done" act reset "$dev" "$method"
	check "the card saw it, and lost them" eval 'fault trace "$from" | grep -q "reset late"'
	check "the configuration is the same, to the byte" card_is_as before
	check "the card works" works
}

# the link never comes up; for methods that leave it up, the card never answers
cell_never_comes_back()
{
	policy "$dev" ready_limit_ms=1000
	if takes_link_down; then
		policy "$dev" load_limit_ms=1000
		fault link-down
		check "fails" eval "! act reset $dev $method"
		check "says after which limit" said \
			"step $method ETIMEDOUT .*the link below $port does not come up in 1000 ms"
		check "not before" test "$(took "$method")" -ge 1000
		check "the card has failed" test "$(card_state)" = failed
		fault link-up
		fv_wait 60 there
		policy "$dev" default "$monitor_off"
		cell="never comes back, until it does" done_by_it
	else
		fault "$method-hangs"
		fault hot-hangs
		fault link-hangs
		fails ETIMEDOUT
		check "not by another method either" eval "! act reset $dev ${other_of[$method]}"
		check "the card has failed" test "$(card_state)" = failed
		fault repair
		check "until it does: done" act reset "$dev"
		policy "$dev" default "$monitor_off"
	fi
	check "the card is ready" test "$(card_state)" = ready
	check "the card works" works
}

# row METHOD: run all cells
row()
{
	method=$1
	use_card "${card_of[$1]}"
	# a user per method
	HELD=/tmp/held.$method
	# no runtime suspend, because the test accesses the function without VFIO
	echo on >"$FV_PCI/$dev/power/control"
	works
	for cell in works not_there not_ready hangs comes_back_slow another_card loses_bars \
		never_comes_back; do
		name=$cell cell=${cell//_/ }
		"cell_$name"
	done
	echo "# all cells"
}

# repeat FILE: report the results of a row as results of this test
repeat()
{
	local line

	while IFS= read -r line; do
		case $line in
		"ok "*) ktap_test_pass "${line#ok * }" ;;
		"not ok "*) ktap_test_fail "${line#not ok * }" ;;
		*) echo "$line" ;;
		esac
	done <"$1"
}

ktap_print_header
cards=()
for method in $METHODS; do
	name=${card_of[$method]}
	cards+=("${!name}")
done
cards_bind "${cards[@]}" "$FV_ALONE"
for card in "${cards[@]}"; do
	policy "$card" "$monitor_off"
done

pids=()
for method in $METHODS; do
	row "$method" >"/tmp/row.$method" 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
for method in $METHODS; do
	repeat "/tmp/row.$method"
	fv_check "$method: all cells" grep -q "^# all cells" "/tmp/row.$method"
done

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
