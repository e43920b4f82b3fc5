// SPDX-License-Identifier: GPL-2.0
/*
 * Many resets of a working card, and many users that end at any point: no leak, no change of the
 * configuration. FV_RESETS and FV_ENDS are the numbers; FV_SEED.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "config.h"
#include "file.h"
#include "genl.h"
#include "memory.h"
#include "module.h"
#include "pci.h"
#include "regs.h"
#include "space.h"
#include "user.h"

#define LIMIT_S 1400

FIXTURE(load)
{
	const char *bdf;
	unsigned int seed;
	unsigned long long start;
	struct spaces before, after;
};

FIXTURE_SETUP(load)
{
	self->bdf = role("FV_CARD");
	self->seed = from_env("FV_SEED", 20261120);
	printf("# FV_SEED=%u\n", self->seed);
	card_bind(self->bdf);
	self->start = now_ns();
}

FIXTURE_TEARDOWN(load)
{
}

#define LOAD_TEST(_name) TEST_F_TIMEOUT(load, _name, LIMIT_S)

static void dump_for_ever(const char *unused)
{
	static const uint8_t commands[] = {
		FPGA_VFIO_CMD_DEVICE_GET, FPGA_VFIO_CMD_GROUP_GET, FPGA_VFIO_CMD_CARD_GET,
	};
	struct genl_answer answer;
	struct genl genl;
	unsigned int i;

	(void)unused;
	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	for (;;)
		for (i = 0; i < sizeof(commands); i++)
			__genl_call(&genl, commands[i], NLM_F_DUMP, NULL, NULL, NULL, &answer);
}

/* All ways to reset a card with FLR, mostly VFIO_DEVICE_RESET. */
static int reset_somehow(struct user *user, const char *bdf, unsigned int nr)
{
	switch (nr % 10) {
	case 7:
		return reset_by_netlink(bdf, FPGA_VFIO_RESET_METHOD_FLR);
	case 8:
		return reset_by_netlink(bdf, FPGA_VFIO_RESET_METHOD_LINK);
	case 9:
		return reset_by_netlink(bdf, FPGA_VFIO_RESET_METHOD_HOT);
	default:
		return __device_reset(&user->dev);
	}
}

/* Resets during DMA and interrupts, with readers of sysfs and netlink in parallel. */
LOAD_TEST(many_resets_under_load)
{
	static struct memory_use memory[3];
	unsigned int half = scaled(from_env("FV_RESETS", 80)) / 2, part, i;
	pid_t readers[2];
	struct user user;

	for (i = 0; i < 2; i++)
		readers[i] = child_start(dump_for_ever, NULL);
	user_come(&user, self->bdf);
	ASSERT_EQ(0, user_moves_data(&user, 0));
	spaces_read(self->bdf, &self->before);
	/* a first tenth for one-time allocations */
	for (part = 0; part < 3; part++) {
		for (i = 0; i < (part ? half : half / 10 + 1); i++) {
			user_starts_data(&user);
			ASSERT_EQ(0, reset_somehow(&user, self->bdf, i));
			ASSERT_EQ(0, user_moves_data(&user, i));
		}
		for (i = 0; i < 2; i++)
			child_stop(readers[i]);
		memory_read(&memory[part]);
		for (i = 0; i < 2; i++)
			child_continue(readers[i]);
	}
	spaces_read(self->bdf, &self->after);
	EXPECT_EQ(0, spaces_differ(&self->before, &self->after));
	EXPECT_EQ(0, memory_grew(&memory[0], &memory[1], &memory[2], half));
	for (i = 0; i < 2; i++)
		child_end(readers[i]);
	user_go(&user);
	say_done("resets", 2 * half + half / 10 + 1, self->start);
}

/* Use the device until killed, or refused because of unbind. */
static void use_for_ever(const char *bdf)
{
	struct user user;

	while (!__user_come(&user, bdf)) {
		user_moves_data(&user, 1);
		user_starts_data(&user);
		__device_reset(&user.dev);
		user_go(&user);
	}
}

static void unbind_in_child(const char *bdf)
{
	_exit(__pci_unbind(bdf) ? 1 : 0);
}

/*
 * Check the card as the next user: return 0 if it is clean and works. Config space is read while
 * the device is open, because an idle function is suspended.
 */
static int next_user(const char *bdf, struct spaces *spaces)
{
	struct user user;
	int ret;

	user_come(&user, bdf);
	spaces_read(bdf, spaces);
	ret = user.regs[CARD_REG_ID / 4] != CARD_ID || user.regs[CARD_REG_SCRATCH(0) / 4] ||
		user_moves_data(&user, 9);
	user.regs[CARD_REG_SCRATCH(0) / 4] = 0xbad;
	user_go(&user);
	return ret;
}

/*
 * Kill users at any point of their loop of about 350 ms, or unbind their devices there: the card
 * works for the next user.
 */
LOAD_TEST(users_end_anywhere)
{
	unsigned int times = scaled(from_env("FV_ENDS", 10)), i;
	pid_t user, unbinder;
	int status;

	ASSERT_EQ(0, next_user(self->bdf, &self->before));
	for (i = 0; i < times; i++) {
		user = child_start(use_for_ever, self->bdf);
		nap_ms(rand_r(&self->seed) % 400);
		if (i % 2) {
			unbinder = child_start(unbind_in_child, self->bdf);
			ASSERT_TRUE(wait_until(waitpid(unbinder, &status, WNOHANG) == unbinder,
					       60000));
			ASSERT_EQ(0, status);
		} else {
			/* no refusal without other users */
			ASSERT_EQ(0, waitpid(user, &status, WNOHANG));
		}
		child_end(user);
		if (i % 2) {
			ASSERT_TRUE(pci_driver_is(self->bdf, ""));
			pci_bind(self->bdf, "fpga_vfio_pci");
		}
		/* From time to time, check that the card works. */
		if (i % 10 >= 8)
			ASSERT_EQ(0, next_user(self->bdf, &self->after));
	}
	ASSERT_EQ(0, next_user(self->bdf, &self->after));
	EXPECT_EQ(0, spaces_differ(&self->before, &self->after));
	say_done("ends", times, self->start);
}

/* The module unloads when the last reference is gone. */
LOAD_TEST(module_unloads)
{
	EXPECT_EQ(0, __module_unload("fpga_vfio_pci"));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
