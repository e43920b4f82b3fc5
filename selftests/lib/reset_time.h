/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_RESET_TIME_H
#define FV_TEST_RESET_TIME_H

#include "genl.h"

/* Reset durations of a device or a group. */

#define RESET_TIME_BUCKETS 64

struct reset_time {
	uint64_t count, last_ns, min_ns, max_ns, total_ns;
	unsigned int nr_buckets;
	uint64_t histogram[RESET_TIME_BUCKETS];
	bool has_times;			/* all but the count */
};

void reset_time_parse(const struct nlattr *nest, struct reset_time *time);

/* Histogram bucket for a duration of @ns. */
unsigned int reset_time_bucket(const struct reset_time *time, uint64_t ns);

/* Print "times COUNT LAST MIN MAX TOTAL" and "histogram N...". */
void reset_time_print(const struct reset_time *time);

#endif
