/* SPDX-License-Identifier: GPL-2.0 */
/* Why devices have no IOMMU group. */
#ifndef FPGACTL_IOMMU_H
#define FPGACTL_IOMMU_H

#include "host/model.h"

char *iommu_hint(const struct fv_model *m);

#endif
