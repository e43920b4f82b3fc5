/* SPDX-License-Identifier: GPL-2.0 */
/* Elapsed time of an operation, shown on a terminal only. */
#ifndef FPGACTL_PROGRESS_H
#define FPGACTL_PROGRESS_H

#include <pthread.h>

#include "util/util.h"

struct progress {
	bool is_running;
	bool is_over;			/* protected by lock */
	pthread_mutex_t lock;
	pthread_cond_t over;
	pthread_t thread;
	const char *object, *what;
	unsigned long limit_ms;		/* 0: unknown */
	double start_s;
};

void progress_start(struct progress *p, const char *object, const char *what,
		    unsigned long limit_ms);
void progress_stop(struct progress *p);

#endif
