// SPDX-License-Identifier: GPL-2.0
/*
 * isolate/intx.c: for each state of INTx at a fence or reset, and each request of the user
 * in between, vfio_pci_core and the device agree afterwards and the next interrupt arrives.
 */
#include "kselftest_harness.h"

#include "isolate/intx.h"
#include "object/device.h"

/* The state of vfio_pci_core and of the device. */
static struct world {
	struct fv_device *dev;
	bool is_masked;		/* as recorded by the core */
	bool is_pending;	/* asserted by the device */
	bool is_dead;
	unsigned int signals, suspends, resumes, unhandled;
} world;

static bool is_disabled(void)
{
	return pci_peek(world.dev->core.pdev, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE;
}

static void set_disabled(bool is_on)
{
	if (!world.is_dead)
		pci_put(world.dev->core.pdev, PCI_COMMAND, 2,
			is_on ? PCI_COMMAND_INTX_DISABLE : 0, 0x547);
}

static void signal_user(void)
{
	if (!world.dev->core.virq_disabled)
		world.signals++;
}

static void core_mask(void)
{
	mutex_lock(&world.dev->core.irqlock);
	if (!world.is_masked)
		set_disabled(true);
	world.is_masked = true;
	mutex_unlock(&world.dev->core.irqlock);
}

/* Unmask by ioctl, eventfd or power management. */
static void core_unmask(void)
{
	mutex_lock(&world.dev->core.irqlock);
	if (world.is_masked && !world.dev->core.virq_disabled) {
		/* all-ones read as pending */
		if (world.is_pending || world.is_dead) {
			signal_user();
		} else {
			set_disabled(false);
			world.is_masked = false;
		}
	}
	mutex_unlock(&world.dev->core.irqlock);
}

static void interrupt(void)
{
	if (!world.is_pending || is_disabled())
		return;
	if (world.is_masked) {
		world.unhandled++;
		return;
	}
	core_mask();
	signal_user();
}

static int suspend(struct device *device)
{
	down_write(&world.dev->core.memory_lock);
	up_write(&world.dev->core.memory_lock);
	world.suspends++;
	world.dev->core.pm_intx_masked = !world.is_masked;
	core_mask();
	return 0;
}

static int resume(struct device *device)
{
	down_write(&world.dev->core.memory_lock);
	up_write(&world.dev->core.memory_lock);
	world.resumes++;
	if (world.dev->core.pm_intx_masked)
		core_unmask();
	return 0;
}

static const struct dev_pm_ops pm = { suspend, resume };

FIXTURE(intx)
{
	struct pci_dev pdev;
	struct device_driver driver;
	struct fv_device device, *dev;
	__le32 vconfig[PCI_CFG_SPACE_SIZE / 4];
};

FIXTURE_SETUP(intx)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	pci_put(&self->pdev, PCI_COMMAND, 2, 0, 0x547);
	self->driver.pm = &pm;
	self->pdev.dev.driver = &self->driver;
	self->pdev.current_state = PCI_D0;
	self->dev = &self->device;
	self->dev->core.pdev = &self->pdev;
	self->dev->core.vconfig = (u8 *)self->vconfig;
	self->dev->core.pci_2_3 = true;
	self->dev->core.irq_type = VFIO_PCI_INTX_IRQ_INDEX;
	world.dev = self->dev;
	fv_intx_init(self->dev);
}

FIXTURE_TEARDOWN(intx)
{
	kernel_assert(!world.unhandled);
	fv_intx_exit(self->dev);
	kernel_assert(!self->dev->intx.unmask.is_queued && !self->dev->core.irqlock.held);
	kernel_assert(!self->pdev.dev.usage);
	kernel_ends();
}

static void begins(struct fv_device *dev)
{
	fv_intx_hold(dev);
	fv_intx_mask(dev);
}

/* Reset, with the saved configuration restored. */
static void ends(struct fv_device *dev, bool was_disabled)
{
	world.is_dead = false;
	set_disabled(was_disabled || fv_intx_is_masked(dev));
	interrupt();
	fv_intx_release(dev);
	interrupt();
	fv_intx_settle(dev);
	interrupt();
}

