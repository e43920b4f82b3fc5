// SPDX-License-Identifier: GPL-2.0
/* doctor: memory that firmware reserves for a device's DMA */
#include "doctor/doctor.h"
#include "host/model.h"

/*
 * RMRRs of Intel, unity maps of AMD, RMRs of the IORT. VFIO refuses the group, because a VM's card
 * could not go on with that DMA (drivers/iommu/iommu.c, require_direct). "direct-relaxable" is no
 * obstacle.
 */
static void check_regions(struct doctor *d, const struct pci_func *dev)
{
	const struct iommu_group *g = dev->group == FV_NO_GROUP ? NULL : model_group(d->m,
										     dev->group);
	autofree char *object = util_printf(DOCTOR_GROUP, dev->group);
	size_t i;

	for (i = 0; g && i < g->direct.n; i++) {
		doctor_add(d, DOCTOR_ERROR, "group-direct", object,
			   "Switch off what uses the memory (management controller, legacy USB; on HPE "
			   "ProLiant: HP Shared Memory of the slot, by conrep), update firmware, or use "
			   "another slot.",
			   VIABLE_DIRECT ": a device of the group must always reach it by DMA, so VFIO "
			   "refuses the group", g->direct.v[i]);
		doctor_set_source(d, "harvester/harvester#7340; "
				  "https://access.redhat.com/sites/default/files/attachments/rmrr-wp1.pdf");
	}
}

DOCTOR_CHECK(reserved) = {
	.name = "reserved regions",
	.device = check_regions,
};
