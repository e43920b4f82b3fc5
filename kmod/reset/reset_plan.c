// SPDX-License-Identifier: GPL-2.0
/* Dry run: methods and functions of a reset. */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "base/compat.h"
#include "base/policy.h"
#include "base/wait.h"
#include "base/workqueue.h"
#include "isolate/reset_scope.h"
#include "pcie/reset_ops.h"
#include "reset/reset.h"

/* How long (ms) a plan waits for locks: its caller holds locks of generic netlink. */
#define FV_PLAN_LOCK_MS	100

/* The same for its resume. */
#define FV_PLAN_RESUME_MS	2000

/*
 * How long (ms) a device that takes longer is kept awake for the next try. The PCI core waits for a
 * minute for a device in D3cold (PCIE_RESET_READY_POLL_MS).
 */
#define FV_PLAN_AWAKE_MS	70000

/**
 * fv_reset_report_functions - Copy a reset scope into a report
 * @report: the report
 * @scope: the reset scope
 *
 * Context: Process context, under vfio_device_set::lock.
 */
void fv_reset_report_functions(struct fv_reset_report *report, const struct fv_scope *scope)
{
	struct fv_reset_function *function;
	unsigned int i;

	for (i = 0; i < scope->nr; i++) {
		struct pci_dev *pdev = scope->functions[i];

		function = &report->functions[i];
		strscpy(function->bdf, pci_name(pdev));
		/* dev_driver_string() returns the bus name for an unbound function. */
		strscpy(function->driver, pdev->dev.driver ? dev_driver_string(&pdev->dev) : "");
		function->is_held = scope->is_open[i];
	}
	report->nr_functions = scope->nr;
}

static void fv_reset_plan_step(struct fv_device *dev, struct fv_scope *scope,
			       const struct fv_policy *policy,
			       unsigned int method, struct fv_reset_report *report)
{
	const struct fv_reset_ops *ops = fv_reset_ops_of(method);
	struct fv_reset_step *step = &report->steps[report->nr++];
	const char *why = ops->unavailable(dev->core.pdev, policy);

	*step = (struct fv_reset_step) {
		.method = method,
		.expected_ms = ops->expected_ms,
		.limit_ms = fv_reset_limit_ms(ops, policy),
	};
	if (why) {
		strscpy(step->text, why);
		fv_refusal_set(&step->refusal, FPGA_VFIO_REFUSAL_UNAVAILABLE,
			       pci_name(dev->core.pdev));
		step->error = -EOPNOTSUPP;
		return;
	}
	step->error = fv_scope_preview(scope, dev, ops->is_card, step->text, sizeof(step->text));
	if (step->error) {
		strscpy(step->holders, scope->holders);
		step->refusal = scope->refusal;
	}
	fv_reset_report_functions(report, scope);
	step->nr_functions = scope->nr;
	fv_scope_end(scope);
}

static void fv_plan_awake_work(struct work_struct *work)
{
	struct fv_device *dev = container_of(to_delayed_work(work), struct fv_device, plan_awake);

	pm_runtime_put(&dev->core.pdev->dev);
}

/**
 * fv_reset_plan_init - Prepare a device for plans
 * @dev: the device
 *
 * Context: Process context.
 */
void fv_reset_plan_init(struct fv_device *dev)
{
	INIT_DELAYED_WORK(&dev->plan_awake, fv_plan_awake_work);
}

/**
 * fv_reset_plan_exit - Undo fv_reset_plan_init()
 * @dev: the device; nothing makes a plan of it any more
 *
 * Context: Process context, may sleep.
 */
void fv_reset_plan_exit(struct fv_device *dev)
{
	if (cancel_delayed_work_sync(&dev->plan_awake))
		pm_runtime_put(&dev->core.pdev->dev);
}

/* While it is queued, the work owns the caller's reference to runtime PM, or an earlier one. */
static void fv_plan_keep_awake(struct fv_device *dev)
{
	if (mod_delayed_work(fv_workqueue, &dev->plan_awake, msecs_to_jiffies(FV_PLAN_AWAKE_MS)))
		pm_runtime_put(&dev->core.pdev->dev);
}

