// SPDX-License-Identifier: GPL-2.0
/* Users and drivers of the functions in a reset scope, and whether they keep it from being held. */
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/pid.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/reset_scope_internal.h"
#include "object/device.h"

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
 * anyway: its reset costs them nothing and recovers them. The caller may protect them all the same:
 * fv_scope::is_unused_only.
 */
static bool fv_scope_is_free(struct fv_scope *scope, unsigned int i)
{
	return scope->functions[i]->is_virtfn &&
	       fv_device_state(scope->dev) != FPGA_VFIO_CARD_STATE_READY;
}

/*
 * -EBUSY for a bridge, or for a function bound to another driver, which may be vfio-pci with a
 * user: with is_unused_only none is free.
 */
static int fv_scope_check_driver(struct fv_scope *scope, unsigned int i, char *text, size_t size)
{
	struct pci_dev *pdev = scope->functions[i];

	if (pdev->subordinate) {
		snprintf(text, size, "%s has a bus below it", pci_name(pdev));
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_TOPOLOGY, pdev);
		return -EBUSY;
	}
	if (!scope->devices[i] && pdev->dev.driver &&
	    (scope->is_unused_only || !fv_scope_is_free(scope, i))) {
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_DRIVER, pdev);
		/* A plan does not hold the device lock: the driver may unbind here. */
		strscpy(scope->refusal.driver, dev_driver_string(&pdev->dev));
		snprintf(text, size, "%s is bound to %s", pci_name(pdev), scope->refusal.driver);
		return -EBUSY;
	}
	return 0;
}

/*
 * All users may read @text, so it names no process; scope->holders does. @text goes into an extack:
 * it names the first function, and counts the others.
 */
static void fv_scope_tell_held(struct fv_scope *scope, struct fv_device *dev,
			       unsigned int nr_before, char *text, size_t size)
{
	const char *which = scope->is_unused_only ? "a" : "another";
	size_t at = strlen(scope->holders);

	snprintf(scope->holders + at, sizeof(scope->holders) - at,
		 nr_before ? ", %s by process %d" : "%s is held by process %d",
		 pci_name(dev->core.pdev), pid_nr(dev->user));
	if (nr_before) {
		snprintf(text, size, "%s is held by %s VFIO user, and %u more",
			 scope->refusal.object, which, nr_before);
		return;
	}
	snprintf(text, size, "%s is held by %s VFIO user", pci_name(dev->core.pdev), which);
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

/**
 * fv_scope_is_leaving - Is a device being unbound or shut down?
 * @dev: the device
 * @text: error text, if so
 * @size: size of @text
 *
 * After a shutdown it stays bound, behind the fence: no reset gives it back to its user, or takes
 * the link down, before the next kernel begins.
 *
 * Context: Any. Stable under the device lock.
 * Return: True if so.
 */
bool fv_scope_is_leaving(struct fv_device *dev, char *text, size_t size)
{
	if (!READ_ONCE(dev->is_leaving))
		return false;
	snprintf(text, size, "%s is being unbound or shut down", pci_name(dev->core.pdev));
	return true;
}

/* May a reset hit the user of a function, under the lock of its set? */
static bool fv_scope_is_allowed(struct fv_scope *scope, struct fv_device *dev, unsigned int i)
{
	if (scope->is_unused_only)
		return !dev->user;
	return scope->is_any_user || !dev->user || fv_scope_is_free(scope, i) ||
	       (scope->dev->user && fv_scope_is_same_user(dev, scope->dev));
}

/* Check that a function has no user, or one that a reset may hit. */
static int fv_scope_check_user(struct fv_scope *scope, unsigned int i, unsigned int *nr_others,
			       char *text, size_t size)
{
	/* Take a reference: in a plan no lock keeps the function bound. */
	struct fv_device *dev = fv_device_get(pci_name(scope->functions[i]));
	int ret;

	scope->devices[i] = dev;
	if (!dev)
		return 0;
	if (fv_scope_is_leaving(dev, text, size)) {
		fv_scope_refuse(scope, FPGA_VFIO_REFUSAL_BUSY, dev->core.pdev);
		fv_device_put(dev);
		return -EAGAIN;
	}
	ret = fv_scope_lock_set(scope, dev, text, size);
	if (!ret) {
		scope->is_open[i] = dev->user;
		if (!fv_scope_is_allowed(scope, dev, i))
			fv_scope_tell_held(scope, dev, (*nr_others)++, text, size);
		fv_scope_unlock_set(scope, dev);
	}
	fv_device_put(dev);
	return ret;
}

/**
 * fv_scope_check - Check drivers and users of all functions
 * @scope: the scope
 * @text: error text; scope->holders lists all functions of other users, as far as they fit
 * @size: size of @text
 *
 * Context: Process context, may sleep; under vfio_device_set::lock if fv_scope_is_wide() or
 * fv_scope::is_unused_only.
 * Return: 0, -EBUSY if a function is a bridge, is bound to another driver or has another user, or
 * any with fv_scope::is_unused_only, -EAGAIN if one is leaving, or a virtual function is being
 * opened or closed, -EINTR when the process is being killed.
 */
int fv_scope_check(struct fv_scope *scope, char *text, size_t size)
{
	unsigned int nr_others = 0, i;
	int ret = 0;

	scope->is_open[0] = READ_ONCE(scope->dev->user);
	if (scope->nr > 1 || scope->is_unused_only)
		lockdep_assert_held(&scope->dev->core.vdev.dev_set->lock);
	if (scope->is_unused_only && scope->dev->user)
		fv_scope_tell_held(scope, scope->dev, nr_others++, text, size);
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
