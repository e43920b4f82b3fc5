/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts that a function sends itself, as memory writes: MSI and MSI-X capabilities marked
 * "own" in the image. They are hidden from the client, so the card itself holds the registers, the
 * MSI-X table and their reset behavior.
 */
#ifndef CARD_MESSAGE_H
#define CARD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "irq.h"

/* Size of an MSI-X table entry. */
#define MESSAGE_ENTRY	16
#define MESSAGE_DWORDS	(MESSAGE_ENTRY / 4)

struct fn;

bool message_is_own(const struct fn *fn, enum irq_type type);

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
