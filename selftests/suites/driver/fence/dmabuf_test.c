// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs of BARs: importers do DMA to the card independently of its user. They are revoked
 * before a reset or a fence, and usable again afterwards. The importer is a test module
 * (selftests/sim/importer).
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "control.h"
#include "counters.h"
#include "dmabuf.h"
#include "fence.h"
#include "file.h"
#include "looper.h"
#include "policy.h"
#include "sigbus.h"
#include "slow.h"
#include "user.h"

#define LIMIT_S 600
#define CARD "FV_CARD"
#define SOON_MS 60000

FIXTURE(dmabuf)
{
	const char *bdf;
	struct genl genl;
	struct user user;
	int dmabuf, importer;
	bool is_there;
};

static int feature(struct device *dev, uint32_t flags)
{
	return __device_feature(dev, flags, NULL, 0);
}

static bool is_mapped(int importer)
{
	return importer_state(importer).is_mapped;
}

/* Import for the card itself. */
static int import(int dmabuf, const char *bdf)
{
	int importer = must_work(__importer_open()), ret = importer_attach(importer, dmabuf, bdf);

	if (!ret)
		return importer;
	close(importer);
	return ret;
}

FIXTURE_SETUP(dmabuf)
{
	self->bdf = role(CARD);
	card_bind(self->bdf);
	sigbus_init();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&self->genl, self->bdf, "link_disable=off");
	policy_set(&self->genl, self->bdf, "ready_limit_ms=120000");
	/* left by an earlier test */
	control_do(CARD, "link up");
	ASSERT_TRUE(wait_until(device_state(&self->genl, self->bdf) == FPGA_VFIO_CARD_STATE_READY,
			       SOON_MS));
	user_come(&self->user, self->bdf);
	if (!dmabuf_is_there(&self->user.dev))
		SKIP(return, "no dma-bufs of BARs in this kernel");
	self->is_there = true;
	self->dmabuf = must_work(dmabuf_export(&self->user.dev));
	self->importer = must_work(import(self->dmabuf, self->bdf));
	must_work(importer_map(self->importer));
}

FIXTURE_TEARDOWN(dmabuf)
{
	EXPECT_EQ(0, sigbus_count());
	if (self->is_there) {
		close(self->importer);
		close(self->dmabuf);
	}
	user_go(&self->user);
	genl_close(&self->genl);
}

#define DMABUF_TEST(_name) TEST_F_TIMEOUT(dmabuf, _name, LIMIT_S)

static uint64_t revokes(struct genl *genl, const char *bdf)
{
	struct counted_device device;

	counters_device(genl, bdf, &device);
	return device.counters.value[FPGA_VFIO_A_STATS_DMA_BUF_REVOKES];
}

/* The old importer, a new one and the user can access the card. */
#define expect_given_back()						\
	do {								\
		EXPECT_FALSE(is_mapped(self->importer));		\
		EXPECT_EQ(0, importer_map(self->importer));		\
		EXPECT_TRUE(is_mapped(self->importer));			\
		EXPECT_EQ(0, user_moves_data(&self->user, 1));		\
	} while (0)

/* No importer can map it. */
#define expect_revoked()						\
	do {								\
		EXPECT_FALSE(is_mapped(self->importer));		\
		EXPECT_EQ(-ENODEV, importer_map(self->importer));	\
		EXPECT_EQ(-ENODEV, import(self->dmabuf, self->bdf));	\
	} while (0)

/* A reset in a separate thread. */
struct resetter {
	int (*reset)(struct resetter *resetter);
	const char *bdf;
	struct device *dev;
	pthread_t thread;
	pid_t tid;
	int ret;
};

static int by_netlink(struct resetter *resetter)
{
	return reset_by_netlink(resetter->bdf, FPGA_VFIO_RESET_METHOD_FLR);
}

static int hot_by_netlink(struct resetter *resetter)
{
	return reset_by_netlink(resetter->bdf, FPGA_VFIO_RESET_METHOD_HOT);
}

