// SPDX-License-Identifier: GPL-2.0
/*
 * Print the TSC frequency of this machine in kHz. An emulated CPU has the same TSC, but a guest
 * cannot measure it while its host is busy.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define PAIRS 1000
#define SPAN_NS 200000000ull

struct stamp {
	uint64_t ns;
	uint64_t tsc;
};

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Read both clocks; keep the closest of PAIRS pairs. */
static struct stamp stamp(void)
{
	uint64_t least = UINT64_MAX, before, after, ns;
	struct stamp best = { 0 };
	int i;

	for (i = 0; i < PAIRS; i++) {
		before = __rdtsc();
		ns = monotonic_ns();
		after = __rdtsc();
		if (after - before >= least)
			continue;
		least = after - before;
		best = (struct stamp){ .ns = ns, .tsc = before + least / 2 };
	}
	return best;
}

int main(void)
{
	struct stamp first = stamp(), last;

	while (monotonic_ns() - first.ns < SPAN_NS)
		continue;
	last = stamp();
	printf("%ju\n", (uintmax_t)((last.tsc - first.tsc) * 1000000 / (last.ns - first.ns)));
	return 0;
}
