// SPDX-License-Identifier: GPL-2.0
/* fpgactl link: the link of a card, and the card's state */
#include <stdio.h>
#include <string.h>

#include <linux/fpga_vfio.h>

#include "cmd/cmd.h"
#include "cmd/device_row.h"
#include "host/fpga.h"
#include "host/targets.h"
#include "model/card.h"
#include "output/color.h"

/* Source of the fields below. */
struct facts {
	struct device_row of;
	struct card card;
};

/* A function of the card that does not respond, @f's device first; NULL: all of them respond. */
static const struct pci_func *find_silent(const struct facts *f)
{
	const struct pci_func *d = f->of.d;

	while (d && !d->is_silent)
		d = device_next_function(f->of.m, f->of.d, d == f->of.d ? NULL : d);
	return d;
}

static struct json_object *value_link(const void *p)
{
	const struct facts *f = p;

	return f->card.has_link ? portlink_json(&f->card.link) : NULL;
}

static char *text_link(const void *p)
{
	const struct facts *f = p;
	const struct port_link *l = &f->card.link;

	if (!f->card.has_link)
		return util_printf("unknown: %s", portlink_why_unknown(f->card.port));
	return portlink_text(l->speed_mts, l->width);
}

static char *text_max(const void *p)
{
	const struct port_link *l = &((const struct facts *)p)->card.link;

	if (!l->max_speed_mts || !l->max_width)
		return util_strdup("");
	return portlink_text(l->max_speed_mts, l->max_width);
}

static char *text_target(const void *p)
{
	const struct port_link *l = &((const struct facts *)p)->card.link;

	return l->target_mts ? util_printf("%g GT/s", l->target_mts / 1000.0) : util_strdup("");
}

static char *text_status(const void *p)
{
	const struct facts *f = p;
	const struct port_link *l = &f->card.link;

	if (!f->card.has_link)
		return util_strdup("");
	if (l->active == FV_UNKNOWN)
		return util_printf("unknown (%s)", portlink_why_unknown(f->card.port));
	return util_printf("%sactive%s%s", l->active == FV_YES ? "" : "not ",
			   l->training == FV_YES ? ", training" : "",
			   l->disabled == FV_YES ? ", disabled by the port" : "");
}

static char *text_responding(const void *p)
{
	const struct facts *f = p;
	const struct pci_func *silent = find_silent(f);

	if (!silent)
		return util_strdup("");
	return silent == f->of.d ? device_silence(f->of.m, silent) :
				util_printf("%s of the same card: no response", silent->bdf);
}

static struct json_object *value_state(const void *p)
{
	const struct facts *f = p;

	return f->card.is_bound ? json_object_new_string(card_state_name(f->card.state)) : NULL;
}

static char *text_state(const void *p)
{
	const struct facts *f = p;

	if (!f->card.is_bound)
		return util_strdup("");
	return util_strdup(card_state_name(f->card.state));
}

static struct json_object *value_reason(const void *p)
{
	return json_string(((const struct facts *)p)->card.reason);
}

static struct json_object *value_fence(const void *p)
{
	return card_fence_json(&((const struct facts *)p)->card.fence);
}

static char *text_fence(const void *p)
{
	return card_fence_text(&((const struct facts *)p)->card.fence);
}

static struct json_object *value_devices(const void *p)
{
	const struct facts *f = p;
	struct json_object *list = f->card.is_bound ? json_object_new_array() : NULL;
	size_t i;

	for (i = 0; list && i < f->card.devices.n; i++)
		json_object_array_add(list, json_string(f->card.devices.v[i]));
	return list;
}

/* Without a key: a member of "link" in JSON. */
static const struct out_column field[] = {
	{ "Device", "bdf", NULL, 0, device_row_bdf, NULL },
	{ "VF of", "physical_function", NULL, 0, device_row_physfn, NULL },
	{ "Response", "responding", NULL, 0, device_row_responding, text_responding },
	{ "Port", "port", NULL, 0, device_row_port, NULL },
	{ "Link", "link", NULL, 0, value_link, text_link },
	{ "Maximum", NULL, NULL, 0, NULL, text_max },
	{ "Target speed", NULL, NULL, 0, NULL, text_target },
	{ "Status", NULL, NULL, 0, NULL, text_status },
	{ "Card", "state", NULL, 0, value_state, text_state },
	{ "Reason", "reason", NULL, 0, value_reason, NULL },
	{ "Fenced by", "fence", NULL, 0, value_fence, text_fence },
	{ "Devices", "bound_devices", NULL, 0, value_devices, NULL },
};

static const struct out_columns fields = { field, ARRAY_SIZE(field) };

