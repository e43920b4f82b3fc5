// SPDX-License-Identifier: GPL-2.0
/*
 * Services of PCIe ports. The kernel registers those that the port has and that it may use
 * (drivers/pci/pcie/portdrv.c, get_port_device_capability()). That is how sysfs shows the
 * result of the firmware's _OSC.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/pci_regs.h>

#include "host/caps.h"
#include "host/pcieport.h"
#include "host/sysfs.h"

#define SERVICES	"/sys/bus/pci_express/devices"

/* PCIE_PORT_SERVICE_* of the kernel's drivers/pci/pcie/portdrv.h, since 4.17 */
#define SERVICE_AER	0x2
#define SERVICE_HOTPLUG	0x4

/* Bits of the service in a name such as "0000:00:1c.0:pcie204"; 0: of another port. */
static unsigned long service_bits(const char *name, const char *port)
{
	size_t len = strlen(port);

	if (strncmp(name, port, len) != 0 || strncmp(name + len, ":pcie", 5) != 0)
		return 0;
	return strtoul(name + len + 5, NULL, 16) & 0xff;
}

/* Services without a driver count for nothing: "unbind" of the driver, or a kernel without it. */
static bool is_bound(const char *name)
{
	autofree char *driver = sysfs_link_name(SERVICES "/%s/driver", name);

	return driver;
}

/**
 * services_read() - Read which services of a port the kernel handles.
 * @s: result
 * @port: the port
 */
void services_read(struct services *s, const struct pci_func *port)
{
	autostrv struct strv names = {};
	size_t i;

	memset(s, 0, sizeof(*s));
	s->is_known = !sysfs_list(&names, SERVICES);
	s->is_driven = port->driver && !strcmp(port->driver, "pcieport");
	/* visible for each port with the capability (drivers/pci/pcie/aer.c) */
	s->has_aer = sysfs_exists("/sys/bus/pci/devices/%s/aer_dev_fatal", port->bdf);
	for (i = 0; i < names.n; i++) {
		unsigned long bits = service_bits(names.v[i], port->bdf);

		if (!bits || !is_bound(names.v[i]))
			continue;
		s->aer |= bits == SERVICE_AER;
		s->hotplug |= bits == SERVICE_HOTPLUG;
	}
}

/* True if @port is the upstream bridge of @d, or above it. */
bool pcieport_is_above(const struct model *m, const char *port, const struct pci_func *d)
{
	size_t left;

	/* a broken tree may have a loop */
	for (left = m->n; d && *d->port && left; left--) {
		if (!strcmp(d->port, port))
			return true;
		d = model_find(m, d->port);
	}
	return false;
}

/* The port of the root complex above a device; NULL: none. */
const struct pci_func *pcieport_root(const struct model *m, const struct pci_func *d)
{
	const struct pci_func *port = *d->port ? model_find(m, d->port) : NULL;
	size_t left;

	for (left = m->n; port && *port->port && left; left--)
		port = model_find(m, port->port);
	return port;
}

/* Whether a card may be pulled without notice: Hot-Plug Surprise in Slot Capabilities. */
enum fv_known pcieport_surprise(const char *port)
{
	uint8_t config[PCI_CFG_SPACE_SIZE];
	const uint8_t *express;

	if (sysfs_read_bytes(config, sizeof(config), "/sys/bus/pci/devices/%s/config", port) !=
	    (ssize_t)sizeof(config))
		return FV_UNKNOWN;
	express = caps_find(config, sizeof(config), PCI_CAP_ID_EXP, PCI_EXP_SLTCAP + 4);
	if (!express)
		return FV_UNKNOWN;
	return express[PCI_EXP_SLTCAP] & PCI_EXP_SLTCAP_HPS ? FV_YES : FV_NO;
}
