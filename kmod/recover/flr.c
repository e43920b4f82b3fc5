// SPDX-License-Identifier: GPL-2.0
/*
 * A VFIO user resets its function with a write to Initiate Function Level Reset, and polls
 * afterwards until it is ready. vfio_pci_core would have the PCI core reset it inside that write:
 * if the card hangs, a vCPU waits for a minute and cannot be killed.
 *
 * vfio_pci_core tries the device lock for that reset. The driver holds it while the core does the
 * rest of the write. A work item does the reset; meanwhile the user reads what PCI Express
 * specifies for a function that is not ready.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/fence.h"
#include "object/device.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "pcie/reset_ops.h"
#include "recover/flr.h"
#include "recover/recovery_worker.h"
#include "reset/reset.h"

/*
 * How long the write waits for the reset: the 100 ms that PCI Express grants it (PCIe r6.0, 6.6.2),
 * and the time to restore a function of a working card. Then the reset is complete when the write
 * returns, as with vfio-pci, for users that do not poll.
 */
#define FV_FLR_WRITE_MS		150

/* Position of the bit in the PCI Express capability. */
#define FV_FLR_BYTE		(PCI_EXP_DEVCTL + 1)
#define FV_FLR_BIT		(PCI_EXP_DEVCTL_BCR_FLR >> 8)

/* Attempts at a write while its buffer gets paged out. */
#define FV_FLR_TRIES		3

/**
 * struct fv_flr_bits - what a write requests
 * @express: a Function Level Reset by the PCI Express capability
 * @af: one by the Advanced Features capability
 */
struct fv_flr_bits {
	bool express;
	bool af;
};

/* The user may have closed the device meanwhile: the FLR must not hit the next one. */
static bool fv_flr_is_moot(struct fv_device *dev)
{
	return fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY || !fv_flr_is_due(&dev->flr);
}

/*
 * A user that resets one function of several means only that one, and has drivers for the others.
 * The fence keeps the user and its vCPUs from blocking.
 */
static const struct fv_reset_request fv_flr_request = {
	.methods = FV_RESET_ANY,
	.origin = FPGA_VFIO_ORIGIN_USER_FLR,
	.is_fencing = true,
	.is_function_first = true,
	.is_moot = fv_flr_is_moot,
};

static void fv_flr_work(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, flr.work);
	/* A reset requested during this one needs another run. */
	int requested = atomic_read(&dev->flr.requested);
	int ret = fv_reset_run(dev, &fv_flr_request, NULL);

	if (ret == -EAGAIN || ret == -EBUSY || ret == -EOPNOTSUPP)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
	/*
	 * If not ready: the reset may have failed because another task held the rest of the card.
	 */
	if (ret && ret != -ESTALE)
		fv_recovery_queue(dev);
	WRITE_ONCE(dev->flr.done, requested);
	wake_up_all(&dev->flr.wait);
}

/**
 * fv_flr_init - Prepare for resets requested in configuration space
 * @dev: the device, at probe
 *
 * Context: Process context.
 */
void fv_flr_init(struct fv_device *dev)
{
	u64 config = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_CONFIG_REGION_INDEX);
	u8 af = pci_find_capability(dev->core.pdev, PCI_CAP_ID_AF);
	u8 cap = dev->core.pdev->pcie_cap;

	dev->flr.at = cap ? config + cap + FV_FLR_BYTE : U64_MAX;
	dev->flr.af_at = af ? config + af + PCI_AF_CTRL : U64_MAX;
	INIT_WORK(&dev->flr.work, fv_flr_work);
	init_waitqueue_head(&dev->flr.wait);
}

/**
 * fv_flr_cancel - Cancel a requested reset that has not begun
 * @dev: the device, left by its user; it is reset for the next one
 *
 * Context: Any.
 */
void fv_flr_cancel(struct fv_device *dev)
{
	WRITE_ONCE(dev->flr.done, atomic_read(&dev->flr.requested));
	cancel_work(&dev->flr.work);
}

/**
 * fv_flr_exit - Release what fv_flr_init() set up
 * @dev: the device, without a user
 *
 * Context: Process context, under the device lock, which the reset only tries.
 */
void fv_flr_exit(struct fv_device *dev)
{
	cancel_work_sync(&dev->flr.work);
}

/* Whether the driver does this reset itself, by the same rules as for VFIO_DEVICE_RESET. */
static bool fv_flr_is_emulated(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	return pdev->devcap & PCI_EXP_DEVCAP_FLR && dev->core.reset_works &&
	       !fv_reset_is_core_special(pdev);
}

