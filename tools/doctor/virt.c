// SPDX-License-Identifier: GPL-2.0
/* doctor: this system is a VM or a container itself */
#include "doctor/doctor.h"
#include "host/virt.h"

/* What it means for the IOMMU is a matter of the check of that. */
static void check(struct doctor *d)
{
	autofree char *hypervisor = virt_hypervisor();
	autofree char *container = virt_container();

	if (hypervisor)
		doctor_add(d, DOCTOR_NOTE, "in-vm", DOCTOR_HOST, NULL,
			   "this host is a VM (%s)%s", hypervisor,
			   d->m->n_groups ? " with a virtual IOMMU" : ", which has no IOMMU");
	if (container)
		doctor_add(d, DOCTOR_NOTE, "in-container", DOCTOR_HOST,
			   "Run fpgactl doctor on the host.",
			   "this is a container (%s): its files are not those that the host boots with",
			   container);
}

DOCTOR_CHECK(virt) = {
	.name = "VM or container",
	.host = check,
};
