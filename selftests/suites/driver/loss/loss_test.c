// SPDX-License-Identifier: GPL-2.0
/*
 * A link that drops repeatedly below a busy user; tools and users killed at any point: no signal,
 * no stall, no leak, no change of card or port configuration. FV_DROPS and FV_KILLS are the
 * numbers; FV_SEED.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "config.h"
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
		memory_look(&memory[part]);
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

/* Kill a tool and a user at any point, sometimes with the link down. */
static void kill_anywhere(const char *bdf, unsigned int *seed, unsigned int nr)
{
	pid_t user = child_start(user_for_ever, bdf), tool = child_start(tool_for_ever, bdf);

	nap_ms(rand_r(seed) % 1000);
	if (nr % 4 == 3)
		control_do(CARD, "link down for %u", 30 + rand_r(seed) % 200);
	child_end(nr % 2 ? tool : user);
	if (nr % 3 == 2)
		nap_ms(rand_r(seed) % 300);
	child_end(nr % 2 ? user : tool);
}

/* The card recovers by itself and is clean for the next user. */
LOSS_TEST(tools_and_users_end_anywhere)
{
	unsigned int half = scaled(from_env("FV_KILLS", 20)) / 2, part, i, kills = 0;
	static struct memory_use memory[3];

	ASSERT_EQ(0, next_user(self->bdf, &self->before, true));
	/* a first tenth for one-time allocations */
	for (part = 0; part < 3; part++) {
		for (i = 0; i < (part ? half : half / 10 + 1); i++, kills++) {
			kill_anywhere(self->bdf, &self->seed, kills);
			ASSERT_TRUE(wait_until(is_at_rest(&self->genl, self->bdf), BACK_MS)) {
				TH_LOG("after kill %u: state %u", kills,
				       device_state(&self->genl, self->bdf));
			}
			if (kills % 10 >= 8)
				ASSERT_EQ(0, next_user(self->bdf, &self->before, false));
		}
		memory_look(&memory[part]);
	}
	ASSERT_EQ(0, next_user(self->bdf, &self->before, false));
	EXPECT_EQ(0, memory_grew(&memory[0], &memory[1], &memory[2], half));
	say_done("kills", kills, self->start);
}

/* Processes that do not end before they are killed. */
static int *is_there;

/* The next call is the one to be killed in. */
static void now_there(void)
{
	__atomic_store_n(is_there, 1, __ATOMIC_RELEASE);
}

static void stay(void)
{
	now_there();
	for (;;)
		pause();
}

static void in_an_open(const char *bdf)
{
	struct user user;

	control_do(CARD, "ready-after flr hold");
	now_there();
	__user_come(&user, bdf);
}

/* Have the card in use, and held after its next reset. */
static void come_and_hold(struct user *user, const char *bdf, const char *kind)
{
	user_come(user, bdf);
	control_do(CARD, "ready-after %s hold", kind);
	now_there();
}

static void in_a_reset_of_its_own(const char *bdf)
{
	struct user user;

	come_and_hold(&user, bdf, "flr");
	__device_reset(&user.dev);
}

static void in_a_reset_by_its_guest(const char *bdf)
{
	struct user user;
	unsigned int at;

	user_come(&user, bdf);
	at = config_cap(&user.dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	control_do(CARD, "ready-after flr hold");
	config_write16(&user.dev, at, config_read16(&user.dev, at) | PCI_EXP_DEVCTL_BCR_FLR);
	stay();
}

static void in_a_reset_by_netlink(const char *bdf)
{
	struct user user;

	come_and_hold(&user, bdf, "flr");
	reset_by_netlink(bdf, FPGA_VFIO_RESET_METHOD_FLR);
}

static void waiting_for_a_hot_reset(const char *bdf)
{
	control_do(CARD, "ready-after hot hold");
	now_there();
	reset_by_netlink(bdf, FPGA_VFIO_RESET_METHOD_HOT);
}

static void fence_by_tool(const char *bdf)
{
	struct genl genl;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	fence(&genl, bdf);
}

static void behind_its_fence(const char *bdf)
{
	fence_by_tool(bdf);
	stay();
}

static void while_it_programs(const char *bdf)
{
	fence_by_tool(bdf);
	control_do(CARD, "program alveo-xdma in hold");
	stay();
}

static void in_a_recovery(const char *bdf)
{
	struct genl genl;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	fence(&genl, bdf);
	control_do(CARD, "ready-after hold");
	now_there();
	__recover(&genl, bdf, false, NULL);
}

/* The programmer ends when fpgactl is gone. */
static void in_fpgactl_reprogram(const char *bdf)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	now_there();
	execlp("fpgactl", "fpgactl", "reprogram", bdf, "--", "sh", "-c",
	       "fv-fault " CARD " reprogram hold && exec tail --pid=$PPID -f /dev/null", NULL);
	_exit(127);
}

