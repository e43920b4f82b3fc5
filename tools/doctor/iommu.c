// SPDX-License-Identifier: GPL-2.0
/* doctor: the IOMMU, in firmware and in the kernel */
#include "doctor/doctor.h"
#include "host/iommu.h"

static void check_groups(struct doctor *d)
{
	autofree char *hint = NULL;

	if (d->m->n_groups)
		return;
	hint = iommu_hint(d->m);
	doctor_add(d, DOCTOR_ERROR, "iommu-off", DOCTOR_HOST, hint,
		   "the IOMMU is off, so no device can be passed to a VM");
}

DOCTOR_CHECK(iommu) = {
	.name = "IOMMU groups",
	.host = check_groups,
};
