// SPDX-License-Identifier: GPL-2.0
/*
 * vfio_pci_core keeps users from BARs whose memory decoding they have disabled: it looks at
 * their virtual Command register under memory_lock, in page faults, in reads and writes, and
 * before it writes for an ioeventfd. The fence clears Memory Space Enable there, so that all
 * of these end at the core's own test, and answers in the core's place what it refuses.
 *
 * Mapped memory cannot refuse a write: no processor has pages that are written only. What
 * is mapped are pages of the device's own, which are filled with ones again soon after they
 * were touched. Nobody else ever sees them.
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "device.h"
#include "fence.h"
#include "intx.h"
#include "stats.h"
#include "wait.h"

/*
 * How long the fence waits for memory_lock and for an ioctl: longer than a page fault, an access
 * to configuration space or the setup of 2048 interrupts takes, shorter than anybody wants to wait
 * for a refusal.
 */
#define FV_FENCE_LIMIT_MS	5000

/* How long for reads and writes through the descriptor: longer than a card is late to answer. */
#define FV_FENCE_DRAIN_MS	100

/*
 * How often what was mapped by one entry is filled again: 2 MiB for each BAR that its user touches
 * meanwhile, a hundredth of the time.
 */
#define FV_FENCE_HUGE_MS	20

/*
 * How long an ioctl waits for the end of a reset, as with vfio-pci: long enough for that of a card
 * that works, as VMMs do not try again, and not for one that hangs, as a virtual machine stands
 * still meanwhile.
 */
#define FV_FENCE_PATIENCE_MS	1000

/**
 * fv_fence_zap - Take the mappings of a device's BARs out of its user's page tables
 * @dev: the device; each access faults again
 *
 * As vfio_pci_core does it (vfio_pci_zap_bars()), which does not export it.
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

/* As short as a timer of the kernel can be without being one of high resolution. */
static void fv_fence_refill_soon(struct fv_fence *fence)
{
	queue_delayed_work(system_dfl_wq, &fence->refill, 1);
}

/* It is filled when it is not mapped, which is soon again if its user goes on. */
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

/*
 * Has the user exported BARs as dma-bufs? vfio_pci_core changes the list under memory_lock. An
 * export goes through the gate: none is added behind the fence.
 */
static bool fv_fence_has_dma_bufs(struct fv_device *dev)
{
	bool has_dma_bufs;

	down_read(&dev->core.memory_lock);
	has_dma_bufs = dev->fence.is_open && fv_compat_has_dma_bufs(&dev->core);
	up_read(&dev->core.memory_lock);
	return has_dma_bufs;
}

/*
 * vfio_pci_core exports no function that revokes dma-bufs or gives them back. Its low power
 * features do: the entry revokes, and the exit gives back if the user's Command register enables
 * memory. Apart from that they move one runtime PM reference, to which the callers here add one.
 */
static int fv_fence_low_power(struct fv_device *dev, u32 feature)
{
	lockdep_assert_held_write(&dev->fence.gate);
	return vfio_pci_core_ioctl_feature(&dev->core.vdev, VFIO_DEVICE_FEATURE_SET | feature,
					   NULL, 0);
}

/* The gate keeps the user's own low power features and the close of the device away. */
static void fv_fence_revoke_locked(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;
	struct pci_dev *pdev = dev->core.pdev;

	if (fence->revoked_seq != fence->seq) {
		fence->revoked_seq = fence->seq;
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_DMA_BUF_REVOKES);
		pci_info_ratelimited(pdev, "dma-bufs of its BARs revoked, importers have to map them again\n");
	}
	pm_runtime_get_noresume(&pdev->dev);
	/*
	 * The exit gives nothing back: behind the fence the user has no memory. An entry that
	 * fails has revoked them as well; the low power is the user's own, and stays.
	 */
	if (!fv_fence_low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY))
		fv_fence_low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
	pm_runtime_put(&pdev->dev);
}

