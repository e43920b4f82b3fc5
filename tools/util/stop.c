// SPDX-License-Identifier: GPL-2.0
/* Signals that ask fpgactl to end: SIGINT, SIGTERM and SIGHUP. */
#include <string.h>

#include "util/err.h"
#include "util/stop.h"

static const int signals[STOP_SIGNALS] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t last_signal, nr_signals;

static void on_signal(int signal)
{
	last_signal = signal;
	nr_signals++;
}

/**
 * stop_catch() - Count the signals instead of ending.
 * @s: for stop_release()
 *
 * A signal that is ignored stays ignored.
 */
void stop_catch(struct stop *s)
{
	struct sigaction act = { .sa_handler = on_signal };
	int i;

	last_signal = 0;
	nr_signals = 0;
	sigprocmask(SIG_BLOCK, NULL, &s->mask);
	for (i = 0; i < STOP_SIGNALS; i++) {
		sigaction(signals[i], NULL, &s->old[i]);
		if (s->old[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &act, NULL);
	}
}

/*
 * Catch the signals in ppoll() with @s->mask alone: one that arrives just before the wait would
 * be lost otherwise.
 */
void stop_block(struct stop *s)
{
	sigset_t set;
	int i;

	stop_catch(s);
	sigemptyset(&set);
	for (i = 0; i < STOP_SIGNALS; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void stop_release(const struct stop *s)
{
	int i;

	sigprocmask(SIG_SETMASK, &s->mask, NULL);
	for (i = 0; i < STOP_SIGNALS; i++)
		sigaction(signals[i], &s->old[i], NULL);
}

/* The last signal caught since stop_catch(), or 0. */
int stop_signal(void)
{
	return last_signal;
}

unsigned int stop_count(void)
{
	return (unsigned int)nr_signals;
}

/* Report that a signal has ended an operation; see err_fail(). */
int stop_fail(const char *object, const char *what, const char *hint)
{
	return err_fail(FV_SIGNAL + stop_signal(), object, what, hint, "cancelled by SIG%s",
			sigabbrev_np(stop_signal()));
}
