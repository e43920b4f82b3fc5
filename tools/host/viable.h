/* SPDX-License-Identifier: GPL-2.0 */
/* Whether an IOMMU group can be assigned to a VM, and what prevents it. */
#ifndef FPGACTL_VIABLE_H
#define FPGACTL_VIABLE_H

#include <json-c/json.h>

#include "host/model.h"

/* printf format for a reserved region */
#define VIABLE_DIRECT	"firmware uses the memory %s (reserved region, type direct)"

bool device_is_in_the_way(const struct fv_device *d);
bool group_is_viable(const struct fv_group *g);
const char *group_verdict_short(const struct fv_group *g);
char *group_verdict(const struct fv_group *g);
struct json_object *group_blockers(const struct fv_group *g);

#endif
