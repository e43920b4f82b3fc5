/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A scatter-gather DMA engine: descriptors from a ring in the guest's memory,
 * data both ways between guest and on-card memory. It never waits: it works a
 * piece at a time, and where guest memory is not mapped it goes on when the
 * client has answered.
 */
#ifndef CARD_ENGINE_H
#define CARD_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dma.h"
#include "regs.h"

/* What the engine needs of the function that it is in. */
struct engine_user {
	bool (*is_master)(void *arg);
	uint8_t *(*card_memory)(void *arg, uint64_t at, size_t len); /* NULL: not there */
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
	uint8_t word[4];		/* status or tail on its way to the guest */
	/* the transfer under way */
	uint64_t guest;
	uint8_t *local;
	size_t left, asked;
	bool is_write, is_waiting;
};

void engine_init(struct engine *engine, const struct engine_user *user, void *arg,
		 struct dma *dma);

/* To the state after reset; answers under way are forgotten. */
void engine_reset(struct engine *engine);

uint32_t engine_read(const struct engine *engine, unsigned int reg);
void engine_write(struct engine *engine, unsigned int reg, uint32_t value);

/* Work, up to about @budget bytes; true when there is more that does not wait. */
bool engine_run(struct engine *engine, size_t budget);

#endif
