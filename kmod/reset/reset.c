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

/*
 * Prefer the errno of a method that was tried over that of a refusal, and a user or driver that is
 * in the way over a method that is not there.
 */
static int fv_reset_result(int result, int error)
{
	if (!error || !result || result == -EOPNOTSUPP)
		return error;
	if (result == -EBUSY)
		return error == -EOPNOTSUPP ? result : error;
	return error == -ESTALE || error == -EINTR ? error : result;
}

/*
 * Open and close hold the set lock, and only try the device lock that is held here. A reset with
 * is_unused_only makes way for a new user. The recovery worker backs off, as it can retry.
 */
static int fv_reset_lock_set(struct fv_reset_job *job, struct mutex *set)
{
	if (job->request->is_unused_only)
		return fv_reset_try_set(job);
	if (!job->request->is_retried)
		return mutex_lock_killable(set);
	return mutex_trylock(set) ? 0 : -EAGAIN;
}

/* No method is begun after the limit of the request. */
static int fv_reset_check_limit(struct fv_reset_job *job, struct fv_reset_report *report)
{
	if (fv_reset_left_ms(job))
		return 0;
	report->is_late = true;
	snprintf(job->step->text, sizeof(job->step->text), "the limit of %u ms is over",
		 job->request->limit_ms);
	return -ETIMEDOUT;
}

/*
 * If the limit of the request has ended a step, note what the functions were reset by: they may
 * still become ready. Under their device locks.
 */
static void fv_reset_check_late(struct fv_reset_job *job, int error,
				struct fv_reset_report *report)
{
	unsigned long clean_by = 0;
	unsigned int i;

	if (!fv_reset_goes_on(error) || !job->step->is_tried || fv_reset_left_ms(job))
		return;
	report->is_late = true;
	if (job->ops->is_verify_only)
		clean_by = job->request->clean_by;
	else if (job->has_acted)
		clean_by = BIT(job->method);
	for (i = 0; i < job->scope.nr_held; i++)
		if (job->scope.devices[i])
			fv_device_set_unverified(job->scope.devices[i], clean_by);
}

/* With is_unused_only: each method hits the device itself, and it has a user, or is to get one. */
static bool fv_reset_is_in_use(const struct fv_reset_job *job)
{
	const struct fv_refusal *refusal = &job->step->refusal;

	return job->request->is_unused_only &&
	       (refusal->reason == FPGA_VFIO_REFUSAL_HELD ||
		refusal->reason == FPGA_VFIO_REFUSAL_BUSY) &&
	       !strcmp(refusal->object, pci_name(job->scope.functions[0]));
}

static int fv_reset_ladder(struct fv_reset_job *job, struct fv_device *dev,
			   const unsigned int *order, unsigned int nr,
			   struct fv_reset_report *report)
{
	struct mutex *set = &dev->core.vdev.dev_set->lock;
	int ret = -EOPNOTSUPP, result = -EOPNOTSUPP;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		job->method = order[i];
		job->ops = fv_reset_ops_of(order[i]);
		job->began_ns = !i && report->began_ns ? report->began_ns : ktime_get_ns();
		job->step = &report->steps[report->nr++];
		*job->step = (struct fv_reset_step) { .method = order[i] };
		ret = fv_reset_check_limit(job, report);
		if (ret) {
			job->step->error = ret;
			break;
		}
		if (fv_scope_is_wide(dev, job->ops->is_card) && !job->is_set_locked) {
			ret = fv_reset_lock_set(job, set);
			if (ret) {
				job->step->error = ret;
				result = ret;
				break;
			}
			job->is_set_locked = true;
		}
		ret = fv_reset_step_run(job);
		job->step->error = ret;
		result = fv_reset_result(result, ret);
		fv_reset_check_late(job, ret, report);
		if (!fv_reset_goes_on(ret) || (job->ops->is_verify_only && ret == -EAGAIN) ||
		    fv_reset_is_in_use(job))
			break;
	}
	if (job->is_set_locked && !job->request->is_set_locked)
		mutex_unlock(set);
	if (report->is_late)
		return -ETIMEDOUT;
	return ret ? result : 0;
}

/**
 * fv_reset_failed_step - Find the step that the result of a reset is from
 * @report: the report
 * @error: the result, negative errno
 *
 * Context: Any.
 * Return: The last step with that error, else the last one, or NULL if there is none.
 */
const struct fv_reset_step *fv_reset_failed_step(const struct fv_reset_report *report, int error)
{
	unsigned int i = report->nr;

	while (i--)
		if (report->steps[i].error == error)
			return &report->steps[i];
	return report->nr ? &report->steps[report->nr - 1] : NULL;
}

