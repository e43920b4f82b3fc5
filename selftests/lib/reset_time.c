// SPDX-License-Identifier: GPL-2.0
/* Reset durations. */
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "reset_time.h"

#define NS_PER_MS 1000000ull

void reset_time_parse(const struct nlattr *nest, struct reset_time *time)
{
	const struct nlattr *attr;

	memset(time, 0, sizeof(*time));
	time->has_times = genl_in(nest, FPGA_VFIO_A_RESET_TIME_LAST_NS);
	time->count = genl_number(genl_in(nest, FPGA_VFIO_A_RESET_TIME_COUNT));
	time->last_ns = genl_number(genl_in(nest, FPGA_VFIO_A_RESET_TIME_LAST_NS));
	time->min_ns = genl_number(genl_in(nest, FPGA_VFIO_A_RESET_TIME_MIN_NS));
	time->max_ns = genl_number(genl_in(nest, FPGA_VFIO_A_RESET_TIME_MAX_NS));
	time->total_ns = genl_number(genl_in(nest, FPGA_VFIO_A_RESET_TIME_TOTAL_NS));
	genl_for_each(attr, (const struct nlattr *)genl_data(nest), genl_len(nest)) {
		if (genl_type(attr) != FPGA_VFIO_A_RESET_TIME_HISTOGRAM)
			continue;
		if (time->nr_buckets == RESET_TIME_BUCKETS)
			fail("a histogram of more than %u buckets", RESET_TIME_BUCKETS);
		time->histogram[time->nr_buckets++] = genl_number(attr);
	}
}

unsigned int reset_time_bucket(const struct reset_time *time, uint64_t ns)
{
	unsigned int bucket = 0;

	while (bucket + 1 < time->nr_buckets && ns >= NS_PER_MS << bucket)
		bucket++;
	return bucket;
}

void reset_time_print(const struct reset_time *time)
{
	unsigned int i;

	printf("times %llu", (unsigned long long)time->count);
	if (time->has_times)
		printf(" %llu %llu %llu %llu", (unsigned long long)time->last_ns,
		       (unsigned long long)time->min_ns, (unsigned long long)time->max_ns,
		       (unsigned long long)time->total_ns);
	printf("\nhistogram");
	for (i = 0; i < time->nr_buckets; i++)
		printf(" %llu", (unsigned long long)time->histogram[i]);
	putchar('\n');
}
