// SPDX-License-Identifier: GPL-2.0
/* doctor: hotplug slots: the kernel removes a card that loses its link */
#include <string.h>

#include "doctor/doctor.h"
#include "host/pcieport.h"
#include "host/sysfs.h"

#define SLOTS	"/sys/bus/pci/slots"

/*
 * True if ACPI has a hotplug slot for the card; slots without a driver cannot be switched off.
 * Those of shpchp are conventional PCI, which has no link.
 */
static bool has_slot(const struct pci_func *dev, const struct pci_func *port)
{
	autostrv struct strv slots = {};
	size_t len = (size_t)(strrchr(dev->bdf, '.') - dev->bdf);
	size_t i;

	if (port->driver && !strcmp(port->driver, "shpchp"))
		return false;
	sysfs_list(&slots, SLOTS);
	for (i = 0; i < slots.n; i++) {
		autofree char *address = sysfs_read(SLOTS "/%s/address", slots.v[i]);

		if (address && strlen(address) == len && !strncmp(address, dev->bdf, len) &&
		    sysfs_exists(SLOTS "/%s/power", slots.v[i]))
			return true;
	}
	return false;
}

/*
 * fpga_vfio_pci has the hotplug driver ignore the slot; all other drivers lose the card
 * (drivers/pci/hotplug/pciehp_ctrl.c, pciehp_handle_presence_or_link_change();
 * acpiphp_glue.c, hotplug_event()). The object is the port: functions of a card share it.
 */
static void check_slot(struct doctor *d, const struct pci_func *dev)
{
	const struct pci_func *port = *dev->port ? model_find(d->m, dev->port) : NULL;
	autofree char *fix = NULL;
	struct services s;
	const char *how;

	if (!port || *dev->physfn || device_is_bound(dev))
		return;
	if (!doctor_host_use(d, dev))
		fix = util_printf("fpgactl bind %s", dev->bdf);
	services_read(&s, port);
	how = pcieport_surprise(port->bdf) == FV_YES ? " (surprise-capable)" : "";
	if (s.hotplug && device_is_vfio(dev))
		doctor_add(d, DOCTOR_WARNING, "hotplug-slot", port->bdf, fix,
			   "is a hotplug slot%s: when the link drops, the kernel removes the card "
			   "from its VM, which driver %s does not prevent", how, dev->driver);
	else if (s.hotplug)
		doctor_add(d, DOCTOR_NOTE, "hotplug-slot", port->bdf, fix,
			   "is a hotplug slot%s: when the link drops, the kernel removes the card, "
			   "unless it is bound to " FV_DRIVER, how);
	else if (s.is_known && has_slot(dev, port))
		doctor_add(d, DOCTOR_NOTE, "hotplug-slot", port->bdf, fix,
			   "is a hotplug slot of firmware (ACPI): when the link drops, firmware "
			   "may have the kernel remove the card, unless it is bound to " FV_DRIVER);
}

/* A card that was there may be in such a slot: pciehp switches it off after a loss of the link. */
static void check_power(struct doctor *d)
{
	autostrv struct strv slots = {};
	size_t i;

	sysfs_list(&slots, SLOTS);
	for (i = 0; i < slots.n; i++) {
		long long power = 1, adapter = 0;
		autofree char *fix = util_printf("echo 1 > " SLOTS "/%s/power", slots.v[i]);

		sysfs_read_number(&power, SLOTS "/%s/power", slots.v[i]);
		sysfs_read_number(&adapter, SLOTS "/%s/adapter", slots.v[i]);
		if (!power && adapter == 1)
			doctor_add(d, DOCTOR_NOTE, "slot-off", DOCTOR_HOST, fix,
				   "there is a card in slot %s, and the slot is switched off",
				   slots.v[i]);
	}
}

DOCTOR_CHECK(hotplug) = {
	.name = "hotplug slots",
	.host = check_power,
	.device = check_slot,
};
