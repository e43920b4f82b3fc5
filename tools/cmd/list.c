// SPDX-License-Identifier: GPL-2.0
/* fpgactl list: IOMMU groups and their devices */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>

#include "cmd/cmd.h"
#include "cmd/list_row.h"
#include "host/fpga.h"
#include "host/iommu.h"
#include "host/model.h"
#include "host/sysfs.h"
#include "host/targets.h"

/* What is listed of a model. */
struct selection {
	const struct model *m;
	bool *is_listed;		/* by index in the model */
	size_t others;			/* devices left out, as they are no cards */
};

/* Bridges and IOMMUs, which no VM gets, are listed with --all or by their addresses. */
static bool is_requested(const struct cmd_ctx *ctx, const struct pci_func *d)
{
	bool is_usual = cmd_is_set(ctx, "all") || !(d->is_bridge || d->is_iommu);
	char bdf[BDF_SIZE];
	unsigned int id;
	size_t i;

	for (i = 0; i < ctx->args.n; i++) {
		if (bdf_parse(ctx->args.v[i], bdf)) {
			if (!strcmp(bdf, d->bdf))
				return true;
		} else if (is_usual && util_parse_uint(ctx->args.v[i], INT32_MAX, &id) &&
			   d->group == (int)id) {
			return true;
		}
	}
	return is_usual && !ctx->args.n;
}

/* A group is assigned as a whole, so a card's group is listed as a whole. */
static bool has_card(const struct model *m, const struct pci_func *d)
{
	const struct iommu_group *g = d->group == FV_NO_GROUP ? NULL : model_group(m, d->group);
	size_t i;

	for (i = 0; g && i < g->n; i++)
		if (device_is_card(g->members[i]))
			return true;
	return device_is_card(d);
}

static bool group_is_listed(const struct selection *s, const struct iommu_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (s->is_listed[g->members[i] - s->m->devices])
			return true;
	return false;
}

/* A bridge with a driver that blocks its group is listed with the other members. */
static void add_blocking_bridges(struct selection *s)
{
	const struct model *m = s->m;
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->devices[i].is_bridge && m->devices[i].group != FV_NO_GROUP &&
		    device_is_in_the_way(&m->devices[i]) &&
		    group_is_listed(s, model_group(m, m->devices[i].group)))
			s->is_listed[i] = true;
}

static void keep_cards(struct selection *s)
{
	size_t i;

	for (i = 0; i < s->m->n; i++) {
		if (!s->is_listed[i] || has_card(s->m, &s->m->devices[i]))
			continue;
		s->is_listed[i] = false;
		s->others++;
	}
}

/* Report an argument that is neither an address nor a group of this system. */
static int check_args(const struct cmd_ctx *ctx)
{
	unsigned int id;
	size_t i;
	int code;

	if (cmd_is_set(ctx, "cards") && (cmd_is_set(ctx, "all") || ctx->args.n))
		return err_usage("list", "--cards", "See 'fpgactl help list'.",
				 "--cards cannot be combined with %s",
				 cmd_is_set(ctx, "all") ? "--all" : "an argument");
	for (i = 0; i < ctx->args.n; i++) {
		if (!util_parse_uint(ctx->args.v[i], INT32_MAX, &id)) {
			if (!target_find(ctx->model, ctx->args.v[i], "list", &code))
				return code;
		} else if (!model_group(ctx->model, (int)id)) {
			return err_fail(FV_NO_DEVICE, ctx->args.v[i], "list",
					"'fpgactl list --all' shows all groups.",
					"no such IOMMU group");
		}
	}
	return FV_OK;
}

/* For programs, only --cards leaves out what is no card. */
static void select_devices(struct selection *s, const struct cmd_ctx *ctx)
{
	bool is_any_card = false, wants_all = cmd_is_set(ctx, "all") || ctx->args.n;
	size_t i;

	s->m = ctx->model;
	s->is_listed = util_alloc(s->m->n, sizeof(*s->is_listed));
	for (i = 0; i < s->m->n; i++) {
		const struct pci_func *d = &s->m->devices[i];

		s->is_listed[i] = is_requested(ctx, d);
		is_any_card |= device_is_card(d);
	}
	if (cmd_is_set(ctx, "cards") || (is_any_card && !wants_all && !ctx->is_json))
		keep_cards(s);
	add_blocking_bridges(s);
}

