#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2119 # all ports
# How much later than PCIe allows is a card usable after a link loss, or after a fence? PCIe allows
# the first config request 100 ms after link up; the card's trace has that time, and the card
# itself reports when the user accessed it first. The result is the median of several losses. For a
# busy user: how long does an access take at most during fence and recovery?
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header
use_card FV_CARD
TIMES=11
MINIMUM_MS=100
LIMIT_MS=50
LIMIT_ACCESSES=64
LIMIT_STALL_US=50000
most=0

# measure WORD…: milliseconds from allowed to used in $late, maximum number of accesses of a
# recovery in $most, microseconds of the longest access in $longest
measure()
{
	local -A said=()
	local what number

	mark
	while read -r what number; do
		said[$what]=$number
	done < <("$FV_DIR/loss_bench" "$dev" "$@")
	[ "${said[accesses]:-0}" -le "$most" ] || most=${said[accesses]}
	longest=${said[longest]:-none}
	late=none
	[ -n "${said[used]}" ] || return
	late=$((said[used] - MINIMUM_MS - $(fault ctl trace "$from" | jq '[.events[] |
		select(.what == "link-up")][-1].us / 1000 | floor')))
}

# middle NUMBER…: print the median
middle()
{
	printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# median WORD…: set $late and $longest to the medians of several losses
median()
{
	local all=() stalls=() i

	for ((i = 0; i < TIMES; i++)); do
		measure "$@"
		[ "$late" != none ] || return
		all+=("$late")
		stalls+=("$longest")
	done
	echo "# $*: ${all[*]} ms; longest access ${stalls[*]} us"
	late=$(middle "${all[@]}")
	longest=$(middle "${stalls[@]}")
}

cards_bind "$dev"
policy "$dev" monitor_interval_ms=10
for what in loss recover; do
	for user in idle busy; do
		# shellcheck disable=SC2046 # the word or none
		median $what $([ $user = idle ] || echo busy)
		fv_row "${what}_${user}_late" $FV_DRIVER "$late" ms
		fv_check "$what, $user user: has the card $late ms after it may, limit $LIMIT_MS" \
			eval "[ $late != none ] && [ $late -ge 0 ] && [ $late -le $LIMIT_MS ]"
		[ $user = busy ] || continue
		fv_row "${what}_stall" $FV_DRIVER "$longest" us
		fv_check "$what: no access takes longer than $longest us, limit $LIMIT_STALL_US" \
			eval "[ $longest != none ] && [ $longest -le $LIMIT_STALL_US ]"
	done
done
fv_row recover_accesses $FV_DRIVER "$most" accesses
fv_check "recover: it takes $most accesses to the card's configuration space, limit $LIMIT_ACCESSES" \
	eval "[ $most -gt 0 ] && [ $most -le $LIMIT_ACCESSES ]"
fv_unbind "$dev"
fv_unload
rmmod fv_port
fv_finish
