// SPDX-License-Identifier: GPL-2.0
/* A row of fpgactl list, and its columns. */
#include <stdlib.h>

#include "cmd/list_row.h"
#include "host/names.h"
#include "host/viable.h"
#include "output/color.h"

static struct json_object *value_device(const void *p)
{
	const struct list_row *r = p;

	return json_object_new_string(r->device->bdf);
}

static char *text_device(const void *p)
{
	const struct list_row *r = p;

	return r->device ? util_strdup(r->device->bdf) : util_printf("group %d", r->group->id);
}

static struct json_object *value_group(const void *p)
{
	const struct list_row *r = p;

	return r->group ? json_object_new_int(r->group->id) : NULL;
}

static struct json_object *value_id(const void *p)
{
	const struct list_row *r = p;
	autofree char *id = NULL;

	if (!r->device)
		return NULL;
	id = util_printf("%04x:%04x", r->device->vendor, r->device->device);
	return json_object_new_string(id);
}

static struct json_object *value_class(const void *p)
{
	const struct list_row *r = p;
	autofree char *name = r->device ? names_class(r->device->class) : NULL;

	return json_string(name);
}

static struct json_object *value_name(const void *p)
{
	const struct list_row *r = p;
	autofree char *name = NULL;

	if (r->device)
		name = names_device(r->device->vendor, r->device->device);
	return json_string(name);
}

static char *text_name(const void *p)
{
	const struct list_row *r = p;
	autofree char *name = NULL;

	if (r->device)
		name = names_short(r->device->vendor, r->device->device);
	return util_printable(name ? name : "");
}

static struct json_object *value_driver(const void *p)
{
	const struct list_row *r = p;

	return json_string(r->device ? r->device->driver : NULL);
}

static const struct fv_status *find_said(const struct list_row *r)
{
	return r->device ? status_find(r->said, r->device->bdf) : NULL;
}

static struct json_object *value_state(const void *p)
{
	const struct fv_status *s = find_said(p);

	return s ? status_state_json(s) : NULL;
}

/* Of a group whether a VM can have it; of a device the state, or what is wrong. */
static char *text_state(const void *p)
{
	const struct list_row *r = p;
	const struct fv_status *s = find_said(r);
	char *text = s ? status_text(s) : util_strdup("");

	if (*text)
		return text;
	free(text);
	if (!r->device && !group_is_viable(r->group))
		return util_strdup("not viable");
	if (!r->device)
		return util_strdup(holders_any_in(r->holders, r->group) ? "in use" : "viable");
	if (r->device->is_silent)
		return util_strdup("no response");
	if (r->group && device_is_in_the_way(r->device))
		return util_strdup("blocking");
	return util_strdup("");
}

static const struct fv_fence_owner *find_fence(const struct list_row *r)
{
	const struct fv_status *s = find_said(r);
	const struct fv_card *c = s ? cards_find(r->cards, s->port) : NULL;

	return c ? &c->fence : NULL;
}

static struct json_object *value_fence(const void *p)
{
	const struct fv_fence_owner *f = find_fence(p);

	return f ? card_fence_json(f) : NULL;
}

static char *text_fence(const void *p)
{
	const struct fv_fence_owner *f = find_fence(p);

	return f ? card_fence_text(f) : util_strdup("");
}

static struct json_object *value_port(const void *p)
{
	const struct list_row *r = p;

	return json_string(r->device && *r->device->port ? r->device->port : NULL);
}

static struct json_object *value_link(const void *p)
{
	const struct list_row *r = p;

	return link_json(&r->device->link);
}

static char *text_link(const void *p)
{
	const struct list_row *r = p;

	return r->device ? link_short(&r->device->link) : util_strdup("");
}

static struct json_object *value_holders(const void *p)
{
	const struct list_row *r = p;
	struct fv_holders found;
	struct json_object *list;

	holders_of(r->holders, r->device, &found);
	list = holders_json(&found);
	holders_free(&found);
	return list;
}

/* "4242 qemu-system-x86", so that the process ID is left when the text is cut. */
static char *text_user(const void *p)
{
	const struct list_row *r = p;
	struct fv_holders found;
	char *text = util_strdup("");
	size_t i;

	if (!r->device)
		return text;
	holders_of(r->holders, r->device, &found);
	for (i = 0; i < found.n; i++) {
		autofree char *command = util_printable(found.v[i].command ?: "?");

		util_append(&text, "%s%u %s", i ? ", " : "", found.v[i].pid, command);
	}
	if (!found.n && r->holders->unseen && device_is_vfio(r->device))
		util_append(&text, "?");
	holders_free(&found);
	return text;
}

static struct json_object *value_passthrough(const void *p)
{
	const struct list_row *r = p;
	autofree char *text = r->group ? group_verdict(r->group) : NULL;

	return json_string(r->group ? text : "no IOMMU group");
}

/* In the tree, the group has the verdict, and the conflicting members are marked. */
static char *text_passthrough(const void *p)
{
	const struct list_row *r = p;

	if (!r->group)
		return util_strdup("no IOMMU group");
	if (r->device)
		return util_strdup(device_is_in_the_way(r->device) ? "blocking" : "");
	return util_strdup(group_is_viable(r->group) ? "viable" : "not viable");
}

static const struct out_column column[] = {
	{ "DEVICE", "bdf", "IOMMU group and PCI addresses of its devices",
	  OUT_DEFAULT | OUT_TREE, value_device, text_device },
	{ "NAME", "name", "name from the PCI database: the device, or vendor and device ID",
	  OUT_DEFAULT | OUT_CUT, value_name, text_name, 20 },
	{ "DRIVER", "driver", "driver bound to the device", OUT_DEFAULT | OUT_CUT, value_driver,
	  NULL, 13 },
	{ "LINK", "link", "speed and width of the link; below its maximum: \"NOW of MAXIMUM !\"",
	  OUT_DEFAULT, value_link, text_link, 0, color_of_link },
	{ "STATE", "state", "of a group: viable, not viable or in use; of a device: card state",
	  OUT_DEFAULT | OUT_CUT, value_state, text_state, 11, color_of_state },
	{ "USER", "users", "processes that hold the device; ?: not visible to the caller",
	  OUT_DEFAULT | OUT_CUT, value_holders, text_user, 7 },
	{ "PASSTHROUGH", "passthrough", "viable, or what blocks passthrough", 0,
	  value_passthrough, text_passthrough },
	{ "GROUP", "group", "number of the IOMMU group", OUT_RIGHT, value_group, NULL },
	{ "ID", "id", "vendor and device ID", 0, value_id, NULL },
	{ "CLASS", "class", "device class", OUT_CUT, value_class, NULL, 20 },
	{ "PORT", "port", "upstream port", 0, value_port, NULL },
	{ "FENCED-BY", "fence", "owner of the card's fence, and time left", 0, value_fence,
	  text_fence },
};

const struct out_columns list_columns = { column, ARRAY_SIZE(column) };
