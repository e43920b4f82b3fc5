/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_BUS_H
#define FV_BUS_H

struct pci_bus;
struct pci_dev;

struct pci_dev *fv_bus_next(struct pci_bus *bus, struct pci_dev *pdev);

#endif /* FV_BUS_H */
