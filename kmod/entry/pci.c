// SPDX-License-Identifier: GPL-2.0
/* The PCI driver: probe, remove and callbacks of the PCI core. */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "base/ids.h"
#include "base/profile.h"
#include "base/registry.h"
#include "entry/pci.h"
#include "entry/vfio.h"
#include "isolate/fence.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "object/group.h"
#include "object/history.h"
#include "object/observer.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "recover/aer.h"
#include "recover/core_reset.h"
#include "recover/fence_session.h"
#include "recover/flr.h"
#include "recover/link_monitor.h"
#include "recover/operation.h"
#include "recover/recovery_worker.h"
#include "recover/user_notify.h"

static bool enable_sriov;
#ifdef CONFIG_PCI_IOV
module_param(enable_sriov, bool, 0644);
MODULE_PARM_DESC(enable_sriov, "Let SR-IOV be configured on functions bound to this driver. As with vfio-pci, the user of the physical function has to be a driver that knows how; the virtual functions may not work otherwise.");
#endif

static void fv_pci_init_card(struct fv_card *card)
{
	fv_session_init(&card->session);
	fv_monitor_init(&card->monitor);
}

static void fv_pci_exit_card(struct fv_card *card)
{
	fv_monitor_exit(&card->monitor);
	fv_session_exit(&card->session);
}

/* Add a device to its card, its group and the registry. */
static int fv_pci_attach(struct fv_device *dev)
{
	int ret;

	lockdep_assert_held(&fv_publish_lock);
	ret = fv_card_attach(dev, fv_pci_init_card);
	if (ret)
		return ret;

	ret = fv_group_attach(dev);
	if (ret)
		goto err_card;

	ret = fv_device_list(dev);
	if (ret)
		goto err_group;
	return 0;

err_group:
	fv_group_detach(dev);
err_card:
	fv_card_detach(dev, fv_pci_exit_card);
	return ret;
}

/* After fv_device_unlist(). */
static void fv_pci_detach(struct fv_device *dev)
{
	lockdep_assert_held(&fv_publish_lock);
	fv_group_detach(dev);
	fv_card_detach(dev, fv_pci_exit_card);
}

/*
 * End what a reader of the registry may have begun with the device, and wait for its end. No reader
 * finds the device afterwards.
 */
static void fv_pci_leave(struct fv_device *dev)
{
	fv_recovery_leave(dev);
	fv_op_leave(dev);
	fv_session_leave(dev);
	fv_device_unlist(dev);
}

/* Make a registered device known to its card, its group and all observers. */
static int fv_pci_publish(struct fv_device *dev)
{
	int ret;

	scoped_guard(mutex, &fv_publish_lock) {
		ret = fv_pci_attach(dev);
		if (ret)
			return ret;
		ret = fv_observer_device_added(dev);
		if (!ret) {
			fv_history_add(dev, &(struct fv_event) {
				.kind = FPGA_VFIO_EVENT_KIND_BOUND,
				.origin = FPGA_VFIO_ORIGIN_KERNEL,
				.method = FV_METHOD_NONE,
			}, "profile %s", dev->profile->name);
			fv_card_check_link(dev->card);
			return 0;
		}
	}

	fv_pci_leave(dev);
	guard(mutex)(&fv_publish_lock);
	fv_pci_detach(dev);
	return ret;
}

static void fv_pci_unpublish(struct fv_device *dev)
{
	guard(mutex)(&fv_publish_lock);

	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_UNBOUND,
		.origin = FPGA_VFIO_ORIGIN_KERNEL,
		.method = FV_METHOD_NONE,
	}, "%s", "");
	fv_observer_device_removed(dev);
	fv_pci_detach(dev);
}

/* What belongs to the PCI address, and outlives the device. */
static int fv_pci_find_records(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	dev->stats = fv_stats_get(pdev);
	if (IS_ERR(dev->stats))
		return PTR_ERR(dev->stats);
	dev->counters = dev->stats->counters;
	dev->history = fv_history_get(pdev);
	if (IS_ERR(dev->history))
		return PTR_ERR(dev->history);
	dev->ops = fv_op_queue_get(pdev);
	return PTR_ERR_OR_ZERO(dev->ops);
}

static void fv_pci_exit_device(struct fv_device *dev)
{
	fv_reset_plan_exit(dev);
	fv_recovery_exit(dev);
	fv_user_notify_exit(dev);
	fv_fence_exit(dev);
}

