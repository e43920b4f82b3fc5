/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_ORDERS_H
#define FV_TEST_ORDERS_H

#include "hammer.h"
#include "user.h"

/*
 * What a user does when he is told, by words; numbers are hexadecimal:
 *	reset			ERRNO
 *	flr			the microseconds that a write took which asks for an FLR
 *	read OFFSET		VALUE, of BAR 0
 *	write OFFSET VALUE	ERRNO
 *	pread REGION OFFSET SIZE	how many or ERRNO, "ones" or the first
 *	pwrite REGION OFFSET SIZE BYTE	how many or ERRNO
 *	map BAR, unmap BAR	ERRNO
 *	get BAR OFFSET		VALUE of the mapping, or SIGBUS
 *	put BAR OFFSET VALUE	0, or SIGBUS
 *	faults BAR		page faults of a new mapping: all pages touched, and once more
 *	dma			0 if the card moved data and said so by interrupt: user.h
 *	usable			waits until the mapped BAR 0 was all-ones, and is there: the
 *				milliseconds since its image was loaded, or ETIMEDOUT
 *	hammer on|off, hammer	what it saw until now, see hammer.h
 *	hammer goes on		0, or ESTALLED if hammer_goes_on() says no
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

/* Print what came of it, as one line. */
void orders_obey(struct orders *orders, const char *line);

/* The hammer stops. Number of SIGBUS that there were. */
unsigned int orders_end(struct orders *orders);

#endif