/* Service the device; the next interrupt must arrive, too. */
static bool works(void)
{
	unsigned int before, i;

	world.is_pending = false;
	core_unmask();
	for (i = 0; i < 2; i++) {
		before = world.signals;
		world.is_pending = true;
		interrupt();
		if (world.signals != before + 1 || !is_disabled())
			return false;
		world.is_pending = false;
		core_unmask();
		if (is_disabled() || world.is_masked)
			return false;
	}
	return true;
}

/* Each state and each action in between, with the link up and down. */
TEST_F(intx, the_next_one_arrives)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		bool is_in_handler = i & 1, is_unmasked = i & 2, is_late = i & 4;
		bool was_disabled;

		memset(&world.is_masked, 0, sizeof(world) - offsetof(struct world, is_masked));
		set_disabled(false);
		world.is_pending = is_in_handler;
		interrupt();
		ASSERT_EQ(is_in_handler, world.signals);
		was_disabled = is_disabled();
		world.is_dead = i & 8;
		begins(self->dev);
		if (is_unmasked)
			core_unmask();
		/* no config write, no signal */
		EXPECT_EQ(!world.is_dead || was_disabled, is_disabled());
		EXPECT_EQ(is_in_handler, world.signals);
		world.is_pending = is_late;
		ends(self->dev, was_disabled);
		EXPECT_EQ(world.is_masked, is_disabled());
		EXPECT_EQ(is_in_handler + is_late, world.signals);
		EXPECT_TRUE(works());
		EXPECT_EQ(0, world.unhandled);
	}
}

TEST_F(intx, not_used)
{
	self->dev->core.irq_type = VFIO_PCI_MSIX_IRQ_INDEX;
	begins(self->dev);
	EXPECT_FALSE(fv_intx_is_masked(self->dev));
	fv_intx_release(self->dev);
	fv_intx_settle(self->dev);
	EXPECT_EQ(0, world.suspends + world.resumes);
	EXPECT_FALSE(self->dev->core.virq_disabled);
}

/* INTx is torn down behind the fence. */
TEST_F(intx, taken_down_meanwhile)
{
	begins(self->dev);
	self->dev->core.irq_type = VFIO_PCI_NUM_IRQS;
	EXPECT_FALSE(fv_intx_is_masked(self->dev));
	fv_intx_release(self->dev);
	EXPECT_FALSE(self->dev->intx.unmask.is_queued);
	EXPECT_EQ(0, world.resumes);
}

/* INTx is torn down between the end of the fence and the unmask. */
TEST_F(intx, taken_down_before_it_is_unmasked)
{
	begins(self->dev);
	fv_intx_release(self->dev);
	self->dev->core.irq_type = VFIO_PCI_NUM_IRQS;
	fv_intx_settle(self->dev);
	EXPECT_EQ(0, world.resumes);
}

/* A suspended device is masked already; without CONFIG_PM INTx cannot be masked. */
TEST_F(intx, what_cannot_be_masked_is_left)
{
	static const struct dev_pm_ops halves[] = { { suspend, NULL }, { NULL, resume } };
	unsigned int i;

	self->pdev.current_state = PCI_D3hot;
	begins(self->dev);
	EXPECT_EQ(0, world.suspends);
	EXPECT_FALSE(fv_intx_is_masked(self->dev));
	fv_intx_release(self->dev);
	EXPECT_FALSE(self->dev->intx.unmask.is_queued);
	self->pdev.current_state = PCI_D0;
	self->driver.pm = NULL;
	begins(self->dev);
	EXPECT_FALSE(fv_intx_is_masked(self->dev));
	fv_intx_release(self->dev);
	EXPECT_FALSE(self->dev->intx.unmask.is_queued);
	EXPECT_FALSE(self->dev->core.virq_disabled);
	/* a driver with one of the callbacks only */
	for (i = 0; i < 2; i++) {
		self->driver.pm = &halves[i];
		begins(self->dev);
		EXPECT_FALSE(fv_intx_is_masked(self->dev));
		fv_intx_release(self->dev);
		EXPECT_FALSE(self->dev->intx.unmask.is_queued);
	}
	EXPECT_EQ(0, world.suspends + world.resumes);
	/* nor was it masked by the fence before */
	self->driver.pm = &pm;
	begins(self->dev);
	ends(self->dev, false);
	self->driver.pm = NULL;
	begins(self->dev);
	EXPECT_FALSE(fv_intx_is_masked(self->dev));
	fv_intx_release(self->dev);
	EXPECT_FALSE(self->dev->intx.unmask.is_queued);
}

