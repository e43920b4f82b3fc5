// SPDX-License-Identifier: GPL-2.0
/* A row of fpgactl list, and its columns. */
#include <stdlib.h>

#include "cmd/list_row.h"
#include "host/model.h"
#include "host/names.h"
#include "output/color.h"

static char *text_device(const void *p)
{
	const struct list_row *r = p;

	return r->of.d ? util_strdup(r->of.d->bdf) : util_printf("group %d", r->of.group->id);
}

static char *text_name(const void *p)
{
	const struct list_row *r = p;
	autofree char *name = NULL;

	if (r->of.d && !r->of.d->has_ids)
		return util_strdup("?");
	if (r->of.d)
		name = names_short(r->of.d->vendor, r->of.d->device);
	return util_printable(name ? name : "");
}

static const struct status *find_said(const struct list_row *r)
{
	return r->of.d ? status_find(r->said, r->of.d->bdf) : NULL;
}

static struct json_object *value_state(const void *p)
{
	const struct status *s = find_said(p);

	return s ? status_state_json(s) : NULL;
}

/* Of a group whether a VM can have it; of a device the state, or what is wrong. */
static char *text_state(const void *p)
{
	const struct list_row *r = p;
	const struct status *s = find_said(r);
	char *text = s ? status_text(s) : util_strdup("");

	if (*text)
		return text;
	free(text);
	if (!r->of.d && group_is_viable(r->of.group) && holders_any_in(r->holders, r->of.group))
		return util_strdup("in use");
	if (!r->of.d)
		return util_strdup(group_verdict_short(r->of.group));
	if (r->of.d->is_silent)
		return util_strdup("no response");
	if (r->of.group && device_is_in_the_way(r->of.d))
		return util_strdup("blocking");
	return util_strdup(r->of.d->fault.path ? "?" : "");
}

static const struct fence_owner *find_fence(const struct list_row *r)
{
	const struct status *s = find_said(r);
	const struct card *c = s ? cards_find(r->cards, s->port) : NULL;

	return c ? &c->fence : NULL;
}

static struct json_object *value_fence(const void *p)
{
	const struct fence_owner *f = find_fence(p);

	return f ? card_fence_json(f) : NULL;
}

static char *text_fence(const void *p)
{
	const struct fence_owner *f = find_fence(p);

	return f ? card_fence_text(f) : util_strdup("");
}

static char *text_link(const void *p)
{
	const struct list_row *r = p;

	return r->of.d ? link_short(&r->of.d->link) : util_strdup("");
}

static struct json_object *value_holders(const void *p)
{
	const struct list_row *r = p;
	struct holders found;
	struct json_object *list;

	holders_of(r->holders, r->of.d, &found);
	list = holders_json(&found);
	holders_free(&found);
	return list;
}

/* "4242 qemu-system-x86", so that the process ID is left when the text is cut. */
static char *text_user(const void *p)
{
	const struct list_row *r = p;
	struct holders found;
	char *text = util_strdup("");
	size_t i;

	if (!r->of.d)
		return text;
	holders_of(r->holders, r->of.d, &found);
	for (i = 0; i < found.n; i++) {
		autofree char *command = util_printable(found.v[i].command ?: "?");

		util_append(&text, "%s%u %s", i ? ", " : "", found.v[i].pid, command);
	}
	if (!found.n && r->holders->unseen && device_is_vfio(r->of.d))
		util_append(&text, "?");
	holders_free(&found);
	return text;
}

/* In the tree, the group has the verdict, and the conflicting members are marked. */
static char *text_passthrough(const void *p)
{
	const struct list_row *r = p;

	if (!r->of.group)
		return util_strdup("no IOMMU group");
	if (r->of.d)
		return util_strdup(device_is_in_the_way(r->of.d) ? "blocking" : "");
	return util_strdup(group_verdict_short(r->of.group));
}

static const struct out_column column[] = {
	{ "DEVICE", "bdf", "IOMMU group and PCI addresses of its devices",
	  OUT_DEFAULT | OUT_TREE, device_row_bdf, text_device },
	{ "NAME", "name", "name from the PCI database: the device, or vendor and device ID",
	  OUT_DEFAULT | OUT_CUT, device_row_name, text_name, 20 },
	{ "DRIVER", "driver", "driver bound to the device", OUT_DEFAULT | OUT_CUT,
	  device_row_driver, NULL, 13 },
	{ "LINK", "link", "speed and width of the link; below its maximum: \"NOW of MAXIMUM !\"",
	  OUT_DEFAULT, device_row_link, text_link, 0, color_of_link },
	{ "STATE", "state",
	  "of a group: viable, not viable, no response or in use; of a device: card state",
	  OUT_DEFAULT | OUT_CUT, value_state, text_state, 11, color_of_state },
	{ "USER", "users", "processes that hold the device; ?: not visible to the caller",
	  OUT_DEFAULT | OUT_CUT, value_holders, text_user, 7 },
	{ "PASSTHROUGH", "passthrough", "viable, or what blocks passthrough", 0,
	  device_row_passthrough, text_passthrough },
	{ "GROUP", "group", "number of the IOMMU group", OUT_RIGHT, device_row_group, NULL },
	{ "ID", "id", "vendor and device ID", 0, device_row_id, device_row_text_id },
	{ "CLASS", "class", "device class", OUT_CUT, device_row_class, NULL, 20 },
	{ "PORT", "port", "upstream port", 0, device_row_port, NULL },
	{ "FENCED-BY", "fence", "owner of the card's fence, and time left", 0, value_fence,
	  text_fence },
};

const struct out_columns list_columns = { column, ARRAY_SIZE(column) };
