// SPDX-License-Identifier: GPL-2.0
/*
 * Resets at open and close give each user a clean device, whatever the last user or a reset by the
 * PCI core left behind.
 */
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/vfio.h>

#include "base/registry.h"
#include "base/reset_method.h"
#include "isolate/reset_scope.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "pcie/ready.h"
#include "pcie/reset_ops.h"
#include "recover/open_close.h"
#include "recover/recovery_worker.h"
#include "reset/reset.h"

/* True if no other function of the set is open; its lock excludes opens and closes. */
static bool fv_open_is_alone(struct fv_device *dev)
{
	struct vfio_device_set *set = dev->core.vdev.dev_set;
	struct vfio_device *vdev;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(vdev, &set->device_list, dev_set_list)
		if (vdev != &dev->core.vdev && vdev->open_count)
			return false;
	return true;
}

/* Only function resets while another function is open. */
static unsigned long fv_open_methods(struct fv_device *dev)
{
	return fv_open_is_alone(dev) ? FV_RESET_ANY : FV_RESET_FUNCTION_ONLY;
}

static void fv_open_tell_refused(struct fv_device *dev, int error, const char *reason)
{
	pci_err(dev->core.pdev, "not opened: %s\n", reason);
	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_OPEN_REFUSED,
		.origin = FPGA_VFIO_ORIGIN_OPEN,
		.method = FV_METHOD_NONE,
		.error = error,
	}, "%s", reason);
}

/* A reset at open also hits the virtual functions, so the open is refused while they are in use. */
static int fv_open_check_vfs(struct fv_device *dev)
{
	char reason[FV_REASON_SIZE] = "";
	int ret = fv_scope_check_users(dev, reason, sizeof(reason));

	if (ret == -EOPNOTSUPP)
		ret = -EBUSY;
	if (ret == -EBUSY)
		fv_open_tell_refused(dev, ret, reason);
	return ret;
}

/**
 * fv_open_reset - Reset a device for its next user
 * @dev: the device, not open
 *
 * Context: Process context, under vfio_device_set::lock; killable.
 * Return: 0; -EOPNOTSUPP if there is no method to use, and the device is ready; -EBUSY if its
 * virtual functions have other users or drivers, or are too many; -EAGAIN if the card is in a fence
 * session, or another task holds a function; -EINTR on a fatal signal; -ENOMEM; -EIO if the reset
 * failed.
 */
int fv_open_reset(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	bool is_ready = fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;
	char reason[FV_REASON_SIZE];
	int ret;

	if (fv_card_has_session(dev->card, reason, sizeof(reason))) {
		pci_info(pdev, "not opened: %s\n", reason);
		return -EAGAIN;
	}
	ret = fv_open_check_vfs(dev);
	if (ret)
		return ret;
	if (is_ready && (!fv_reset_is_offered(pdev) || fv_reset_is_core_special(pdev)))
		return -EOPNOTSUPP;

	ret = fv_reset_run(dev, fv_open_methods(dev), FPGA_VFIO_ORIGIN_OPEN, NULL);
	if (!ret || ret == -EAGAIN || ret == -EINTR || ret == -ENOMEM)
		return ret;
	if (is_ready && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return -EOPNOTSUPP;	/* no method was tried */

	scoped_guard(mutex, &fv_registry_lock)
		strscpy(reason, dev->reason);
	fv_open_tell_refused(dev, ret, reason);
	return -EIO;
}

/**
 * fv_close_reset - Clean up a device after its user
 * @dev: the device, closed; runtime active
 *
 * Context: Process context, under vfio_device_set::lock.
 */
void fv_close_reset(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char reason[FV_REASON_SIZE];

	fv_saved_state_reset(dev);
	/* The end of the fence session recovers it, and the next open resets it. */
	if (fv_card_has_session(dev->card, reason, sizeof(reason)))
		return;
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY && !dev->core.needs_reset &&
	    fv_ready_is_answering(pdev))
		return;

	/* The recovery worker resets it when the link is back, or else the next open. */
	if (dev->card && fv_card_is_link_down(dev->card)) {
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_CLOSE,
				    "the link below %s is down", pci_name(dev->card->port));
		fv_recovery_queue(dev);
		return;
	}
	/* Does not wait here until it responds: the user may be a process that is being killed. */
	if (!fv_ready_is_answering(pdev)) {
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_CLOSE,
				    "it does not answer after its user closed it");
		fv_recovery_queue(dev);
		return;
	}
	/* If this fails, the next open tries again. */
	fv_reset_run(dev, fv_open_methods(dev), FPGA_VFIO_ORIGIN_CLOSE, NULL);
}
