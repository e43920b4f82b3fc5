// SPDX-License-Identifier: GPL-2.0
/* isolate/fence.c and fence_dma_buf.c on kernels with dma-bufs of BARs: revoke and restore. */
#include "kselftest_harness.h"

#include "base/compat.h"
#include "isolate/fence.h"
#include "object/device.h"
#include "object/stats.h"

#define ENTRY (VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY)
#define EXIT (VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT)

/* The core's state of the dma-bufs, as vfio_pci_dma_buf_move() leaves it. */
static struct world {
	struct fv_device *dev;
	bool is_revoked;
	unsigned int entries, exits;
} world;

static __le16 *command(void)
{
	return (__le16 *)&world.dev->core.vconfig[PCI_COMMAND];
}

static bool has_memory(void)
{
	kernel_assert(world.dev->core.vconfig);
	return world.dev->core.pdev->no_command_memory || *command() & PCI_COMMAND_MEMORY;
}

/* As vfio_pci_core_pm_entry() and vfio_pci_core_pm_exit(), called with the gate held. */
int vfio_pci_core_ioctl_feature(struct vfio_device *vdev, u32 flags, void __user *arg,
				size_t argsz)
{
	struct vfio_pci_core_device *core = container_of(vdev, struct vfio_pci_core_device, vdev);

	kernel_assert(core == &world.dev->core && !arg && !argsz);
	kernel_assert(world.dev->fence.gate.held == -1 && !core->memory_lock.held);
	if (flags == ENTRY) {
		world.entries++;
		world.is_revoked = true;
		if (core->pm_runtime_engaged)
			return -EINVAL;
		core->pm_runtime_engaged = true;
		core->pdev->dev.usage--;
		/* otherwise the PCI core suspends it */
		kernel_assert(core->pdev->dev.usage > 0);
		return 0;
	}
	kernel_assert(flags == EXIT);
	world.exits++;
	if (core->pm_runtime_engaged)
		core->pdev->dev.usage++;
	core->pm_runtime_engaged = false;
	if (has_memory())
		world.is_revoked = false;
	return 0;
}

int vfio_pci_core_get_dmabuf_phys(struct vfio_pci_core_device *core)
{
	return 0;
}

void fv_stats_fenced(struct fv_stats *stats)
{
}

void fv_stats_unfenced(struct fv_stats *stats)
{
}

bool fv_stats_is_under_way(struct fv_stats *stats)
{
	return false;
}

void synchronize_rcu_expedited(void)
{
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return FPGA_VFIO_CARD_STATE_READY;
}

void unmap_mapping_range(struct address_space *mapping, loff_t start, loff_t len, int even_cows)
{
}

vm_fault_t vmf_insert_pfn_prot(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
			       pgprot_t prot)
{
	return VM_FAULT_NOPAGE;
}

vm_fault_t vmf_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn, bool write)
{
	return VM_FAULT_NOPAGE;
}

ssize_t vfio_pci_core_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	return 0;
}

ssize_t vfio_pci_core_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			    loff_t *ppos)
{
	return 0;
}

FIXTURE(dmabuf)
{
	struct pci_dev pdev;
	struct fv_device device, *dev;
	struct fv_fence *fence;
	struct fv_stats stats;
	struct address_space mapping;
	struct inode inode;
	struct list_head exported;
	__le32 vconfig[PCI_CFG_SPACE_SIZE / 4];
	int usage;
};

FIXTURE_SETUP(dmabuf)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	pci_put(&self->pdev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY, 0x547);
	self->stats.counters = alloc_percpu(struct fv_counters);
	self->inode.i_mapping = &self->mapping;
	self->dev = &self->device;
	self->dev->stats = &self->stats;
	self->dev->core.pdev = &self->pdev;
	self->dev->core.vdev.inode = &self->inode;
	self->dev->core.vdev.open_count = 1;
	self->dev->core.vconfig = (u8 *)self->vconfig;
	INIT_LIST_HEAD(&self->dev->core.dmabufs);
	list_add_tail(&self->exported, &self->dev->core.dmabufs);
	self->fence = &self->dev->fence;
	world.dev = self->dev;
	*command() = PCI_COMMAND_MEMORY;
	/* the reference of the core for an open device */
	self->pdev.dev.usage = 1;
	self->usage = 1;
	ASSERT_EQ(0, fv_fence_init(self->dev));
	fv_fence_opened(self->dev);
}

