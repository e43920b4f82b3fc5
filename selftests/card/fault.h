/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults that act by themselves: storms of interrupts and DMA, and images that load with a wrong
 * identity. Faults that modify the card's life are in struct life_faults.
 */
#ifndef CARD_FAULT_H
#define CARD_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

struct card;
struct fn;

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
