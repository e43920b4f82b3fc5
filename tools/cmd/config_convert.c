// SPDX-License-Identifier: GPL-2.0
/* fpgactl config --convert: card files in place of the settings of other tools */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/config.h"
#include "config/bootline.h"
#include "config/convert.h"
#include "config/initramfs.h"
#include "config/ledger.h"
#include "config/persist.h"
#include "host/sysfs.h"
#include "util/diff.h"
#include "util/json.h"

#define WHAT	"config --convert"

struct plan {
	const struct cmd_ctx *ctx;
	struct model m;
	struct convert c;
	struct strv named;
	struct targets targets;
	struct persist persist;
	struct bootline line;		/* without a loader: there is nothing to do for it */
	char *by_hand;			/* why the command line is to be changed by hand, or NULL */
	char *unread;			/* why the boot loader did not take the change, or NULL */
	bool is_verified;
};

static int find_named(struct plan *p)
{
	size_t i;
	int code;

	for (i = 0; i < p->ctx->args.n; i++) {
		const struct pci_func *d = target_find(&p->m, p->ctx->args.v[i], "config", &code);

		if (!d)
			return code;
		strv_add(&p->named, d->bdf);
	}
	return FV_OK;
}

/* The command line still has what is to be replaced. */
static void keep_cmdline(struct plan *p, const char *why)
{
	size_t i;

	for (i = 0; i < p->c.n; i++)
		if (!strcmp(p->c.v[i].object, CONVERT_CMDLINE) && !p->c.v[i].kept)
			p->c.v[i].kept = util_strdup(why);
}

/* A command line that cannot be changed is no reason to leave the rest: driver_override wins. */
static int plan_cmdline(struct plan *p)
{
	autofree char *why = NULL;
	int ret;

	if (!p->c.words)
		return FV_OK;
	ret = bootline_parse(&p->line, p->c.words, &why);
	if (!ret)
		ret = bootline_plan(&p->line, &why);
	if (!ret)
		return FV_OK;
	bootline_free(&p->line);
	keep_cmdline(p, why);
	p->by_hand = util_strdup(why);
	return FV_OK;
}

/* All that would refuse the real run. */
static int check(const struct plan *p)
{
	autofree char *why = NULL;
	size_t i;
	int ret = 0, code = persist_check(&p->persist);

	if (code || !cmd_is_set(p->ctx, "apply"))
		return code;
	if (!sysfs_is_live() && p->line.n_commands)
		return err_fail(FV_FAILED, CONVERT_CMDLINE, WHAT, NULL, NEEDS_LIVE_SYSTEM);
	for (i = 0; i < p->c.n_files && ret >= 0; i++)
		ret = ledger_check(p->c.files[i].path, p->c.files[i].new, &why);
	if (ret < 0)
		return ledger_fail(ret, p->c.files[i - 1].path, WHAT, why);
	ret = p->line.loader ? bootline_check(&p->line, &why) : 0;
	return ret ? ledger_fail(ret, CONVERT_CMDLINE, WHAT, why) : FV_OK;
}

static int make_plan(struct plan *p)
{
	autofree char *why = NULL;
	int ret, code = find_named(p);

	if (code)
		return code;
	p->c.m = &p->m;
	p->c.named = &p->named;
	ret = convert_scan(&p->c, &why);
	if (ret)
		return ledger_fail(ret, "settings", WHAT, why);
	persist_init(&p->persist, WHAT, cmd_line(p->ctx));
	code = targets_find(&p->targets, &p->m, &p->c.devices, WHAT);
	if (!code)
		code = persist_bind(&p->persist, &p->m, &p->targets);
	if (!code)
		code = plan_cmdline(p);
	return code ? code : check(p);
}

static void print_setting(const struct convert_setting *s, bool is_made)
{
	autofree char *devices = strv_join(&s->takes, " ");
	autofree char *line = util_printf("%s%s%s", s->takes.n ? "takes " : "", devices,
					  s->takes.n ? "; " : "");
	autofree char *text = util_printf("%s%s", line, s->scope);

	out_print("%s: %s\n    ", s->object, s->text);
	cmd_print_words(text, 4, 4);
	if (s->kept)
		out_print("    stays: %s\n", s->kept);
	else
		out_print("    %s\n", is_made ? "replaced" : "would be replaced");
}

static char *difference_of(const struct boot_file *f)
{
	char *text = util_strdup("");

	diff_append(&text, f->path, f->old, f->new ? f->path : "/dev/null", f->new ?: "");
	return text;
}

/* Files that change, but for card files. */
static void other_changes(const struct plan *p, struct strv *paths)
{
	size_t i;

	for (i = 0; i < p->c.n_files; i++)
		strv_add(paths, p->c.files[i].path);
}

/* If a card file changed, that is told already. */
static void note_initramfs(const struct plan *p)
{
	autostrv struct strv paths = {};

	persist_changes(&p->persist, &paths);
	if (paths.n)
		return;
	other_changes(p, &paths);
	initramfs_note(&paths);
}

