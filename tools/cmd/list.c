// SPDX-License-Identifier: GPL-2.0
/* fpgactl list: IOMMU groups and their devices */
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>

#include "cmd/cmd.h"
#include "host/holders.h"
#include "host/model.h"
#include "host/names.h"
#include "host/sysfs.h"
#include "model/card.h"
#include "model/rebind.h"
#include "model/status.h"

/* One row: a group, a group member, or a device without a group. */
struct row {
	const struct fv_group *group;
	const struct fv_device *device;
	const struct fv_holders *holders;	/* of the whole system */
	const struct fv_status_list *said;	/* driver status of its devices */
	const struct fv_cards *cards;		/* read if a card is fenced */
};

static struct json_object *value_device(const void *p)
{
	const struct row *r = p;

	return json_object_new_string(r->device->bdf);
}

static char *text_device(const void *p)
{
	const struct row *r = p;

	return r->device ? util_strdup(r->device->bdf) : util_printf("group %d", r->group->id);
}

static struct json_object *value_group(const void *p)
{
	const struct row *r = p;

	return r->group ? json_object_new_int(r->group->id) : NULL;
}

static struct json_object *value_id(const void *p)
{
	const struct row *r = p;
	autofree char *id = NULL;

	if (!r->device)
		return NULL;
	id = util_printf("%04x:%04x", r->device->vendor, r->device->device);
	return json_object_new_string(id);
}

static struct json_object *value_class(const void *p)
{
	const struct row *r = p;
	autofree char *name = r->device ? names_class(r->device->class) : NULL;

	return out_string(name);
}

static struct json_object *value_name(const void *p)
{
	const struct row *r = p;
	autofree char *name = NULL;

	if (r->device)
		name = names_device(r->device->vendor, r->device->device);
	return out_string(name);
}

static struct json_object *value_driver(const void *p)
{
	const struct row *r = p;

	return out_string(r->device ? r->device->driver : NULL);
}

static const struct fv_status *find_said(const struct row *r)
{
	return r->device ? status_find(r->said, r->device->bdf) : NULL;
}

static struct json_object *value_state(const void *p)
{
	const struct fv_status *s = find_said(p);

	return s ? status_state_json(s) : NULL;
}

static char *text_state(const void *p)
{
	const struct fv_status *s = find_said(p);

	return s ? status_text(s) : util_strdup("");
}

static const struct fv_fence_owner *find_fence(const struct row *r)
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
	const struct row *r = p;

	return out_string(r->device && *r->device->port ? r->device->port : NULL);
}

static struct json_object *value_link(const void *p)
{
	const struct row *r = p;

	return link_json(&r->device->link);
}

static char *text_link(const void *p)
{
	const struct row *r = p;

	return r->device ? link_text(&r->device->link) : util_strdup("");
}

static struct json_object *value_holders(const void *p)
{
	const struct row *r = p;
	struct fv_holders found;
	struct json_object *list;

	holders_of(r->holders, r->device, &found);
	list = holders_json(&found);
	holders_free(&found);
	return list;
}

static char *text_holders(const void *p)
{
	const struct row *r = p;
	struct fv_holders found;
	char *text;

	if (!r->device)
		return util_strdup("");
	holders_of(r->holders, r->device, &found);
	text = holders_text(&found);
	holders_free(&found);
	if (!*text && r->holders->unseen && device_is_vfio(r->device)) {
		free(text);
		text = util_strdup("?");
	}
	return text;
}

static struct json_object *value_passthrough(const void *p)
{
	const struct row *r = p;
	autofree char *text = r->group ? group_verdict(r->group) : NULL;

	return out_string(r->group ? text : "no IOMMU group");
}

/* In the tree, the group has the verdict, and the conflicting members are marked. */
static char *text_passthrough(const void *p)
{
	const struct row *r = p;

	if (!r->group)
		return util_strdup("no IOMMU group");
	if (r->device)
		return util_strdup(device_is_in_the_way(r->device) ? "blocking" : "");
	return util_strdup(group_is_viable(r->group) ? "viable" : "not viable");
}

