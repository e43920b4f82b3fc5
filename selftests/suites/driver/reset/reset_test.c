// SPDX-License-Identifier: GPL-2.0
/* Resets of a card in use: what its user keeps, and what the next user sees. */
#include <linux/fpga_vfio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "config.h"
#include "control.h"
#include "regs.h"
#include "user.h"

#define LIMIT_S 300

FIXTURE(reset)
{
	const char *bdf;
	struct user user;
};

FIXTURE_SETUP(reset)
{
	self->bdf = role("FV_CARD");
	card_bind(self->bdf);
	user_come(&self->user, self->bdf);
}

FIXTURE_TEARDOWN(reset)
{
	user_go(&self->user);
}

#define RESET_TEST(_name) TEST_F_TIMEOUT(reset, _name, LIMIT_S)

/* After a reset by any method, the user's mappings are valid and the card works. */
RESET_TEST(user_keeps_mappings_and_configuration)
{
	uint8_t before[256], after[256];
	int method, ret;

	for (method = -1; method <= FPGA_VFIO_RESET_METHOD_LINK; method++) {
		if (method == FPGA_VFIO_RESET_METHOD_PM)
			continue;
		self->user.regs[CARD_REG_SCRATCH(0) / 4] = 0x5eed;
		ASSERT_EQ(256, __config_read(&self->user.dev, 0, before, 256));
		ret = method < 0 ? __device_reset(&self->user.dev) :
				   reset_by_netlink(self->bdf, method);
		ASSERT_EQ(0, ret);
		EXPECT_EQ(CARD_ID, self->user.regs[CARD_REG_ID / 4]);
		EXPECT_EQ(0, self->user.regs[CARD_REG_SCRATCH(0) / 4]);
		ASSERT_EQ(256, __config_read(&self->user.dev, 0, after, 256));
		EXPECT_EQ(0, memcmp(before, after, 256));
		EXPECT_EQ(0, user_moves_data(&self->user, method));
	}
}

/* The next user of a card that was left alone gets it without another reset, and it works. */
RESET_TEST(next_user_does_not_reset)
{
	uint64_t flrs;

	user_go(&self->user);
	flrs = control_number("FV_CARD", "flr");
	user_come(&self->user, self->bdf);
	EXPECT_EQ(flrs, control_number("FV_CARD", "flr"));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
	user_go(&self->user);
	EXPECT_EQ(flrs + 1, control_number("FV_CARD", "flr"));
	user_come(&self->user, self->bdf);
	EXPECT_EQ(flrs + 1, control_number("FV_CARD", "flr"));
	EXPECT_EQ(0, user_moves_data(&self->user, 2));
}

/*
 * The next user does not see register values of the previous one. (Device memory that a PCIe
 * reset does not clear is up to the design.)
 */
RESET_TEST(next_user_sees_nothing)
{
	unsigned int i;
	uint64_t flrs;

	for (i = 0; i < 4; i++)
		self->user.regs[CARD_REG_SCRATCH(i) / 4] = 0xbad00000 + i;
	flrs = control_number("FV_CARD", "flr");
	user_go(&self->user);
	user_come(&self->user, self->bdf);
	EXPECT_EQ(flrs + 1, control_number("FV_CARD", "flr"));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, self->user.regs[CARD_REG_SCRATCH(i) / 4]);
	EXPECT_EQ(0, user_moves_data(&self->user, 3));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
