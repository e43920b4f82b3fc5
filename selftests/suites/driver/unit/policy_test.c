// SPDX-License-Identifier: GPL-2.0
/* kmod/base/policy.c: defaults, ranges and texts of a device's policy. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "base/policy.h"

/* Each key with its default and range. */
static const struct key {
	const char *name;
	unsigned int attr;
	__u32 begin, min, max;
	bool is_zero_off;
	const char *const *words;
} keys[] = {
	{ "load_limit_ms", FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS, 60000, 1000, 600000, false, NULL },
	{ "ready_limit_ms", FPGA_VFIO_A_POLICY_READY_LIMIT_MS, 10000, 100, 120000, false, NULL },
	{ "link_speed", FPGA_VFIO_A_POLICY_LINK_SPEED, 0, 1, 6, true, NULL },
	{ "link_width", FPGA_VFIO_A_POLICY_LINK_WIDTH, 0, 1, 32, true, NULL },
	{ "retrain_tries", FPGA_VFIO_A_POLICY_RETRAIN_TRIES, 3, 1, 10, false, NULL },
	{ "monitor_interval_ms", FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS, 100, 10, 60000, true,
	  NULL },
	{ "auto_retrain", FPGA_VFIO_A_POLICY_AUTO_RETRAIN, 0, 0, 1, false, NULL },
	{ "identity", FPGA_VFIO_A_POLICY_IDENTITY, 0, 0, 1, false,
	  (const char *[]) { "strict", "build", NULL } },
	{ "user_notification", FPGA_VFIO_A_POLICY_USER_NOTIFICATION, 0, 0, 2, false,
	  (const char *[]) { "none", "error", "request", NULL } },
	{ "aer", FPGA_VFIO_A_POLICY_AER, 1, 0, 2, false,
	  (const char *[]) { "stop", "recover", "ignore-data-errors", NULL } },
	{ "link_disable", FPGA_VFIO_A_POLICY_LINK_DISABLE, 0, 0, 2, false,
	  (const char *[]) { "auto", "on", "off", NULL } },
	{ "reset_at_open", FPGA_VFIO_A_POLICY_RESET_AT_OPEN, 0, 0, 1, false,
	  (const char *[]) { "auto", "always", NULL } },
	{ "open_limit_ms", FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS, 30000, 1000, 600000, false, NULL },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static const char *const methods[] = { "flr", "pm", "hot", "link" };

FIXTURE(policy)
{
	struct fv_policy policy, was;
	const char *key;
	char text[128];
};

FIXTURE_SETUP(policy)
{
	fv_policy_init(&self->policy);
	self->was = self->policy;
}

FIXTURE_TEARDOWN(policy)
{
}

#define check() fv_policy_check(&self->policy, &self->key, self->text, sizeof(self->text))

/* The defaults match the table and are valid. */
TEST_F(policy, begins_with_the_defaults)
{
	struct fv_policy expected = { 0 };
	size_t i;

	EXPECT_EQ(0, check());
	for (i = 0; i < KEYS; i++)
		expected.value[keys[i].attr] = keys[i].begin;
	for (i = 0; i <= FV_POLICY_NR; i++)
		EXPECT_EQ(expected.value[i], self->policy.value[i])
			TH_LOG("attribute %zu", i);
	EXPECT_EQ(0, self->policy.nr_methods);
	EXPECT_EQ(0, self->policy.ready.mask);
	/* init overwrites all old content */
	memset(&self->policy, 0xff, sizeof(self->policy));
	fv_policy_init(&self->policy);
	EXPECT_EQ(0, memcmp(&self->was.value, &self->policy.value, sizeof(self->was.value)));
	EXPECT_EQ(0, self->policy.nr_methods);
	EXPECT_EQ(0, self->policy.ready.mask);
}

/* Reset methods and the ready register are attributes without a number. */
TEST_F(policy, numbers_are_those_of_the_table)
{
	unsigned int attr;
	size_t i;

	for (attr = 0; attr <= FV_POLICY_NR + 2; attr++) {
		for (i = 0; i < KEYS && keys[i].attr != attr; i++)
			;
		EXPECT_EQ(i < KEYS, fv_policy_is_number(attr))
			TH_LOG("attribute %u", attr);
	}
	EXPECT_EQ(KEYS + 2, FV_POLICY_NR);
}

/* The bounds of each range are valid, one beyond is not, and the text names the range. */
TEST_F(policy, ranges_end_where_they_should)
{
	char text[128];
	size_t i;

	for (i = 0; i < KEYS; i++) {
		const struct key *key = &keys[i];
		__u32 *value = &self->policy.value[key->attr], begin = *value;

		*value = key->min;
		EXPECT_EQ(0, check());
		*value = key->max;
		EXPECT_EQ(0, check());
		*value = key->max + 1;
		EXPECT_EQ(-ERANGE, check());
		snprintf(text, sizeof(text), "%s is %u, range is %u to %u%s", key->name, *value,
			 key->min, key->max, key->is_zero_off ? ", or 0" : "");
		EXPECT_STREQ(text, self->text);
		*value = 0;
		EXPECT_EQ(key->is_zero_off || !key->min ? 0 : -ERANGE, check());
		if (key->min > 1) {
			*value = key->min - 1;
			EXPECT_EQ(-ERANGE, check());
		}
		*value = begin;
	}
}

TEST_F(policy, widths_are_those_of_links)
{
	static const __u32 widths[] = { 0, 1, 2, 4, 8, 12, 16, 32 };
	__u32 width;
	size_t i;

	for (width = 0; width <= 32; width++) {
		self->policy.value[FPGA_VFIO_A_POLICY_LINK_WIDTH] = width;
		for (i = 0; i < sizeof(widths) / sizeof(widths[0]) && widths[i] != width; i++)
			;
		EXPECT_EQ(i < sizeof(widths) / sizeof(widths[0]) ? 0 : -EINVAL, check())
			TH_LOG("x%u", width);
	}
	/* other keys do not affect the error */
	self->policy.value[FPGA_VFIO_A_POLICY_LINK_WIDTH] = 3;
	EXPECT_EQ(-EINVAL, check());
	EXPECT_STREQ("link_width is 3, not a width of PCI Express", self->text);
}

TEST_F(policy, a_method_is_there_once)
{
	unsigned int i, j;
	char text[64];

	/* all of them, once */
	self->policy.nr_methods = FV_POLICY_METHODS;
	for (i = 0; i < FV_POLICY_METHODS; i++)
		self->policy.methods[i] = i;
	EXPECT_EQ(0, check());
	/* a duplicate at any position */
	for (i = 0; i < FV_POLICY_METHODS; i++) {
		for (j = 0; j < FV_POLICY_METHODS; j++) {
			self->policy.methods[j] = i;
			EXPECT_EQ(i == j ? 0 : -EINVAL, check());
			snprintf(text, sizeof(text), "reset_methods: %s is repeated",
				 methods[i]);
			if (i != j)
				EXPECT_STREQ(text, self->text);
			self->policy.methods[j] = j;
		}
	}
}

/* Each defect of a ready register has its text; an unset register (mask 0) has none. */
TEST_F(policy, a_ready_register_has_sense)
{
	static const struct {
		struct fv_ready_register ready;
		const char *text;
	} rows[] = {
		/* offset, mask, value, BAR */
		{ { 8, 3, 2, 5 }, NULL },
		{ { 8, 3, 0, 0 }, NULL },
		{ { 0, ~0U, ~1U, 0 }, NULL },
		{ { 8, 3, 2, 6 }, "ready_register: BAR 6 is not in 0 to 5" },
		{ { 1, 3, 2, 0 }, "ready_register: offset 0x1 is not a multiple of 4" },
		{ { 6, 3, 2, 0 }, "ready_register: offset 0x6 is not a multiple of 4" },
		{ { 8, 3, 4, 0 }, "ready_register: value 0x4 has bits outside mask 0x3" },
		{ { 8, 3, 6, 0 }, "ready_register: value 0x6 has bits outside mask 0x3" },
		{ { 8, ~0U, ~0U, 0 }, "ready_register: value is all-ones, as a dead card reads" },
		{ { 6, 0, 4, 6 }, NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		self->policy.ready = rows[i].ready;
		self->text[0] = '\0';
		EXPECT_EQ(rows[i].text ? -EINVAL : 0, check())
			TH_LOG("row %zu", i);
		EXPECT_STREQ(rows[i].text ?: "", self->text);
	}
}

/* Only the first error is reported. */
TEST_F(policy, one_thing_is_said)
{
	self->policy.value[FPGA_VFIO_A_POLICY_RETRAIN_TRIES] = 11;
	self->policy.nr_methods = 2;
	self->policy.ready = (struct fv_ready_register) { 1, 1, 1, 0 };
	EXPECT_EQ(-ERANGE, check());
	EXPECT_STREQ("retrain_tries is 11, range is 1 to 10", self->text);
	EXPECT_STREQ("retrain_tries", self->key);
	self->policy.value[FPGA_VFIO_A_POLICY_RETRAIN_TRIES] = 10;
	EXPECT_EQ(-EINVAL, check());
	EXPECT_STREQ("reset_methods: flr is repeated", self->text);
	EXPECT_STREQ("reset_methods", self->key);
	self->policy.nr_methods = 1;
	EXPECT_EQ(-EINVAL, check());
	EXPECT_STREQ("ready_register: offset 0x1 is not a multiple of 4", self->text);
	EXPECT_STREQ("ready_register", self->key);
	/* the range is checked before the supported widths */
	self->policy.value[FPGA_VFIO_A_POLICY_LINK_WIDTH] = 33;
	EXPECT_EQ(-ERANGE, check());
}

TEST_F(policy, values_have_their_names)
{
	__u32 value, other;
	size_t i;

	for (i = 0; i < KEYS; i++) {
		if (!keys[i].words) {
			EXPECT_EQ(NULL, fv_policy_word(keys[i].attr, keys[i].begin));
			continue;
		}
		for (value = 0; keys[i].words[value]; value++) {
			EXPECT_STREQ(keys[i].words[value], fv_policy_word(keys[i].attr, value));
			other = 99;
			EXPECT_EQ(0, fv_policy_value(keys[i].attr, keys[i].words[value], &other));
			EXPECT_EQ(value, other);
		}
		EXPECT_EQ(keys[i].max + 1, value);
		EXPECT_EQ(-EINVAL, fv_policy_value(keys[i].attr, "of", &other));
		EXPECT_EQ(-EINVAL, fv_policy_value(keys[i].attr, "", &other));
	}
	for (i = 0; i < FV_POLICY_METHODS; i++) {
		EXPECT_STREQ(methods[i], fv_policy_method_name(i));
		EXPECT_EQ((int)i, fv_policy_method(methods[i]));
	}
	EXPECT_EQ(sizeof(methods) / sizeof(methods[0]), FV_POLICY_METHODS);
	EXPECT_EQ(-EINVAL, fv_policy_method(""));
	EXPECT_EQ(-EINVAL, fv_policy_method("hots"));
}

/* Each key alone, and all keys together. */
TEST_F(policy, each_change_is_said)
{
	char all[512] = "", text[512], one[64];
	size_t i;

	for (i = 0; i < KEYS; i++) {
		__u32 *value = &self->policy.value[keys[i].attr];

		*value = keys[i].begin == keys[i].max ? keys[i].min : keys[i].max;
		if (keys[i].words)
			snprintf(one, sizeof(one), "%s=%s", keys[i].name, keys[i].words[*value]);
		else
			snprintf(one, sizeof(one), "%s=%u", keys[i].name, *value);
		fv_policy_describe_change(&self->was, &self->policy, text, sizeof(text));
		EXPECT_STREQ(one, text);
		self->policy = self->was;
	}
	for (i = 0; i < KEYS; i++) {
		self->policy.value[keys[i].attr] = keys[i].max - (keys[i].begin == keys[i].max);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s=", i ? ", " : "",
			 keys[i].name);
		if (keys[i].words)
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s",
				 keys[i].words[self->policy.value[keys[i].attr]]);
		else
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%u",
				 self->policy.value[keys[i].attr]);
	}
	fv_policy_describe_change(&self->was, &self->policy, text, sizeof(text));
	EXPECT_STREQ(all, text);
}

