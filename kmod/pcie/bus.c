// SPDX-License-Identifier: GPL-2.0
#include <linux/pci.h>

#include "pcie/bus.h"

/* As pci_walk_bus(): not virtual functions on buses without a bridge, which SR-IOV adds. */
static bool fv_bus_has(struct pci_bus *bus, struct pci_dev *pdev)
{
	while (pdev && pdev->bus != bus)
		pdev = pdev->bus->self;
	return pdev;
}

/**
 * fv_bus_next - Iterate over the functions on a bus and below it
 * @bus: the bus
 * @pdev: the previous function, its reference is dropped; NULL to begin
 *
 * Without pci_bus_sem, which the PCI core holds in its error recovery while it waits for device
 * locks: a task that holds one of these, and waits for pci_bus_sem behind a hotplug, would never
 * get it.
 *
 * Begins anew if @pdev has left the PCI core meanwhile. @bus is only compared.
 *
 * Context: Process context.
 * Return: The next function, referenced, or NULL.
 */
struct pci_dev *fv_bus_next(struct pci_bus *bus, struct pci_dev *pdev)
{
	do {
		pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev);
	} while (pdev && !fv_bus_has(bus, pdev));
	return pdev;
}