FIXTURE_TEARDOWN(dmabuf)
{
	fv_fence_exit(self->dev);
	kernel_assert(!self->fence->revoke.is_queued);
	kernel_assert(self->pdev.dev.usage == self->usage);
	self->pdev.dev.usage = 0;
	free_percpu(self->stats.counters);
	kernel_ends();
}

static u64 revokes(struct fv_device *dev)
{
	return dev->stats->counters->value[FPGA_VFIO_A_STATS_DMA_BUF_REVOKES];
}

/* Run the queued work as another task. */
static bool does_work(struct fv_device *dev)
{
	struct work_struct *work = &dev->fence.revoke;

	if (!work->is_queued)
		return false;
	work->is_queued = false;
	work->fn(work);
	return true;
}

TEST_F(dmabuf, revoked_behind_the_fence)
{
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	/* fv_fence_raise() does not wait for importers, because error handlers call it */
	EXPECT_FALSE(world.is_revoked);
	fv_fence_revoke(self->dev);
	EXPECT_TRUE(world.is_revoked);
	EXPECT_FALSE(self->dev->core.pm_runtime_engaged);
	EXPECT_EQ(1, self->pdev.dev.usage);
	EXPECT_EQ(1, revokes(self->dev));
	/* the queued work finds it revoked */
	EXPECT_TRUE(does_work(self->dev));
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	fv_fence_revoke(self->dev);
	EXPECT_TRUE(world.is_revoked);
	EXPECT_EQ(1, revokes(self->dev));
	fv_fence_lower(self->dev);
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	EXPECT_FALSE(world.is_revoked);
	EXPECT_EQ(PCI_COMMAND_MEMORY, *command());
	EXPECT_EQ(0, kernel_locks);
	/* a second fence */
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_TRUE(does_work(self->dev));
	EXPECT_TRUE(world.is_revoked);
	EXPECT_EQ(2, revokes(self->dev));
	fv_fence_lower(self->dev);
	EXPECT_FALSE(world.is_revoked);
}

static void do_work(u64 us)
{
	does_work(world.dev);
}