/*
 * After a failed resume runtime PM returns -EINVAL. The device is still suspended while its port
 * resumes, for as long as the port waits for it: its own status does not tell.
 */
static bool fv_plan_has_failed_to_resume(struct pci_dev *pdev)
{
	for (; pdev; pdev = pci_upstream_bridge(pdev))
		if (pm_request_resume(&pdev->dev) == -EINVAL)
			return true;
	return false;
}

/*
 * As pm_runtime_resume_and_get(), but with a limit; -EAGAIN when that is over. Then the device goes
 * on to resume, and is awake at the next try. -EIO if it has failed to resume.
 */
static int fv_plan_resume(struct fv_device *dev, char *text, size_t size)
{
	struct pci_dev *pdev = dev->core.pdev;
	int ret = pm_runtime_get(&pdev->dev);
	struct fv_wait wait;

	if (ret >= 0 || ret == -EINPROGRESS)
		ret = 0;
	fv_wait_begin(&wait, FV_PLAN_RESUME_MS);
	while (!ret && !pm_runtime_active(&pdev->dev))
		ret = fv_wait_pause(&wait);
	if (ret == -EINVAL || (ret == -ETIMEDOUT && fv_plan_has_failed_to_resume(pdev))) {
		strscpy(text, "it does not resume", size);
		ret = -EIO;
	}
	if (ret == -ETIMEDOUT) {
		snprintf(text, size, "it is still resuming after %u ms, try again",
			 FV_PLAN_RESUME_MS);
		fv_plan_keep_awake(dev);
		return -EAGAIN;
	}
	if (ret)
		pm_runtime_put(&pdev->dev);
	return ret;
}

/**
 * fv_reset_plan - Preview fv_reset_run()
 * @dev: the device; the caller keeps it from going away
 * @methods: allowed methods, as for fv_reset_run()
 * @report: each method, in order, with the error that would refuse it
 *
 * Context: Process context, may sleep; waits for vfio_device_set::lock, which it takes, for at most
 * FV_PLAN_LOCK_MS, and until the device has resumed, for at most FV_PLAN_RESUME_MS; if it has not,
 * it is kept awake for FV_PLAN_AWAKE_MS.
 * Return: 0, -ENOMEM, -EINTR, -EAGAIN if another task keeps that lock, or the device is still
 * resuming, -EIO if it does not resume, each with the text in the first step, or an error of
 * runtime PM.
 */
int fv_reset_plan(struct fv_device *dev, unsigned long methods, struct fv_reset_report *report)
{
	struct fv_scope *scope __free(kfree) = kzalloc_obj(*scope);
	unsigned int order[FV_RESET_METHODS + 1];
	struct fv_reset_step *first = &report->steps[0];
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_policy policy;
	unsigned int nr, i;
	int ret;

	*first = (struct fv_reset_step) {};
	report->nr = 0;
	report->nr_functions = 0;
	if (!scope)
		return -ENOMEM;
	fv_device_policy(dev, &policy);

	ret = fv_plan_resume(dev, first->text, sizeof(first->text));
	if (ret)
		goto err;
	ret = fv_scope_lock_own_set(dev, FV_PLAN_LOCK_MS, first->text, sizeof(first->text));
	if (!ret) {
		scope->is_any_user = methods & FV_RESET_VERIFY_CARD_FIRST;
		nr = fv_reset_order(pdev, &policy, methods, order);
		for (i = 0; i < nr; i++)
			fv_reset_plan_step(dev, scope, &policy, order[i], report);
		mutex_unlock(&dev->core.vdev.dev_set->lock);
	}
	pm_runtime_put(&pdev->dev);
err:
	if (ret) {
		first->error = ret;
		report->nr = 1;
	}
	if (ret == -EAGAIN || ret == -EINTR)
		fv_refusal_set(&first->refusal, FPGA_VFIO_REFUSAL_BUSY, pci_name(pdev));
	return ret;
}
