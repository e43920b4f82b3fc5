// SPDX-License-Identifier: GPL-2.0
/* A system that sleeps while the card has a user, a fence session, or no link. */
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "control.h"
#include "counters.h"
#include "device.h"
#include "fence.h"
#include "policy.h"
#include "regs.h"
#include "sleep.h"
#include "space.h"
#include "user.h"

#define LIMIT_S 600
#define CARD "FV_CARD"
#define BACK_MS 60000

FIXTURE(sleep)
{
	const char *bdf;
	struct genl genl;
	struct user user;
	struct spaces before;
	uint64_t recoveries;
};

static uint64_t recoveries(struct genl *genl, const char *bdf)
{
	return counter(genl, bdf, FPGA_VFIO_A_STATS_RECOVERIES_OK);
}

FIXTURE_SETUP(sleep)
{
	if (!system_can_sleep())
		SKIP(return, "this kernel has no pm_test");
	self->bdf = role(CARD);
	card_bind(self->bdf);
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	user_come(&self->user, self->bdf);
	ASSERT_EQ(0, user_moves_data(&self->user, 0));
	spaces_read(self->bdf, &self->before);
	self->recoveries = recoveries(&self->genl, self->bdf);
}

FIXTURE_TEARDOWN(sleep)
{
	user_go(&self->user);
	genl_close(&self->genl);
}

#define SLEEP_TEST(_name) TEST_F_TIMEOUT(sleep, _name, LIMIT_S)

static bool is_ready(struct genl *genl, const char *bdf)
{
	return device_state(genl, bdf) == FPGA_VFIO_CARD_STATE_READY;
}

/* Bytes that changed in card and port; the driver restores the port shortly after the recovery. */
static unsigned int changed(const char *bdf, struct spaces *before)
{
	struct spaces after;

	space_drop_status(before->port);
	/* with MSI-X, a resume sets Interrupt Disable, which VFIO had cleared */
	before->card[0x05] |= 0x04;
	wait_until(({
		spaces_read(bdf, &after);
		space_drop_status(after.port);
		!memcmp(after.port, before->port, sizeof(after.port));
	}), BACK_MS);
	after.card[0x05] |= 0x04;
	return spaces_differ(before, &after);
}

/* The user goes on: no reset, no loss, no fence that stays. */
SLEEP_TEST(a_user_goes_on)
{
	unsigned int i;

	policy_set(&self->genl, self->bdf, "monitor_interval_ms=10");
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, __system_sleep("freeze"));
		EXPECT_TRUE(is_ready(&self->genl, self->bdf));
		EXPECT_EQ(CARD_ID, self->user.regs[CARD_REG_ID / 4]);
		EXPECT_EQ(0, user_moves_data(&self->user, i));
		EXPECT_EQ(0, changed(self->bdf, &self->before));
	}
	EXPECT_EQ(self->recoveries, recoveries(&self->genl, self->bdf));
}

/* The card may have been without power, which its configuration does not show. */
SLEEP_TEST(a_hibernation)
{
	if (access("/sys/power/disk", F_OK))
		SKIP(return, "this kernel does not hibernate");
	ASSERT_EQ(0, __system_sleep("disk"));
	EXPECT_TRUE(wait_until(recoveries(&self->genl, self->bdf) > self->recoveries &&
			       is_ready(&self->genl, self->bdf), BACK_MS));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
	EXPECT_EQ(0, changed(self->bdf, &self->before));
}

/* A recovery that waits for the link ends for the sleep, and begins anew afterwards. */
SLEEP_TEST(the_link_is_down)
{
	policy_set(&self->genl, self->bdf, "monitor_interval_ms=10");
	control_do(CARD, "link down");
	ASSERT_TRUE(wait_until(device_state(&self->genl, self->bdf) == FPGA_VFIO_CARD_STATE_LOST,
			       BACK_MS));
	EXPECT_EQ(0, __system_sleep("freeze"));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, device_state(&self->genl, self->bdf));
	EXPECT_EQ(~0u, self->user.regs[CARD_REG_ID / 4]);
	control_do(CARD, "link up");
	EXPECT_TRUE(wait_until(recoveries(&self->genl, self->bdf) > self->recoveries &&
			       is_ready(&self->genl, self->bdf), BACK_MS));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
	EXPECT_EQ(0, changed(self->bdf, &self->before));
}

/* The card is programmed while the system sleeps. */
SLEEP_TEST(a_fence_session_goes_on)
{
	struct spaces fenced, after;

	fence(&self->genl, self->bdf);
	spaces_read(self->bdf, &fenced);
	space_drop_status(fenced.port);
	control_do(CARD, "program alveo-xdma in 50");
	EXPECT_EQ(0, __system_sleep("freeze"));
	/* the port services have enabled their interrupts: the port is isolated again */
	EXPECT_TRUE(wait_until(({
		spaces_read(self->bdf, &after);
		space_drop_status(after.port);
		!memcmp(after.port, fenced.port, sizeof(after.port));
	}), BACK_MS));
	memcpy(after.card, fenced.card, sizeof(after.card));
	EXPECT_EQ(0, spaces_differ(&fenced, &after));
	EXPECT_EQ(~0u, self->user.regs[CARD_REG_ID / 4]);
	control_do(CARD, "wait loads 2");
	recover(&self->genl, self->bdf);
	EXPECT_TRUE(is_ready(&self->genl, self->bdf));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
	EXPECT_EQ(0, changed(self->bdf, &self->before));
}

/* No user is to work on with a card that was reset while nothing looked. */
SLEEP_TEST(a_link_that_was_lost_meanwhile)
{
	policy_set(&self->genl, self->bdf, "monitor_interval_ms=0");
	control_do(CARD, "link down for 50");
	EXPECT_EQ(0, __system_sleep("freeze"));
	EXPECT_TRUE(wait_until(is_ready(&self->genl, self->bdf) &&
			       self->user.regs[CARD_REG_ID / 4] == CARD_ID, BACK_MS));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
	EXPECT_EQ(0, changed(self->bdf, &self->before));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
