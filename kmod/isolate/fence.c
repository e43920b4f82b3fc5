// SPDX-License-Identifier: GPL-2.0
/*
 * vfio_pci_core keeps users from BARs while their virtual Command register has memory decoding
 * disabled: it checks that register under memory_lock in page faults, in reads and writes, and
 * before a write for an ioeventfd. The fence clears Memory Space Enable there, so that all of these
 * fail the core's check, and completes the refused accesses itself.
 *
 * A mapping cannot drop writes, as no CPU has write-only pages. The fence maps pages of the
 * device's fv_ones, which no other user ever sees, and refills them with ones soon after a user
 * touches them.
 */
#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/fence_internal.h"
#include "isolate/intx.h"
#include "isolate/ones.h"
#include "object/device.h"
#include "object/stats.h"

/*
 * Limit for memory_lock and for an ioctl: longer than a page fault, a configuration access or the
 * setup of 2048 interrupts takes, and short enough to wait for a refusal.
 */
#define FV_FENCE_LIMIT_MS	5000

/* Limit for reads and writes through the descriptor: longer than a late completion takes. */
#define FV_FENCE_DRAIN_MS	100

/*
 * Interval between refills of PMD mappings. A refill writes 2 MiB for each BAR that the user
 * touches meanwhile, about 1 % of the time.
 */
#define FV_FENCE_HUGE_MS	20

/**
 * fv_fence_zap - Unmap a device's BARs from its user
 * @dev: the device; each later access faults again
 *
 * Copies vfio_pci_zap_bars(), which vfio_pci_core does not export.
 *
 * Context: Process context, under memory_lock for writing.
 */
void fv_fence_zap(struct fv_device *dev)
{
	loff_t start = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_BAR0_REGION_INDEX);
	loff_t end = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_ROM_REGION_INDEX);

	lockdep_assert_held_write(&dev->core.memory_lock);
	if (dev->core.vdev.open_count)
		unmap_mapping_range(dev->core.vdev.inode->i_mapping, start, end - start, true);
}

/**
 * fv_fence_refill_soon - Fill the pages behind the fence with ones again
 * @fence: the fence, after a fault that mapped one
 *
 * After one jiffy, the shortest delay without a high-resolution timer.
 *
 * Context: Any.
 */
void fv_fence_refill_soon(struct fv_fence *fence)
{
	queue_delayed_work(system_dfl_wq, &fence->refill, 1);
}

/* Refills the pages while they are not mapped; a user that goes on faults them in again. */
static void fv_fence_refill_huge(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	if (!READ_ONCE(fence->ones.is_huge_used) ||
	    time_before(jiffies, fence->ones.huge_filled + msecs_to_jiffies(FV_FENCE_HUGE_MS)))
		return;
	if (!down_write_trylock(&dev->core.memory_lock))
		return;
	if (fv_fence_is_up(fence)) {
		fv_fence_zap(dev);
		fv_ones_fill_huge(&fence->ones);
	}
	up_write(&dev->core.memory_lock);
}

static void fv_fence_refill(struct work_struct *work)
{
	struct fv_fence *fence = container_of(to_delayed_work(work), struct fv_fence, refill);

	fv_ones_fill(&fence->ones);
	fv_fence_refill_huge(container_of(fence, struct fv_device, fence));
	if (fv_fence_is_up(fence))
		fv_fence_refill_soon(fence);
}

static void fv_fence_revoke_work(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, fence.revoke);

	if (fv_fence_is_up(&dev->fence))
		fv_fence_revoke(dev);
	else
		fv_fence_give_back(dev);
}

/* The caller holds memory_lock. */
static void fv_fence_revoke_soon(struct fv_device *dev)
{
	if (dev->fence.is_open && fv_compat_has_dma_bufs(&dev->core))
		queue_work(system_dfl_wq, &dev->fence.revoke);
}

/* Returns 1 if the fence is up, 0 if a reset has lowered it: then ioctls may be inside again. */
static int fv_fence_finish_locked(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	WRITE_ONCE(fence->finish, NULL);
	if (!fv_fence_is_up(fence))
		return 0;
	fv_fence_raise_locked(dev);
	fv_fence_revoke_soon(dev);
	return 1;
}

