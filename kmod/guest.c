// SPDX-License-Identifier: GPL-2.0
/*
 * Notifies the VFIO user, if the policy says so, when its card does not come back: by
 * vfio_pci_core's error or request eventfd. A work item does it, since older kernels take
 * vfio_pci_core's igate for that, which comes before the locks that are held when a state changes.
 */
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "device.h"
#include "guest.h"
#include "history.h"
#include "notify.h"

static void fv_guest_work(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, guest);
	struct fv_policy policy;

	if (!READ_ONCE(dev->core.vdev.open_count))
		return;
	fv_device_policy(dev, &policy);
	switch (policy.value[FPGA_VFIO_A_POLICY_GUEST_NOTIFICATION]) {
	case FPGA_VFIO_GUEST_NOTIFICATION_ERROR:
		vfio_pci_core_aer_err_detected(dev->core.pdev, pci_channel_io_perm_failure);
		break;
	case FPGA_VFIO_GUEST_NOTIFICATION_REQUEST:
		vfio_pci_core_request(&dev->core.vdev, 0);
		break;
	}
}

/**
 * fv_guest_init - Prepare the user notification
 * @dev: the device, at probe
 *
 * Context: Process context.
 */
void fv_guest_init(struct fv_device *dev)
{
	INIT_WORK(&dev->guest, fv_guest_work);
}

/**
 * fv_guest_exit - Release what fv_guest_init() set up
 * @dev: the device, without a user
 *
 * Context: Process context.
 */
void fv_guest_exit(struct fv_device *dev)
{
	cancel_work_sync(&dev->guest);
}

static void fv_guest_event(struct fv_device *dev, const char *port, const struct fv_event *event)
{
	if (event->kind == FPGA_VFIO_EVENT_KIND_STATE &&
	    (event->state == FPGA_VFIO_CARD_STATE_CHANGED ||
	     event->state == FPGA_VFIO_CARD_STATE_FAILED))
		queue_work(system_dfl_wq, &dev->guest);
}

static const struct fv_shell fv_guest_shell = {
	.event = fv_guest_event,
};

/**
 * fv_guest_register - Notify users of devices that fail or change from now on
 *
 * Context: Process context, before the PCI driver is registered.
 */
void __init fv_guest_register(void)
{
	fv_notify_add_shell(&fv_guest_shell);
}

/**
 * fv_guest_unregister - Undo fv_guest_register()
 *
 * Context: Process context, when the PCI driver is gone.
 */
void fv_guest_unregister(void)
{
	fv_notify_remove_shell(&fv_guest_shell);
}
