// SPDX-License-Identifier: GPL-2.0
/* tools/util/util.c: addresses, numbers and untrusted names. */
#include <stdio.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

/* Both the harness and fpgactl define these. */
#undef ARRAY_SIZE
#undef __printf
#include "util/util.h"

TEST(addresses_are_understood)
{
	static const char *const cases[][2] = {
		{ "0000:01:00.0", "0000:01:00.0" },
		{ "01:00.0", "0000:01:00.0" },
		{ "1:0.0", "0000:01:00.0" },
		{ "AB:1F.7", "0000:ab:1f.7" },
		{ "1:ff:1f.7", "0001:ff:1f.7" },
		{ "10000:01:00.0", "10000:01:00.0" },
		{ "ffffffff:ff:1f.7", "ffffffff:ff:1f.7" },
	};
	char bdf[BDF_SIZE];
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(bdf, 'x', sizeof(bdf));
		EXPECT_TRUE(bdf_parse(cases[i][0], bdf))
			TH_LOG("%s", cases[i][0]);
		EXPECT_STREQ(cases[i][1], bdf);
	}
}

TEST(other_words_are_no_addresses)
{
	static const char *const cases[] = {
		"", " ", ":", "::", ".", "0", "01:00", "01.0", "01:00.", "01:00.8",
		"01:20.0", "100:00.0", "01:00.0 ", " 01:00.0", "01:00.0\n",
		"0000:01:00.0.0", "0000:0000:01:00.0", "100000000:01:00.0",
		"-1:00.0", "01:-1.0", "01:00.-1", "0x1:00.0", "01:00.00",
		"0000:01:00:0", "../../etc", "%s:%n.0", "01:00.0/",
		"000000000000000000000000000000000000000001:00.0",
	};
	char bdf[BDF_SIZE];
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		EXPECT_FALSE(bdf_parse(cases[i], bdf))
			TH_LOG("\"%s\" was taken for %s", cases[i], bdf);
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

TEST(addresses_have_an_order)
{
	static const char *const sorted[] = {
		"0000:00:00.0", "0000:00:00.7", "0000:00:01.0", "0000:01:00.0",
		"0000:ff:1f.7", "0001:00:00.0", "ffff:ff:1f.7", "10000:00:00.0",
	};
	int i, j;

	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++)
			EXPECT_EQ(sign(i - j),
				  sign(bdf_cmp(sorted[i], sorted[j])))
				TH_LOG("%s and %s", sorted[i], sorted[j]);
}

TEST(numbers_are_whole_and_in_range)
{
	static const char *const wrong[] = {
		"", " 1", "1 ", "+1", "-1", "0x10", "1e3", "11", "99999999999",
		"99999999999999999999999999", "1.0", "a",
	};
	unsigned int value = 77, i;

	EXPECT_TRUE(util_parse_uint("0", 10, &value));
	EXPECT_EQ(0, value);
	EXPECT_TRUE(util_parse_uint("10", 10, &value));
	EXPECT_EQ(10, value);
	EXPECT_TRUE(util_parse_uint("4294967295", ~0u, &value));
	EXPECT_EQ(~0u, value);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		value = 77;
		EXPECT_FALSE(util_parse_uint(wrong[i], 10, &value))
			TH_LOG("\"%s\"", wrong[i]);
		EXPECT_EQ(77, value);
	}
}

TEST(names_cannot_drive_a_terminal)
{
	static const char *const cases[][3] = {
		/* name, on a terminal, in JSON */
		{ "qemu-system-x86", "qemu-system-x86", "qemu-system-x86" },
		{ "a\033[2Jb", "a\\x1b[2Jb", "a\033[2Jb" },
		{ "tab\there", "tab\\x09here", "tab\there" },
		{ "del\177", "del\\x7f", "del\177" },
		{ "\xc3\xa4", "\xc3\xa4", "\xc3\xa4" },
		{ "\xe2\x82\xac", "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\xff", "\\xff", "\\xff" },
		{ "\xc3", "\\xc3", "\\xc3" },
		{ "\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
		  "\\xf4\\x90\\x80\\x80" },
		{ "\xc2\x9b[31m", "\\xc2\\x9b[31m", "\\xc2\\x9b[31m" },
		{ "", "", "" },
	};
	unsigned int i;
	char *ascii;

	ASSERT_NE(NULL, setlocale(LC_CTYPE, "C.UTF-8"));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *shown = util_printable(cases[i][0]);
		char *json = util_utf8(cases[i][0]);

		EXPECT_STREQ(cases[i][1], shown);
		EXPECT_STREQ(cases[i][2], json);
		free(shown);
		free(json);
	}
	ASSERT_NE(NULL, setlocale(LC_CTYPE, "C"));
	ascii = util_printable("\xc3\xa4!");
	EXPECT_STREQ("\\xc3\\xa4!", ascii);
	free(ascii);
}

/* Random bytes become printable UTF-8. */
TEST(random_bytes_become_printable)
{
	unsigned int seed = 3, i, n;
	char name[17], *shown;
	const char *c;

	for (i = 0; i < 20000; i++) {
		for (n = 0; n < 16; n++)
			name[n] = rand_r(&seed) % 255 + 1;
		name[rand_r(&seed) % 17] = '\0';
		name[16] = '\0';
		shown = util_printable(name);
		for (c = shown; *c; c++)
			ASSERT_FALSE((unsigned char)*c < 0x20 || *c == 0x7f);
		free(shown);
	}
}

TEST(the_command_that_was_meant_is_found)
{
	struct strv names = { 0 };

	strv_add(&names, "bind");
	strv_add(&names, "unbind");
	strv_add(&names, "stats");
	strv_add(&names, "list");
	EXPECT_STREQ("bind", util_nearest("bnid", &names));
	EXPECT_STREQ("stats", util_nearest("stat", &names));
	EXPECT_STREQ("list", util_nearest("lit", &names));
	/* two edits in a long word, one in a short one */
	EXPECT_STREQ("unbind", util_nearest("untbinxd", &names));
	EXPECT_STREQ("stats", util_nearest("stts", &names));
	EXPECT_STREQ("list", util_nearest("lxst", &names));
	EXPECT_EQ(NULL, util_nearest("lis_or", &names));
	EXPECT_EQ(NULL, util_nearest("lix", &names));
	EXPECT_EQ(NULL, util_nearest("reprogram", &names));
	EXPECT_EQ(NULL, util_nearest("", &names));
	EXPECT_EQ(NULL, util_nearest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
				     &names));
	strv_free(&names);
}

TEST(lists_are_joined)
{
	struct strv list = { 0 };
	char *text;

	text = strv_join(&list, ", ");
	EXPECT_STREQ("", text);
	free(text);
	strv_add(&list, "a");
	strv_add(&list, "b");
	text = strv_join(&list, ", ");
	EXPECT_STREQ("a, b", text);
	free(text);
	EXPECT_TRUE(strv_has(&list, "b"));
	EXPECT_FALSE(strv_has(&list, "c"));
	strv_free(&list);
	EXPECT_EQ(0, list.n);
}

TEST_HARNESS_MAIN
