// SPDX-License-Identifier: GPL-2.0
/* fpgactl allow: print or set what members of group fpga may do with a card */
#include <string.h>

#include "cmd/cmd.h"
#include "config/persist.h"
#include "host/sysfs.h"
#include "host/targets.h"
#include "netlink/service.h"

struct allow {
	const struct cmd_ctx *ctx;
	const struct pci_func *d;
	bool before[CARD_RIGHTS], after[CARD_RIGHTS];
	struct persist persist;
};

static bool is_change(const struct cmd_ctx *ctx)
{
	return ctx->args.n > 1 && !cmd_is_set(ctx, "dry-run");
}

static int parse(struct allow *a)
{
	const struct strv *words = &a->ctx->args;
	autostrv struct strv names = {};
	enum card_right right;
	size_t i;

	if (words->n == 2 && !strcmp(words->v[1], "none"))
		return FV_OK;
	for (i = 1; i < words->n; i++) {
		const char *nearest;

		if (card_right_parse(words->v[i], &right)) {
			a->after[right] = true;
			continue;
		}
		for (right = 0; right < CARD_RIGHTS; right++)
			strv_add(&names, card_right_name(right));
		nearest = util_nearest(words->v[i], &names);
		return err_usage("allow", words->v[i],
				 "Operations: fence, recover, reprogram, reset; or none alone.",
				 "unknown operation%s%s%s", nearest ? "; did you mean '" : "",
				 nearest ? nearest : "", nearest ? "'?" : "");
	}
	return FV_OK;
}

static struct json_object *rights_json(const bool may[CARD_RIGHTS])
{
	struct json_object *list = json_object_new_array();
	enum card_right right;

	for (right = 0; right < CARD_RIGHTS; right++)
		if (may[right])
			json_object_array_add(list,
					      json_object_new_string(card_right_name(right)));
	return list;
}

static char *rights_text(const bool may[CARD_RIGHTS])
{
	autostrv struct strv names = {};
	enum card_right right;

	for (right = 0; right < CARD_RIGHTS; right++)
		if (may[right])
			strv_add(&names, card_right_name(right));
	return names.n ? strv_join(&names, ", ") : util_strdup("nothing");
}

static bool is_any(const bool may[CARD_RIGHTS])
{
	size_t i;

	for (i = 0; i < CARD_RIGHTS; i++)
		if (may[i])
			return true;
	return false;
}

static void report(const struct allow *a)
{
	bool is_dry_run = cmd_is_set(a->ctx, "dry-run");
	bool is_set = a->ctx->args.n > 1;
	const bool *may = is_set ? a->after : a->before;
	autofree char *text = rights_text(may);
	struct json_object *top;

	if (is_any(may) && !sysfs_exists(SERVICE_SOCKET))
		err_note(a->d->bdf, "no service is there to do it: systemctl enable --now fpgactl.socket");
	if (!a->ctx->is_json) {
		out_print("%s: group " SERVICE_GROUP " may %s%s\n", a->d->bdf,
			  is_set && is_dry_run ? "then " : "", text);
		persist_print(&a->persist, is_dry_run);
		return;
	}
	top = json_object_new_object();
	json_object_object_add(top, "dry_run", json_object_new_boolean(is_dry_run));
	json_object_object_add(top, "bdf", json_object_new_string(a->d->bdf));
	json_object_object_add(top, "before", rights_json(a->before));
	json_object_object_add(top, "after", rights_json(may));
	json_object_object_add(top, "files", persist_json(&a->persist));
	out_json(top);
}

static int change(struct allow *a)
{
	int code;

	persist_init(&a->persist, "allow", cmd_line(a->ctx));
	code = persist_allow(&a->persist, a->ctx->model, a->d, a->after);
	if (!code)
		code = persist_check(&a->persist);
	if (!code && !cmd_is_set(a->ctx, "dry-run"))
		code = persist_write(&a->persist);
	return code;
}

static int run(const struct cmd_ctx *ctx)
{
	struct allow a = { .ctx = ctx };
	autofree char *why = NULL;
	int code;

	code = parse(&a);
	if (!code)
		a.d = target_find(ctx->model, ctx->args.v[0], "allow", &code);
	if (!a.d)
		return code;
	if (a.d->is_bridge)
		return err_fail(FV_FAILED, a.d->bdf, "allow",
				"Name a device below it; 'fpgactl list' shows them.",
				"is a bridge, not an endpoint");
	if (*a.d->physfn)
		return err_fail(FV_FAILED, a.d->bdf, "allow",
				"Name the physical function: it is allowed for the whole card.",
				"is a virtual function of %s", a.d->physfn);
	if (persist_read_allow(a.d->bdf, a.before, &why) && ctx->args.n == 1)
		return err_fail(FV_FAILED, a.d->bdf, "allow",
				"Mend or remove the file; see fpgactl-cards.d(5).", "%s", why);
	if (ctx->args.n > 1)
		code = change(&a);
	if (!code)
		report(&a);
	persist_free(&a.persist);
	return code;
}

static const struct cmd_option options[] = {
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
};

FV_COMMAND(allow) = {
	.name = "allow",
	.group = CMD_SET_UP,
	.args = "BDF [OPERATION...]",
	.help = "allow users without root to operate a card",
	.text = "Allows members of group " SERVICE_GROUP " these operations on the card of a device,\n"
		"without root: fence, recover, reprogram, reset. Others are not allowed any more; with 'none', none\n"
		"is. Without an operation, prints what is allowed. With 'reprogram', the card may only\n"
		"be fenced while a program runs, with the rights of the user. It is kept in the card's\n"
		"file, see fpgactl-cards.d(5), and holds while the card is in its slot and is the same.\n"
		"A service runs the operations; to enable it: systemctl enable --now fpgactl.socket",
	.examples = "  fpgactl allow 01:00.0                  # what is allowed\n"
		    "  fpgactl allow 01:00.0 reprogram reset\n"
		    "  usermod -aG " SERVICE_GROUP " alice                 # who may do it\n"
		    "  fpgactl allow 01:00.0 none",
	.min_args = 1,
	.max_args = 1 + CARD_RIGHTS,
	.words = CMD_WORDS_BDF_THEN_RIGHTS,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.is_change = is_change,
	.run = run,
};
