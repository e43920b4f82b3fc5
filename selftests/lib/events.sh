# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The history of the card below $port, for shell tests. Sourced after fv.sh and act.sh.
#
# shellcheck disable=SC2034,SC2154 # set here, used by the tests; port is theirs

# all_events: all that is kept, one event a line, see event.h
all_events()
{
	"$FV_DIR/fv_act" history "$port" | grep -v '^error '
}

# field NAME: of the event lines that come in
field()
{
	sed -n "s/.*\b$1=\([^ ]*\).*/\1/p"
}

last_seq()
{
	REPLY=$(all_events | tail -n 1 | field seq)
	REPLY=${REPLY:-0}
}

# since: from now on …
since()
{
	last_seq
	SINCE=$REPLY
}

# happened: … these events
happened()
{
	all_events | awk -v since="$SINCE" '{ split($2, seq, "="); if (seq[2] > since) print }'
}

# has_event REGEX…: … has such events, in this order; soon
has_event()
{
	fv_wait 60 has_event_now "$@" && return
	happened | sed 's/^/# /'
	return 1
}

has_event_now()
{
	local line

	while [ $# != 0 ] && read -r line; do
		! [[ $line =~ $1 ]] || shift
	done < <(happened)
	[ $# = 0 ]
}

# count_events REGEX: … has so many of them
count_events()
{
	happened | grep -cE "$1"
}
