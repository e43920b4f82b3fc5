/* SPDX-License-Identifier: GPL-2.0 */
/* What is behind the BARs of a function that answers: registers, memory, the MSI-X pending bits. */
#ifndef CARD_BAR_H
#define CARD_BAR_H

#include <stddef.h>
#include <stdint.h>

struct fn;

void bar_read(struct fn *fn, unsigned int bar, uint64_t at, size_t len, uint8_t *bytes);
void bar_write(struct fn *fn, unsigned int bar, uint64_t at, size_t len, const uint8_t *bytes);

/* The expansion ROM: one image without code. */
void rom_read(const struct fn *fn, uint64_t at, size_t len, uint8_t *bytes);

/* Registers to their state after reset. */
void bar_reset(struct fn *fn);

#endif