static int fv_pci_init_device(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	int ret;

	dev->profile = fv_profile_of(pdev);
	fv_profile_policy(dev->profile, &dev->policy);
	init_waitqueue_head(&dev->unused);
	fv_reset_plan_init(dev);
	fv_user_notify_init(dev);
	fv_flr_init(dev);
	ret = fv_fence_init(dev);
	if (ret)
		return ret;
	ret = fv_recovery_init(dev);
	if (ret) {
		pci_err(pdev, "probe failed: cannot read device identity: %pe\n", ERR_PTR(ret));
		fv_pci_exit_device(dev);
	}
	return ret;
}

static int fv_pci_register(struct fv_device *dev)
{
	int ret = vfio_pci_core_register_device(&dev->core);

	if (ret)
		return ret;
	ret = fv_pci_publish(dev);
	if (ret) {
		vfio_pci_core_unregister_device(&dev->core);
		fv_flr_exit(dev);
	}
	return ret;
}

static int fv_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fv_device *dev;
	int ret;

	if (fv_ids_is_refused(pdev)) {
		pci_warn(pdev, "probe refused: known errata, as for vfio-pci\n");
		return -EINVAL;
	}

	dev = vfio_alloc_device(fv_device, core.vdev, &pdev->dev, &fv_vfio_ops);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	dev_set_drvdata(&pdev->dev, &dev->core);
	fv_compat_init_device(&dev->core);

	ret = fv_pci_find_records(dev);
	if (ret)
		goto err_put;
	ret = fv_pci_init_device(dev);
	if (ret)
		goto err_put;
	ret = fv_pci_register(dev);
	if (ret)
		goto err_exit;
	return 0;

err_exit:
	fv_pci_exit_device(dev);
err_put:
	vfio_put_device(&dev->core.vdev);
	return ret;
}

static void fv_pci_remove(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);

	/* Waits for the VFIO user to close the device; readers see it until then. */
	vfio_pci_core_unregister_device(&dev->core);
	fv_flr_exit(dev);
	fv_pci_leave(dev);
	fv_pci_unpublish(dev);
	fv_pci_exit_device(dev);
	vfio_put_device(&dev->core.vdev);
}

/*
 * After a kexec the next kernel finds the port and the link as they are left here: undo what a
 * fence session or a recovery has changed. A user, if there still is one, stays behind the fence.
 */
static void fv_pci_shutdown(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);

	/* No reset begins after this. */
	fv_recovery_leave(dev);
	if (fv_fence_raise(dev))
		pci_warn(pdev, "not fenced at shutdown: accesses by its user do not end\n");
	fv_flr_exit(dev);
	fv_op_leave(dev);
	fv_session_leave(dev);
	if (!dev->card)
		return;
	fv_monitor_exit(&dev->card->monitor);
	fv_card_restore_target(dev->card);
}

static int fv_pci_sriov_configure(struct pci_dev *pdev, int nr_virtfn)
{
	struct fv_device *dev = fv_device_of_pci(pdev);
	char text[FV_REASON_SIZE];

	if (!enable_sriov)
		return -ENOENT;
	/* New functions would not be fenced, and the card may not answer. */
	if (fv_card_has_session(dev->card, text, sizeof(text))) {
		pci_info(pdev, "sriov_numvfs not changed: %s\n", text);
		return -EBUSY;
	}
	fv_device_set_dirty(dev);
	return vfio_pci_core_sriov_configure(&dev->core, nr_virtfn);
}

static const struct pci_error_handlers fv_pci_err_handlers = {
	.error_detected	= fv_aer_error_detected,
	.slot_reset	= fv_aer_slot_reset,
	.resume		= fv_aer_resume,
	.reset_prepare	= fv_core_reset_prepare,
	.reset_done	= fv_core_reset_done,
};

static struct pci_driver fv_pci_driver = {
	.name			= KBUILD_MODNAME,
	.id_table		= fv_ids,
	.probe			= fv_pci_probe,
	.remove			= fv_pci_remove,
	.shutdown		= fv_pci_shutdown,
	.sriov_configure	= fv_pci_sriov_configure,
	.err_handler		= &fv_pci_err_handlers,
	.driver_managed_dma	= true,
};

/**
 * fv_pci_init - Register the PCI driver
 * @groups: sysfs attribute groups of each device
 *
 * Context: Process context.
 * Return: 0, or the error of pci_register_driver().
 */
int __init fv_pci_init(const struct attribute_group **groups)
{
	fv_pci_driver.dev_groups = groups;
	return pci_register_driver(&fv_pci_driver);
}

/**
 * fv_pci_exit - Unregister the PCI driver
 *
 * Context: Process context. No device is open: an open device holds the module.
 */
void fv_pci_exit(void)
{
	pci_unregister_driver(&fv_pci_driver);
}
