/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_GUEST_CARD_H
#define FV_GUEST_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "pci.h"

/*
 * The driver of the card in a guest: what a user's own would do with it. One interrupt,
 * by ../driver, and one page for each direction of the DMA, as the guest has no IOMMU.
 */
struct card {
	char bdf[BDF_LEN];
	bool is_open;
	volatile uint32_t *regs;	/* BAR 0 */
	volatile uint32_t *memory;	/* the first other BAR */
	size_t regs_size, memory_size;
	int irq_fd;
	/* of each engine: its ring, what goes to the card and what comes back */
	struct {
		void *ring;
		uint32_t *out, *in;
	} page[2];
};

/* What a look at a card found. */
struct card_look {
	uint32_t uptime_ms;	/* by the card's clock, when it first answered */
	uint32_t loads, build;
	char why[80];		/* it does not work: what does not */
};

void card_init(struct card *card);

/* Address of the first function that is not of the machine itself, or a negative errno. */
int card_find(char *bdf, size_t size);

/* Take it: driver, BARs, interrupt. 0, or -errno and what failed in @why. */
int card_open(struct card *card, const char *bdf, char *why, size_t size);

/* Let it go; with @is_unbound its driver, too. */
void card_close(struct card *card, bool is_unbound);

/* The guest's kernel resets it: 0 or -errno. */
int card_reset(struct card *card);

/*
 * Registers, memory, DMA both ways and the interrupt, with engine @nr. An access that
 * faults is a card that does not work.
 */
bool card_check(struct card *card, unsigned int nr, struct card_look *look);

/*
 * Start engine @nr afresh, with a page that goes to the card and comes back; @seed
 * makes its contents. Not to be called but by card_guarded().
 */
void card_dma_start(struct card *card, unsigned int nr, struct engine *engine, uint32_t seed,
		    uint32_t ctrl);

/* Was it done right? What is wrong, or NULL. */
const char *card_dma_result(struct card *card, unsigned int nr, const struct engine *engine,
			    uint32_t seed);

/* Run @fn, which accesses the card: false when an access faulted. */
bool card_guarded(void (*fn)(void *arg), void *arg);

#endif
