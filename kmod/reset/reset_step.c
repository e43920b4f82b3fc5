// SPDX-License-Identifier: GPL-2.0
/*
 * One step of a reset: hold the reset scope, block its users, run one method, wait for
 * readiness, compare the identity, restore configuration and interrupts, record the result.
 */
#include <linux/ktime.h>
#include <linux/pci.h>

#include "base/compat.h"
#include "base/link_speed.h"
#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/history.h"
#include "object/observer.h"
#include "object/stats.h"
#include "pcie/msi.h"
#include "pcie/ready.h"
#include "reset/reset_step.h"

/* Report the end of a phase to the observers; returns @error. */
static int fv_reset_phase(struct fv_reset_job *job, enum fv_phase phase, int error)
{
	fv_observer_phase(job->scope.dev, job->method, phase, error);
	return error;
}

/* A virtual function in the scope of its physical function answers only after that is restored. */
static bool fv_reset_is_later(const struct fv_scope *scope, unsigned int i)
{
	return i && scope->functions[i]->is_virtfn;
}

static int fv_reset_wait_ready(struct fv_reset_job *job, bool is_later, struct fv_wait *wait)
{
	struct fv_reset_step *step = job->step;
	struct fv_scope *scope = &job->scope;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < scope->nr_held && !ret; i++) {
		if (fv_reset_is_later(scope, i) != is_later)
			continue;
		fv_scope_unblock_config(scope);
		ret = fv_ready_wait(scope->functions[i], wait);
		fv_scope_block_config(scope);
		if (ret == -ETIMEDOUT)
			snprintf(step->text, sizeof(step->text), "%s does not answer after %u ms",
				 pci_name(scope->functions[i]),
				 job->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
	}
	return ret;
}

/* Prefix the text with the function's address, unless it is the device's own. */
static void fv_reset_say(struct fv_reset_job *job, unsigned int i, const char *text)
{
	struct fv_reset_step *step = job->step;

	if (i && *text)
		snprintf(step->text, sizeof(step->text), "%s: %s",
			 pci_name(job->scope.functions[i]), text);
	else
		strscpy(step->text, text);
}

/* memory_lock: vfio_pci_core sets up the user's interrupts under it. */
static int fv_reset_restore_function(struct fv_reset_job *job, unsigned int i, char *text,
				     size_t size)
{
	struct fv_device *dev = job->scope.devices[i];
	int ret;

	if (dev && job->is_fencing)
		fv_scope_lock_memory(&job->scope, i);
	ret = fv_saved_state_restore(job->scope.functions[i], dev, text, size);
	if (dev && job->is_fencing)
		up_write(&dev->core.memory_lock);
	return ret;
}

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

static int fv_reset_restore_those(struct fv_reset_job *job, bool are_later)
{
	struct fv_scope *scope = &job->scope;
	char text[FV_REASON_SIZE] = "";
	unsigned int i;
	int ret = 0;

	for (i = 0; i < scope->nr_held && !ret; i++) {
		if (scope->devices[i] && fv_reset_is_later(scope, i) == are_later)
			ret = fv_saved_state_compare(scope->devices[i], text, sizeof(text));
		if (ret)
			fv_reset_say(job, i, text);
	}
	for (i = 0; i < scope->nr_held && !ret; i++) {
		if (fv_reset_is_later(scope, i) != are_later)
			continue;
		ret = fv_reset_restore_function(job, i, text, sizeof(text));
		if (ret)
			fv_reset_say(job, i, text);
	}
	return ret;
}

static int fv_reset_restore(struct fv_reset_job *job, struct fv_wait *wait)
{
	int ret = fv_reset_restore_those(job, false);

	if (!ret)
		ret = fv_reset_wait_ready(job, true, wait);
	return ret ?: fv_reset_restore_those(job, true);
}

