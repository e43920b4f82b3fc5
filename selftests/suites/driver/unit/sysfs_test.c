// SPDX-License-Identifier: GPL-2.0
/* tools/host/sysfs.c: kernel files below a root directory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"

/* Both the harness and fpgactl define these. */
#undef ARRAY_SIZE
#undef __printf
#include "host/sysfs.h"

FIXTURE(tree)
{
	char root[PATH_MAX];
};

FIXTURE_SETUP(tree)
{
	char dir[] = "/tmp/sysfs_test.XXXXXX";

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_NE(NULL, realpath(dir, self->root));
	ASSERT_EQ(0, sysfs_set_root(self->root));
	ASSERT_EQ(0, chdir(self->root));
	ASSERT_EQ(0, mkdir("sys", 0755));
}

FIXTURE_TEARDOWN(tree)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", self->root);
	EXPECT_EQ(0, system(command));
}

static void put(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd))
		abort();
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

TEST_F(tree, a_root_is_a_directory)
{
	EXPECT_FALSE(sysfs_is_live());
	EXPECT_EQ(-ENOENT, sysfs_set_root("/nonexistent"));
	put_text("file", "");
	EXPECT_EQ(-EACCES, sysfs_set_root("file"));
	EXPECT_EQ(0, sysfs_set_root("/"));
	EXPECT_TRUE(sysfs_is_live());
}

TEST_F(tree, text_loses_its_last_newline_only)
{
	char *text;

	put_text("sys/a", "two\nlines\n\n");
	text = sysfs_read("/sys/%s", "a");
	EXPECT_STREQ("two\nlines\n", text);
	free(text);
	put_text("sys/a", "none");
	text = sysfs_read("/sys/a");
	EXPECT_STREQ("none", text);
	free(text);
	put_text("sys/a", "");
	text = sysfs_read("/sys/a");
	EXPECT_STREQ("", text);
	free(text);
	errno = 0;
	EXPECT_EQ(NULL, sysfs_read("/sys/nosuch"));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(NULL, sysfs_read("/sys"));
	EXPECT_EQ(EISDIR, errno);
}

/* Around multiples of the page size, where the buffer grows; /proc has longer files. */
TEST_F(tree, a_file_of_any_length_is_read)
{
	static const size_t lengths[] = { 1, 4095, 4096, 4097, 8191, 8192, 8193, 65536 };
	char buf[70000], *text;
	size_t i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (char)('a' + i % 23);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put("sys/long", buf, lengths[i]);
		text = sysfs_read("/sys/long");
		ASSERT_NE(NULL, text);
		EXPECT_EQ(lengths[i], strlen(text));
		EXPECT_EQ(0, memcmp(buf, text, lengths[i]));
		free(text);
	}
	put("sys/long", buf, 65537);
	EXPECT_EQ(NULL, sysfs_read("/sys/long"));
	EXPECT_EQ(EFBIG, errno);
	ASSERT_EQ(0, mkdir("proc", 0755));
	put("proc/long", buf, sizeof(buf));
	text = sysfs_read("/proc/long");
	ASSERT_NE(NULL, text);
	EXPECT_EQ(sizeof(buf), strlen(text));
	free(text);
}

TEST_F(tree, numbers_are_all_of_a_file)
{
	static const struct {
		const char *text;
		long long value;
	} cases[] = {
		{ "0\n", 0 }, { "0x10ee\n", 0x10ee }, { "-1\n", -1 }, { "17", 17 },
		{ "9223372036854775807\n", LLONG_MAX },
	};
	static const char *const wrong[] = {
		"", "\n", "x\n", "1 2\n", "1x\n", "0x\n", "9223372036854775808\n",
	};
	long long value;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_text("sys/n", cases[i].text);
		EXPECT_TRUE(sysfs_read_number(&value, "/sys/n"))
			TH_LOG("\"%s\"", cases[i].text);
		EXPECT_EQ(cases[i].value, value);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put_text("sys/n", wrong[i]);
		EXPECT_FALSE(sysfs_read_number(&value, "/sys/n"))
			TH_LOG("\"%s\"", wrong[i]);
	}
	EXPECT_FALSE(sysfs_read_number(&value, "/sys/nosuch"));
}

