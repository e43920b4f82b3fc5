/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_GUEST_CARD_H
#define FV_GUEST_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "pci.h"

/*
 * Guest driver of the card, like that of a user: one interrupt through ../driver, and one page for
 * each DMA direction, because the guest has no IOMMU.
 */
struct card {
	char bdf[BDF_LEN];
	bool is_open;
	volatile uint32_t *regs;	/* BAR 0 */
	volatile uint32_t *memory;	/* the first other BAR */
	size_t regs_size, memory_size;
	int irq_fd;
	/* per engine: ring, data to the card, data from the card */
	struct {
		void *ring;
		uint32_t *out, *in;
	} page[2];
};

/* Result of a check. */
struct card_state {
	uint32_t uptime_ms;	/* on the card's clock, at its first answer */
	uint32_t loads, build;
	char why[80];		/* reason for a failure */
};

void card_init(struct card *card);

/* Address of the first function that is not on the root bus, or a negative errno. */
int card_find(char *bdf, size_t size);

/* Set up driver, BARs and interrupt; return 0 or a negative errno, with the failed step in @why. */
int card_open(struct card *card, const char *bdf, char *why, size_t size);

/* Close it; with @is_unbound unbind the driver, too. */
void card_close(struct card *card, bool is_unbound);

/* Reset by the guest's kernel; return 0 or a negative errno. */
int card_reset(struct card *card);

/* Check registers, memory, DMA in both directions and interrupt with engine @nr; faults fail. */
bool card_check(struct card *card, unsigned int nr, struct card_state *state);

/*
 * Reset and start engine @nr with a page that goes to the card and back; @seed determines its
 * contents. Call only within card_guarded().
 */
void card_dma_start(struct card *card, unsigned int nr, struct engine *engine, uint32_t seed,
		    uint32_t ctrl);

/* Check the result: NULL, or a description of the error. */
const char *card_dma_result(struct card *card, unsigned int nr, const struct engine *engine,
			    uint32_t seed);

/* Run @fn, which accesses the card; false if an access faulted. */
bool card_guarded(void (*fn)(void *arg), void *arg);

#endif