/* In low power they stay revoked until the user's own exit from it. */
static void fv_fence_give_back_locked(struct fv_device *dev)
{
	if (fv_fence_has_dma_bufs(dev) && !READ_ONCE(dev->core.pm_runtime_engaged))
		fv_fence_low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

/**
 * fv_fence_revoke - Take importers of a fenced device's dma-bufs off it
 * @dev: the device, fenced; without fence nothing is done
 *
 * When it returns no importer has a BAR mapped, and none maps one before the fence is lowered.
 * vfio_pci_core waits for importers as long as they take, as it does in its own resets.
 *
 * Context: Process context, may sleep; not under memory_lock or fv_fence::gate.
 */
void fv_fence_revoke(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	if (!fv_fence_has_dma_bufs(dev))
		return;
	down_write(&fence->gate);
	if (fv_fence_is_up(fence) && fv_fence_has_dma_bufs(dev))
		fv_fence_revoke_locked(dev);
	up_write(&fence->gate);
}

static void fv_fence_revoke_work(struct work_struct *work)
{
	fv_fence_revoke(container_of(work, struct fv_device, fence.revoke));
}

/* What the work item in_turn does under memory_lock, for a task that has this on its stack. */
struct fv_fence_step {
	int (*act)(struct fv_device *dev);
	int ret;
	struct completion done;
};

/* Returns 1 if it is up: a reset may have lowered it, and then ioctls may be inside again. */
static int fv_fence_finish_locked(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	WRITE_ONCE(fence->is_finish_due, false);
	if (!fv_fence_is_up(fence))
		return 0;
	fv_fence_raise_held(dev);
	if (fence->is_open && fv_compat_has_dma_bufs(&dev->core))
		queue_work(system_dfl_wq, &fence->revoke);
	return 1;
}

static void fv_fence_in_turn(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, fence.in_turn);
	struct fv_fence *fence = &dev->fence;
	struct fv_fence_step *step;

	/* The task has given up. */
	if (!READ_ONCE(fence->step) && !READ_ONCE(fence->is_finish_due))
		return;
	down_write(&dev->core.memory_lock);
	step = xchg(&fence->step, NULL);
	if (step)
		step->ret = step->act(dev);
	if (READ_ONCE(fence->is_finish_due))
		fv_fence_finish_locked(dev);
	up_write(&dev->core.memory_lock);
	if (step)
		complete(&step->done);
}

/**
 * fv_fence_init - Be ready to fence a device
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
	INIT_WORK(&fence->in_turn, fv_fence_in_turn);
	mutex_init(&fence->turn);
	mutex_init(&fence->raise);
	init_rwsem(&fence->gate);
	init_waitqueue_head(&fence->opened);
	fv_intx_init(dev);
	return 0;
}

/**
 * fv_fence_exit - End what fv_fence_init() began
 * @dev: the device, which nobody has open or mapped any more, and nobody fences
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

/* Command, as the user sees it. */
static __le16 *fv_fence_command(struct fv_device *dev)
{
	return (__le16 *)&dev->core.vconfig[PCI_COMMAND];
}

/* What vfio_pci_core takes for memory decoding that is disabled. */
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
 * A late write may have enabled memory behind the fence, in a register that a recovery has
 * restored since: the user must not reach BARs that the function does not decode. Where
 * pci_dev::no_command_memory is set, the register does not tell.
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
 * fv_fence_opened - Say that a device has a user
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

/* What a user wrote behind the fence is for no other to read; nothing of it is mapped. */
static void fv_fence_scrub(struct fv_device *dev)
{
	lockdep_assert_held_write(&dev->core.memory_lock);
	fv_ones_fill(&dev->fence.ones);
	fv_ones_put_back(&dev->fence.ones);
}

/**
 * fv_fence_closing - Say that a device is about to have no user any more
 * @dev: the device, which nobody reads, writes or has mapped; vfio_pci_core disables it next
 *
 * Context: Process context, may sleep for as long as fv_fence_revoke(); under
 * vfio_device_set::lock.
 */
