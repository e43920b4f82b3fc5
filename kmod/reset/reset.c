// SPDX-License-Identifier: GPL-2.0
/*
 * Verified resets: try one method after the other, by default from the smallest reset
 * scope to the largest, until the functions answer, have their old identity, and have
 * their configuration back.
 *
 * The PCI core's own resets (sysfs, close of a device) are unchanged; core_reset.c checks
 * their result.
 *
 * The PCI core polls a slow card at doubling intervals, and waits for the link one second
 * (pci_dev_wait(), pcie_wait_for_link_delay()). Here readiness is noticed at most 2 % late,
 * and an image may take a minute to load.
 */
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "base/compat.h"
#include "isolate/reset_scope.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"
#include "pcie/reset_ops.h"
#include "reset/reset.h"
#include "reset/reset_step.h"

/* Try the next method after this error? */
static bool fv_reset_goes_on(int error)
{
	return error && error != -EINTR && error != -ESTALE && error != -ENOMEM;
}

/* Prefer the errno of a method that was tried over that of a refusal. */
static int fv_reset_result(int result, int error)
{
	if (!error || !result)
		return error;
	return result == -EOPNOTSUPP || result == -EBUSY || error == -ESTALE ||
	       error == -EINTR ? error : result;
}

/* VFIO opens and closes a device under vfio_device_set::lock. */
static bool fv_reset_is_set_locked(enum fpga_vfio_origin origin)
{
	return origin == FPGA_VFIO_ORIGIN_OPEN || origin == FPGA_VFIO_ORIGIN_CLOSE;
}

/*
 * A user that resets its own device by ioctl blocks until the reset ends, as with vfio-pci, unless
 * it has exported dma-bufs (fv_reset_hold()). Open and close have no user to fence. For all other
 * requesters, an FLR of the user included, the fence keeps the user and its vCPUs from blocking.
 */
static bool fv_reset_is_fencing(enum fpga_vfio_origin origin)
{
	return !fv_reset_is_set_locked(origin) && origin != FPGA_VFIO_ORIGIN_USER;
}

/*
 * Open and close hold the set lock, and only try the device lock that is held here. The recovery
 * worker backs off for them, as it can retry.
 */
static int fv_reset_lock_set(struct fv_reset_job *job, struct mutex *set)
{
	if (job->origin != FPGA_VFIO_ORIGIN_DRIVER)
		return mutex_lock_killable(set);
	return mutex_trylock(set) ? 0 : -EAGAIN;
}

static int fv_reset_ladder(struct fv_reset_job *job, struct fv_device *dev,
			   const unsigned int *order, unsigned int nr,
			   struct fv_reset_report *report)
{
	struct mutex *set = &dev->core.vdev.dev_set->lock;
	bool is_locked = fv_reset_is_set_locked(job->origin);
	int ret = -EOPNOTSUPP, result = -EOPNOTSUPP;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		job->method = order[i];
		job->ops = fv_reset_ops_of(order[i]);
		job->began_ns = !i && report->began_ns ? report->began_ns : ktime_get_ns();
		job->step = &report->steps[report->nr++];
		*job->step = (struct fv_reset_step) { .method = order[i] };
		if (fv_scope_is_wide(dev, job->ops->is_card) && !is_locked) {
			ret = fv_reset_lock_set(job, set);
			if (ret) {
				job->step->error = ret;
				result = ret;
				break;
			}
			is_locked = true;
		}
		ret = fv_reset_step_run(job);
		job->step->error = ret;
		result = fv_reset_result(result, ret);
		if (!fv_reset_goes_on(ret) || (job->ops->is_verify_only && ret == -EAGAIN))
			break;
	}
	if (is_locked && !fv_reset_is_set_locked(job->origin))
		mutex_unlock(set);
	return ret ? result : 0;
}

/* Record a reset in the history also if no method was tried. */
static void fv_reset_tell_refused(struct fv_reset_job *job, struct fv_device *dev,
				  const struct fv_reset_report *report, int error)
{
	unsigned int i;

	/* The recovery worker retries, or no reset is needed any more. */
	if (error == -EALREADY || (error == -EAGAIN && job->origin == FPGA_VFIO_ORIGIN_DRIVER))
		return;
	for (i = 0; i < report->nr; i++)
		if (report->steps[i].is_tried)
			return;
	fv_reset_step_note(job, dev, error, 0, report->nr ? report->steps[report->nr - 1].text :
					       "no method may be used");
}

/* The user, or runtime PM, may have suspended the device; see vfio_pci_set_power_state(). */
static void fv_reset_wake(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (pdev->current_state == PCI_D0)
		return;
	down_write(&dev->core.memory_lock);
	if (!pci_set_power_state(pdev, PCI_D0) && dev->core.needs_pm_restore &&
	    dev->core.pm_save) {
		pci_load_and_free_saved_state(pdev, &dev->core.pm_save);
		pci_restore_state(pdev);
	}
	up_write(&dev->core.memory_lock);
}

