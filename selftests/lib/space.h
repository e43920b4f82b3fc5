/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_SPACE_H
#define FV_TEST_SPACE_H

#include <stdint.h>

#define SPACE_SIZE 4096

/* The configuration spaces of a card and its port, as the host sees them. */
struct spaces {
	uint8_t card[SPACE_SIZE], port[SPACE_SIZE];
};

/* Clear what a port says of what happened, or of its link: the rest is what software sets. */
void space_drop_status(uint8_t *space);

void spaces_read(const char *bdf, struct spaces *spaces);

/* How many bytes are others than before; each is printed. */
unsigned int spaces_differ(const struct spaces *before, const struct spaces *after);

#endif
