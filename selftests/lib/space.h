/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_SPACE_H
#define FV_TEST_SPACE_H

#include <stdint.h>

#define SPACE_SIZE 4096

/* Config space of a card and its port, as the host reads it. */
struct spaces {
	uint8_t card[SPACE_SIZE], port[SPACE_SIZE];
};

/* Clear the event and link status bits, so that only bits set by software remain. */
void space_drop_status(uint8_t *space);

void spaces_read(const char *bdf, struct spaces *spaces);

/* Print the bytes that differ; return their number. */
unsigned int spaces_differ(const struct spaces *before, const struct spaces *after);

#endif
