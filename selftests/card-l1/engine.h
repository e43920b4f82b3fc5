/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_ENGINE_H
#define FV_TEST_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

/* The user of one of the card's DMA engines, see ../card/regs.h. */

#define ENGINE_RING 64

struct engine {
	volatile uint32_t *regs;	/* of the engine */
	volatile uint32_t *ring;	/* its descriptors, DMA memory */
	uint32_t head;
};

/* Reset engine @nr behind @bar0 and give it the ring at @ring, for it at @iova. */
void engine_init(struct engine *engine, volatile void *bar0, unsigned int nr,
		 void *ring, uint64_t iova);

/* Append a descriptor: @size bytes between the host's @iova and the card's @at. */
void engine_add(struct engine *engine, bool to_host, uint64_t iova, uint64_t at,
		uint32_t size, bool irq);

/* Ring the doorbell. */
void engine_run(struct engine *engine, uint32_t ctrl);

/* Does it work? Not one that does not answer, or was reset. */
bool engine_is_busy(const struct engine *engine);

/*
 * Wait for the end of all descriptors: CARD_ERR_*, or -ETIMEDOUT.
 */
int __engine_wait(struct engine *engine);

/* What the card wrote back to descriptor @nr of the ring: CARD_DESC_DONE | CARD_ERR_*, or 0. */
uint32_t engine_status(const struct engine *engine, unsigned int nr);

/* Bytes of a ring. */
#define ENGINE_RING_SIZE (ENGINE_RING * 32)

#endif
