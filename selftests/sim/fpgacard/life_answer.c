// SPDX-License-Identifier: GPL-2.0
#include "life.h"
#include "sideband.h"

enum life_answer life_answer(const struct life *life, unsigned int nr, uint64_t now)
{
	const struct life_fn *fn = &life->fn[nr];
	bool is_rrs = life->faults.rrs < 0 ? life->image->is_rrs : life->faults.rrs;

	if (!life_is_link_up(life) || nr >= life->image->fn_count)
		return ANSWER_ONES;
	if (fn->is_hung)
		return ANSWER_ONES;
	if (now >= fn->ready_at)
		return ANSWER_DATA;
	return is_rrs ? ANSWER_RRS : ANSWER_ONES;
}

uint32_t life_sb_link(const struct life *life, unsigned int fn, uint64_t now)
{
	enum life_answer answer = life_answer(life, fn, now);
	uint32_t bits = 0;

	if (life_is_link_up(life))
		bits |= life->speed | (uint32_t)life->width << FV_SB_LINK_WIDTH_SHIFT |
			FV_SB_LINK_DLLLA;
	if (life->link == LINK_TRAINING || life->link == LINK_RECOVERY)
		bits |= FV_SB_LINK_TRAINING;
	if (life->has_power && life->is_present)
		bits |= FV_SB_LINK_PRESENT;
	if (answer == ANSWER_DATA)
		bits |= FV_SB_LINK_ANSWERS;
	if (answer == ANSWER_RRS)
		bits |= FV_SB_LINK_RRS;
	if (life->fn[fn].is_lost)
		bits |= FV_SB_LINK_LOST;
	if (life->fn[fn].is_new_image)
		bits |= FV_SB_LINK_NEW_IMAGE;
	return bits;
}

uint32_t life_sb_state(const struct life *life, unsigned int fn, uint64_t now)
{
	if (!life->has_power || !life->is_present)
		return FV_SB_STATE_OFF;
	if (life->fpga == FPGA_BLANK)
		return FV_SB_STATE_BLANK;
	if (life->fpga == FPGA_LOADING)
		return FV_SB_STATE_PROGRAMMING;
	if (life->link == LINK_DOWN)
		return FV_SB_STATE_DOWN;
	if (life->link == LINK_TRAINING)
		return FV_SB_STATE_TRAINING;
	if (life->fn[fn].is_hung)
		return FV_SB_STATE_HUNG;
	return life_answer(life, fn, now) == ANSWER_DATA ? FV_SB_STATE_READY :
		FV_SB_STATE_NOT_READY;
}
