/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_ENGINE_H
#define FV_TEST_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

/* Driver for the card's DMA engines, see ../../sim/fpgacard/regs.h. */

#define ENGINE_RING 64

struct engine {
	volatile uint32_t *regs;	/* of the engine */
	volatile uint32_t *ring;	/* descriptors in DMA memory */
	uint32_t head;
};

/* Reset engine @nr in @bar0 and set the ring at @ring, mapped at @iova. */
void engine_init(struct engine *engine, volatile void *bar0, unsigned int nr,
		 void *ring, uint64_t iova);

/* Append a descriptor: @size bytes between @iova and card address @at. */
void engine_add(struct engine *engine, bool to_host, uint64_t iova, uint64_t at,
		uint32_t size, bool irq);

/* Ring the doorbell. */
void engine_run(struct engine *engine, uint32_t ctrl);

/* False also after a reset, and if the card does not answer. */
bool engine_is_busy(const struct engine *engine);

/* Wait for all descriptors; return CARD_ERR_* or -ETIMEDOUT. */
int __engine_wait(struct engine *engine);

/* Status of descriptor @nr: CARD_DESC_DONE | CARD_ERR_*, or 0. */
uint32_t engine_status(const struct engine *engine, unsigned int nr);

/* Size of a ring in bytes. */
#define ENGINE_RING_SIZE (ENGINE_RING * 32)

#endif