void fv_fence_closing(struct fv_device *dev)
{
	/* What revokes dma-bufs needs the virtual configuration that the core frees next. */
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

/* From here on what begins is answered here; what is under way still goes to the device. */
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
 * fv_fence_raise_held - Fence a device whose memory_lock is held
 * @dev: the device
 *
 * Reads and writes through the descriptor that are under way may end with -EIO.
 *
 * Context: Process context, under memory_lock for writing.
 */
void fv_fence_raise_held(struct fv_device *dev)
{
	fv_fence_close(dev);
	if (!dev->fence.is_open)
		return;
	fv_intx_hold(dev);
	fv_fence_hide_memory(dev);
	fv_fence_zap(dev);
}

/*
 * Reads and writes through the descriptor count themselves before they look at the fence,
 * without a barrier: a grace period of RCU has one on each processor, after which the counts
 * of all that did not see the fence are seen here. One that is later than the limit has a
 * buffer that faults: it ends with -EIO, and if it enabled memory, fv_fence_again() follows.
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

/**
 * fv_fence_take_turn - Keep other ioctls that touch a device out
 * @dev: the device, behind its fence or not
 *
 * Context: Process context, may sleep; killable.
 * Return: 0, fv_fence_end_turn() afterwards, or -EINTR when the process is being killed.
 */
int fv_fence_take_turn(struct fv_device *dev)
{
	return mutex_lock_killable(&dev->fence.turn);
}

/**
 * fv_fence_end_turn - End what fv_fence_take_turn() began
 * @dev: the device
 *
 * Context: Process context.
 */
void fv_fence_end_turn(struct fv_device *dev)
{
	mutex_unlock(&dev->fence.turn);
}

/**
 * fv_fence_enter - Begin an ioctl that touches a device
 * @dev: the device
 *
 * What is inside is waited for by who raises the fence, so it must not wait for the user: what
 * is needed of the user's memory is there before, and page faults are disabled.
 *
 * Context: Process context, may sleep for as long as a reset of the user's own, and for
 * FV_FENCE_PATIENCE_MS; killable.
 * Return: 0, fv_fence_leave() afterwards; -EAGAIN while the device is behind its fence, -EINTR
 * when the process is being killed.
 */
int fv_fence_enter(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;
	long left = msecs_to_jiffies(FV_FENCE_PATIENCE_MS);

	if (mutex_lock_killable(&fence->turn))
		return -EINTR;
	for (;;) {
		if (down_read_killable(&fence->gate)) {
			left = -EINTR;
			break;
		}
		if (!fv_fence_is_up(fence) && !atomic_read(&fence->nr_closing))
			return 0;
		up_read(&fence->gate);
		/* A device that is ready is being reset, and is there again soon. */
		if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY) {
			left = -EAGAIN;
			break;
		}
		left = wait_event_killable_timeout(fence->opened, !fv_fence_is_up(fence) &&
						   !atomic_read(&fence->nr_closing), left);
		if (left <= 0) {
			left = left ? -EINTR : -EAGAIN;
			break;
		}
	}
	mutex_unlock(&fence->turn);
	return left;
}

/**
 * fv_fence_leave - End what fv_fence_enter() began
 * @dev: the device
 *
 * Context: Process context.
 */
void fv_fence_leave(struct fv_device *dev)
{
	up_read(&dev->fence.gate);
	mutex_unlock(&dev->fence.turn);
}