/* Next step for a card that is not ready; NULL if it is. */
static char *advice_of_state(const struct facts *f)
{
	const char *bdf = f->of.d->bdf;

	switch (f->card.is_bound ? f->card.state : FPGA_VFIO_CARD_STATE_READY) {
	case FPGA_VFIO_CARD_STATE_READY:
		return NULL;
	case FPGA_VFIO_CARD_STATE_FENCED:
		return util_printf("The card is fenced until its recovery or its time limit.\n"
				   "To end the fence: fpgactl recover %s%s",
				   f->card.fence.is_detached ? "" : "--force ", bdf);
	case FPGA_VFIO_CARD_STATE_RECOVERING:
		return util_strdup("The card is recovering.");
	case FPGA_VFIO_CARD_STATE_LOST:
		return util_printf("The driver recovers the card when the link is up again.\n"
				   "To try now: fpgactl recover %s", bdf);
	case FPGA_VFIO_CARD_STATE_CHANGED:
		return util_printf("The identity of the card has changed.\n"
				   "To use the new image: fpgactl rescan %s\n"
				   "To go back, load the old image, then: fpgactl recover %s",
				   bdf, bdf);
	default:
		return util_printf("The card is not ready.\nNext: fpgactl recover %s", bdf);
	}
}

/* The fault and the next step; NULL if there is none. */
static char *advice(const struct facts *f)
{
	const struct port_link *l = &f->card.link;
	char *s = f->card.has_link ? portlink_complaint(l) : NULL;
	autofree char *of_state = advice_of_state(f);
	const struct pci_func *silent = find_silent(f);
	const char *bdf = f->of.d->bdf;

	if (of_state) {
		util_append(&s, "%s%s", s ? "\n" : "", of_state);
		return s;
	}
	if (silent) {
		const struct pci_func *other = device_live_sibling(f->of.m, silent);

		util_append(&s, "%sNext: fpgactl rescan %s", s ? "\n" : "",
			    other ? other->bdf : bdf);
	}
	if (!s || silent)
		return s;
	if (!device_is_bound(f->of.d))
		util_append(&s, "\nNext: fpgactl bind %s, then", bdf);
	else
		util_append(&s, "\nNext:");
	if (!portlink_is_up(l))
		util_append(&s, " fpgactl reset --method link %s", bdf);
	else if (l->target_mts && l->target_mts < l->max_speed_mts)
		util_append(&s, " fpgactl retrain --speed %gGT/s %s",
			    l->max_speed_mts / 1000.0, bdf);
	else
		util_append(&s, " fpgactl retrain %s", bdf);
	return s;
}

/* Table of all cards */

static char *column_link(const void *p)
{
	const struct facts *f = p;

	return f->card.has_link ? portlink_short(&f->card.link) : util_strdup("?");
}

static char *column_target(const void *p)
{
	return text_target(p);
}

static char *column_status(const void *p)
{
	const struct facts *f = p;

	return f->card.link.active == FV_UNKNOWN ? util_strdup("") : text_status(p);
}

/* With the reason, as there is one line for a card. */
static char *column_state(const void *p)
{
	const struct facts *f = p;
	const struct pci_func *silent = find_silent(f);
	autofree char *reason = f->card.reason ? util_printable(f->card.reason) : NULL;

	if (!f->card.is_bound && silent)
		return util_printf("%s%sno response", silent == f->of.d ? "" : silent->bdf,
				   silent == f->of.d ? "" : ": ");
	if (!f->card.is_bound)
		return util_strdup("");
	return util_printf("%s%s%s", card_state_name(f->card.state), reason ? ": " : "",
			   reason ? reason : "");
}

static const struct out_column column[] = {
	{ "DEVICE", NULL, "first function of the card", OUT_DEFAULT, device_row_bdf, NULL },
	{ "PORT", NULL, "port above the card", OUT_DEFAULT, device_row_port, NULL },
	{ "LINK", NULL, "speed and width; below the maximum: \"NOW of MAXIMUM !\"", OUT_DEFAULT,
	  NULL, column_link, 0, color_of_link },
	{ "TARGET", NULL, "Target Link Speed of the port", OUT_DEFAULT, NULL, column_target },
	{ "STATUS", NULL, "whether the link is active; needs root", OUT_DEFAULT, NULL,
	  column_status },
	{ "STATE", NULL, "state of a card with a device bound to " FV_DRIVER,
	  OUT_DEFAULT | OUT_CUT, NULL, column_state, 11, color_of_state },
	{ "FENCED-BY", NULL, "owner of the card's fence, and time left", 0, NULL, text_fence },
};

static const struct out_columns columns = { column, ARRAY_SIZE(column) };

static struct json_object *facts_json(const struct facts *f)
{
	struct json_object *o = json_object_new_object();
	autofree char *text = advice(f);
	size_t i;

	for (i = 0; i < fields.n; i++)
		if (field[i].key)
			json_object_object_add(o, field[i].key, field[i].value(f));
	json_object_object_add(o, "hint", json_string(text));
	return o;
}

