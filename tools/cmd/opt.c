// SPDX-License-Identifier: GPL-2.0
/*
 * Parse the command line by the tables of cmd.h. Prefixes of commands and options are not
 * accepted: a command added later must not change the meaning of a script.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/opt.h"
#include "host/sysfs.h"
#include "output/color.h"
#include "util/duration.h"

enum { GLOBAL_JSON, GLOBAL_COLUMNS, GLOBAL_COLOR, GLOBAL_SYSROOT, GLOBAL_HELP, GLOBAL_VERSION };

const struct cmd_option cmd_global_options[] = {
	[GLOBAL_JSON] = { "json", 'j', NULL, "print JSON, including errors" },
	[GLOBAL_COLUMNS] = { "output", 'o', "COLUMNS",
		"comma-separated columns to show; +COLUMNS adds to the default" },
	[GLOBAL_COLOR] = { "color", 0, "WHEN", "colour tables: auto, always or never (auto)",
		"auto always never" },
	[GLOBAL_SYSROOT] = { "sysroot", 0, "DIR",
		"use DIR/sys, DIR/proc and DIR/dev instead of the live system" },
	[GLOBAL_HELP] = { "help", 'h', NULL, "show help for the command" },
	[GLOBAL_VERSION] = { "version", 'V', NULL, "print the version" },
};

const size_t cmd_n_global_options = ARRAY_SIZE(cmd_global_options);

/* Characters that need no quotes in a shell. */
#define CMD_PLAIN	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:./,@%"

struct parser {
	struct cmd_ctx *ctx;
	int argc;
	char **argv;
	int next;
	bool has_failed, wants_help, wants_version;
	const char *sysroot;
};

/* Report a usage error; @argument is the wrong one. */
static void __printf(4, 5) fail(struct parser *p, const char *argument, const char *hint,
				const char *why, ...)
{
	const char *command = p->ctx->cmd ? p->ctx->cmd->name : NULL;
	autofree char *help = util_printf("See 'fpgactl help%s%s'.", command ? " " : "",
					  command ? command : "");
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, why);
	text = util_vprintf(why, ap);
	va_end(ap);
	err_usage(command, argument, hint ? hint : help, "%s", text);
	p->has_failed = true;
}

static void fail_unknown(struct parser *p, const char *option)
{
	autostrv struct strv known = {};
	autofree char *hint = NULL;
	const char *nearest;
	size_t i;

	for (i = 0; i < cmd_n_global_options; i++)
		strv_add(&known, cmd_global_options[i].name);
	for (i = 0; p->ctx->cmd && i < p->ctx->cmd->n_options; i++)
		strv_add(&known, p->ctx->cmd->options[i].name);
	nearest = strncmp(option, "--", 2) ? NULL : util_nearest(option + 2, &known);
	if (nearest)
		hint = util_printf("Did you mean --%s?", nearest);
	fail(p, option, hint, "unknown option '%s'", option);
}

static void set_global(struct parser *p, size_t i, const char *value)
{
	switch (i) {
	case GLOBAL_JSON:
		p->ctx->is_json = true;
		err_set_json(true);
		break;
	case GLOBAL_COLUMNS:
		p->ctx->columns = value;
		break;
	case GLOBAL_COLOR:
		if (!color_set(value))
			fail(p, value, "Expected auto, always or never.",
			     "invalid --color '%s'", value);
		break;
	case GLOBAL_SYSROOT:
		p->sysroot = value;
		break;
	case GLOBAL_HELP:
		p->wants_help = true;
		break;
	default:
		p->wants_version = true;
		break;
	}
}

static bool matches(const struct cmd_option *o, const char *name, size_t len, char letter)
{
	if (letter)
		return o->letter == letter;
	return strlen(o->name) == len && !strncmp(o->name, name, len);
}

/**
 * opt_find() - Find an option of a command, or a global one.
 * @cmd: the command, or NULL
 * @name: name without dashes, if @letter is 0
 * @len: length of @name
 * @letter: letter of a short option, or 0
 * @index: index in the table of the command, or in the global one
 * @is_global: true: the global one
 *
 * Return: the option, or NULL.
 */
