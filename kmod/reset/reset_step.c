// SPDX-License-Identifier: GPL-2.0
/*
 * One step of a reset: hold the reset scope, block its users, run one method, verify it, record the
 * result.
 */
#include <linux/pci.h>

#include "base/compat.h"
#include "base/link_speed.h"
#include "base/wait.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "pcie/ready.h"
#include "reset/reset_step_internal.h"

/* memory_lock: vfio_pci_core does read-modify-write of Command under it. */
static void fv_reset_stop_function(struct fv_reset_job *job, unsigned int i)
{
	struct pci_dev *pdev = job->scope.functions[i];
	struct fv_device *dev = job->scope.devices[i];
	bool is_later = fv_reset_is_later(&job->scope, i);

	/* Absent while its PF has lost VF Enable, or bound to another driver. */
	if (is_later && (!fv_ready_is_answering(pdev) || (!dev && pdev->dev.driver)))
		return;
	if (dev && job->is_fencing)
		fv_scope_lock_memory(&job->scope, i);
	fv_config_stop(pdev);
	if (dev && job->is_fencing)
		up_write(&dev->core.memory_lock);
	if (is_later && !pci_wait_for_pending_transaction(pdev))
		pci_warn(pdev, "transactions pending at a reset of its physical function\n");
}

/* Shorten the policy's limits to the time that is left. A wait always polls once. */
static void fv_reset_shorten(struct fv_reset_job *job)
{
	u32 left_ms = max(fv_reset_left_ms(job), 1u), *limits = job->policy.value;

	limits[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] =
		min(limits[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS], left_ms);
	limits[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] =
		min(limits[FPGA_VFIO_A_POLICY_READY_LIMIT_MS], left_ms);
}

/* Retrain a link that came back slower or narrower than its goal. */
static void fv_reset_improve_link(struct fv_reset_job *job)
{
	struct fv_device *dev = job->scope.dev;
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_link_goal goal;
	struct fv_link link;
	int ret;

	if (!dev->card || fv_card_read_link(dev->card, &job->policy, &link, &goal) ||
	    fv_link_reaches(&link, &goal))
		return;

	fv_scope_unblock_config(&job->scope);
	ret = fv_card_retrain(dev, &goal, job->request->origin, &link);
	fv_scope_block_config(&job->scope);
	if (ret > 0)
		pci_info(pdev, "link retrained to %s x%u after a reset\n",
			 fv_link_speed_name(link.speed), link.width);
	else if (!link.speed)
		pci_warn(pdev, "the link did not come up after a reset and a retrain\n");
	else
		pci_warn(pdev, "link is at %s x%u after a reset, goal is %s x%u\n",
			 fv_link_speed_name(link.speed), link.width,
			 fv_link_speed_name(goal.speed), goal.width);
	fv_reset_phase(job, FV_PHASE_LINK, ret > 0 ? 0 : ret);
}

static int fv_reset_iommu_prepare(struct fv_scope *scope)
{
	unsigned int i;
	int ret;

	for (i = 0; i < scope->nr_held; i++) {
		ret = fv_compat_reset_iommu_prepare(scope->functions[i]);
		if (ret) {
			while (i--)
				fv_compat_reset_iommu_done(scope->functions[i]);
			return ret;
		}
	}
	return 0;
}

static void fv_reset_iommu_done(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++)
		fv_compat_reset_iommu_done(scope->functions[i]);
}

/* Undo fv_saved_state_save() after an error: no function was touched yet. */
static void fv_reset_forget(struct fv_reset_job *job, unsigned int nr)
{
	if (job->is_lost)
		return;
	while (nr--)
		if (job->scope.devices[nr])
			fv_saved_state_forget(job->scope.devices[nr]);
}

static int fv_reset_remember(struct fv_reset_job *job)
{
	struct fv_scope *scope = &job->scope;
	unsigned int i;
	int ret = 0;

	if (job->is_lost)
		return 0;
	for (i = 0; i < scope->nr_held && !ret; i++)
		ret = fv_saved_state_save(scope->functions[i], scope->devices[i]);
	if (ret)
		fv_reset_forget(job, i);
	return ret;
}

static int fv_reset_prepare(struct fv_reset_job *job)
{
	int ret = fv_reset_remember(job);

	if (ret)
		return ret;
	ret = fv_reset_iommu_prepare(&job->scope);
	if (ret)
		fv_reset_forget(job, job->scope.nr_held);
	return ret;
}

/* Does the step involve the link, and so the port? An open leaves the link to other functions. */
static bool fv_reset_is_at_port(struct fv_reset_job *job)
{
	return job->ops->is_card || (job->ops->is_verify_only && !fv_reset_is_skipped(job));
}

