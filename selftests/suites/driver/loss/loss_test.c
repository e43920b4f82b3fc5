// SPDX-License-Identifier: GPL-2.0
/*
 * A link that drops repeatedly below a busy user; tools and users killed at any point: no signal,
 * no stall, no leak, no change of card or port configuration. FV_DROPS and FV_KILLS are the
 * numbers; FV_SEED.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "control.h"
#include "counters.h"
#include "fence.h"
#include "hammer.h"
#include "memory.h"
#include "module.h"
#include "policy.h"
#include "regs.h"
#include "sigbus.h"
#include "space.h"
#include "user.h"

#define LIMIT_S 2300
#define CARD "FV_CARD"
#define SEEN_MS 60000
#define BACK_MS 60000
#define MONITOR "monitor_interval_ms=10"

FIXTURE(loss)
{
	const char *bdf;
	unsigned int seed;
	unsigned long long start;
	struct genl genl;
	struct spaces before;
};

FIXTURE_SETUP(loss)
{
	self->bdf = role(CARD);
	self->seed = from_env("FV_SEED", 20261120);
	printf("# FV_SEED=%u\n", self->seed);
	card_bind(self->bdf);
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&self->genl, self->bdf, MONITOR);
	self->start = now_ns();
}

FIXTURE_TEARDOWN(loss)
{
	genl_close(&self->genl);
}

#define LOSS_TEST(_name) TEST_F_TIMEOUT(loss, _name, LIMIT_S)

/*
 * Number of bytes that changed in the card's config space and in the port's controls. Status that
 * the port latched before the loss was known is ignored. The driver restores the port shortly
 * after the card is ready: wait for that.
 */
static unsigned int changed(const char *bdf, struct spaces *before)
{
	struct spaces after;

	space_drop_status(before->port);
	wait_until(({
		spaces_read(bdf, &after);
		space_drop_status(after.port);
		!memcmp(after.port, before->port, sizeof(after.port));
	}), SEEN_MS);
	return spaces_differ(before, &after);
}

static bool is_ready(struct genl *genl, const char *bdf)
{
	return device_state(genl, bdf) == FPGA_VFIO_CARD_STATE_READY;
}

/* After a kill during a reset, the device waits for the open reset of the next user. */
static bool is_at_rest(struct genl *genl, const char *bdf)
{
	unsigned int state = device_state(genl, bdf);

	return state == FPGA_VFIO_CARD_STATE_READY || state == FPGA_VFIO_CARD_STATE_FAILED;
}

static uint64_t recoveries(struct genl *genl, const char *bdf)
{
	struct counted_device device;

	counters_device(genl, bdf, &device);
	return device.counters.value[FPGA_VFIO_A_STATS_RECOVERIES_OK];
}

/* Drop the link for a random time: true if the loss was detected and the card recovered. */
static bool drops_and_comes_back(struct genl *genl, const char *bdf, unsigned int *seed)
{
	uint64_t before = recoveries(genl, bdf);

	control_do(CARD, "link down for %u", 30 + rand_r(seed) % 200);
	if (wait_until(recoveries(genl, bdf) > before && is_ready(genl, bdf), BACK_MS))
		return true;
	printf("# it does not come back: state %u, recoveries %llu, before %llu\n",
	       device_state(genl, bdf), (unsigned long long)recoveries(genl, bdf),
	       (unsigned long long)before);
	return false;
}

/*
 * Drop the link until the user was observed: true if the user made progress while the link was
 * down and while the card was not ready.
 */
static bool goes_on_meanwhile(struct genl *genl, const char *bdf, const struct hammer *hammer)
{
	uint64_t before = recoveries(genl, bdf);
	bool goes_on;

	control_do(CARD, "ready-after hold");
	control_do(CARD, "link down");
	goes_on = wait_until(device_state(genl, bdf) == FPGA_VFIO_CARD_STATE_LOST, SEEN_MS) &&
		hammer_goes_on(hammer);
	control_do(CARD, "link up");
	control_do(CARD, "wait not-ready");
	goes_on &= hammer_goes_on(hammer);
	control_do(CARD, "ready-after image");
	control_do(CARD, "release");
	return goes_on &&
		wait_until(recoveries(genl, bdf) > before && is_ready(genl, bdf), BACK_MS);
}

