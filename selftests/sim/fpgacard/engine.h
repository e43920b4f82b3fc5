/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A scatter-gather DMA engine: fetches descriptors from a ring in guest memory and moves data
 * between guest and on-card memory. It never blocks: it works in pieces, and if guest memory is
 * not mapped it continues after the client's reply.
 */
#ifndef CARD_ENGINE_H
#define CARD_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dma.h"
#include "regs.h"

/* Services of the containing function. */
struct engine_user {
	bool (*is_master)(void *arg);
	uint8_t *(*card_memory)(void *arg, uint64_t at, size_t len); /* NULL: out of range */
	void (*interrupt)(void *arg, uint32_t vector);
	uint64_t (*now)(void *arg);
};

enum engine_state {
	ENGINE_IDLE, ENGINE_FETCH, ENGINE_MOVE, ENGINE_STATUS, ENGINE_TAIL, ENGINE_HALTED
};

struct engine {
	const struct engine_user *user;
	void *arg;
	struct dma *dma;
	enum engine_state state;
	uint32_t ctrl, error, vector, size, head, tail;
	uint64_t ring, writeback, fault;
	uint64_t bytes, ns, since;
	uint32_t done;
	uint8_t desc[CARD_DESC_SIZE];
	uint32_t desc_error;
	uint8_t word[4];		/* status or tail being written to the guest */
	/* current transfer */
	uint64_t guest;
	uint8_t *local;
	size_t left, requested;
	bool is_write, is_waiting;
};

void engine_init(struct engine *engine, const struct engine_user *user, void *arg,
		 struct dma *dma);

/* Reset; replies to pending requests are ignored. */
void engine_reset(struct engine *engine);

uint32_t engine_read(const struct engine *engine, unsigned int reg);
void engine_write(struct engine *engine, unsigned int reg, uint32_t value);

/* Move about @budget bytes at most; true if more work is ready. */
bool engine_run(struct engine *engine, size_t budget);

#endif
