/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_SLOW_WRITE_H
#define FV_TEST_SLOW_WRITE_H

#include <pthread.h>
#include <stdint.h>

#include "device.h"

/*
 * A write of two bytes to configuration space whose bytes come when the test says so: the
 * kernel waits for them within the write, in a page fault that the test answers (userfaultfd).
 */
struct slow_write {
	struct device *dev;
	unsigned int offset;
	char *page;
	int fd, ret;
	pthread_t thread;
};

/* Returns when the write waits for its bytes. */
void slow_write_begin(struct slow_write *slow, struct device *dev, unsigned int offset);

void slow_write_give(struct slow_write *slow, uint16_t value);

/* What the write returned. */
int slow_write_end(struct slow_write *slow);

#endif
