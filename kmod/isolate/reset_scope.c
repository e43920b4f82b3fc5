// SPDX-License-Identifier: GPL-2.0
/*
 * Lock order:
 *   device lock of the function
 *   vfio_device_set::lock of its card
 *   device locks of the card's other functions (trylock)
 *   vfio_device_set::lock of a virtual function (trylock, one at a time)
 *   fv_fence::gate, then memory_lock, of each function (trylock, but for the first function
 *   and behind the fence)
 *   pci_cfg_access_lock() of each function
 *
 * vfio_pci_core takes memory_lock inside the set lock, and only tries device locks inside either.
 * Under memory_lock it waits for config access, as does each config write of a user, and for
 * importers of dma-bufs. To mask INTx it takes memory_lock, then igate, of one function: all gates
 * are closed before the first memory_lock is taken.
 *
 * A virtual function is alone in its set. To hold its device lock is enough to keep it from
 * being opened.
 */
#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/reset_scope_internal.h"
#include "isolate/vf.h"
#include "object/device.h"
#include "pcie/bus.h"

/* For a plan, of which each method has its own: its caller holds locks of generic netlink. */
#define FV_SCOPE_PREVIEW_LIMIT_MS	20

/**
 * fv_scope_lock_function - Try for a second to lock a function
 * @pdev: the function
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep.
 * Return: 0, then the caller calls device_unlock(), -EAGAIN if another task keeps the device
 * lock, -EINTR when the process is being killed.
 */
int fv_scope_lock_function(struct pci_dev *pdev, char *text, size_t size)
{
	struct fv_wait wait;
	int ret;

	fv_wait_begin(&wait, FV_SCOPE_LOCK_LIMIT_MS);
	while (!device_trylock(&pdev->dev)) {
		ret = fv_wait_pause(&wait);
		if (!ret)
			continue;
		snprintf(text, size, "%s is being bound, unbound or reset", pci_name(pdev));
		return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	return 0;
}

/**
 * fv_scope_begin - Begin a reset scope with one function
 * @scope: the scope
 * @dev: device of the function; the caller keeps it from going away
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep.
 * Return: 0, then the caller calls fv_scope_end(), -EAGAIN if another task keeps the device
 * lock, or the device is leaving, -EINTR when the process is being killed.
 */
int fv_scope_begin(struct fv_scope *scope, struct fv_device *dev, char *text, size_t size)
{
	int ret = fv_scope_lock_function(dev->core.pdev, text, size);

	if (!ret && fv_scope_is_leaving(dev, text, size)) {
		device_unlock(&dev->core.pdev->dev);
		ret = -EAGAIN;
	}
	if (ret) {
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_BUSY, dev->core.pdev);
		return ret;
	}

	scope->dev = dev;
	scope->functions[0] = pci_dev_get(dev->core.pdev);
	scope->devices[0] = dev;
	scope->nr = 1;
	scope->nr_held = 1;
	scope->lock_limit_ms = scope->is_unused_only ? FV_SCOPE_BRIEF_LIMIT_MS :
						       FV_SCOPE_LOCK_LIMIT_MS;
	return 0;
}

struct fv_scope_walk {
	struct fv_scope *scope;
	unsigned int nr_left_out;
};

static void fv_scope_add(struct fv_scope_walk *walk, struct pci_dev *pdev)
{
	struct fv_scope *scope = walk->scope;
	unsigned int i;

	/* A walk begins anew when the function that it is at leaves. */
	for (i = 0; i < scope->nr; i++)
		if (scope->functions[i] == pdev)
			return;
	if (scope->nr == FV_SCOPE_MAX) {
		walk->nr_left_out++;
		return;
	}
	scope->devices[scope->nr] = NULL;
	scope->is_open[scope->nr] = false;
	scope->functions[scope->nr++] = pci_dev_get(pdev);
}

