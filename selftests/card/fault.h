/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The faults that have a life of their own: storms of interrupts and DMA, and
 * images that come out wrong. Faults of the card's life are in struct life_faults.
 */
#ifndef CARD_FAULT_H
#define CARD_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

struct card;
struct fn;

/* One kind of storm. Off, armed (waits for a reset of a kind), or blowing. */
struct storm {
	bool is_armed, is_blowing;
	uint32_t on;			/* bits 1 << enum life_reset that set it off */
	uint32_t rate;			/* per second */
	uint32_t for_ms;		/* 0: until it is stopped */
	bool is_write;			/* DMA: writes, otherwise reads */
	bool has_address;
	uint64_t address;		/* DMA: there, otherwise anywhere below 4 GiB by the seed */
	uint32_t vector;		/* interrupts */
	unsigned int fn;
	uint64_t next, end;
	uint64_t count;			/* how often it struck */
};

struct fault {
	struct storm irq, dma;
	/* the next loads come out with another ... */
	int wrong;			/* times left, or LIFE_ALWAYS */
	bool has_id, has_subsystem, has_class, has_bar, has_serial;
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class_code;
	unsigned int bar;
	uint64_t bar_size;
	uint64_t serial;
	/* the design takes so long to start, or LIFE_HELD, whatever the image says */
	bool has_design;
	int64_t design_ms;
	bool is_deaf;			/* and takes no write to a BAR before that */
	/* own interrupts: the MSI-X table from a vector on, or the MSI registers, take no writes */
	bool has_stuck_table, is_msi_stuck;
	unsigned int stuck_vector;
};

void fault_tick(struct card *card, uint64_t now);
uint64_t fault_next(const struct card *card);

/* A function was reset: does that set off a storm? */
void fault_reset(struct card *card, unsigned int fn, unsigned int kind);

/* An image is about to become the card's. */
void fault_image(struct card *card, struct image *image);

void fault_storm(struct storm *storm, uint64_t now);

/* All faults off, as after the start. */
void fault_clear(struct card *card);

#endif
