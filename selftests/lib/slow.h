/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_SLOW_H
#define FV_TEST_SLOW_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "device.h"

/*
 * A system call with a buffer that the test supplies later: the kernel blocks within the call, in
 * a page fault that the test resolves (userfaultfd).
 */
struct slow {
	int (*call)(struct slow *slow);
	void *arg;
	struct device *dev;
	unsigned int offset;
	char *page;		/* supplied late; the page before it is present */
	int fd, ret;
	bool has_ended;		/* the call has returned */
	pid_t tid;		/* of the calling thread */
	pthread_t thread;
};

/* Start the call in a thread; returns when it blocks on the page. */
void slow_begin(struct slow *slow, int (*call)(struct slow *slow), void *arg);

/* Supply the page: @bytes, zero-padded. */
void slow_give(struct slow *slow, const void *bytes, size_t size);

bool slow_has_ended(const struct slow *slow);

/* Wait for the end of the call; return its result. */
int slow_end(struct slow *slow);

/* A 2-byte write to config space. */
void slow_write_begin(struct slow *slow, struct device *dev, unsigned int offset);
void slow_write_give(struct slow *slow, uint16_t value);

#endif