TEST_F(policy, a_ready_register_is_said)
{
	struct fv_ready_register *ready = &self->policy.ready;
	/* variations of one member each; the last has no mask */
	static const struct fv_ready_register others[] = {
		{ 0x18, 0xf0, 0x30, 2 }, { 0x14, 0xf1, 0x30, 2 }, { 0x14, 0xf0, 0x10, 2 },
		{ 0x14, 0xf0, 0x30, 3 }, { 0x14, 0, 0x30, 2 },
	};
	static const char *const texts[] = {
		"2 0x18 0xf0 0x30", "2 0x14 0xf1 0x30", "2 0x14 0xf0 0x10", "3 0x14 0xf0 0x30",
		"none",
	};
	char text[64], change[96];
	size_t i;

	fv_policy_describe_ready(&self->policy, text, sizeof(text));
	EXPECT_STREQ("none", text);
	*ready = (struct fv_ready_register) { 0x14, 0xf0, 0x30, 2 };
	self->was = self->policy;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		*ready = others[i];
		fv_policy_describe_ready(&self->policy, text, sizeof(text));
		EXPECT_STREQ(texts[i], text);
		snprintf(change, sizeof(change), "ready_register=%s", texts[i]);
		fv_policy_describe_change(&self->was, &self->policy, self->text,
					  sizeof(self->text));
		EXPECT_STREQ(change, self->text);
	}
}

