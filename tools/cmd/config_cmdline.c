// SPDX-License-Identifier: GPL-2.0
/* fpgactl config --cmdline: the kernel command line of the next boot */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/config.h"
#include "config/bootline.h"
#include "config/ledger.h"
#include "host/sysfs.h"
#include "util/json.h"

#define OBJECT	"kernel command line"
#define WHAT	"config --cmdline"

void config_print_commands(const struct bootline *b, bool is_made)
{
	size_t i;

	for (i = 0; i < b->n_commands; i++) {
		autofree char *line = strv_join(&b->commands[i], " ");

		out_print("%s: %s\n", is_made ? "ran" : "would run", line);
	}
}

/* Print a change of the command line that was made, or would be. */
void config_print_cmdline(const struct bootline *b, bool is_made)
{
	autofree char *difference = bootline_difference(b);
	autofree char *lines = util_printable_lines(difference);
	autofree char *odd = strv_join(&b->odd, " ");

	if (*odd)
		err_note(OBJECT, "words of this boot become permanent: %s", odd);
	if (!bootline_is_needed(b)) {
		out_print("%s: the next boot has this command line already\n", bootline_loader(b));
		return;
	}
	out_print("%s: %s the command line of the next boot\n", bootline_loader(b),
		  is_made ? "changed" : "would change");
	out_raw(lines);
	config_print_commands(b, is_made);
}

struct json_object *config_commands_json(const struct bootline *b)
{
	struct json_object *commands = json_object_new_array();
	size_t i;

	for (i = 0; i < b->n_commands; i++) {
		autofree char *line = strv_join(&b->commands[i], " ");

		json_object_array_add(commands, json_string(line));
	}
	return commands;
}

struct json_object *config_cmdline_json(const struct bootline *b, bool is_verified)
{
	struct json_object *o = json_object_new_object();
	autofree char *difference = bootline_difference(b);

	json_object_object_add(o, "loader", json_object_new_string(bootline_loader(b)));
	json_object_object_add(o, "changed", json_object_new_boolean(bootline_is_needed(b)));
	json_object_object_add(o, "difference", json_string(difference));
	json_object_object_add(o, "commands", config_commands_json(b));
	json_object_object_add(o, "verified", json_object_new_boolean(is_verified));
	return o;
}

static void print_json(const struct bootline *b, bool is_made, bool is_verified)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "dry_run", json_object_new_boolean(!is_made));
	json_object_object_add(top, "cmdline", config_cmdline_json(b, is_verified));
	out_json(top);
}

static void report(const struct cmd_ctx *ctx, const struct bootline *b, bool is_made,
		   bool is_verified)
{
	if (ctx->is_json)
		print_json(b, is_made, is_verified);
	else
		config_print_cmdline(b, is_made);
	if (!bootline_is_needed(b))
		return;
	if (is_made && !is_verified)
		err_note(OBJECT, "cannot be read back from the boot loader");
	if (!cmd_is_set(ctx, "apply") && !cmd_is_set(ctx, "dry-run"))
		err_note(OBJECT, "nothing was changed; --apply makes the change");
}

static int apply(const struct cmd_ctx *ctx, const struct bootline *b)
{
	autofree char *reason = cmd_line(ctx);
	autofree char *why = NULL;
	int ret;

	if (!sysfs_is_live() && b->n_commands)
		return err_fail(FV_FAILED, OBJECT, WHAT, NULL, NEEDS_LIVE_SYSTEM);
	ret = bootline_apply(b, reason, &why);
	if (ret == -ECHILD)
		return err_fail(FV_FAILED, OBJECT, WHAT, "The files that it reads are as before.",
				"%s", why);
	if (ret == -ENOTRECOVERABLE)
		return err_fail(FV_FAILED, OBJECT, WHAT,
				"The next boot may have a part of the change. 'fpgactl config' lists the files that have it.",
				"%s", why);
	if (ret)
		return ledger_fail(ret, OBJECT, WHAT, why);
	ret = bootline_verify(b, &why);
	if (ret && ret != -EOPNOTSUPP)
		return err_fail(FV_FAILED, OBJECT, WHAT,
				"The tool of the boot loader did not take the change. 'fpgactl config --revert' takes it back.",
				"%s", why);
	report(ctx, b, true, !ret);
	return FV_OK;
}

static int plan(const struct cmd_ctx *ctx, struct bootline *b)
{
	const char *words = cmd_value(ctx, "cmdline");
	autofree char *by_hand = util_printf("Change it by hand: %s", words);
	autofree char *why = NULL;
	int ret = bootline_parse(b, words, &why);

	if (ret)
		return err_usage("config", words, "Example: --cmdline \"iommu=pt -quiet\"", "%s",
				 why);
	ret = bootline_plan(b, &why);
	if (ret == -EINVAL || ret == -ENOENT)
		return err_fail(FV_FAILED, OBJECT, WHAT, by_hand, "%s", why);
	if (!ret && cmd_is_set(ctx, "apply"))
		ret = bootline_check(b, &why);
	return ret ? ledger_fail(ret, OBJECT, WHAT, why) : FV_OK;
}

/* Propose a change of the kernel command line or, with --apply, make it. */
int config_cmdline(const struct cmd_ctx *ctx)
{
	struct bootline b;
	int code = plan(ctx, &b);

	if (!code && cmd_is_set(ctx, "apply") && !cmd_is_set(ctx, "dry-run") &&
	    bootline_is_needed(&b))
		code = apply(ctx, &b);
	else if (!code)
		report(ctx, &b, false, false);
	bootline_free(&b);
	return code;
}
