// SPDX-License-Identifier: GPL-2.0
/*
 * Resets at open and close give each user a clean device, whatever the last user or a reset by the
 * PCI core left behind. An open does not repeat the reset of the last close if nothing can have
 * happened to the device since: fv_device::clean_by. Any doubt clears that.
 *
 * An open holds locks that other opens of the card wait for, unkillable, so it has a limit. After
 * that the recovery worker waits for the device, and the next open verifies it.
 */
#include <linux/lockdep.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/vfio.h>

#include "base/compat.h"
#include "base/policy.h"
#include "base/registry.h"
#include "base/reset_method.h"
#include "base/wait.h"
#include "isolate/reset_scope.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "object/group.h"
#include "object/history.h"
#include "pcie/config.h"
#include "pcie/ready.h"
#include "pcie/reset_ops.h"
#include "recover/link_monitor.h"
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

/*
 * At a resume the PCI core restores the configuration, which shows whether the card lost its link.
 * So read it while the function is still suspended, which leaves configuration space readable, but
 * for D3cold.
 */
static bool fv_open_is_touched(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev, *port = pci_upstream_bridge(pdev);
	bool is_touched;

	if (port && pm_runtime_resume_and_get(&port->dev) < 0)
		return true;
	is_touched = fv_config_is_touched(pdev, &dev->initial_config);
	if (port)
		pm_runtime_put(&port->dev);
	return is_touched;
}

/*
 * Is the device as its last close left it? Not trusted: a close that reset it by another method
 * than the open would; functions that other users or drivers may reach through SR-IOV or peer-to-
 * peer DMA.
 */
static bool fv_open_is_clean(struct fv_device *dev, unsigned long clean_by, unsigned long methods)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_policy policy;

	fv_device_policy(dev, &policy);
	return clean_by && policy.value[FPGA_VFIO_A_POLICY_RESET_AT_OPEN] ==
	       FPGA_VFIO_RESET_AT_OPEN_AUTO &&
	       !pdev->is_virtfn && !pci_num_vf(pdev) && !fv_group_is_shared(pdev) &&
	       !fv_open_is_touched(dev) &&
	       fv_reset_first(pdev, &policy, methods) == clean_by;
}

/* An earlier open has reset it, and the recovery worker is waiting until it is ready. */
static bool fv_open_is_awaited(struct fv_device *dev)
{
	return fv_device_is_unverified(dev) && fv_recovery_is_queued(dev);
}

/* The limit is over. A reset of the whole card leaves other functions that are not ready, too. */
static int fv_open_hand_over(struct fv_device *dev, unsigned int limit_ms)
{
	struct fv_device *other = NULL;
	char text[FV_REASON_SIZE + 64];
	unsigned long key = 0;

	scoped_guard(mutex, &fv_registry_lock)
		snprintf(text, sizeof(text),
			 "open_limit (%u ms) is over, recovery goes on: %s", limit_ms,
			 dev->reason);
	fv_open_tell_refused(dev, -EAGAIN, text);

	fv_recovery_queue(dev);
	if (!dev->card)
		return -EAGAIN;
	while ((other = fv_device_next_of(dev->card, other, &key)))
		if (fv_device_is_unverified(other))
			fv_recovery_queue(other);
	return -EAGAIN;
}

/**
 * fv_open_reset - Reset a device for its next user, unless its last close has
 * @dev: the device, not open
 *
 * After a close that reset and verified it, it is only verified, unless the policy says otherwise.
 * If that fails, and it is not another card, it is reset. If it is not ready within the policy's
 * limit for an open, the recovery worker goes on.
 *
 * Context: Process context, under vfio_device_set::lock; killable.
 * Return: 0; -EOPNOTSUPP if there is no method to use, and the device is ready; -EBUSY if its
 * virtual functions have other users or drivers, or are too many; -EAGAIN if the card is in a fence
 * session, another task holds a function, or it is not ready yet; -EINTR on a fatal signal;
 * -ENOMEM; -EIO if the reset failed.
 */