/**
 * fv_fence_init - Initialize a device's fence
 * @dev: the device, at probe
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int fv_fence_init(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	if (fv_ones_init(&fence->ones))
		return -ENOMEM;
	INIT_DELAYED_WORK(&fence->refill, fv_fence_refill);
	INIT_WORK(&fence->revoke, fv_fence_revoke_work);
	fv_fence_turn_init(fence);
	mutex_init(&fence->turn);
	mutex_init(&fence->raise);
	init_rwsem(&fence->gate);
	init_waitqueue_head(&fence->opened);
	fv_intx_init(dev);
	return 0;
}

/**
 * fv_fence_exit - Release what fv_fence_init() set up
 * @dev: the device, which is closed, not mapped and not being fenced
 *
 * Context: Process context.
 */
void fv_fence_exit(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	if (fv_fence_is_up(fence)) {
		WRITE_ONCE(fence->seq, fence->seq + 1);
		fv_stats_unfenced(dev->stats);
	}
	cancel_work_sync(&fence->revoke);
	cancel_work_sync(&fence->in_turn);
	cancel_delayed_work_sync(&fence->refill);
	fv_intx_exit(dev);
	fv_ones_exit(&fence->ones);
}

/* What vfio_pci_core treats as disabled memory decoding. */
static void fv_fence_hide_memory(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;
	__le16 *command = fv_fence_command(dev);

	if (*command & cpu_to_le16(PCI_COMMAND_MEMORY))
		fence->had_memory = true;
	if (dev->core.pdev->no_command_memory)
		fence->had_no_command = true;
	*command &= ~cpu_to_le16(PCI_COMMAND_MEMORY);
	dev->core.pdev->no_command_memory = 0;
}

static bool fv_fence_is_decoding(struct pci_dev *pdev)
{
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return command & PCI_COMMAND_MEMORY;
}

/*
 * A late write may have enabled memory behind the fence, in a register that a recovery has restored
 * since: the user must not reach BARs that the function does not decode. With
 * pci_dev::no_command_memory the register does not tell.
 */
static void fv_fence_show_memory(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	if (fence->had_memory && (fence->had_no_command || fv_fence_is_decoding(dev->core.pdev)))
		*fv_fence_command(dev) |= cpu_to_le16(PCI_COMMAND_MEMORY);
	if (fence->had_no_command)
		dev->core.pdev->no_command_memory = 1;
	fence->had_memory = false;
	fence->had_no_command = false;
}

/**
 * fv_fence_opened - Let the fence act on a device's new user
 * @dev: the device, enabled by vfio_pci_core
 *
 * Context: Process context, under vfio_device_set::lock.
 */
void fv_fence_opened(struct fv_device *dev)
{
	down_write(&dev->core.memory_lock);
	dev->fence.is_open = true;
	dev->intx.is_masked_by_user = false;
	if (fv_fence_is_up(&dev->fence)) {
		fv_intx_hold(dev);
		fv_fence_hide_memory(dev);
	}
	up_write(&dev->core.memory_lock);
}

/* The next user must not read what this one wrote behind the fence. No page is mapped. */
static void fv_fence_scrub(struct fv_device *dev)
{
	lockdep_assert_held_write(&dev->core.memory_lock);
	fv_ones_fill(&dev->fence.ones);
	fv_ones_put_back(&dev->fence.ones);
}

/**
 * fv_fence_closing - Detach the fence from a user that closes the device
 * @dev: the device, with no access under way and not mapped; vfio_pci_core disables it next
 *
 * Context: Process context, may sleep as long as fv_fence_revoke(); under vfio_device_set::lock.
 */
void fv_fence_closing(struct fv_device *dev)
{
	/* fv_fence_revoke() uses vconfig, which vfio_pci_core frees next. */
	down_write(&dev->fence.gate);
	down_write(&dev->core.memory_lock);
	if (fv_fence_is_up(&dev->fence)) {
		fv_intx_release(dev);
		fv_fence_show_memory(dev);
		fv_fence_scrub(dev);
	}
	dev->fence.is_open = false;
	up_write(&dev->core.memory_lock);
	up_write(&dev->fence.gate);
}

