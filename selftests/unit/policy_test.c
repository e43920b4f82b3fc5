// SPDX-License-Identifier: GPL-2.0
/* kmod/policy.c: what may be wanted of a device, and how it is said. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "../../kmod/policy.h"

static const struct range {
	unsigned int attr;
	__u32 min, max;
	bool is_zero_off;
} ranges[] = {
	{ FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS, 1000, 600000, false },
	{ FPGA_VFIO_A_POLICY_READY_LIMIT_MS, 100, 120000, false },
	{ FPGA_VFIO_A_POLICY_LINK_SPEED, 1, 6, true },
	{ FPGA_VFIO_A_POLICY_LINK_WIDTH, 1, 32, true },
	{ FPGA_VFIO_A_POLICY_RETRAIN_TRIES, 1, 10, false },
	{ FPGA_VFIO_A_POLICY_WATCH_INTERVAL_MS, 10, 60000, true },
	{ FPGA_VFIO_A_POLICY_AUTO_RETRAIN, 0, 1, true },
};

FIXTURE(policy)
{
	struct fv_policy policy, was;
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

#define check() fv_policy_check(&self->policy, self->text, sizeof(self->text))

/* What it begins with can be followed. */
TEST_F(policy, defaults_are_good)
{
	EXPECT_EQ(0, check());
	EXPECT_EQ(60000U, self->policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
	EXPECT_EQ(100U, self->policy.value[FPGA_VFIO_A_POLICY_WATCH_INTERVAL_MS]);
	EXPECT_EQ(FPGA_VFIO_AER_MODE_RECOVER, self->policy.value[FPGA_VFIO_A_POLICY_AER]);
}

/* Both ends of each range are in it, one beyond is not, and the text says so. */
TEST_F(policy, ranges_end_where_they_should)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct range *range = &ranges[i];
		__u32 *value = &self->policy.value[range->attr], begin = *value;

		*value = range->min;
		EXPECT_EQ(0, check());
		*value = range->max;
		EXPECT_EQ(0, check());
		*value = range->max + 1;
		EXPECT_EQ(-ERANGE, check());
		EXPECT_NE(NULL, strstr(self->text, " may be "));
		*value = 0;
		EXPECT_EQ(range->is_zero_off ? 0 : -ERANGE, check());
		if (range->min > 1) {
			*value = range->min - 1;
			EXPECT_EQ(-ERANGE, check());
		}
		*value = begin;
	}
}

TEST_F(policy, widths_are_those_of_links)
{
	__u32 *width = &self->policy.value[FPGA_VFIO_A_POLICY_LINK_WIDTH];

	*width = 12;
	EXPECT_EQ(0, check());
	*width = 3;
	EXPECT_EQ(-EINVAL, check());
}

TEST_F(policy, a_method_is_there_once)
{
	self->policy.nr_methods = 2;
	self->policy.methods[0] = FPGA_VFIO_RESET_METHOD_HOT;
	self->policy.methods[1] = FPGA_VFIO_RESET_METHOD_FLR;
	EXPECT_EQ(0, check());
	self->policy.methods[1] = FPGA_VFIO_RESET_METHOD_HOT;
	EXPECT_EQ(-EINVAL, check());
	EXPECT_NE(NULL, strstr(self->text, "hot"));
}

TEST_F(policy, a_ready_register_has_sense)
{
	struct fv_ready_register *ready = &self->policy.ready;

	*ready = (struct fv_ready_register) { .bar = 5, .offset = 8, .mask = 3, .value = 2 };
	EXPECT_EQ(0, check());
	ready->bar = 6;
	EXPECT_EQ(-EINVAL, check());
	ready->bar = 0;
	ready->offset = 6;
	EXPECT_EQ(-EINVAL, check());
	ready->offset = 8;
	ready->value = 4;
	EXPECT_EQ(-EINVAL, check());
	ready->mask = ~0U;
	ready->value = ~0U;
	EXPECT_EQ(-EINVAL, check());
	ready->mask = 0;	/* none: the rest does not matter */
	EXPECT_EQ(0, check());
}

TEST_F(policy, values_have_their_names)
{
	__u32 value;

	EXPECT_EQ(NULL, fv_policy_word(FPGA_VFIO_A_POLICY_RETRAIN_TRIES, 3));
	EXPECT_STREQ("build", fv_policy_word(FPGA_VFIO_A_POLICY_IDENTITY,
					     FPGA_VFIO_IDENTITY_CHECK_BUILD));
	EXPECT_EQ(0, fv_policy_value(FPGA_VFIO_A_POLICY_LINK_DISABLE, "off", &value));
	EXPECT_EQ((__u32)FPGA_VFIO_LINK_DISABLE_OFF, value);
	EXPECT_EQ(-EINVAL, fv_policy_value(FPGA_VFIO_A_POLICY_LINK_DISABLE, "of", &value));
	EXPECT_EQ(FPGA_VFIO_RESET_METHOD_LINK, fv_policy_method("link"));
	EXPECT_EQ(-EINVAL, fv_policy_method(""));
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

	/* What does not fit is left out, not written beyond the end. */
	memset(self->text, 'x', sizeof(self->text));
	fv_policy_describe_change(&self->was, &self->policy, self->text, 20);
	EXPECT_EQ(19, strlen(self->text));
	EXPECT_EQ('x', self->text[20]);
}

TEST_HARNESS_MAIN
