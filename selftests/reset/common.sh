# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # set here, used by the tests
# What the shell tests of resets share. Sourced after fv.sh and card.sh.
#
# The card in question is $role, at $dev below $port (card_is).

CARD_ID=46504741

# card_is ROLE
card_is()
{
	role=$1 dev=${!1}
	port_of "$dev"
	port=$REPLY
}

fault()
{
	fv-fault "$role" "$@"
}

# mark: what is in the card's trace from now on is new
mark()
{
	from=$(fault status '.events + 1')
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

# config_is BDF BEFORE: it is what config said; what differs is printed
config_is()
{
	local now

	now=$(config "$1")
	[ "$now" = "$2" ] && return
	diff <(echo "$2") <(echo "$now") | sed -n 's/^[<>]/# &/p'
	return 1
}

works()
{
	reg_set "$dev" 4.w=2:2
	[ "$("$FV_DIR/cfg" "$dev" bar0+0)" = "$CARD_ID" ]
}

# there: the function answers
there()
{
	[[ "$(reg "$dev" 0.l)" != ffff* ]]
}
