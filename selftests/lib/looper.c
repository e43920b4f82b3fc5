// SPDX-License-Identifier: GPL-2.0
#include "check.h"
#include "looper.h"

#define SOON_MS 60000

static void *looper_thread(void *arg)
{
	struct looper *looper = arg;

	while (!__atomic_load_n(&looper->stops, __ATOMIC_RELAXED)) {
		looper->act(looper->arg);
		__atomic_add_fetch(&looper->tries, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

void looper_start(struct looper *looper, void (*act)(void *arg), void *arg)
{
	looper->act = act;
	looper->arg = arg;
	looper->tries = 0;
	looper->stops = false;
	if (pthread_create(&looper->thread, NULL, looper_thread, looper))
		fail("no thread");
}

/* One call more than @times: the current one began earlier. */
bool looper_goes_on(struct looper *looper, unsigned int times)
{
	uint64_t from = __atomic_load_n(&looper->tries, __ATOMIC_ACQUIRE);

	return wait_until(__atomic_load_n(&looper->tries, __ATOMIC_ACQUIRE) > from + times,
			  SOON_MS);
}

void looper_end(struct looper *looper)
{
	__atomic_store_n(&looper->stops, true, __ATOMIC_RELAXED);
	pthread_join(looper->thread, NULL);
}
