// SPDX-License-Identifier: GPL-2.0
/*
 * A write to the Command register in progress when a card is fenced, which enables memory only
 * afterwards: its user buffer faults, so that the fence does not wait for it. The link stays up,
 * and the card would answer.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "control.h"
#include "fence.h"
#include "policy.h"
#include "region.h"
#include "regs.h"
#include "sigbus.h"
#include "slow.h"
#include "user.h"

#define LIMIT_S 120
#define CARD "FV_CARD"
#define ONES 0xffffffffu

FIXTURE(again)
{
	const char *bdf;
	struct genl genl;
	struct user user;
	struct slow slow;
	uint16_t command;
};

FIXTURE_SETUP(again)
{
	self->bdf = role(CARD);
	card_bind(self->bdf);
	sigbus_init();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&self->genl, self->bdf, "link_disable=off");
	user_come(&self->user, self->bdf);
	self->command = config_read16(&self->user.dev, PCI_COMMAND) | PCI_COMMAND_MEMORY;
	config_write16(&self->user.dev, PCI_COMMAND, self->command);
}

FIXTURE_TEARDOWN(again)
{
	user_go(&self->user);
	genl_close(&self->genl);
}

#define AGAIN_TEST(_name) TEST_F_TIMEOUT(again, _name, LIMIT_S)

static uint32_t get(struct user *user, unsigned int reg)
{
	uint32_t value = 0xdead;

	sigbus_read(&user->regs[reg / 4], &value);
	return value;
}

static uint64_t accesses(void)
{
	return control_number(CARD, "bar_reads") + control_number(CARD, "bar_writes");
}

/* The user reads all-ones, and the card sees no access. */
static bool is_fenced(struct user *user)
{
	uint64_t before = accesses();
	uint32_t id = get(user, CARD_REG_ID), scratch;

	sigbus_write(&user->regs[CARD_REG_SCRATCH(0) / 4], 0xbad);
	scratch = get(user, CARD_REG_SCRATCH(1));
	return id == ONES && scratch == ONES && accesses() == before;
}

/* Memory was enabled before: the write changes nothing. */
AGAIN_TEST(memory_stays_hidden)
{
	ASSERT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	slow_write_begin(&self->slow, &self->user.dev, PCI_COMMAND);
	fence(&self->genl, self->bdf);
	/* no page is accessed before, so that each faults again */
	slow_write_give(&self->slow, self->command);
	EXPECT_EQ(2, slow_end(&self->slow));
	EXPECT_TRUE(is_fenced(&self->user));
	EXPECT_EQ(ONES, config_read32(&self->user.dev, PCI_VENDOR_ID));
	recover(&self->genl, self->bdf);
	EXPECT_EQ(self->command, config_read16(&self->user.dev, PCI_COMMAND));
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(0, sigbus_count());
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
}

/* Memory was disabled before: the recovery restores that for the user. */
AGAIN_TEST(memory_is_enabled_behind_the_fence)
{
	uint16_t disabled = self->command & ~PCI_COMMAND_MEMORY;
	uint32_t value;

	config_write16(&self->user.dev, PCI_COMMAND, disabled);
	slow_write_begin(&self->slow, &self->user.dev, PCI_COMMAND);
	fence(&self->genl, self->bdf);
	slow_write_give(&self->slow, self->command);
	EXPECT_EQ(2, slow_end(&self->slow));
	EXPECT_TRUE(is_fenced(&self->user));
	recover(&self->genl, self->bdf);
	/* as without a fence, disabled memory is inaccessible */
	EXPECT_EQ(disabled, config_read16(&self->user.dev, PCI_COMMAND));
	EXPECT_EQ(-EIO, __region_read(&self->user.dev, VFIO_PCI_BAR0_REGION_INDEX, 0, &value, 4));
	EXPECT_NE(0, sigbus_read(&self->user.regs[CARD_REG_ID / 4], &value));
	EXPECT_EQ(1, sigbus_count());
	config_write16(&self->user.dev, PCI_COMMAND, self->command);
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(0, user_moves_data(&self->user, 2));
}

/* Memory was enabled before: the recovery restores that, too. */
AGAIN_TEST(memory_is_disabled_behind_the_fence)
{
	slow_write_begin(&self->slow, &self->user.dev, PCI_COMMAND);
	fence(&self->genl, self->bdf);
	slow_write_give(&self->slow, self->command & ~PCI_COMMAND_MEMORY);
	EXPECT_EQ(2, slow_end(&self->slow));
	EXPECT_TRUE(is_fenced(&self->user));
	recover(&self->genl, self->bdf);
	EXPECT_EQ(self->command, config_read16(&self->user.dev, PCI_COMMAND));
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(0, sigbus_count());
	EXPECT_EQ(0, user_moves_data(&self->user, 3));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
