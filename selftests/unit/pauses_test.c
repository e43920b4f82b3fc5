// SPDX-License-Identifier: GPL-2.0
/* What processors did not run is taken off once: selftests/card-l1/pauses.c. */
#include <stdint.h>

#include "kselftest_harness.h"

#include "../card-l1/pauses.h"

FIXTURE(pauses)
{
	struct pauses pauses;
};

FIXTURE_SETUP(pauses)
{
	self->pauses.nr_cpus = 2;
	self->pauses.cpus[0].looked_ns = UINT64_MAX;
	self->pauses.cpus[1].looked_ns = UINT64_MAX;
}

FIXTURE_TEARDOWN(pauses)
{
}

static void add(struct pauses *pauses, unsigned int cpu, uint64_t from_ns, uint64_t to_ns)
{
	struct pauses_cpu *at = &pauses->cpus[cpu];

	at->seen[at->nr++ % PAUSES_KEPT] = (struct pause){ from_ns, to_ns };
}

TEST_F(pauses, none)
{
	add(&self->pauses, 0, 10, 100);
	add(&self->pauses, 1, 200, 300);
	EXPECT_EQ(0, pauses_within(&self->pauses, 100, 200));
}

TEST_F(pauses, only_what_is_within)
{
	add(&self->pauses, 0, 50, 120);
	add(&self->pauses, 1, 190, 300);
	EXPECT_EQ(30, pauses_within(&self->pauses, 100, 200));
	EXPECT_EQ(20, pauses_within(&self->pauses, 100, 190));
}

TEST_F(pauses, all_of_it)
{
	add(&self->pauses, 1, 50, 300);
	EXPECT_EQ(100, pauses_within(&self->pauses, 100, 200));
}

TEST_F(pauses, two_processors_count_once)
{
	add(&self->pauses, 0, 110, 150);
	add(&self->pauses, 1, 120, 130);
	add(&self->pauses, 1, 140, 170);
	EXPECT_EQ(60, pauses_within(&self->pauses, 100, 200));
}

TEST_F(pauses, one_after_the_other)
{
	add(&self->pauses, 1, 110, 120);
	add(&self->pauses, 0, 120, 140);
	add(&self->pauses, 1, 160, 165);
	EXPECT_EQ(35, pauses_within(&self->pauses, 100, 200));
}

/* Of more than are kept, the last. */
TEST_F(pauses, many)
{
	unsigned int i;

	for (i = 0; i < PAUSES_KEPT + 10; i++)
		add(&self->pauses, 0, 10 * i, 10 * i + 4);
	EXPECT_EQ(4 * PAUSES_KEPT, pauses_within(&self->pauses, 0, 1000000));
}

TEST_HARNESS_MAIN
