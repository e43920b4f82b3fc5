// SPDX-License-Identifier: GPL-2.0
/*
 * The fence blocks ioctls that touch the card like reads and writes, whenever they start and
 * wherever their arguments are. The link stays up and the card would answer; the card itself
 * reports the accesses.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "control.h"
#include "fence.h"
#include "irq.h"
#include "looper.h"
#include "policy.h"
#include "region.h"
#include "sigbus.h"
#include "slow.h"
#include "user.h"

#define LIMIT_S 600
#define CARD "FV_CARD_4G"	/* has an expansion ROM */
#define SOON_MS 60000
#define VECTORS 4

FIXTURE(gate)
{
	const char *bdf;
	struct genl genl;
	struct user user;
	int events[VECTORS];
};

FIXTURE_SETUP(gate)
{
	unsigned int i;

	self->bdf = role(CARD);
	card_bind(self->bdf);
	sigbus_init();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&self->genl, self->bdf, "link_disable=off");
	policy_set(&self->genl, self->bdf, "ready_limit_ms=120000");
	/* left by an earlier test; the driver recovers it */
	ASSERT_TRUE(wait_until(device_state(&self->genl, self->bdf) == FPGA_VFIO_CARD_STATE_READY,
			       SOON_MS));
	/* no accesses by the link monitor */
	policy_set(&self->genl, self->bdf, "monitor_interval_ms=0");
	user_come(&self->user, self->bdf);
	for (i = 0; i < VECTORS; i++)
		self->events[i] = event_new();
}

FIXTURE_TEARDOWN(gate)
{
	EXPECT_EQ(0, sigbus_count());
	user_go(&self->user);
	genl_close(&self->genl);
}

#define GATE_TEST(_name) TEST_F_TIMEOUT(gate, _name, LIMIT_S)

/* Accesses that the card saw, by kind. */
struct seen {
	uint64_t cfg_reads, cfg_writes, bar_reads, bar_writes;
};

static struct seen seen(void)
{
	return (struct seen) {
		.cfg_reads = control_number(CARD, "cfg_reads"),
		.cfg_writes = control_number(CARD, "cfg_writes"),
		.bar_reads = control_number(CARD, "bar_reads"),
		.bar_writes = control_number(CARD, "bar_writes"),
	};
}

/* Check that there are none since @before, and print any. */
static bool none_since(const struct seen *before)
{
	struct seen now = seen();

	if (!memcmp(&now, before, sizeof(now)))
		return true;
	printf("# the card saw %d reads and %d writes of configuration space, %d and %d of BARs\n",
	       (int)(now.cfg_reads - before->cfg_reads), (int)(now.cfg_writes - before->cfg_writes),
	       (int)(now.bar_reads - before->bar_reads),
	       (int)(now.bar_writes - before->bar_writes));
	return false;
}

static int rom_info(struct device *dev)
{
	struct vfio_region_info *info = __region_info(dev, VFIO_PCI_ROM_REGION_INDEX);
	int size;

	if (!info)
		return -errno;
	size = info->size;
	free(info);
	return size;
}

static int feature(struct device *dev, uint32_t flags)
{
	struct vfio_device_feature arg = { .argsz = sizeof(arg), .flags = flags };

	return ioctl(dev->fd, VFIO_DEVICE_FEATURE, &arg) ? -errno : 0;
}

static int irq_count(struct device *dev, unsigned int index)
{
	struct vfio_irq_info info;

	return __irq_info(dev, index, &info) ?: (int)info.count;
}