static int fv_fence_trylock(struct rw_semaphore *lock, struct fv_wait *wait)
{
	int ret;

	while (!down_write_trylock(lock)) {
		ret = fv_wait_pause(wait);
		if (ret)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	return 0;
}

/*
 * Do a step under memory_lock, whatever its user does: threads that read, write and fault leave no
 * gap between them, in which to get it by trying, and a wait for it in turn with them cannot be
 * given up when the user's Command is written under it and importers of dma-bufs do not let go.
 * So a work item waits. Returns what @act returns, or -EAGAIN or -EINTR if it is not called.
 */
static int fv_fence_do(struct fv_device *dev, int (*act)(struct fv_device *dev),
		       struct fv_wait *wait)
{
	struct fv_fence_step step = { .act = act };
	struct fv_fence *fence = &dev->fence;
	int ret;

	if (down_write_trylock(&dev->core.memory_lock)) {
		ret = act(dev);
		up_write(&dev->core.memory_lock);
		return ret;
	}
	init_completion(&step.done);
	while (cmpxchg(&fence->step, NULL, &step)) {
		ret = fv_wait_pause(wait);
		if (ret)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	queue_work(system_dfl_wq, &fence->in_turn);
	while (!try_wait_for_completion(&step.done)) {
		ret = fv_wait_pause(wait);
		if (!ret)
			continue;
		if (cmpxchg(&fence->step, &step, NULL) == &step)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
		/* The work item has taken it: it is on this stack. */
		wait_for_completion(&step.done);
		break;
	}
	return step.ret;
}

/* Returns 1 if it is held. A device that is being closed has the core free what masks it. */
static int fv_fence_hold_intx(struct fv_device *dev)
{
	if (!dev->fence.is_open)
		return 0;
	fv_intx_hold(dev);
	return 1;
}

static void fv_fence_reopen(struct fv_fence *fence)
{
	atomic_dec(&fence->nr_closing);
	wake_up_all(&fence->opened);
}

/**
 * fv_fence_close_gate - Keep a device's user from ioctls that touch it, and mask its INTx
 * @dev: the device
 * @wait: how long to try
 *
 * Context: Process context, may sleep; not under memory_lock of any device, as vfio_pci_core takes
 * that of @dev to mask INTx.
 * Return: 0, fv_fence_open_gate() afterwards; -EAGAIN if the user does not let go in that time,
 * -EINTR when the process is being killed.
 */
int fv_fence_close_gate(struct fv_device *dev, struct fv_wait *wait)
{
	struct fv_fence *fence = &dev->fence;
	int ret;

	atomic_inc(&fence->nr_closing);
	ret = fv_fence_trylock(&fence->gate, wait);
	if (ret) {
		fv_fence_reopen(fence);
		return ret;
	}
	if (!fv_intx_is_used(dev))
		return 0;
	ret = fv_fence_do(dev, fv_fence_hold_intx, wait);
	if (ret < 0) {
		fv_fence_open_gate(dev);
		return ret;
	}
	if (ret)
		fv_intx_mask(dev);
	return 0;
}

/**
 * fv_fence_open_gate - Take back fv_fence_close_gate()
 * @dev: the device; behind the fence its INTx stays masked
 *
 * Context: Process context.
 */
void fv_fence_open_gate(struct fv_device *dev)
{
	if (!fv_fence_is_up(&dev->fence))
		fv_intx_release(dev);
	up_write(&dev->fence.gate);
	fv_fence_reopen(&dev->fence);
}

/**
 * fv_fence_lock_memory - Keep a device's user from its memory
 * @dev: the device, with its gate closed
 * @wait: how long to try
 *
 * Context: Process context, may sleep; under fv_fence_close_gate().
 * Return: As fv_fence_close_gate(), which stays, -EAGAIN also if the user leaves no gap between its
 * accesses: fv_fence_raise() needs none. fv_fence_unlock() after 0.
 */
int fv_fence_lock_memory(struct fv_device *dev, struct fv_wait *wait)
{
	int ret = fv_fence_trylock(&dev->core.memory_lock, wait);

	/* A write to Command that was under way may have taken it back. */
	if (!ret && dev->intx.is_held)
		fv_intx_hold(dev);
	return ret;
}

/**
 * fv_fence_unlock - Take back fv_fence_close_gate() and fv_fence_lock_memory()
 * @dev: the device
 *
 * Context: Process context.
 */
void fv_fence_unlock(struct fv_device *dev)
{
	up_write(&dev->core.memory_lock);
	fv_fence_open_gate(dev);
}

/* Returns 1 if accesses of the user may be under way that began before. */
static int fv_fence_close_locked(struct fv_device *dev)
{
	bool is_new = dev->fence.is_open && !fv_fence_is_up(&dev->fence);

	/* A write to Command that was under way may have taken it back. */
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
	ret = fv_fence_do(dev, fv_fence_close_locked, wait);
	fv_fence_open_gate(dev);
	return ret;
}

/* Not given up when the process is killed: the user is on the device, and sees it no more. */
static int fv_fence_finish(struct fv_device *dev)
{
	struct fv_wait wait;
	int ret;

	fv_wait_begin(&wait, FV_FENCE_LIMIT_MS);
	ret = fv_fence_do(dev, fv_fence_finish_locked, &wait);
	if (ret == -EINTR) {
		down_write(&dev->core.memory_lock);
		ret = fv_fence_finish_locked(dev);
		up_write(&dev->core.memory_lock);
	}
	/* The work item does it when it has the lock. */
	if (ret == -EAGAIN) {
		WRITE_ONCE(dev->fence.is_finish_due, true);
		queue_work(system_dfl_wq, &dev->fence.in_turn);
	}
	return ret;
}

/**
 * fv_fence_raise - Fence a device
 * @dev: the device
 *
 * When it returns no access of its user is under way to the BARs, no ioctl that touches the
 * device, and none will begin. Importers of its dma-bufs are told soon: where it is raised because
 * of an error, they may wait for the one who raises it. Before the device is touched,
 * fv_fence_revoke() has to follow.
 *
 * Context: Process context, may sleep for a little longer than twice FV_FENCE_LIMIT_MS; not under
 * memory_lock.
 * Return: 0, also if it was fenced before, -EAGAIN if the user is in an ioctl, or keeps memory_lock
 * in a write that waits for importers of its dma-bufs, or in a hot reset; -EINTR when the process
 * is being killed. Then it is as it was; but if the user has taken memory_lock after the first
 * step, the fence is up, gets complete as soon as the user lets go, and fv_fence_lower() is what
 * takes it back.
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
 * fv_fence_again - Fence a device once more, after a write to its configuration space
 * @dev: the device; its user may have enabled memory behind the fence, and so given back dma-bufs
 *
 * Context: Process context, may sleep for as long as fv_fence_revoke(); not under memory_lock.
 */
void fv_fence_again(struct fv_device *dev)
{
	down_write(&dev->core.memory_lock);
	if (fv_fence_is_up(&dev->fence))
		fv_fence_raise_held(dev);
	up_write(&dev->core.memory_lock);
	fv_fence_revoke(dev);
}

/**
 * fv_fence_lower - Let a user, and importers of dma-bufs, to a device again
 * @dev: the device, ready; without fence nothing is done
 *
 * Dma-bufs are given back unless the user has memory disabled, or the device in low power.
 *
 * Context: Process context, may sleep for as long as fv_fence_revoke(); not under memory_lock or
 * fv_fence::gate.
 */
void fv_fence_lower(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	if (!fv_fence_is_up(fence))
		return;
	down_write(&fence->gate);
	down_write(&dev->core.memory_lock);
	fv_fence_lower_held(dev);
	up_write(&dev->core.memory_lock);
	fv_fence_give_back_locked(dev);
	up_write(&fence->gate);
}

/**
 * fv_fence_lower_held - Let a user to a device again, under memory_lock
 * @dev: the device, ready, of which no dma-bufs are exported: those stay revoked
 *
 * Context: Process context, under memory_lock for writing.
 */
void fv_fence_lower_held(struct fv_device *dev)
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
	/* The refill may have been before the last write, and is not queued any more. */
	fv_fence_scrub(dev);
}

/* Would vfio_pci_core let its user to memory? (__vfio_pci_memory_enabled(), not in 6.12) */
static bool fv_fence_has_memory(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	return !dev->core.pm_runtime_engaged && pdev->current_state != PCI_D3hot &&
	       pdev->current_state != PCI_D3cold &&
	       (pdev->no_command_memory ||
		*fv_fence_command(dev) & cpu_to_le16(PCI_COMMAND_MEMORY));
}

/**
 * fv_fence_fault - Answer a page fault that vfio_pci_core does not
 * @dev: the device
 * @vmf: the fault, of a page of the smallest size
 *
 * Context: Process context, under the user's mmap lock.
 * Return: VM_FAULT_NOPAGE when there is a page now, or when there is no fence any more and
 * vfio_pci_core is to be asked again; what the insertion says; VM_FAULT_SIGBUS if it is not
 * because of the fence that there is no memory.
 */
vm_fault_t fv_fence_fault(struct fv_device *dev, struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct fv_fence *fence = &dev->fence;
	vm_fault_t ret;

	down_read(&dev->core.memory_lock);
	if (fv_fence_is_up(fence)) {
		/* It is memory, and is mapped as such. */
		ret = vmf_insert_pfn_prot(vma, ALIGN_DOWN(vmf->address, PAGE_SIZE),
					  page_to_pfn(fv_ones_page(&fence->ones, vmf->pgoff)),
					  vm_get_page_prot(vma->vm_flags));
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_FENCE_FAULTS);
		fv_fence_refill_soon(fence);
	} else if (fv_fence_has_memory(dev)) {
		ret = VM_FAULT_NOPAGE;
	} else {
		ret = VM_FAULT_SIGBUS;
	}
	up_read(&dev->core.memory_lock);
	return ret;
}

