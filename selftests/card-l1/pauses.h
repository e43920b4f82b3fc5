/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_PAUSES_H
#define FV_TEST_PAUSES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * When the processors of this machine, which are threads of another one, did not run: a thread
 * on each of them, which comes before all that a test does, sleeps again and again and looks how
 * late it wakes. So what a test had to wait for is told from what its processor had to wait for.
 */

#define PAUSES_CPUS 8
#define PAUSES_KEPT 256		/* the last ones of each processor */

struct pause {
	uint64_t from_ns;	/* of the monotonic clock */
	uint64_t to_ns;
};

struct pauses_cpu {
	struct pauses *pauses;
	unsigned int cpu;
	pthread_t thread;
	uint64_t looked_ns;		/* when it last woke */
	uint64_t longest_ns;
	unsigned int nr;		/* of pauses so far */
	struct pause seen[PAUSES_KEPT];
};

struct pauses {
	bool stops;
	unsigned int nr_cpus;
	struct pauses_cpu cpus[PAUSES_CPUS];
};

void pauses_start(struct pauses *pauses);
void pauses_stop(struct pauses *pauses);

/* The longest so far, in ns. */
uint64_t pauses_longest(const struct pauses *pauses);

/*
 * How long some processor did not run between two times of the monotonic clock that are not
 * long ago, in ns. Waits until each has looked after @to_ns.
 */
uint64_t pauses_within(const struct pauses *pauses, uint64_t from_ns, uint64_t to_ns);

#endif
