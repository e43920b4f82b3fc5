// SPDX-License-Identifier: GPL-2.0
/* Accesses of users to the functions of a reset scope: to BARs and to configuration space. */
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/vfio_pci_core.h>

#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/reset_scope_internal.h"
#include "object/device.h"

/**
 * fv_scope_wake - Runtime-resume all functions held, ignoring errors
 * @scope: the scope; fv_scope_allow_sleep() must follow
 *
 * Context: Process context, may sleep; not under memory_lock.
 */
void fv_scope_wake(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++)
		if (scope->devices[i])
			pm_runtime_get_sync(&scope->functions[i]->dev);
}

/**
 * fv_scope_allow_sleep - Undo fv_scope_wake()
 * @scope: the scope
 *
 * A device that is not ready stays awake: see fv_device_set_state().
 *
 * Context: Process context.
 */
void fv_scope_allow_sleep(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++)
		if (scope->devices[i])
			pm_runtime_put(&scope->functions[i]->dev);
}

/**
 * fv_scope_hold_memory - Block users' BAR access for all functions held
 * @scope: the scope
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep. Takes gate and memory_lock of each function.
 * Return: 0, -EAGAIN if a user is in an ioctl, -EBUSY if a user leaves no gap between its
 * accesses (a fence can still be raised), -EINTR when the process is being killed. After an
 * error no lock is held.
 */
int fv_scope_hold_memory(struct fv_scope *scope, char *text, size_t size)
{
	struct fv_device *dev = NULL;
	struct fv_wait wait;
	unsigned int i;
	int ret = 0;

	/* Close all gates before the first memory_lock: see fv_fence_close_gate(). */
	fv_wait_begin(&wait, FV_SCOPE_LOCK_LIMIT_MS);
	for (i = 0; i < scope->nr_held; i++) {
		dev = scope->devices[i];
		if (dev)
			ret = fv_fence_close_gate(dev, &wait);
		if (ret)
			goto err_gates;
	}
	for (i = 0; i < scope->nr_held; i++) {
		dev = scope->devices[i];
		if (!dev)
			continue;
		ret = fv_fence_lock_memory(dev, &wait);
		if (ret)
			goto err_memory;
		fv_fence_zap(dev);
	}
	return 0;

err_memory:
	if (ret == -EAGAIN)
		ret = -EBUSY;
	while (i--)
		if (scope->devices[i])
			fv_fence_unlock_memory(scope->devices[i]);
	i = scope->nr_held;
err_gates:
	snprintf(text, size, "accesses by the user of %s did not end",
		 pci_name(dev->core.pdev));
	fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_BUSY, dev->core.pdev);
	while (i--)
		if (scope->devices[i])
			fv_fence_open_gate(scope->devices[i]);
	return ret;
}

/**
 * fv_scope_release_memory - Undo fv_scope_hold_memory()
 * @scope: the scope
 *
 * Context: Process context.
 */
void fv_scope_release_memory(struct fv_scope *scope)
{
	unsigned int i = scope->nr_held;

	while (i--)
		if (scope->devices[i])
			fv_fence_unlock(scope->devices[i]);
}

/**
 * fv_scope_block_config - Block config accesses from user space
 * @scope: the scope, with VFIO users fenced or fv_scope_hold_memory() held
 *
 * Such accesses wait, unkillable, some with memory_lock held (see fv_scope_lock_memory()). Block
 * them while functions are accessed or may not be, not while the link or the functions are awaited.
 *
 * Context: Process context, may sleep.
 */
void fv_scope_block_config(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++)
		pci_cfg_access_lock(scope->functions[i]);
}

/**
 * fv_scope_unblock_config - Undo fv_scope_block_config()
 * @scope: the scope
 *
 * Context: Process context.
 */
void fv_scope_unblock_config(struct fv_scope *scope)
{
	unsigned int i = scope->nr_held;

	while (i--)
		pci_cfg_access_unlock(scope->functions[i]);
}

/**
 * fv_scope_lock_memory - Take memory_lock while config space is blocked
 * @scope: the scope, after fv_scope_block_config()
 * @i: index of a function with a device
 *
 * Config access is unblocked in between: a config write that the fence did not wait for may hold
 * memory_lock and wait for access.
 *
 * Context: Process context, may sleep. up_write() of memory_lock afterwards.
 */
void fv_scope_lock_memory(struct fv_scope *scope, unsigned int i)
{
	pci_cfg_access_unlock(scope->functions[i]);
	down_write(&scope->devices[i]->core.memory_lock);
	pci_cfg_access_lock(scope->functions[i]);
}
