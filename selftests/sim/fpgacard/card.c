// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bar.h"
#include "bytes.h"
#include "card.h"
#include "fault.h"
#include "message.h"
#include "sband.h"
#include "sideband.h"

/* Bytes that an engine moves before other work is served. */
#define WORK_AT_ONCE (2u << 20)

static void on_note(void *arg, const char *what, int fn, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void on_note(void *arg, const char *what, int fn, const char *fmt, ...)
{
	struct card *card = arg;
	va_list ap;

	va_start(ap, fmt);
	trace_addv(&card->trace, card_now(card), what, fn, fmt, ap);
	va_end(ap);
}

static uint32_t on_random(void *arg, uint32_t limit)
{
	return card_random(arg, CARD_DICE_LINK, limit);
}

/* Start the design; its ready register reports the end. */
static void design_start(struct fn *fn)
{
	const struct card *card = fn->card;
	int64_t ms = card->fault.has_design ? card->fault.design_ms : card->image.design_ms;

	fn->design_ready_at = ms == LIFE_HELD ? LIFE_NEVER :
			      card_now(card) + (uint64_t)ms * LIFE_MS;
	fn->is_design_read = false;
}

static void on_reset(void *arg, unsigned int nr, enum life_reset kind)
{
	struct card *card = arg;
	struct fn *fn = &card->fn[nr];
	unsigned int i;

	cfg_reset(&fn->cfg, kind == RESET_POWER || kind == RESET_PROGRAM);
	cfg_set_link(&fn->cfg, card->life.speed, card->life.width);
	irq_reset(&fn->irq);
	message_reset(fn);
	bar_reset(fn);
	for (i = 0; i < CARD_ENGINES; i++)
		engine_reset(&fn->engine[i]);
	design_start(fn);
	fn->is_read = false;
	fault_reset(card, nr, kind);
}

static void on_link(void *arg)
{
	struct card *card = arg;
	unsigned int i;

	for (i = 0; i < card->image.fn_count; i++)
		cfg_set_link(&card->fn[i].cfg, card->life.speed, card->life.width);
}

static void memory_new(struct card *card)
{
	if (card->memory)
		munmap(card->memory, card->memory_size);
	card->memory_size = card->image.memory;
	card->memory = mmap(NULL, card->memory_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (card->memory == MAP_FAILED)
		abort();
}

/* Switch to the new image, in power-on state. */
static void on_loaded(void *arg)
{
	struct card *card = arg;
	unsigned int i, j;

	if (card->has_pending) {
		card->image = card->pending;
		memcpy(card->path, card->pending_path, sizeof(card->path));
		card->has_pending = false;
	}
	fault_image(card, &card->image);
	for (i = 0; i < IMAGE_FUNCTIONS; i++)
		for (j = 0; j < CARD_ENGINES; j++)
			engine_reset(&card->fn[i].engine[j]);
	memory_new(card);
	card->led = 0;
	for (i = 0; i < card->image.fn_count; i++) {
		struct fn *fn = &card->fn[i];

		cfg_build(&fn->cfg, &card->image, i);
		message_reset(fn);
		bar_reset(fn);
		design_start(fn);
	}
}

static const struct life_user life_user = {
	.reset = on_reset,
	.loaded = on_loaded,
	.link = on_link,
	.note = on_note,
	.random = on_random,
};

static bool engine_is_master(void *arg)
{
	return card_is_master(arg);
}

static uint8_t *engine_memory(void *arg, uint64_t at, size_t len)
{
	struct card *card = ((struct fn *)arg)->card;

	if (at > card->memory_size || len > card->memory_size - at)
		return NULL;
	return card->memory + at;
}

static void engine_interrupt(void *arg, uint32_t vector)
{
	message_raise(arg, vector);
}

static uint64_t engine_now(void *arg)
{
	return card_now(((struct fn *)arg)->card);
}

static const struct engine_user engine_user = {
	.is_master = engine_is_master,
	.card_memory = engine_memory,
	.interrupt = engine_interrupt,
	.now = engine_now,
};

void card_init(struct card *card, const struct image *image, const char *path, uint64_t seed,
	       FILE *log)
{
	unsigned int i, j;

	memset(card, 0, sizeof(*card));
	card->image = *image;
	snprintf(card->path, sizeof(card->path), "%s", path);
	card_seed(card, seed);
	trace_init(&card->trace, card_now(card), log);
	memory_new(card);
	for (i = 0; i < IMAGE_FUNCTIONS; i++) {
		struct fn *fn = &card->fn[i];

		fn->card = card;
		fn->nr = i;
		conn_init(&fn->conn, NULL, NULL);
		dma_init(&fn->dma, &fn->conn);
		irq_init(&fn->irq);
		message_reset(fn);
		for (j = 0; j < CARD_ENGINES; j++)
			engine_init(&fn->engine[j], &engine_user, fn, &fn->dma);
		if (!card_has_fn(card, i))
			continue;
		cfg_build(&fn->cfg, image, i);
		for (j = 0; j < PROTO_REGION_BARS; j++)
			fn->region_size[j] = image->fn[i].bar[j].size;
		fn->region_size[PROTO_REGION_ROM] = image->fn[i].rom;
	}
	life_init(&card->life, &life_user, card, &card->image, card_now(card));
	fault_clear(card);
}

void card_exit(struct card *card)
{
	unsigned int i;

	for (i = 0; i < IMAGE_FUNCTIONS; i++) {
		dma_drop(&card->fn[i].dma);
		irq_exit(&card->fn[i].irq);
		conn_exit(&card->fn[i].conn);
	}
	munmap(card->memory, card->memory_size);
	trace_exit(&card->trace);
}

void card_tick(struct card *card)
{
	uint64_t now = card_now(card);

	life_tick(&card->life, now);
	fault_tick(card, now);
}

uint64_t card_next(const struct card *card)
{
	uint64_t life = life_next(&card->life), fault = fault_next(card);

	return MIN(life, fault);
}

bool card_work(struct card *card)
{
	bool more = false;
	unsigned int i, j;

	for (i = 0; i < card->image.fn_count; i++) {
		for (j = 0; j < CARD_ENGINES; j++)
			more |= engine_run(&card->fn[i].engine[j], WORK_AT_ONCE);
		message_send(&card->fn[i]);
	}
	return more;
}

void card_program(struct card *card, const struct image *image, const char *path,
		  int64_t load_ms)
{
	card->pending = *image;
	snprintf(card->pending_path, sizeof(card->pending_path), "%s", path);
	card->has_pending = true;
	life_program(&card->life, card_now(card), load_ms >= 0 ? load_ms : image->load_ms);
}

void card_release(struct card *card, uint32_t functions)
{
	uint64_t now = card_now(card);
	unsigned int i;

	card_note(card, "release", -1, "functions %#x", functions);
	life_release(&card->life, now, functions);
	for (i = 0; i < card->image.fn_count; i++)
		if (functions & 1u << i && card->fn[i].design_ready_at == LIFE_NEVER)
			card->fn[i].design_ready_at = now;
}

void card_attached(struct fn *fn)
{
	card_note(fn->card, "attached", (int)fn->nr, "a client came");
	life_client_came(&fn->card->life);
}

void card_detached(struct fn *fn)
{
	unsigned int i;

	for (i = 0; i < CARD_ENGINES; i++)
		engine_reset(&fn->engine[i]);
	dma_drop(&fn->dma);
	irq_drop(&fn->irq);
	card_note(fn->card, "detached", (int)fn->nr, "the client is gone");
}

static enum life_answer answer(struct fn *fn)
{
	card_tick(fn->card);
	return life_answer(&fn->card->life, fn->nr, card_now(fn->card));
}

/* QEMU reads these itself on each read of the same register of the port. */
static bool is_for_port(const struct fn *fn, unsigned int at)
{
	return at == fn->cfg.exp + PCI_EXP_LNKSTA || at == fn->cfg.exp + PCI_EXP_LNKSTA2;
}

void card_cfg_read(struct fn *fn, unsigned int at, size_t len, uint8_t *bytes)
{
	bool is_own = at < FV_SB_FIRST && !is_for_port(fn, at);
	enum life_answer how = answer(fn);
	size_t i;

	fn->count.cfg_reads += is_own;
	if (how == ANSWER_DATA && is_own && !fn->is_read) {
		fn->is_read = true;
		card_note_first(fn, "first-read", fn->card->life.fn[fn->nr].ready_at, at);
	}
	switch (how) {
	case ANSWER_DATA:
		cfg_set_msi_pending(&fn->cfg, (uint32_t)irq_pending(&fn->irq, IRQ_MSI, 0));
		cfg_read(&fn->cfg, at, len, bytes);
		break;
	case ANSWER_RRS:
	case ANSWER_ONES:
		memset(bytes, 0xff, len);
		if (how == ANSWER_RRS && at == PCI_VENDOR_ID && len >= 2)
			le16_put(bytes, 0x0001);
		fn->count.ones += at < FV_SB_FIRST;
		break;
	}
	for (i = 0; i < len; i++)
		if (at + i >= FV_SB_FIRST)
			bytes[i] = sband_read_byte(fn, at + (unsigned int)i);
}

static void note_cfg_write(struct fn *fn, unsigned int at, size_t len, const uint8_t *bytes,
			   bool is_dropped)
{
	uint32_t value = 0;
	const char *name;
	char buf[32];

	name = cfg_name(&fn->cfg, at, buf);
	if (!name)
		return;
	memcpy(&value, bytes, MIN(len, sizeof(value)));
	card_note(fn->card, "cfg-write", (int)fn->nr, "%s = 0x%0*x%s", name,
		  (int)(2 * MIN(len, sizeof(value))), value, is_dropped ? ", dropped" : "");
}

static void cfg_write_fn(struct fn *fn, unsigned int at, size_t len, const uint8_t *bytes)
{
	struct card *card = fn->card;
	unsigned int effects;

	if (message_is_stuck(fn, at)) {
		fn->count.dropped++;
		return;
	}
	effects = cfg_write(&fn->cfg, at, len, bytes);
	if ((effects & CFG_DO_COMMAND) && cfg_is_memory_on(&fn->cfg))
		card->life.is_fresh = false;
	if (effects & CFG_DO_IRQ)
		message_unmasked(fn);
	if (effects & CFG_DO_FLR)
		life_flr(&card->life, card_now(card), fn->nr);
	if (effects & CFG_DO_PM_RESET)
		life_pm_reset(&card->life, card_now(card), fn->nr);
}

/* QEMU writes all BARs again when a write to Command enables Memory Space. */
static bool is_bar_rewrite(const struct fn *fn, unsigned int at, size_t len, const uint8_t *bytes)
{
	uint8_t now[4];

	if (at < PCI_BASE_ADDRESS_0 || at > PCI_BASE_ADDRESS_5 || len != sizeof(now))
		return false;
	cfg_read(&fn->cfg, at, len, now);
	return !memcmp(now, bytes, len);
}

void card_cfg_write(struct fn *fn, unsigned int at, size_t len, const uint8_t *bytes)
{
	bool answers = answer(fn) == ANSWER_DATA;

	if (at + len > FV_SB_FIRST) {
		sband_write(fn, at, len, bytes);
		return;
	}
	fn->count.cfg_writes++;
	fn->count.bar_rewrites += is_bar_rewrite(fn, at, len, bytes);
	note_cfg_write(fn, at, len, bytes, !answers);
	if (answers)
		cfg_write_fn(fn, at, len, bytes);
	else
		fn->count.dropped++;
}

/* Memory Space enabled, D0, and within the BAR. */
static bool is_decoded(const struct fn *fn, unsigned int bar, uint64_t at, size_t len)
{
	const struct image_bar *is = &fn->card->image.fn[fn->nr].bar[bar];

	return cfg_is_memory_on(&fn->cfg) && card_is_d0(fn) && at <= is->size &&
		len <= is->size - at;
}

void card_bar_read(struct fn *fn, unsigned int bar, uint64_t at, size_t len, uint8_t *bytes)
{
	fn->count.bar_reads++;
	if (answer(fn) == ANSWER_DATA && is_decoded(fn, bar, at, len)) {
		bar_read(fn, bar, at, len, bytes);
		return;
	}
	memset(bytes, 0xff, len);
	fn->count.ones++;
}

/* Fault: the design answers reads but drops writes until it is ready. */
static bool is_deaf(const struct fn *fn)
{
	return fn->card->fault.is_deaf && card_now(fn->card) < fn->design_ready_at;
}

void card_bar_write(struct fn *fn, unsigned int bar, uint64_t at, size_t len,
		    const uint8_t *bytes)
{
	fn->count.bar_writes++;
	if (answer(fn) == ANSWER_DATA && is_decoded(fn, bar, at, len) && !is_deaf(fn))
		bar_write(fn, bar, at, len, bytes);
	else
		fn->count.dropped++;
}

/* QEMU reads the whole ROM once, regardless of the enable bits. */
void card_rom_read(struct fn *fn, uint64_t at, size_t len, uint8_t *bytes)
{
	fn->count.bar_reads++;
	if (answer(fn) == ANSWER_DATA) {
		rom_read(fn, at, len, bytes);
		return;
	}
	memset(bytes, 0xff, len);
	fn->count.ones++;
}

void card_reset(struct fn *fn)
{
	card_tick(fn->card);
	if (card_has_fn(fn->card, fn->nr))
		life_client_reset(&fn->card->life, card_now(fn->card), fn->nr);
}
