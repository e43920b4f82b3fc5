// SPDX-License-Identifier: GPL-2.0
/* include/uapi: the counter list matches the netlink attributes. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include <linux/fpga_vfio_stats.h>

struct counter {
	unsigned int attr;
	const char *upper, *lower;
};

#define COUNTER(_upper, _lower) \
	{ FPGA_VFIO_A_STATS_##_upper, #_upper, #_lower },
static const struct counter counters[] = { FPGA_VFIO_STATS(COUNTER) };

#define NR (sizeof(counters) / sizeof(counters[0]))

TEST(all_attributes_are_listed_in_order)
{
	unsigned int i;

	ASSERT_EQ(FPGA_VFIO_A_STATS_MAX, NR);
	for (i = 0; i < NR; i++)
		EXPECT_EQ(i + 1, counters[i].attr)
			TH_LOG("%s", counters[i].lower);
}

TEST(names_are_those_of_the_attributes)
{
	unsigned int i;
	const char *c;

	for (i = 0; i < NR; i++) {
		EXPECT_EQ(0, strcasecmp(counters[i].upper, counters[i].lower));
		for (c = counters[i].lower; *c; c++)
			EXPECT_TRUE(islower(*c) || *c == '_')
				TH_LOG("%s", counters[i].lower);
	}
}

TEST(names_are_unique)
{
	unsigned int i, j;

	for (i = 0; i < NR; i++)
		for (j = 0; j < i; j++)
			EXPECT_NE(0, strcmp(counters[i].lower,
					    counters[j].lower));
}

/* Each counter of successful resets is followed by the counter of failures. */
TEST(resets_come_in_pairs)
{
	unsigned int i, pairs = 0;
	size_t len;

	for (i = 0; i < NR; i++) {
		len = strlen(counters[i].lower);
		if (strncmp(counters[i].lower, "reset_", 6) || len < 3 ||
		    strcmp(counters[i].lower + len - 3, "_ok"))
			continue;
		ASSERT_LT(i + 1, NR);
		EXPECT_EQ(0, strncmp(counters[i].lower, counters[i + 1].lower,
				     len - 2));
		EXPECT_STREQ("failed", counters[i + 1].lower + len - 2);
		pairs++;
	}
	EXPECT_EQ(8, pairs);
}

TEST_HARNESS_MAIN
