/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_HAMMER_H
#define FV_TEST_HAMMER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ticks.h"
#include "user.h"

/*
 * A user that accesses the card constantly: threads that read and write registers through a mapping
 * and through the device fd, read config space, and do DMA. Each value must be the expected one or
 * all-ones; no access may stall.
 */

/*
 * A stall on any machine; a busy one needs up to ten ticks. "make bench" measures how long the
 * driver really delays a user.
 */
#define HAMMER_STALL_TICKS 200

/* Results of the threads of one kind. */
struct hammer_seen {
	uint64_t accesses;
	uint64_t ones;
	uint64_t wrong;
	uint64_t stalls;
	uint64_t longest_ticks;
	uint64_t longest_ns;		/* including delays by the machine */
};

struct hammer {
	struct user *user;
	bool stops;
	unsigned int nr;
	pthread_t threads[3];
	uint32_t id;			/* of the function, from config space */
	unsigned int sigbus_before;
	struct hammer_seen map, fd, dma;
	struct ticks ticks;
	uint64_t usual_ticks;		/* see hammer_goes_on() */
};

/* @user must be equipped. */
void hammer_start(struct hammer *hammer, struct user *user);
void hammer_stop(struct hammer *hammer);

/*
 * True if accesses of each kind continue at no less than a tenth of their rate at the start. To be
 * called during an operation that must not block the user; waits for some accesses.
 */
bool hammer_goes_on(const struct hammer *hammer);

unsigned int hammer_sigbus(const struct hammer *hammer);

/*
 * Print one line: sigbus N wrong N stalls N map-us N fd-us N accesses N ones N dma N idle-us N
 * map-ticks N fd-ticks N usual-ticks N. Longest access of each kind in microseconds and in ticks;
 * dma: number of transfers; idle-us: longest time between two ticks.
 */
void hammer_print(const struct hammer *hammer);

#endif
