// SPDX-License-Identifier: GPL-2.0
/* kmod/base/link_speed.c: names of link speeds. */
#include "kselftest_harness.h"

#include "base/link_speed.h"

TEST(every_speed_has_its_name)
{
	static const char *const names[] = {
		"0 GT/s", "2.5 GT/s", "5 GT/s", "8 GT/s", "16 GT/s", "32 GT/s", "64 GT/s",
		"unknown speed",
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		EXPECT_STREQ(names[i], fv_link_speed_name(i));
	EXPECT_STREQ("unknown speed", fv_link_speed_name(255));
}

TEST_HARNESS_MAIN
