// SPDX-License-Identifier: GPL-2.0
/* Driver for the card's DMA engines. */
#include <errno.h>

#include "check.h"
#include "engine.h"
#include "regs.h"

static uint32_t get(const struct engine *engine, unsigned int reg)
{
	return engine->regs[reg / 4];
}

static void put(struct engine *engine, unsigned int reg, uint32_t value)
{
	engine->regs[reg / 4] = value;
}

void engine_init(struct engine *engine, volatile void *bar0, unsigned int nr,
		 void *ring, uint64_t iova)
{
	engine->regs = (volatile uint32_t *)bar0 + CARD_ENGINE(nr) / 4;
	engine->ring = ring;
	engine->head = 0;
	put(engine, CARD_ENG_CTRL, CARD_ENG_CTRL_RESET);
	put(engine, CARD_ENG_RING, iova);
	put(engine, CARD_ENG_RING + 4, iova >> 32);
	put(engine, CARD_ENG_RING_SIZE, ENGINE_RING);
}

void engine_add(struct engine *engine, bool to_host, uint64_t iova, uint64_t at,
		uint32_t size, bool irq)
{
	volatile uint32_t *desc = engine->ring +
		engine->head * (CARD_DESC_SIZE / 4);

	desc[CARD_DESC_CONTROL / 4] = CARD_DESC_MAGIC |
		(to_host ? CARD_DESC_TO_HOST : 0) | (irq ? CARD_DESC_IRQ : 0);
	desc[CARD_DESC_LENGTH / 4] = size;
	desc[CARD_DESC_HOST / 4] = iova;
	desc[CARD_DESC_HOST / 4 + 1] = iova >> 32;
	desc[CARD_DESC_CARD / 4] = at;
	desc[CARD_DESC_CARD / 4 + 1] = at >> 32;
	desc[CARD_DESC_STATUS / 4] = 0;
	engine->head = (engine->head + 1) % ENGINE_RING;
}

void engine_run(struct engine *engine, uint32_t ctrl)
{
	/* descriptors must be visible before the doorbell */
	__sync_synchronize();
	put(engine, CARD_ENG_CTRL, CARD_ENG_CTRL_RUN | ctrl);
	put(engine, CARD_ENG_HEAD, engine->head);
}

uint32_t engine_status(const struct engine *engine, unsigned int nr)
{
	return engine->ring[nr * (CARD_DESC_SIZE / 4) + CARD_DESC_STATUS / 4];
}

bool engine_is_busy(const struct engine *engine)
{
	uint32_t status = get(engine, CARD_ENG_STATUS);

	return status != ~0u && status & CARD_ENG_STATUS_BUSY;
}

int __engine_wait(struct engine *engine)
{
	if (!wait_until(!(get(engine, CARD_ENG_STATUS) & CARD_ENG_STATUS_BUSY), 20000))
		return -ETIMEDOUT;
	return get(engine, CARD_ENG_ERROR);
}
