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

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/fence.h"
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

/*
 * How long an ioctl waits for the end of a reset, as with vfio-pci. VMMs do not retry, so it has to
 * outlast the reset of a working card; the user stands still meanwhile, so it must not wait for one
 * that hangs.
 */
#define FV_FENCE_PATIENCE_MS	1000

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

/* One jiffy, the shortest delay without a high-resolution timer. */
static void fv_fence_refill_soon(struct fv_fence *fence)
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

/*
 * vfio_pci_core changes the list under memory_lock. An export passes the gate, so none is added
 * behind the fence.
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
 * vfio_pci_core exports no function that revokes dma-bufs or gives them back, but its low power
 * features do: entry revokes them, and exit gives them back if the user's Command register enables
 * memory. Their only other effect is one runtime PM reference, which the callers balance.
 */
static int fv_fence_low_power(struct fv_device *dev, u32 feature)
{
	lockdep_assert_held_write(&dev->fence.gate);
	return vfio_pci_core_ioctl_feature(&dev->core.vdev, VFIO_DEVICE_FEATURE_SET | feature,
					   NULL, 0);
}

/* The gate keeps out the user's own low power requests and the close of the device. */
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
	 * The exit gives nothing back, as the fence hides memory decoding. If the entry fails, the
	 * user has the device in low power already: the entry has still revoked the dma-bufs, and
	 * the device stays in low power.
	 */
	if (!fv_fence_low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY))
		fv_fence_low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
	pm_runtime_put(&pdev->dev);
}

/* In low power the dma-bufs stay revoked until the user exits from it. */
static void fv_fence_give_back_locked(struct fv_device *dev)
{
	if (fv_fence_has_dma_bufs(dev) && !READ_ONCE(dev->core.pm_runtime_engaged))
		fv_fence_low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

/**
 * fv_fence_revoke - Revoke the dma-bufs of a fenced device
 * @dev: the device; nothing happens if it is not fenced
 *
 * On return no importer has a BAR mapped, and none can map one before the fence is lowered.
 * vfio_pci_core waits for importers without a limit, as in its own resets.
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

/* A request to the work item in_turn, on the stack of the task that waits for it. */
struct fv_fence_step {
	int (*act)(struct fv_device *dev);
	int ret;
	struct completion done;
};

/* Returns 1 if the fence is up, 0 if a reset has lowered it: then ioctls may be inside again. */
static int fv_fence_finish_locked(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	WRITE_ONCE(fence->is_finish_due, false);
	if (!fv_fence_is_up(fence))
		return 0;
	fv_fence_raise_locked(dev);
	if (fence->is_open && fv_compat_has_dma_bufs(&dev->core))
		queue_work(system_dfl_wq, &fence->revoke);
	return 1;
}

static void fv_fence_in_turn(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, fence.in_turn);
	struct fv_fence *fence = &dev->fence;
	struct fv_fence_step *step;

	/* The task has timed out. */
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
	INIT_WORK(&fence->in_turn, fv_fence_in_turn);
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

/* The Command register that the user sees. */
static __le16 *fv_fence_command(struct fv_device *dev)
{
	return (__le16 *)&dev->core.vconfig[PCI_COMMAND];
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

/**
 * fv_fence_take_turn - Exclude other ioctls that touch a device
 * @dev: the device, fenced or not
 *
 * Context: Process context, may sleep; killable.
 * Return: 0, then call fv_fence_end_turn(); -EINTR on a fatal signal.
 */
int fv_fence_take_turn(struct fv_device *dev)
{
	return mutex_lock_killable(&dev->fence.turn);
}

/**
 * fv_fence_end_turn - Undo fv_fence_take_turn()
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
 * fv_fence_raise() waits for an ioctl inside, which therefore must not wait for the user: the
 * caller faults in the user's memory before, and disables page faults.
 *
 * Context: Process context, may sleep for a reset that the user itself requested, and for
 * FV_FENCE_PATIENCE_MS; killable.
 * Return: 0, then call fv_fence_leave(); -EAGAIN while the device is fenced, -EINTR on a fatal
 * signal.
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
		/* Most likely a reset, which is soon over, keeps a ready device fenced. */
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
 * fv_fence_leave - Undo fv_fence_enter()
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
 * Run a step under memory_lock whatever the user does. Threads that read, write and fault leave no
 * gap in which a trylock succeeds. A blocking wait cannot time out when a write to Command holds
 * the lock and importers of dma-bufs do not let go. So a work item blocks in place of the task.
 * Returns the result of @act, or -EAGAIN or -EINTR without a call of @act.
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
		/* The work item has taken the step, which is on this stack. */
		wait_for_completion(&step.done);
		break;
	}
	return step.ret;
}

/* Returns 1 if INTx is held. On close, vfio_pci_core frees what masking uses. */
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
 * fv_fence_close_gate - Keep out ioctls that touch a device, and mask INTx
 * @dev: the device
 * @wait: limit
 *
 * Context: Process context, may sleep; not under memory_lock of any device, as vfio_pci_core takes
 * that of @dev to mask INTx.
 * Return: 0, then call fv_fence_open_gate(); -EAGAIN if the user does not let go within the limit,
 * -EINTR on a fatal signal.
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
 * fv_fence_open_gate - Undo fv_fence_close_gate()
 * @dev: the device; INTx stays masked while it is fenced
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

static void fv_fence_hold(struct fv_fence *fence, bool is_held)
{
	WRITE_ONCE(fence->seq, is_held ? fence->seq | FV_FENCE_HELD : fence->seq & ~FV_FENCE_HELD);
}