const struct cmd_option *opt_find(const struct cmd *cmd, const char *name, size_t len,
				  char letter, size_t *index, bool *is_global)
{
	*is_global = false;
	for (*index = 0; cmd && *index < cmd->n_options; (*index)++)
		if (matches(&cmd->options[*index], name, len, letter))
			return &cmd->options[*index];
	*is_global = true;
	for (*index = 0; *index < cmd_n_global_options; (*index)++)
		if (matches(&cmd_global_options[*index], name, len, letter))
			return &cmd_global_options[*index];
	return NULL;
}

static void set(struct parser *p, size_t index, bool is_global, const char *value)
{
	if (is_global) {
		set_global(p, index, value);
		return;
	}
	assert(index < ARRAY_SIZE(p->ctx->is_set));
	p->ctx->is_set[index] = true;
	p->ctx->value[index] = value;
}

static void parse_long(struct parser *p, const char *word)
{
	size_t len = strcspn(word + 2, "="), index;
	const char *value = word[2 + len] ? word + 2 + len + 1 : NULL;
	const struct cmd_option *o;
	bool is_global;

	o = opt_find(p->ctx->cmd, word + 2, len, 0, &index, &is_global);
	if (!o) {
		autofree char *name = util_printf("--%.*s", (int)len, word + 2);

		fail_unknown(p, name);
	} else if (!o->arg && value) {
		fail(p, word, NULL, "option '--%s' takes no argument", o->name);
	} else {
		if (o->arg && !value) {
			if (p->next == p->argc) {
				fail(p, word, NULL, "option '%s' requires an argument", word);
				return;
			}
			value = p->argv[p->next++];
		}
		set(p, index, is_global, value);
	}
}

static void parse_short(struct parser *p, const char *word)
{
	const struct cmd_option *o;
	const char *letter;
	size_t index;
	bool is_global;

	for (letter = word + 1; *letter && !p->has_failed; letter++) {
		o = opt_find(p->ctx->cmd, NULL, 0, *letter, &index, &is_global);
		if (!o) {
			fail_unknown(p, word);
		} else if (!o->arg) {
			set(p, index, is_global, NULL);
		} else if (letter[1]) {
			set(p, index, is_global, letter + 1);
			return;
		} else if (p->next < p->argc) {
			set(p, index, is_global, p->argv[p->next++]);
		} else {
			fail(p, word, NULL, "option '%s' requires an argument", word);
		}
	}
}

static void parse_word(struct parser *p, const char *word)
{
	if (p->ctx->cmd) {
		strv_add(&p->ctx->args, word);
		return;
	}
	p->ctx->cmd = cmd_find(word);
	if (!p->ctx->cmd) {
		cmd_unknown(word);
		p->has_failed = true;
	}
}

/* Name of the argument @n of the usage line @args, without "...". */
static char *argument_name(const char *args, size_t n)
{
	autofree char *copy = util_strdup(args);
	char *word, *rest = copy;

	do
		word = strsep(&rest, " ");
	while (rest && (!strcmp(word, "--") || n--));
	return util_printf("%.*s", (int)strcspn(word, "."), word);
}

/* Checks that need the whole command line. */
static void check(struct parser *p)
{
	const struct cmd *cmd = p->ctx->cmd;
	autofree char *usage = NULL;
	autofree char *name = NULL;
	int ret;

	if (p->sysroot) {
		ret = sysfs_set_root(p->sysroot);
		if (ret) {
			fail(p, "--sysroot", NULL, "cannot use --sysroot '%s': %s", p->sysroot,
			     strerror(-ret));
			return;
		}
	}
	usage = util_printf("Usage: fpgactl %s%s%s", cmd->name, *cmd->args ? " " : "", cmd->args);
	if (p->ctx->args.n < cmd->min_args) {
		name = argument_name(cmd->args, p->ctx->args.n);
		fail(p, name, usage, "missing argument %s", name);
	} else if (p->ctx->args.n > cmd->max_args) {
		fail(p, p->ctx->args.v[cmd->max_args], usage, "unexpected argument '%s'",
		     p->ctx->args.v[cmd->max_args]);
	} else if (p->ctx->columns && !cmd->columns) {
		fail(p, "--output", NULL, "unsupported option '--output': output has no columns");
	} else if (p->ctx->is_json && !cmd->has_json) {
		fail(p, "--json", NULL, "unsupported option '--json': output is text only");
	}
}