/**
 * fv_fence_huge_fault - Answer a page fault of more than a page that vfio_pci_core does not
 * @dev: the device
 * @vmf: the fault, of as much of a BAR as vfio_pci_core would map by one entry
 * @order: how much that is
 *
 * Context: Process context, under the user's mmap lock.
 * Return: VM_FAULT_NOPAGE as fv_fence_fault(); what the insertion says; VM_FAULT_FALLBACK for
 * fv_fence_fault() to answer it: 1 GiB, without memory for it, or on an architecture where the
 * mapping says that memory is not cached, as it is for a BAR.
 */
vm_fault_t fv_fence_huge_fault(struct fv_device *dev, struct vm_fault *vmf, unsigned int order)
{
	struct fv_fence *fence = &dev->fence;
	vm_fault_t ret = VM_FAULT_FALLBACK;
	struct page *page;

	if (!FV_HAS_HUGE_MEMORY || order != HPAGE_PMD_ORDER)
		return VM_FAULT_FALLBACK;
	down_read(&dev->core.memory_lock);
	if (fv_fence_is_up(fence)) {
		page = fv_ones_huge_page(&fence->ones, vmf->pgoff);
		if (page) {
			ret = fv_compat_insert_pmd(vmf, page_to_pfn(page));
			fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_FENCE_FAULTS);
			fv_fence_refill_soon(fence);
		}
	} else if (fv_fence_has_memory(dev)) {
		ret = VM_FAULT_NOPAGE;
	}
	up_read(&dev->core.memory_lock);
	return ret;
}