TEST_F(tree, counters_have_64_bits)
{
	static const char *const wrong[] = {
		"", "-1\n", "+1\n", " 1\n", "0x1\n", "1x\n", "18446744073709551616\n", "a\n",
	};
	uint64_t value;
	size_t i;

	put_text("sys/n", "18446744073709551615\n");
	EXPECT_TRUE(sysfs_read_u64(&value, "/sys/n"));
	EXPECT_EQ(UINT64_MAX, value);
	put_text("sys/n", "010");
	EXPECT_TRUE(sysfs_read_u64(&value, "/sys/n"));
	EXPECT_EQ(10, value);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put_text("sys/n", wrong[i]);
		EXPECT_FALSE(sysfs_read_u64(&value, "/sys/n"))
			TH_LOG("\"%s\"", wrong[i]);
	}
	EXPECT_FALSE(sysfs_read_u64(&value, "/sys/nosuch"));
}

TEST_F(tree, bytes_are_as_many_as_there_are)
{
	uint8_t buf[8] = {};

	put("sys/b", "\1\0\2\n", 4);
	EXPECT_EQ(4, sysfs_read_bytes(buf, sizeof(buf), "/sys/b"));
	EXPECT_EQ(0, memcmp(buf, "\1\0\2\n\0\0\0\0", 8));
	memset(buf, 0x55, sizeof(buf));
	EXPECT_EQ(3, sysfs_read_bytes(buf, 3, "/sys/b"));
	EXPECT_EQ(0x55, buf[3]);
	EXPECT_EQ(-1, sysfs_read_bytes(buf, sizeof(buf), "/sys/nosuch"));
}

TEST_F(tree, links_lead_where_they_say)
{
	char *s;

	ASSERT_EQ(0, mkdir("sys/dir", 0755));
	ASSERT_EQ(0, symlink("../sys/dir", "sys/link"));
	ASSERT_EQ(0, symlink("plain", "sys/plain"));
	ASSERT_EQ(0, symlink("/", "sys/out"));
	s = sysfs_read_link("/sys/link");
	EXPECT_STREQ("../sys/dir", s);
	free(s);
	s = sysfs_link_name("/sys/link");
	EXPECT_STREQ("dir", s);
	free(s);
	s = sysfs_link_name("/sys/plain");
	EXPECT_STREQ("plain", s);
	free(s);
	s = sysfs_resolve("/sys/link");
	EXPECT_STREQ("/sys/dir", s);
	free(s);
	EXPECT_EQ(NULL, sysfs_resolve("/sys/out"));
	EXPECT_EQ(NULL, sysfs_resolve("/sys/plain"));
	EXPECT_EQ(NULL, sysfs_read_link("/sys/dir"));
	EXPECT_EQ(NULL, sysfs_link_name("/sys/nosuch"));
	EXPECT_TRUE(sysfs_exists("/sys/link"));
	EXPECT_FALSE(sysfs_exists("/sys/plain"));
	s = sysfs_path("/sys/%d", 7);
	EXPECT_EQ(0, strncmp(s, self->root, strlen(self->root)));
	EXPECT_STREQ("/sys/7", s + strlen(self->root));
	free(s);
}

TEST_F(tree, a_value_is_written_as_it_is)
{
	char *text;

	put_text("sys/w", "longer before\n");
	EXPECT_EQ(0, sysfs_may_write("/sys/w"));
	EXPECT_EQ(0, sysfs_write("new", "/sys/%s", "w"));
	text = sysfs_read("/sys/w");
	EXPECT_STREQ("new", text);
	free(text);
	EXPECT_EQ(-ENOENT, sysfs_write("new", "/sys/nosuch"));
	EXPECT_FALSE(sysfs_exists("/sys/nosuch"));
	EXPECT_EQ(-ENOENT, sysfs_may_write("/sys/nosuch"));
	EXPECT_EQ(-EISDIR, sysfs_write("new", "/sys"));
	/* a device that rejects writes */
	ASSERT_EQ(0, symlink("/dev/full", "sys/full"));
	EXPECT_EQ(-ENOSPC, sysfs_write("new", "/sys/full"));
}

TEST_F(tree, names_are_sorted_without_hidden_ones)
{
	struct strv names = {};
	char *text;

	put_text("sys/b", "");
	put_text("sys/a", "");
	put_text("sys/10", "");
	put_text("sys/9", "");
	put_text("sys/.hidden", "");
	EXPECT_EQ(0, sysfs_list(&names, "/%s", "sys"));
	text = strv_join(&names, " ");
	EXPECT_STREQ("10 9 a b", text);
	free(text);
	strv_free(&names);
	EXPECT_EQ(-ENOENT, sysfs_list(&names, "/sys/nosuch"));
	EXPECT_EQ(-ENOTDIR, sysfs_list(&names, "/sys/a"));
	EXPECT_EQ(0, names.n);
}

TEST_HARNESS_MAIN
