# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What a simulated card does, and what it saw. Sourced after fv.sh and card.sh. The card in
# question is $CARD_ROLE, at $dev below $port.
#
# shellcheck disable=SC2034,SC2154 # set here, used by the tests; dev may be theirs

CARD_ROLE=FV_CARD
CARD_ID=46504741

# use_card ROLE: that one is in question from now on
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

# card COMMAND…: of fpgacardctl, without its answer
card()
{
	fault ctl "$@" >/dev/null
}

# mark: what the card sees from now on …
mark()
{
	from=$(fault status '.events + 1')
}

# traced REGEX: … has such a line
traced()
{
	fault trace "$from" | grep -qE "$1"
}

# trace_count REGEX: … has so many of them
trace_count()
{
	fault trace "$from" | grep -cE "$1"
}

# seen KIND…: … are resets of these kinds, in this order, and no others
seen()
{
	[ "$(fault trace "$from" | sed -n 's/.*reset \(flr\|hot\|pm\|link\|perst\|program\).*/\1/p' |
		uniq | paste -sd ' ')" = "$*" ]
}

# late [WHAT]: microseconds after it was ready that the card was asked, the last time; by
# its own clock. WHAT design-asked: after the design was ready
late()
{
	fault trace "$from" | sed -n "s/.* ${1:-asked} \([0-9]*\) us after .*/\1/p" | tail -n 1
}

# release [FUNCTION]: what the card holds goes on
release()
{
	fault release "$@"
}

# looked COUNTER [TIMES]: who waits goes on to look, so many times more: "ones" are questions to
# what is below $port that nothing answers, "link_reads" those for its link
looked()
{
	local was

	was=$(state "$port" "$1")
	fv_wait 60 counted "$1" $((was + ${2:-3}))
}

# counted COUNTER NUMBER: a counter of $port is that far
counted()
{
	[ "$(state "$port" "$1")" -ge "$2" ]
}

card_is()
{
	[ "$(fault status .state)" = "$1" ]
}

# image NAME: the card gets it, at once, and is ready
image()
{
	fault reprogram "$1" 50 && fault wait ready
}

# programmed [NAME] MS: the card has it; its link is another matter
programmed()
{
	local loads

	loads=$(fault status .image.loads)
	fault reprogram "$@" && fault wait loads $((loads + 1)) 60000
}

# card_clean: no fault, and the windows of the image
card_clean()
{
	fault repair
	fault wait ready
}

# card_config BDF: its whole configuration space, as the host sees it
card_config()
{
	od -An -v -tx1 -w16 "$FV_PCI/$1/config"
}

# card_is_as VARIABLE: what card_config said of $dev when it was put there
card_is_as()
{
	unchanged "${!1}" "$(card_config "$dev")"
}

# works: its registers are there
works()
{
	reg_set "$dev" 4.w=2:2
	[ "$(reg "$dev" bar0+0)" = "$CARD_ID" ]
}
