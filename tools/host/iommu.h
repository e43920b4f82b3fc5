/* SPDX-License-Identifier: GPL-2.0 */
/* The IOMMU of the machine, and why devices have no IOMMU group. */
#ifndef FPGACTL_IOMMU_H
#define FPGACTL_IOMMU_H

#include "host/caps.h"
#include "host/cpu.h"
#include "host/model.h"

/* Only root may read it. */
#define IOMMU_IORT	"/sys/firmware/acpi/tables/IORT"

/* Why no device has an IOMMU group. */
enum iommu_fault {
	IOMMU_UNKNOWN,		/* firmware's tables are not visible */
	IOMMU_WORD,		/* a word of the command line switches it off */
	IOMMU_NO_TABLE,		/* firmware describes none */
	IOMMU_NO_DRIVER,	/* the kernel has no driver for it */
	IOMMU_NO_WORD,		/* the kernel waits for a word of the command line */
	IOMMU_FAILED,		/* the kernel log has the reason */
};

enum cpu_kind iommu_kind(const struct model *m);
bool iommu_is_foreign(const char *name, enum cpu_kind kind);
const char *iommu_table(void);
enum fv_known iommu_has_smmu(void);
enum iommu_fault iommu_find_fault(const struct model *m);
char *iommu_fix(const struct model *m);
char *iommu_words(const struct model *m);
char *iommu_hint(const struct model *m);

#endif