static int by_sysfs(struct resetter *resetter)
{
	int ret = __file_write("flr", PCI_SYSFS "/%s/fpga_vfio/reset", resetter->bdf);

	return ret < 0 ? ret : 0;
}

static int by_core(struct resetter *resetter)
{
	return __file_write("1", PCI_SYSFS "/%s/reset", resetter->bdf);
}

static int by_user(struct resetter *resetter)
{
	return __device_reset(resetter->dev);
}

static int by_guest(struct resetter *resetter)
{
	unsigned int at = config_cap(resetter->dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;

	config_write16(resetter->dev, at,
		       config_read16(resetter->dev, at) | PCI_EXP_DEVCTL_BCR_FLR);
	return 0;
}

static void *resetter_thread(void *arg)
{
	struct resetter *resetter = arg;

	__atomic_store_n(&resetter->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	resetter->ret = resetter->reset(resetter);
	return NULL;
}

static const struct {
	const char *name, *counter;
	int (*reset)(struct resetter *resetter);
} resets[] = {
	{ "netlink", "flr", by_netlink },
	{ "netlink, hot", "hot", hot_by_netlink },
	{ "sysfs", "flr", by_sysfs },
	{ "the PCI core", "flr", by_core },
	{ "VFIO_DEVICE_RESET", "flr", by_user },
	{ "a guest's FLR", "flr", by_guest },
};

/* Revoked during each kind of reset, and no longer. */
DMABUF_TEST(off_in_a_reset)
{
	struct resetter resetter = { .bdf = self->bdf, .dev = &self->user.dev };
	uint64_t before, revoked;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(resets); i++) {
		before = control_number(CARD, resets[i].counter);
		revoked = revokes(&self->genl, self->bdf);
		resetter.reset = resets[i].reset;
		control_do(CARD, "ready-after %s hold", resets[i].counter);
		ASSERT_EQ(0, pthread_create(&resetter.thread, NULL, resetter_thread, &resetter));
		ASSERT_TRUE(wait_until(control_number(CARD, resets[i].counter) > before, SOON_MS));
		EXPECT_FALSE(is_mapped(self->importer))
			TH_LOG("reset by %s", resets[i].name);
		EXPECT_EQ(-ENODEV, importer_map(self->importer))
			TH_LOG("reset by %s", resets[i].name);
		control_do(CARD, "ready-after image");
		control_do(CARD, "release");
		pthread_join(resetter.thread, NULL);
		EXPECT_EQ(0, resetter.ret)
			TH_LOG("reset by %s", resets[i].name);
		/* the guest's write returns before the end of the reset */
		ASSERT_TRUE(wait_until(importer_map(self->importer) == 0, SOON_MS))
			TH_LOG("reset by %s", resets[i].name);
		EXPECT_EQ(before + 1, control_number(CARD, resets[i].counter))
			TH_LOG("reset by %s", resets[i].name);
		EXPECT_EQ(revoked + 1, revokes(&self->genl, self->bdf))
			TH_LOG("reset by %s", resets[i].name);
		EXPECT_EQ(0, user_moves_data(&self->user, i));
	}
}

/* An importer that is still mapped is waited for before the card is accessed. */
DMABUF_TEST(waited_for_before_a_reset)
{
	struct resetter resetter = { .bdf = self->bdf, .dev = &self->user.dev };
	uint64_t before, writes;
	unsigned int i, told;

	for (i = 0; i < ARRAY_SIZE(resets); i++) {
		must_work(importer_do(self->importer, FV_IMPORTER_KEEP, 1));
		before = control_number(CARD, resets[i].counter);
		told = importer_state(self->importer).nr_invalidations;
		resetter.reset = resets[i].reset;
		ASSERT_EQ(0, pthread_create(&resetter.thread, NULL, resetter_thread, &resetter));
		ASSERT_TRUE(wait_until(importer_state(self->importer).nr_invalidations > told,
				       SOON_MS))
			TH_LOG("reset by %s", resets[i].name);
		writes = control_number(CARD, "cfg_writes");
		EXPECT_TRUE(is_mapped(self->importer));
		EXPECT_EQ(before, control_number(CARD, resets[i].counter))
			TH_LOG("reset by %s", resets[i].name);
		EXPECT_EQ(writes, control_number(CARD, "cfg_writes"))
			TH_LOG("reset by %s", resets[i].name);
		must_work(importer_do(self->importer, FV_IMPORTER_KEEP, 0));
		must_work(importer_do(self->importer, FV_IMPORTER_UNMAP, 0));
		pthread_join(resetter.thread, NULL);
		EXPECT_EQ(0, resetter.ret)
			TH_LOG("reset by %s", resets[i].name);
		ASSERT_TRUE(wait_until(importer_map(self->importer) == 0, SOON_MS));
		EXPECT_EQ(before + 1, control_number(CARD, resets[i].counter))
			TH_LOG("reset by %s", resets[i].name);
	}
	EXPECT_EQ(0, user_moves_data(&self->user, 9));
}

/* No export and no mapping behind the fence, both possible afterwards. */
DMABUF_TEST(off_behind_the_fence)
{
	uint64_t revoked = revokes(&self->genl, self->bdf);

	fence(&self->genl, self->bdf);
	expect_revoked();
	EXPECT_EQ(-EAGAIN, dmabuf_export(&self->user.dev));
	EXPECT_EQ(revoked + 1, revokes(&self->genl, self->bdf));
	recover(&self->genl, self->bdf);
	expect_given_back();
	EXPECT_EQ(revoked + 1, revokes(&self->genl, self->bdf));
	/* nothing to revoke without an export */
	close(self->importer);
	close(self->dmabuf);
	fence(&self->genl, self->bdf);
	EXPECT_EQ(revoked + 1, revokes(&self->genl, self->bdf));
	recover(&self->genl, self->bdf);
	self->dmabuf = must_work(dmabuf_export(&self->user.dev));
	self->importer = must_work(import(self->dmabuf, self->bdf));
	EXPECT_EQ(0, importer_map(self->importer));
}

/* Link loss fences at once, without waiting for importers; the recovery waits. */
DMABUF_TEST(off_when_the_link_is_lost)
{
	policy_set(&self->genl, self->bdf, "monitor_interval_ms=10");
	must_work(importer_do(self->importer, FV_IMPORTER_KEEP, 1));
	control_do(CARD, "link down");
	ASSERT_TRUE(wait_until(device_state(&self->genl, self->bdf) == FPGA_VFIO_CARD_STATE_LOST,
			       SOON_MS));
	ASSERT_TRUE(wait_until(importer_state(self->importer).nr_invalidations, SOON_MS));
	must_work(importer_do(self->importer, FV_IMPORTER_KEEP, 0));
	must_work(importer_do(self->importer, FV_IMPORTER_UNMAP, 0));
	expect_revoked();
	control_do(CARD, "link up");
	ASSERT_TRUE(wait_until(device_state(&self->genl, self->bdf) == FPGA_VFIO_CARD_STATE_READY,
			       SOON_MS));
	expect_given_back();
}

/* A revoke by the user's low power entry outlasts the fence. */
DMABUF_TEST(low_power_stays)
{
	struct device *dev = &self->user.dev;
	int again = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY;

	must_work(feature(dev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	expect_revoked();
	fence(&self->genl, self->bdf);
	expect_revoked();
	recover(&self->genl, self->bdf);
	expect_revoked();
	/* still in low power */
	EXPECT_EQ(-EINVAL, feature(dev, again));
	EXPECT_EQ(0, feature(dev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	expect_given_back();
	/* a fence does not enter it */
	fence(&self->genl, self->bdf);
	recover(&self->genl, self->bdf);
	EXPECT_EQ(0, feature(dev, again));
	EXPECT_EQ(0, feature(dev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	expect_given_back();
}

/* A revoke by the user's Command register outlasts the fence. */
DMABUF_TEST(disabled_memory_stays)
{
	struct device *dev = &self->user.dev;

	config_command(dev, PCI_COMMAND_MEMORY, 0);
	expect_revoked();
	fence(&self->genl, self->bdf);
	expect_revoked();
	recover(&self->genl, self->bdf);
	expect_revoked();
	config_command(dev, 0, PCI_COMMAND_MEMORY);
	expect_given_back();
}

/* A write in progress enables memory behind the fence, but the dma-bufs stay revoked. */
DMABUF_TEST(late_write_gives_nothing_back)
{
	struct device *dev = &self->user.dev;
	uint16_t command = config_read16(dev, PCI_COMMAND) | PCI_COMMAND_MEMORY;
	struct slow slow;

	slow_write_begin(&slow, dev, PCI_COMMAND);
	fence(&self->genl, self->bdf);
	slow_write_give(&slow, command);
	EXPECT_EQ(2, slow_end(&slow));
	expect_revoked();
	recover(&self->genl, self->bdf);
	expect_given_back();
}

/* The user closes the device behind the fence; importer and dma-buf stay. */
DMABUF_TEST(user_goes_behind_the_fence)
{
	fence(&self->genl, self->bdf);
	user_go(&self->user);
	expect_revoked();
	recover(&self->genl, self->bdf);
	expect_revoked();
	user_come(&self->user, self->bdf);
	expect_revoked();
	EXPECT_EQ(0, user_moves_data(&self->user, 3));
}

/* Export, import and map in a loop; count successes behind the fence. */
struct task {
	struct looper looper;
	struct device *dev;
	const char *bdf;
	bool is_fenced;
	uint64_t mapped, passed;
};

static void map_once(void *arg)
{
	struct task *task = arg;
	bool was_fenced = __atomic_load_n(&task->is_fenced, __ATOMIC_ACQUIRE);
	int dmabuf = dmabuf_export(task->dev), importer = -1, ret = -1;

	if (dmabuf >= 0)
		importer = import(dmabuf, task->bdf);
	if (importer >= 0)
		ret = importer_map(importer);
	task->mapped += !ret;
	task->passed += was_fenced && !ret && __atomic_load_n(&task->is_fenced, __ATOMIC_ACQUIRE);
	if (importer >= 0)
		close(importer);
	if (dmabuf >= 0)
		close(dmabuf);
}

DMABUF_TEST(nothing_passes)
{
	struct task task = { .dev = &self->user.dev, .bdf = self->bdf };
	unsigned int i, nr = loops(20, 1000), refused = 0;
	int ret;

	looper_start(&task.looper, map_once, &task);
	for (i = 0; i < nr && refused < nr; i += !ret) {
		ASSERT_TRUE(looper_goes_on(&task.looper, i % 3));
		/* on a busy machine an ioctl may outlast the fence's timeout */
		ret = __fence(&self->genl, self->bdf, 0, 0, NULL);
		refused += ret == -EAGAIN;
		if (ret == -EAGAIN)
			continue;
		ASSERT_EQ(0, ret);
		__atomic_store_n(&task.is_fenced, true, __ATOMIC_RELEASE);
		expect_revoked();
		ASSERT_TRUE(looper_goes_on(&task.looper, 2));
		__atomic_store_n(&task.is_fenced, false, __ATOMIC_RELEASE);
		recover(&self->genl, self->bdf);
		EXPECT_EQ(0, importer_map(self->importer));
	}
	looper_end(&task.looper);
	EXPECT_EQ(nr, i);
	EXPECT_EQ(0, task.passed);
	EXPECT_LT(0, task.mapped);
	EXPECT_EQ(0, user_moves_data(&self->user, 4));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