static void fv_scope_add_vfs(struct fv_scope_walk *walk, struct pci_dev *pf)
{
	struct pci_dev *vf = NULL;

	while ((vf = fv_vf_next(pf, vf)))
		fv_scope_add(walk, vf);
}

/* fv_scope_add_vfs() adds virtual functions, which may be on other buses. */
static void fv_scope_add_others(struct fv_scope_walk *walk)
{
	struct pci_dev *first = walk->scope->functions[0], *pdev = NULL;

	while ((pdev = fv_bus_next(first->bus, pdev))) {
		if (pdev == first || pdev->is_virtfn)
			continue;
		if (pdev->bus == first->bus)
			fv_scope_add(walk, pdev);
		else
			walk->nr_left_out++;
	}
}

static int fv_scope_tell_too_many(struct fv_scope *scope, char *text, size_t size)
{
	snprintf(text, size, "%s has buses, or more than %d functions, below it",
		 pci_name(scope->functions[0]->bus->self), FV_SCOPE_MAX);
	fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_TOPOLOGY, scope->functions[0]->bus->self);
	return -EOPNOTSUPP;
}

/*
 * Collect the device's own function, its virtual functions, and then all others below the port,
 * without the virtual functions of these.
 */
static int fv_scope_collect(struct fv_scope *scope, bool is_card, char *text, size_t size)
{
	struct fv_scope_walk walk = { .scope = scope };
	struct pci_dev *pdev = scope->functions[0];

	*scope->holders = '\0';
	scope->refusal = (struct fv_refusal) {};
	if (is_card && (pdev->is_virtfn || !pdev->bus->self)) {
		snprintf(text, size, "%s has no port above it", pci_name(pdev));
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_NO_PORT, pdev);
		return -EOPNOTSUPP;
	}

	fv_scope_add_vfs(&walk, pdev);
	if (walk.nr_left_out) {
		snprintf(text, size, "%s has more than %d virtual functions", pci_name(pdev),
			 FV_SCOPE_MAX - 1);
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_TOPOLOGY, pdev);
		return -EOPNOTSUPP;
	}
	if (!is_card)
		return 0;

	fv_scope_add_others(&walk);
	return walk.nr_left_out ? fv_scope_tell_too_many(scope, text, size) : 0;
}

/* VFs of the other functions: they may come and go until the PFs' device locks are held. */
static int fv_scope_collect_vfs(struct fv_scope *scope, char *text, size_t size)
{
	struct fv_scope_walk walk = { .scope = scope };
	unsigned int nr = scope->nr, i;

	for (i = 1; i < nr; i++)
		if (!scope->functions[i]->is_virtfn)
			fv_scope_add_vfs(&walk, scope->functions[i]);
	return walk.nr_left_out ? fv_scope_tell_too_many(scope, text, size) : 0;
}

static void fv_scope_shrink(struct fv_scope *scope, unsigned int nr)
{
	while (scope->nr > nr) {
		scope->nr--;
		if (scope->nr < scope->nr_held)
			device_unlock(&scope->functions[scope->nr]->dev);
		pci_dev_put(scope->functions[scope->nr]);
	}
	scope->nr_held = min(scope->nr_held, nr);
}

/**
 * fv_scope_is_wide - Check whether a reset affects other functions
 * @dev: the device
 * @is_card: the reset affects all functions of the card
 *
 * Context: Process context; the result is stable under the device lock.
 * Return: True if fv_scope_hold() needs vfio_device_set::lock.
 */
bool fv_scope_is_wide(struct fv_device *dev, bool is_card)
{
	return is_card || pci_num_vf(dev->core.pdev);
}

static int fv_scope_lock_functions(struct fv_scope *scope, char *text, size_t size)
{
	struct pci_dev *pdev;
	int ret;

	while (scope->nr_held < scope->nr) {
		pdev = scope->functions[scope->nr_held];
		ret = fv_scope_lock_function(pdev, text, size);
		if (ret) {
			fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_BUSY, pdev);
			return ret;
		}
		scope->nr_held++;
	}
	return 0;
}

