// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "bytes.h"
#include "engine.h"

#define RING_MAX	65536u
#define MESSAGE_MAX	65536u		/* maximum bytes per request to the client */

void engine_init(struct engine *engine, const struct engine_user *user, void *arg,
		 struct dma *dma)
{
	memset(engine, 0, sizeof(*engine));
	engine->user = user;
	engine->arg = arg;
	engine->dma = dma;
}

void engine_reset(struct engine *engine)
{
	dma_forget(engine->dma, engine);
	engine_init(engine, engine->user, engine->arg, engine->dma);
}

static bool is_busy(const struct engine *engine)
{
	return engine->state != ENGINE_IDLE && engine->state != ENGINE_HALTED;
}

/* The doorbell was written, but engine_run() has not seen it yet. */
static bool is_starting(const struct engine *engine)
{
	return engine->state == ENGINE_IDLE && (engine->ctrl & CARD_ENG_CTRL_RUN) &&
		engine->tail != engine->head;
}

static void stop_clock(struct engine *engine)
{
	engine->ns += engine->user->now(engine->arg) - engine->since;
}

static void interrupt(struct engine *engine)
{
	if (engine->ctrl & CARD_ENG_CTRL_IRQ)
		engine->user->interrupt(engine->arg, engine->vector);
}

static void halt(struct engine *engine, uint32_t error, uint64_t fault)
{
	stop_clock(engine);
	engine->state = ENGINE_HALTED;
	engine->error = error;
	engine->fault = fault;
	engine->left = 0;
	interrupt(engine);
}

static void transfer(struct engine *engine, enum engine_state state, uint64_t guest,
		     uint8_t *local, size_t len, bool is_write)
{
	engine->state = state;
	engine->guest = guest;
	engine->local = local;
	engine->left = len;
	engine->is_write = is_write;
}

static void fetch(struct engine *engine)
{
	transfer(engine, ENGINE_FETCH, engine->ring + (uint64_t)engine->tail * CARD_DESC_SIZE,
		 engine->desc, CARD_DESC_SIZE, false);
}

static void next_or_idle(struct engine *engine)
{
	if (engine->tail == engine->head || !(engine->ctrl & CARD_ENG_CTRL_RUN)) {
		stop_clock(engine);
		engine->state = ENGINE_IDLE;
		return;
	}
	fetch(engine);
}

static void start(struct engine *engine)
{
	if (!is_starting(engine))
		return;
	engine->since = engine->user->now(engine->arg);
	if (!engine->size || engine->size > RING_MAX || engine->head >= engine->size ||
	    engine->tail >= engine->size)
		halt(engine, CARD_ERR_RING, 0);
	else if (!engine->user->is_master(engine->arg))
		halt(engine, CARD_ERR_MASTER, 0);
	else
		fetch(engine);
}

/* Write the descriptor's status back to the guest. */
static void put_status(struct engine *engine, uint32_t error)
{
	engine->desc_error = error;
	le32_put(engine->word, CARD_DESC_DONE | error);
	transfer(engine, ENGINE_STATUS, engine->ring +
		 (uint64_t)engine->tail * CARD_DESC_SIZE + CARD_DESC_STATUS, engine->word,
		 sizeof(engine->word), true);
}

static void descriptor_fetched(struct engine *engine)
{
	uint32_t control = le32_get(engine->desc + CARD_DESC_CONTROL);
	uint32_t len = le32_get(engine->desc + CARD_DESC_LENGTH);
	uint8_t *memory;

	if ((control & CARD_DESC_MAGIC_MASK) != CARD_DESC_MAGIC || len > CARD_DESC_MAX) {
		put_status(engine, CARD_ERR_DESCRIPTOR);
		return;
	}
	memory = engine->user->card_memory(engine->arg, le64_get(engine->desc + CARD_DESC_CARD),
					   len);
	if (!memory) {
		put_status(engine, CARD_ERR_CARD);
		return;
	}
	transfer(engine, ENGINE_MOVE, le64_get(engine->desc + CARD_DESC_HOST), memory, len,
		 control & CARD_DESC_TO_HOST);
}

static void descriptor_done(struct engine *engine)
{
	uint32_t control = le32_get(engine->desc + CARD_DESC_CONTROL);

	if (engine->desc_error) {
		halt(engine, engine->desc_error, engine->fault);
		return;
	}
	if (control & CARD_DESC_IRQ)
		interrupt(engine);
	next_or_idle(engine);
}

/* The current transfer is complete. */
static void transferred(struct engine *engine)
{
	switch (engine->state) {
	case ENGINE_FETCH:
		descriptor_fetched(engine);
		break;
	case ENGINE_MOVE:
		put_status(engine, CARD_ERR_NONE);
		break;
	case ENGINE_STATUS:
		if (!engine->desc_error) {
			engine->done++;
			engine->tail = engine->tail + 1 == engine->size ? 0 : engine->tail + 1;
		}
		if (engine->writeback) {
			le32_put(engine->word, engine->tail);
			transfer(engine, ENGINE_TAIL, engine->writeback, engine->word,
				 sizeof(engine->word), true);
			break;
		}
		descriptor_done(engine);
		break;
	case ENGINE_TAIL:
		descriptor_done(engine);
		break;
	case ENGINE_IDLE:
	case ENGINE_HALTED:
		break;
	}
}

static void failed(struct engine *engine)
{
	uint32_t error = engine->is_write ? CARD_ERR_WRITE : CARD_ERR_READ;

	if (engine->state == ENGINE_MOVE) {
		engine->fault = engine->guest;
		put_status(engine, error);
	} else if (engine->state != ENGINE_FETCH && engine->desc_error) {
		halt(engine, engine->desc_error, engine->fault);
	} else {
		halt(engine, error, engine->guest);
	}
}

