// SPDX-License-Identifier: GPL-2.0
/*
 * Elapsed time of an operation, shown on a terminal only. A thread prints it, so that the caller
 * only waits.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "output/progress.h"
#include "util/err.h"

/* Wait for progress_stop(), at most until @second seconds after the start. */
static void wait_second(struct progress *p, unsigned int second)
{
	double until_s = p->start_s + second;
	struct timespec until = {
		.tv_sec = (time_t)until_s,
		.tv_nsec = (long)((until_s - (double)(time_t)until_s) * 1e9),
	};

	while (!p->is_over)
		if (pthread_cond_timedwait(&p->over, &p->lock, &until))
			return;
}

static void *tell(void *arg)
{
	struct progress *p = arg;
	unsigned int second;

	pthread_mutex_lock(&p->lock);
	for (second = 1; !p->is_over; second++) {
		wait_second(p, second);
		if (p->is_over)
			break;
		if (p->limit_ms)
			err_progress("fpgactl: %s: %s: %u s of at most %lu s", p->object, p->what,
				     second, (p->limit_ms + 999) / 1000);
		else
			err_progress("fpgactl: %s: %s: %u s", p->object, p->what, second);
	}
	err_end_progress();
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/**
 * progress_start() - Print the elapsed time once per second.
 * @p: for progress_stop(), which must be called
 * @object: object of the operation
 * @what: the operation
 * @limit_ms: its time limit, or 0 if unknown
 *
 * Silent if stderr is not a terminal, if errors are JSON, and for the first second.
 */
void progress_start(struct progress *p, const char *object, const char *what,
		    unsigned long limit_ms)
{
	pthread_condattr_t attr;
	sigset_t all, old;

	memset(p, 0, sizeof(*p));
	p->object = object;
	p->what = what;
	p->limit_ms = limit_ms;
	p->start_s = util_now_s();
	if (!err_has_progress())
		return;
	fflush(stdout);
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->over, &attr);
	pthread_condattr_destroy(&attr);
	/* The calling thread handles the signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	p->is_running = !pthread_create(&p->thread, NULL, tell, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Erase the line. */
void progress_stop(struct progress *p)
{
	if (!p->is_running)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_over = true;
	pthread_cond_signal(&p->over);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->over);
	pthread_mutex_destroy(&p->lock);
	p->is_running = false;
}
