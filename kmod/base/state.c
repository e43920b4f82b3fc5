// SPDX-License-Identifier: GPL-2.0
#include "base/state.h"

#define TO(state)	(1u << FPGA_VFIO_CARD_STATE_##state)

/*
 * A fence session ends only by a recovery; "fenced" returns when that could not begin. A
 * link down during a recovery does not make the card "lost".
 */
static const unsigned int fv_state_next[FV_STATES] = {
	[FPGA_VFIO_CARD_STATE_READY] =
		TO(FENCED) | TO(RECOVERING) | TO(LOST) | TO(CHANGED) | TO(FAILED),
	[FPGA_VFIO_CARD_STATE_FENCED] = TO(RECOVERING),
	[FPGA_VFIO_CARD_STATE_RECOVERING] =
		TO(READY) | TO(FENCED) | TO(CHANGED) | TO(FAILED),
	[FPGA_VFIO_CARD_STATE_LOST] =
		TO(READY) | TO(FENCED) | TO(RECOVERING) | TO(CHANGED) | TO(FAILED),
	[FPGA_VFIO_CARD_STATE_CHANGED] =
		TO(READY) | TO(FENCED) | TO(RECOVERING) | TO(LOST) | TO(FAILED),
	[FPGA_VFIO_CARD_STATE_FAILED] =
		TO(READY) | TO(FENCED) | TO(RECOVERING) | TO(LOST) | TO(CHANGED),
};

/**
 * fv_state_name - Get the name of a state
 * @state: the state
 *
 * Context: Any.
 * Return: The name, as in netlink.
 */
const char *fv_state_name(enum fpga_vfio_card_state state)
{
	static const char *const names[FV_STATES] = {
		[FPGA_VFIO_CARD_STATE_READY] = "ready",
		[FPGA_VFIO_CARD_STATE_FENCED] = "fenced",
		[FPGA_VFIO_CARD_STATE_RECOVERING] = "recovering",
		[FPGA_VFIO_CARD_STATE_LOST] = "lost",
		[FPGA_VFIO_CARD_STATE_CHANGED] = "changed",
		[FPGA_VFIO_CARD_STATE_FAILED] = "failed",
	};

	return names[state];
}

/**
 * fv_state_may_follow - Check a state transition
 * @state: current state
 * @next: new state
 *
 * Context: Any.
 * Return: Nonzero if legal; a state may follow itself, with another reason.
 */
int fv_state_may_follow(enum fpga_vfio_card_state state, enum fpga_vfio_card_state next)
{
	return state == next || (fv_state_next[state] & 1u << next);
}
