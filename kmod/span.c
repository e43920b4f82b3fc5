// SPDX-License-Identifier: GPL-2.0
/*
 * Order of the locks: device lock of the function, vfio_device_set::lock of its card,
 * device locks of the card's other functions (tried only), vfio_device_set::lock of a virtual
 * function (tried only; let go before the next), fv_fence::gate and memory_lock of each
 * (tried only, but for the first), access to configuration space of each. vfio_pci_core takes
 * memory_lock inside the set's lock, and only tries device locks inside either; it waits for
 * access to configuration space, as each user's write there does, and for importers of dma-bufs
 * inside memory_lock.
 * To mask INTx it takes memory_lock, and then igate, of the function alone: all gates are closed
 * before the first memory_lock is taken.
 *
 * A virtual function is alone in its set. An open needs its device lock, so that it is
 * enough to hold that.
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
 * How long others may keep a lock that is only tried: longer than a page fault or a
 * configuration access, shorter than anybody wants to wait for a refusal.
 */
#define FV_SPAN_LOCK_LIMIT_MS	1000

/**
 * fv_span_lock_function - Take the device lock of a function, if others let go of it soon
 * @pdev: the function
 * @text: why not, in words
 * @size: of @text
 *
 * Context: Process context, may sleep for a second.
 * Return: 0, -EAGAIN, -EINTR when the process is being killed. device_unlock() after 0.
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
 * fv_span_begin - Hold one function
 * @span: what is held
 * @dev: its device
 * @text: why not, in words
 * @size: of @text
 *
 * Context: Process context, may sleep; the device cannot go.
 * Return: 0, -EAGAIN if somebody else has the device lock, -EINTR when the process is
 * being killed. fv_span_end() after 0.
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

/* What is found and what does not fit. */
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

/* Virtual functions come with their physical function, on whatever bus they are. */
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
 * The device's own function, its virtual functions, and then all others below the port, but for
 * the virtual functions of these.
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

/* Those of the others, which come and go unless the device locks of these are held. */
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
 * Who may reset one function may reset the other? Not by the process, which may have opened both
 * for others: by the iommufd context, as VFIO says it, or where there is none by the IOMMU group,
 * or the page tables by which both are translated. Domains that translate nothing are shared by
 * all who have none of their own. A process that has each function in a container of its own,
 * as for a guest with an IOMMU, counts as two.
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
 * either: its reset takes nothing from them, and brings them back.
 */
static bool fv_span_is_free(struct fv_span *span, unsigned int i)
{
	return span->functions[i]->is_virtfn &&
	       fv_device_state(span->dev) != FPGA_VFIO_CARD_STATE_READY;
}

/* Without a bus below it, and bound to this driver or to none. */
static int fv_span_check_driver(struct fv_span *span, unsigned int i, char *text, size_t size)
{
	struct pci_dev *pdev = span->functions[i];

	if (pdev->subordinate)
		snprintf(text, size, "%s has a bus below it", pci_name(pdev));
	else if (!span->devices[i] && pdev->dev.driver && !fv_span_is_free(span, i))
		/* In a plan it may be unbound meanwhile. */
		snprintf(text, size, "%s is bound to %s", pci_name(pdev),
			 dev_driver_string(&pdev->dev));
	else
		return 0;
	return -EBUSY;
}

/* The text is for all to read: it names no process. */
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

/* fv_device::user is read under the device's own set's lock. */
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

/* Whether the function's user, if it has one, is another than that of the device. */
static int fv_span_check_user(struct fv_span *span, unsigned int i, unsigned int *nr_others,
			      char *text, size_t size)
{
	/* In a plan no lock keeps the function from being unbound meanwhile. */
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
 * Whether the functions are the device's user's, or no user's. All that others have are named,
 * as far as there is room.
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
 * fv_span_is_wide - Does a reset hit more than the device's own function?
 * @dev: the device
 * @is_card: the reset is one of all functions of the card
 *
 * Context: Process context; under the device lock the answer stays.
 * Return: True if vfio_device_set::lock is needed for fv_span_hold().
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
 * fv_span_hold - Hold all functions that a reset hits
 * @span: what is held, after fv_span_begin()
 * @is_card: all functions of the card; else the device's own and its virtual functions
 * @text: why not, in words
 * @size: of @text
 *
 * Context: Process context, may sleep; if fv_span_is_wide(), under vfio_device_set::lock, so
 * that none of the card's functions is opened or closed.
 * Return: 0, -EBUSY if one is bound to another driver or is another user's, -EOPNOTSUPP if there
 * is no port or there are too many functions, -EAGAIN if one is being bound, reset, opened or
 * closed, -EINTR when the process is being killed; then the function that was held is still
 * held.
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
 * fv_span_wake - Wake all functions held, as far as they wake up
 * @span: what is held
 *
 * Context: Process context, may sleep; not under memory_lock. fv_span_let_sleep() afterwards.
 */
void fv_span_wake(struct fv_span *span)
{
	unsigned int i;

	for (i = 0; i < span->nr_held; i++)
		if (span->devices[i])
			pm_runtime_get_sync(&span->functions[i]->dev);
}

/**
 * fv_span_let_sleep - Take back fv_span_wake()
 * @span: what is held
 *
 * One that is not ready stays awake: see fv_device_set_state().
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
 * fv_span_hold_memory - Keep users from the BARs of all functions held
 * @span: what is held
 * @text: why not, in words
 * @size: of @text
 *
 * Context: Process context, may sleep.
 * Return: 0, -EAGAIN if a user is in an ioctl, -EBUSY if it leaves no gap between its accesses,
 * in which a fence can be raised all the same, or -EINTR; then nothing is kept.
 */
int fv_span_hold_memory(struct fv_span *span, char *text, size_t size)
{
	struct fv_device *dev = NULL;
	struct fv_wait wait;
	unsigned int i;
	int ret = 0;

	/* All gates before the first memory_lock: see fv_fence_close_gate(). */
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
 * fv_span_release_memory - Take back fv_span_hold_memory()
 * @span: what is held
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
 * fv_span_block_config - Keep user space from configuration space of all functions held
 * @span: what is held; whose users are fenced off, or kept from its memory
 *
 * Who reads or writes there waits, also with memory_lock: see fv_span_lock_memory().
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
 * fv_span_unblock_config - Take back fv_span_block_config()
 * @span: what is held
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
 * fv_span_lock_memory - Take memory_lock of a function whose configuration space is blocked
 * @span: what is held
 * @i: which of its functions; one with a device
 *
 * A write to configuration space that the fence did not wait for may have memory_lock, and
 * wait for access: it is let through.
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
 * fv_span_end - Release all that is held
 * @span: what is held
 *
 * Context: Process context.
 */
void fv_span_end(struct fv_span *span)
{
	fv_span_shrink(span, 0);
}

/**
 * fv_span_look - See what a reset would hit, without holding it
 * @span: the functions; fv_span_end() afterwards, also after an error
 * @dev: the device, which cannot go meanwhile
 * @is_card: all functions of the card, or the device's own and its virtual functions
 * @text: why it would be refused, in words
 * @size: of @text
 *
 * What is found of functions that others may bind and unbind meanwhile is only for
 * somebody to read.
 *
 * Context: Process context, may sleep; under vfio_device_set::lock.
 * Return: As fv_span_hold().
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
 * fv_span_ask - May a device be reset, for all that its virtual functions say?
 * @dev: the device, which cannot go meanwhile
 * @text: why not, in words
 * @size: of @text
 *
 * Context: Process context, may sleep; under vfio_device_set::lock.
 * Return: 0, also if it has none, -ENOMEM, or an error of fv_span_look().
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
