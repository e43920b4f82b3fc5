/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_DEVICE_H
#define FV_DEVICE_H

#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

struct fv_card;
struct fv_counters;
struct fv_group;
struct fv_stats;

/*
 * Held while a device comes or goes, so that one after the other does. Taken
 * after the device lock and before fv_registry_lock; never by a reader.
 */
extern struct mutex fv_publish_lock;

/**
 * struct fv_device - one PCI function bound to the driver
 * @core:	what vfio_pci_core knows of it; first, as vfio_alloc_device() wants
 * @stats:	counters of its address; set before VFIO can call us
 * @counters:	fv_stats::counters, one load nearer to the paths that count
 * @card:	the card that it is on, or NULL; fv_registry_lock
 * @group:	its group, or NULL; fv_registry_lock
 * @card_node:	in fv_card::devices; fv_registry_lock
 * @group_node:	in fv_group::devices; fv_registry_lock
 */
struct fv_device {
	struct vfio_pci_core_device core;
	struct fv_stats *stats;
	struct fv_counters __percpu *counters;
	struct fv_card *card;
	struct fv_group *group;
	struct list_head card_node;
	struct list_head group_node;
};

static inline struct fv_device *fv_device_of_vfio(struct vfio_device *vdev)
{
	return container_of(vdev, struct fv_device, core.vdev);
}

static inline struct fv_device *fv_device_of_pci(struct pci_dev *pdev)
{
	return container_of(dev_get_drvdata(&pdev->dev), struct fv_device, core);
}

int fv_device_publish(struct fv_device *dev);
void fv_device_unpublish(struct fv_device *dev);
struct fv_device *fv_device_next(unsigned long *key);

#endif /* FV_DEVICE_H */
