/* SPDX-License-Identifier: GPL-2.0 */
/* Values of a device that several commands print. */
#ifndef FPGACTL_DEVICE_ROW_H
#define FPGACTL_DEVICE_ROW_H

#include <json-c/json.h>

#include "host/model.h"

/* First member of a row with such values. */
struct device_row {
	const struct model *m;
	const struct pci_func *d;	/* NULL: row of a group */
	const struct iommu_group *group;	/* NULL: none */
};

struct json_object *device_row_bdf(const void *row);
struct json_object *device_row_name(const void *row);
char *device_row_text_id(const void *row);
struct json_object *device_row_id(const void *row);
struct json_object *device_row_class(const void *row);
struct json_object *device_row_group(const void *row);
struct json_object *device_row_driver(const void *row);
struct json_object *device_row_port(const void *row);
struct json_object *device_row_physfn(const void *row);
struct json_object *device_row_responding(const void *row);
struct json_object *device_row_link(const void *row);
struct json_object *device_row_passthrough(const void *row);

#endif
