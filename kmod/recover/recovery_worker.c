// SPDX-License-Identifier: GPL-2.0
/*
 * The recovery worker resets and restores a device after a reset that failed, was not the driver's,
 * or ran out of time at an open, and a card after its link went down and came back. It is a work
 * item because its callers hold locks that a reset takes.
 *
 * The workqueue is freezable: when the system has suspended a device, the PCI core has saved its
 * configuration, and restores that when it resumes; a reset in between would spoil both. A wait for
 * the card does not keep the system from suspending: it ends, and begins again afterwards.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/workqueue.h>

#include "base/policy.h"
#include "base/registry.h"
#include "base/wait.h"
#include "base/workqueue.h"
#include "isolate/fence.h"
#include "isolate/reset_scope.h"
#include "isolate/saved_state.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/stats.h"
#include "pcie/config.h"
#include "pcie/ready.h"
#include "pcie/reset_ops.h"
#include "recover/recovery_worker.h"
#include "reset/reset.h"

/* Retry interval after -EAGAIN: another task holds the device, and may recover it itself. */
#define FV_RECOVERY_AGAIN_MS	200

/* More than the time from a function's resume until its configuration is restored. */
#define FV_RECOVERY_LOST_MS	20

/* False if another task has reset the device, or a fence session or its recovery owns it. */
static bool fv_recovery_is_due(struct fv_device *dev)
{
	switch (fv_device_state(dev)) {
	case FPGA_VFIO_CARD_STATE_LOST:
	case FPGA_VFIO_CARD_STATE_CHANGED:
	case FPGA_VFIO_CARD_STATE_FAILED:
		return !READ_ONCE(dev->is_leaving);
	default:
		return false;
	}
}

/* The monitor records that the link is up, before a reset has it ignore the link. */
static void fv_recovery_check_link(void *data)
{
	fv_card_check_link(data);
}

static int fv_recovery_wait_link(struct fv_device *dev, const struct fv_policy *policy)
{
	struct fv_card *card = dev->card;
	struct fv_wait wait;

	if (!card || !fv_card_is_link_down(card))
		return 0;
	fv_wait_begin(&wait, policy->value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
	wait.is_over = &dev->is_leaving;
	wait.ends_at_sleep = true;
	return fv_ready_wait_link(card->port, &wait, fv_recovery_check_link, card);
}

/*
 * The link did not come up within @limit_ms, after it was lost or after a reset at open, or its
 * port was removed (-ENODEV). A user may try a reset from here on. Under the device lock,
 * as a task that holds it may have recovered the device. Returns @error, 1 if the driver has
 * nothing to recover any more, -EAGAIN if the link is up by now, or another task holds the device
 * lock.
 */
static int fv_recovery_give_up(struct fv_device *dev, int error, unsigned int limit_ms)
{
	struct pci_dev *pdev = dev->core.pdev;
	char text[FV_REASON_SIZE];
	unsigned long clean_by;
	int ret = error;

	if (fv_scope_lock_function(pdev, text, sizeof(text)))
		return -EAGAIN;
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_LOST && !fv_device_is_unverified(dev)) {
		ret = 1;
	} else if (error == -ETIMEDOUT && !fv_card_is_link_down(dev->card)) {
		ret = -EAGAIN;
	} else {
		if (error == -ETIMEDOUT)
			snprintf(text, sizeof(text), "the link below %s does not come up in %u ms",
				 pci_name(dev->card->port), limit_ms);
		else
			snprintf(text, sizeof(text), "the port %s does not answer",
				 pci_name(dev->card->port));
		fv_history_add(dev, &(struct fv_event) {
			.kind = FPGA_VFIO_EVENT_KIND_RECOVER,
			.origin = FPGA_VFIO_ORIGIN_DRIVER,
			.method = FV_METHOD_NONE,
			.error = ret,
		}, "%s", text);
		/* A device that an open has reset is not reset again when its link comes up. */
		clean_by = error == -ETIMEDOUT ? fv_device_set_dirty(dev) : 0;
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_DRIVER,
				    "%s", text);
		fv_device_set_unverified(dev, clean_by);
		scoped_guard(mutex, &fv_registry_lock)
			dev->is_overdue = true;
	}
	device_unlock(&pdev->dev);
	return ret;
}

