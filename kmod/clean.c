// SPDX-License-Identifier: GPL-2.0
/*
 * A device is clean for each user, whatever the last one, or a reset by the PCI core,
 * left behind. What such a reset broke is repaired from a work item: its callers hold
 * locks that a reset takes.
 */
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#include "baseline.h"
#include "clean.h"
#include "device.h"
#include "ready.h"
#include "registry.h"
#include "reset.h"
#include "reset_ops.h"

static void fv_clean_recover(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, recovery);
	int ret;

	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return;
	ret = fv_reset_run(dev, FV_RESET_ANY, FV_RESET_SET_UNLOCKED, NULL);
	if (ret)
		pci_err(dev->core.pdev, "not recovered after a reset by the PCI core: %pe\n",
			ERR_PTR(ret));
	else
		pci_info(dev->core.pdev, "recovered after a reset by the PCI core\n");
}

/**
 * fv_clean_init - Be ready to repair a device
 * @dev: the device, at probe
 *
 * Context: Process context.
 * Return: 0, or an error of fv_baseline_init().
 */
int fv_clean_init(struct fv_device *dev)
{
	INIT_WORK(&dev->recovery, fv_clean_recover);
	return fv_baseline_init(dev);
}

/**
 * fv_clean_exit - End what fv_clean_init() began
 * @dev: the device, which nobody uses any more
 *
 * Context: Process context, under the device lock: a repair only tries that.
 */
void fv_clean_exit(struct fv_device *dev)
{
	cancel_work_sync(&dev->recovery);
	fv_baseline_exit(dev);
}

/**
 * fv_clean_prepare - pci_error_handlers::reset_prepare
 * @pdev: the function that the PCI core is about to reset
 *
 * Context: Process context, under the device lock.
 */
void fv_clean_prepare(struct pci_dev *pdev)
{
	fv_baseline_remember(pdev, fv_device_of_pci(pdev));
}

/**
 * fv_clean_check - Look at what a reset by the PCI core left behind
 * @dev: the device, after its configuration was restored
 *
 * Without touching its BARs: their user was not told to leave them alone. What is not
 * as it was is repaired by fv_reset_run() later.
 *
 * Context: Process context, under the device lock; memory_lock may be held.
 */
void fv_clean_check(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char text[FV_REASON_SIZE] = "";
	u32 id, was;

	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	was = dev->identity.vendor | (u32)dev->identity.device << 16;
	if (!fv_ready_is_answering(pdev))
		strscpy(text, "it does not answer after a reset by the PCI core");
	else if (!pdev->is_virtfn && id != was)
		snprintf(text, sizeof(text), "it is %04x:%04x, was %04x:%04x", (u16)id, id >> 16,
			 (u16)was, was >> 16);
	else if (dev->saved && !fv_config_verify(pdev, &dev->config, text, sizeof(text)))
		return;
	if (!*text)
		return;

	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, "%s", text);
	queue_work(system_unbound_wq, &dev->recovery);
}

/* Nobody opens or closes while vfio_device_set::lock is held: is another function open? */
static bool fv_clean_is_alone(struct fv_device *dev)
{
	struct vfio_device_set *set = dev->core.vdev.dev_set;
	struct vfio_device *vdev;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(vdev, &set->device_list, dev_set_list)
		if (vdev != &dev->core.vdev && vdev->open_count)
			return false;
	return true;
}

/* Between two users: what is open keeps its functions. */
static unsigned long fv_clean_methods(struct fv_device *dev)
{
	return fv_clean_is_alone(dev) ? FV_RESET_ANY : FV_RESET_FUNCTION_ONLY;
}

/**
 * fv_clean_before_open - Bring a device to a clean state for its next user
 * @dev: the device, which nobody has open
 *
 * Context: Process context, under vfio_device_set::lock.
 * Return: 0, -EOPNOTSUPP if there is no method and no reason to think that it needs
 * one, -EAGAIN, -EINTR, or -EIO if it could not be brought to a clean state.
 */
int fv_clean_before_open(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	bool is_ready = fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;
	int ret;

	if (is_ready && (!fv_reset_is_offered(pdev) || fv_reset_is_core_special(pdev)))
		return -EOPNOTSUPP;

	ret = fv_reset_run(dev, fv_clean_methods(dev), FV_RESET_SET_LOCKED, NULL);
	if (!ret || ret == -EAGAIN || ret == -EINTR || ret == -ENOMEM)
		return ret;
	if (is_ready && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return -EOPNOTSUPP;	/* nothing was tried */

	scoped_guard(mutex, &fv_registry_lock)
		pci_err(pdev, "not opened: %s\n", dev->reason);
	return -EIO;
}

/**
 * fv_clean_after_close - See that nothing of a user is left in a device
 * @dev: the device, closed; runtime active
 *
 * Context: Process context, under vfio_device_set::lock.
 */
void fv_clean_after_close(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	fv_baseline_rewind(dev);
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY && !dev->core.needs_reset &&
	    fv_ready_is_answering(pdev))
		return;
	if (!fv_ready_is_answering(pdev))
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED,
				    "it does not answer after its user closed it");
	/* What fails now is tried again before the next user gets it. */
	fv_reset_run(dev, fv_clean_methods(dev), FV_RESET_SET_LOCKED, NULL);
}
