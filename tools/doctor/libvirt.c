// SPDX-License-Identifier: GPL-2.0
/* doctor: what libvirt does with a card when a domain starts */
#include <errno.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/libvirt.h"

/* The first one that chooses a driver by aliases, and knows <driver model=> */
#define WITH_VARIANTS	10000

/*
 * libvirt moves a managed device to the driver that the domain names, else since 10.0 to the one
 * with the best "vfio_pci:" alias, else to vfio-pci (src/util/virpci.c).
 */
static bool goes_to_driver(struct doctor *d, const struct libvirt_hostdev *h,
			   const struct pci_func *dev)
{
	unsigned int version = libvirt_version();

	if (h->model)
		return modules_same_name(h->model, FV_MODULE);
	return (!version || version >= WITH_VARIANTS) &&
	       modules_has_vfio_alias(doctor_aliases(d), FV_MODULE, dev);
}

static void check_driver(struct doctor *d, const struct libvirt_hostdev *h,
			 const struct pci_func *dev)
{
	unsigned int version = libvirt_version();
	autofree char *fix = NULL;

	if (!h->is_managed || goes_to_driver(d, h, dev))
		return;
	if (version && version < WITH_VARIANTS)
		fix = util_printf("Set managed='no' in its hostdev, as libvirt before 10.0 knows only vfio-pci: virsh edit %s",
				  h->domain);
	else
		fix = util_printf("Set managed='no' in its hostdev, or add <driver name='vfio' model='"
				  FV_DRIVER "'/> to it: virsh edit %s", h->domain);
	doctor_add(d, DOCTOR_WARNING, "libvirt-takes-card", dev->bdf, fix,
		   "domain %s moves it to %s when it starts: managed='yes'%s", h->domain,
		   h->model ? h->model : "vfio-pci", h->model ? "" : " without a driver model");
}

static void check_machine(struct doctor *d, const struct libvirt_hostdev *h,
			  const struct pci_func *dev)
{
	autofree char *fix = NULL;

	if (!h->machine ||
	    (strncmp(h->machine, "pc-i440fx", 9) != 0 && strcmp(h->machine, "pc") != 0))
		return;
	fix = util_printf("Use machine='q35': virsh edit %s", h->domain);
	doctor_add(d, DOCTOR_WARNING, "libvirt-machine", dev->bdf, fix,
		   "domain %s has machine %s, without PCI Express: drivers in the VM do not see the extended configuration space",
		   h->domain, h->machine);
	doctor_set_source(d, "Xilinx/kvm_helper_scripts");
}

static bool domain_has(const struct libvirt_hostdevs *all, const char *domain, const char *bdf)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!strcmp(all->v[i].domain, domain) && !strcmp(all->v[i].bdf, bdf))
			return true;
	return false;
}

/* QEMU opens the group, which must have no driver of the host; a reset may hit all functions. */
static void check_functions(struct doctor *d, const struct libvirt_hostdevs *all,
			    const struct libvirt_hostdev *h, const struct pci_func *dev)
{
	const struct pci_func *other = NULL;

	while ((other = device_next_function(d->m, dev, other))) {
		autofree char *fix = util_printf("Add a hostdev for %s: virsh edit %s", other->bdf,
						 h->domain);

		if (other->is_bridge || domain_has(all, h->domain, other->bdf))
			continue;
		if (other->group == dev->group && device_is_in_the_way(other))
			doctor_add(d, DOCTOR_WARNING, "libvirt-part-of-card", dev->bdf, fix,
				   "domain %s has it, not %s of the same card and group, which %s has: it does not start",
				   h->domain, other->bdf, other->driver);
		else
			doctor_add(d, DOCTOR_NOTE, "libvirt-part-of-card", dev->bdf, fix,
				   "domain %s has it, not %s of the same card", h->domain,
				   other->bdf);
	}
}

static void check_device(struct doctor *d, const struct libvirt_hostdevs *all,
			 const struct pci_func *dev)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		const struct libvirt_hostdev *h = &all->v[i];

		if (strcmp(h->bdf, dev->bdf) != 0)
			continue;
		check_driver(d, h, dev);
		check_machine(d, h, dev);
		check_functions(d, all, h, dev);
	}
}

static void check(struct doctor *d)
{
	struct libvirt_hostdevs all = {};
	size_t i;

	if (d->n_devices && libvirt_read(&all) == -EACCES)
		doctor_not_checked(d, LIBVIRT_DOMAINS);
	for (i = 0; i < d->n_devices; i++)
		check_device(d, &all, d->devices[i]);
	libvirt_free(&all);
}

DOCTOR_CHECK(libvirt) = {
	.name = "libvirt's domains",
	.host = check,
};
