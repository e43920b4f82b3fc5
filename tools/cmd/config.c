// SPDX-License-Identifier: GPL-2.0
/* fpgactl config: what fpgactl wrote to files of the host, why, and taking it back */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/config.h"
#include "config/bootline.h"
#include "config/initramfs.h"
#include "config/ledger.h"
#include "util/json.h"

#define NS_PER_S	1000000000

/* By enum ledger_state, in JSON and in text. */
static const char *const state_keys[] = { "written", "edited", "gone", "undone", "unknown" };
static const char *const state_texts[] = { "as written", "edited since", "removed since",
					   "not written", "unknown" };

/* The entries of the arguments, or all. */
struct selection {
	struct ledger_entry **v;
	size_t n;
};

static int select_entries(struct selection *s, const struct ledger *l, const struct cmd_ctx *ctx)
{
	size_t i;

	s->v = util_alloc(l->n + ctx->args.n, sizeof(*s->v));
	if (!ctx->args.n)
		for (s->n = 0; s->n < l->n; s->n++)
			s->v[s->n] = &l->v[s->n];
	for (i = 0; i < ctx->args.n; i++) {
		s->v[s->n] = ledger_find(l, ctx->args.v[i]);
		if (!s->v[s->n++])
			return err_fail(FV_FAILED, ctx->args.v[i], "config",
					"'fpgactl config' lists all files that it wrote.",
					"not a file that fpgactl wrote");
	}
	return FV_OK;
}

static struct json_object *entry_json(const struct ledger_entry *e)
{
	struct json_object *o = json_object_new_object();
	struct json_object *reasons = json_object_new_array();
	autofree char *edit = ledger_difference(e);
	size_t i, j;

	for (i = 0; i < e->n; i++)
		for (j = 0; j < e->steps[i].n_reasons; j++) {
			const struct ledger_reason *r = &e->steps[i].reasons[j];
			struct json_object *reason = json_object_new_object();

			json_object_object_add(reason, "time", json_time(r->time_ns));
			json_object_object_add(reason, "command", json_string(r->command));
			json_object_array_add(reasons, reason);
		}
	json_object_object_add(o, "path", json_string(e->path));
	json_object_object_add(o, "state", json_object_new_string(state_keys[e->state]));
	json_object_object_add(o, "why", json_string(e->why));
	json_object_object_add(o, "difference", json_string(edit));
	json_object_object_add(o, "reasons", reasons);
	return o;
}

static char *time_text(uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	char text[32];
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%F %R", &tm))
		return util_strdup("?");
	return util_strdup(text);
}

static void print_entry(const struct ledger_entry *e, bool has_edit)
{
	autofree char *edit = has_edit ? ledger_difference(e) : NULL;
	autofree char *lines = edit ? util_printable_lines(edit) : NULL;
	bool is_removed = e->state == LEDGER_WRITTEN && !e->now.exists;
	size_t i, j;

	out_print("%s: %s%s%s\n", e->path, is_removed ? "removed" : state_texts[e->state],
		  e->why ? ": " : "", e->why ?: "");
	for (i = 0; i < e->n; i++)
		for (j = 0; j < e->steps[i].n_reasons; j++) {
			const struct ledger_reason *r = &e->steps[i].reasons[j];
			autofree char *when = time_text(r->time_ns);
			autofree char *command = util_printable(r->command);

			out_print("    %s  %s\n", when, command);
		}
	if (lines) {
		out_raw(lines);
		out_raw("\n");
	}
}

static int list(const struct cmd_ctx *ctx, const struct selection *s)
{
	struct json_object *top = json_object_new_object();
	struct json_object *files = json_object_new_array();
	size_t i;

	for (i = 0; i < s->n && ctx->is_json; i++)
		json_object_array_add(files, entry_json(s->v[i]));
	for (i = 0; i < s->n && !ctx->is_json; i++)
		print_entry(s->v[i], ctx->args.n);
	if (!s->n && !ctx->is_json)
		out_raw("No file of this host was written by fpgactl.\n");
	json_object_object_add(top, "files", files);
	if (ctx->is_json)
		out_json(top);
	else
		json_object_put(top);
	return FV_OK;
}

/* What a revert makes of the file. */
static const char *revert_text(const struct ledger_entry *e)
{
	if (e->state == LEDGER_UNDONE)
		return "kept";
	return e->steps[0].before.exists ? "restored" : "removed";
}

