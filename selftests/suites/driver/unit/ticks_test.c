// SPDX-License-Identifier: GPL-2.0
/* selftests/lib/card/ticks.c: a slow operation is told from a thread that got no CPU. */
#include <stdint.h>

#include "kselftest_harness.h"

#include "card/ticks.h"

FIXTURE(ticks)
{
	struct ticks ticks;
	struct ticks_mark mark;
};

FIXTURE_SETUP(ticks)
{
	self->ticks.nr_cpus = 2;
	self->ticks.cpus[0].nr = 1000;
	self->ticks.cpus[1].nr = 7;
	ticks_now(&self->ticks, &self->mark);
}

FIXTURE_TEARDOWN(ticks)
{
}

static uint64_t since(struct _test_data_ticks *self)
{
	return ticks_since(&self->ticks, &self->mark);
}

TEST_F(ticks, both_run)
{
	EXPECT_EQ(0, since(self));
	self->ticks.cpus[0].nr += 30;
	self->ticks.cpus[1].nr += 20;
	EXPECT_EQ(20, since(self));
	self->ticks.cpus[1].nr += 20;
	EXPECT_EQ(30, since(self));
}

TEST_F(ticks, one_stands_still)
{
	self->ticks.cpus[0].nr += 5000;
	EXPECT_EQ(0, since(self));
}

TEST_F(ticks, without_a_processor)
{
	self->ticks.nr_cpus = 0;
	EXPECT_EQ(0, since(self));
}

TEST_HARNESS_MAIN
