// SPDX-License-Identifier: GPL-2.0
/*
 * The gate of a fence: ioctls that touch the device hold it for reading, the fence and resets close
 * it.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/wait.h>

#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/fence_internal.h"
#include "isolate/intx.h"
#include "object/device.h"

/*
 * How long an ioctl waits for the end of a reset, as with vfio-pci. VMMs do not retry, so it has to
 * outlast the reset of a working card; the user stands still meanwhile, so it must not wait for one
 * that hangs.
 */
#define FV_FENCE_PATIENCE_MS	1000

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

/**
 * fv_fence_trylock - Take a lock of the fence for writing within a limit
 * @lock: the lock
 * @wait: limit
 *
 * Context: Process context, may sleep; killable.
 * Return: 0, -EAGAIN if the limit is over, -EINTR on a fatal signal.
 */
int fv_fence_trylock(struct rw_semaphore *lock, struct fv_wait *wait)
{
	int ret;

	while (!down_write_trylock(lock)) {
		ret = fv_wait_pause(wait);
		if (ret)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	return 0;
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
 * Return: 0, then call fv_fence_open_gate(); -EAGAIN if ioctls do not end within the limit,
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
	ret = fv_fence_turn_run(dev, fv_fence_hold_intx, wait);
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
