/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_ORDERS_H
#define FV_TEST_ORDERS_H

#include "hammer.h"
#include "user.h"

/*
 * Text commands for a user of the card, with results; numbers are hexadecimal:
 *	reset			ERRNO
 *	flr			microseconds of the config write that requests FLR
 *	read OFFSET		VALUE, from BAR 0
 *	write OFFSET VALUE	ERRNO
 *	pread REGION OFFSET SIZE	count or ERRNO, "ones" or the first byte
 *	pwrite REGION OFFSET SIZE BYTE	count or ERRNO
 *	map BAR, unmap BAR	ERRNO
 *	get BAR OFFSET		VALUE through the mapping, or SIGBUS
 *	put BAR OFFSET VALUE	0, or SIGBUS
 *	faults BAR		page faults of a new mapping: first and second pass
 *	dma			0 if DMA and interrupt worked, see user.h
 *	usable			wait until the mapped BAR 0 was all-ones and is back:
 *				milliseconds since the image was loaded, or ETIMEDOUT
 *	hammer on|off, hammer	results so far, see hammer.h
 *	hammer goes on		0, or ESTALLED if hammer_goes_on() is false
 */

struct orders {
	struct user *user;	/* open, not equipped */
	bool is_equipped;
	struct {
		volatile uint32_t *at;
		size_t size;
	} map[6];
	struct hammer hammer;
};

void orders_init(struct orders *orders, struct user *user);

/* Execute @line and print the result as one line. */
void orders_obey(struct orders *orders, const char *line);

/* Stop the hammer; return the number of SIGBUS. */
unsigned int orders_end(struct orders *orders);

#endif