/* The fence completes accesses that begin from here on; earlier ones still reach the device. */
static void fv_fence_close(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	lockdep_assert_held_write(&dev->core.memory_lock);
	if (fv_fence_is_up(fence))
		return;
	WRITE_ONCE(fence->seq, fence->seq + 1);
	fv_stats_fenced(dev->stats);
}

/**
 * fv_fence_raise_locked - Fence a device under its memory_lock
 * @dev: the device
 *
 * Reads and writes through the descriptor that are under way may end with -EIO.
 *
 * Context: Process context, under memory_lock for writing.
 */
void fv_fence_raise_locked(struct fv_device *dev)
{
	fv_fence_close(dev);
	if (!dev->fence.is_open)
		return;
	fv_intx_hold(dev);
	fv_fence_hide_memory(dev);
	fv_fence_zap(dev);
}

/*
 * Reads and writes through the descriptor increment a counter before they check the fence, without
 * a barrier. The RCU grace period implies one on each CPU, so that the sum here includes every
 * access that did not see the fence. An access that outlasts the limit is faulting in its buffer:
 * it ends with -EIO, and if it enabled memory, fv_fence_again() follows.
 */
static void fv_fence_drain(struct fv_device *dev)
{
	struct fv_wait wait;

	synchronize_rcu_expedited();
	fv_wait_begin(&wait, FV_FENCE_DRAIN_MS);
	while (fv_stats_is_under_way(dev->stats))
		if (fv_wait_pause(&wait))
			break;
}

/* Returns 1 if earlier accesses of the user may be under way. */
static int fv_fence_close_locked(struct fv_device *dev)
{
	bool is_new = dev->fence.is_open && !fv_fence_is_up(&dev->fence);

	/* A write to Command that was under way may have undone the hold. */
	if (dev->intx.is_held)
		fv_intx_hold(dev);
	fv_fence_close(dev);
	return is_new;
}

/* Returns as fv_fence_close_locked(), or -EAGAIN or -EINTR. */
static int fv_fence_close_all(struct fv_device *dev, struct fv_wait *wait)
{
	int ret = fv_fence_close_gate(dev, wait);

	if (ret)
		return ret;
	ret = fv_fence_turn_run(dev, fv_fence_close_locked, wait);
	fv_fence_open_gate(dev);
	return ret;
}

/* If the lock does not come, the work item finishes once it gets it. */
static int fv_fence_finish(struct fv_device *dev)
{
	struct fv_wait wait;
	int ret;

	fv_wait_begin(&wait, FV_FENCE_LIMIT_MS);
	ret = fv_fence_turn_run(dev, fv_fence_finish_locked, &wait);
	if (ret < 0)
		fv_fence_turn_finish(dev, fv_fence_finish_locked);
	return ret;
}

/**
 * fv_fence_raise - Fence a device
 * @dev: the device
 *
 * On return no access of the user to the BARs and no ioctl that touches the device is under way,
 * and none can begin. Importers of dma-bufs are revoked later, from a work item: after an error
 * they may wait for the caller. The caller must call fv_fence_revoke() before it touches the
 * device.
 *
 * Context: Process context, may sleep for little more than twice FV_FENCE_LIMIT_MS; not under
 * memory_lock.
 * Return: 0, also if the device was fenced before; -EAGAIN if the user is in an ioctl or in a hot
 * reset, or holds memory_lock in a write that waits for importers of its dma-bufs; -EINTR on a
 * fatal signal. An error leaves the fence unchanged, unless the user took memory_lock after the
 * first step: then the fence is up, completes when the user releases the lock, and needs
 * fv_fence_lower().
 */
int fv_fence_raise(struct fv_device *dev)
{
	struct fv_wait wait;
	int ret;

	if (mutex_lock_killable(&dev->fence.raise))
		return -EINTR;
	fv_wait_begin(&wait, FV_FENCE_LIMIT_MS);
	do {
		ret = fv_fence_close_all(dev, &wait);
		if (ret < 0)
			break;
		if (ret)
			fv_fence_drain(dev);
		ret = fv_fence_finish(dev);
	} while (!ret);
	mutex_unlock(&dev->fence.raise);
	if (ret == -EAGAIN)
		dev_warn_ratelimited(&dev->core.pdev->dev,
				     "not fenced for now: its user is in an ioctl or a write that does not end\n");
	return min(ret, 0);
}

