// SPDX-License-Identifier: GPL-2.0
/* Users of the functions in a reset scope: blocked, or behind the fence, while a method runs. */
#include <linux/pci.h>

#include "base/compat.h"
#include "isolate/fence.h"
#include "object/device.h"
#include "reset/reset_step_internal.h"

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

/**
 * fv_reset_try_set - Try to take vfio_device_set::lock of the device
 * @job: the reset, with is_unused_only, and the step set
 *
 * Its holder may be an open, which tries the device lock that is held here for a second: give up
 * well before that, so that the new user gets the device.
 *
 * Context: Process context, may sleep for fv_scope::lock_limit_ms; under the device lock.
 * Return: 0, then the caller unlocks it, or an error of fv_scope_lock_own_set(), with its text and
 * refusal in the step.
 */
int fv_reset_try_set(struct fv_reset_job *job)
{
	struct fv_reset_step *step = job->step;
	int ret = fv_scope_lock_own_set(job->scope.dev, job->scope.lock_limit_ms, step->text,
					sizeof(step->text));

	if (ret)
		fv_refusal_set(&step->refusal, FPGA_VFIO_REFUSAL_BUSY,
			       pci_name(job->scope.functions[0]));
	return ret;
}

/*
 * A method that affects one function needs vfio_device_set::lock only to see whether an open has
 * just set fv_device::user: afterwards the device lock is enough.
 */
static int fv_reset_hold_scope(struct fv_reset_job *job)
{
	bool is_brief = job->request->is_unused_only && !job->is_set_locked;
	struct fv_reset_step *step = job->step;
	struct fv_scope *scope = &job->scope;
	int ret = is_brief ? fv_reset_try_set(job) : 0;

	if (ret)
		return ret;
	ret = fv_scope_hold(scope, job->ops->is_card, step->text, sizeof(step->text));
	if (is_brief)
		mutex_unlock(&scope->dev->core.vdev.dev_set->lock);
	if (ret) {
		strscpy(step->holders, scope->holders);
		step->refusal = scope->refusal;
	}
	return ret;
}

/**
 * fv_reset_hold - Hold the reset scope of a method and its users
 * @job: the reset, after fv_scope_begin(), with the method and the step set
 *
 * Sets fv_reset_job::is_fencing for users that need the fence.
 *
 * Context: Process context, may sleep; as fv_scope_hold().
 * Return: 0, then the caller calls fv_reset_release(), or an error of fv_reset_try_set(),
 * fv_scope_hold(), fv_scope_hold_memory() or fv_fence_raise(), with its text in the step.
 */
int fv_reset_hold(struct fv_reset_job *job)
{
	struct fv_scope *scope = &job->scope;
	int ret;

	ret = fv_reset_hold_scope(job);
	if (ret)
		return ret;
	fv_scope_wake(scope);
	if (!job->is_fencing)
		ret = fv_reset_hold_memory(job);
	if (!ret && job->is_fencing)
		ret = fv_reset_fence(job);
	if (ret) {
		job->step->refusal = scope->refusal;
		fv_scope_allow_sleep(scope);
	}
	return ret;
}

/**
 * fv_reset_release - Undo fv_reset_hold() for users
 * @job: the reset; users of devices that are not ready stay behind the fence
 *
 * Context: Process context.
 */
void fv_reset_release(struct fv_reset_job *job)
{
	if (job->is_fencing)
		fv_reset_unfence(job);
	else
		fv_scope_release_memory(&job->scope);
	fv_scope_allow_sleep(&job->scope);
}
