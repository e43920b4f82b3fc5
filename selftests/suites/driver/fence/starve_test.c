// SPDX-License-Identifier: GPL-2.0
/*
 * A user that reads, writes and faults in more threads than there are processors, so that the lock
 * that the fence needs is always held or waited for: the fence succeeds all the same, and no access
 * gets past it.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "control.h"
#include "counters.h"
#include "fence.h"
#include "looper.h"
#include "policy.h"
#include "region.h"
#include "sigbus.h"
#include "user.h"

#define LIMIT_S 600
#define CARD "FV_CARD"
#define BAR VFIO_PCI_BAR2_REGION_INDEX
#define SIZE 512u
#define PAGE 4096u
#define SOON_MS 60000
#define READERS 6
#define FAULTERS 1
#define WRITERS 2
#define THREADS (READERS + FAULTERS + WRITERS)

struct hog {
	struct looper looper;
	struct device *dev;
	off_t at;
	char data[SIZE];
	uint64_t wrong;
};

static struct hog hogs[THREADS];

FIXTURE(starve)
{
	const char *bdf;
	struct genl genl;
	struct user user;
};

/* A large read takes the lock for each access, almost without a gap. */
static void read_on(void *arg)
{
	struct hog *hog = arg;
	int ret = __region_read(hog->dev, BAR, 0, hog->data, SIZE);

	/* a read in progress ends with -EIO at the fence */
	hog->wrong += ret != SIZE && ret != -EIO;
}

/* A fault of a new mapping takes the lock. */
static void fault_on(void *arg)
{
	struct hog *hog = arg;
	volatile char *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, hog->dev->fd, hog->at);

	if (map == MAP_FAILED) {
		hog->wrong++;
		return;
	}
	(void)*map;
	munmap((void *)map, PAGE);
}

/* A write of the user to Command takes the lock. */
static void write_on(void *arg)
{
	struct hog *hog = arg;
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	int ret = __config_write(hog->dev, PCI_COMMAND, &command, sizeof(command));

	hog->wrong += ret != sizeof(command);
}

static bool all_go_on(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		if (!looper_goes_on(&hogs[i].looper, 1))
			return false;
	return true;
}

FIXTURE_SETUP(starve)
{
	struct vfio_region_info *info;
	unsigned int i;

	self->bdf = role(CARD);
	card_bind(self->bdf);
	sigbus_init();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&self->genl, self->bdf, "link_disable=off");
	policy_set(&self->genl, self->bdf, "ready_limit_ms=120000");
	/* no accesses by the link monitor */
	policy_set(&self->genl, self->bdf, "monitor_interval_ms=0");
	user_come(&self->user, self->bdf);
	info = region_info(&self->user.dev, BAR);
	/* vfio_pci_core of stable returns -EBUSY to all but one of tasks that are first at a BAR */
	ASSERT_EQ(SIZE, __region_read(&self->user.dev, BAR, 0, hogs[0].data, SIZE));
	for (i = 0; i < THREADS; i++) {
		hogs[i].dev = &self->user.dev;
		hogs[i].at = info->offset;
		looper_start(&hogs[i].looper, i < READERS ? read_on :
			     i < READERS + FAULTERS ? fault_on : write_on, &hogs[i]);
	}
	free(info);
	ASSERT_TRUE(all_go_on());
}

FIXTURE_TEARDOWN(starve)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		looper_end(&hogs[i].looper);
		EXPECT_EQ(0, hogs[i].wrong);
	}
	EXPECT_EQ(0, sigbus_count());
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
	user_go(&self->user);
	genl_close(&self->genl);
}

static uint64_t accesses(void)
{
	return control_number(CARD, "bar_reads") + control_number(CARD, "bar_writes") +
	       control_number(CARD, "cfg_reads") + control_number(CARD, "cfg_writes");
}

static uint64_t faults(struct genl *genl, const char *bdf)
{
	return counter(genl, bdf, FPGA_VFIO_A_STATS_MMAP_FAULTS);
}

TEST_F_TIMEOUT(starve, a_fence_is_not_refused, LIMIT_S)
{
	unsigned int fences, nr = loops(5, 200), refused = 0;
	uint64_t before;
	int ret;

	before = faults(&self->genl, self->bdf);
	ASSERT_TRUE(looper_goes_on(&hogs[READERS].looper, 2));
	EXPECT_LE(before + 2, faults(&self->genl, self->bdf));

	for (fences = 0; fences < nr && refused < nr; fences += !ret) {
		/* on a machine that stalls for longer than the fence's timeout */
		ret = __fence(&self->genl, self->bdf, 0, 0, NULL);
		refused += ret == -EAGAIN;
		if (ret == -EAGAIN)
			continue;
		ASSERT_EQ(0, ret);
		/* all accesses from before have ended */
		ASSERT_TRUE(all_go_on());
		before = accesses();
		ASSERT_TRUE(all_go_on());
		EXPECT_EQ(before, accesses());
		recover(&self->genl, self->bdf);
	}
	EXPECT_EQ(nr, fences);
	printf("# %u fences, %u refused\n", fences, refused);
}

/* VFIO_DEVICE_RESET works without a fence where possible. */
TEST_F_TIMEOUT(starve, a_reset_is_not_refused, LIMIT_S)
{
	uint64_t flrs = control_number(CARD, "flr");

	EXPECT_EQ(0, __device_reset(&self->user.dev));
	EXPECT_EQ(flrs + 1, control_number(CARD, "flr"));
	EXPECT_EQ(0, reset_by_netlink(self->bdf, FPGA_VFIO_RESET_METHOD_FLR));
	EXPECT_EQ(flrs + 2, control_number(CARD, "flr"));
	ASSERT_TRUE(all_go_on());
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
