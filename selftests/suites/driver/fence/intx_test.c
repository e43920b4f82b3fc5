// SPDX-License-Identifier: GPL-2.0
/*
 * INTx around a fence and a reset: vfio_pci_core masks it when it fires; the user unmasks it,
 * possibly behind the fence. The next interrupt arrives afterwards, whatever the state before, and
 * the device sees no unmask during the fence.
 */
#include <fcntl.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "edu.h"
#include "fence.h"
#include "irq.h"
#include "policy.h"
#include "user.h"

#define LIMIT_S 600
#define DEVICE "FV_INTX"

/* INTx of a device. */
struct line {
	const char *bdf;
	struct device dev;
	int trigger, unmask;
};

static int set_up(struct line *line)
{
	irq_enable(&line->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &line->trigger);
	return __irq_set(&line->dev, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK,
			 VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &line->unmask, sizeof(int));
}

FIXTURE(intx)
{
	const char *bdf;
	struct genl genl;
	struct iommu iommu;
	struct line line;
};

FIXTURE_SETUP(intx)
{
	self->bdf = role(DEVICE);
	self->line.bdf = self->bdf;
	card_bind(self->bdf);
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	iommu_open(&self->iommu, iommu_mode_from_env());
	device_open(&self->line.dev, &self->iommu, self->bdf);
	config_command(&self->line.dev, 0, PCI_COMMAND_MEMORY);
	self->line.trigger = event_new();
	self->line.unmask = event_new();
	ASSERT_EQ(0, set_up(&self->line));
}

FIXTURE_TEARDOWN(intx)
{
	device_close(&self->line.dev);
	iommu_close(&self->iommu);
	genl_close(&self->genl);
}

#define INTX_TEST(_name) TEST_F_TIMEOUT(intx, _name, LIMIT_S)

/* The device's Command register, not the user's view. */
static int command(const char *bdf)
{
	char path[128];
	uint16_t value;
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("%s cannot be opened", path);
	ret = pread(fd, &value, sizeof(value), PCI_COMMAND);
	close(fd);
	if (ret != sizeof(value))
		fail("%s cannot be read", path);
	return value;
}

static bool is_disabled(const char *bdf)
{
	return command(bdf) & PCI_COMMAND_INTX_DISABLE;
}

static int act(struct device *dev, uint32_t action)
{
	return __irq_action(dev, VFIO_PCI_INTX_IRQ_INDEX, 0, action);
}

/* One complete interrupt. */
static bool arrives(struct line *line)
{
	edu_raise(&line->dev, 1);
	if (!event_wait(line->trigger, IRQ_LIMIT_MS))
		return false;
	edu_ack(&line->dev, 1);
	event_signal(line->unmask);
	return true;
}

/* Several interrupts, to detect lost and pending ones. */
static bool works(struct line *line)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (!arrives(line))
			return false;
	return wait_until(!is_disabled(line->bdf), IRQ_LIMIT_MS) && !event_count(line->trigger);
}

INTX_TEST(unmasked)
{
	ASSERT_TRUE(works(&self->line));
	fence(&self->genl, self->bdf);
	EXPECT_EQ(PCI_COMMAND_INTX_DISABLE, command(self->bdf));
	recover(&self->genl, self->bdf);
	EXPECT_TRUE(works(&self->line));
}

/* The guest unmasks behind the fence. */
INTX_TEST(unmasked_behind_the_fence_by_eventfd)
{
	edu_raise(&self->line.dev, 1);
	ASSERT_NE(0, event_wait(self->line.trigger, IRQ_LIMIT_MS));
	edu_ack(&self->line.dev, 1);
	ASSERT_TRUE(is_disabled(self->bdf));
	fence(&self->genl, self->bdf);
	event_signal(self->line.unmask);
	EXPECT_EQ(PCI_COMMAND_INTX_DISABLE, command(self->bdf));
	EXPECT_EQ(0, event_count(self->line.trigger));
	recover(&self->genl, self->bdf);
	EXPECT_TRUE(works(&self->line));
}

