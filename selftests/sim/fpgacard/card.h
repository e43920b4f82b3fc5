/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The card as a whole: runs its parts. All client accesses pass through this file and get the
 * response that fits the state of the card's life.
 */
#ifndef CARD_CARD_H
#define CARD_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "state.h"

/* @log: additional output of the trace, or NULL. */
void card_init(struct card *card, const struct image *image, const char *path, uint64_t seed,
	       FILE *log);
void card_exit(struct card *card);

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

#endif
