# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Commands to a simulated card, and its trace. Sourced after fv.sh and card.sh. The current card is
# $CARD_ROLE, at $dev below $port.
#
# shellcheck disable=SC2034,SC2154 # set here, used by the tests; dev may be theirs

CARD_ROLE=FV_CARD
CARD_ID=46504741

# use_card ROLE: select the current card
use_card()
{
	CARD_ROLE=$1 dev=${!1}
	port_of "$dev"
	port=$REPLY
}

fault()
{
	fv-fault "$CARD_ROLE" "$@"
}

# card COMMAND…: run a command of fpgacardctl, ignoring the reply
card()
{
	fault ctl "$@" >/dev/null
}

# mark: start of the part of the trace …
mark()
{
	from=$(fault status '.events + 1')
}

# traced REGEX: … in which a line matches
traced()
{
	fault trace "$from" | grep -qE "$1"
}

# trace_count REGEX: … in which to count matching lines
trace_count()
{
	fault trace "$from" | grep -cE "$1"
}

# seen KIND…: … with exactly these kinds of resets, in this order
seen()
{
	[ "$(fault trace "$from" | sed -n 's/.*reset \(flr\|hot\|pm\|link\|perst\|program\).*/\1/p' |
		uniq | paste -sd ' ')" = "$*" ]
}

# late [WHAT]: print the microseconds on the card's clock from ready to the first config request,
# for the last reset. WHAT design-read: from design ready to the first design access
late()
{
	fault trace "$from" | sed -n "s/.* ${1:-first-read} \([0-9]*\) us after .*/\1/p" | tail -n 1
}

# release [FUNCTION]: let the held card continue
release()
{
	fault release "$@"
}

# polled COUNTER [TIMES]: wait for so many more polls: "ones" are config reads below $port without
# an answer, "link_reads" those of its link
polled()
{
	local was

	was=$(state "$port" "$1")
	fv_wait 60 counted "$1" $((was + ${2:-3}))
}

# counted COUNTER NUMBER: succeed if a counter of $port has reached the number
counted()
{
	[ "$(state "$port" "$1")" -ge "$2" ]
}

card_is()
{
	[ "$(fault status .state)" = "$1" ]
}

# image NAME: load an image at once and wait for ready
image()
{
	fault reprogram "$1" 50 && fault wait ready
}

# programmed [NAME] MS: load an image; the link may still be down
programmed()
{
	local loads

	loads=$(fault status .image.loads)
	fault reprogram "$@" && fault wait loads $((loads + 1)) 60000
}

# card_clean: remove all faults and use the times of the image
card_clean()
{
	fault repair
	fault wait ready
}

# card_config BDF: print the whole config space as seen by the host
card_config()
{
	od -An -v -tx1 -w16 "$FV_PCI/$1/config"
}

# card_is_as VARIABLE: compare with a saved output of card_config
card_is_as()
{
	unchanged "${!1}" "$(card_config "$dev")"
}

# works: succeed if the registers of the card are accessible
works()
{
	reg_set "$dev" 4.w=2:2
	[ "$(reg "$dev" bar0+0)" = "$CARD_ID" ]
}
