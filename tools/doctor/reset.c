// SPDX-License-Identifier: GPL-2.0
/* doctor: whether a card can be reset between two VMs */
#include <string.h>

#include "doctor/doctor.h"
#include "host/model.h"
#include "host/pcieport.h"
#include "host/sysfs.h"

/* Each device of a live system has this file. Without it, a missing file means nothing. */
static bool is_whole(const struct pci_func *dev)
{
	return sysfs_exists("/sys/bus/pci/devices/%s/uevent", dev->bdf);
}

/* Without a method there is no file, or it is empty as root wrote so (drivers/pci/pci-sysfs.c). */
static bool has_method(const struct pci_func *dev)
{
	autofree char *methods = sysfs_read("/sys/bus/pci/devices/%s/reset_method", dev->bdf);

	return methods ? *methods : !is_whole(dev);
}

static void check_methods(struct doctor *d, const struct pci_func *dev)
{
	if (has_method(dev))
		return;
	if (dev->link.port_max_width)
		doctor_add(d, DOCTOR_NOTE, "no-reset", dev->bdf, NULL,
			   "the kernel has no reset method for it alone; " FV_DRIVER " resets the "
			   "card by its port, all functions at once");
	else
		doctor_add(d, DOCTOR_WARNING, "no-reset", dev->bdf,
			   "Add a function-level reset (FLR) to the design.",
			   "the kernel has no reset method for it, and no PCIe port can reset it: "
			   "the state that a VM leaves cannot be cleared");
}

/* Each PCIe device has files of its link (drivers/pci/pci-sysfs.c). */
static void check_conventional(struct doctor *d, const struct pci_func *dev)
{
	size_t i, others = 0;

	if (!*dev->port || !is_whole(dev) ||
	    sysfs_exists("/sys/bus/pci/devices/%s/max_link_width", dev->bdf))
		return;
	for (i = 0; i < d->m->n; i++)
		others += &d->m->devices[i] != dev &&
			  pcieport_is_above(d->m, dev->port, &d->m->devices[i]);
	doctor_add(d, DOCTOR_WARNING, "conventional-pci", dev->bdf,
		   "Use a slot without a bridge to conventional PCI, if the card is PCIe.",
		   "is conventional PCI below bridge %s: the driver cannot isolate it from the "
		   "host, and a bus reset hits %zu other function%s", dev->port, others,
		   others == 1 ? "" : "s");
}

/* Functions below the port that the host uses. In one group, they are the group's matter. */
static void check_shared(struct doctor *d, const struct pci_func *dev)
{
	autofree char *fix = NULL, *list = NULL, *commands = NULL;
	const struct pci_func *used = NULL;
	size_t i;

	if (!*dev->port || !device_is_vfio(dev))
		return;
	for (i = 0; i < d->m->n; i++) {
		const struct pci_func *other = &d->m->devices[i];

		if (*other->physfn || !device_is_in_the_way(other) ||
		    (other->group != FV_NO_GROUP && other->group == dev->group) ||
		    !pcieport_is_above(d->m, dev->port, other))
			continue;
		util_append(&list, "%s%s (driver %s)", list ? ", " : "", other->bdf, other->driver);
		util_append(&commands, " %s", other->bdf);
		used = used || !doctor_host_use(d, other) ? used : other;
	}
	if (!list)
		return;
	if (used)
		fix = util_printf("Use a slot below another port: the host needs %s (%s).",
				  used->bdf, doctor_host_use(d, used));
	else
		fix = util_printf("fpgactl bind %s%s", dev->bdf, commands);
	doctor_add(d, DOCTOR_WARNING, "reset-shared", dev->bdf, fix,
		   "a hot reset or a lost link of its port also hits %s, so the card cannot be "
		   "reset by its port, nor fenced", list);
}

static void check_reset(struct doctor *d, const struct pci_func *dev)
{
	if (*dev->physfn || dev->is_bridge)
		return;
	check_methods(d, dev);
	check_conventional(d, dev);
	check_shared(d, dev);
}

DOCTOR_CHECK(reset) = {
	.name = "resets",
	.device = check_reset,
};
