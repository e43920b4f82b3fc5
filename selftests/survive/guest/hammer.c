// SPDX-License-Identifier: GPL-2.0
/* A guest that keeps its card busy, even while it is gone. */
#include <string.h>

#include "check.h"
#include "hammer.h"
#include "regs.h"

/* engine 1 is for the checks */
#define ENGINE		0
#define DMA_LIMIT_NS	1000000000ull

void hammer_start(struct hammer *hammer)
{
	memset(hammer, 0, sizeof(*hammer));
	hammer->is_on = true;
}

struct strike {
	struct hammer *hammer;
	struct card *card;
};

static uint32_t timed_read(struct hammer *hammer, volatile uint32_t *at)
{
	unsigned long long start = now_ns(), us;
	uint32_t value = *at;

	us = (now_ns() - start) / 1000;
	if (us > hammer->longest_us)
		hammer->longest_us = us;
	hammer->accesses++;
	return value;
}

static void dma_step(struct hammer *hammer, struct card *card)
{
	if (hammer->has_dma) {
		if (hammer->engine.regs[CARD_ENG_STATUS / 4] & CARD_ENG_STATUS_BUSY &&
		    now_ns() < hammer->dma_end)
			return;
		if (!card_dma_result(card, ENGINE, &hammer->engine, hammer->seed))
			hammer->pages++;
	}
	hammer->seed++;
	card_dma_start(card, ENGINE, &hammer->engine, hammer->seed, 0);
	hammer->dma_end = now_ns() + DMA_LIMIT_NS;
	hammer->has_dma = true;
}

static void strike(void *arg)
{
	struct strike *strike = arg;
	struct hammer *hammer = strike->hammer;
	struct card *card = strike->card;
	uint32_t id;

	id = timed_read(hammer, &card->regs[CARD_REG_ID / 4]);
	card->regs[CARD_REG_SCRATCH(0) / 4] = hammer->accesses;
	card->memory[1] = hammer->accesses;
	timed_read(hammer, &card->memory[1]);
	if (id == CARD_ID)
		dma_step(hammer, card);
	else if (id == ~0u)
		hammer->ones++;
	else
		hammer->wrong++;
}

void hammer_strike(struct hammer *hammer, struct card *card)
{
	struct strike arg = { .hammer = hammer, .card = card };

	if (card->is_open && !card_guarded(strike, &arg))
		hammer->faults++;
}
