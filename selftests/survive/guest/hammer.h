/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_GUEST_HAMMER_H
#define FV_GUEST_HAMMER_H

#include "card.h"

/* Continuous reads, writes and DMA, and their results. */
struct hammer {
	bool is_on, has_dma;
	struct engine engine;
	uint32_t seed;
	unsigned long long dma_end;	/* time to give up the current transfer */
	/* accesses: total; all-ones; neither a valid value nor all-ones; faulted; pages returned
	 * correctly; longest access in microseconds
	 */
	uint64_t accesses, ones, wrong, faults, pages, longest_us;
};

void hammer_start(struct hammer *hammer);

/* Once. */
void hammer_strike(struct hammer *hammer, struct card *card);

#endif
