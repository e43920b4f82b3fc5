/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CARD_NUMBER_H
#define CARD_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A number as people write it: decimal, 0x or 0, and K, M or G behind it. False
 * when @text is anything else; the value does not fit, too, when the suffix makes
 * it larger than 64 bits.
 */
bool number_parse(const char *text, uint64_t *number);

#endif