/* The PCI core may reset the function during the write, with memory_lock held. */
static ssize_t fv_flr_write_core(struct vfio_device *vdev, const char __user *buf, size_t count,
				 loff_t *ppos)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	u64 began_ns = ktime_get_ns();
	struct fv_reset_tracking tracking;
	ssize_t ret;

	fv_reset_tracking_begin(&tracking, dev, FPGA_VFIO_ORIGIN_USER_FLR, false);
	ret = vfio_pci_core_write(vdev, buf, count, ppos);
	fv_reset_tracking_end(&tracking);

	if (tracking.is_seen)
		fv_reset_count(dev, tracking.method, FPGA_VFIO_ORIGIN_USER_FLR,
			       tracking.is_answering, ktime_get_ns() - began_ns);
	return ret;
}

/* Is a bit set in a byte of a write, if the byte is part of it? -EFAULT if it is not present. */
static int fv_flr_is_set(const char __user *buf, size_t count, u64 offset, u8 bit)
{
	u8 byte;

	if (offset >= count)
		return 0;
	return get_user(byte, (const u8 __user *)buf + offset) ?: !!(byte & bit);
}

/* With page faults disabled; -EFAULT if the buffer is not present. */
static ssize_t fv_flr_write_nofault(struct vfio_device *vdev, const char __user *buf,
				    size_t count, loff_t *ppos, struct fv_flr_bits *requested)
{
	const struct fv_flr *flr = &fv_device_of_vfio(vdev)->flr;
	ssize_t ret = -EFAULT;
	int express, af;

	pagefault_disable();
	express = fv_flr_is_set(buf, count, flr->at - *ppos, FV_FLR_BIT);
	af = fv_flr_is_set(buf, count, flr->af_at - *ppos, PCI_AF_CTRL_FLR);
	if (express >= 0 && af >= 0)
		ret = fv_flr_write_core(vdev, buf, count, ppos);
	pagefault_enable();
	requested->express = ret > 0 && express;
	requested->af = ret > 0 && af;
	return ret;
}

/*
 * The last reset may hold the lock for a moment after it lowers the fence. A task that holds it
 * longer runs another reset, or waits for the user to close. Returns false if not locked.
 */
static bool fv_flr_lock(struct fv_device *dev)
{
	struct device *device = &dev->core.pdev->dev;
	struct fv_wait wait;

	fv_wait_begin(&wait, FV_FLR_WRITE_MS);
	while (!device_trylock(device))
		if (fv_fence_is_up(&dev->fence) || fv_wait_pause(&wait))
			return false;
	return true;
}

/**
 * fv_flr_write - Write configuration space without the reset it requests
 * @vdev: the device
 * @buf: user buffer
 * @count: bytes to write, of which fv_flr_is_in() says that they may request a reset
 * @ppos: offset in the VFIO device's file; advanced
 * @is_requested: set to true if fv_flr_run() has to do a reset
 *
 * A task that waits for the device lock must not wait for the user's memory: the buffer is faulted
 * in before, and the write retried if it is paged out meanwhile. If another task has the lock,
 * vfio_pci_core does not reset the function either. A request that leads to no reset is counted.
 *
 * Context: Process context, may sleep. Tries the device lock for FV_FLR_WRITE_MS.
 * Return: As vfio_pci_core_write(), or as fv_fence_write() if the device is fenced meanwhile.
 */
ssize_t fv_flr_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		     loff_t *ppos, bool *is_requested)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	bool is_emulated = dev->flr.at - *ppos < count && fv_flr_is_emulated(dev);
	struct fv_flr_bits requested = {};
	ssize_t ret = -EFAULT;
	unsigned int tries;
	bool is_locked;

	/*
	 * The core rejects a write that does not fit, of any size, without a read of the buffer. It
	 * cannot restore virtual functions: with the lock held here it does not reset their
	 * function.
	 */
	if ((!is_emulated && !pci_num_vf(dev->core.pdev)) || count > dev->core.pdev->cfg_size)
		return fv_flr_write_core(vdev, buf, count, ppos);

	for (tries = 0; ret == -EFAULT && tries < FV_FLR_TRIES; tries++) {
		if (fault_in_readable(buf, count))
			break;
		is_locked = fv_flr_lock(dev);
		if (fv_fence_is_up(&dev->fence))
			ret = fv_fence_write(vdev, buf, count, ppos);
		else
			ret = fv_flr_write_nofault(vdev, buf, count, ppos, &requested);
		if (is_locked)
			device_unlock(&dev->core.pdev->dev);
	}
	*is_requested = is_emulated && requested.express;
	if (!*is_requested && (requested.express || requested.af))
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
	return ret;
}

/**
 * fv_flr_run - Run the reset that a write requested
 * @dev: the device
 *
 * Context: Process context, may sleep for FV_FLR_WRITE_MS even if the reset takes longer; killable.
 */
void fv_flr_run(struct fv_device *dev)
{
	struct fv_flr *flr = &dev->flr;
	int mine = atomic_inc_return(&flr->requested);

	queue_work(system_dfl_wq, &flr->work);
	wait_event_killable_timeout(flr->wait, READ_ONCE(flr->done) - mine >= 0,
				    msecs_to_jiffies(FV_FLR_WRITE_MS));
}
