// SPDX-License-Identifier: GPL-2.0
/* base/wait.c: poll intervals and limits. */
#include "kselftest_harness.h"

#include "base/wait.h"

FIXTURE(wait)
{
	struct fv_wait wait;
};

FIXTURE_SETUP(wait)
{
	kernel_begins();
}

FIXTURE_TEARDOWN(wait)
{
	kernel_ends();
}

static u64 slept_us;

static void note_sleep(u64 us)
{
	slept_us = us;
}

/* A pause is a fiftieth of the elapsed time, within 1 ms and 10 ms. */
TEST_F(wait, pauses_grow_with_the_time)
{
	static const struct {
		unsigned int after_ms, pause_us;
	} rows[] = {
		{ 0, 1000 }, { 49, 1000 }, { 50, 1000 }, { 51, 1020 }, { 100, 2000 },
		{ 250, 5000 }, { 499, 9980 }, { 500, 10000 }, { 501, 10000 }, { 60000, 10000 },
	};
	size_t i;

	kernel_on_sleep = note_sleep;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fv_wait_begin(&self->wait, 100000);
		kernel_ns += rows[i].after_ms * NSEC_PER_MSEC;
		EXPECT_EQ(0, fv_wait_pause(&self->wait));
		EXPECT_EQ(rows[i].pause_us, slept_us)
			TH_LOG("after %u ms", rows[i].after_ms);
		EXPECT_EQ(TASK_KILLABLE, kernel_state);
	}
}

/* The last pause ends just after the limit, for a last check. */
TEST_F(wait, the_last_poll_is_at_the_end)
{
	fv_wait_begin(&self->wait, 100);
	kernel_ns += 100 * NSEC_PER_MSEC - 700 * NSEC_PER_USEC;
	kernel_on_sleep = note_sleep;
	EXPECT_EQ(0, fv_wait_pause(&self->wait));
	EXPECT_EQ(701, slept_us);
	EXPECT_EQ(-ETIMEDOUT, fv_wait_pause(&self->wait));
	EXPECT_EQ(1, kernel_sleeps);
	/* a microsecond left, and none left */
	fv_wait_begin(&self->wait, 100);
	kernel_ns += 100 * NSEC_PER_MSEC - NSEC_PER_USEC;
	EXPECT_EQ(0, fv_wait_pause(&self->wait));
	EXPECT_EQ(2, slept_us);
	fv_wait_begin(&self->wait, 100);
	kernel_ns += 100 * NSEC_PER_MSEC;
	EXPECT_EQ(-ETIMEDOUT, fv_wait_pause(&self->wait));
	EXPECT_EQ(2, kernel_sleeps);
}

TEST_F(wait, the_limit_is_kept)
{
	static const unsigned int limits_ms[] = { 0, 1, 10, 100, 1000 };
	u64 began_ns;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(limits_ms); i++) {
		fv_wait_begin(&self->wait, limits_ms[i]);
		began_ns = kernel_ns;
		do {
			ret = fv_wait_pause(&self->wait);
		} while (!ret);
		EXPECT_EQ(-ETIMEDOUT, ret);
		EXPECT_LE(limits_ms[i] * NSEC_PER_MSEC, kernel_ns - began_ns);
		EXPECT_GE(limits_ms[i] * NSEC_PER_MSEC + 1000, kernel_ns - began_ns);
	}
}

/* Timer slack of a tenth, at most half a millisecond. */
TEST_F(wait, there_is_some_slack)
{
	fv_wait_begin(&self->wait, 1000);
	EXPECT_EQ(0, fv_wait_pause(&self->wait));
	EXPECT_EQ(1100, kernel_most_us);
	kernel_ns += 500 * NSEC_PER_MSEC;
	EXPECT_EQ(0, fv_wait_pause(&self->wait));
	EXPECT_EQ(10500, kernel_most_us);
	EXPECT_EQ(0, fv_wait_ms(100));
	EXPECT_EQ(100500, kernel_most_us);
}

TEST_F(wait, a_kill_ends_it)
{
	fv_wait_begin(&self->wait, 1000);
	current->is_killed = true;
	EXPECT_EQ(-EINTR, fv_wait_pause(&self->wait));
	EXPECT_EQ(-EINTR, fv_wait_ms(10));
	/* an exiting task cleans up and waits to the end */
	current->flags = PF_EXITING;
	EXPECT_EQ(0, fv_wait_pause(&self->wait));
	EXPECT_NE(TASK_KILLABLE, kernel_state);
	EXPECT_EQ(0, fv_wait_ms(10));
	current->flags = PF_KTHREAD;
	EXPECT_EQ(-EINTR, fv_wait_pause(&self->wait));
}

TEST_F(wait, there_may_be_nothing_to_wait_for_any_more)
{
	bool is_over = false;

	fv_wait_begin(&self->wait, 1000);
	self->wait.is_over = &is_over;
	EXPECT_EQ(0, fv_wait_pause(&self->wait));
	is_over = true;
	EXPECT_EQ(-EINTR, fv_wait_pause(&self->wait));
	EXPECT_EQ(1, kernel_sleeps);
	fv_wait_begin(&self->wait, 1000);
	EXPECT_EQ(NULL, self->wait.is_over);
}

/* A wait that could last for a minute does not keep the system from sleeping. */
TEST_F(wait, a_sleep_of_the_system_ends_it)
{
	fv_wait_begin(&self->wait, 1000);
	fv_wait_set_asleep(true);
	EXPECT_EQ(0, fv_wait_pause(&self->wait));
	self->wait.ends_at_sleep = true;
	EXPECT_EQ(-EAGAIN, fv_wait_pause(&self->wait));
	EXPECT_EQ(0, fv_wait_ms(10));
	fv_wait_set_asleep(false);
	EXPECT_EQ(0, fv_wait_pause(&self->wait));
	fv_wait_begin(&self->wait, 1000);
	EXPECT_FALSE(self->wait.ends_at_sleep);
}

static void wakes_early(u64 us)
{
	kernel_ns -= us * NSEC_PER_USEC / 2;
}

TEST_F(wait, a_time_is_at_least_as_long)
{
	u64 began_ns = kernel_ns;

	EXPECT_EQ(0, fv_wait_ms(100));
	EXPECT_EQ(100 * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_EQ(1, kernel_sleeps);
	EXPECT_EQ(0, fv_wait_ms(0));
	EXPECT_EQ(1, kernel_sleeps);
	/* also when sleeps are short; less than a microsecond is ignored */
	kernel_on_sleep = wakes_early;
	began_ns = kernel_ns;
	EXPECT_EQ(0, fv_wait_ms(100));
	EXPECT_LE(100 * NSEC_PER_MSEC - 1000, kernel_ns - began_ns);
}

TEST_HARNESS_MAIN