static const struct out_column column[] = {
	{ "DEVICE", "bdf", "IOMMU group and PCI addresses of its devices",
	  OUT_DEFAULT | OUT_TREE, value_device, text_device },
	{ "PASSTHROUGH", "passthrough", "viable, or what blocks passthrough", OUT_DEFAULT,
	  value_passthrough, text_passthrough },
	{ "GROUP", "group", "number of the IOMMU group", OUT_RIGHT, value_group, NULL },
	{ "ID", "id", "vendor and device ID", OUT_DEFAULT, value_id, NULL },
	{ "CLASS", "class", "device class", OUT_TRUNC, value_class, NULL },
	{ "NAME", "name", "vendor and device name from the PCI database",
	  OUT_DEFAULT | OUT_TRUNC, value_name, NULL },
	{ "DRIVER", "driver", "driver bound to the device", OUT_DEFAULT, value_driver, NULL },
	{ "STATE", "state", "state of a device bound to " FV_DRIVER ", and the reason", 0,
	  value_state, text_state },
	{ "FENCED-BY", "fence", "owner of the card's fence, and time left", 0, value_fence,
	  text_fence },
	{ "PORT", "port", "upstream port", OUT_DEFAULT, value_port, NULL },
	{ "LINK", "link", "current / maximum speed and width of the link", OUT_DEFAULT, value_link,
	  text_link },
	{ "HELD-BY", "holders", "processes that hold the device; ?: not visible to the caller",
	  OUT_DEFAULT, value_holders, text_holders },
};

static const struct out_columns columns = { column, ARRAY_SIZE(column) };

/* A VM never gets a bridge: list it on request, or if its driver blocks the group. */
static bool is_listed(const struct cmd_ctx *ctx, const struct fv_device *d)
{
	return !d->is_bridge || cmd_is_set(ctx, "all") || device_is_in_the_way(d);
}

static bool group_is_listed(const struct cmd_ctx *ctx, const struct fv_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (!g->members[i]->is_bridge || cmd_is_set(ctx, "all"))
			return true;
	return false;
}

/* @row holds the fields common to all rows. */
static void print_table(const struct cmd_ctx *ctx, struct out_table *t, struct row row)
{
	const struct fv_model *m = ctx->model;
	struct libscols_line *parent;
	size_t i, j;

	for (i = 0; i < m->n_groups; i++) {
		row.group = &m->groups[i];
		if (!group_is_listed(ctx, row.group))
			continue;
		row.device = NULL;
		parent = out_table_add(t, NULL, &row);
		for (j = 0; j < row.group->n; j++) {
			row.device = row.group->members[j];
			if (is_listed(ctx, row.device))
				out_table_add(t, parent, &row);
		}
	}
	row.group = NULL;
	for (i = 0; i < m->n; i++) {
		row.device = &m->devices[i];
		if (row.device->group == FV_NO_GROUP && is_listed(ctx, row.device))
			out_table_add(t, NULL, &row);
	}
	out_table_print(t);
}

static struct json_object *group_json(const struct cmd_ctx *ctx, struct out_table *t,
				      struct row *row)
{
	struct json_object *devices = json_object_new_array();
	struct json_object *o = json_object_new_object();
	autofree char *verdict = group_verdict(row->group);
	size_t i;

	for (i = 0; i < row->group->n; i++) {
		row->device = row->group->members[i];
		if (is_listed(ctx, row->device))
			json_object_array_add(devices, out_json_row(t, row));
	}
	json_object_object_add(o, "group", json_object_new_int(row->group->id));
	json_object_object_add(o, "viable", json_object_new_boolean(group_is_viable(row->group)));
	json_object_object_add(o, "passthrough", out_string(verdict));
	json_object_object_add(o, "devices", devices);
	return o;
}

static void print_json(const struct cmd_ctx *ctx, struct out_table *t, struct row row)
{
	const struct fv_model *m = ctx->model;
	struct json_object *groups = json_object_new_array();
	struct json_object *without = json_object_new_array();
	struct json_object *top = json_object_new_object();
	size_t i;

	for (i = 0; i < m->n_groups; i++) {
		row.group = &m->groups[i];
		if (group_is_listed(ctx, row.group))
			json_object_array_add(groups, group_json(ctx, t, &row));
	}
	row.group = NULL;
	for (i = 0; i < m->n; i++) {
		row.device = &m->devices[i];
		if (row.device->group == FV_NO_GROUP && is_listed(ctx, row.device))
			json_object_array_add(without, out_json_row(t, &row));
	}
	json_object_object_add(top, "groups", groups);
	json_object_object_add(top, "without_group", without);
	json_object_object_add(top, "holders_complete",
			       json_object_new_boolean(!row.holders->unseen));
	out_json(top);
}

