/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one lock over what the driver knows: which devices are bound, the cards
 * and groups that they belong to, and the numbers kept of them.
 */
#ifndef FV_REGISTRY_H
#define FV_REGISTRY_H

#include <linux/mutex.h>
#include <linux/pci.h>

/*
 * Taken after the device lock (probe, remove) and the netlink and sysfs locks
 * (readers); nothing but memory allocation is done under it.
 */
extern struct mutex fv_registry_lock;

/**
 * fv_registry_key - Number that orders PCI addresses
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