int fv_open_reset(struct fv_device *dev)
{
	struct fv_reset_report *report __free(kfree) = NULL;
	struct pci_dev *pdev = dev->core.pdev;
	unsigned long clean_by, methods;
	char reason[FV_REASON_SIZE];
	struct fv_policy policy;
	bool is_ready;
	int ret;

	lockdep_assert_held(&dev->core.vdev.dev_set->lock);
	if (fv_open_is_awaited(dev)) {
		pci_info_ratelimited(pdev, "not opened: not ready since its last open, recovery goes on\n");
		return -EAGAIN;
	}
	/* If this open fails from here on, but for its limit, the next one resets the device. */
	clean_by = fv_device_set_dirty(dev);
	is_ready = fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;
	methods = fv_open_methods(dev);

	if (fv_card_has_session(dev->card, reason, sizeof(reason))) {
		pci_info(pdev, "not opened: %s\n", reason);
		return -EAGAIN;
	}
	ret = fv_open_check_vfs(dev);
	if (ret)
		return ret;
	if (is_ready && (!fv_reset_is_offered(pdev) || fv_reset_is_core_special(pdev)))
		return -EOPNOTSUPP;

	report = kzalloc_obj(*report);
	if (!report)
		return -ENOMEM;
	if (fv_open_is_clean(dev, clean_by, methods))
		methods |= FV_RESET_VERIFY_FIRST;
	fv_device_policy(dev, &policy);
	ret = fv_reset_run(dev, &(struct fv_reset_request) {
		.methods = methods,
		.origin = FPGA_VFIO_ORIGIN_OPEN,
		.limit_ms = policy.value[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS],
		.clean_by = clean_by,
		.is_set_locked = true,
	}, report);
	/* In time to try nothing at all, it is as ready as before. */
	if (report->is_late && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return -EAGAIN;
	if (report->is_late)
		return fv_open_hand_over(dev, policy.value[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS]);
	if (!ret || ret == -EAGAIN || ret == -EINTR || ret == -ENOMEM)
		return ret;
	if (is_ready && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return -EOPNOTSUPP;	/* no method was tried */

	scoped_guard(mutex, &fv_registry_lock)
		strscpy(reason, dev->reason);
	fv_open_tell_refused(dev, ret, reason);
	return -EIO;
}

/* A reset by this driver, which verifies it. If it fails, the next open tries again. */
static void fv_close_reset_run(struct fv_device *dev)
{
	struct fv_reset_report *report __free(kfree) = kzalloc_obj(*report);
	struct fv_reset_request request = {
		.methods = fv_open_methods(dev),
		.origin = FPGA_VFIO_ORIGIN_CLOSE,
		.is_set_locked = true,
	};

	if (!fv_reset_run(dev, &request, report) && report)
		fv_device_set_clean(dev, report->steps[report->nr - 1].method);
}

/*
 * A reset by vfio_pci_core, which restores the configuration that the device had at its open. Does
 * not wait for the device lock: an unbind waits for this close.
 */
static void fv_close_check(struct fv_device *dev, int method)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (method == FV_METHOD_NONE || !device_trylock(&pdev->dev))
		return;
	if (!fv_config_is_touched(pdev, &dev->initial_config))
		fv_device_set_clean(dev, method);
	device_unlock(&pdev->dev);
}

/**
 * fv_close_reset - Clean up a device after its user
 * @dev: the device, closed; runtime active
 * @method: method of vfio_pci_core's reset, enum fpga_vfio_reset_method or FV_METHOD_NONE; valid
 *	    unless needs_reset is set
 *
 * A device that was reset, and passes the check, is noted as clean: fv_open_reset().
 *
 * Context: Process context, under vfio_device_set::lock.
 */
void fv_close_reset(struct fv_device *dev, int method)
{
	struct pci_dev *pdev = dev->core.pdev;
	char reason[FV_REASON_SIZE];

	lockdep_assert_held(&dev->core.vdev.dev_set->lock);
	fv_saved_state_reset(dev);
	/* The end of the fence session recovers it, and the next open resets it. */
	if (fv_card_has_session(dev->card, reason, sizeof(reason)))
		return;
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY && !dev->core.needs_reset &&
	    fv_ready_is_answering(pdev)) {
		fv_close_check(dev, method);
		return;
	}

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
	fv_close_reset_run(dev);
}

/* A real sleep is longer, and the clock that measures it may have a resolution of a second. */
#define FV_OPEN_CLOSE_SLEPT_MS	500

/* Time for which the system has slept since it was booted, which only real sleeps add to. */
static s64 fv_open_close_slept_ms(void)
{
	return ktime_ms_delta(ktime_get_boottime(), ktime_get());
}

/*
 * May slots have been without power? After a hibernation, if there was one: that is announced, and
 * then said to be over, also if it fails, and if devices are frozen for another purpose.
 */
static bool fv_open_close_has_lost_power(unsigned long action, s64 before_ms)
{
	if (action == PM_POST_SUSPEND)
		return pm_resume_via_firmware();
	return fv_open_close_slept_ms() - before_ms >= FV_OPEN_CLOSE_SLEPT_MS;
}

static int fv_open_close_notify(struct notifier_block *block, unsigned long action, void *data)
{
	static s64 slept_ms;

	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		slept_ms = fv_open_close_slept_ms();
		fv_device_set_asleep(true);
		fv_wait_set_asleep(true);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		fv_device_set_asleep(false);
		fv_wait_set_asleep(false);
		fv_monitor_poll_all(fv_open_close_has_lost_power(action, slept_ms));
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block fv_open_close_block = {
	.notifier_call = fv_open_close_notify,
};

/**
 * fv_open_close_init - Have each device reset at its first open after a system sleep
 *
 * The sleep also ends the waits of recovery workers. Devices in use are checked afterwards.
 *
 * Context: Process context.
 * Return: 0, or an error of register_pm_notifier().
 */
int fv_open_close_init(void)
{
	return register_pm_notifier(&fv_open_close_block);
}

/**
 * fv_open_close_exit - Undo fv_open_close_init()
 *
 * Context: Process context.
 */
void fv_open_close_exit(void)
{
	unregister_pm_notifier(&fv_open_close_block);
}