static struct json_object *reverted_json(const struct ledger_entry *e, const char *kept)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "path", json_string(e->path));
	json_object_object_add(o, "result", json_object_new_string(revert_text(e)));
	json_object_object_add(o, "copy", json_string(kept));
	return o;
}

/* An edit must not be lost. */
static int refuse_edited(const struct ledger_entry *e, const char *why)
{
	autofree char *edit = ledger_difference(e);
	autofree char *hint = util_printf("%s\nNothing was changed. --force takes it back; %s",
					  edit, e->now.exists ? "a copy of it is kept." :
					  "it is made again.");

	err_add_json("difference", json_string(edit));
	return err_fail(FV_CONSENT, e->path, "config --revert",
			err_is_json() ? "Use --force to take it back." : hint, "%s", why);
}

static int check_reverts(const struct cmd_ctx *ctx, const struct selection *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		autofree char *why = NULL;
		int ret = ledger_check_revert(s->v[i], cmd_is_set(ctx, "force"), &why);

		if (ret == -EBUSY)
			return refuse_edited(s->v[i], why);
		if (ret)
			return ledger_fail(ret, s->v[i]->path, "config --revert", why);
	}
	return FV_OK;
}

/* The boot loader has a copy of what its files say; the files are restored. */
static int fail_loader(const char *why)
{
	return err_fail(FV_FAILED, "boot loader", "config --revert",
			"The files are what they were. Run it by hand.", "%s", why);
}

/* What is done for the boot loader after files were taken back. */
struct loader {
	struct bootline line;
	struct strv others;	/* entries of its menu that are left alone */
	bool is_done;		/* or could be */
};

static int revert_loader(struct loader *boot, const struct ledger *l, const struct strv *done,
			 bool is_dry)
{
	autofree char *why = NULL;
	int ret = bootline_plan_revert(&boot->line, l, done, &boot->others, &why);

	if (!ret && !is_dry)
		ret = bootline_revert(&boot->line, &boot->others, &why);
	boot->is_done = !ret;
	return ret ? fail_loader(why) : FV_OK;
}

static struct json_object *others_json(const struct loader *boot)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < boot->others.n; i++)
		json_object_array_add(list, json_string(boot->others.v[i]));
	return list;
}

static void note_others(const struct loader *boot)
{
	size_t i;

	for (i = 0; i < boot->others.n; i++)
		err_note(boot->others.v[i],
			 "left alone: not changed by fpgactl, but may be copied from an entry that was; check its options line");
}

static void report_reverts(const struct cmd_ctx *ctx, struct json_object *files,
			   const struct strv *done, const struct loader *boot)
{
	bool is_dry = cmd_is_set(ctx, "dry-run");
	struct json_object *top;

	if (!ctx->is_json) {
		if (boot->is_done)
			config_print_commands(&boot->line, !is_dry);
		initramfs_note(done);
		return;
	}
	top = json_object_new_object();
	json_object_object_add(top, "dry_run", json_object_new_boolean(is_dry));
	json_object_object_add(top, "reverted", json_object_get(files));
	json_object_object_add(top, "left_alone", others_json(boot));
	json_object_object_add(top, "commands", config_commands_json(&boot->line));
	json_object_object_add(top, "initramfs", json_string(initramfs_command(done)));
	out_json(top);
}

static int take_back(const struct cmd_ctx *ctx, const struct ledger *l, const struct selection *s)
{
	bool is_dry = cmd_is_set(ctx, "dry-run");
	autostrv struct strv done = {};
	struct json_object *files;
	struct loader boot = {};
	int ret, code = check_reverts(ctx, s);
	size_t i;

	if (code)
		return code;
	files = json_object_new_array();
	for (i = 0; i < s->n && !code; i++) {
		const struct ledger_entry *e = s->v[i];
		autofree char *kept = NULL;
		autofree char *why = NULL;

		ret = is_dry ? 0 : ledger_revert(e, cmd_is_set(ctx, "force"), &kept, &why);
		if (ret) {
			err_add_json("reverted", json_object_get(files));
			/* the boot loader gets what was taken back before */
			code = ledger_fail(ret, e->path, "config --revert", why);
			break;
		}
		strv_add(&done, e->path);
		json_object_array_add(files, reverted_json(e, kept));
		if (!ctx->is_json)
			out_print("%s: %s%s%s%s\n", e->path, is_dry ? "would be " : "",
				  revert_text(e), kept ? "; its edits are in " : "", kept ?: "");
	}
	if (!s->n && !ctx->is_json)
		out_raw("No file of this host was written by fpgactl.\n");
	ret = revert_loader(&boot, l, &done, is_dry);
	code = code ? code : ret;
	if (!ctx->is_json || !code)
		report_reverts(ctx, files, &done, &boot);
	note_others(&boot);
	bootline_free(&boot.line);
	strv_free(&boot.others);
	json_object_put(files);
	return code;
}