static void print(const struct plan *p, bool is_made)
{
	size_t i;

	for (i = 0; i < p->c.n; i++)
		print_setting(&p->c.v[i], is_made);
	if (!p->c.n) {
		out_raw("No setting of another tool takes a device.\n");
		return;
	}
	if (p->persist.n || p->c.n_files || p->c.words)
		out_raw("\n");
	persist_print(&p->persist, !is_made);
	for (i = 0; i < p->c.n_files; i++) {
		autofree char *difference = difference_of(&p->c.files[i]);
		autofree char *lines = util_printable_lines(difference);

		out_raw(lines);
	}
	if (p->line.loader)
		config_print_cmdline(&p->line, is_made);
	if (is_made)
		note_initramfs(p);
}

static struct json_object *settings_json(const struct plan *p)
{
	struct json_object *list = json_object_new_array();
	size_t i, j;

	for (i = 0; i < p->c.n; i++) {
		const struct convert_setting *s = &p->c.v[i];
		struct json_object *o = json_object_new_object();
		struct json_object *takes = json_object_new_array();

		for (j = 0; j < s->takes.n; j++)
			json_object_array_add(takes, json_string(s->takes.v[j]));
		json_object_object_add(o, "kind", json_object_new_string(s->kind));
		json_object_object_add(o, "object", json_string(s->object));
		json_object_object_add(o, "text", json_string(s->text));
		json_object_object_add(o, "takes", takes);
		json_object_object_add(o, "replaced", json_object_new_boolean(!s->kept));
		json_object_object_add(o, "why", json_string(s->kept));
		json_object_array_add(list, o);
	}
	return list;
}

static void print_json(const struct plan *p, bool is_made)
{
	struct json_object *top = json_object_new_object();
	struct json_object *files = json_object_new_array();
	autostrv struct strv paths = {};
	size_t i;

	persist_changes(&p->persist, &paths);
	other_changes(p, &paths);
	for (i = 0; i < p->c.n_files; i++) {
		struct json_object *o = json_object_new_object();
		autofree char *difference = difference_of(&p->c.files[i]);

		json_object_object_add(o, "path", json_string(p->c.files[i].path));
		json_object_object_add(o, "difference", json_string(difference));
		json_object_array_add(files, o);
	}
	json_object_object_add(top, "dry_run", json_object_new_boolean(!is_made));
	json_object_object_add(top, "settings", settings_json(p));
	json_object_object_add(top, "card_files", persist_json(&p->persist));
	json_object_object_add(top, "files", files);
	json_object_object_add(top, "cmdline", p->line.loader ?
			       config_cmdline_json(&p->line, p->is_verified) : NULL);
	json_object_object_add(top, "initramfs", json_string(initramfs_command(&paths)));
	out_json(top);
}

static void report(const struct plan *p, bool is_made)
{
	if (p->ctx->is_json)
		print_json(p, is_made);
	else
		print(p, is_made);
	if (p->by_hand)
		err_note(CONVERT_CMDLINE, "not changed: %s; change it by hand: %s", p->by_hand,
			 p->c.words);
	if (p->c.devices.n && !cmd_is_set(p->ctx, "apply") && !cmd_is_set(p->ctx, "dry-run"))
		err_note("settings", "nothing was changed; --apply makes the change");
}

static int write_files(const struct plan *p)
{
	autofree char *why = NULL;
	size_t i;
	int ret = 0, code = persist_write(&p->persist);

	for (i = 0; i < p->c.n_files && !code; i++) {
		ret = ledger_edit(p->c.files[i].path, p->c.files[i].old, p->c.files[i].new,
				  p->persist.reason, &why);
		if (ret < 0)
			code = ledger_fail(ret, p->c.files[i].path, WHAT, why);
	}
	if (code || !p->line.loader)
		return code;
	ret = bootline_apply(&p->line, p->persist.reason, &why);
	return ret ? ledger_fail(ret, CONVERT_CMDLINE, WHAT, why) : FV_OK;
}

/*
 * After a failure: in reverse order, so that a card is always in one of the two settings. Files
 * that were not written are left alone.
 */
static void take_back_files(const struct plan *p)
{
	autofree char *why = NULL;
	size_t i;

	for (i = p->c.n_files; i--;)
		ledger_edit(p->c.files[i].path, p->c.files[i].new, p->c.files[i].old,
			    p->persist.reason, &why);
	persist_take_back(&p->persist, p->persist.n, NULL);
}

static int apply(struct plan *p)
{
	int ret, code = write_files(p);

	if (code)
		take_back_files(p);
	if (code || !p->line.loader)
		return code;
	ret = bootline_verify(&p->line, &p->unread);
	p->is_verified = !ret;
	if (p->unread)
		keep_cmdline(p, p->unread);
	return FV_OK;
}

/* Propose card files in place of the settings of other tools or, with --apply, write them. */
int config_convert(const struct cmd_ctx *ctx)
{
	struct plan p = { .ctx = ctx };
	bool is_made = cmd_is_set(ctx, "apply") && !cmd_is_set(ctx, "dry-run");
	int code = model_load(&p.m);

	if (!code)
		code = make_plan(&p);
	if (!code && is_made)
		code = apply(&p);
	if (!code)
		report(&p, is_made);
	if (!code && p.unread)
		code = err_fail(FV_FAILED, CONVERT_CMDLINE, WHAT,
				"All else was changed. 'fpgactl config --revert' takes it back.",
				"%s", p.unread);
	bootline_free(&p.line);
	free(p.by_hand);
	free(p.unread);
	persist_free(&p.persist);
	targets_free(&p.targets);
	convert_free(&p.c);
	strv_free(&p.named);
	model_free(&p.m);
	return code;
}
