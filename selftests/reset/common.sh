# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Helpers of the reset tests. Sourced after suite.sh; they act on the card of use_card.
#
# shellcheck disable=SC2154 # dev and port are set by use_card

card_state()
{
	"$FV_DIR/fv_act" card "$port" | sed -n 's/^state //p'
}

# there: succeed if the function answers
there()
{
	[[ "$(reg "$dev" 0.l)" != ffff* ]]
}
