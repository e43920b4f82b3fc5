/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_SLOW_H
#define FV_TEST_SLOW_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "device.h"

/*
 * A call whose memory comes when the test says so: the kernel waits for it within the call, in a
 * page fault that the test answers (userfaultfd).
 */
struct slow {
	int (*call)(struct slow *slow);
	void *arg;
	struct device *dev;
	unsigned int offset;
	char *page;		/* comes late; there is one in front of it that is there */
	int fd, ret;
	pid_t tid;		/* of the thread that calls */
	pthread_t thread;
};

/* Returns when the call waits for its page. */
void slow_begin(struct slow *slow, int (*call)(struct slow *slow), void *arg);

/* The page begins with these bytes; the rest is 0. */
void slow_give(struct slow *slow, const void *bytes, size_t size);

/* What the call returned. */
int slow_end(struct slow *slow);

/* A write of two bytes to configuration space. */
void slow_write_begin(struct slow *slow, struct device *dev, unsigned int offset);
void slow_write_give(struct slow *slow, uint16_t value);

#endif