/* Does the function reset itself, when a config write tells it to? */
static bool fv_reset_is_by_function(const struct fv_reset_job *job)
{
	return !job->ops->is_card && !job->ops->is_verify_only;
}

/*
 * The link may take minutes to come up. Until then no request reaches the functions: user space
 * reads all-ones.
 */
static int fv_reset_act(struct fv_reset_job *job)
{
	struct fv_reset_step *step = job->step;
	struct fv_scope *scope = &job->scope;
	struct pci_dev *pdev = scope->functions[0];
	int ret;

	fv_reset_shorten(job);
	job->has_acted = false;
	/* It would be lost, and a function that comes back by itself would count as reset. */
	if (fv_reset_is_by_function(job) && !fv_ready_is_answering(pdev)) {
		snprintf(step->text, sizeof(step->text),
			 "%s does not answer, so %s cannot reset it", pci_name(pdev),
			 job->ops->name);
		return -EIO;
	}
	ret = job->ops->act(pdev, &job->policy, step->text, sizeof(step->text));
	job->has_acted = !ret;
	if (ret || !job->ops->wait_link)
		return ret;
	fv_scope_unblock_config(scope);
	ret = job->ops->wait_link(pdev, &job->policy, step->text, sizeof(step->text));
	fv_scope_block_config(scope);
	return ret ?: fv_wait_ms(FV_READY_SETTLE_MS);
}

/*
 * Run one method on the scope; its users are fenced or blocked by memory_lock. Config accesses of
 * user space are blocked, but for waits that may take longer than PCI Express forbids them.
 */
static int fv_reset_try_locked(struct fv_reset_job *job)
{
	struct fv_reset_step *step = job->step;
	struct fv_scope *scope = &job->scope;
	struct fv_card *card = scope->dev->card;
	unsigned int i;
	int ret;

	step->is_tried = true;
	fv_card_reset_begin(card);
	for (i = 0; i < scope->nr_held; i++) {
		/* A function that was reset before, and is only verified now, may be clean. */
		if (scope->devices[i] && job->method != FV_RESET_VERIFY)
			fv_device_set_dirty(scope->devices[i]);
		fv_reset_stop_function(job, i);
	}
	if (fv_reset_is_at_port(job))
		fv_card_isolate(card);

	ret = fv_reset_phase(job, FV_PHASE_ACT, fv_reset_act(job));
	if (!ret) {
		fv_reset_shorten(job);
		ret = fv_reset_verify(job);
	}
	if (!ret && fv_reset_is_at_port(job))
		fv_reset_improve_link(job);
	if (!ret)
		ret = fv_reset_phase(job, FV_PHASE_READ_BACK, fv_reset_read_back(job));
	if (ret)
		fv_reset_restore_driverless(scope);
	if (fv_reset_is_at_port(job))
		fv_card_restore(card);
	fv_card_reset_end(card);
	return ret;
}

/**
 * fv_reset_step_run - Run and verify one reset method
 * @job: the reset, with the method and the step set
 *
 * Context: Process context, may sleep for the method's limits; under the device lock of the
 * device, and under vfio_device_set::lock if fv_scope_is_wide().
 * Return: 0 when the functions are ready. -EOPNOTSUPP if the method cannot be used, -EBUSY,
 * -EAGAIN or -EINTR as fv_scope_hold() and fv_fence_raise(), or -ENOMEM: nothing was touched, and
 * fv_reset_step::is_tried is false. After a try, -ESTALE for another identity, -EINTR, -ETIMEDOUT
 * or -EIO if the functions did not come back, -ENOMEM.
 */
int fv_reset_step_run(struct fv_reset_job *job)
{
	const char *why = job->ops->unavailable(job->scope.functions[0], &job->policy);
	struct fv_reset_step *step = job->step;
	int ret;

	if (why) {
		strscpy(step->text, why);
		fv_refusal_set(&step->refusal, FPGA_VFIO_REFUSAL_UNAVAILABLE,
			       pci_name(job->scope.functions[0]));
		return -EOPNOTSUPP;
	}
	ret = fv_reset_phase(job, FV_PHASE_HOLD, fv_reset_hold(job));
	if (ret)
		return ret;

	fv_scope_block_config(&job->scope);
	ret = fv_reset_prepare(job);
	if (ret) {
		fv_scope_unblock_config(&job->scope);
	} else {
		ret = fv_reset_try_locked(job);
		fv_reset_iommu_done(&job->scope);
		fv_scope_unblock_config(&job->scope);
		fv_reset_conclude(job, ret);
	}
	fv_reset_release(job);
	return ret;
}