static int fv_reset_wait_design(struct fv_reset_job *job, struct fv_wait *wait)
{
	struct fv_scope *scope = &job->scope;
	char text[FV_REASON_SIZE] = "";
	struct fv_policy policy;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < scope->nr_held && !ret; i++) {
		if (!scope->devices[i])
			continue;
		fv_device_policy(scope->devices[i], &policy);
		if (!policy.ready.mask)
			continue;
		fv_scope_unblock_config(scope);
		ret = fv_ready_wait_register(scope->functions[i], &policy.ready, wait, text,
					     sizeof(text));
		fv_scope_block_config(scope);
		if (ret)
			fv_reset_say(job, i, text);
	}
	return ret;
}

/*
 * User space may have written to configuration space while it was not blocked: restore what it
 * changed. Returns @error if it changed nothing. The caller holds memory_lock.
 */
static int fv_reset_restore_changed(struct fv_reset_job *job, unsigned int i, int error,
				    char *text, size_t size)
{
	struct pci_dev *pdev = job->scope.functions[i];
	struct fv_device *dev = job->scope.devices[i];

	if (fv_saved_state_is_intact(dev))
		return error;
	if (!fv_ready_is_answering(pdev)) {
		snprintf(text, size, "%s no longer responds", pci_name(pdev));
		return -EIO;
	}
	pci_info(pdev, "configuration changed during the reset, restored again\n");
	return fv_saved_state_restore(pdev, dev, text, size) ?: fv_msi_restore(pdev, text, size);
}

/* memory_lock: vfio_pci_core sets up the user's interrupts under it. */
static int fv_reset_restore_msi(struct fv_reset_job *job, unsigned int i, char *text, size_t size)
{
	struct fv_device *dev = job->scope.devices[i];
	int ret;

	if (job->is_fencing)
		fv_scope_lock_memory(&job->scope, i);
	ret = fv_msi_restore(job->scope.functions[i], text, size);
	if (ret)
		ret = fv_reset_restore_changed(job, i, ret, text, size);
	if (job->is_fencing)
		up_write(&dev->core.memory_lock);
	return ret;
}

/*
 * A ready register has shown before that the design takes writes. Without one the MSI-X table
 * shows it: retry until the limit.
 */
static int fv_reset_wait_msi_function(struct fv_reset_job *job, unsigned int i,
				      struct fv_wait *wait, char *text, size_t size)
{
	struct pci_dev *pdev = job->scope.functions[i];
	struct fv_policy policy;
	int ret, error;

	fv_device_policy(job->scope.devices[i], &policy);
	for (;;) {
		ret = fv_reset_restore_msi(job, i, text, size);
		if (!ret)
			return 0;
		if (!fv_ready_is_answering(pdev)) {
			snprintf(text, size, "%s no longer responds", pci_name(pdev));
			return ret;
		}
		if (policy.ready.mask)
			return ret;
		fv_scope_unblock_config(&job->scope);
		error = fv_wait_pause(wait);
		fv_scope_block_config(&job->scope);
		if (error)
			return error == -EINTR ? error : ret;
	}
}