/* A resume for another reason, behind the fence, does not unmask. */
TEST_F(intx, resumed_behind_the_fence)
{
	begins(self->dev);
	EXPECT_TRUE(world.is_masked);
	EXPECT_FALSE(self->dev->core.pm_intx_masked);
	self->dev->core.virq_disabled = false;
	resume(&self->pdev.dev);
	EXPECT_TRUE(world.is_masked);
	ends(self->dev, false);
	EXPECT_TRUE(works());
}

/* Closed before the unmask, which would find no state of vfio_pci_core. */
TEST_F(intx, closed_before_it_is_unmasked)
{
	begins(self->dev);
	fv_intx_release(self->dev);
	EXPECT_TRUE(self->dev->intx.unmask.is_queued);
	fv_intx_exit(self->dev);
	EXPECT_FALSE(self->dev->intx.unmask.is_queued);
	EXPECT_EQ(0, world.resumes);
}

/* Without Interrupt Disable, INTx is masked at the interrupt controller. */
TEST_F(intx, without_interrupt_disable)
{
	self->dev->core.pci_2_3 = false;
	begins(self->dev);
	EXPECT_FALSE(fv_intx_is_masked(self->dev));
	fv_intx_release(self->dev);
	fv_intx_settle(self->dev);
	EXPECT_EQ(1, world.resumes);
	EXPECT_FALSE(world.is_masked);
}

/* Held twice, as when a reset fails behind a fence; one release suffices. */
TEST_F(intx, held_twice)
{
	begins(self->dev);
	begins(self->dev);
	EXPECT_TRUE(fv_intx_is_masked(self->dev));
	ends(self->dev, false);
	EXPECT_TRUE(works());
	/* a second release does nothing */
	fv_intx_release(self->dev);
	EXPECT_FALSE(self->dev->intx.unmask.is_queued);
	EXPECT_EQ(1, world.resumes);
	/* also after a close, which frees the virtual config space */
	self->dev->core.vconfig = NULL;
	fv_intx_release(self->dev);
}

/* Fenced again before the unmask. */
TEST_F(intx, held_again_at_once)
{
	begins(self->dev);
	fv_intx_release(self->dev);
	begins(self->dev);
	world.suspends = 0;
	fv_intx_settle(self->dev);
	EXPECT_EQ(0, world.suspends + world.resumes);
	EXPECT_TRUE(world.is_masked);
	EXPECT_TRUE(is_disabled());
	ends(self->dev, false);
	EXPECT_TRUE(works());
}

/*
 * A write to Command in progress: vfio_pci_core evaluates the user's Command again once memory_lock
 * is free, and unmasks.
 */
TEST_F(intx, unmasked_by_a_write_that_is_under_way)
{
	begins(self->dev);
	self->dev->core.virq_disabled = false;
	core_unmask();
	EXPECT_FALSE(world.is_masked);
	fv_intx_hold(self->dev);
	ends(self->dev, false);
	EXPECT_FALSE(world.is_masked);
	EXPECT_FALSE(is_disabled());
	EXPECT_TRUE(works());
}

