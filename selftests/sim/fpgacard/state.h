/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State of the card and of its functions: the context that every part gets, with time, random
 * numbers and trace.
 */
#ifndef CARD_STATE_H
#define CARD_STATE_H

#include <limits.h>
#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stdint.h>

#include "conn.h"
#include "dma.h"
#include "engine.h"
#include "image.h"
#include "irq.h"
#include "life.h"
#include "pcicfg.h"
#include "trace.h"

/* One kind of storm: off, armed (starts with a reset), or blowing. */
struct storm {
	bool is_armed, is_blowing;
	uint32_t on;			/* armed: bits 1 << enum life_reset that start it */
	uint32_t rate;			/* per second */
	uint32_t for_ms;		/* 0: until stopped */
	bool is_write;			/* DMA: write, else read */
	bool has_address;
	uint64_t address;		/* DMA address, else random below 4 GiB */
	uint32_t vector;		/* interrupts */
	unsigned int fn;
	uint64_t next, end;
	uint64_t count;			/* number of strikes */
};

struct fault {
	struct storm irq, dma;
	/* the next loads change these fields of the image */
	int wrong;			/* loads left, or LIFE_ALWAYS */
	bool has_id, has_subsystem, has_class, has_bar, has_serial;
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class_code;
	unsigned int bar;
	uint64_t bar_size;
	uint64_t serial;
	/* overrides the image's time until the design is ready; may be LIFE_HELD */
	bool has_design;
	int64_t design_ms;
	bool is_deaf;			/* the design drops BAR writes until it is ready */
	/*
	 * "own" interrupts: the MSI-X table from stuck_vector on, or the MSI registers, drop
	 * writes
	 */
	bool has_stuck_table, is_msi_stuck;
	unsigned int stuck_vector;
};

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
	/* MSI-X table, if "own" */
	uint32_t table[IRQ_VECTORS][PCI_MSIX_ENTRY_SIZE / 4];
	/* of BARs and ROM, as reported to the client: fixed at the start */
	uint64_t region_size[PROTO_REGION_BARS + 1];
	uint32_t scratch[4];
	uint32_t raised;
	uint64_t design_ready_at;
	unsigned int raw_at;		/* see FV_SB_RAW */
	bool is_read, is_design_read;	/* first response since the reset was traced */
	struct {
		/* without the sideband and QEMU's reads for the port */
		uint64_t cfg_reads, cfg_writes;
		/* those writes that give a BAR the value it has */
		uint64_t bar_rewrites;
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

uint64_t card_now(const struct card *card);
void card_seed(struct card *card, uint64_t seed);
uint32_t card_random(struct card *card, enum card_dice dice, uint32_t limit);
void card_note(struct card *card, const char *what, int fn, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Trace the delay from readiness to the first access that sees it. */
void card_note_first(struct fn *fn, const char *what, uint64_t ready_at, unsigned int at);

/* True if the image has the function. */
bool card_has_fn(const struct card *card, unsigned int nr);

/* True if the function is in D0. */
bool card_is_d0(const struct fn *fn);

/* True if the function may write to memory now. */
bool card_is_master(const struct fn *fn);

#endif
