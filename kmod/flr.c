// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's driver resets its function by writing Initiate Function Level Reset, and looks
 * afterwards whether it is ready. vfio_pci_core would have the PCI core reset it under that
 * write: when the card hangs, a processor of the guest waits a minute, and cannot be killed.
 *
 * The core tries the device lock for that. It is held here while the core looks at the write,
 * so that it does all else with it; the reset is ours, done by a work item, and the guest sees
 * until its end what PCI Express says of a function that is not ready.
 */
#include <linux/jiffies.h>
#include <linux/pagemap.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_core.h>

#include "clean.h"
#include "compat.h"
#include "device.h"
#include "fence.h"
#include "flr.h"
#include "reset.h"
#include "reset_ops.h"
#include "stats.h"
#include "wait.h"

/*
 * How long the write waits for the reset: 100 ms that PCI Express gives it (PCIe r6.0, 6.6.2),
 * and as long as it takes to restore a function of a card that works. Then it is done when
 * the write is, as with vfio-pci, for users who do not look.
 */
#define FV_FLR_WRITE_MS		150

/* Where the bit is, in the PCI Express capability. */
#define FV_FLR_BYTE		(PCI_EXP_DEVCTL + 1)
#define FV_FLR_BIT		(PCI_EXP_DEVCTL_BCR_FLR >> 8)

/* How often a write is begun whose buffer goes away while it is read. */
#define FV_FLR_TRIES		3

static void fv_flr_work(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, flr.work);
	/* One that is asked for while this is done is another one, and comes after it. */
	int asked = atomic_read(&dev->flr.asked);
	int ret = fv_reset_run(dev, FV_RESET_ANY, FPGA_VFIO_ORIGIN_GUEST, NULL);

	if (ret == -EAGAIN || ret == -EBUSY || ret == -EOPNOTSUPP)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
	/* Not ready: somebody may have kept the rest of the card, who does not any more. */
	if (ret && ret != -ESTALE)
		fv_clean_repair(dev);
	WRITE_ONCE(dev->flr.done, asked);
	wake_up_all(&dev->flr.wait);
}

/**
 * fv_flr_init - Be ready for a user who asks for a reset
 * @dev: the device, at probe
 *
 * Context: Process context.
 */
void fv_flr_init(struct fv_device *dev)
{
	u64 config = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_CONFIG_REGION_INDEX);
	u8 cap = dev->core.pdev->pcie_cap;

	dev->flr.at = cap ? config + cap + FV_FLR_BYTE : U64_MAX;
	INIT_WORK(&dev->flr.work, fv_flr_work);
	init_waitqueue_head(&dev->flr.wait);
}

/**
 * fv_flr_cancel - Forget a reset that was asked for, and is not begun
 * @dev: the device, whose user is gone: it is reset for the next one
 *
 * Context: Any.
 */
void fv_flr_cancel(struct fv_device *dev)
{
	WRITE_ONCE(dev->flr.done, atomic_read(&dev->flr.asked));
	cancel_work(&dev->flr.work);
}

/**
 * fv_flr_exit - End what fv_flr_init() began
 * @dev: the device, which nobody uses any more
 *
 * Context: Process context, under the device lock: a reset only tries that.
 */
void fv_flr_exit(struct fv_device *dev)
{
	cancel_work_sync(&dev->flr.work);
}

/* Has the function such a reset, and is it to be ours? As for VFIO_DEVICE_RESET. */
static bool fv_flr_is_ours(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	return pdev->devcap & PCI_EXP_DEVCAP_FLR && dev->core.reset_works &&
	       !fv_reset_is_core_special(pdev);
}

/* Without its user's page faults: what is not there is -EFAULT. */
static ssize_t fv_flr_write_nofault(struct vfio_device *vdev, const char __user *buf,
				    size_t count, loff_t *ppos, bool *is_asked)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	const u8 __user *at = (const u8 __user *)buf + (dev->flr.at - *ppos);
	ssize_t ret = -EFAULT;
	u8 control;

	pagefault_disable();
	if (!get_user(control, at))
		ret = vfio_pci_core_write(vdev, buf, count, ppos);
	pagefault_enable();
	*is_asked = ret > 0 && control & FV_FLR_BIT;
	return ret;
}

/*
 * The reset before this one may have the device lock for a moment longer than its fence was up.
 * Who has it longer has another reset, or waits for the user to go. False: not locked.
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
 * fv_flr_write - Write to configuration space, but for the reset that is asked for there
 * @vdev: the device
 * @buf: where from
 * @count: how much; fv_flr_is_in() says that it may ask for a reset
 * @ppos: where to; moved on
 * @is_asked: set if a reset is asked for that fv_flr_run() is to do
 *
 * Whoever waits for the device lock does not wait for memory that the user gives in his own
 * time: that is fetched before, and the write is begun again if it goes away meanwhile. While
 * somebody else has the lock the core does not reset the function either.
 *
 * Context: Process context, may sleep. Tries the device lock, for FV_FLR_WRITE_MS.
 * Return: As vfio_pci_core_write(), or fv_fence_write() if there is a fence meanwhile.
 */
ssize_t fv_flr_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		     loff_t *ppos, bool *is_asked)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	bool is_ours = fv_flr_is_ours(dev);
	ssize_t ret = -EFAULT;
	unsigned int tries;
	bool is_locked;

	/*
	 * What does not fit is an error of the core's, however much it is. The core restores no
	 * virtual functions: then it does not get the lock either, and nothing is reset.
	 */
	if ((!is_ours && !pci_num_vf(dev->core.pdev)) || count > dev->core.pdev->cfg_size)
		return vfio_pci_core_write(vdev, buf, count, ppos);

	for (tries = 0; ret == -EFAULT && tries < FV_FLR_TRIES; tries++) {
		if (fault_in_readable(buf, count))
			break;
		is_locked = fv_flr_lock(dev);
		if (fv_fence_is_up(&dev->fence))
			ret = fv_fence_write(vdev, buf, count, ppos);
		else
			ret = fv_flr_write_nofault(vdev, buf, count, ppos, is_asked);
		if (is_locked)
			device_unlock(&dev->core.pdev->dev);
	}
	if (*is_asked && !is_ours) {
		*is_asked = false;
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
	}
	return ret;
}

/**
 * fv_flr_run - Reset a function as its user has asked in configuration space
 * @dev: the device
 *
 * Context: Process context, may sleep for FV_FLR_WRITE_MS, not longer if the reset takes longer;
 * ended by a signal that kills.
 */
void fv_flr_run(struct fv_device *dev)
{
	struct fv_flr *flr = &dev->flr;
	int mine = atomic_inc_return(&flr->asked);

	queue_work(system_dfl_wq, &flr->work);
	wait_event_killable_timeout(flr->wait, READ_ONCE(flr->done) - mine >= 0,
				    msecs_to_jiffies(FV_FLR_WRITE_MS));
}
