// SPDX-License-Identifier: GPL-2.0
#include "bar.h"
#include "bytes.h"
#include "message.h"

static struct engine *engine_at(struct fn *fn, uint64_t at, unsigned int *reg)
{
	uint64_t nr = (at - CARD_ENGINE(0)) / (CARD_ENGINE(1) - CARD_ENGINE(0));

	if (at < CARD_ENGINE(0) || nr >= CARD_ENGINES)
		return NULL;
	*reg = (unsigned int)(at - CARD_ENGINE(nr));
	return &fn->engine[nr];
}

/* The ready register was read and reported a ready design. */
static void note_design_read(struct fn *fn)
{
	if (fn->is_design_read)
		return;
	fn->is_design_read = true;
	card_note_first(fn, "design-read", fn->design_ready_at, CARD_REG_READY);
}

static uint32_t reg_read(struct fn *fn, uint64_t at)
{
	const struct card *card = fn->card;
	const struct life_fn *life = &card->life.fn[fn->nr];
	uint64_t now = card_now(card);
	struct engine *engine;
	unsigned int reg;

	engine = engine_at(fn, at, &reg);
	if (engine)
		return engine_read(engine, reg);
	switch (at) {
	case CARD_REG_ID:
		return CARD_ID;
	case CARD_REG_FUNCTION:
		return fn->nr;
	case CARD_REG_BUILD:
		return card->image.build;
	case CARD_REG_LOADS:
		return card->life.loads;
	case CARD_REG_SCRATCH(0):
	case CARD_REG_SCRATCH(1):
	case CARD_REG_SCRATCH(2):
	case CARD_REG_SCRATCH(3):
		return fn->scratch[(at - CARD_REG_SCRATCH(0)) / 4];
	case CARD_REG_READY:
		if (now < fn->design_ready_at)
			return 0;
		note_design_read(fn);
		return 1;
	case CARD_REG_IRQ_RAISED:
		return fn->raised;
	case CARD_REG_RESETS_FLR:
		return life->resets[RESET_FLR];
	case CARD_REG_RESETS_HOT:
		return life->resets[RESET_HOT] + life->resets[RESET_CLIENT];
	case CARD_REG_GENERATION:
		return life->generation;
	case CARD_REG_MEM_SIZE:
		return (uint32_t)card->memory_size;
	case CARD_REG_MEM_SIZE + 4:
		return (uint32_t)(card->memory_size >> 32);
	case CARD_REG_UPTIME_MS:
		return (uint32_t)((now - card->life.loaded_at) / LIFE_MS);
	case CARD_REG_LED:
		return card->led;
	default:
		return 0;
	}
}

static void reg_write(struct fn *fn, uint64_t at, uint32_t value)
{
	struct engine *engine;
	unsigned int reg;

	engine = engine_at(fn, at, &reg);
	if (engine) {
		engine_write(engine, reg, value);
		return;
	}
	switch (at) {
	case CARD_REG_SCRATCH(0):
	case CARD_REG_SCRATCH(1):
	case CARD_REG_SCRATCH(2):
	case CARD_REG_SCRATCH(3):
		fn->scratch[(at - CARD_REG_SCRATCH(0)) / 4] = value;
		break;
	case CARD_REG_IRQ_TEST:
		message_raise(fn, value);
		break;
	case CARD_REG_LED:
		fn->card->led = value;
		break;
	}
}

void bar_reset(struct fn *fn)
{
	memset(fn->scratch, 0, sizeof(fn->scratch));
	fn->raised = 0;
}

static bool is_pba(const struct fn *fn, unsigned int bar, uint64_t at)
{
	const struct image_cap *msix = image_cap(&fn->card->image.fn[fn->nr], CAP_MSIX);

	return msix && msix->pba_bar == bar && at >= msix->pba &&
		at < msix->pba + (msix->vectors + 63) / 64 * 8;
}

static uint32_t pba_read(const struct fn *fn, uint64_t at)
{
	const struct image_cap *msix = image_cap(&fn->card->image.fn[fn->nr], CAP_MSIX);
	unsigned int first = (unsigned int)(at - msix->pba) * 8;

	return (uint32_t)irq_pending(&fn->irq, IRQ_MSIX, first);
}