/* @waits: state of the card at that point, NULL if it is the fence that shows it. */
static const struct point {
	const char *name, *waits;
	void (*run)(const char *bdf);
} points[] = {
	{ "in an open", "not-ready", in_an_open },
	{ "in a reset of its own", "not-ready", in_a_reset_of_its_own },
	{ "in a reset by its guest", "not-ready", in_a_reset_by_its_guest },
	{ "in a reset by netlink", "not-ready", in_a_reset_by_netlink },
	{ "waiting for a hot reset", "not-ready", waiting_for_a_hot_reset },
	{ "behind its fence", NULL, behind_its_fence },
	{ "while it programs", "blank", while_it_programs },
	{ "in a recovery", "not-ready", in_a_recovery },
	{ "in fpgactl reprogram", "blank", in_fpgactl_reprogram },
};

#define POINTS ARRAY_SIZE(points)

/* False if the process does not end before the card is released. */
static bool is_killed_at(struct genl *genl, const char *bdf, const struct point *point)
{
	bool has_ended;
	pid_t pid;

	*is_there = 0;
	pid = child_start(point->run, bdf);
	if (!wait_until(__atomic_load_n(is_there, __ATOMIC_ACQUIRE), BACK_MS))
		fail("%s: it does not come so far", point->name);
	if (point->waits)
		control_do(CARD, "wait %s %u", point->waits, BACK_MS);
	kill(pid, SIGKILL);
	has_ended = wait_until(waitpid(pid, NULL, WNOHANG) == pid, BACK_MS);
	control_do(CARD, "ready-after image");
	control_do(CARD, "release");
	return has_ended && wait_until(is_at_rest(genl, bdf), BACK_MS);
}

/* No lock of the driver is held: these take all of them. */
static bool is_free(struct genl *genl, const char *bdf)
{
	return wait_until(!__fence(genl, bdf, 0, 0, NULL), BACK_MS) &&
	       wait_until(!__recover(genl, bdf, false, NULL), BACK_MS) && is_ready(genl, bdf);
}

/* Kill a process at each point of an operation. */
LOSS_TEST(killed_at_each_point)
{
	unsigned int half = scaled(from_env("FV_KILLS", 2 * POINTS)) / 2, part, i, kills = 0;
	static struct memory_use memory[3];

	/* each point, also on the debug kernel */
	if (half < POINTS)
		half = POINTS;
	is_there = mmap(NULL, sizeof(*is_there), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, is_there);
	policy_set(&self->genl, self->bdf, "ready_limit_ms=120000");
	policy_set(&self->genl, self->bdf, "open_limit_ms=600000");
	ASSERT_EQ(0, next_user(self->bdf, &self->before, true));
	policy_set(&self->genl, self->bdf, "reset_at_open=always");
	for (part = 0; part < 3; part++) {
		for (i = 0; i < (part ? half : half / 10 + 1); i++, kills++) {
			const struct point *point = &points[kills % POINTS];

			ASSERT_TRUE(is_killed_at(&self->genl, self->bdf, point)) {
				TH_LOG("kill %u, %s: state %u", kills, point->name,
				       device_state(&self->genl, self->bdf));
			}
			if (kills % POINTS != POINTS - 1)
				continue;
			ASSERT_TRUE(is_free(&self->genl, self->bdf));
			ASSERT_EQ(0, next_user(self->bdf, &self->before, false));
		}
		memory_look(&memory[part]);
	}
	ASSERT_EQ(0, next_user(self->bdf, &self->before, false));
	ASSERT_TRUE(is_free(&self->genl, self->bdf));
	EXPECT_EQ(0, memory_grew(&memory[0], &memory[1], &memory[2], half));
	say_done("kills_at_points", kills, self->start);
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
