/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_TICKS_H
#define FV_TEST_TICKS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A clock that stands still while a processor of this machine does not run, as they are threads
 * of another machine: a thread on each, which comes before all that a test does, sleeps for a
 * millisecond again and again, and counts. What took many ticks had to wait for the driver; what
 * took long in a few ticks had to wait for a processor.
 */

#define TICKS_CPUS 8

struct ticks_cpu {
	struct ticks *ticks;
	unsigned int cpu;
	pthread_t thread;
	uint64_t nr;
	uint64_t longest_ns;	/* from one to the next */
};

struct ticks {
	bool stops;
	unsigned int nr_cpus;
	struct ticks_cpu cpus[TICKS_CPUS];
};

/* A time, by the counts of all processors. */
struct ticks_mark {
	uint64_t nr[TICKS_CPUS];
};

void ticks_start(struct ticks *ticks);
void ticks_stop(struct ticks *ticks);

/* Now. */
void ticks_now(const struct ticks *ticks, struct ticks_mark *mark);

/* Ticks since then, of the processor that had the fewest. */
uint64_t ticks_since(const struct ticks *ticks, const struct ticks_mark *mark);

/* The longest time from one tick to the next so far, in ns. */
uint64_t ticks_longest(const struct ticks *ticks);

#endif
