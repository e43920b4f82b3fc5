/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The card: its image, its life, its functions and what they are made of. Every
 * access of the client comes through here, and gets the answer that the card's
 * life has for it.
 */
#ifndef CARD_CARD_H
#define CARD_CARD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "conn.h"
#include "dma.h"
#include "engine.h"
#include "fault.h"
#include "image.h"
#include "irq.h"
#include "life.h"
#include "message.h"
#include "pcicfg.h"
#include "trace.h"

struct card;

/* A function as long as the server lives, whether the image has it or not. */
struct fn {
	struct card *card;
	unsigned int nr;
	struct conn conn;
	struct dma dma;
	struct irq irq;
	struct cfg cfg;
	struct engine engine[CARD_ENGINES];
	uint32_t table[IRQ_VECTORS][MESSAGE_DWORDS];	/* MSI-X, where it is the card's own */
	/* of BARs and ROM, as the client was told: fixed at its start */
	uint64_t region_size[PROTO_REGION_BARS + 1];
	uint32_t scratch[4];
	uint32_t raised;
	uint64_t design_ready_at;
	unsigned int raw_at;		/* see FV_SB_RAW */
	bool is_asked, is_design_asked;	/* the first answer since a reset was traced */
	struct {
		/* without the sideband, and what QEMU reads for the port */
		uint64_t cfg_reads, cfg_writes;
		uint64_t bar_reads, bar_writes;
		uint64_t ones;		/* reads answered with all-ones or RRS */
		uint64_t dropped;	/* writes that did not reach the function */
	} count;
};

/*
 * Each kind of chance has random numbers of its own: how many a storm takes is a matter
 * of time, and must not change what else comes of a seed.
 */
enum card_dice {
	CARD_DICE_LINK,
	CARD_DICE_CHAOS,
	CARD_DICE_STORM,
	CARD_DICE,			/* how many */
};

struct card {
	struct image image;
	char path[PATH_MAX];		/* where the image came from */
	struct image pending;		/* what is being loaded */
	char pending_path[PATH_MAX];
	bool has_pending;
	struct life life;
	struct fault fault;
	struct trace trace;
	struct fn fn[IMAGE_FUNCTIONS];
	uint8_t *memory;
	uint64_t memory_size;
	uint32_t led;
	uint64_t seed, random[CARD_DICE];
	uint64_t fake_now;		/* not 0: the time, for tests that make time */
};

/* @log: where the trace goes too, or NULL. */
void card_init(struct card *card, const struct image *image, const char *path, uint64_t seed,
	       FILE *log);
void card_exit(struct card *card);

uint64_t card_now(const struct card *card);
void card_seed(struct card *card, uint64_t seed);
uint32_t card_random(struct card *card, enum card_dice dice, uint32_t limit);
void card_note(struct card *card, const char *what, int fn, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Let what is due happen; then, when is the next thing due? */
void card_tick(struct card *card);
uint64_t card_next(const struct card *card);

/* Engines: work a while; true when there is more to do at once. */
bool card_work(struct card *card);

/* Load another image (which is copied), in @load_ms, LIFE_HELD, or -1: as long as it says. */
void card_program(struct card *card, const struct image *image, const char *path,
		  int64_t load_ms);

/* As life_release(), and the designs of these functions. */
void card_release(struct card *card, uint32_t functions);

void card_attached(struct fn *fn);
void card_detached(struct fn *fn);

/* Region accesses within the region; reads always give @len bytes. */
void card_cfg_read(struct fn *fn, unsigned int at, size_t len, uint8_t *bytes);
void card_cfg_write(struct fn *fn, unsigned int at, size_t len, const uint8_t *bytes);
void card_bar_read(struct fn *fn, unsigned int bar, uint64_t at, size_t len, uint8_t *bytes);
void card_bar_write(struct fn *fn, unsigned int bar, uint64_t at, size_t len,
		    const uint8_t *bytes);
void card_rom_read(struct fn *fn, uint64_t at, size_t len, uint8_t *bytes);
void card_reset(struct fn *fn);

/* The ready register was read, and said that the design is ready. */
void card_design_asked(struct fn *fn);

/* Raise an interrupt by whatever the function has that is switched on. */
void card_interrupt(struct fn *fn, uint32_t vector);

/* May the function write to memory now? */
bool card_is_master(const struct fn *fn);

#endif
