// SPDX-License-Identifier: GPL-2.0
/* tools/util/duration.c: durations with units. */
#include <stdlib.h>

#include "kselftest_harness.h"

#include "util/duration.h"
#include "util/size.h"

#define UNTOUCHED	77

TEST(times_of_a_policy_have_a_unit)
{
	static const struct {
		const char *word;
		uint32_t ms;
	} cases[] = {
		{ "0ms", 0 }, { "1ms", 1 }, { "100ms", 100 }, { "4294967295ms", 4294967295 },
		{ "1s", 1000 }, { "007s", 7000 }, { "4294967s", 4294967000 },
		{ "1min", 60000 }, { "71582min", 4294920000 },
	};
	static const char *const wrong[] = {
		"", "1", "s", "ms", "min", "1m", "1h", "1d", "1 s", " 1s", "1s ", "-1s", "+1s",
		"1.5s", "0x1s", "1S", "1MS", "1sec", "1mins", "1msx", "4294967296ms", "4294968s",
		"71583min", "99999999999999999999s",
	};
	uint32_t ms;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_TRUE(duration_parse(cases[i].word, &ms))
			TH_LOG("%s", cases[i].word);
		EXPECT_EQ(cases[i].ms, ms);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ms = UNTOUCHED;
		EXPECT_FALSE(duration_parse(wrong[i], &ms))
			TH_LOG("\"%s\" was taken for %u ms", wrong[i], ms);
		EXPECT_EQ(UNTOUCHED, ms);
	}
}

TEST(limits_may_lack_a_unit)
{
	static const struct {
		const char *word;
		uint32_t ms;
	} cases[] = {
		{ "30", 30000 }, { "30s", 30000 }, { "30ms", 30 }, { "2m", 120000 },
		{ "2min", 120000 }, { "3h", 10800000 }, { "1193h", 4294800000 },
		{ "0.5", 500 }, { "1.25s", 1250 }, { "1.5h", 5400000 }, { "0.001", 1 },
		{ "2.0ms", 2 }, { "4294967.295", 4294967295 },
	};
	static const char *const wrong[] = { "", "h", "1d", "1.5.h", ".5", "1.", "0.5ms",
					"0.0001", "1.-5", "4294967.296", "1194h", "4294968", "1H" };
	uint32_t ms;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_TRUE(duration_parse_limit(cases[i].word, 0, UINT32_MAX, &ms))
			TH_LOG("%s", cases[i].word);
		EXPECT_EQ(cases[i].ms, ms);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		EXPECT_FALSE(duration_parse_limit(wrong[i], 0, UINT32_MAX, &ms))
			TH_LOG("\"%s\"", wrong[i]);
}

TEST(limits_end_where_they_should)
{
	uint32_t ms;

	EXPECT_FALSE(duration_parse_limit("99ms", 100, 2000, &ms));
	EXPECT_TRUE(duration_parse_limit("100ms", 100, 2000, &ms));
	EXPECT_TRUE(duration_parse_limit("2", 100, 2000, &ms));
	EXPECT_FALSE(duration_parse_limit("2001ms", 100, 2000, &ms));
}

/* duration_parse() accepts each text of duration_text(). */
TEST(times_are_shown_as_they_are_read)
{
	static const struct {
		uint32_t ms;
		const char *word;
	} cases[] = {
		{ 0, "0s" }, { 1, "1ms" }, { 999, "999ms" }, { 1000, "1s" }, { 1001, "1001ms" },
		{ 60000, "60s" }, { 4294967295, "4294967295ms" },
	};
	uint32_t ms;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = duration_text(cases[i].ms);
		EXPECT_STREQ(cases[i].word, text);
		EXPECT_TRUE(duration_parse(text, &ms));
		EXPECT_EQ(cases[i].ms, ms);
		free(text);
	}
}

TEST(durations_for_a_person_have_three_digits)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 s" }, { 999, "1.00 us" }, { 1500000, "1.50 ms" },
		{ 212345678, "212 ms" }, { 999000000, "999 ms" }, { 1000000000, "1.00 s" },
		{ 9995000000, "10.0 s" }, { 60000100000, "60.0 s" }, { 999000000000, "999 s" },
		{ 1200000000000, "20.0 min" }, { 86400000000000, "24.0 h" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = duration_ns_text(cases[i].ns);

		EXPECT_STREQ(cases[i].text, text);
		free(text);
	}
}

TEST(milliseconds_are_the_same_durations)
{
	char *text = duration_ms_text(1500);
	char *most = duration_ms_text(UINT64_MAX);
	char *highest = duration_ns_text(UINT64_MAX);

	EXPECT_STREQ("1.50 s", text);
	EXPECT_STREQ(highest, most);
	free(highest);
	free(most);
	free(text);
}

TEST(sizes_for_a_person_are_exact_or_have_three_digits)
{
	static const struct {
		uint64_t size;
		const char *text;
	} cases[] = {
		{ 0, "0 bytes" }, { 1000, "1000 bytes" }, { 1023, "1023 bytes" }, { 1024, "1 KiB" },
		{ 1025, "1.00 KiB" }, { 1536, "1.50 KiB" }, { 102400, "100 KiB" },
		{ 102401, "100 KiB" }, { 1048575, "1.00 MiB" }, { 1500000, "1.43 MiB" },
		{ 1ULL << 40, "1 TiB" }, { UINT64_MAX, "16384 PiB" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = size_text(cases[i].size);

		EXPECT_STREQ(cases[i].text, text);
		free(text);
	}
}

TEST_HARNESS_MAIN