/* Importers may need the caller: its waits for them have a limit. */
TEST_F(dmabuf, revoked_and_given_back_within_a_limit)
{
	u64 began_ns = kernel_ns;

	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_EQ(-EAGAIN, fv_fence_try_revoke(self->dev));
	EXPECT_LE(5000 * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_GE(5002 * NSEC_PER_MSEC, kernel_ns - began_ns);
	current->is_killed = true;
	EXPECT_EQ(-EINTR, fv_fence_try_revoke(self->dev));
	current->is_killed = false;
	EXPECT_FALSE(world.is_revoked);
	kernel_on_sleep = do_work;
	EXPECT_EQ(0, fv_fence_try_revoke(self->dev));
	EXPECT_TRUE(world.is_revoked);
	kernel_on_sleep = NULL;
	EXPECT_EQ(0, fv_fence_try_revoke(self->dev));

	EXPECT_EQ(0, fv_fence_try_lower(self->dev));
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	EXPECT_EQ(PCI_COMMAND_MEMORY, *command());
	EXPECT_TRUE(world.is_revoked);
	EXPECT_TRUE(does_work(self->dev));
	EXPECT_FALSE(world.is_revoked);
	EXPECT_EQ(1, revokes(self->dev));
	EXPECT_EQ(0, kernel_locks);
}

TEST_F(dmabuf, nothing_without_fence_or_export)
{
	fv_fence_revoke(self->dev);
	fv_fence_lower(self->dev);
	EXPECT_EQ(0, world.exits);
	/* lowered before the work runs */
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	fv_fence_lower(self->dev);
	world.exits = 0;
	EXPECT_TRUE(does_work(self->dev));
	EXPECT_EQ(0, world.entries);
	EXPECT_EQ(1, world.exits);
	EXPECT_EQ(0, revokes(self->dev));
	world.exits = 0;
	/* no dma-buf */
	list_del_init(&self->exported);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_FALSE(does_work(self->dev));
	fv_fence_revoke(self->dev);
	fv_fence_again(self->dev);
	fv_fence_lower(self->dev);
	EXPECT_EQ(0, world.entries);
	EXPECT_EQ(0, world.exits);
	EXPECT_EQ(0, revokes(self->dev));
	EXPECT_EQ(0, kernel_locks);
}

/* The user's own reasons for a revoke outlast the fence. */

TEST_F(dmabuf, memory_that_was_disabled)
{
	*command() = 0;
	world.is_revoked = true;
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	fv_fence_revoke(self->dev);
	fv_fence_lower(self->dev);
	EXPECT_TRUE(world.is_revoked);
}

TEST_F(dmabuf, a_device_in_low_power)
{
	self->dev->core.pm_runtime_engaged = true;
	self->pdev.dev.usage = 0;
	self->usage = 0;
	world.is_revoked = true;
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	fv_fence_revoke(self->dev);
	EXPECT_TRUE(self->dev->core.pm_runtime_engaged);
	EXPECT_EQ(0, self->pdev.dev.usage);
	fv_fence_again(self->dev);
	fv_fence_lower(self->dev);
	EXPECT_TRUE(self->dev->core.pm_runtime_engaged);
	EXPECT_TRUE(world.is_revoked);
	EXPECT_EQ(0, self->pdev.dev.usage);
	EXPECT_EQ(0, world.exits);
}

/* A wakeup behind the fence, which the user is told of, ends low power. */
TEST_F(dmabuf, a_device_that_was_woken_meanwhile)
{
	self->dev->core.pm_runtime_engaged = true;
	world.is_revoked = true;
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	fv_fence_revoke(self->dev);
	self->dev->core.pm_runtime_engaged = false;
	fv_fence_lower(self->dev);
	EXPECT_FALSE(world.is_revoked);
}

/* The Command register of a VF has no Memory Space Enable. */
TEST_F(dmabuf, memory_without_command)
{
	*command() = 0;
	self->pdev.no_command_memory = true;
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	fv_fence_revoke(self->dev);
	EXPECT_TRUE(world.is_revoked);
	fv_fence_lower(self->dev);
	EXPECT_FALSE(world.is_revoked);
}

/* A write to Command that the fence did not wait for restored the dma-bufs. */
TEST_F(dmabuf, a_late_write)
{
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	fv_fence_revoke(self->dev);
	*command() |= PCI_COMMAND_MEMORY;
	world.is_revoked = false;
	fv_fence_again(self->dev);
	EXPECT_TRUE(world.is_revoked);
	EXPECT_EQ(0, *command());
	EXPECT_EQ(1, revokes(self->dev));
	fv_fence_lower(self->dev);
	EXPECT_FALSE(world.is_revoked);
}

/* The core freed the virtual config space and the dma-bufs. */
TEST_F(dmabuf, a_device_that_was_closed)
{
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	fv_fence_closing(self->dev);
	self->dev->core.vconfig = NULL;
	EXPECT_TRUE(does_work(self->dev));
	fv_fence_revoke(self->dev);
	fv_fence_lower(self->dev);
	EXPECT_EQ(0, world.entries);
	EXPECT_EQ(0, world.exits);
	EXPECT_EQ(0, kernel_locks);
	/* nor does a fence without a user touch them */
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_FALSE(does_work(self->dev));
}

/* Unbound before the work runs. */
TEST_F(dmabuf, a_device_that_goes)
{
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_TRUE(self->fence->revoke.is_queued);
	fv_fence_closing(self->dev);
	fv_fence_exit(self->dev);
	EXPECT_FALSE(self->fence->revoke.is_queued);
	memset(&self->fence->ones, 0, sizeof(self->fence->ones));
	EXPECT_EQ(0, fv_fence_init(self->dev));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