static int list_or_revert(const struct cmd_ctx *ctx)
{
	struct selection s = {};
	struct ledger l;
	char *why = NULL;
	int ret, code;

	ret = ledger_load(&l, &why);
	if (ret)
		code = ledger_fail(ret, "ledger", "config", why);
	else
		code = select_entries(&s, &l, ctx);
	if (!code)
		code = cmd_is_set(ctx, "revert") ? take_back(ctx, &l, &s) : list(ctx, &s);
	free(why);
	free(s.v);
	ledger_free(&l);
	return code;
}

/* Options that exclude each other, or go with another one. */
static int check_options(const struct cmd_ctx *ctx)
{
	static const char *const actions[] = { "revert", "cmdline", "convert" };
	const char *first = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		if (first && cmd_is_set(ctx, actions[i]))
			return err_usage("config", actions[i], "See 'fpgactl help config'.",
					 "--%s cannot be combined with --%s", first, actions[i]);
		if (cmd_is_set(ctx, actions[i]))
			first = actions[i];
	}
	if (cmd_is_set(ctx, "force") && !cmd_is_set(ctx, "revert"))
		return err_usage("config", "force", "See 'fpgactl help config'.",
				 "--force goes with --revert");
	if (cmd_is_set(ctx, "apply") && !cmd_is_set(ctx, "cmdline") && !cmd_is_set(ctx, "convert"))
		return err_usage("config", "apply", "See 'fpgactl help config'.",
				 "--apply goes with --cmdline or --convert");
	if (ctx->args.n && cmd_is_set(ctx, "cmdline"))
		return err_usage("config", ctx->args.v[0],
				 "The words are one argument: --cmdline \"iommu=pt -quiet\"",
				 "unexpected argument '%s'", ctx->args.v[0]);
	return FV_OK;
}

static int run(const struct cmd_ctx *ctx)
{
	int code = check_options(ctx);

	if (code)
		return code;
	if (cmd_is_set(ctx, "convert"))
		return config_convert(ctx);
	return cmd_is_set(ctx, "cmdline") ? config_cmdline(ctx) : list_or_revert(ctx);
}

static bool is_change(const struct cmd_ctx *ctx)
{
	return cmd_is_set(ctx, "revert") || cmd_is_set(ctx, "apply");
}

static const struct cmd_option options[] = {
	{ "revert", 0, NULL, "take back what fpgactl wrote: make the files what they were" },
	{ "force", 0, NULL, "with --revert: also files that were edited since; keep a copy" },
	{ "cmdline", 0, "WORDS", "propose to add WORDS to the kernel command line; remove: -WORD" },
	{ "convert", 0, NULL, "propose card files in place of settings of other tools" },
	{ "apply", 0, NULL, "with --cmdline and --convert: make the change" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
};

FV_COMMAND(config) = {
	.name = "config",
	.group = CMD_SET_UP,
	.args = "[FILE|BDF...]",
	.help = "list or revert what fpgactl wrote to the host",
	.text = "Lists each file of the host that fpgactl wrote, its state, and the commands that\n"
		"did so. With FILE, shows also how it was edited since.\n\n"
		"--revert makes the files, or all of them, what they were before, to the byte. If\n"
		"one was edited since, that is refused, and the difference shown.\n\n"
		"--cmdline proposes a change of the kernel command line of the next boots; --apply\n"
		"makes it, by the boot loader's own tool.\n\n"
		"--convert explains settings of other tools that take devices for VMs, and proposes\n"
		"card files in place of them, for all FPGA cards or for the devices BDF: ids of\n"
		"vfio-pci and pci-stub, driverctl, Unraid. --apply makes the change.",
	.examples = "  fpgactl config\n"
		    "  fpgactl config --revert --dry-run\n"
		    "  fpgactl config --cmdline \"intel_iommu=on -quiet\" --apply\n"
		    "  fpgactl config --convert 01:00.0",
	.max_args = CMD_ANY_ARGS,
	.words = CMD_WORDS_WRITTEN,
	.has_json = true,
	CMD_OPTIONS(options),
	.is_change = is_change,
	.run = run,
};
