// SPDX-License-Identifier: GPL-2.0
/*
 * After a method has acted: wait for readiness, compare the identity, restore configuration and
 * interrupts, and read them back.
 */
#include <linux/pci.h>

#include "base/wait.h"
#include "isolate/saved_state.h"
#include "object/device.h"
#include "pcie/msi.h"
#include "pcie/ready.h"
#include "reset/reset_step_internal.h"

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

/**
 * fv_reset_verify - Wait for, compare and restore the functions
 * @job: the reset; the limits of its policy begin now
 *
 * Context: Process context, may sleep; with the scope held and config space blocked, which is
 * unblocked while the functions are awaited.
 * Return: 0, or an error of fv_reset_step_run() after a try; the step's text may say why.
 */
int fv_reset_verify(struct fv_reset_job *job)
{
	struct fv_wait wait;
	int ret;

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

/**
 * fv_reset_read_back - Read the configuration back, and restore what has changed
 * @job: the reset, after fv_reset_verify() and the last time that config space was not blocked
 *
 * Context: Process context, may sleep; with the scope held and config space blocked.
 * Return: 0, or -EIO if a function does not keep its configuration or no longer responds.
 */
int fv_reset_read_back(struct fv_reset_job *job)
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
		if (ret) {
			fv_reset_say(job, i, text);
		} else {
			fv_saved_state_restored(dev);
			fv_device_set_awake(dev);
		}
	}
	return ret;
}

/**
 * fv_reset_restore_driverless - Restore unbound functions after a reset that failed
 * @scope: the reset scope
 *
 * No driver recovers them later: as far as possible.
 *
 * Context: Process context, may sleep; with the scope held and config space blocked.
 */
void fv_reset_restore_driverless(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++)
		if (!scope->devices[i] && fv_ready_is_answering(scope->functions[i]))
			fv_saved_state_restore(scope->functions[i], NULL, NULL, 0);
}