/* Drops below a user of registers, config space, DMA and interrupts. */
LOSS_TEST(many_drops_below_a_user)
{
	static struct memory_use memory[3];
	unsigned int half = scaled(from_env("FV_DROPS", 20)) / 2, part, i;
	struct hammer hammer;
	struct user user;
	uint64_t moved;

	user_come(&user, self->bdf);
	ASSERT_EQ(0, user_moves_data(&user, 0));
	spaces_read(self->bdf, &self->before);
	hammer_start(&hammer, &user);
	/* a first tenth for one-time allocations */
	for (part = 0; part < 3; part++) {
		for (i = 0; i < (part ? half : half / 10 + 1); i++) {
			ASSERT_TRUE(drops_and_comes_back(&self->genl, self->bdf, &self->seed));
			if (i % 10)
				continue;
			ASSERT_TRUE(goes_on_meanwhile(&self->genl, self->bdf, &hammer));
			moved = hammer.dma.accesses;
			ASSERT_TRUE(wait_until(hammer.dma.accesses > moved + 1, SEEN_MS));
		}
		memory_read(&memory[part]);
	}
	hammer_stop(&hammer);
	printf("# ");
	hammer_print(&hammer);
	EXPECT_EQ(0, hammer_sigbus(&hammer));
	EXPECT_EQ(0, hammer.map.wrong + hammer.fd.wrong + hammer.dma.wrong);
	EXPECT_LT(0, hammer.map.ones);
	EXPECT_EQ(0, hammer.map.stalls + hammer.fd.stalls);
	EXPECT_EQ(0, user_moves_data(&user, 1));
	EXPECT_EQ(0, changed(self->bdf, &self->before));
	EXPECT_EQ(0, memory_grew(&memory[0], &memory[1], &memory[2], half));
	user_go(&user);
	say_done("drops", 2 * half + half / 10 + 1, self->start);
}

/* Fence and recover in a loop until killed. */
static void tool_for_ever(const char *bdf)
{
	unsigned int seed = now_ns();
	struct genl genl;

	for (;;) {
		genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
		if (!__fence(&genl, bdf, 0, 0, NULL)) {
			nap_ms(rand_r(&seed) % 100);
			__recover(&genl, bdf, false, NULL);
		}
		genl_close(&genl);
	}
}

/* Open and use the card until killed. */
static void user_for_ever(const char *bdf)
{
	struct hammer hammer;
	struct user user;

	/* the fence may come between open and interrupt setup */
	while (__user_come(&user, bdf))
		nap_ms(5);
	hammer_start(&hammer, &user);
	for (;;)
		nap_ms(1000);
}

/*
 * Check the card as the next user: 0 if it is clean, works, and has the configuration of the first
 * user, which is stored in @before. Config space is read while the device is open, because an idle
 * function is suspended.
 */
static int next_user(const char *bdf, struct spaces *before, bool is_first)
{
	uint32_t id, scratch;
	struct user user;
	int ret = 0;

	if (!wait_until(!__user_come(&user, bdf), BACK_MS))
		fail("%s is not there for the next user", bdf);
	if (is_first)
		spaces_read(bdf, before);
	else if (changed(bdf, before))
		ret = -1;
	id = user.regs[CARD_REG_ID / 4];
	scratch = user.regs[CARD_REG_SCRATCH(0) / 4];
	if (id == CARD_ID && !scratch)
		ret = user_moves_data(&user, 9) ?: ret;
	if (ret || id != CARD_ID || scratch) {
		printf("# the next user: id %08x, register %08x, data %d\n", id, scratch, ret);
		ret = -1;
	}
	user.regs[CARD_REG_SCRATCH(0) / 4] = 0xbad;
	user_go(&user);
	return ret;
}

/*
 * Kill a tool or a user at any point, sometimes with the link down: the card recovers by itself and
 * is clean for the next user.
 */
LOSS_TEST(tools_and_users_end_anywhere)
{
	unsigned int times = scaled(from_env("FV_KILLS", 20)), i;
	pid_t tool, user;

	ASSERT_EQ(0, next_user(self->bdf, &self->before, true));
	for (i = 0; i < times; i++) {
		user = child_start(user_for_ever, self->bdf);
		tool = child_start(tool_for_ever, self->bdf);
		nap_ms(rand_r(&self->seed) % 1000);
		if (i % 4 == 3)
			control_do(CARD, "link down for %u", 30 + rand_r(&self->seed) % 200);
		child_end(i % 2 ? tool : user);
		if (i % 3 == 2)
			nap_ms(rand_r(&self->seed) % 300);
		child_end(i % 2 ? user : tool);
		ASSERT_TRUE(wait_until(is_at_rest(&self->genl, self->bdf), BACK_MS)) {
			TH_LOG("after kill %u: state %u", i,
			       device_state(&self->genl, self->bdf));
		}
		if (i % 10 >= 8)
			ASSERT_EQ(0, next_user(self->bdf, &self->before, false));
	}
	ASSERT_EQ(0, next_user(self->bdf, &self->before, false));
	say_done("kills", times, self->start);
}

/* The module unloads when the last reference is gone. */
LOSS_TEST(module_unloads)
{
	EXPECT_EQ(0, __module_unload("fpga_vfio_pci"));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
