/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_GROUP_H
#define FV_GROUP_H

#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/list.h>

#include "object/stats.h"

struct fv_device;
struct pci_dev;

/**
 * struct fv_group - an IOMMU group that has or had a device
 * @dev:	representation in the driver model, which also holds the reference count
 * @id:		number of the IOMMU group
 * @stats:	counters of all functions that are or were in the group; fv_registry_lock
 * @devices:	fv_device::group_node of those bound now; fv_registry_lock
 *
 * Created for the first device and kept until module exit, so that the counters survive when all
 * devices are unbound.
 */
struct fv_group {
	struct device dev;
	unsigned int id;
	struct list_head stats;
	struct list_head devices;
};

static inline struct fv_group *fv_group_of_dev(struct device *dev)
{
	return container_of(dev, struct fv_group, dev);
}

int fv_group_attach(struct fv_device *dev);
void fv_group_detach(struct fv_device *dev);
struct fv_group *fv_group_find(unsigned int id);
struct fv_group *fv_group_next(unsigned long *id);
void fv_group_sum(struct fv_group *group, u64 sums[FV_STATS_NR + 1]);
void fv_group_times(struct fv_group *group, struct fv_times *sum);
bool fv_group_is_shared(struct pci_dev *pdev);
void fv_group_exit(void);

#endif /* FV_GROUP_H */
