/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts of a function. The client delivers them (irq.h), except for MSI and MSI-X capabilities
 * marked "own" in the image: these are hidden from the client, so the card itself holds the
 * registers, the MSI-X table and their reset behavior, and sends the interrupts as memory writes.
 */
#ifndef CARD_MESSAGE_H
#define CARD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state.h"

bool message_is_own(const struct fn *fn, enum irq_type type);

/* Raise an interrupt through MSI-X or MSI, whichever is enabled. */
void message_raise(struct fn *fn, uint32_t vector);

/* An enable or mask bit in config space changed: deliver the vectors that are no longer held. */
void message_unmasked(struct fn *fn);

/* Reset the MSI-X table: all entries empty and masked. */
void message_reset(struct fn *fn);

/* True if a dword of a BAR is in the MSI-X table; sets its @offset in the table. */
bool message_is_table(const struct fn *fn, unsigned int bar, uint64_t at, unsigned int *offset);
uint32_t message_table_read(const struct fn *fn, unsigned int offset);
void message_table_write(struct fn *fn, unsigned int offset, uint32_t value);

/* True if a fault drops this config write to the MSI registers. */
bool message_is_stuck(const struct fn *fn, unsigned int at);

/* Send the pending vectors that are not masked. */
void message_send(struct fn *fn);

#endif