/* Unbound functions have no interrupts. */
static int fv_reset_wait_msi(struct fv_reset_job *job, struct fv_wait *wait)
{
	struct fv_scope *scope = &job->scope;
	char text[FV_REASON_SIZE] = "";
	unsigned int i;
	int ret = 0;

	for (i = 0; i < scope->nr_held && !ret; i++) {
		if (!scope->devices[i])
			continue;
		ret = fv_reset_wait_msi_function(job, i, wait, text, sizeof(text));
		if (ret)
			fv_reset_say(job, i, text);
	}
	return ret;
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

static int fv_reset_verify(struct fv_reset_job *job)
{
	struct fv_wait wait;
	int ret;

	fv_reset_shorten(job);
	fv_wait_begin(&wait, job->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
	ret = fv_reset_phase(job, FV_PHASE_READY, fv_reset_wait_ready(job, false, &wait));
	if (!ret)
		ret = fv_reset_phase(job, FV_PHASE_RESTORE, fv_reset_restore(job, &wait));
	if (!ret)
		ret = fv_reset_phase(job, FV_PHASE_DESIGN, fv_reset_wait_design(job, &wait));
	if (!ret)
		ret = fv_reset_phase(job, FV_PHASE_MSI, fv_reset_wait_msi(job, &wait));
	return ret;
}

/* After the last time that configuration space was not blocked. */
static int fv_reset_read_back(struct fv_reset_job *job)
{
	struct fv_scope *scope = &job->scope;
	char text[FV_REASON_SIZE] = "";
	struct fv_device *dev;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < scope->nr_held && !ret; i++) {
		dev = scope->devices[i];
		if (!dev)
			continue;
		if (job->is_fencing)
			fv_scope_lock_memory(scope, i);
		ret = fv_reset_restore_changed(job, i, 0, text, sizeof(text));
		if (job->is_fencing)
			up_write(&dev->core.memory_lock);
		if (ret)
			fv_reset_say(job, i, text);
		else
			fv_saved_state_restored(dev);
	}
	return ret;
}

/*
 * No driver recovers an unbound function later: restore it, as far as possible, also when
 * the reset of the card failed.
 */
static void fv_reset_restore_driverless(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++)
		if (!scope->devices[i] && fv_ready_is_answering(scope->functions[i]))
			fv_saved_state_restore(scope->functions[i], NULL, NULL, 0);
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

/* Verified for its next user, as its last close has reset it? */
static bool fv_reset_is_skipped(const struct fv_reset_job *job)
{
	return job->ops && job->ops->is_verify_only && job->request->is_set_locked;
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
		snprintf(step->text, sizeof(step->text), "%s does not answer, so %s cannot reset it",
			 pci_name(pdev), job->ops->name);
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
	if (!ret)
		ret = fv_reset_verify(job);
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

static void fv_reset_count_step(struct fv_reset_job *job, struct fv_device *dev)
{
	const struct fv_reset_step *step = job->step;

	if (fv_reset_is_skipped(job) && !step->error)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_SKIPPED);
	if (job->ops->is_verify_only)
		return;
	fv_stats_inc(dev->stats, fv_reset_method_counter(job->ops->counter, !step->error));
	if (!step->error)
		fv_stats_reset_took(dev->stats, step->duration_ns);
}

/* After an error the user stays behind the fence. */
static void fv_reset_conclude_fence(struct fv_reset_job *job, struct fv_device *dev)
{
	if (job->is_fencing && !job->step->error) {
		fv_fence_lower(dev);
	} else if (job->is_fencing) {
		down_write(&dev->core.memory_lock);
		fv_fence_raise_locked(dev);
		up_write(&dev->core.memory_lock);
	} else if (job->step->error) {
		fv_fence_raise_locked(dev);
	} else {
		fv_fence_lower_locked(dev);
	}
}

/**
 * fv_reset_step_note - Record the result of a step in the history
 * @job: the reset; without a method if it was refused before
 * @dev: the device
 * @error: 0 or negative errno
 * @duration_ns: duration of the step
 * @text: error text
 *
 * A verify-only step is not recorded as a reset, but as a verification at open or as a recovery.
 *
 * Context: Process context.
 */
void fv_reset_step_note(struct fv_reset_job *job, struct fv_device *dev, int error,
			u64 duration_ns, const char *text)
{
	bool is_verify_only = job->ops && job->ops->is_verify_only;

	fv_history_add(dev, &(struct fv_event) {
		.kind = fv_reset_is_skipped(job) ? FPGA_VFIO_EVENT_KIND_VERIFY :
			is_verify_only ? FPGA_VFIO_EVENT_KIND_RECOVER : FPGA_VFIO_EVENT_KIND_RESET,
		.origin = job->request->origin,
		.method = is_verify_only || !job->ops ? FV_METHOD_NONE : (int)job->method,
		.error = error,
		.duration_ns = duration_ns,
	}, "%s", text);
}

static void fv_reset_conclude_device(struct fv_reset_job *job, struct fv_device *dev)
{
	const struct fv_reset_step *step = job->step;
	int error = step->error;

	fv_reset_conclude_fence(job, dev);
	fv_reset_count_step(job, dev);
	fv_reset_step_note(job, dev, error, step->duration_ns, step->text);

	if (!error)
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_READY, job->request->origin,
				    "%s", "");
	else
		fv_device_set_state(dev, error == -ESTALE ? FPGA_VFIO_CARD_STATE_CHANGED :
				    FPGA_VFIO_CARD_STATE_FAILED, job->request->origin,
				    "%s", step->text);
}