/*
 * Until a work item gets the device lock, another task may have recovered the device, and a new
 * user may have opened it. A recovery, or an FLR of the previous user, must not hit that user.
 */
static bool fv_reset_is_moot(struct fv_device *dev, unsigned long methods,
			     enum fpga_vfio_origin origin)
{
	bool is_ready = fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;

	switch (origin) {
	case FPGA_VFIO_ORIGIN_DRIVER:
		return is_ready && !(methods & FV_RESET_VERIFY_CARD_FIRST);
	case FPGA_VFIO_ORIGIN_USER_FLR:
		return !is_ready || !fv_flr_is_due(&dev->flr);
	default:
		return false;
	}
}

/*
 * The policy's order, but a user that resets one function of several by FLR means only that one,
 * and has drivers for the others: methods that reset the function alone come first.
 */
static unsigned int fv_reset_job_order(struct fv_reset_job *job, unsigned long methods,
				       unsigned int *order)
{
	struct pci_dev *pdev = job->scope.functions[0];
	unsigned int nr = 0;

	if (job->origin == FPGA_VFIO_ORIGIN_USER_FLR && pdev->multifunction) {
		nr = fv_reset_order(pdev, &job->policy, methods & FV_RESET_FUNCTION_ONLY, order);
		methods &= ~FV_RESET_FUNCTION_ONLY;
	}
	return nr + fv_reset_order(pdev, &job->policy, methods, order + nr);
}

/* -EBUSY: only the fence session's owner may reset a fenced card. */
static int fv_reset_may_begin(struct fv_device *dev, unsigned long methods,
			      enum fpga_vfio_origin origin, struct fv_reset_step *step)
{
	if (fv_reset_is_moot(dev, methods, origin))
		return -EALREADY;
	if (methods & FV_RESET_VERIFY_CARD_FIRST)
		return 0;
	if (fv_card_has_session(dev->card, step->text, sizeof(step->text)))
		return -EBUSY;
	return fv_vf_is_waiting(dev->core.pdev, step->text, sizeof(step->text)) ? -EAGAIN : 0;
}

/**
 * fv_reset_run - Reset a device by the first method that succeeds
 * @dev: the device; the caller keeps it from going away
 * @methods: allowed methods, bits of enum fpga_vfio_reset_method; the policy chooses
 *	     among them, unless there is only one. FV_RESET_VERIFY_FIRST or
 *	     FV_RESET_VERIFY_CARD_FIRST: verify only first
 * @origin: requester; FPGA_VFIO_ORIGIN_OPEN and _CLOSE hold vfio_device_set::lock
 * @report: methods tried; may be NULL
 *
 * Each method is verified: the functions answer, have the identity that they had at bind,
 * take their configuration, and their design is ready. If no method succeeds, the device is
 * "failed" or "changed", and cannot be opened before a reset succeeds.
 *
 * Context: Process context, may sleep for the sum of the methods' limits; killable.
 * Return: 0, -EOPNOTSUPP if there is no method, -EBUSY if the reset would affect a function of
 * another user or driver (also a virtual function of @dev), or the card is in a fence session,
 * -EAGAIN if the device is being bound or reset, or its physical function is not ready, -EALREADY
 * if the driver's or user's request is moot, -ESTALE if it came back with another identity,
 * -EINTR, -ETIMEDOUT or -EIO if it did not come back, -ENOMEM, or an error of runtime PM.
 */
int fv_reset_run(struct fv_device *dev, unsigned long methods, enum fpga_vfio_origin origin,
		 struct fv_reset_report *report)
{
	struct fv_reset_job *job __free(kfree) = kzalloc_obj(*job);
	struct fv_reset_report *own __free(kfree) = NULL;
	unsigned int order[FV_RESET_METHODS + 1];
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_reset_step *first;
	int ret;

	if (!report) {
		own = kzalloc_obj(*own);
		report = own;
	}
	if (!job || !report)
		return -ENOMEM;
	report->nr = 0;
	first = &report->steps[0];
	*first = (struct fv_reset_step) {};
	job->origin = origin;
	job->is_fencing = fv_reset_is_fencing(origin);
	job->is_lost = methods & (FV_RESET_VERIFY_FIRST | FV_RESET_VERIFY_CARD_FIRST);
	job->scope.is_any_user = methods & FV_RESET_VERIFY_CARD_FIRST;
	fv_device_policy(dev, &job->policy);

	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret < 0)
		return ret;
	ret = fv_scope_begin(&job->scope, dev, first->text, sizeof(first->text));
	if (!ret) {
		ret = fv_reset_may_begin(dev, methods, origin, first);
		if (ret)
			fv_scope_end(&job->scope);
	}
	if (ret) {
		first->error = ret;
		report->nr = 1;
	} else {
		fv_reset_wake(dev);
		ret = fv_reset_ladder(job, dev, order, fv_reset_job_order(job, methods, order),
				      report);
		fv_scope_end(&job->scope);
	}
	if (ret)
		fv_reset_tell_refused(job, dev, report, ret);
	pm_runtime_put(&pdev->dev);
	return ret;
}
