// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "ticks.h"

#define PRIORITY 2		/* above the threads of hammer.c */

static void *run(void *arg)
{
	struct ticks_cpu *cpu = arg;
	uint64_t last = now_ns(), now;

	while (!__atomic_load_n(&cpu->ticks->stops, __ATOMIC_RELAXED)) {
		nap_ms(1);
		now = now_ns();
		if (now - last > cpu->longest_ns)
			cpu->longest_ns = now - last;
		last = now;
		__atomic_store_n(&cpu->nr, cpu->nr + 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void start(struct ticks_cpu *cpu)
{
	struct sched_param param = { .sched_priority = PRIORITY };
	cpu_set_t set;

	if (pthread_create(&cpu->thread, NULL, run, cpu))
		fail("pthread_create failed");
	CPU_ZERO(&set);
	CPU_SET(cpu->cpu, &set);
	if (pthread_setaffinity_np(cpu->thread, sizeof(set), &set))
		fail("processor %u takes no thread", cpu->cpu);
	/* without permission, the thread competes with others */
	pthread_setschedparam(cpu->thread, SCHED_FIFO, &param);
}

void ticks_start(struct ticks *ticks)
{
	unsigned int i;

	memset(ticks, 0, sizeof(*ticks));
	ticks->nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (ticks->nr_cpus > TICKS_CPUS)
		fail("%u processors are more than %u", ticks->nr_cpus, TICKS_CPUS);
	for (i = 0; i < ticks->nr_cpus; i++) {
		ticks->cpus[i].ticks = ticks;
		ticks->cpus[i].cpu = i;
		start(&ticks->cpus[i]);
	}
}

void ticks_stop(struct ticks *ticks)
{
	unsigned int i;

	__atomic_store_n(&ticks->stops, true, __ATOMIC_RELAXED);
	for (i = 0; i < ticks->nr_cpus; i++)
		pthread_join(ticks->cpus[i].thread, NULL);
}

void ticks_now(const struct ticks *ticks, struct ticks_mark *mark)
{
	unsigned int i;

	for (i = 0; i < ticks->nr_cpus; i++)
		mark->nr[i] = __atomic_load_n(&ticks->cpus[i].nr, __ATOMIC_RELAXED);
}

uint64_t ticks_since(const struct ticks *ticks, const struct ticks_mark *mark)
{
	uint64_t fewest = UINT64_MAX, nr;
	unsigned int i;

	for (i = 0; i < ticks->nr_cpus; i++) {
		nr = __atomic_load_n(&ticks->cpus[i].nr, __ATOMIC_RELAXED) - mark->nr[i];
		if (nr < fewest)
			fewest = nr;
	}
	return ticks->nr_cpus ? fewest : 0;
}

uint64_t ticks_longest(const struct ticks *ticks)
{
	uint64_t longest = 0;
	unsigned int i;

	for (i = 0; i < ticks->nr_cpus; i++)
		if (ticks->cpus[i].longest_ns > longest)
			longest = ticks->cpus[i].longest_ns;
	return longest;
}