static const struct pci_func *first_function(const struct model *m, const char *port)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (!strcmp(m->devices[i].port, port) && device_is_card(&m->devices[i]))
			return &m->devices[i];
	return NULL;
}

static int print_all(const struct cmd_ctx *ctx, const struct cards *l)
{
	struct out_table *t = out_table_new(&columns, ctx->columns);
	struct json_object *list = json_object_new_array();
	struct json_object *top = json_object_new_object();
	struct facts f = { .of.m = ctx->model };
	size_t i, n_faults = 0;

	json_object_object_add(top, "cards", list);
	for (i = 0; i < l->n && t; i++) {
		autofree char *text = NULL;

		f.card = l->v[i];
		f.of.d = first_function(ctx->model, f.card.port);
		model_raise_faults(ctx->model, f.of.d);
		text = advice(&f);
		n_faults += !!text;
		if (ctx->is_json)
			json_object_array_add(list, facts_json(&f));
		else
			out_table_add(t, NULL, &f);
	}
	if (t && ctx->is_json)
		out_json(json_object_get(top));
	else if (t)
		out_table_print(t);
	json_object_put(top);
	if (t && !l->n)
		err_note("link", "no FPGA card, and no device bound to " FV_DRIVER);
	if (n_faults)
		err_note("link", "%zu card%s below maximum or not ready; next: fpgactl link BDF",
			 n_faults, n_faults == 1 ? " is" : "s are");
	out_table_free(t);
	return t ? FV_OK : FV_USAGE;
}

static int run_all(const struct cmd_ctx *ctx)
{
	struct cards l;
	int code = cards_collect(&l, ctx->model);

	if (!code)
		code = print_all(ctx, &l);
	cards_free(&l);
	return code;
}

static void print(const struct cmd_ctx *ctx, const struct facts *f)
{
	autofree char *text = advice(f);

	if (ctx->is_json) {
		out_json(facts_json(f));
		return;
	}
	out_record(&fields, f);
	if (text)
		out_print("\n%s\n", text);
}

/*
 * True if the link of a bridge is the one below it. Without root, its place tells: a root port is
 * at the top, and a switch has an upstream port with downstream ports below.
 */
static bool has_link_below(const struct model *m, const struct pci_func *d)
{
	const struct pci_func *above = model_find(m, d->port);
	struct port_link unused;
	size_t n;

	for (n = 0; above && n < m->n; n++)
		above = model_find(m, above->port);
	return d->is_bridge && (portlink_read(&unused, d->bdf) ||
				(link_is_present(&d->link) && n % 2 == 0));
}

/* A port stands for the card below it. */
static int find_below(struct facts *f)
{
	size_t i;

	if (!has_link_below(f->of.m, f->of.d))
		return FV_OK;
	for (i = 0; i < f->of.m->n; i++) {
		if (strcmp(f->of.m->devices[i].port, f->of.d->bdf) != 0)
			continue;
		f->of.d = &f->of.m->devices[i];
		return FV_OK;
	}
	return err_fail(FV_FAILED, f->of.d->bdf, "link", "'fpgactl rescan' looks for one there.",
			"is a port without a device below it");
}

static int run(const struct cmd_ctx *ctx)
{
	struct facts f = {};
	int code;

	if (!ctx->args.n)
		return run_all(ctx);
	if (ctx->columns)
		return err_usage("link", "--output", "See 'fpgactl help link'.",
				 "--output cannot be combined with BDF");
	f.of.m = ctx->model;
	f.of.d = target_find(ctx->model, ctx->args.v[0], "link", &code);
	if (!f.of.d)
		return code;
	code = find_below(&f);
	if (!code)
		code = card_read(&f.card, f.of.d, "link");
	if (!code)
		print(ctx, &f);
	card_free(&f.card);
	return code;
}

FV_COMMAND(link) = {
	.name = "link",
	.group = CMD_INSPECT,
	.args = "[BDF]",
	.help = "show links and states of cards",
	.text = "Without BDF, prints a table of all cards: FPGA cards, and devices bound to\n"
		FV_DRIVER ".\n\n"
		"With BDF, prints the link between a device's card and the port above it: current\n"
		"and maximum speed and width, the port's Target Link Speed, and whether the link is active. Also\n"
		"prints the state of the card: ready, fenced (with the owner of the fence),\n"
		"recovering, lost (its link went down unexpectedly), changed (its identity differs) or\n"
		"failed (recovery failed). Recommends the next step if something is wrong.",
	.examples = "  fpgactl link                 # all cards\n"
		    "  fpgactl link 01:00.0\n"
		    "  fpgactl link --json 01:00.0 | jq '.link.degraded'",
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	.columns = &columns,
	.run = run,
};