/*
 * A card that has just come back may need time until it responds. Returns 0, or what
 * fv_recovery_run() returns then.
 */
static int fv_recovery_wait(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_policy policy;
	struct fv_wait wait;
	int ret;

	fv_device_policy(dev, &policy);
	ret = fv_recovery_wait_link(dev, &policy);
	if (ret == -ETIMEDOUT || ret == -ENODEV)
		return fv_recovery_give_up(dev, ret,
					   policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
	if (ret)
		return ret == -EAGAIN ? ret : 1;
	if (pm_runtime_resume_and_get(&pdev->dev) < 0)
		return 0;
	fv_wait_begin(&wait, policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
	wait.ends_at_sleep = true;
	while (!ret && fv_recovery_is_due(dev) && !fv_ready_is_answering(pdev))
		ret = fv_wait_pause(&wait);
	pm_runtime_put(&pdev->dev);
	return ret == -EAGAIN ? ret : 0;
}

/*
 * Verify only, unless a reset has failed: a card that came back by itself may need no reset, and
 * one that an open has reset, and not waited for, needs no other one.
 */
static unsigned long fv_recovery_methods(struct fv_device *dev)
{
	return fv_device_state(dev) == FPGA_VFIO_CARD_STATE_FAILED && !dev->is_overdue &&
	       !fv_device_is_unverified(dev) ?
	       FV_RESET_ANY : FV_RESET_ANY | FV_RESET_VERIFY_FIRST;
}

static void fv_recovery_again(struct fv_device *dev)
{
	queue_delayed_work(fv_workqueue, &dev->recovery,
			   msecs_to_jiffies(FV_RECOVERY_AGAIN_MS));
}

/*
 * Another task may have recovered the device meanwhile, and a new user may have opened it, which
 * the reset must not hit.
 */
static bool fv_recovery_is_moot(struct fv_device *dev)
{
	return fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;
}

/* Returns 1 if the driver has nothing to recover any more, or not yet. */
static int fv_recovery_run(struct fv_device *dev)
{
	char text[FV_REASON_SIZE];
	int ret;

	/* The recovery of the physical function includes its virtual functions. */
	if (fv_vf_is_waiting(dev->core.pdev, text, sizeof(text)))
		return 1;
	/* After a timeout the link monitor queues the recovery when the link comes up. */
	ret = fv_recovery_wait(dev);
	if (ret)
		return ret;
	if (!fv_recovery_is_due(dev))
		return 1;
	return fv_reset_run(dev, &(struct fv_reset_request) {
		.methods = fv_recovery_methods(dev),
		.origin = FPGA_VFIO_ORIGIN_DRIVER,
		.is_fencing = true,
		.is_retried = true,
		.is_moot = fv_recovery_is_moot,
	}, NULL);
}

/*
 * A task that recovers the device holds the device lock, and lowers the fence at its end: a fence
 * raised after that would stay. Returns 0 if the device is fenced and to be recovered, 1 if the
 * driver has nothing to recover any more, -EAGAIN if another task holds the device lock, or the
 * user is in an ioctl or a write that does not end.
 */
static int fv_recovery_fence(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char text[FV_REASON_SIZE];
	int ret = 1;

	if (!fv_recovery_is_due(dev))
		return 1;
	if (fv_scope_lock_function(pdev, text, sizeof(text)))
		return -EAGAIN;
	if (fv_recovery_is_due(dev))
		ret = fv_fence_raise(dev);
	device_unlock(&pdev->dev);
	return ret;
}

static void fv_recovery_work(struct work_struct *work)
{
	struct fv_device *dev = container_of(to_delayed_work(work), struct fv_device, recovery);
	int ret = fv_recovery_fence(dev);

	if (!ret) {
		fv_card_isolate(dev->card);
		ret = fv_recovery_run(dev);
		fv_card_restore(dev->card);
	}
	if (ret == -EAGAIN)
		fv_recovery_again(dev);
	if (ret > 0 || ret == -EAGAIN || ret == -EALREADY)
		return;
	if (ret == -EBUSY && !fv_recovery_is_due(dev))
		return;
	fv_stats_inc(dev->stats, ret ? FPGA_VFIO_A_STATS_RECOVERIES_FAILED :
		     FPGA_VFIO_A_STATS_RECOVERIES_OK);
	if (ret)
		pci_err(dev->core.pdev, "not recovered: %pe\n", ERR_PTR(ret));
	else
		pci_info(dev->core.pdev, "recovered\n");
}

/**
 * fv_recovery_init - Initialize the recovery worker and save the initial state
 * @dev: the device, at probe
 *
 * Context: Process context.
 * Return: 0, or an error of fv_saved_state_init().
 */
int fv_recovery_init(struct fv_device *dev)
{
	INIT_DELAYED_WORK(&dev->recovery, fv_recovery_work);
	return fv_saved_state_init(dev);
}

/**
 * fv_recovery_leave - Stop the recovery of a device being unbound or shut down
 * @dev: the device; ends the driver's own waits for it
 *
 * Context: Process context, under the device lock, which the recovery worker only tries.
 */
void fv_recovery_leave(struct fv_device *dev)
{
	WRITE_ONCE(dev->is_leaving, true);
	/* If queued after this, the worker does nothing; the card may be freed by then. */
	cancel_delayed_work_sync(&dev->recovery);
}

/**
 * fv_recovery_exit - Release what fv_recovery_init() set up
 * @dev: the device, without a user
 *
 * Context: Process context, under the device lock, which the recovery worker only tries.
 */
void fv_recovery_exit(struct fv_device *dev)
{
	WRITE_ONCE(dev->is_leaving, true);
	cancel_delayed_work_sync(&dev->recovery);
	fv_saved_state_exit(dev);
	fv_device_forget_state(dev);
}

/**
 * fv_recovery_queue - Queue the recovery of a device that is not ready
 * @dev: the device
 *
 * Context: Process context, under any of the driver's locks but fv_registry_lock, which it takes.
 */
void fv_recovery_queue(struct fv_device *dev)
{
	/* Sooner than fv_recovery_queue_after() scheduled it. */
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		mod_delayed_work(fv_workqueue, &dev->recovery, 0);
}

/**
 * fv_recovery_queue_after - Queue the recovery of a device after a delay
 * @dev: the device, which the PCI core may have recovered by then
 * @ms: the delay, in ms
 *
 * Context: Any.
 */
void fv_recovery_queue_after(struct fv_device *dev, unsigned int ms)
{
	queue_delayed_work(fv_workqueue, &dev->recovery, msecs_to_jiffies(ms));
}

/**
 * fv_recovery_is_queued - Is the recovery of a device queued or under way?
 * @dev: the device
 *
 * Context: Any.
 * Return: True if so, but it may end or begin at any time.
 */
bool fv_recovery_is_queued(struct fv_device *dev)
{
	return work_busy(&dev->recovery.work);
}

/**
 * fv_recovery_has_lost - Has a device lost its configuration unnoticed?
 * @dev: the device; only one that its user may use now is checked
 *
 * A link that goes down and comes back within a few milliseconds leaves no other trace.
 *
 * Lockless: a user's reset, which only tries memory_lock, would fail. Reads the BARs twice, as a
 * resume restores them a moment later.
 *
 * Context: Process context, may sleep. The caller excludes a reset that begins meanwhile.
 * Return: True if a BAR does not have its initial value.
 */
bool fv_recovery_has_lost(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (i)
			fv_wait_ms(FV_RECOVERY_LOST_MS);
		if (!READ_ONCE(dev->fence.is_open) || READ_ONCE(dev->core.pm_runtime_engaged) ||
		    pdev->is_virtfn || pdev->current_state != PCI_D0 ||
		    !fv_config_is_lost(pdev, &dev->initial_config))
			return false;
	}
	return true;
}
