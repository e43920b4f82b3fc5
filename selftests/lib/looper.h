/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_LOOPER_H
#define FV_TEST_LOOPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A thread that calls @act repeatedly. */
struct looper {
	void (*act)(void *arg);
	void *arg;
	uint64_t tries;		/* completed calls */
	bool stops;
	pthread_t thread;
};

void looper_start(struct looper *looper, void (*act)(void *arg), void *arg);

/* Wait for @times more complete calls; false after a minute. */
bool looper_goes_on(struct looper *looper, unsigned int times);

void looper_end(struct looper *looper);

#endif
