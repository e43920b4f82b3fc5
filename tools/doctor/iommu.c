// SPDX-License-Identifier: GPL-2.0
/* doctor: the IOMMU, in firmware and in the kernel */
#include <string.h>

#include "doctor/doctor.h"
#include "host/iommu.h"
#include "host/sysfs.h"

/* A group that VFIO made, without IOMMU (drivers/vfio/group.c, vfio_noiommu_group_alloc()). */
static bool is_noiommu(int group)
{
	autofree char *name = sysfs_read("/sys/kernel/iommu_groups/%d/name", group);

	return name && !strcmp(name, "vfio-noiommu");
}

static bool has_groups(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->n_groups; i++)
		if (!is_noiommu(m->groups[i].id))
			return true;
	return false;
}

static void check_groups(struct doctor *d)
{
	autofree char *fix = NULL, *words = NULL;
	const char *table = iommu_table();

	if (has_groups(d->m) || !d->m->n)
		return;
	if (table && !strcmp(table, "IORT") && iommu_has_smmu() == FV_UNKNOWN)
		doctor_not_checked(d, IOMMU_IORT);
	fix = iommu_fix(d->m);
	switch (iommu_find_fault(d->m)) {
	case IOMMU_NO_TABLE:
		doctor_add(d, DOCTOR_ERROR, "iommu-no-table", DOCTOR_HOST, fix,
			   "the IOMMU is off in firmware (no ACPI table has it), so no device can be "
			   "passed to a VM");
		break;
	case IOMMU_NO_WORD:
		doctor_add(d, DOCTOR_ERROR, "iommu-not-enabled", DOCTOR_HOST, fix,
			   "firmware has the IOMMU (ACPI table DMAR), but the kernel was not told to use it, "
			   "so no device can be passed to a VM");
		break;
	case IOMMU_NO_DRIVER:
		doctor_add(d, DOCTOR_ERROR, "iommu-no-driver", DOCTOR_HOST, fix,
			   "firmware has the IOMMU (ACPI table %s), but the kernel has no driver for it, "
			   "so no device can be passed to a VM", table);
		break;
	case IOMMU_FAILED:
		doctor_add(d, DOCTOR_ERROR, "iommu-failed", DOCTOR_HOST, fix,
			   "firmware has the IOMMU (ACPI table %s), but the kernel did not start it, "
			   "so no device can be passed to a VM", table);
		break;
	case IOMMU_WORD:
	case IOMMU_UNKNOWN:
		doctor_add(d, DOCTOR_ERROR, "iommu-off", DOCTOR_HOST, fix,
			   "the IOMMU is off, so no device can be passed to a VM");
		break;
	}
	words = iommu_words(d->m);
	if (words)
		doctor_set_words(d, "%s", words);
}

static void check_group(struct doctor *d, const struct pci_func *dev)
{
	autofree char *group = util_printf(DOCTOR_GROUP, dev->group);
	const char *table = iommu_table();
	autofree char *fix = NULL;

	if (dev->is_bridge || !d->m->n_groups)
		return;
	if (dev->group == FV_NO_GROUP && has_groups(d->m)) {
		fix = util_printf("Update firmware, or use another slot: %s%s leaves the device out.",
				  table ? "ACPI table " : "the description of the IOMMU",
				  table ? table : "");
		doctor_add(d, DOCTOR_ERROR, "no-group", dev->bdf, fix,
			   "no IOMMU group, though other devices have one, so it cannot be passed to a VM");
	}
	if (dev->group == FV_NO_GROUP || !is_noiommu(dev->group))
		return;
	fix = iommu_fix(d->m);
	doctor_add(d, DOCTOR_ERROR, "group-noiommu", group, fix,
		   "VFIO's mode without IOMMU (enable_unsafe_noiommu_mode): QEMU refuses such a group, "
		   "and other users can overwrite any memory of the host");
}

/* Identity: drivers of the host use physical addresses, as with iommu=pt. VFIO never does. */
static void check_domain(struct doctor *d, const struct pci_func *dev)
{
	autofree char *type = NULL;

	if (dev->group == FV_NO_GROUP || !dev->driver || device_is_vfio(dev))
		return;
	type = sysfs_read("/sys/kernel/iommu_groups/%d/type", dev->group);
	if (type && !strcmp(type, "identity"))
		doctor_add(d, DOCTOR_NOTE, "group-identity", dev->bdf, NULL,
			   "the IOMMU does not translate for driver %s (identity domain, as with iommu=pt): "
			   "a fault of the design can overwrite memory of the host; a VM's card is translated",
			   dev->driver);
}

static void check_device(struct doctor *d, const struct pci_func *dev)
{
	check_group(d, dev);
	check_domain(d, dev);
}

DOCTOR_CHECK(iommu) = {
	.name = "IOMMU",
	.host = check_groups,
	.device = check_device,
};
