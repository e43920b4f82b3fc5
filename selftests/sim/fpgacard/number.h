/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CARD_NUMBER_H
#define CARD_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Parse a decimal, 0x or octal number with an optional suffix K, M or G. Return false if @text is
 * malformed or the value exceeds 64 bits.
 */
bool number_parse(const char *text, uint64_t *number);

#endif
