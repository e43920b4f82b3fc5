// SPDX-License-Identifier: GPL-2.0
/* Resets of a card that has a user: what the user keeps, and what the next one sees. */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "config.h"
#include "engine.h"
#include "file.h"
#include "genl.h"
#include "module.h"
#include "region.h"
#include "regs.h"

#define LIMIT_S 300
#define IOVA 0x10000000ull
#define BUFFER 0x100000u
#define RING_AT (BUFFER - 0x1000)

static const char *role(const char *name)
{
	const char *bdf = getenv(name);

	if (!bdf)
		fail("%s is not set: not run in the lab?", name);
	return bdf;
}

/* A user of the card, with its registers and DMA memory. */
struct user {
	struct iommu iommu;
	struct device dev;
	volatile uint32_t *regs;
	size_t regs_size;
	uint8_t *buffer;
};

static void user_come(struct user *user, const char *bdf)
{
	iommu_open(&user->iommu, iommu_mode_from_env());
	device_open(&user->dev, &user->iommu, bdf);
	config_command(&user->dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	user->regs = region_map(&user->dev, VFIO_PCI_BAR0_REGION_INDEX,
				&user->regs_size);
	user->buffer = dma_alloc(BUFFER);
	iommu_map(&user->iommu, user->buffer, IOVA, BUFFER);
}

static void user_go(struct user *user)
{
	/* a mapping keeps the device open */
	munmap((void *)user->regs, user->regs_size);
	device_close(&user->dev);
	iommu_close(&user->iommu);
	munmap(user->buffer, BUFFER);
}

/* Move a page to the card and back: 0 if it is the same. */
static int user_moves_data(struct user *user, uint8_t seed)
{
	struct engine engine;
	int ret, i;

	for (i = 0; i < 4096; i++) {
		user->buffer[i] = seed + i * 7;
		user->buffer[8192 + i] = 0;
	}
	engine_init(&engine, user->regs, 0, user->buffer + RING_AT, IOVA + RING_AT);
	engine_add(&engine, false, IOVA, 0, 4096, false);
	engine_add(&engine, true, IOVA + 8192, 0, 4096, false);
	engine_run(&engine, 0);
	ret = __engine_wait(&engine);
	return ret ?: memcmp(user->buffer, user->buffer + 8192, 4096);
}

FIXTURE(reset)
{
	const char *bdf;
	struct user user;
};

FIXTURE_SETUP(reset)
{
	self->bdf = role("FV_CARD");
	/* gives the port a link */
	if (!module_loaded("fv_port"))
		module_load("/t/mod/fv_port.ko", "");
	if (!module_loaded("fpga_vfio_pci"))
		module_load_ours("");
	pci_bind(self->bdf, "fpga-vfio-pci");
	user_come(&self->user, self->bdf);
}

FIXTURE_TEARDOWN(reset)
{
	user_go(&self->user);
}

#define RESET_TEST(_name) TEST_F_TIMEOUT(reset, _name, LIMIT_S)

static int reset_by_netlink(const char *bdf, int method)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	struct genl genl;
	int ret;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	genl_put_string(&attrs, FPGA_VFIO_A_RESET_BDF, bdf);
	if (method >= 0)
		genl_put_u32(&attrs, FPGA_VFIO_A_RESET_METHOD, method);
	ret = __genl_call(&genl, FPGA_VFIO_CMD_RESET, 0, &attrs, NULL, NULL, &answer);
	genl_close(&genl);
	return ret;
}

/* A reset by any method leaves the user his mappings, and a card that works. */
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

/*
 * What a user left in registers is not there for the next one. (Memory that a card has
 * outside of what PCI Express resets is for its design to clear.)
 */
RESET_TEST(next_user_sees_nothing)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		self->user.regs[CARD_REG_SCRATCH(i) / 4] = 0xbad00000 + i;
	user_go(&self->user);
	user_come(&self->user, self->bdf);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, self->user.regs[CARD_REG_SCRATCH(i) / 4]);
	EXPECT_EQ(0, user_moves_data(&self->user, 3));
}

static void dump_for_ever(const char *bdf)
{
	struct genl_answer answer;
	struct genl genl;

	(void)bdf;
	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	for (;;)
		__genl_call(&genl, FPGA_VFIO_CMD_CARD_GET, NLM_F_DUMP, NULL, NULL, NULL, &answer);
}

/* Many resets with DMA before each and readers of everything beside them. */
RESET_TEST(many_resets_under_load)
{
	unsigned int times = scaled(100), i;
	uint8_t before[256], after[256];
	pid_t readers[2];
	int ret;

	for (i = 0; i < 2; i++)
		readers[i] = child_start(dump_for_ever, NULL);
	ASSERT_EQ(256, __config_read(&self->user.dev, 0, before, 256));
	for (i = 0; i < times; i++) {
		EXPECT_EQ(0, user_moves_data(&self->user, i));
		ret = i % 10 == 9 ?
			reset_by_netlink(self->bdf, FPGA_VFIO_RESET_METHOD_HOT) :
			__device_reset(&self->user.dev);
		ASSERT_EQ(0, ret);
	}
	ASSERT_EQ(256, __config_read(&self->user.dev, 0, after, 256));
	EXPECT_EQ(0, memcmp(before, after, 256));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
	for (i = 0; i < 2; i++)
		child_end(readers[i]);
	printf("# %u resets\n", times);
}

static void use_for_ever(const char *bdf)
{
	struct user user;

	for (;;) {
		user_come(&user, bdf);
		user_moves_data(&user, 1);
		__device_reset(&user.dev);
		user_go(&user);
	}
}

/* A user that is killed, wherever it is, leaves a card that the next one can have. */
RESET_TEST(killed_users_leave_a_clean_card)
{
	unsigned int times = scaled(20), i;
	pid_t pid;

	user_go(&self->user);
	for (i = 0; i < times; i++) {
		pid = child_start(use_for_ever, self->bdf);
		nap_ms(37 * i % 400);	/* anywhere in its loop of about 350 ms */
		child_end(pid);
	}
	user_come(&self->user, self->bdf);
	EXPECT_EQ(CARD_ID, self->user.regs[CARD_REG_ID / 4]);
	EXPECT_EQ(0, self->user.regs[CARD_REG_SCRATCH(0) / 4]);
	EXPECT_EQ(0, user_moves_data(&self->user, 9));
}

/* An FLR that the guest asks for in configuration space. */
RESET_TEST(guests_own_flr_ok)
{
	unsigned int cap = config_cap(&self->user.dev, PCI_CAP_ID_EXP);
	uint16_t control = config_read16(&self->user.dev, cap + PCI_EXP_DEVCTL);

	self->user.regs[CARD_REG_SCRATCH(0) / 4] = 0x5eed;
	config_write16(&self->user.dev, cap + PCI_EXP_DEVCTL, control | PCI_EXP_DEVCTL_BCR_FLR);
	EXPECT_EQ(CARD_ID, self->user.regs[CARD_REG_ID / 4]);
	EXPECT_EQ(0, self->user.regs[CARD_REG_SCRATCH(0) / 4]);
	EXPECT_EQ(0, user_moves_data(&self->user, 5));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
