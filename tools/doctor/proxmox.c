// SPDX-License-Identifier: GPL-2.0
/* doctor: what Proxmox VE does with a card when a VM starts */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/proxmox.h"

/* Root ports that each q35 VM of Proxmox VE has (pve-q35-4.0.cfg) */
#define PORTS	4

/* QEMU's arguments for all functions of the line, as qemu-server makes them. */
static char *device_arguments(const struct doctor *d, const struct proxmox_hostdev *h)
{
	unsigned int port = (unsigned int)strtoul(h->key + 7, NULL, 10);
	size_t i, n = 0, total = 0;
	char *s = NULL;

	for (i = 0; i < d->m->n; i++)
		total += proxmox_has(h, d->m->devices[i].bdf);
	for (i = 0; i < d->m->n; i++) {
		if (!proxmox_has(h, d->m->devices[i].bdf))
			continue;
		util_append(&s, "%s-device vfio-pci,host=%s", s ? " " : "", d->m->devices[i].bdf);
		if (h->is_express && port < PORTS)
			util_append(&s, ",bus=ich9-pcie-port-%u,addr=0x0.%zu", port + 1, n);
		if (h->is_express && port < PORTS && !n && total > 1)
			util_append(&s, ",multifunction=on");
		n++;
	}
	return s;
}

/*
 * qemu-server writes the card's ids to vfio-pci's new_id, unbinds all of the group and writes to
 * vfio-pci's bind, which fails with -ENODEV if driver_override names another driver.
 */
static void check_line(struct doctor *d, const struct proxmox_hostdev *h,
		       const struct pci_func *dev)
{
	autofree char *arguments = device_arguments(d, h);
	autofree char *file = util_printf(PROXMOX_VMS "/%s.conf", h->vm);
	autofree char *fix = NULL;

	if (h->has_args)
		fix = util_printf("Add '%s' to args of the VM; then: qm set %s --delete %s",
				  arguments, h->vm, h->key);
	else
		fix = util_printf("qm set %s --delete %s --args '%s'", h->vm, h->key, arguments);
	doctor_add(d, DOCTOR_WARNING, "proxmox-takes-card", file, fix,
		   "%s takes all of group %d to vfio-pci when the VM starts; after fpgactl bind, which sets driver_override, the start fails",
		   h->key, dev->group);
	doctor_set_source(d, "proxmox/pve-common, src/PVE/SysFSTools.pm, pci_dev_bind_to_vfio");
}

static void check(struct doctor *d)
{
	struct proxmox_hostdevs all = {};
	size_t i, j;

	if (d->n_devices && proxmox_read(&all) == -EACCES)
		doctor_not_checked(d, PROXMOX_VMS);
	for (i = 0; i < d->n_devices; i++)
		for (j = 0; j < all.n; j++)
			if (proxmox_has(&all.v[j], d->devices[i]->bdf))
				check_line(d, &all.v[j], d->devices[i]);
	proxmox_free(&all);
}

DOCTOR_CHECK(proxmox) = {
	.name = "VMs of Proxmox VE",
	.host = check,
};
