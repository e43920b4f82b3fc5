/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_PCI_H
#define FV_TEST_PCI_H

#include <stdbool.h>
#include <stddef.h>

/* PCI functions as sysfs shows them, by address ("0000:01:00.0"). */

#define PCI_SYSFS "/sys/bus/pci/devices"
#define BDF_LEN 32

/* Name of the driver bound now; an empty string when there is none. */
void pci_driver(const char *bdf, char *name, size_t size);
bool pci_driver_is(const char *bdf, const char *name);

/* Number of the IOMMU group, or a negative errno. */
int pci_group(const char *bdf);

/* Hand the function to @driver by driver_override, away from any other. */
int __pci_bind(const char *bdf, const char *driver);
void pci_bind(const char *bdf, const char *driver);

/* Take the function from its driver. */
int __pci_unbind(const char *bdf);
void pci_unbind(const char *bdf);

/* Clear driver_override and let the kernel choose the driver again. */
void pci_give_back(const char *bdf);

/* Address of the bridge above, or a negative errno on a root bus. */
int pci_parent(const char *bdf, char *parent, size_t size);

/*
 * Take a driver such as shpchp from the bridge above: with it the bridge, and
 * what is in its IOMMU group, cannot be given to users.
 */
void pci_free_bridge(const char *bdf);

/* A numeric sysfs attribute in any C notation, asserted to exist. */
unsigned long long pci_attr(const char *bdf, const char *attr);

#endif