INTX_TEST(unmasked_behind_the_fence_by_ioctl)
{
	edu_raise(&self->line.dev, 1);
	ASSERT_NE(0, event_wait(self->line.trigger, IRQ_LIMIT_MS));
	edu_ack(&self->line.dev, 1);
	fence(&self->genl, self->bdf);
	EXPECT_EQ(0, act(&self->line.dev, VFIO_IRQ_SET_ACTION_UNMASK));
	EXPECT_EQ(PCI_COMMAND_INTX_DISABLE, command(self->bdf));
	EXPECT_EQ(0, event_count(self->line.trigger));
	recover(&self->genl, self->bdf);
	EXPECT_TRUE(works(&self->line));
}

/* No unmask: the guest's handler runs during the whole fence. */
INTX_TEST(masked_by_an_interrupt)
{
	edu_raise(&self->line.dev, 1);
	ASSERT_NE(0, event_wait(self->line.trigger, IRQ_LIMIT_MS));
	edu_ack(&self->line.dev, 1);
	fence(&self->genl, self->bdf);
	recover(&self->genl, self->bdf);
	event_signal(self->line.unmask);
	EXPECT_TRUE(works(&self->line));
}

/* The user's own mask outlasts the fence. */
INTX_TEST(masked_by_its_user)
{
	ASSERT_EQ(0, act(&self->line.dev, VFIO_IRQ_SET_ACTION_MASK));
	fence(&self->genl, self->bdf);
	recover(&self->genl, self->bdf);
	EXPECT_TRUE(is_disabled(self->bdf));
	edu_raise(&self->line.dev, 1);
	/* masked at the device: no interrupt is in flight */
	EXPECT_TRUE(is_disabled(self->bdf));
	EXPECT_EQ(0, event_count(self->line.trigger));
	EXPECT_EQ(0, act(&self->line.dev, VFIO_IRQ_SET_ACTION_UNMASK));
	EXPECT_NE(0, event_wait(self->line.trigger, IRQ_LIMIT_MS));
	edu_ack(&self->line.dev, 1);
	event_signal(self->line.unmask);
	EXPECT_TRUE(works(&self->line));
}

/* The user masks before the fence and unmasks behind it. */
INTX_TEST(user_takes_its_mask_back_behind_the_fence)
{
	ASSERT_EQ(0, act(&self->line.dev, VFIO_IRQ_SET_ACTION_MASK));
	fence(&self->genl, self->bdf);
	EXPECT_EQ(0, act(&self->line.dev, VFIO_IRQ_SET_ACTION_UNMASK));
	recover(&self->genl, self->bdf);
	EXPECT_TRUE(works(&self->line));
}

/* A reset without a fence, in each state. */
INTX_TEST(reset)
{
	ASSERT_EQ(0, reset_by_netlink(self->bdf, -1));
	ASSERT_TRUE(works(&self->line));
	edu_raise(&self->line.dev, 1);
	ASSERT_NE(0, event_wait(self->line.trigger, IRQ_LIMIT_MS));
	ASSERT_EQ(0, reset_by_netlink(self->bdf, -1));
	event_signal(self->line.unmask);
	EXPECT_TRUE(works(&self->line));
	ASSERT_EQ(0, act(&self->line.dev, VFIO_IRQ_SET_ACTION_MASK));
	ASSERT_EQ(0, reset_by_netlink(self->bdf, -1));
	EXPECT_TRUE(is_disabled(self->bdf));
	EXPECT_EQ(0, act(&self->line.dev, VFIO_IRQ_SET_ACTION_UNMASK));
	EXPECT_TRUE(works(&self->line));
}

/* INTx is disabled behind the fence and enabled afterwards. */
INTX_TEST(set_up_again)
{
	fence(&self->genl, self->bdf);
	EXPECT_EQ(0, __irq_disable(&self->line.dev, VFIO_PCI_INTX_IRQ_INDEX));
	recover(&self->genl, self->bdf);
	EXPECT_EQ(0, set_up(&self->line));
	EXPECT_TRUE(works(&self->line));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
