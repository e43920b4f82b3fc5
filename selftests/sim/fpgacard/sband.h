/* SPDX-License-Identifier: GPL-2.0 */
/* The card's side of sideband.h. */
#ifndef CARD_SBAND_H
#define CARD_SBAND_H

#include <stddef.h>
#include <stdint.h>

#include "state.h"

uint8_t sband_read_byte(struct fn *fn, unsigned int at);

/* Ignores all but aligned dwords. */
void sband_write(struct fn *fn, unsigned int at, size_t len, const uint8_t *bytes);

#endif
