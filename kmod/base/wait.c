// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include "base/wait.h"

/*
 * Poll interval: 1/50 of the elapsed time, from 1 to 10 ms. A card that is ready after
 * 50 ms is noticed within 1 ms; one that is ready after 500 ms takes some 160 reads.
 */
#define FV_PAUSE_MIN_US	1000
#define FV_PAUSE_MAX_US	10000
#define FV_PAUSE_SHARE	50

/* Timer slack: a required delay of 100 ms must not take 110 ms. */
#define FV_SLACK_MAX_US	500U

/* The system is about to sleep, or has just woken up. */
static bool fv_wait_is_asleep;

/* An exiting task may have a fatal signal pending, but must still be able to clean up. */
static int fv_wait_us(unsigned int us)
{
	unsigned int most_us = us + min(us / 10, FV_SLACK_MAX_US);

	if (current->flags & PF_EXITING) {
		usleep_range(us, most_us);
		return 0;
	}
	usleep_range_state(us, most_us, TASK_KILLABLE);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * fv_wait_begin - Start a bounded wait
 * @wait: the wait; is_over is set to NULL, ends_at_sleep to false
 * @limit_ms: limit, in milliseconds
 *
 * Context: Any.
 */
void fv_wait_begin(struct fv_wait *wait, unsigned int limit_ms)
{
	wait->is_over = NULL;
	wait->ends_at_sleep = false;
	wait->began = ktime_get();
	wait->end = ktime_add_ms(wait->began, limit_ms);
}

/**
 * fv_wait_pause - Sleep until the next poll
 * @wait: the wait
 *
 * The last sleep ends after the limit, so that there is always a poll at the limit.
 *
 * Context: Process context, may sleep.
 * Return: 0 to poll again, -ETIMEDOUT when the limit had passed before, -EINTR when
 * the process is being killed, or when @wait->is_over, -EAGAIN before the system sleeps, if
 * @wait->ends_at_sleep.
 */
int fv_wait_pause(struct fv_wait *wait)
{
	s64 elapsed_us, left_us;
	ktime_t now = ktime_get();

	if (wait->is_over && READ_ONCE(*wait->is_over))
		return -EINTR;
	if (wait->ends_at_sleep && READ_ONCE(fv_wait_is_asleep))
		return -EAGAIN;
	left_us = ktime_us_delta(wait->end, now);
	if (left_us <= 0)
		return -ETIMEDOUT;

	elapsed_us = ktime_us_delta(now, wait->began);
	return fv_wait_us(min_t(s64, left_us + 1, clamp_t(s64, elapsed_us / FV_PAUSE_SHARE,
							 FV_PAUSE_MIN_US, FV_PAUSE_MAX_US)));
}

/**
 * fv_wait_ms - Sleep for a delay that a specification requires
 * @ms: minimum time, in milliseconds
 *
 * Context: Process context, may sleep.
 * Return: 0, or -EINTR when the process is being killed; then less time has passed.
 */
int fv_wait_ms(unsigned int ms)
{
	struct fv_wait wait;
	int ret;

	fv_wait_begin(&wait, ms);
	do {
		s64 left_us = ktime_us_delta(wait.end, ktime_get());

		if (left_us <= 0)
			return 0;
		ret = fv_wait_us(left_us);
	} while (!ret);
	return ret;
}

/**
 * fv_wait_set_asleep - Abort the waits that must not keep the system from sleeping
 * @is_asleep: it goes to sleep, or has woken up
 *
 * Context: Any.
 */
void fv_wait_set_asleep(bool is_asleep)
{
	WRITE_ONCE(fv_wait_is_asleep, is_asleep);
}