/* Note hidden holders if there is a VFIO device. */
static void note_unseen(const struct fv_model *m, const struct fv_holders *holders)
{
	size_t i;

	if (!holders->unseen)
		return;
	for (i = 0; i < m->n; i++) {
		if (!device_is_vfio(&m->devices[i]))
			continue;
		err_note("holders", "cannot see the open files of %u process%s; run as root",
			 holders->unseen, holders->unseen == 1 ? "" : "es");
		return;
	}
}

/* A fence hides a card from its VFIO user; show who owns the session. */
static void note_fences(const struct fv_cards *cards)
{
	size_t i;

	for (i = 0; i < cards->n; i++) {
		const struct fv_card *c = &cards->v[i];
		autofree char *owner = card_fence_text(&c->fence);

		if (*owner && c->devices.n)
			err_note(c->devices.v[0], "card is fenced by %s; to end the fence: fpgactl recover %s%s",
				 owner, c->fence.is_detached ? "" : "--force ", c->devices.v[0]);
	}
}

/* Such a device is left without a driver when it is probed again. */
static void note_old_overrides(const struct fv_model *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct fv_device *d = &m->devices[i];
		autofree char *advice = NULL;

		if (!device_has_old_override(d))
			continue;
		advice = rebind_advice(d);
		err_note(d->bdf, "driver_override has the old name %s; %s", FV_OLD_DRIVER, advice);
	}
}

static bool is_any_fenced(const struct fv_status_list *said)
{
	size_t i;

	for (i = 0; i < said->n; i++)
		if (said->v[i].has_state && said->v[i].state == FPGA_VFIO_CARD_STATE_FENCED)
			return true;
	return false;
}

/* Ignore errors: without the driver, only its columns stay empty. */
static void ask_driver(struct fv_status_list *said, struct fv_cards *cards)
{
	autofree char *why = NULL;
	autofree char *why_cards = NULL;

	if (!sysfs_is_live())
		return;
	if (status_fetch(said, NULL, &why))
		status_free(said);
	if (is_any_fenced(said) && cards_read(cards, &why_cards))
		cards_free(cards);
}

static int run(const struct cmd_ctx *ctx)
{
	struct fv_status_list said = {};
	struct fv_cards cards = {};
	struct fv_holders holders;
	struct row row = { .holders = &holders, .said = &said, .cards = &cards };
	struct out_table *t;

	t = out_table_new(&columns, ctx->columns);
	if (!t)
		return FV_USAGE;
	holders_scan(&holders);
	ask_driver(&said, &cards);
	if (ctx->is_json)
		print_json(ctx, t, row);
	else
		print_table(ctx, t, row);
	note_unseen(ctx->model, &holders);
	note_fences(&cards);
	note_old_overrides(ctx->model);
	cards_free(&cards);
	status_free(&said);
	holders_free(&holders);
	out_table_free(t);
	return FV_OK;
}

static const struct cmd_option options[] = {
	{ "all", 'a', NULL, false, "include bridges and ports" },
};

FV_COMMAND(list) = {
	.name = "list",
	.args = "",
	.help = "list IOMMU groups and their devices",
	.text = "Lists the IOMMU groups and their devices. A VM is assigned whole groups: the column\n"
		"PASSTHROUGH says whether a group is viable; a device bound to a host driver blocks\n"
		"its group. Bridges are listed only if they block a group.",
	.examples = "  fpgactl list                      # all groups and devices\n"
		    "  fpgactl list -o DEVICE,HELD-BY    # holders of the devices\n"
		    "  fpgactl list --json | jq -r '.groups[] | select(.viable) | .group'",
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &columns,
	.needs = CMD_NEEDS_MODEL,
	.run = run,
};