static void moved(struct engine *engine, size_t len)
{
	if (engine->state == ENGINE_MOVE)
		engine->bytes += len;
	engine->guest += len;
	engine->local += len;
	engine->left -= len;
}

static void answered(void *arg, int error, const uint8_t *data, size_t len)
{
	struct engine *engine = arg;

	engine->is_waiting = false;
	if (error) {
		failed(engine);
		return;
	}
	if (!engine->is_write)
		memcpy(engine->local, data, len);
	moved(engine, engine->requested);
}

/* Transfer by message; true if the request was sent or failed. */
static bool request(struct engine *engine)
{
	int err;

	engine->requested = MIN(engine->left, MESSAGE_MAX);
	if (engine->is_write)
		err = dma_write(engine->dma, engine->guest, engine->local, engine->requested,
				answered, engine);
	else
		err = dma_read(engine->dma, engine->guest, engine->requested, answered, engine);
	if (err == -EBUSY)
		return false;
	if (err)
		failed(engine);
	else
		engine->is_waiting = true;
	return true;
}

/* Run one piece of the current transfer; false if it has to wait. */
static bool piece(struct engine *engine, size_t *budget)
{
	size_t len = MIN(engine->left, *budget);
	uint8_t *direct = NULL;

	if (!(engine->ctrl & CARD_ENG_CTRL_MESSAGES))
		direct = dma_direct(engine->dma, engine->guest, &len, engine->is_write);
	if (!direct)
		return request(engine);
	if (engine->is_write)
		memcpy(direct, engine->local, len);
	else
		memcpy(engine->local, direct, len);
	moved(engine, len);
	*budget -= len;
	return true;
}

bool engine_run(struct engine *engine, size_t budget)
{
	start(engine);
	while (is_busy(engine) && !engine->is_waiting) {
		if (!engine->user->is_master(engine->arg)) {
			halt(engine, CARD_ERR_MASTER, engine->guest);
			return false;
		}
		if (!engine->left) {
			transferred(engine);
			continue;
		}
		if (!budget)
			return true;
		if (!piece(engine, &budget))
			return false;
	}
	return false;
}

uint32_t engine_read(const struct engine *engine, unsigned int reg)
{
	uint64_t ns = engine->ns;

	if (is_busy(engine))
		ns += engine->user->now(engine->arg) - engine->since;
	switch (reg) {
	case CARD_ENG_CTRL:
		return engine->ctrl;
	case CARD_ENG_STATUS:
		if (engine->state == ENGINE_HALTED)
			return CARD_ENG_STATUS_HALTED;
		return is_busy(engine) || is_starting(engine) ? CARD_ENG_STATUS_BUSY : 0;
	case CARD_ENG_ERROR:
		return engine->error;
	case CARD_ENG_VECTOR:
		return engine->vector;
	case CARD_ENG_RING:
		return (uint32_t)engine->ring;
	case CARD_ENG_RING + 4:
		return (uint32_t)(engine->ring >> 32);
	case CARD_ENG_RING_SIZE:
		return engine->size;
	case CARD_ENG_HEAD:
		return engine->head;
	case CARD_ENG_TAIL:
		return engine->tail;
	case CARD_ENG_BYTES:
		return (uint32_t)engine->bytes;
	case CARD_ENG_BYTES + 4:
		return (uint32_t)(engine->bytes >> 32);
	case CARD_ENG_DONE:
		return engine->done;
	case CARD_ENG_WRITEBACK:
		return (uint32_t)engine->writeback;
	case CARD_ENG_WRITEBACK + 4:
		return (uint32_t)(engine->writeback >> 32);
	case CARD_ENG_NS:
		return (uint32_t)ns;
	case CARD_ENG_NS + 4:
		return (uint32_t)(ns >> 32);
	case CARD_ENG_FAULT:
		return (uint32_t)engine->fault;
	case CARD_ENG_FAULT + 4:
		return (uint32_t)(engine->fault >> 32);
	default:
		return 0;
	}
}

static void put_low(uint64_t *reg, uint32_t value)
{
	*reg = (*reg & ~0xffffffffull) | value;
}

static void put_high(uint64_t *reg, uint32_t value)
{
	*reg = (*reg & 0xffffffffull) | (uint64_t)value << 32;
}

/* Only sets registers; engine_run() acts on them after the write has been answered. */
void engine_write(struct engine *engine, unsigned int reg, uint32_t value)
{
	if (reg == CARD_ENG_CTRL && (value & CARD_ENG_CTRL_RESET)) {
		engine_reset(engine);
		return;
	}
	switch (reg) {
	case CARD_ENG_CTRL:
		engine->ctrl = value & (CARD_ENG_CTRL_RUN | CARD_ENG_CTRL_IRQ |
					CARD_ENG_CTRL_MESSAGES);
		break;
	case CARD_ENG_VECTOR:
		engine->vector = value;
		break;
	case CARD_ENG_HEAD:
		if (!is_busy(engine) || value < engine->size)
			engine->head = value;
		break;
	case CARD_ENG_WRITEBACK:
		put_low(&engine->writeback, value & ~3u);
		break;
	case CARD_ENG_WRITEBACK + 4:
		put_high(&engine->writeback, value);
		break;
	}
	if (is_busy(engine))
		return;
	switch (reg) {
	case CARD_ENG_RING:
		put_low(&engine->ring, value & ~(CARD_DESC_SIZE - 1u));
		break;
	case CARD_ENG_RING + 4:
		put_high(&engine->ring, value);
		break;
	case CARD_ENG_RING_SIZE:
		engine->size = value;
		engine->tail = 0;
		engine->head = 0;
		break;
	}
}
