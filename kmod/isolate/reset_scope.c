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
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pid.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/reset_scope.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"
#include "pcie/bus.h"

/*
 * Limit for trylock loops: longer than a page fault or a config access takes, short enough
 * for a refusal.
 */
#define FV_SCOPE_LOCK_LIMIT_MS	1000

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

static void fv_scope_refuse(struct fv_scope *scope, enum fpga_vfio_refusal reason,
			    struct pci_dev *pdev)
{
	fv_refusal_set(&scope->refusal, reason, pci_name(pdev));
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
 * lock, -EINTR when the process is being killed.
 */
int fv_scope_begin(struct fv_scope *scope, struct fv_device *dev, char *text, size_t size)
{
	int ret = fv_scope_lock_function(dev->core.pdev, text, size);

	if (ret) {
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_BUSY, dev->core.pdev);
		return ret;
	}

	scope->dev = dev;
	scope->functions[0] = pci_dev_get(dev->core.pdev);
	scope->devices[0] = dev;
	scope->nr = 1;
	scope->nr_held = 1;
	scope->lock_limit_ms = FV_SCOPE_LOCK_LIMIT_MS;
	return 0;
}

struct fv_scope_walk {
	struct fv_scope *scope;
	unsigned int nr_left_out;
};

static void fv_scope_add(struct fv_scope_walk *walk, struct pci_dev *pdev)
{
	struct fv_scope *scope = walk->scope;

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

/*
 * May the user of one function reset the other? Processes are not compared, as one may have opened
 * both for others. The same user has the same iommufd context, as in VFIO; or, without iommufd, the
 * same IOMMU group or the same paging domain. Domains that do not translate are shared by unrelated
 * users. A process with one container per function, as for a guest with a vIOMMU, counts as two.
 */
static bool fv_scope_is_same_user(struct fv_device *a, struct fv_device *b)
{
	struct device *device_a = &a->core.pdev->dev, *device_b = &b->core.pdev->dev;
	struct iommufd_ctx *ictx = vfio_iommufd_device_ictx(&a->core.vdev);
	struct iommu_domain *domain;

	if (ictx || vfio_iommufd_device_ictx(&b->core.vdev))
		return ictx == vfio_iommufd_device_ictx(&b->core.vdev);
	if (device_a->iommu_group && device_a->iommu_group == device_b->iommu_group)
		return true;
	domain = iommu_get_domain_for_dev(device_a);
	return domain && domain->type & __IOMMU_DOMAIN_PAGING &&
	       domain == iommu_get_domain_for_dev(device_b);
}

/*
 * Virtual functions of a function that is not ready do not work for their users and drivers
 * anyway: its reset costs them nothing and recovers them.
 */
static bool fv_scope_is_free(struct fv_scope *scope, unsigned int i)
{
	return scope->functions[i]->is_virtfn &&
	       fv_device_state(scope->dev) != FPGA_VFIO_CARD_STATE_READY;
}

/* -EBUSY for a bridge, or for a function bound to another driver. */
static int fv_scope_check_driver(struct fv_scope *scope, unsigned int i, char *text, size_t size)
{
	struct pci_dev *pdev = scope->functions[i];

	if (pdev->subordinate) {
		snprintf(text, size, "%s has a bus below it", pci_name(pdev));
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_TOPOLOGY, pdev);
		return -EBUSY;
	}
	if (!scope->devices[i] && pdev->dev.driver && !fv_scope_is_free(scope, i)) {
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_DRIVER, pdev);
		/* A plan does not hold the device lock: the driver may unbind here. */
		strscpy(scope->refusal.driver, dev_driver_string(&pdev->dev));
		snprintf(text, size, "%s is bound to %s", pci_name(pdev), scope->refusal.driver);
		return -EBUSY;
	}
	return 0;
}