/* Size of a region, as vfio_pci_core has it for reads and writes. */
static u64 fv_fence_region_size(struct fv_device *dev, unsigned int index)
{
	struct pci_dev *pdev = dev->core.pdev;

	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return pdev->cfg_size;
	case VFIO_PCI_VGA_REGION_INDEX:
		return dev->core.has_vga ? 0xc0000 : 0;
	case VFIO_PCI_ROM_REGION_INDEX:
		return pci_resource_len(pdev, PCI_ROM_RESOURCE);
	default:
		return pci_resource_len(pdev, index);
	}
}

/* How much of an access is answered, or the error that it ends with, as without a fence. */
static ssize_t fv_fence_clamp(struct fv_device *dev, size_t count, loff_t at)
{
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(at);
	u64 pos = at & VFIO_PCI_OFFSET_MASK;
	u64 size = fv_fence_region_size(dev, index);

	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return pos < size && count <= size - pos ? (ssize_t)count : -EFAULT;
	if (pos >= size)
		return -EINVAL;
	return min_t(u64, count, size - pos);
}

/**
 * fv_fence_read - Read a region behind the fence
 * @vdev: the device
 * @buf: where to
 * @count: how much
 * @ppos: region and where in it; moved on
 *
 * Regions that only some devices have are not the fence's matter.
 *
 * Context: Process context, may sleep.
 * Return: As much as vfio_pci_core_read() would read, all-ones, or its errors.
 */
ssize_t fv_fence_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	char ones[64];
	ssize_t ret, done;
	size_t step;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) >= VFIO_PCI_NUM_REGIONS)
		return vfio_pci_core_read(vdev, buf, count, ppos);
	if (!count)
		return 0;

	ret = fv_fence_clamp(dev, count, *ppos);
	memset(ones, 0xff, sizeof(ones));
	for (done = 0; done < ret; done += step) {
		step = min_t(size_t, ret - done, sizeof(ones));
		if (copy_to_user(buf + done, ones, step))
			return -EFAULT;
	}
	if (ret > 0) {
		*ppos += ret;
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_FENCE_READS);
	}
	return ret;
}

/**
 * fv_fence_write - Write to a region behind the fence
 * @vdev: the device
 * @buf: where from
 * @count: how much
 * @ppos: region and where in it; moved on
 *
 * Context: Process context, may sleep.
 * Return: As much as vfio_pci_core_write() would write, which is dropped, or its errors.
 */
ssize_t fv_fence_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	ssize_t ret;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) >= VFIO_PCI_NUM_REGIONS)
		return vfio_pci_core_write(vdev, buf, count, ppos);
	if (!count)
		return 0;
	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) == VFIO_PCI_ROM_REGION_INDEX)
		return -EINVAL;

	ret = fv_fence_clamp(dev, count, *ppos);
	if (ret > 0) {
		*ppos += ret;
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_FENCE_WRITES);
	}
	return ret;
}