/* Ioctls that touch the card fail behind the fence, without an access, and work afterwards. */
GATE_TEST(ioctls_are_refused)
{
	struct device *dev = &self->user.dev;
	struct seen before;

	ASSERT_EQ(64 << 10, rom_info(dev));
	ASSERT_EQ(64, irq_count(dev, VFIO_PCI_MSIX_IRQ_INDEX));
	ASSERT_EQ(0, user_moves_data(&self->user, 1));
	fence(&self->genl, self->bdf);
	before = seen();
	EXPECT_EQ(-EAGAIN, rom_info(dev));
	EXPECT_EQ(-EAGAIN, irq_count(dev, VFIO_PCI_MSIX_IRQ_INDEX));
	EXPECT_EQ(-EAGAIN, __irq_enable(dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, self->events));
	EXPECT_EQ(-EAGAIN, __irq_enable(dev, VFIO_PCI_MSIX_IRQ_INDEX, 1, 1, self->events));
	EXPECT_EQ(-EAGAIN, __irq_action(dev, VFIO_PCI_MSIX_IRQ_INDEX, 0,
					VFIO_IRQ_SET_ACTION_TRIGGER));
	/* works without access to the card */
	EXPECT_EQ(0, __irq_enable(dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &self->events[1]));
	EXPECT_EQ(-EAGAIN, __irq_enable(dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, self->events));
	EXPECT_EQ(-EAGAIN, feature(dev, VFIO_DEVICE_FEATURE_SET |
				   VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	EXPECT_EQ(-EAGAIN, feature(dev, VFIO_DEVICE_FEATURE_SET |
				   VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	EXPECT_EQ(0, feature(dev, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
			     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	EXPECT_TRUE(none_since(&before));
	EXPECT_FALSE(control_is(CARD, "master"));
	recover(&self->genl, self->bdf);
	/* interrupts that were enabled work again without action of the user */
	EXPECT_EQ(0, user_moves_data(&self->user, 2));
	EXPECT_EQ(64 << 10, rom_info(dev));
	EXPECT_EQ(64, irq_count(dev, VFIO_PCI_MSIX_IRQ_INDEX));
}

/*
 * A guest that disables its interrupts, as at reboot, sees no error: they are disabled, and
 * another type can be enabled afterwards.
 */
GATE_TEST(interrupts_are_given_back)
{
	struct device *dev = &self->user.dev;
	struct seen before;

	fence(&self->genl, self->bdf);
	EXPECT_EQ(0, __irq_disable(dev, VFIO_PCI_MSIX_IRQ_INDEX));
	EXPECT_FALSE(control_is(CARD, "master"));
	/* nothing is enabled from here on */
	before = seen();
	EXPECT_EQ(-EAGAIN, __irq_disable(dev, VFIO_PCI_MSIX_IRQ_INDEX));
	EXPECT_EQ(-EAGAIN, __irq_enable(dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, self->events));
	EXPECT_EQ(-EAGAIN, __irq_enable(dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &self->events[1]));
	EXPECT_TRUE(none_since(&before));
	recover(&self->genl, self->bdf);
	EXPECT_FALSE(control_is(CARD, "msix"));
	irq_enable(dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &self->user.event);
	EXPECT_EQ(0, user_moves_data(&self->user, 3));
}

static void *reset_thread(void *arg)
{
	return (void *)(long)reset_by_netlink(arg, FPGA_VFIO_RESET_METHOD_FLR);
}

/*
 * During a reset, too, although the state is ready: the card would read as all-ones, i.e. 2048
 * vectors in a nonexistent BAR.
 */
GATE_TEST(not_in_a_reset)
{
	uint64_t flrs = control_number(CARD, "flr"), before;
	struct device *dev = &self->user.dev;
	pthread_t thread;
	void *ret;

	irq_disable(dev, VFIO_PCI_MSIX_IRQ_INDEX);
	control_do(CARD, "ready-after flr hold");
	ASSERT_EQ(0, pthread_create(&thread, NULL, reset_thread, (void *)self->bdf));
	ASSERT_TRUE(wait_until(control_number(CARD, "flr") > flrs, SOON_MS));
	before = control_number(CARD, "cfg_writes");
	EXPECT_EQ(-EAGAIN, irq_count(dev, VFIO_PCI_MSIX_IRQ_INDEX));
	EXPECT_EQ(-EAGAIN, __irq_enable(dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, self->events));
	EXPECT_EQ(-EAGAIN, rom_info(dev));
	EXPECT_EQ(before, control_number(CARD, "cfg_writes"));
	control_do(CARD, "ready-after image");
	control_do(CARD, "release");
	pthread_join(thread, &ret);
	EXPECT_EQ(0, (long)ret);
	EXPECT_EQ(64, irq_count(dev, VFIO_PCI_MSIX_IRQ_INDEX));
	irq_enable(dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &self->user.event);
	EXPECT_EQ(0, user_moves_data(&self->user, 4));
}

/* An ioctl done in a loop, and its results. */
struct task {
	struct looper looper;
	struct device *dev;
	const int *events;
	uint64_t done, wrong;
};

static void note(struct task *task, int ret)
{
	task->done += !ret;
	task->wrong += ret && ret != -EAGAIN;
}

static void toggle(void *arg)
{
	struct task *task = arg;
	int ret = __irq_enable(task->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, VECTORS, task->events);

	/* disable it even if the fence is up by now */
	note(task, ret ?: __irq_disable(task->dev, VFIO_PCI_MSIX_IRQ_INDEX));
}

static void read_rom(void *arg)
{
	struct task *task = arg;
	int size = rom_info(task->dev);

	note(task, size > 0 ? size != 64 << 10 : size);
}

/* Interrupt setup and ROM info in a loop, with fences at any point. */
GATE_TEST(nothing_passes)
{
	static void (*const acts[])(void *arg) = { toggle, read_rom };
	struct task tasks[2] = {};
	unsigned int i, nr = loops(200, 10000), fences, refused = 0, passed = 0, masters = 0;
	struct seen before;
	int ret;

	irq_disable(&self->user.dev, VFIO_PCI_MSIX_IRQ_INDEX);
	for (i = 0; i < 2; i++) {
		tasks[i].dev = &self->user.dev;
		tasks[i].events = self->events;
		looper_start(&tasks[i].looper, acts[i], &tasks[i]);
	}
	for (fences = 0; fences < nr && refused < nr; fences += !ret) {
		if (fences % 10 == 0) {
			ASSERT_TRUE(looper_goes_on(&tasks[0].looper, 2));
			ASSERT_TRUE(looper_goes_on(&tasks[1].looper, 2));
		}
		/* on a busy machine an ioctl may outlast the fence's timeout */
		ret = __fence(&self->genl, self->bdf, 0, 0, NULL);
		refused += ret == -EAGAIN;
		if (ret == -EAGAIN)
			continue;
		ASSERT_EQ(0, ret);
		/* let them disable what they have enabled */
		ASSERT_TRUE(looper_goes_on(&tasks[0].looper, 3));
		before = seen();
		ASSERT_TRUE(looper_goes_on(&tasks[0].looper, 3));
		ASSERT_TRUE(looper_goes_on(&tasks[1].looper, 3));
		passed += !none_since(&before);
		masters += control_is(CARD, "master");
		recover(&self->genl, self->bdf);
	}
	for (i = 0; i < 2; i++) {
		looper_end(&tasks[i].looper);
		EXPECT_EQ(0, tasks[i].wrong);
		EXPECT_LT(0, tasks[i].done);
	}
	EXPECT_EQ(nr, fences);
	EXPECT_EQ(0, passed);
	EXPECT_EQ(0, masters);
	printf("# %u fences, %u refused, interrupts set up %llu times, ROM seen %llu times\n",
	       fences, refused,
	       (unsigned long long)tasks[0].done, (unsigned long long)tasks[1].done);
	/* the loops may have ended in any state */
	__irq_disable(&self->user.dev, VFIO_PCI_MSIX_IRQ_INDEX);
	irq_enable(&self->user.dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &self->user.event);
	EXPECT_EQ(0, user_moves_data(&self->user, 5));
}

/* VFIO_DEVICE_SET_IRQS with an argument that ends in a page with a delayed fault. */
static int late_irqs(struct slow *slow)
{
	struct vfio_irq_set *set = (void *)(slow->page - sizeof(*set));

	set->argsz = sizeof(*set) + sizeof(int32_t);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = VFIO_PCI_MSIX_IRQ_INDEX;
	set->start = 0;
	set->count = 1;
	return ioctl(slow->dev->fd, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
}

/* An ioctl that waits for its argument neither delays nor passes the fence. */
GATE_TEST(argument_comes_late)
{
	struct slow slow = { .dev = &self->user.dev };
	struct seen before;

	irq_disable(&self->user.dev, VFIO_PCI_MSIX_IRQ_INDEX);
	slow_begin(&slow, late_irqs, NULL);
	fence(&self->genl, self->bdf);
	before = seen();
	slow_give(&slow, &self->user.event, sizeof(self->user.event));
	EXPECT_EQ(-EAGAIN, slow_end(&slow));
	EXPECT_TRUE(none_since(&before));
	recover(&self->genl, self->bdf);
	slow_begin(&slow, late_irqs, NULL);
	slow_give(&slow, &self->user.event, sizeof(self->user.event));
	EXPECT_EQ(0, slow_end(&slow));
	EXPECT_EQ(0, user_moves_data(&self->user, 6));
}

/* VFIO_DEVICE_PCI_HOT_RESET with group fds in a page with a delayed fault. */
static int late_hot_reset(struct slow *slow)
{
	struct vfio_pci_hot_reset *arg = (void *)(slow->page - sizeof(*arg));

	arg->argsz = sizeof(*arg) + sizeof(int32_t);
	arg->flags = 0;
	arg->count = 1;
	return ioctl(slow->dev->fd, VFIO_DEVICE_PCI_HOT_RESET, arg) ? -errno : 0;
}

/* A hot reset that started before the fence does not reset a fenced card. */
GATE_TEST(hot_reset_comes_late)
{
	struct slow slow = { .dev = &self->user.dev };
	struct seen before;
	uint64_t hots;
	int32_t fd;

	if (self->user.iommu.mode != IOMMU_CONTAINER)
		SKIP(return, "groups are of the container");
	fd = self->user.iommu.groups[0].fd;
	slow_begin(&slow, late_hot_reset, NULL);
	fence(&self->genl, self->bdf);
	hots = control_number(CARD, "hot");
	before = seen();
	slow_give(&slow, &fd, sizeof(fd));
	EXPECT_EQ(-EAGAIN, slow_end(&slow));
	EXPECT_EQ(hots, control_number(CARD, "hot"));
	EXPECT_TRUE(none_since(&before));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FENCED, device_state(&self->genl, self->bdf));
	recover(&self->genl, self->bdf);
	/* it does afterwards */
	slow_begin(&slow, late_hot_reset, NULL);
	slow_give(&slow, &fd, sizeof(fd));
	EXPECT_EQ(0, slow_end(&slow));
	EXPECT_LT(hots, control_number(CARD, "hot"));
	EXPECT_EQ(0, user_moves_data(&self->user, 7));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
