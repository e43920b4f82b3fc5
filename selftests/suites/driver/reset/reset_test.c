// SPDX-License-Identifier: GPL-2.0
/* Resets of a card in use: what its user keeps, and what the next user sees. */
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "config.h"
#include "control.h"
#include "counters.h"
#include "file.h"
#include "looper.h"
#include "pci.h"
#include "region.h"
#include "regs.h"
#include "user.h"

#define LIMIT_S 300
#define SOON_MS 60000
#define CORE_RESETS 30

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

static void reset_by_core(const char *bdf)
{
	_exit(__file_write("1", PCI_SYSFS "/%s/reset", bdf) ? 1 : 0);
}

/* Behind the PCI core's own reset the user reads all-ones, and the card sees none of that. */
RESET_TEST(user_is_kept_from_a_reset_by_the_core)
{
	uint64_t flrs = control_number("FV_CARD", "flr"), reads;
	uint32_t id = 0;
	int status;
	pid_t core;

	control_do("FV_CARD", "ready-after flr hold");
	core = child_start(reset_by_core, self->bdf);
	ASSERT_TRUE(wait_until(control_number("FV_CARD", "flr") > flrs, SOON_MS));
	reads = control_number("FV_CARD", "bar_reads");
	EXPECT_EQ(~0u, self->user.regs[CARD_REG_ID / 4]);
	EXPECT_EQ(4, __region_read(&self->user.dev, VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_ID, &id,
				   4));
	EXPECT_EQ(~0u, id);
	self->user.regs[CARD_REG_SCRATCH(0) / 4] = 0xbad;
	EXPECT_EQ(reads, control_number("FV_CARD", "bar_reads"));
	control_do("FV_CARD", "ready-after image");
	control_do("FV_CARD", "release");
	ASSERT_EQ(core, waitpid(core, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(CARD_ID, self->user.regs[CARD_REG_ID / 4]);
	EXPECT_EQ(0, self->user.regs[CARD_REG_SCRATCH(0) / 4]);
	EXPECT_EQ(0, user_moves_data(&self->user, 7));
	EXPECT_EQ(flrs + 1, control_number("FV_CARD", "flr"));
}

static void toggle_memory(void *arg)
{
	struct device *dev = arg;

	config_command(dev, PCI_COMMAND_MEMORY, 0);
	config_command(dev, 0, PCI_COMMAND_MEMORY);
}

static int64_t fences(const char *bdf)
{
	struct counted_device counted;
	struct genl genl;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	counters_device(&genl, bdf, &counted);
	genl_close(&genl);
	return counted.counters.value[FPGA_VFIO_A_STATS_FENCES];
}

/*
 * A write to Command holds memory_lock while it waits for config access, which the PCI core blocks
 * for its reset: the fence gets memory_lock all the same.
 */
RESET_TEST(user_writes_command_in_resets_by_the_core)
{
	int64_t before = fences(self->bdf);
	struct looper looper;
	unsigned int i;

	looper_start(&looper, toggle_memory, &self->user.dev);
	for (i = 0; i < CORE_RESETS; i++) {
		ASSERT_EQ(0, __file_write("1", PCI_SYSFS "/%s/reset", self->bdf));
		EXPECT_TRUE(looper_goes_on(&looper, 3));
	}
	looper_end(&looper);
	EXPECT_EQ(before + CORE_RESETS, fences(self->bdf));
	config_command(&self->user.dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	EXPECT_EQ(CARD_ID, self->user.regs[CARD_REG_ID / 4]);
	EXPECT_EQ(0, user_moves_data(&self->user, 9));
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
