# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the shell tests of resets share. Sourced after suite.sh, of the card in question.
#
# shellcheck disable=SC2154 # dev and port are set by use_card

card_state()
{
	"$FV_DIR/fv_act" card "$port" | sed -n 's/^state //p'
}

# there: the function answers
there()
{
	[[ "$(reg "$dev" 0.l)" != ffff* ]]
}
