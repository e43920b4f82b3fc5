// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "pauses.h"

#define SLEEP_NS 1000000ull
#define LEAST_NS 1000000ull	/* that it wakes later by less is no pause */
#define PRIORITY 2		/* above the threads of hammer.c */

static void sleep_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = SLEEP_NS }, NULL);
}

static void note(struct pauses_cpu *cpu, uint64_t from_ns, uint64_t to_ns)
{
	struct pause *pause = &cpu->seen[cpu->nr % PAUSES_KEPT];

	if (to_ns - from_ns > cpu->longest_ns)
		cpu->longest_ns = to_ns - from_ns;
	pause->from_ns = from_ns;
	pause->to_ns = to_ns;
	__atomic_store_n(&cpu->nr, cpu->nr + 1, __ATOMIC_RELEASE);
}

static void *run(void *arg)
{
	struct pauses_cpu *cpu = arg;
	uint64_t start, now;

	while (!__atomic_load_n(&cpu->pauses->stops, __ATOMIC_RELAXED)) {
		start = now_ns();
		sleep_a_little();
		now = now_ns();
		/* it may have stopped as soon as this thread slept */
		if (now - start > SLEEP_NS + LEAST_NS)
			note(cpu, start, now);
		__atomic_store_n(&cpu->looked_ns, now, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&cpu->looked_ns, UINT64_MAX, __ATOMIC_RELEASE);
	return NULL;
}

static void start(struct pauses_cpu *cpu)
{
	struct sched_param param = { .sched_priority = PRIORITY };
	cpu_set_t set;

	if (pthread_create(&cpu->thread, NULL, run, cpu))
		fail("pthread_create failed");
	CPU_ZERO(&set);
	CPU_SET(cpu->cpu, &set);
	if (pthread_setaffinity_np(cpu->thread, sizeof(set), &set))
		fail("processor %u takes no thread", cpu->cpu);
	/* who may not has to wait like others */
	pthread_setschedparam(cpu->thread, SCHED_FIFO, &param);
}

void pauses_start(struct pauses *pauses)
{
	unsigned int i;

	memset(pauses, 0, sizeof(*pauses));
	pauses->nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (pauses->nr_cpus > PAUSES_CPUS)
		fail("%u processors are more than %u", pauses->nr_cpus, PAUSES_CPUS);
	for (i = 0; i < pauses->nr_cpus; i++) {
		pauses->cpus[i].pauses = pauses;
		pauses->cpus[i].cpu = i;
		start(&pauses->cpus[i]);
	}
}

void pauses_stop(struct pauses *pauses)
{
	unsigned int i;

	__atomic_store_n(&pauses->stops, true, __ATOMIC_RELAXED);
	for (i = 0; i < pauses->nr_cpus; i++)
		pthread_join(pauses->cpus[i].thread, NULL);
}

uint64_t pauses_longest(const struct pauses *pauses)
{
	uint64_t longest = 0;
	unsigned int i;

	for (i = 0; i < pauses->nr_cpus; i++)
		if (pauses->cpus[i].longest_ns > longest)
			longest = pauses->cpus[i].longest_ns;
	return longest;
}

/* The part of a pause that comes first behind @at_ns. */
static struct pause first_of(const struct pauses_cpu *cpu, struct pause best, uint64_t at_ns)
{
	unsigned int nr = __atomic_load_n(&cpu->nr, __ATOMIC_ACQUIRE), i;

	for (i = nr > PAUSES_KEPT ? nr - PAUSES_KEPT : 0; i < nr; i++) {
		struct pause pause = cpu->seen[i % PAUSES_KEPT];

		if (pause.to_ns <= at_ns)
			continue;
		if (pause.from_ns < at_ns)
			pause.from_ns = at_ns;
		if (pause.from_ns < best.from_ns)
			best = pause;
	}
	return best;
}

uint64_t pauses_within(const struct pauses *pauses, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t at_ns = from_ns, sum = 0;
	unsigned int i;

	for (i = 0; i < pauses->nr_cpus; i++)
		while (__atomic_load_n(&pauses->cpus[i].looked_ns, __ATOMIC_ACQUIRE) < to_ns)
			sleep_a_little();
	for (;;) {
		struct pause first = { .from_ns = to_ns };

		for (i = 0; i < pauses->nr_cpus; i++)
			first = first_of(&pauses->cpus[i], first, at_ns);
		if (first.from_ns >= to_ns)
			return sum;
		at_ns = first.to_ns < to_ns ? first.to_ns : to_ns;
		sum += at_ns - first.from_ns;
	}
}
