// SPDX-License-Identifier: GPL-2.0
/*
 * A device is clean for each user, whatever the last one, or a reset by the PCI core,
 * left behind. What such a reset broke is repaired from a work item: its callers hold
 * locks that a reset takes. So is a card whose link went down and came back.
 */
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#include "baseline.h"
#include "card.h"
#include "clean.h"
#include "compat.h"
#include "device.h"
#include "history.h"
#include "link.h"
#include "policy.h"
#include "ready.h"
#include "registry.h"
#include "reset.h"
#include "reset_ops.h"
#include "stats.h"
#include "wait.h"

/* When somebody else has the card, it is his to bring it back; if he does not: */
#define FV_CLEAN_AGAIN_MS	200

/* A card that has just come back may need a while until it answers. */
static void fv_clean_wait(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_policy policy;
	struct fv_wait wait;

	fv_device_policy(dev, &policy);
	fv_wait_begin(&wait, policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
	if (pm_runtime_resume_and_get(&pdev->dev) < 0)
		return;
	while (!READ_ONCE(dev->is_leaving) && !fv_ready_is_answering(pdev) &&
	       fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		if (fv_wait_pause(&wait))
			break;
	pm_runtime_put(&pdev->dev);
}

static void fv_clean_recover(struct work_struct *work)
{
	struct fv_device *dev = container_of(to_delayed_work(work), struct fv_device, recovery);
	int ret;

	fv_clean_wait(dev);
	/* It leaves, or somebody has reset it meanwhile, or is about to. */
	if (READ_ONCE(dev->is_leaving) || fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return;
	ret = fv_reset_run(dev, FV_RESET_ANY, FPGA_VFIO_ORIGIN_DRIVER, NULL);
	if (ret == -EAGAIN) {
		queue_delayed_work(system_dfl_wq, &dev->recovery,
				   msecs_to_jiffies(FV_CLEAN_AGAIN_MS));
		return;
	}
	fv_stats_inc(dev->stats, ret ? FPGA_VFIO_A_STATS_RECOVERIES_FAILED :
		     FPGA_VFIO_A_STATS_RECOVERIES_OK);
	if (ret)
		pci_err(dev->core.pdev, "not repaired: %pe\n", ERR_PTR(ret));
	else
		pci_info(dev->core.pdev, "repaired\n");
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
	INIT_DELAYED_WORK(&dev->recovery, fv_clean_recover);
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
	WRITE_ONCE(dev->is_leaving, true);
	cancel_delayed_work_sync(&dev->recovery);
	fv_baseline_exit(dev);
}

/**
 * fv_clean_repair - Reset a device that is not ready, when its card may be there again
 * @dev: the device
 *
 * Context: Any that the driver has: it is done by somebody else.
 */
void fv_clean_repair(struct fv_device *dev)
{
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		queue_delayed_work(system_dfl_wq, &dev->recovery, 0);
}

/**
 * fv_clean_prepare - pci_error_handlers::reset_prepare
 * @pdev: the function that the PCI core is about to reset
 *
 * Context: Process context, under the device lock.
 */
void fv_clean_prepare(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);

	dev->reset_began_ns = ktime_get_ns();
	fv_card_reset_begin(dev->card);
	fv_baseline_remember(pdev, dev);
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

	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_KERNEL, "%s", text);
	fv_clean_repair(dev);
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
	char reason[FV_REASON_SIZE];
	int ret;

	if (is_ready && (!fv_reset_is_offered(pdev) || fv_reset_is_core_special(pdev)))
		return -EOPNOTSUPP;

	ret = fv_reset_run(dev, fv_clean_methods(dev), FPGA_VFIO_ORIGIN_OPEN, NULL);
	if (!ret || ret == -EAGAIN || ret == -EINTR || ret == -ENOMEM)
		return ret;
	if (is_ready && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return -EOPNOTSUPP;	/* nothing was tried */

	scoped_guard(mutex, &fv_registry_lock)
		strscpy(reason, dev->reason);
	pci_err(pdev, "not opened: %s\n", reason);
	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_OPEN_REFUSED,
		.origin = FPGA_VFIO_ORIGIN_OPEN,
		.method = FV_METHOD_NONE,
		.error = ret,
	}, "%s", reason);
	return -EIO;
}

/* There is nothing to reset below a link that is down. */
static bool fv_clean_is_link_down(struct fv_device *dev)
{
	struct fv_link link;

	return dev->card && !fv_link_read(dev->card->port, dev->card->function_cap, &link) &&
	       !link.is_active;
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

	/* Reset when the link is back, or before the next user gets it. */
	if (fv_clean_is_link_down(dev)) {
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_CLOSE,
				    "the link below %s is down", pci_name(dev->card->port));
		return;
	}
	/* Its user, who may be being killed, is not kept until it answers. */
	if (!fv_ready_is_answering(pdev)) {
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_CLOSE,
				    "it does not answer after its user closed it");
		fv_clean_repair(dev);
		return;
	}
	/* What fails now is tried again before the next user gets it. */
	fv_reset_run(dev, fv_clean_methods(dev), FPGA_VFIO_ORIGIN_CLOSE, NULL);
}