/* All users may read @text, so it names no process; scope->holders does. */
static void fv_scope_tell_held(struct fv_scope *scope, struct fv_device *dev, bool is_first,
			       char *text, size_t size)
{
	size_t at = is_first ? 0 : strlen(text);

	snprintf(text + at, size - at, is_first ? "%s is held by another VFIO user" : ", %s, too",
		 pci_name(dev->core.pdev));
	at = strlen(scope->holders);
	snprintf(scope->holders + at, sizeof(scope->holders) - at,
		 is_first ? "%s is held by process %d" : ", %s by process %d",
		 pci_name(dev->core.pdev), pid_nr(dev->user));
	if (!is_first)
		return;
	fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_HELD, dev->core.pdev);
	scope->refusal.pid = pid_nr(dev->user);
}

/**
 * fv_scope_lock_own_set - Try for some time to take vfio_device_set::lock of a device
 * @dev: the device
 * @limit_ms: how long, in ms
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep.
 * Return: 0, then the caller unlocks it, -EAGAIN if another task keeps the lock, -EINTR when the
 * process is being killed.
 */
int fv_scope_lock_own_set(struct fv_device *dev, unsigned int limit_ms, char *text, size_t size)
{
	struct fv_wait wait;
	int ret;

	fv_wait_begin(&wait, limit_ms);
	while (!mutex_trylock(&dev->core.vdev.dev_set->lock)) {
		ret = fv_wait_pause(&wait);
		if (!ret)
			continue;
		snprintf(text, size, "%s is being opened, closed or reset",
			 pci_name(dev->core.pdev));
		return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	return 0;
}

/* fv_device::user is protected by the lock of the device's own set. */
static int fv_scope_lock_set(struct fv_scope *scope, struct fv_device *dev, char *text, size_t size)
{
	int ret;

	if (dev->core.vdev.dev_set == scope->dev->core.vdev.dev_set)
		return 0;
	ret = fv_scope_lock_own_set(dev, scope->lock_limit_ms, text, size);
	if (ret)
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_BUSY, dev->core.pdev);
	return ret;
}

static void fv_scope_unlock_set(struct fv_scope *scope, struct fv_device *dev)
{
	struct vfio_device_set *set = dev->core.vdev.dev_set;

	if (set != scope->dev->core.vdev.dev_set)
		mutex_unlock(&set->lock);
}

/* Check that a function has no user, or the same user as scope->dev. */
static int fv_scope_check_user(struct fv_scope *scope, unsigned int i, unsigned int *nr_others,
			       char *text, size_t size)
{
	/* Take a reference: in a plan no lock keeps the function bound. */
	struct fv_device *dev = fv_device_get(pci_name(scope->functions[i]));
	int ret;

	scope->devices[i] = dev;
	if (!dev)
		return 0;
	ret = fv_scope_lock_set(scope, dev, text, size);
	if (!ret) {
		scope->is_open[i] = dev->user;
		if (!scope->is_any_user && dev->user && !fv_scope_is_free(scope, i) &&
		    (!scope->dev->user || !fv_scope_is_same_user(dev, scope->dev)))
			fv_scope_tell_held(scope, dev, !(*nr_others)++, text, size);
		fv_scope_unlock_set(scope, dev);
	}
	fv_device_put(dev);
	return ret;
}

/*
 * Check drivers and users of all functions. @text and scope->holders list all functions of other
 * users, as far as they fit.
 */
static int fv_scope_check(struct fv_scope *scope, char *text, size_t size)
{
	unsigned int nr_others = 0, i;
	int ret = 0;

	scope->is_open[0] = READ_ONCE(scope->dev->user);
	if (scope->nr > 1)
		lockdep_assert_held(&scope->dev->core.vdev.dev_set->lock);
	for (i = 1; i < scope->nr && !ret; i++)
		ret = fv_scope_check_user(scope, i, &nr_others, text, size);
	if (!ret && nr_others)
		ret = -EBUSY;
	for (i = 0; i < scope->nr && (!ret || ret == -EBUSY); i++) {
		if (!fv_scope_check_driver(scope, i, text, size))
			continue;
		*scope->holders = '\0';
		ret = -EBUSY;
	}
	return ret;
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
 * Context: Process context, may sleep; if fv_scope_is_wide(), under vfio_device_set::lock, so
 * that none of the card's functions is opened or closed.
 * Return: 0, -EBUSY if a function is a bridge, is bound to another driver or has another user,
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
