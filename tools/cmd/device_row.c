// SPDX-License-Identifier: GPL-2.0
/* Values of a device that several commands print. */
#include "cmd/device_row.h"
#include "host/model.h"
#include "host/names.h"
#include "util/json.h"

static const struct pci_func *device(const void *row)
{
	return ((const struct device_row *)row)->d;
}

struct json_object *device_row_bdf(const void *row)
{
	return json_object_new_string(device(row)->bdf);
}

struct json_object *device_row_name(const void *row)
{
	const struct pci_func *d = device(row);
	autofree char *name = d && d->has_ids ? names_device(d->vendor, d->device) : NULL;

	return json_string(name);
}

char *device_row_text_id(const void *row)
{
	const struct pci_func *d = device(row);

	if (!d || !d->has_ids)
		return util_strdup(d ? "?" : "");
	return util_printf("%04x:%04x", d->vendor, d->device);
}

struct json_object *device_row_id(const void *row)
{
	autofree char *id = device_row_text_id(row);

	return json_string(device(row)->has_ids ? id : NULL);
}

struct json_object *device_row_class(const void *row)
{
	const struct pci_func *d = device(row);
	autofree char *name = d && d->has_class ? names_class(d->class) : NULL;

	return json_string(name);
}

struct json_object *device_row_group(const void *row)
{
	const struct device_row *r = row;

	return r->group ? json_object_new_int(r->group->id) : NULL;
}

struct json_object *device_row_driver(const void *row)
{
	return json_string(device(row) ? device(row)->driver : NULL);
}

struct json_object *device_row_port(const void *row)
{
	const struct pci_func *d = device(row);

	return json_string(d && *d->port ? d->port : NULL);
}

struct json_object *device_row_physfn(const void *row)
{
	const char *physfn = device(row)->physfn;

	return json_string(*physfn ? physfn : NULL);
}

struct json_object *device_row_responding(const void *row)
{
	return json_object_new_boolean(!device(row)->is_silent);
}

struct json_object *device_row_link(const void *row)
{
	return link_json(&device(row)->link);
}

struct json_object *device_row_passthrough(const void *row)
{
	const struct device_row *r = row;
	autofree char *text = r->group ? group_verdict(r->group) : NULL;

	return json_string(text ? text : "no IOMMU group");
}
