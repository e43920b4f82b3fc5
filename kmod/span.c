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

#include "card.h"
#include "compat.h"
#include "device.h"
#include "fence.h"
#include "span.h"
#include "vf.h"
#include "wait.h"

/*
 * Limit for trylock loops: longer than a page fault or a config access takes, short enough
 * for a refusal.
 */
#define FV_SPAN_LOCK_LIMIT_MS	1000

/**
 * fv_span_lock_function - Try for a second to lock a function
 * @pdev: the function
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep.
 * Return: 0, then the caller calls device_unlock(), -EAGAIN if another task keeps the device
 * lock, -EINTR when the process is being killed.
 */
int fv_span_lock_function(struct pci_dev *pdev, char *text, size_t size)
{
	struct fv_wait wait;
	int ret;

	fv_wait_begin(&wait, FV_SPAN_LOCK_LIMIT_MS);
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
 * fv_span_begin - Begin a reset scope with one function
 * @span: the scope
 * @dev: device of the function; the caller keeps it from going away
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep.
 * Return: 0, then the caller calls fv_span_end(), -EAGAIN if another task keeps the device
 * lock, -EINTR when the process is being killed.
 */
int fv_span_begin(struct fv_span *span, struct fv_device *dev, char *text, size_t size)
{
	int ret = fv_span_lock_function(dev->core.pdev, text, size);

	if (ret)
		return ret;

	span->dev = dev;
	span->functions[0] = pci_dev_get(dev->core.pdev);
	span->devices[0] = dev;
	span->nr = 1;
	span->nr_held = 1;
	return 0;
}

struct fv_span_walk {
	struct fv_span *span;
	unsigned int nr_left_out;
};

static void fv_span_add(struct fv_span_walk *walk, struct pci_dev *pdev)
{
	struct fv_span *span = walk->span;

	if (span->nr == FV_SPAN_MAX) {
		walk->nr_left_out++;
		return;
	}
	span->devices[span->nr] = NULL;
	span->is_open[span->nr] = false;
	span->functions[span->nr++] = pci_dev_get(pdev);
}

static void fv_span_add_vfs(struct fv_span_walk *walk, struct pci_dev *pf)
{
	struct pci_dev *vf = NULL;

	while ((vf = fv_vf_next(pf, vf)))
		fv_span_add(walk, vf);
}

/* fv_span_add_vfs() adds virtual functions, which may be on other buses. */
static int fv_span_add_function(struct pci_dev *pdev, void *arg)
{
	struct fv_span_walk *walk = arg;
	struct pci_dev *first = walk->span->functions[0];

	if (pdev == first || pdev->is_virtfn)
		return 0;
	if (pdev->bus == first->bus)
		fv_span_add(walk, pdev);
	else
		walk->nr_left_out++;
	return 0;
}

static int fv_span_say_too_many(struct fv_span *span, char *text, size_t size)
{
	snprintf(text, size, "below %s are more buses, or more than %d functions",
		 pci_name(span->functions[0]->bus->self), FV_SPAN_MAX);
	return -EOPNOTSUPP;
}

/*
 * Collect the device's own function, its virtual functions, and then all others below the port,
 * without the virtual functions of these.
 */
static int fv_span_collect(struct fv_span *span, bool is_card, char *text, size_t size)
{
	struct fv_span_walk walk = { .span = span };
	struct pci_dev *pdev = span->functions[0];

	*span->holders = '\0';
	if (is_card && (pdev->is_virtfn || !pdev->bus->self)) {
		snprintf(text, size, "%s has no port of its own", pci_name(pdev));
		return -EOPNOTSUPP;
	}

	fv_span_add_vfs(&walk, pdev);
	if (walk.nr_left_out) {
		snprintf(text, size, "%s has more than %d virtual functions", pci_name(pdev),
			 FV_SPAN_MAX - 1);
		return -EOPNOTSUPP;
	}
	if (!is_card)
		return 0;

	pci_walk_bus(pdev->bus, fv_span_add_function, &walk);
	return walk.nr_left_out ? fv_span_say_too_many(span, text, size) : 0;
}

/* VFs of the other functions: they may come and go until the PFs' device locks are held. */
static int fv_span_collect_vfs(struct fv_span *span, char *text, size_t size)
{
	struct fv_span_walk walk = { .span = span };
	unsigned int nr = span->nr, i;

	for (i = 1; i < nr; i++)
		if (!span->functions[i]->is_virtfn)
			fv_span_add_vfs(&walk, span->functions[i]);
	return walk.nr_left_out ? fv_span_say_too_many(span, text, size) : 0;
}

/*
 * May the user of one function reset the other? Processes are not compared, as one may have opened
 * both for others. The same user has the same iommufd context, as in VFIO; or, without iommufd, the
 * same IOMMU group or the same paging domain. Domains that do not translate are shared by unrelated
 * users. A process with one container per function, as for a guest with a vIOMMU, counts as two.
 */
static bool fv_span_is_same_user(struct fv_device *a, struct fv_device *b)
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
static bool fv_span_is_free(struct fv_span *span, unsigned int i)
{
	return span->functions[i]->is_virtfn &&
	       fv_device_state(span->dev) != FPGA_VFIO_CARD_STATE_READY;
}

/* -EBUSY for a bridge, or for a function bound to another driver. */
static int fv_span_check_driver(struct fv_span *span, unsigned int i, char *text, size_t size)
{
	struct pci_dev *pdev = span->functions[i];

	if (pdev->subordinate)
		snprintf(text, size, "%s has a bus below it", pci_name(pdev));
	else if (!span->devices[i] && pdev->dev.driver && !fv_span_is_free(span, i))
		/* A plan does not hold the device lock: the driver may unbind here. */
		snprintf(text, size, "%s is bound to %s", pci_name(pdev),
			 dev_driver_string(&pdev->dev));
	else
		return 0;
	return -EBUSY;
}

/* All users may read @text, so it names no process; span->holders does. */
static void fv_span_say_held(struct fv_span *span, struct fv_device *dev, bool is_first, char *text,
			     size_t size)
{
	size_t at = is_first ? 0 : strlen(text);

	snprintf(text + at, size - at, is_first ? "%s is held by another VFIO user" : ", %s, too",
		 pci_name(dev->core.pdev));
	at = strlen(span->holders);
	snprintf(span->holders + at, sizeof(span->holders) - at,
		 is_first ? "%s is held by process %d" : ", %s by process %d",
		 pci_name(dev->core.pdev), pid_nr(dev->user));
}

/* fv_device::user is protected by the lock of the device's own set. */
static int fv_span_lock_set(struct fv_span *span, struct fv_device *dev, char *text, size_t size)
{
	struct vfio_device_set *set = dev->core.vdev.dev_set;
	struct fv_wait wait;
	int ret;

	if (set == span->dev->core.vdev.dev_set)
		return 0;
	fv_wait_begin(&wait, FV_SPAN_LOCK_LIMIT_MS);
	while (!mutex_trylock(&set->lock)) {
		ret = fv_wait_pause(&wait);
		if (!ret)
			continue;
		snprintf(text, size, "%s is being opened or closed", pci_name(dev->core.pdev));
		return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	return 0;
}

static void fv_span_unlock_set(struct fv_span *span, struct fv_device *dev)
{
	struct vfio_device_set *set = dev->core.vdev.dev_set;

	if (set != span->dev->core.vdev.dev_set)
		mutex_unlock(&set->lock);
}

/* Check that a function has no user, or the same user as span->dev. */
static int fv_span_check_user(struct fv_span *span, unsigned int i, unsigned int *nr_others,
			      char *text, size_t size)
{
	/* Take a reference: in a plan no lock keeps the function bound. */
	struct fv_device *dev = fv_device_get(pci_name(span->functions[i]));
	int ret;

	span->devices[i] = dev;
	if (!dev)
		return 0;
	ret = fv_span_lock_set(span, dev, text, size);
	if (!ret) {
		span->is_open[i] = dev->user;
		if (!span->is_any_user && dev->user && !fv_span_is_free(span, i) &&
		    (!span->dev->user || !fv_span_is_same_user(dev, span->dev)))
			fv_span_say_held(span, dev, !(*nr_others)++, text, size);
		fv_span_unlock_set(span, dev);
	}
	fv_device_put(dev);
	return ret;
}

/*
 * Check drivers and users of all functions. @text and span->holders list all functions of other
 * users, as far as they fit.
 */
static int fv_span_check(struct fv_span *span, char *text, size_t size)
{
	unsigned int nr_others = 0, i;
	int ret = 0;

	span->is_open[0] = READ_ONCE(span->dev->user);
	if (span->nr > 1)
		lockdep_assert_held(&span->dev->core.vdev.dev_set->lock);
	for (i = 1; i < span->nr && !ret; i++)
		ret = fv_span_check_user(span, i, &nr_others, text, size);
	if (!ret && nr_others)
		ret = -EBUSY;
	for (i = 0; i < span->nr && (!ret || ret == -EBUSY); i++) {
		if (!fv_span_check_driver(span, i, text, size))
			continue;
		*span->holders = '\0';
		ret = -EBUSY;
	}
	return ret;
}

static void fv_span_shrink(struct fv_span *span, unsigned int nr)
{
	while (span->nr > nr) {
		span->nr--;
		if (span->nr < span->nr_held)
			device_unlock(&span->functions[span->nr]->dev);
		pci_dev_put(span->functions[span->nr]);
	}
	span->nr_held = min(span->nr_held, nr);
}

/**
 * fv_span_is_wide - Check whether a reset affects other functions
 * @dev: the device
 * @is_card: the reset affects all functions of the card
 *
 * Context: Process context; the result is stable under the device lock.
 * Return: True if fv_span_hold() needs vfio_device_set::lock.
 */
bool fv_span_is_wide(struct fv_device *dev, bool is_card)
{
	return is_card || pci_num_vf(dev->core.pdev);
}

static int fv_span_lock_functions(struct fv_span *span, char *text, size_t size)
{
	int ret;

	while (span->nr_held < span->nr) {
		ret = fv_span_lock_function(span->functions[span->nr_held], text, size);
		if (ret)
			return ret;
		span->nr_held++;
	}
	return 0;
}

/**
 * fv_span_hold - Hold the whole reset scope
 * @span: the scope, after fv_span_begin()
 * @is_card: all functions of the card; else the device's own and its virtual functions
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep; if fv_span_is_wide(), under vfio_device_set::lock, so
 * that none of the card's functions is opened or closed.
 * Return: 0, -EBUSY if a function is a bridge, is bound to another driver or has another user,
 * -EOPNOTSUPP if there is no port or there are too many functions or buses, -EAGAIN if a function
 * is being bound, reset, opened or closed, -EINTR when the process is being killed. After an error
 * only the device's own function is held.
 */
int fv_span_hold(struct fv_span *span, bool is_card, char *text, size_t size)
{
	int ret;

	fv_span_shrink(span, 1);
	ret = fv_span_collect(span, is_card, text, size);
	if (!ret)
		ret = fv_span_lock_functions(span, text, size);
	if (!ret)
		ret = fv_span_collect_vfs(span, text, size);
	if (!ret)
		ret = fv_span_lock_functions(span, text, size);
	if (!ret)
		ret = fv_span_check(span, text, size);
	if (ret)
		fv_span_shrink(span, 1);
	return ret;
}

/**
 * fv_span_wake - Runtime-resume all functions held, ignoring errors
 * @span: the scope; fv_span_let_sleep() must follow
 *
 * Context: Process context, may sleep; not under memory_lock.
 */
void fv_span_wake(struct fv_span *span)
{
	unsigned int i;

	for (i = 0; i < span->nr_held; i++)
		if (span->devices[i])
			pm_runtime_get_sync(&span->functions[i]->dev);
}

/**
 * fv_span_let_sleep - Undo fv_span_wake()
 * @span: the scope
 *
 * A device that is not ready stays awake: see fv_device_set_state().
 *
 * Context: Process context.
 */
void fv_span_let_sleep(struct fv_span *span)
{
	unsigned int i;

	for (i = 0; i < span->nr_held; i++)
		if (span->devices[i])
			pm_runtime_put(&span->functions[i]->dev);
}

/**
 * fv_span_hold_memory - Block users' BAR access for all functions held
 * @span: the scope
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep. Takes gate and memory_lock of each function.
 * Return: 0, -EAGAIN if a user is in an ioctl, -EBUSY if a user leaves no gap between its
 * accesses (a fence can still be raised), -EINTR when the process is being killed. After an
 * error no lock is held.
 */
int fv_span_hold_memory(struct fv_span *span, char *text, size_t size)
{
	struct fv_device *dev = NULL;
	struct fv_wait wait;
	unsigned int i;
	int ret = 0;

	/* Close all gates before the first memory_lock: see fv_fence_close_gate(). */
	fv_wait_begin(&wait, FV_SPAN_LOCK_LIMIT_MS);
	for (i = 0; i < span->nr_held; i++) {
		dev = span->devices[i];
		if (dev)
			ret = fv_fence_close_gate(dev, &wait);
		if (ret)
			goto err_gates;
	}
	for (i = 0; i < span->nr_held; i++) {
		dev = span->devices[i];
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
		if (span->devices[i])
			up_write(&span->devices[i]->core.memory_lock);
	i = span->nr_held;
err_gates:
	snprintf(text, size, "the user of %s does not leave its memory alone",
		 pci_name(dev->core.pdev));
	while (i--)
		if (span->devices[i])
			fv_fence_open_gate(span->devices[i]);
	return ret;
}

/**
 * fv_span_release_memory - Undo fv_span_hold_memory()
 * @span: the scope
 *
 * Context: Process context.
 */
void fv_span_release_memory(struct fv_span *span)
{
	unsigned int i = span->nr_held;

	while (i--)
		if (span->devices[i])
			fv_fence_unlock(span->devices[i]);
}

/**
 * fv_span_block_config - Block config accesses from user space
 * @span: the scope, with VFIO users fenced or fv_span_hold_memory() held
 *
 * Such accesses wait, some with memory_lock held: see fv_span_lock_memory().
 *
 * Context: Process context, may sleep.
 */
void fv_span_block_config(struct fv_span *span)
{
	unsigned int i;

	for (i = 0; i < span->nr_held; i++)
		pci_cfg_access_lock(span->functions[i]);
}

/**
 * fv_span_unblock_config - Undo fv_span_block_config()
 * @span: the scope
 *
 * Context: Process context.
 */
void fv_span_unblock_config(struct fv_span *span)
{
	unsigned int i = span->nr_held;

	while (i--)
		pci_cfg_access_unlock(span->functions[i]);
}

/**
 * fv_span_lock_memory - Take memory_lock while config space is blocked
 * @span: the scope, after fv_span_block_config()
 * @i: index of a function with a device
 *
 * Config access is unblocked in between: a config write that the fence did not wait for may hold
 * memory_lock and wait for access.
 *
 * Context: Process context, may sleep. up_write() of memory_lock afterwards.
 */
void fv_span_lock_memory(struct fv_span *span, unsigned int i)
{
	pci_cfg_access_unlock(span->functions[i]);
	down_write(&span->devices[i]->core.memory_lock);
	pci_cfg_access_lock(span->functions[i]);
}

/**
 * fv_span_end - Release a reset scope
 * @span: the scope
 *
 * Context: Process context.
 */
void fv_span_end(struct fv_span *span)
{
	fv_span_shrink(span, 0);
}

/**
 * fv_span_look - Preview a reset scope without holding it
 * @span: the scope; fv_span_end() must follow, also after an error
 * @dev: the device; the caller keeps it from going away
 * @is_card: all functions of the card; else the device's own and its virtual functions
 * @text: why a reset would be refused
 * @size: size of @text
 *
 * Other tasks may bind and unbind the functions meanwhile: the result is for display only.
 *
 * Context: Process context, may sleep; under vfio_device_set::lock.
 * Return: 0 or an error of fv_span_hold().
 */
int fv_span_look(struct fv_span *span, struct fv_device *dev, bool is_card, char *text,
		 size_t size)
{
	int ret;

	lockdep_assert_held(&dev->core.vdev.dev_set->lock);

	span->dev = dev;
	span->functions[0] = pci_dev_get(dev->core.pdev);
	span->devices[0] = dev;
	span->nr = 1;
	span->nr_held = 0;
	ret = fv_span_collect(span, is_card, text, size);
	if (!ret)
		ret = fv_span_collect_vfs(span, text, size);
	return ret ?: fv_span_check(span, text, size);
}

/**
 * fv_span_ask - Check whether virtual functions prevent a reset
 * @dev: the device; the caller keeps it from going away
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context, may sleep; under vfio_device_set::lock.
 * Return: 0, also without virtual functions, -ENOMEM, or an error of fv_span_look().
 */
int fv_span_ask(struct fv_device *dev, char *text, size_t size)
{
	struct fv_span *span __free(kfree) = NULL;
	int ret;

	if (!pci_num_vf(dev->core.pdev))
		return 0;
	span = kzalloc_obj(*span);
	if (!span)
		return -ENOMEM;
	ret = fv_span_look(span, dev, false, text, size);
	fv_span_end(span);
	return ret;
}
