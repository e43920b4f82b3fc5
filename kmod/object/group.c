// SPDX-License-Identifier: GPL-2.0
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "base/compat.h"
#include "base/registry.h"
#include "object/device.h"
#include "object/group.h"
#include "object/observer.h"

/*
 * Indexed by group number; changed under fv_publish_lock and fv_registry_lock, read under either.
 */
static DEFINE_XARRAY(fv_groups);

static void fv_group_release(struct device *dev)
{
	kfree(fv_group_of_dev(dev));
}

static struct fv_group *fv_group_create(unsigned int id)
{
	struct fv_group *group;
	int ret;

	group = kzalloc_obj(*group);
	if (!group)
		return ERR_PTR(-ENOMEM);

	group->id = id;
	INIT_LIST_HEAD(&group->stats);
	INIT_LIST_HEAD(&group->devices);
	device_initialize(&group->dev);
	group->dev.release = fv_group_release;

	ret = fv_observer_group_added(group);
	if (ret)
		goto err_put;

	mutex_lock(&fv_registry_lock);
	ret = xa_err(xa_store(&fv_groups, id, group, GFP_KERNEL));
	mutex_unlock(&fv_registry_lock);
	if (ret)
		goto err_removed;
	return group;

err_removed:
	fv_observer_group_removed(group);
err_put:
	put_device(&group->dev);
	return ERR_PTR(ret);
}

/**
 * fv_group_attach - Add a device to the group of its IOMMU group
 * @dev: the device; fv_device::group is set, but stays NULL without an IOMMU group (no-IOMMU mode
 *	without VFIO groups)
 *
 * Moves the counters of the device's address as well, which are in another group if the IOMMU
 * groups were rebuilt since.
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 * Return: 0, -ENOMEM, or the error of an observer.
 */
int fv_group_attach(struct fv_device *dev)
{
	struct iommu_group *iommu_group;
	struct fv_group *group;
	unsigned int id;

	lockdep_assert_held(&fv_publish_lock);

	iommu_group = iommu_group_get(&dev->core.pdev->dev);
	if (!iommu_group)
		return 0;
	id = iommu_group_id(iommu_group);
	iommu_group_put(iommu_group);

	group = xa_load(&fv_groups, id);
	if (!group) {
		group = fv_group_create(id);
		if (IS_ERR(group))
			return PTR_ERR(group);
	}

	mutex_lock(&fv_registry_lock);
	list_move_tail(&dev->stats->node, &group->stats);
	list_add_tail(&dev->group_node, &group->devices);
	dev->group = group;
	fv_registry_changes++;
	mutex_unlock(&fv_registry_lock);
	return 0;
}

/**
 * fv_group_detach - Remove a device from its group
 * @dev: the device; its counters stay in the group
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 */
void fv_group_detach(struct fv_device *dev)
{
	lockdep_assert_held(&fv_publish_lock);

	if (!dev->group)
		return;

	mutex_lock(&fv_registry_lock);
	list_del_init(&dev->group_node);
	dev->group = NULL;
	fv_registry_changes++;
	mutex_unlock(&fv_registry_lock);
}

/**
 * fv_group_find - Find a group by its number
 * @id: number of the IOMMU group
 *
 * Context: Under fv_registry_lock, which keeps the group.
 * Return: The group, or NULL.
 */
struct fv_group *fv_group_find(unsigned int id)
{
	lockdep_assert_held(&fv_registry_lock);
	return xa_load(&fv_groups, id);
}

/**
 * fv_group_next - Find the first group from a number on
 * @id: the number to start at; set to that of the group found
 *
 * Context: Under fv_registry_lock, which keeps the group.
 * Return: The group, or NULL if there is none left.
 */
struct fv_group *fv_group_next(unsigned long *id)
{
	lockdep_assert_held(&fv_registry_lock);
	return xa_find(&fv_groups, id, ULONG_MAX, XA_PRESENT);
}

/**
 * fv_group_sum - Add a group's counters to sums
 * @group: the group
 * @sums: sums to add to, indexed by FPGA_VFIO_A_STATS_*
 *
 * Context: Process context, under fv_registry_lock.
 */
void fv_group_sum(struct fv_group *group, u64 sums[FV_STATS_NR + 1])
{
	struct fv_stats *stats;

	lockdep_assert_held(&fv_registry_lock);
	list_for_each_entry(stats, &group->stats, node)
		fv_stats_sum(stats, sums);
}

/**
 * fv_group_times - Add the durations of a group's resets
 * @group: the group
 * @sum: durations to add to
 *
 * Context: Process context, under fv_registry_lock.
 */
void fv_group_times(struct fv_group *group, struct fv_times *sum)
{
	struct fv_stats *stats;

	lockdep_assert_held(&fv_registry_lock);
	list_for_each_entry(stats, &group->stats, node)
		fv_stats_add_times(stats, sum);
}

/* Bridges have no user. */
static int fv_group_count(struct device *dev, void *arg)
{
	unsigned int *nr = arg;

	if (!dev_is_pci(dev) || !to_pci_dev(dev)->subordinate)
		++*nr;
	return 0;
}

/**
 * fv_group_is_shared - Check for other devices in a function's IOMMU group
 * @pdev: the function
 *
 * The IOMMU does not keep DMA of the devices of a group from each other's BARs.
 *
 * Context: Process context, may sleep.
 * Return: True if there is another device that may have a user or driver, or no IOMMU group.
 */
bool fv_group_is_shared(struct pci_dev *pdev)
{
	struct iommu_group *iommu_group = iommu_group_get(&pdev->dev);
	unsigned int nr = 0;

	if (!iommu_group)
		return true;
	iommu_group_for_each_dev(iommu_group, &nr, fv_group_count);
	iommu_group_put(iommu_group);
	return nr != 1;
}

/**
 * fv_group_exit - Free all groups
 *
 * Context: Process context, without devices or netlink readers; waits for sysfs readers.
 */
void fv_group_exit(void)
{
	struct fv_group *group;
	unsigned long id;

	xa_for_each(&fv_groups, id, group) {
		fv_observer_group_removed(group);
		put_device(&group->dev);
	}
	xa_destroy(&fv_groups);
}
