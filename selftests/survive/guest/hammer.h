/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_GUEST_HAMMER_H
#define FV_GUEST_HAMMER_H

#include "card.h"

/* Reads, writes and DMA without end, and what came of them. */
struct hammer {
	bool is_on, has_dma;
	struct engine engine;
	uint32_t seed;
	unsigned long long dma_end;	/* it is given up then */
	/* accesses in all; that found no card; that gave what no card and no link says; that
	 * faulted; pages that came back right; the longest access in microseconds
	 */
	uint64_t accesses, ones, wrong, faults, pages, longest_us;
};

void hammer_start(struct hammer *hammer);

/* Once. */
void hammer_strike(struct hammer *hammer, struct card *card);

#endif