/* @row holds the fields common to all rows. */
static void print_table(const struct selection *s, struct out_table *t, struct list_row row)
{
	const struct model *m = s->m;
	struct libscols_line *parent;
	size_t i, j;

	for (i = 0; i < m->n_groups; i++) {
		row.of.group = &m->groups[i];
		if (!group_is_listed(s, row.of.group))
			continue;
		row.of.d = NULL;
		parent = out_table_add(t, NULL, &row);
		for (j = 0; j < row.of.group->n; j++) {
			row.of.d = row.of.group->members[j];
			if (s->is_listed[row.of.d - m->devices])
				out_table_add(t, parent, &row);
		}
	}
	row.of.group = NULL;
	for (i = 0; i < m->n; i++) {
		row.of.d = &m->devices[i];
		if (row.of.d->group == FV_NO_GROUP && s->is_listed[i])
			out_table_add(t, NULL, &row);
	}
	out_table_print(t);
	if (s->others)
		out_print("%zu other device%s: fpgactl list --all\n", s->others,
			  s->others == 1 ? "" : "s");
}

static struct json_object *group_json(const struct selection *s, struct out_table *t,
				      struct list_row *row)
{
	struct json_object *devices = json_object_new_array();
	struct json_object *o = json_object_new_object();
	autofree char *verdict = group_verdict(row->of.group);
	size_t i;

	for (i = 0; i < row->of.group->n; i++) {
		row->of.d = row->of.group->members[i];
		if (s->is_listed[row->of.d - s->m->devices])
			json_object_array_add(devices, out_json_row(t, row));
	}
	json_object_object_add(o, "group", json_object_new_int(row->of.group->id));
	json_object_object_add(o, "viable",
			       json_object_new_boolean(group_is_viable(row->of.group)));
	json_object_object_add(o, "passthrough", json_string(verdict));
	json_object_object_add(o, "blockers", group_blockers(row->of.group));
	json_object_object_add(o, "devices", devices);
	return o;
}

static void print_json(const struct selection *s, struct out_table *t, struct list_row row)
{
	const struct model *m = s->m;
	struct json_object *groups = json_object_new_array();
	struct json_object *without = json_object_new_array();
	struct json_object *top = json_object_new_object();
	size_t i;

	for (i = 0; i < m->n_groups; i++) {
		row.of.group = &m->groups[i];
		if (group_is_listed(s, row.of.group))
			json_object_array_add(groups, group_json(s, t, &row));
	}
	row.of.group = NULL;
	for (i = 0; i < m->n; i++) {
		row.of.d = &m->devices[i];
		if (row.of.d->group == FV_NO_GROUP && s->is_listed[i])
			json_object_array_add(without, out_json_row(t, &row));
	}
	json_object_object_add(top, "groups", groups);
	json_object_object_add(top, "without_group", without);
	json_object_object_add(top, "users_complete",
			       json_object_new_boolean(!row.holders->unseen));
	out_json(top);
}

/* Note hidden holders if there is a VFIO device. */
static void note_unseen(const struct model *m, const struct holders *holders)
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

/* What cannot be read of these devices is missing; main() says so. */
static void raise_faults(const struct selection *s)
{
	size_t i;

	for (i = 0; i < s->m->n; i++)
		if (s->is_listed[i])
			model_raise_faults(s->m, &s->m->devices[i]);
}

/* Such a function fails for every user, and looks like any other in sysfs. */
static void note_silent(const struct selection *s)
{
	size_t i;

	for (i = 0; i < s->m->n; i++) {
		const struct pci_func *d = &s->m->devices[i];
		const struct pci_func *other = device_live_sibling(s->m, d);
		autofree char *what = device_silence(s->m, d);
		autofree char *next = NULL;

		if (!s->is_listed[i] || !what)
			continue;
		if (other)
			next = util_printf("; next: fpgactl rescan %s", other->bdf);
		err_note(d->bdf, "%s%s", what, next ? next : "");
	}
}

