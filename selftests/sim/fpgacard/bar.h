/* SPDX-License-Identifier: GPL-2.0 */
/* Contents of a function's BARs: registers, memory, the MSI-X PBA. */
#ifndef CARD_BAR_H
#define CARD_BAR_H

#include <stddef.h>
#include <stdint.h>

#include "state.h"

void bar_read(struct fn *fn, unsigned int bar, uint64_t at, size_t len, uint8_t *bytes);
void bar_write(struct fn *fn, unsigned int bar, uint64_t at, size_t len, const uint8_t *bytes);

/* The expansion ROM: one image without code. */
void rom_read(const struct fn *fn, uint64_t at, size_t len, uint8_t *bytes);

/* Reset the registers. */
void bar_reset(struct fn *fn);

#endif