/* Record a reset in the history also if no method was tried. */
static void fv_reset_tell_refused(struct fv_reset_job *job, struct fv_device *dev,
				  const struct fv_reset_report *report, int error)
{
	const struct fv_reset_step *step = fv_reset_failed_step(report, error);
	unsigned int i;

	/* The recovery worker retries, or no reset is needed any more. */
	if (error == -EALREADY || (error == -EAGAIN && job->request->is_retried))
		return;
	for (i = 0; i < report->nr; i++)
		if (report->steps[i].is_tried)
			return;
	fv_reset_step_note(job, dev, error, 0, step ? step->text : "no method may be used");
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

static unsigned int fv_reset_job_order(struct fv_reset_job *job, unsigned int *order)
{
	struct pci_dev *pdev = job->scope.functions[0];
	unsigned long methods = job->request->methods;
	unsigned int nr = 0;

	if (job->request->is_function_first && pdev->multifunction) {
		nr = fv_reset_order(pdev, &job->policy, methods & FV_RESET_FUNCTION_ONLY, order);
		methods &= ~FV_RESET_FUNCTION_ONLY;
	}
	return nr + fv_reset_order(pdev, &job->policy, methods, order + nr);
}

/* -EBUSY: only the fence session's owner may reset a fenced card. */
static int fv_reset_may_begin(struct fv_device *dev, const struct fv_reset_request *request,
			      struct fv_reset_step *step)
{
	if (request->is_moot && request->is_moot(dev))
		return -EALREADY;
	if (request->methods & FV_RESET_VERIFY_CARD_FIRST)
		return 0;
	if (fv_card_has_session(dev->card, step->text, sizeof(step->text))) {
		fv_refusal_set(&step->refusal, FPGA_VFIO_REFUSAL_FENCED,
			       pci_name(dev->card->port));
		return -EBUSY;
	}
	if (!fv_vf_is_waiting(dev->core.pdev, step->text, sizeof(step->text)))
		return 0;
	fv_refusal_set(&step->refusal, FPGA_VFIO_REFUSAL_BUSY,
		       pci_name(pci_physfn(dev->core.pdev)));
	return -EAGAIN;
}

static int fv_reset_begin(struct fv_reset_job *job, struct fv_device *dev,
			  struct fv_reset_step *step)
{
	struct device *pm = &dev->core.pdev->dev;
	int ret = pm_runtime_resume_and_get(pm);

	if (ret < 0) {
		strscpy(step->text, "it does not resume");
		/* -EINVAL: an earlier resume has failed. */
		return ret == -EINVAL ? -EIO : ret;
	}
	ret = fv_scope_begin(&job->scope, dev, step->text, sizeof(step->text));
	if (ret) {
		step->refusal = job->scope.refusal;
	} else {
		ret = fv_reset_may_begin(dev, job->request, step);
		if (ret)
			fv_scope_end(&job->scope);
	}
	if (ret)
		pm_runtime_put(pm);
	return ret;
}

/**
 * fv_reset_run - Reset a device by the first method that succeeds
 * @dev: the device; the caller keeps it from going away
 * @request: which reset, and how
 * @report: methods tried; may be NULL
 *
 * Each method is verified: the functions answer, have the identity that they had at bind,
 * take their configuration, and their design is ready. If no method succeeds, the device is
 * "failed" or "changed", and cannot be opened before a reset succeeds.
 *
 * Context: Process context, may sleep for the sum of the methods' limits, or until the request's
 * own is over; killable.
 * Return: 0, -EOPNOTSUPP if there is no method, -EBUSY if the reset would affect a function of
 * another user or driver (also a virtual function of @dev), or of any user with
 * fv_reset_request::is_unused_only, or the card is in a fence session, -EAGAIN if the device is
 * being bound or reset, or with is_unused_only is being opened or closed, or its physical function
 * is not ready, -EALREADY if the request is moot, -ESTALE if it came back with another identity,
 * -EINTR, -ETIMEDOUT or -EIO if it did not come back, -EIO also if it does not resume, -ETIMEDOUT
 * if fv_reset_report::is_late, -ENOMEM, or another error of runtime PM.
 */
int fv_reset_run(struct fv_device *dev, const struct fv_reset_request *request,
		 struct fv_reset_report *report)
{
	struct fv_reset_job *job __free(kfree) = kzalloc_obj(*job);
	struct fv_reset_report *own __free(kfree) = NULL;
	unsigned int order[FV_RESET_METHODS + 1];
	struct fv_reset_step *first;
	int ret;

	if (!report) {
		own = kzalloc_obj(*own);
		report = own;
	}
	if (!job || !report)
		return -ENOMEM;
	report->nr = 0;
	report->is_late = false;
	first = &report->steps[0];
	*first = (struct fv_reset_step) {};
	job->request = request;
	if (request->limit_ms)
		job->end_ns = ktime_get_ns() + request->limit_ms * (u64)NSEC_PER_MSEC;
	job->is_fencing = request->is_fencing;
	job->is_set_locked = request->is_set_locked;
	job->is_lost = request->methods & (FV_RESET_VERIFY_FIRST | FV_RESET_VERIFY_CARD_FIRST);
	job->scope.is_any_user = request->methods & FV_RESET_VERIFY_CARD_FIRST;
	job->scope.is_unused_only = request->is_unused_only;
	fv_device_policy(dev, &job->policy);

	ret = fv_reset_begin(job, dev, first);
	if (ret) {
		first->error = ret;
		report->nr = 1;
	} else {
		fv_reset_wake(dev);
		ret = fv_reset_ladder(job, dev, order, fv_reset_job_order(job, order), report);
		fv_scope_end(&job->scope);
		pm_runtime_put(&dev->core.pdev->dev);
	}
	if (ret)
		fv_reset_tell_refused(job, dev, report, ret);
	return ret;
}