static void note_regions(const struct selection *s)
{
	size_t i;

	for (i = 0; i < s->m->n_groups; i++) {
		const struct iommu_group *g = &s->m->groups[i];
		autofree char *name = util_printf("group %d", g->id);

		if (g->direct.n && group_is_listed(s, g))
			err_note(name, "not viable: " VIABLE_DIRECT, g->direct.v[0]);
	}
}

static void note_no_groups(const struct model *m)
{
	autofree char *hint = NULL;

	if (m->n_groups || !m->n)
		return;
	hint = iommu_hint(m);
	err_note("iommu", "no device has an IOMMU group, so none can be assigned to a VM");
	err_note("iommu", "%s", hint);
}

/* A fence hides a card from its VFIO user; show who owns the session. */
static void note_fences(const struct cards *cards)
{
	size_t i;

	for (i = 0; i < cards->n; i++) {
		const struct card *c = &cards->v[i];
		autofree char *owner = card_fence_text(&c->fence);

		if (*owner && c->devices.n)
			err_note(c->devices.v[0], "card is fenced by %s; to end the fence: fpgactl recover %s%s",
				 owner, c->fence.is_detached ? "" : "--force ", c->devices.v[0]);
	}
}

/* Such a device is left without a driver when it is probed again. */
static void note_old_overrides(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct pci_func *d = &m->devices[i];
		autofree char *advice = NULL;

		if (!device_has_old_override(d))
			continue;
		advice = device_override_advice(d);
		err_note(d->bdf, "driver_override has the old name %s; %s", FV_OLD_DRIVER, advice);
	}
}

static bool is_any_fenced(const struct status_list *said)
{
	size_t i;

	for (i = 0; i < said->n; i++)
		if (said->v[i].has_state && said->v[i].state == FPGA_VFIO_CARD_STATE_FENCED)
			return true;
	return false;
}

/* Ignore errors: without the driver, only its columns stay empty. */
static void ask_driver(struct status_list *said, struct cards *cards)
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
	struct status_list said = {};
	struct cards cards = {};
	struct holders holders;
	struct list_row row = { .holders = &holders, .said = &said, .cards = &cards };
	struct selection selection = {};
	struct out_table *t;
	int code;

	code = check_args(ctx);
	if (code)
		return code;
	t = out_table_new(&list_columns, ctx->columns);
	if (!t)
		return FV_USAGE;
	select_devices(&selection, ctx);
	holders_scan(&holders);
	ask_driver(&said, &cards);
	if (ctx->is_json)
		print_json(&selection, t, row);
	else
		print_table(&selection, t, row);
	raise_faults(&selection);
	note_unseen(ctx->model, &holders);
	note_fences(&cards);
	note_old_overrides(ctx->model);
	note_silent(&selection);
	note_regions(&selection);
	note_no_groups(ctx->model);
	cards_free(&cards);
	status_free(&said);
	holders_free(&holders);
	free(selection.is_listed);
	out_table_free(t);
	return FV_OK;
}

static const struct cmd_option options[] = {
	{ "all", 'a', NULL, "all devices, with bridges and IOMMUs" },
	{ "cards", 0, NULL, "only FPGA cards and devices bound to " FV_DRIVER },
};

FV_COMMAND(list) = {
	.name = "list",
	.group = CMD_INSPECT,
	.args = "[BDF|GROUP...]",
	.help = "list cards, IOMMU groups and their devices",
	.text = "Lists FPGA cards and the devices bound to " FV_DRIVER ", each with the whole of its\n"
		"IOMMU group, as a VM is assigned whole groups; on a machine without any, all devices.\n"
		"STATE says whether a group is viable; a device bound to a host driver blocks its group.",
	.examples = "  fpgactl list                      # the cards of this machine\n"
		    "  fpgactl list 13 02:00.0           # a group, and a device\n"
		    "  fpgactl list --all -o +ID,PORT    # all devices, with more columns\n"
		    "  fpgactl list --json | jq -r '.groups[] | select(.viable) | .group'",
	.max_args = CMD_ANY_ARGS,
	.words = CMD_WORDS_BDF_OR_GROUP,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &list_columns,
	.needs = CMD_NEEDS_MODEL,
	.run = run,
};
