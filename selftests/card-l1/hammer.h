/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_HAMMER_H
#define FV_TEST_HAMMER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ticks.h"
#include "user.h"

/*
 * A user of the card who never rests: threads that read and write its registers through a
 * mapping and through the descriptor, read its configuration, and move data. Each value must
 * be what it should be, or all-ones; no access may take long.
 */

/*
 * An access that takes more ticks is a stall, on any machine: on a busy one they take ten. How
 * long the driver really keeps a user waiting is measured by make bench.
 */
#define HAMMER_STALL_TICKS 200

/* What the threads of one kind saw. */
struct hammer_seen {
	uint64_t accesses;
	uint64_t ones;
	uint64_t wrong;
	uint64_t stalls;
	uint64_t longest_ticks;
	uint64_t longest_ns;		/* whatever the machine did meanwhile */
};

struct hammer {
	struct user *user;
	bool stops;
	unsigned int nr;
	pthread_t threads[3];
	uint32_t id;			/* of the function, as configuration space has it */
	unsigned int sigbus_before;
	struct hammer_seen map, fd, dma;
	struct ticks ticks;
	uint64_t usual_ticks;		/* see hammer_goes_on() */
};

/* @user has to be equipped. */
void hammer_start(struct hammer *hammer, struct user *user);
void hammer_stop(struct hammer *hammer);

/*
 * Do accesses go on, of each kind, at no less than a tenth of the rate that they had at the
 * start? To be asked in the middle of what must not keep a user waiting; waits for some.
 */
bool hammer_goes_on(const struct hammer *hammer);

unsigned int hammer_sigbus(const struct hammer *hammer);

/*
 * On one line: sigbus N wrong N stalls N map-us N fd-us N accesses N ones N dma N idle-us N
 * map-ticks N fd-ticks N usual-ticks N, with the longest access of a kind in microseconds and in
 * ticks; dma: how often data was moved; idle-us: the longest time from one tick to the next.
 */
void hammer_print(const struct hammer *hammer);

#endif
