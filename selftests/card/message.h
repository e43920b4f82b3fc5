/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts that a function sends itself, as writes to memory: MSI and MSI-X capabilities that
 * the image marks "own". The client knows nothing of them, so that the registers, the MSI-X table
 * and what a reset makes of them are the card's.
 */
#ifndef CARD_MESSAGE_H
#define CARD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "irq.h"

/* Of a vector in the MSI-X table. */
#define MESSAGE_ENTRY	16
#define MESSAGE_DWORDS	(MESSAGE_ENTRY / 4)

struct fn;

bool message_is_own(const struct fn *fn, enum irq_type type);

/* The MSI-X table as after a reset: empty, and each vector masked. */
void message_reset(struct fn *fn);

/* Is a dword of a BAR in the MSI-X table? Then it is there at this offset. */
bool message_is_table(const struct fn *fn, unsigned int bar, uint64_t at, unsigned int *offset);
uint32_t message_table_read(const struct fn *fn, unsigned int offset);
void message_table_write(struct fn *fn, unsigned int offset, uint32_t value);

/* Is a write of configuration space one that a fault keeps from the MSI registers? */
bool message_is_stuck(const struct fn *fn, unsigned int at);

/* Send what is pending and not masked. */
void message_send(struct fn *fn);

#endif