/* Number of bytes of the access within the dword at @at & ~3. */
static size_t in_dword(uint64_t at, size_t len)
{
	return MIN(len, 4 - (size_t)(at & 3));
}

static uint32_t dword_read(struct fn *fn, unsigned int bar, uint64_t at)
{
	unsigned int offset;

	if (message_is_table(fn, bar, at, &offset))
		return message_table_read(fn, offset);
	return is_pba(fn, bar, at) ? pba_read(fn, at) : reg_read(fn, at);
}

static void dword_write(struct fn *fn, unsigned int bar, uint64_t at, uint32_t value)
{
	unsigned int offset;

	if (message_is_table(fn, bar, at, &offset))
		message_table_write(fn, offset, value);
	else
		reg_write(fn, at, value);
}

static void regs_read(struct fn *fn, unsigned int bar, uint64_t at, size_t len, uint8_t *bytes)
{
	while (len) {
		uint64_t reg = at & ~3ull;
		size_t n = in_dword(at, len);
		uint8_t dword[4];

		le32_put(dword, dword_read(fn, bar, reg));
		memcpy(bytes, dword + (at & 3), n);
		at += n;
		bytes += n;
		len -= n;
	}
}

/* Registers take whole dwords; a smaller write is merged with the current value. */
static void regs_write(struct fn *fn, unsigned int bar, uint64_t at, size_t len,
		       const uint8_t *bytes)
{
	while (len) {
		uint64_t reg = at & ~3ull;
		size_t n = in_dword(at, len);
		uint8_t dword[4];

		if (n < 4)
			le32_put(dword, dword_read(fn, bar, reg));
		memcpy(dword + (at & 3), bytes, n);
		dword_write(fn, bar, reg, le32_get(dword));
		at += n;
		bytes += n;
		len -= n;
	}
}

/* ROM header and PCI data structure (PCI Firmware r3.3, 5.1). */
void rom_read(const struct fn *fn, uint64_t at, size_t len, uint8_t *bytes)
{
	const struct image_fn *is = &fn->card->image.fn[fn->nr];
	uint8_t head[0x40] = { 0x55, 0xaa, [0x18] = 0x1c };
	uint8_t *data = head + 0x1c;

	memcpy(data, "PCIR", 4);
	le16_put(data + 0x04, is->vendor);
	le16_put(data + 0x06, is->device);
	le16_put(data + 0x0a, 0x18);
	le16_put(data + 0x10, (uint16_t)(is->rom / 512));
	data[0x14] = 0x04;	/* code type: none that is defined */
	data[0x15] = 0x80;	/* indicator: last image */
	memset(bytes, 0, len);
	if (at < sizeof(head))
		memcpy(bytes, head + at, MIN(len, (size_t)(sizeof(head) - at)));
}

static const struct image_bar *bar_of(const struct fn *fn, unsigned int bar)
{
	return &fn->card->image.fn[fn->nr].bar[bar];
}

void bar_read(struct fn *fn, unsigned int bar, uint64_t at, size_t len, uint8_t *bytes)
{
	const struct card *card = fn->card;

	switch (bar_of(fn, bar)->role) {
	case ROLE_REGS:
		regs_read(fn, bar, at, len, bytes);
		break;
	case ROLE_MEMORY:
		memset(bytes, 0, len);
		if (at < card->memory_size)
			memcpy(bytes, card->memory + at,
			       MIN(len, (size_t)(card->memory_size - at)));
		if (is_pba(fn, bar, at & ~3ull))
			regs_read(fn, bar, at, len, bytes);
		break;
	case ROLE_NONE:
		memset(bytes, 0xff, len);
		break;
	}
}

void bar_write(struct fn *fn, unsigned int bar, uint64_t at, size_t len, const uint8_t *bytes)
{
	struct card *card = fn->card;

	switch (bar_of(fn, bar)->role) {
	case ROLE_REGS:
		regs_write(fn, bar, at, len, bytes);
		break;
	case ROLE_MEMORY:
		if (at < card->memory_size && !is_pba(fn, bar, at & ~3ull))
			memcpy(card->memory + at, bytes,
			       MIN(len, (size_t)(card->memory_size - at)));
		break;
	case ROLE_NONE:
		break;
	}
}
