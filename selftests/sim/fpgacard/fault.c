// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "fault.h"
#include "message.h"

#define STRIKES_AT_ONCE	64
#define PAGE		4096u

void fault_storm(struct storm *storm, uint64_t now)
{
	storm->is_armed = false;
	storm->is_blowing = true;
	storm->next = now;
	storm->end = storm->for_ms ? now + storm->for_ms * LIFE_MS : LIFE_NEVER;
}

static void strike_irq(struct card *card, struct storm *storm)
{
	message_raise(&card->fn[storm->fn], storm->vector);
}

static void strike_dma(struct card *card, struct storm *storm)
{
	struct fn *fn = &card->fn[storm->fn];
	uint64_t address = storm->address;
	uint8_t rubbish[64];
	size_t len = sizeof(rubbish);
	void *direct;

	if (!storm->has_address)
		address = (uint64_t)card_random(card, CARD_DICE_STORM, UINT32_MAX / PAGE) * PAGE;
	if (!card_is_master(fn))
		return;
	memset(rubbish, 0xfd, sizeof(rubbish));
	direct = dma_direct(&fn->dma, address, &len, storm->is_write);
	if (direct && storm->is_write)
		memcpy(direct, rubbish, len);
	else if (!direct && storm->is_write)
		dma_write(&fn->dma, address, rubbish, sizeof(rubbish), NULL, NULL);
	else if (!direct)
		dma_read(&fn->dma, address, sizeof(rubbish), NULL, NULL);
}

static void blow(struct card *card, struct storm *storm, uint64_t now,
		 void (*strike)(struct card *card, struct storm *storm))
{
	unsigned int left = STRIKES_AT_ONCE;

	while (storm->is_blowing && storm->next <= now && left--) {
		if (storm->next >= storm->end) {
			storm->is_blowing = false;
			card_note(card, "storm-over", (int)storm->fn, "%llu strikes",
				  (unsigned long long)storm->count);
			return;
		}
		storm->count++;
		storm->next += 1000000000u / storm->rate;
		strike(card, storm);
	}
	/* do not catch up on strikes that were due earlier */
	if (storm->is_blowing && storm->next < now)
		storm->next = now;
}

void fault_tick(struct card *card, uint64_t now)
{
	blow(card, &card->fault.irq, now, strike_irq);
	blow(card, &card->fault.dma, now, strike_dma);
}

uint64_t fault_next(const struct card *card)
{
	const struct fault *fault = &card->fault;
	uint64_t at = LIFE_NEVER;

	if (fault->irq.is_blowing)
		at = fault->irq.next;
	if (fault->dma.is_blowing && fault->dma.next < at)
		at = fault->dma.next;
	return at;
}

static void arm_or_blow(struct card *card, struct storm *storm, unsigned int fn,
			unsigned int kind, const char *what)
{
	if (!storm->is_armed || storm->fn != fn || !(storm->on & 1u << kind))
		return;
	fault_storm(storm, card_now(card));
	card_note(card, "storm", (int)fn, "%s, set off by %s", what,
		  life_reset_name((enum life_reset)kind));
}

void fault_reset(struct card *card, unsigned int fn, unsigned int kind)
{
	arm_or_blow(card, &card->fault.irq, fn, kind, "irq");
	arm_or_blow(card, &card->fault.dma, fn, kind, "dma");
}

void fault_image(struct card *card, struct image *image)
{
	struct fault *fault = &card->fault;
	struct image_fn *fn = &image->fn[0];

	if (!life_take(&fault->wrong))
		return;
	if (fault->has_id) {
		fn->vendor = fault->vendor;
		fn->device = fault->device;
	}
	if (fault->has_subsystem) {
		fn->subsystem_vendor = fault->subsystem_vendor;
		fn->subsystem = fault->subsystem;
	}
	if (fault->has_class)
		fn->class_code = fault->class_code;
	if (fault->has_serial)
		image->serial = fault->serial;
	if (fault->has_bar && fn->bar[fault->bar].size)
		fn->bar[fault->bar].size = fault->bar_size;
	card_note(card, "wrong-image", 0, "%s", image->name);
}

void fault_clear(struct card *card)
{
	memset(&card->fault, 0, sizeof(card->fault));
	card->life.faults = (struct life_faults){
		.ready_load_ms = -1, .ready_hot_ms = -1, .ready_flr_ms = -1,
		.ready_pm_ms = -1, .train_ms = -1, .load_ms = -1, .rrs = -1,
	};
}
