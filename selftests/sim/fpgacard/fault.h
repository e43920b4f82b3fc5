/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults that act by themselves: storms of interrupts and DMA, and images that load with a wrong
 * identity. Faults that modify the card's life are in struct life_faults.
 */
#ifndef CARD_FAULT_H
#define CARD_FAULT_H

#include <stdint.h>

#include "state.h"

void fault_tick(struct card *card, uint64_t now);
uint64_t fault_next(const struct card *card);

/* Start the storms that are armed for this kind of reset. */
void fault_reset(struct card *card, unsigned int fn, unsigned int kind);

/* Apply "wrong" faults to an image that becomes the card's. */
void fault_image(struct card *card, struct image *image);

void fault_storm(struct storm *storm, uint64_t now);

/* Turn all faults off. */
void fault_clear(struct card *card);

#endif
