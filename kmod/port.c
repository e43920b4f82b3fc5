// SPDX-License-Identifier: GPL-2.0
/*
 * The port above a card, while we take the card's link down on purpose.
 */
#include <linux/pci.h>

#include "port.h"
#include "wait.h"

/*
 * How long Secondary Bus Reset is set: Trst is 1 ms (PCI r3.0, 4.3.2), the PCI core
 * doubles it (pci_reset_secondary_bus()).
 */
#define FV_PORT_RESET_MS	2

/* What a slot latches when the link of its card goes down and comes up; 0 without a slot. */
static u16 fv_port_events(struct pci_dev *port)
{
	u16 status;

	pcie_capability_read_word(port, PCI_EXP_SLTSTA, &status);
	return status == 0xffff ? 0 : status & (PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC);
}

/**
 * fv_port_quiet - Keep the port's hotplug driver from taking the card away
 * @port: the port
 * @quiet: what fv_port_listen() has to know
 *
 * The link goes down and comes up because we want it; the hotplug driver goes on to
 * clear the events, but does nothing about them.
 *
 * Context: Process context, under the device lock of a function below, which keeps
 * others from doing the same.
 */
void fv_port_quiet(struct pci_dev *port, struct fv_port_quiet *quiet)
{
	quiet->events = fv_port_events(port);
	quiet->was_ignoring = port->ignore_hotplug;
	port->ignore_hotplug = 1;
}

/**
 * fv_port_listen - Take back what fv_port_quiet() did
 * @port: the port
 * @quiet: as it was
 *
 * Context: Process context.
 */
void fv_port_listen(struct pci_dev *port, const struct fv_port_quiet *quiet)
{
	/* Written 1 to clear: what is latched now and was not is what we caused. */
	u16 events = fv_port_events(port) & ~quiet->events;

	if (events)
		pcie_capability_write_word(port, PCI_EXP_SLTSTA, events);
	port->ignore_hotplug = quiet->was_ignoring;
}

/**
 * fv_port_hot_reset - Reset everything below a port
 * @port: the port; quiet
 *
 * Context: Process context, may sleep.
 * Return: 0, -EINTR when the process is being killed (the reset is done all the same),
 * -EIO if the port does not answer.
 */
int fv_port_hot_reset(struct pci_dev *port)
{
	u16 control;
	int ret;

	pci_read_config_word(port, PCI_BRIDGE_CONTROL, &control);
	if (control == 0xffff)
		return -EIO;

	pci_write_config_word(port, PCI_BRIDGE_CONTROL, control | PCI_BRIDGE_CTL_BUS_RESET);
	ret = fv_wait_ms(FV_PORT_RESET_MS);
	pci_write_config_word(port, PCI_BRIDGE_CONTROL, control & ~PCI_BRIDGE_CTL_BUS_RESET);
	return ret;
}
