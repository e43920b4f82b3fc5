// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/fpga_vfio/group<N>: statistics of a group, laid out as for network
 * devices, and links to its devices.
 */
#include <linux/device.h>
#include <linux/fpga_vfio_stats.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "base/registry.h"
#include "base/state.h"
#include "entry/sysfs.h"
#include "object/device.h"
#include "object/group.h"
#include "object/history.h"
#include "object/observer.h"

static ssize_t fv_sysfs_stat_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned long index = (unsigned long)container_of(attr, struct dev_ext_attribute,
							  attr)->var;
	u64 sums[FV_STATS_NR + 1] = {};

	scoped_guard(mutex, &fv_registry_lock)
		fv_group_sum(fv_group_of_dev(dev), sums);

	return sysfs_emit(buf, "%llu\n", sums[index]);
}

#define FV_STAT_NAME(upper, lower) [FPGA_VFIO_A_STATS_##upper] = #lower,
static const char *const fv_stat_names[FV_STATS_NR + 1] = { FPGA_VFIO_STATS(FV_STAT_NAME) };

static struct dev_ext_attribute fv_stat_attrs[FV_STATS_NR + 1];
static struct attribute *fv_statistics_attrs[FV_STATS_NR + 1];

static void __init fv_sysfs_init_statistics(void)
{
	unsigned long index;

	for (index = 1; index <= FV_STATS_NR; index++) {
		struct dev_ext_attribute *attr = &fv_stat_attrs[index];

		sysfs_attr_init(&attr->attr.attr);
		attr->attr.attr.name = fv_stat_names[index];
		attr->attr.attr.mode = 0444;
		attr->attr.show = fv_sysfs_stat_show;
		attr->var = (void *)index;
		fv_statistics_attrs[index - 1] = &attr->attr.attr;
	}
}

static const struct attribute_group fv_statistics_group = {
	.name = "statistics",
	.attrs = fv_statistics_attrs,
};

static const struct attribute_group *fv_sysfs_group_groups[] = {
	&fv_statistics_group,
	NULL
};

static const struct class fv_class = {
	.name = "fpga_vfio",
	.dev_groups = fv_sysfs_group_groups,
};

static int fv_sysfs_group_added(struct fv_group *group)
{
	int ret;

	group->dev.class = &fv_class;
	ret = dev_set_name(&group->dev, "group%u", group->id);
	if (ret)
		return ret;
	return device_add(&group->dev);
}

static void fv_sysfs_group_removed(struct fv_group *group)
{
	device_del(&group->dev);
}

static int fv_sysfs_device_added(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (!dev->group)
		return 0;
	return sysfs_create_link(&dev->group->dev.kobj, &pdev->dev.kobj, pci_name(pdev));
}

static void fv_sysfs_device_removed(struct fv_device *dev)
{
	if (dev->group)
		sysfs_remove_link(&dev->group->dev.kobj, pci_name(dev->core.pdev));
}

/* Send a uevent for each change of state. */
static void fv_sysfs_event(struct fv_device *dev, const char *port, const struct fv_event *event)
{
	char state[32], reason[sizeof(event->text) + sizeof("FPGA_VFIO_REASON=")];
	char *envp[3] = { state, reason };

	if (event->kind != FPGA_VFIO_EVENT_KIND_STATE)
		return;
	snprintf(state, sizeof(state), "FPGA_VFIO_STATE=%s", fv_state_name(event->state));
	snprintf(reason, sizeof(reason), "FPGA_VFIO_REASON=%s", event->text);
	kobject_uevent_env(&dev->core.pdev->dev.kobj, KOBJ_CHANGE, envp);
}

static const struct fv_observer fv_sysfs_observer = {
	.group_added = fv_sysfs_group_added,
	.group_removed = fv_sysfs_group_removed,
	.device_added = fv_sysfs_device_added,
	.device_removed = fv_sysfs_device_removed,
	.event = fv_sysfs_event,
};

/**
 * fv_sysfs_init - Register the class and the observer
 *
 * Context: Process context, before the PCI driver is registered.
 * Return: 0, or the error of class_register().
 */
int __init fv_sysfs_init(void)
{
	int ret;

	fv_sysfs_init_statistics();
	ret = class_register(&fv_class);
	if (ret)
		return ret;
	fv_observer_add(&fv_sysfs_observer);
	return 0;
}

/**
 * fv_sysfs_exit - Unregister the class and the observer
 *
 * Context: Process context, when no group is left.
 */
void fv_sysfs_exit(void)
{
	fv_observer_remove(&fv_sysfs_observer);
	class_unregister(&fv_class);
}
