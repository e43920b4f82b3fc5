/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_LOOPER_H
#define FV_TEST_LOOPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A thread that does one thing again and again until it is ended. */
struct looper {
	void (*act)(void *arg);
	void *arg;
	uint64_t tries;		/* that have ended */
	bool stops;
	pthread_t thread;
};

void looper_start(struct looper *looper, void (*act)(void *arg), void *arg);

/* Waits until it has begun and ended so many more: false if it does not in a minute. */
bool looper_goes_on(struct looper *looper, unsigned int times);

void looper_end(struct looper *looper);

#endif
