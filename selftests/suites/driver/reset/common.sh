# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Helpers of the reset tests. Sourced after suite.sh; they act on the card of use_card.
#
# shellcheck disable=SC2034,SC2154 # used by the tests; dev and port are set by use_card

card_state()
{
	"$FV_DIR/fv_act" card "$port" | sed -n 's/^state //p'
}

# there: succeed if the function answers
there()
{
	[[ "$(reg "$dev" 0.l)" != ffff* ]]
}

# the maximum limits, and a reset at each open
patient=(ready_limit_ms=120000 open_limit_ms=600000 reset_at_open=always)

# is_not_ready: succeed if the card server says so, without an access
is_not_ready()
{
	[[ "$(fault status .state)" = @(not-ready|training|down) ]]
}

# seen_by_card METHOD: succeed if the card saw that reset since the mark and is not ready
seen_by_card()
{
	seen "$1" && is_not_ready
}

# waits WHAT METHOD COMMAND…: start COMMAND as $pid; check that it resets the card and polls it
waits()
{
	fault not-ready hold
	mark
	since
	"${@:3}" >/tmp/killed.out &
	pid=$!
	fv_check "$1: the card is reset" fv_wait 60 seen_by_card "$2"
	fv_check "$1: it waits" polled ones
}

# ready: let the card become ready, also after later resets
ready()
{
	card ready-after image
	release
}
