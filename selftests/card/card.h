/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The card: image, life, functions and their parts. All client accesses pass through this file
 * and get the response that fits the state of the card's life.
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

/* Lives as long as the server, even if the image has no such function. */
struct fn {
	struct card *card;
	unsigned int nr;
	struct conn conn;
	struct dma dma;
	struct irq irq;
	struct cfg cfg;
	struct engine engine[CARD_ENGINES];
	uint32_t table[IRQ_VECTORS][MESSAGE_DWORDS];	/* MSI-X table, if "own" */
	/* of BARs and ROM, as reported to the client: fixed at the start */
	uint64_t region_size[PROTO_REGION_BARS + 1];
	uint32_t scratch[4];
	uint32_t raised;
	uint64_t design_ready_at;
	unsigned int raw_at;		/* see FV_SB_RAW */
	bool is_asked, is_design_asked;	/* first response since the reset was traced */
	struct {
		/* without the sideband and QEMU's reads for the port */
		uint64_t cfg_reads, cfg_writes;
		uint64_t bar_reads, bar_writes;
		uint64_t ones;		/* reads answered with all-ones or RRS */
		uint64_t dropped;	/* writes that did not reach the function */
	} count;
};

/*
 * One random sequence per purpose: the number of storm strikes depends on time and must not
 * affect the other sequences of a seed.
 */
enum card_dice {
	CARD_DICE_LINK,
	CARD_DICE_CHAOS,
	CARD_DICE_STORM,
	CARD_DICE,			/* number of sequences */
};

struct card {
	struct image image;
	char path[PATH_MAX];		/* file of the image */
	struct image pending;		/* being loaded */
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
	uint64_t fake_now;		/* fixed time for tests; 0: use the clock */
};

/* @log: additional output of the trace, or NULL. */
void card_init(struct card *card, const struct image *image, const char *path, uint64_t seed,
	       FILE *log);
void card_exit(struct card *card);

uint64_t card_now(const struct card *card);
void card_seed(struct card *card, uint64_t seed);
uint32_t card_random(struct card *card, enum card_dice dice, uint32_t limit);
void card_note(struct card *card, const char *what, int fn, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Run the events that are due; return the time of the next one. */
void card_tick(struct card *card);
uint64_t card_next(const struct card *card);

/* Run the engines for a while; true if more work is ready. */
bool card_work(struct card *card);

/* Load another image (copied), in @load_ms, LIFE_HELD, or -1: the image's time. */
void card_program(struct card *card, const struct image *image, const char *path,
		  int64_t load_ms);

/* life_release(), and release the designs of these functions. */
void card_release(struct card *card, uint32_t functions);

void card_attached(struct fn *fn);
void card_detached(struct fn *fn);

/* The access must be within the region; reads always fill @len bytes. */
void card_cfg_read(struct fn *fn, unsigned int at, size_t len, uint8_t *bytes);
void card_cfg_write(struct fn *fn, unsigned int at, size_t len, const uint8_t *bytes);
void card_bar_read(struct fn *fn, unsigned int bar, uint64_t at, size_t len, uint8_t *bytes);
void card_bar_write(struct fn *fn, unsigned int bar, uint64_t at, size_t len,
		    const uint8_t *bytes);
void card_rom_read(struct fn *fn, uint64_t at, size_t len, uint8_t *bytes);
void card_reset(struct fn *fn);

/* The ready register was read and reported a ready design. */
void card_design_asked(struct fn *fn);

/* Raise an interrupt through MSI-X or MSI, whichever is enabled. */
void card_interrupt(struct fn *fn, uint32_t vector);

/* True if the function may write to memory now. */
bool card_is_master(const struct fn *fn);

#endif
