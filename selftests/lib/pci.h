/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_PCI_H
#define FV_TEST_PCI_H

#include <stdbool.h>
#include <stddef.h>

/* PCI functions in sysfs, by address ("0000:01:00.0"). */

#define PCI_SYSFS "/sys/bus/pci/devices"
#define BDF_LEN 32

/* Name of the bound driver; empty if none. */
void pci_driver(const char *bdf, char *name, size_t size);
bool pci_driver_is(const char *bdf, const char *name);

/* IOMMU group number, or a negative errno. */
int pci_group(const char *bdf);

/* Bind to @driver through driver_override, unbinding any other driver. */
int __pci_bind(const char *bdf, const char *driver);
void pci_bind(const char *bdf, const char *driver);

/* Unbind from the current driver, if any. */
int __pci_unbind(const char *bdf);
void pci_unbind(const char *bdf);

/* Clear driver_override, unbind, and let the driver core probe again. */
void pci_give_back(const char *bdf);

/* Address of the upstream bridge; -ENODEV on a root bus. */
int pci_parent(const char *bdf, char *parent, size_t size);

/*
 * Unbind a driver such as shpchp from the upstream bridge: with it, the bridge's IOMMU group is
 * not viable.
 */
void pci_free_bridge(const char *bdf);

/* Parse a numeric sysfs attribute (decimal, octal or hex); must exist. */
unsigned long long pci_attr(const char *bdf, const char *attr);

#endif
