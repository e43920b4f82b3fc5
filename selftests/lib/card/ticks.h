/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_TICKS_H
#define FV_TEST_TICKS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A clock that stops while a CPU does not run; the CPUs are threads of a host. A high-priority
 * thread per CPU repeatedly sleeps for a millisecond and counts. An operation that took many ticks
 * waited for the driver; one that took long in few ticks waited for a CPU.
 */

#define TICKS_CPUS 8

struct ticks_cpu {
	struct ticks *ticks;
	unsigned int cpu;
	pthread_t thread;
	uint64_t nr;
	uint64_t longest_ns;	/* longest interval */
};

struct ticks {
	bool stops;
	unsigned int nr_cpus;
	struct ticks_cpu cpus[TICKS_CPUS];
};

/* A point in time: the counts of all CPUs. */
struct ticks_mark {
	uint64_t nr[TICKS_CPUS];
};

void ticks_start(struct ticks *ticks);
void ticks_stop(struct ticks *ticks);

/* Take the current time. */
void ticks_now(const struct ticks *ticks, struct ticks_mark *mark);

/* Ticks since @mark, the minimum of all CPUs. */
uint64_t ticks_since(const struct ticks *ticks, const struct ticks_mark *mark);

/* Longest interval between two ticks so far, in ns. */
uint64_t ticks_longest(const struct ticks *ticks);

#endif
