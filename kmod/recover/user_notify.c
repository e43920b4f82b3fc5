// SPDX-License-Identifier: GPL-2.0
/*
 * Notifies the VFIO user, if the policy says so, when its card does not come back: by
 * vfio_pci_core's error or request eventfd. A work item does it, since older kernels take
 * vfio_pci_core's igate for that, which comes before the locks that are held when a state changes.
 */
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

#include "base/compat.h"
#include "object/device.h"
#include "object/history.h"
#include "object/observer.h"
#include "recover/user_notify.h"

static void fv_user_notify_work(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, user_notify);
	struct fv_policy policy;

	if (!READ_ONCE(dev->core.vdev.open_count))
		return;
	fv_device_policy(dev, &policy);
	switch (policy.value[FPGA_VFIO_A_POLICY_USER_NOTIFICATION]) {
	case FPGA_VFIO_USER_NOTIFICATION_ERROR:
		vfio_pci_core_aer_err_detected(dev->core.pdev, pci_channel_io_perm_failure);
		break;
	case FPGA_VFIO_USER_NOTIFICATION_REQUEST:
		vfio_pci_core_request(&dev->core.vdev, 0);
		break;
	}
}

/**
 * fv_user_notify_init - Prepare the user notification
 * @dev: the device, at probe
 *
 * Context: Process context.
 */
void fv_user_notify_init(struct fv_device *dev)
{
	INIT_WORK(&dev->user_notify, fv_user_notify_work);
}

/**
 * fv_user_notify_exit - Release what fv_user_notify_init() set up
 * @dev: the device, without a user
 *
 * Context: Process context.
 */
void fv_user_notify_exit(struct fv_device *dev)
{
	cancel_work_sync(&dev->user_notify);
}

static void fv_user_notify_event(struct fv_device *dev, const char *port,
				 const struct fv_event *event)
{
	if (event->kind == FPGA_VFIO_EVENT_KIND_STATE &&
	    (event->state == FPGA_VFIO_CARD_STATE_CHANGED ||
	     event->state == FPGA_VFIO_CARD_STATE_FAILED))
		queue_work(system_dfl_wq, &dev->user_notify);
}

static const struct fv_observer fv_user_notify_observer = {
	.event = fv_user_notify_event,
};

/**
 * fv_user_notify_register - Notify users of devices that fail or change from now on
 *
 * Context: Process context, before the PCI driver is registered.
 */
void __init fv_user_notify_register(void)
{
	fv_observer_add(&fv_user_notify_observer);
}

/**
 * fv_user_notify_unregister - Undo fv_user_notify_register()
 *
 * Context: Process context, when the PCI driver is gone.
 */
void fv_user_notify_unregister(void)
{
	fv_observer_remove(&fv_user_notify_observer);
}