/* Even errors before --json on the command line are printed as JSON. */
static bool has_json_flag(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j"))
			return true;
	return false;
}

/**
 * opt_parse() - Parse the command line.
 * @ctx: result; its strings point into @argv
 * @argc: from main()
 * @argv: from main()
 *
 * Return: the next action.
 */
enum opt_action opt_parse(struct cmd_ctx *ctx, int argc, char **argv)
{
	struct parser p = { .ctx = ctx, .argc = argc, .argv = argv, .next = 1 };
	bool has_options = true;

	ctx->argc = argc;
	ctx->argv = argv;
	err_set_json(has_json_flag(argc, argv));
	while (p.next < argc && !p.has_failed) {
		const char *word = argv[p.next++];

		if (has_options && !strcmp(word, "--")) {
			has_options = false;
			ctx->has_dashes = true;
			ctx->n_before_dashes = ctx->args.n;
		} else if (has_options && !strncmp(word, "--", 2)) {
			parse_long(&p, word);
		} else if (has_options && word[0] == '-' && word[1]) {
			parse_short(&p, word);
		} else {
			parse_word(&p, word);
		}
	}
	if (!p.has_failed && p.wants_help)
		return OPT_HELP;
	if (!p.has_failed && p.wants_version)
		return OPT_VERSION;
	if (!p.has_failed && !ctx->cmd)
		ctx->cmd = cmd_find("machine");
	if (!p.has_failed)
		check(&p);
	return p.has_failed ? OPT_ERROR : OPT_RUN;
}

static size_t option_index(const struct cmd_ctx *ctx, const char *option)
{
	size_t i;

	for (i = 0; i < ctx->cmd->n_options; i++)
		if (!strcmp(ctx->cmd->options[i].name, option))
			return i;
	assert(!"option is in the command's table");
	return 0;
}

/* Set an option that takes no argument. */
void cmd_set(struct cmd_ctx *ctx, const char *option)
{
	ctx->is_set[option_index(ctx, option)] = true;
}

/* @option is one of the command's own. */
bool cmd_is_set(const struct cmd_ctx *ctx, const char *option)
{
	return ctx->is_set[option_index(ctx, option)];
}

/* True if the command was to change something: these commands have --dry-run. */
bool cmd_is_change(const struct cmd_ctx *ctx)
{
	size_t i;

	if (ctx->cmd && ctx->cmd->is_change && !ctx->cmd->is_change(ctx))
		return false;
	for (i = 0; ctx->cmd && i < ctx->cmd->n_options; i++)
		if (!strcmp(ctx->cmd->options[i].name, "dry-run"))
			/* without KEY=VALUE, policy changes nothing */
			return !ctx->is_set[i] && !(ctx->cmd->key && ctx->args.n < 2);
	return false;
}

/* @option is one of the command's own; NULL if not given. */
const char *cmd_value(const struct cmd_ctx *ctx, const char *option)
{
	return ctx->value[option_index(ctx, option)];
}

/**
 * cmd_timeout() - Read the option --timeout.
 * @ctx: the command
 * @min_ms: lower limit
 * @max_ms: upper limit
 * @range: the limits, for an error
 * @ms: result; unchanged without the option
 *
 * Return: FV_OK, or FV_USAGE after reporting the error.
 */
int cmd_timeout(const struct cmd_ctx *ctx, uint32_t min_ms, uint32_t max_ms, const char *range,
		uint32_t *ms)
{
	const char *timeout = cmd_value(ctx, "timeout");

	if (!timeout || duration_parse_limit(timeout, min_ms, max_ms, ms))
		return FV_OK;
	return err_usage(ctx->cmd->name, timeout, DURATION_HINT,
			 "invalid --timeout '%s': not a time %s", timeout, range);
}

/* The command line, for a shell: the reason of what it writes. */
char *cmd_line(const struct cmd_ctx *ctx)
{
	char *line = util_strdup("fpgactl");
	int i;

	for (i = 1; i < ctx->argc; i++) {
		const char *word = ctx->argv[i];

		if (*word && !word[strspn(word, CMD_PLAIN)]) {
			util_append(&line, " %s", word);
			continue;
		}
		util_append(&line, " '");
		for (; *word; word++)
			util_append(&line, *word == '\'' ? "'\\''" : "%c", *word);
		util_append(&line, "'");
	}
	return line;
}
