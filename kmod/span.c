// SPDX-License-Identifier: GPL-2.0
/*
 * Order of the locks: device lock of the function, vfio_device_set::lock of its card,
 * device locks of the card's other functions (tried only), fv_fence::gate and memory_lock of each
 * (tried only, but for the first), access to configuration space of each. vfio_pci_core takes
 * memory_lock inside the set's lock, and only tries device locks inside either; it waits for
 * access to configuration space, as each user's write there does, and for importers of dma-bufs
 * inside memory_lock.
 */
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pid.h>
#include <linux/vfio_pci_core.h>

#include "card.h"
#include "device.h"
#include "fence.h"
#include "span.h"
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

/* What pci_walk_bus() finds and what does not fit. */
struct fv_span_walk {
	struct fv_span *span;
	unsigned int nr_left_out;
};

static int fv_span_add(struct pci_dev *pdev, void *arg)
{
	struct fv_span_walk *walk = arg;
	struct fv_span *span = walk->span;

	if (pdev == span->functions[0])
		return 0;
	if (pdev->bus != span->functions[0]->bus || span->nr == FV_SPAN_MAX) {
		walk->nr_left_out++;
		return 0;
	}
	span->devices[span->nr] = NULL;
	span->functions[span->nr++] = pci_dev_get(pdev);
	return 0;
}

/* All below the port, @dev's own function first. */
static int fv_span_collect(struct fv_span *span, struct fv_device *dev, char *text, size_t size)
{
	struct fv_span_walk walk = { .span = span };
	struct pci_dev *pdev = dev->core.pdev;

	if (pdev->is_virtfn || !pdev->bus->self) {
		snprintf(text, size, "%s has no port of its own", pci_name(pdev));
		return -EOPNOTSUPP;
	}

	pci_walk_bus(pdev->bus, fv_span_add, &walk);
	if (!walk.nr_left_out)
		return 0;

	snprintf(text, size, "below %s are more buses, or more than %d functions",
		 pci_name(pdev->bus->self), FV_SPAN_MAX);
	return -EOPNOTSUPP;
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

/* Whether what is below the port is the user's, or nobody's. */
static int fv_span_check(struct fv_span *span, char *text, size_t size)
{
	struct fv_device *dev;
	struct pci_dev *pdev;
	unsigned int i;

	for (i = 0; i < span->nr; i++) {
		pdev = span->functions[i];
		dev = fv_device_find(pdev);
		span->devices[i] = dev;
		if (pdev->subordinate || pci_num_vf(pdev)) {
			snprintf(text, size, "%s has %s", pci_name(pdev),
				 pdev->subordinate ? "a bus below it" : "virtual functions");
			return -EBUSY;
		}
		if (!dev && pdev->dev.driver) {
			snprintf(text, size, "%s is bound to %s", pci_name(pdev),
				 pdev->dev.driver->name);
			return -EBUSY;
		}
		if (!span->is_any_user && dev && dev->user && dev != span->dev &&
		    (!span->dev->user || !fv_span_is_same_user(dev, span->dev))) {
			snprintf(text, size, "%s is held by process %d", pci_name(pdev),
				 pid_nr(dev->user));
			return -EBUSY;
		}
	}
	return 0;
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
 * fv_span_narrow - Hold one function again, after fv_span_widen()
 * @span: what is held
 *
 * Context: Process context.
 */
void fv_span_narrow(struct fv_span *span)
{
	fv_span_shrink(span, 1);
}

/**
 * fv_span_widen - Hold all functions of the card
 * @span: what is held: one function
 * @text: why not, in words
 * @size: of @text
 *
 * Context: Process context, may sleep; under vfio_device_set::lock, so that none of
 * the functions is opened or closed.
 * Return: 0, -EBUSY if one is not ours or is another user's, -EOPNOTSUPP if there is no
 * port or too much below it, -EAGAIN or -EINTR as fv_span_begin(); then the function
 * that was held is still held.
 */
int fv_span_widen(struct fv_span *span, char *text, size_t size)
{
	int ret;

	lockdep_assert_held(&span->dev->core.vdev.dev_set->lock);

	fv_span_narrow(span);
	ret = fv_span_collect(span, span->dev, text, size);
	while (!ret && span->nr_held < span->nr) {
		ret = fv_span_lock_function(span->functions[span->nr_held], text, size);
		if (!ret)
			span->nr_held++;
	}
	if (!ret)
		ret = fv_span_check(span, text, size);
	if (ret)
		fv_span_narrow(span);
	return ret;
}

/**
 * fv_span_hold_memory - Keep users from the BARs of all functions held
 * @span: what is held
 * @text: why not, in words
 * @size: of @text
 *
 * Context: Process context, may sleep.
 * Return: 0, or -EAGAIN or -EINTR; then nothing is kept.
 */
int fv_span_hold_memory(struct fv_span *span, char *text, size_t size)
{
	struct fv_device *dev;
	struct fv_wait wait;
	unsigned int i;
	int ret = 0;

	fv_wait_begin(&wait, FV_SPAN_LOCK_LIMIT_MS);
	for (i = 0; i < span->nr_held; i++) {
		dev = span->devices[i];
		if (!dev)
			continue;
		ret = fv_fence_lock(dev, &wait);
		if (ret)
			goto err;
		fv_fence_zap(dev);
	}
	return 0;

err:
	snprintf(text, size, "the user of %s does not leave its memory alone",
		 pci_name(dev->core.pdev));
	while (i--)
		if (span->devices[i])
			fv_fence_unlock(span->devices[i]);
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
 * @is_card: all functions of the card, or the device's own
 * @text: why it would be refused, in words
 * @size: of @text
 *
 * What is found of functions that others may bind and unbind meanwhile is only for
 * somebody to read.
 *
 * Context: Process context, under vfio_device_set::lock.
 * Return: As fv_span_widen(), without -EAGAIN and -EINTR.
 */
int fv_span_look(struct fv_span *span, struct fv_device *dev, bool is_card, char *text,
		 size_t size)
{
	int ret = 0;

	lockdep_assert_held(&dev->core.vdev.dev_set->lock);

	span->dev = dev;
	span->functions[0] = pci_dev_get(dev->core.pdev);
	span->devices[0] = dev;
	span->nr = 1;
	span->nr_held = 0;
	if (is_card)
		ret = fv_span_collect(span, dev, text, size);
	return ret ?: fv_span_check(span, text, size);
}
