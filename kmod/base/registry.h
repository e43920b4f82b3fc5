/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The locks over the driver's objects: bound devices, their cards and groups, and their
 * statistics.
 */
#ifndef FV_REGISTRY_H
#define FV_REGISTRY_H

#include <linux/mutex.h>
#include <linux/pci.h>

/*
 * Serializes publish and unpublish of devices. Taken after the device lock and before
 * fv_registry_lock; never by a reader.
 */
extern struct mutex fv_publish_lock;

/*
 * Taken after device locks (probe, remove) and the netlink and sysfs locks (readers).
 * Holders may allocate memory and read a port's registers, but never wait for hardware.
 */
extern struct mutex fv_registry_lock;

/*
 * Incremented when a device is added to or removed from the registry, its card or its group: a dump
 * that sees another value than before was interrupted. fv_registry_lock.
 */
extern unsigned int fv_registry_changes;

/**
 * fv_registry_key - Convert a PCI address to an ordered key
 * @pdev: a PCI function
 *
 * Context: Any.
 * Return: Domain, bus, device and function as one number.
 */
static inline unsigned long fv_registry_key(const struct pci_dev *pdev)
{
	return (unsigned long)pci_domain_nr(pdev->bus) << 16 | pci_dev_id((struct pci_dev *)pdev);
}

#endif /* FV_REGISTRY_H */