/**
 * fv_fence_again - Renew the fence after a write to configuration space
 * @dev: the device; the write may have enabled memory, which gives dma-bufs back
 *
 * Context: Process context, may sleep as long as fv_fence_revoke(); not under memory_lock.
 */
void fv_fence_again(struct fv_device *dev)
{
	down_write(&dev->core.memory_lock);
	if (fv_fence_is_up(&dev->fence))
		fv_fence_raise_locked(dev);
	up_write(&dev->core.memory_lock);
	fv_fence_revoke(dev);
}

/**
 * fv_fence_lower - Give a device back to its user and importers
 * @dev: the device, ready; nothing happens if it is not fenced
 *
 * Dma-bufs stay revoked if the user has memory disabled, or the device in low power.
 *
 * Context: Process context, may sleep as long as fv_fence_revoke(); not under memory_lock or
 * fv_fence::gate.
 */
void fv_fence_lower(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	if (!fv_fence_is_up(fence))
		return;
	down_write(&fence->gate);
	down_write(&dev->core.memory_lock);
	fv_fence_lower_locked(dev);
	up_write(&dev->core.memory_lock);
	fv_fence_give_back_locked(dev);
	up_write(&fence->gate);
}

static int fv_fence_lower_step(struct fv_device *dev)
{
	fv_fence_lower_locked(dev);
	fv_fence_revoke_soon(dev);
	return 0;
}

/**
 * fv_fence_try_lower - Give a device back to its user within a limit
 * @dev: the device, ready; nothing happens if it is not fenced
 *
 * As fv_fence_lower(), but importers get its dma-bufs back later, from a work item.
 *
 * Context: Process context, may sleep for FV_FENCE_LIMIT_MS; not under memory_lock or
 * fv_fence::gate.
 * Return: 0, or with the fence still up -EAGAIN if importers hold dma-bufs beyond the limit, -EINTR
 * on a fatal signal.
 */
int fv_fence_try_lower(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;
	struct fv_wait wait;
	int ret;

	if (!fv_fence_is_up(fence))
		return 0;
	fv_wait_begin(&wait, FV_FENCE_LIMIT_MS);
	ret = fv_fence_trylock(&fence->gate, &wait);
	if (ret)
		return ret;
	ret = fv_fence_turn_run(dev, fv_fence_lower_step, &wait);
	up_write(&fence->gate);
	return ret;
}

/**
 * fv_fence_try_revoke - Wait until the dma-bufs of a fenced device are revoked
 * @dev: the device, after fv_fence_raise(), which has queued that
 *
 * Context: Process context, may sleep for FV_FENCE_LIMIT_MS; not under memory_lock or
 * fv_fence::gate.
 * Return: 0, -EAGAIN if importers hold dma-bufs beyond the limit, -EINTR on a fatal signal.
 */
int fv_fence_try_revoke(struct fv_device *dev)
{
	struct fv_wait wait;
	int ret;

	fv_wait_begin(&wait, FV_FENCE_LIMIT_MS);
	while (work_busy(&dev->fence.revoke)) {
		ret = fv_wait_pause(&wait);
		if (ret)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	return 0;
}

/**
 * fv_fence_lower_locked - Give a device back to its user, under memory_lock
 * @dev: the device, ready and without dma-bufs, which would stay revoked
 *
 * Context: Process context, under memory_lock for writing.
 */
void fv_fence_lower_locked(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	lockdep_assert_held_write(&dev->core.memory_lock);
	if (!fv_fence_is_up(fence))
		return;
	WRITE_ONCE(fence->seq, fence->seq + 1);
	fv_stats_unfenced(dev->stats);
	wake_up_all(&fence->opened);
	if (!fence->is_open)
		return;
	fv_intx_release(dev);
	fv_fence_show_memory(dev);
	fv_fence_zap(dev);
	/* The last refill may precede the user's last write, and none is queued any more. */
	fv_fence_scrub(dev);
}