/* Runtime resume unmasks a suspended device. */
TEST_F(intx, asleep_when_it_is_unmasked)
{
	begins(self->dev);
	set_disabled(true);
	fv_intx_release(self->dev);
	self->pdev.dev.active = 0;
	fv_intx_settle(self->dev);
	EXPECT_EQ(0, world.resumes);
	EXPECT_TRUE(is_disabled());
	resume(&self->pdev.dev);
	EXPECT_FALSE(is_disabled());
	EXPECT_TRUE(works());
	/* in a power state of its user's, it is masked already */
	begins(self->dev);
	set_disabled(true);
	fv_intx_release(self->dev);
	self->pdev.dev.active = 1;
	self->pdev.current_state = PCI_D3hot;
	world.suspends = 0;
	fv_intx_settle(self->dev);
	EXPECT_EQ(0, world.suspends);
	EXPECT_EQ(0, self->pdev.dev.usage);
	EXPECT_FALSE(is_disabled());
	self->pdev.current_state = PCI_D0;
	/* without CONFIG_PM no device is suspended */
	begins(self->dev);
	set_disabled(true);
	fv_intx_release(self->dev);
	self->pdev.dev.active = -EINVAL;
	self->pdev.dev.usage = 0;
	fv_intx_settle(self->dev);
	EXPECT_EQ(0, self->pdev.dev.usage);
	EXPECT_FALSE(is_disabled());
	EXPECT_TRUE(works());
}

/* The user disabled it in its view of Command. */
TEST_F(intx, disabled_by_its_user)
{
	*(__le16 *)&self->dev->core.vconfig[PCI_COMMAND] = PCI_COMMAND_INTX_DISABLE;
	self->dev->core.virq_disabled = true;
	core_mask();
	begins(self->dev);
	ends(self->dev, true);
	EXPECT_TRUE(self->dev->core.virq_disabled);
	EXPECT_TRUE(world.is_masked);
	EXPECT_TRUE(is_disabled());
}

static void set_irqs(struct fv_device *dev, u32 flags, u32 index, u8 value)
{
	struct {
		struct vfio_irq_set set;
		u8 data;
	} arg = { { sizeof(arg), flags, index, 0, 1 }, value };

	fv_intx_note(dev, (unsigned long)&arg);
}

#define MASK	VFIO_IRQ_SET_ACTION_MASK
#define UNMASK	VFIO_IRQ_SET_ACTION_UNMASK
#define NONE	VFIO_IRQ_SET_DATA_NONE
#define BOOL	VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD	VFIO_IRQ_SET_DATA_EVENTFD
#define INTX	VFIO_PCI_INTX_IRQ_INDEX

TEST_F(intx, masked_by_its_user)
{
	bool *is = &self->dev->intx.is_masked_by_user;

	set_irqs(self->dev, MASK | NONE, VFIO_PCI_ERR_IRQ_INDEX, 0);
	EXPECT_FALSE(*is);
	set_irqs(self->dev, MASK | BOOL, INTX, 0);
	EXPECT_FALSE(*is);
	set_irqs(self->dev, MASK | BOOL, INTX, 1);
	EXPECT_TRUE(*is);
	/* eventfds take effect later; the trigger is only a test */
	set_irqs(self->dev, UNMASK | EVENTFD, INTX, 0);
	set_irqs(self->dev, VFIO_IRQ_SET_ACTION_TRIGGER | NONE, INTX, 0);
	set_irqs(self->dev, UNMASK | BOOL, INTX, 0);
	EXPECT_TRUE(*is);
	set_irqs(self->dev, UNMASK | BOOL, INTX, 1);
	EXPECT_FALSE(*is);
	set_irqs(self->dev, MASK | NONE, INTX, 0);
	EXPECT_TRUE(*is);
	core_mask();
	begins(self->dev);
	ends(self->dev, true);
	EXPECT_EQ(0, world.resumes);
	EXPECT_TRUE(world.is_masked);
	EXPECT_TRUE(is_disabled());
	set_irqs(self->dev, UNMASK | NONE, INTX, 0);
	EXPECT_FALSE(*is);
	/* teardown clears it */
	set_irqs(self->dev, MASK | NONE, INTX, 0);
	self->dev->core.irq_type = VFIO_PCI_NUM_IRQS;
	set_irqs(self->dev, VFIO_IRQ_SET_ACTION_TRIGGER | NONE, INTX, 0);
	EXPECT_FALSE(*is);
	set_irqs(self->dev, MASK | NONE, INTX, 0);
	EXPECT_FALSE(*is);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
