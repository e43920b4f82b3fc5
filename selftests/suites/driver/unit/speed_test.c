// SPDX-License-Identifier: GPL-2.0
/* tools/util/speed.c: PCIe speeds as text. */
#include "kselftest_harness.h"

#include "util/speed.h"

TEST(speeds_are_understood)
{
	static const struct {
		const char *word;
		unsigned int gen;
	} cases[] = {
		{ "gen1", 1 }, { "GEN6", 6 }, { "1", 1 }, { "2", 2 }, { "6", 6 }, { "2.5", 1 },
		{ "2.5GT/s", 1 }, { "5.0", 2 }, { "5GT/s", 2 }, { "5.0gt/s", 2 }, { "8", 3 },
		{ "8.0", 3 }, { "16", 4 }, { "32", 5 }, { "64", 6 }, { "64GT/s", 6 },
		{ "2.5 GT/s", 1 }, { "5 GT/s", 2 }, { "8 GT/s", 3 },
	};
	unsigned int gen, i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_EQ((int)SPEED_OK, (int)speed_parse(cases[i].word, &gen))
			TH_LOG("%s", cases[i].word);
		EXPECT_EQ(cases[i].gen, gen);
	}
}

TEST(other_words_are_no_speeds)
{
	static const char *const cases[] = {
		"", "0", "7", "gen", "gen0", "gen7", "gen-1", "gen 1", "4GT/s", "1GT/s", "GT/s",
		"2.50", ".0", "8.00", " GT/s", "8  GT/s", "16x", "x", "-1", "1.0",
	};
	unsigned int gen, i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		EXPECT_EQ((int)SPEED_UNKNOWN, (int)speed_parse(cases[i], &gen))
			TH_LOG("\"%s\" was taken for gen%u", cases[i], gen);
}

TEST(five_is_two_speeds)
{
	unsigned int gen;

	EXPECT_EQ((int)SPEED_AMBIGUOUS, (int)speed_parse("5", &gen));
}

TEST(generations_have_speeds)
{
	EXPECT_EQ(0, speed_mts(0));
	EXPECT_EQ(2500, speed_mts(1));
	EXPECT_EQ(64000, speed_mts(6));
	EXPECT_EQ(0, speed_mts(7));
	EXPECT_EQ(0, speed_mts(15));
}

TEST_HARNESS_MAIN