static void fv_reset_conclude(struct fv_reset_job *job, int error)
{
	struct fv_reset_step *step = job->step;
	unsigned int i;

	if (error && !*step->text)
		snprintf(step->text, sizeof(step->text),
			 error == -EINTR ? "it was interrupted" : "error %d", error);
	step->error = error;
	step->duration_ns = ktime_get_ns() - job->began_ns;
	for (i = 0; i < job->scope.nr_held; i++)
		if (job->scope.devices[i])
			fv_reset_conclude_device(job, job->scope.devices[i]);
}

/* Lower the fence of devices that are ready. */
static void fv_reset_unfence(struct fv_reset_job *job)
{
	struct fv_device *dev;
	unsigned int i;

	for (i = 0; i < job->scope.nr_held; i++) {
		dev = job->scope.devices[i];
		if (dev && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
			fv_fence_lower(dev);
	}
}

static int fv_reset_fence(struct fv_reset_job *job)
{
	struct fv_reset_step *step = job->step;
	struct fv_device *dev;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < job->scope.nr_held && !ret; i++) {
		dev = job->scope.devices[i];
		if (!dev)
			continue;
		ret = fv_fence_raise(dev);
		if (!ret)
			continue;
		snprintf(step->text, sizeof(step->text),
			 "accesses by the user of %s did not end",
			 pci_name(dev->core.pdev));
		fv_refusal_set(&job->scope.refusal, FPGA_VFIO_REFUSAL_BUSY,
			       pci_name(dev->core.pdev));
	}
	if (ret) {
		fv_reset_unfence(job);
		return ret;
	}
	/* Revoke dma-bufs before the functions are touched. */
	for (i = 0; i < job->scope.nr_held; i++)
		if (job->scope.devices[i])
			fv_fence_revoke(job->scope.devices[i]);
	return 0;
}

/* memory_lock of all functions is held, so that the lists of dma-bufs are stable. */
static bool fv_reset_has_dma_bufs(struct fv_reset_job *job)
{
	struct fv_device *dev;
	unsigned int i;

	for (i = 0; i < job->scope.nr_held; i++) {
		dev = job->scope.devices[i];
		if (!dev)
			continue;
		lockdep_assert_held_write(&dev->core.memory_lock);
		if (dev->fence.is_open && fv_compat_has_dma_bufs(&dev->core))
			return true;
	}
	return false;
}

/* Users that leave no gap between their accesses, or have dma-bufs, need the fence. */
static int fv_reset_hold_memory(struct fv_reset_job *job)
{
	struct fv_reset_step *step = job->step;
	int ret;

	ret = fv_scope_hold_memory(&job->scope, step->text, sizeof(step->text));
	if (ret == -EBUSY) {
		*step->text = '\0';
		job->is_fencing = true;
		return 0;
	}
	if (!ret && fv_reset_has_dma_bufs(job)) {
		/* vfio_pci_core takes memory_lock to revoke them. */
		fv_scope_release_memory(&job->scope);
		job->is_fencing = true;
	}
	return ret;
}

static int fv_reset_hold(struct fv_reset_job *job)
{
	struct fv_reset_step *step = job->step;
	struct fv_scope *scope = &job->scope;
	int ret;

	ret = fv_scope_hold(scope, job->ops->is_card, step->text, sizeof(step->text));
	if (ret) {
		strscpy(step->holders, scope->holders);
		step->refusal = scope->refusal;
		return ret;
	}
	fv_scope_wake(scope);
	if (!job->is_fencing)
		ret = fv_reset_hold_memory(job);
	if (!ret && job->is_fencing)
		ret = fv_reset_fence(job);
	if (ret) {
		step->refusal = scope->refusal;
		fv_scope_allow_sleep(scope);
	}
	return ret;
}

static void fv_reset_release(struct fv_reset_job *job)
{
	if (job->is_fencing)
		fv_reset_unfence(job);
	else
		fv_scope_release_memory(&job->scope);
	fv_scope_allow_sleep(&job->scope);
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