/**
 * fv_scope_hold - Hold the whole reset scope
 * @scope: the scope, after fv_scope_begin()
 * @is_card: all functions of the card; else the device's own and its virtual functions
 * @text: error text
 * @size: size of @text
 *
 * With fv_scope::is_unused_only no function has a VFIO user, and none gets one before
 * fv_scope_end(), also after vfio_device_set::lock is released: each open needs the device lock.
 *
 * Context: Process context, may sleep; if fv_scope_is_wide() or fv_scope::is_unused_only, under
 * vfio_device_set::lock, so that none of the card's functions is opened or closed.
 * Return: 0, -EBUSY if a function is a bridge, is bound to another driver or has another user, or
 * any with fv_scope::is_unused_only,
 * -EOPNOTSUPP if there is no port or there are too many functions or buses, -EAGAIN if a function
 * is being bound, reset, opened or closed, -EINTR when the process is being killed. After an error
 * only the device's own function is held.
 */
int fv_scope_hold(struct fv_scope *scope, bool is_card, char *text, size_t size)
{
	int ret;

	fv_scope_shrink(scope, 1);
	ret = fv_scope_collect(scope, is_card, text, size);
	if (!ret)
		ret = fv_scope_lock_functions(scope, text, size);
	if (!ret)
		ret = fv_scope_collect_vfs(scope, text, size);
	if (!ret)
		ret = fv_scope_lock_functions(scope, text, size);
	if (!ret)
		ret = fv_scope_check(scope, text, size);
	if (ret)
		fv_scope_shrink(scope, 1);
	return ret;
}

/**
 * fv_scope_end - Release a reset scope
 * @scope: the scope
 *
 * Context: Process context.
 */
void fv_scope_end(struct fv_scope *scope)
{
	fv_scope_shrink(scope, 0);
}

/**
 * fv_scope_preview - Preview a reset scope without holding it
 * @scope: the scope; fv_scope_end() must follow, also after an error
 * @dev: the device; the caller keeps it from going away
 * @is_card: all functions of the card; else the device's own and its virtual functions
 * @text: why a reset would be refused
 * @size: size of @text
 *
 * Other tasks may bind and unbind the functions meanwhile: the result is for display only.
 *
 * Context: Process context, may sleep; under vfio_device_set::lock.
 * Return: 0 or an error of fv_scope_hold().
 */
int fv_scope_preview(struct fv_scope *scope, struct fv_device *dev, bool is_card, char *text,
		     size_t size)
{
	int ret;

	lockdep_assert_held(&dev->core.vdev.dev_set->lock);

	scope->dev = dev;
	scope->functions[0] = pci_dev_get(dev->core.pdev);
	scope->devices[0] = dev;
	scope->nr = 1;
	scope->nr_held = 0;
	if (!scope->lock_limit_ms)
		scope->lock_limit_ms = FV_SCOPE_PREVIEW_LIMIT_MS;
	ret = fv_scope_collect(scope, is_card, text, size);
	if (!ret)
		ret = fv_scope_collect_vfs(scope, text, size);
	return ret ?: fv_scope_check(scope, text, size);
}

/**
 * fv_scope_check_users - Check whether virtual functions prevent a reset
 * @dev: the device; the caller keeps it from going away
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep; under vfio_device_set::lock.
 * Return: 0, also without virtual functions, -ENOMEM, or an error of fv_scope_preview().
 */
int fv_scope_check_users(struct fv_device *dev, char *text, size_t size)
{
	struct fv_scope *scope __free(kfree) = NULL;
	int ret;

	if (!pci_num_vf(dev->core.pdev))
		return 0;
	scope = kzalloc_obj(*scope);
	if (!scope)
		return -ENOMEM;
	scope->lock_limit_ms = FV_SCOPE_LOCK_LIMIT_MS;
	ret = fv_scope_preview(scope, dev, false, text, size);
	fv_scope_end(scope);
	return ret;
}
