// SPDX-License-Identifier: GPL-2.0
#include <linux/delay.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include "wait.h"

/*
 * What is waited for is seen at most a fiftieth of the time late that it took, and
 * at most 10 ms: no sooner than needed for a card that is ready after 50 ms, and
 * in some 160 reads for one that is ready after 500.
 */
#define FV_PAUSE_MIN_US	1000
#define FV_PAUSE_MAX_US	10000
#define FV_PAUSE_SHARE	50

/* A card that may be asked after 100 ms is not to wait for 110. */
#define FV_SLACK_MAX_US	500U

/* Sleep; a process that ends anyway is not told to, or it could not clean up. */
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
 * fv_wait_begin - Begin to wait
 * @wait: the wait
 * @limit_ms: how long at most, in milliseconds
 *
 * Context: Any.
 */
void fv_wait_begin(struct fv_wait *wait, unsigned int limit_ms)
{
	wait->is_over = NULL;
	wait->began = ktime_get();
	wait->end = ktime_add_ms(wait->began, limit_ms);
}

/**
 * fv_wait_pause - Sleep until it is time to look again
 * @wait: the wait
 *
 * After the last pause the limit has passed, so that there is always a look at its end.
 *
 * Context: Process context, may sleep.
 * Return: 0 to look again, -ETIMEDOUT when the limit had passed before, -EINTR when
 * the process is being killed, or when @wait->is_over.
 */
int fv_wait_pause(struct fv_wait *wait)
{
	s64 elapsed_us, left_us;
	ktime_t now = ktime_get();

	if (wait->is_over && READ_ONCE(*wait->is_over))
		return -EINTR;
	left_us = ktime_us_delta(wait->end, now);
	if (left_us <= 0)
		return -ETIMEDOUT;

	elapsed_us = ktime_us_delta(now, wait->began);
	return fv_wait_us(min_t(s64, left_us + 1, clamp_t(s64, elapsed_us / FV_PAUSE_SHARE,
							 FV_PAUSE_MIN_US, FV_PAUSE_MAX_US)));
}

/**
 * fv_wait_ms - Sleep for a time that a specification demands
 * @ms: at least so many milliseconds
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
