/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_RESET_TIME_H
#define FV_TEST_RESET_TIME_H

#include "genl.h"

/* How long resets took, of a device or a group. */

#define RESET_TIME_BUCKETS 64

struct reset_time {
	uint64_t count, last_ns, min_ns, max_ns, total_ns;
	unsigned int nr_buckets;
	uint64_t histogram[RESET_TIME_BUCKETS];
	bool has_times;			/* all but the count */
};

void reset_time_parse(const struct nlattr *nest, struct reset_time *time);

/* Which bucket is for resets that take @ns? */
unsigned int reset_time_bucket(const struct reset_time *time, uint64_t ns);

/* "times COUNT LAST MIN MAX TOTAL", "histogram N…" */
void reset_time_print(const struct reset_time *time);

#endif