TEST_F(policy, a_change_is_said_in_words)
{
	fv_policy_describe_change(&self->was, &self->policy, self->text, sizeof(self->text));
	EXPECT_STREQ("", self->text);

	self->policy.methods[self->policy.nr_methods++] = FPGA_VFIO_RESET_METHOD_HOT;
	self->policy.methods[self->policy.nr_methods++] = FPGA_VFIO_RESET_METHOD_PM;
	self->policy.value[FPGA_VFIO_A_POLICY_RETRAIN_TRIES] = 7;
	self->policy.ready = (struct fv_ready_register) { 16, 1, 1, 2 };
	fv_policy_describe_change(&self->was, &self->policy, self->text, sizeof(self->text));
	EXPECT_STREQ("reset_methods=hot pm, ready_register=2 0x10 0x1 0x1, retrain_tries=7",
		     self->text);
	fv_policy_describe_change(&self->policy, &self->was, self->text, sizeof(self->text));
	EXPECT_STREQ("reset_methods=default, ready_register=none, retrain_tries=3", self->text);

	self->policy = self->was;
	self->policy.value[FPGA_VFIO_A_POLICY_AER] = FPGA_VFIO_AER_MODE_STOP;
	fv_policy_describe_change(&self->was, &self->policy, self->text, sizeof(self->text));
	EXPECT_STREQ("aer=stop", self->text);
	self->policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = 1000;

	/* Text that does not fit is cut off at the buffer size. */
	memset(self->text, 'x', sizeof(self->text));
	fv_policy_describe_change(&self->was, &self->policy, self->text, 20);
	EXPECT_EQ(19, strlen(self->text));
	EXPECT_EQ('x', self->text[20]);
}

TEST_HARNESS_MAIN