/**
 * fv_fence_keeps_out - Wait for a reset that a device's user has requested
 * @dev: the device, after fv_fence_is_closed()
 *
 * Without a fence, a reset holds memory_lock, but lets user space, and so vfio_pci_core, access
 * configuration space while it waits for the card.
 *
 * Context: Process context, may sleep as long as a reset; killable.
 * Return: True if the device is fenced, or the process is being killed; false if the access may go
 * on.
 */
bool fv_fence_keeps_out(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	return wait_event_killable(fence->opened, fv_fence_is_up(fence) ||
				   !fv_fence_is_closed(fence)) || fv_fence_is_up(fence);
}

/**
 * fv_fence_lock_memory - Take memory_lock of a device
 * @dev: the device, with its gate closed
 * @wait: limit
 *
 * Context: Process context, may sleep; under fv_fence_close_gate().
 * Return: 0, then call fv_fence_unlock() or fv_fence_unlock_memory(), until which reads and writes
 * through the descriptor wait; or as fv_fence_close_gate(), with the gate still closed. -EAGAIN
 * also if the user leaves no gap between its accesses, which fv_fence_raise() does not need.
 */
int fv_fence_lock_memory(struct fv_device *dev, struct fv_wait *wait)
{
	int ret = fv_fence_trylock(&dev->core.memory_lock, wait);

	if (ret)
		return ret;
	/* A write to Command that was under way may have undone the hold. */
	if (dev->intx.is_held)
		fv_intx_hold(dev);
	fv_fence_hold(&dev->fence, true);
	return 0;
}

/**
 * fv_fence_unlock_memory - Undo fv_fence_lock_memory()
 * @dev: the device; fv_fence_open_gate() must follow, which wakes the user's accesses
 *
 * Context: Process context.
 */
void fv_fence_unlock_memory(struct fv_device *dev)
{
	fv_fence_hold(&dev->fence, false);
	up_write(&dev->core.memory_lock);
}

/**
 * fv_fence_unlock - Undo fv_fence_close_gate() and fv_fence_lock_memory()
 * @dev: the device
 *
 * Context: Process context.
 */
void fv_fence_unlock(struct fv_device *dev)
{
	fv_fence_unlock_memory(dev);
	fv_fence_open_gate(dev);
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
	ret = fv_fence_do(dev, fv_fence_close_locked, wait);
	fv_fence_open_gate(dev);
	return ret;
}

/* Ignores fatal signals: the fence is up but not complete, and the user still has mappings. */
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
	/* The work item finishes once it gets the lock. */
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

/* __vfio_pci_memory_enabled(), which 6.12 does not export. */
static bool fv_fence_has_memory(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	return !dev->core.pm_runtime_engaged && pdev->current_state != PCI_D3hot &&
	       pdev->current_state != PCI_D3cold &&
	       (pdev->no_command_memory ||
		*fv_fence_command(dev) & cpu_to_le16(PCI_COMMAND_MEMORY));
}

/**
 * fv_fence_fault - Handle a page fault that vfio_pci_core refuses
 * @dev: the device
 * @vmf: the fault, of a PAGE_SIZE page
 *
 * Context: Process context, under the user's mmap lock.
 * Return: VM_FAULT_NOPAGE if a page is mapped, or if the fence is down and the access has to fault
 * again for vfio_pci_core; the result of vmf_insert_pfn_prot(); VM_FAULT_SIGBUS if memory is
 * disabled for another reason than the fence.
 */
vm_fault_t fv_fence_fault(struct fv_device *dev, struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct fv_fence *fence = &dev->fence;
	vm_fault_t ret;

	down_read(&dev->core.memory_lock);
	if (fv_fence_is_up(fence)) {
		/* RAM, so without the uncached attributes of the VMA. */
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
 * fv_fence_huge_fault - Handle a huge page fault that vfio_pci_core refuses
 * @dev: the device
 * @vmf: the fault, of a size that vfio_pci_core would map at once
 * @order: page order of that size
 *
 * Context: Process context, under the user's mmap lock.
 * Return: VM_FAULT_NOPAGE as fv_fence_fault(); the result of fv_compat_insert_pmd();
 * VM_FAULT_FALLBACK to retry with fv_fence_fault(): @order is not HPAGE_PMD_ORDER,
 * FV_HAS_HUGE_MEMORY is 0, no page is free, or memory is disabled for another reason than the
 * fence.
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

/* Size of a region as vfio_pci_core bounds reads and writes. */
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

/* Bytes that vfio_pci_core would transfer without a fence, or its error. */
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
 * fv_fence_read - Read a region behind the fence, or after a reset
 * @vdev: the device, after fv_fence_is_closed()
 * @buf: user buffer
 * @count: bytes to read
 * @ppos: offset in the VFIO device's file; advanced
 *
 * Device-specific regions go to vfio_pci_core.
 *
 * Context: Process context, may sleep as fv_fence_keeps_out().
 * Return: Bytes read as all-ones, as many as vfio_pci_core_read() would read, or its errors.
 */
ssize_t fv_fence_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	char ones[64];
	ssize_t ret, done;
	size_t step;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) >= VFIO_PCI_NUM_REGIONS || !fv_fence_keeps_out(dev))
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
 * fv_fence_write - Write a region behind the fence, or after a reset
 * @vdev: the device, after fv_fence_is_closed()
 * @buf: user buffer
 * @count: bytes to write
 * @ppos: offset in the VFIO device's file; advanced
 *
 * Context: Process context, may sleep as fv_fence_keeps_out().
 * Return: Bytes dropped, as many as vfio_pci_core_write() would write, or its errors.
 */
ssize_t fv_fence_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	ssize_t ret;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) >= VFIO_PCI_NUM_REGIONS || !fv_fence_keeps_out(dev))
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
