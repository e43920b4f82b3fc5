// SPDX-License-Identifier: GPL-2.0
/* Random behaviour is reproducible from the seed. */
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "kselftest_harness.h"

/* Events of a run with much randomness, without their times. */
static char *run(uint64_t seed)
{
	struct bits bits;
	char *text;
	int i;

	bits_open(&bits, "alveo-xdma", seed);
	bits_enable(&bits.client);
	ctl(&bits.server, "flaky 50");
	ctl(&bits.server, "train-time 1");
	ctl(&bits.server, "ready-after 1");
	for (i = 0; i < 12; i++) {
		bits_sbr(&bits.client);
		ctl(&bits.server, "wait ready");
	}
	ctl(&bits.server, "faults off");
	for (i = 0; i < 25; i++)
		ctl(&bits.server, "chaos");
	text = trace_text(&bits.server);
	bits_close(&bits);
	return text;
}

/* Lines of one kind. */
static char *only(const char *text, const char *kind)
{
	size_t size;
	char *lines;
	FILE *out = open_memstream(&lines, &size);

	for (; *text; text = strchr(text, '\n') + 1)
		if (!strncmp(text, kind, strlen(kind)))
			fwrite(text, 1, (size_t)(strchr(text, '\n') + 1 - text), out);
	fclose(out);
	return lines;
}

TEST(the_same_seed_gives_the_same_links_and_faults)
{
	char *first = run(42), *second = run(42), *a, *b;

	a = only(first, "link-up");
	b = only(second, "link-up");
	EXPECT_STREQ(a, b);
	EXPECT_NE(strstr(a, "speed 1 width 1"), NULL);
	EXPECT_NE(strstr(a, "speed 3 width 8"), NULL);
	free(a);
	free(b);
	a = only(first, "chaos");
	b = only(second, "chaos");
	EXPECT_STREQ(a, b);
	EXPECT_GT(strlen(a), 100);
	free(a);
	free(b);
	free(first);
	free(second);
}

TEST(another_seed_gives_others)
{
	char *first = run(42), *second = run(43), *a, *b;

	a = only(first, "chaos");
	b = only(second, "chaos");
	EXPECT_STRNE(a, b);
	free(a);
	free(b);
	free(first);
	free(second);
}

TEST(seed_can_be_set_again)
{
	struct json_object *answer;
	struct server server;
	char first[64], second[64];
	int i;

	server_start(&server, "alveo-xdma", 7);
	for (i = 0; i < 2; i++) {
		ctl(&server, "seed 99");
		answer = __ctl(&server, "chaos");
		ASSERT_NE(answer, NULL);
		snprintf(i ? second : first, 64, "%s",
			 json_object_get_string(json_object_object_get(answer, "command")));
		json_object_put(answer);
	}
	EXPECT_STREQ(first, second);
	server_stop(&server);
}

TEST_HARNESS_MAIN
