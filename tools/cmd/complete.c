// SPDX-License-Identifier: GPL-2.0
/*
 * fpgactl complete: candidates for the last word of a command line, for the scripts of
 * completion.c.
 *
 * The first line is the kind: "words", or "commands", "files" or "directories", which the shell
 * completes itself. After "words", each line is a candidate, a tab and its description. A shell
 * inserts candidates into the command line: they have no characters that a shell interprets.
 */
#include <ctype.h>
#include <string.h>

#include "cmd/opt.h"
#include "config/cardfile.h"
#include "config/ledger.h"
#include "host/names.h"
#include "host/sysfs.h"

#define DEVICES	"/sys/bus/pci/devices"

/* The words before the last one. */
struct line {
	const struct cmd *cmd;			/* or NULL */
	const struct cmd_option *option;	/* the last word is its argument, or NULL */
	bool has_dashes;			/* "--" was given */
	bool is_convert;			/* --convert was */
	size_t n_args;				/* arguments, before and after "--" */
	size_t n_after;				/* arguments after "--" */
	bool has_failed;			/* a word is wrong */
};

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._:,=+/-", *s))
			return false;
	return true;
}

/* Offer @name after @prefix if it starts with @typed. */
static void offer(const char *prefix, const char *typed, const char *name, const char *help)
{
	if (is_plain(name) && !strncmp(name, typed, strlen(typed)))
		out_print("%s%s\t%s\n", prefix, name, help);
}

/* A copy of @name in upper or lower case, as the letters of @typed. */
static char *in_case_of(const char *typed, const char *name)
{
	bool is_lower = false, is_upper = false;
	char *copy = util_strdup(name);
	char *c;

	for (; *typed; typed++) {
		is_lower |= islower((unsigned char)*typed);
		is_upper |= isupper((unsigned char)*typed);
	}
	for (c = copy; *c && is_lower != is_upper; c++)
		*c = (char)(is_lower ? tolower((unsigned char)*c) : toupper((unsigned char)*c));
	return copy;
}

/* The option that a word names, and its argument in this word, or NULL. */
static const struct cmd_option *option_of(const struct cmd *cmd, const char *word,
					  const char **argument)
{
	const struct cmd_option *o;
	bool is_global;
	size_t index;

	*argument = NULL;
	if (word[1] == '-') {
		*argument = strchr(word, '=');
		*argument += *argument ? 1 : 0;
		return opt_find(cmd, word + 2, strcspn(word + 2, "="), 0, &index, &is_global);
	}
	for (word++; *word; word++) {
		o = opt_find(cmd, NULL, 0, *word, &index, &is_global);
		if (!o || o->arg) {
			*argument = word[1] ? word + 1 : NULL;
			return o;
		}
	}
	return NULL;
}

static void set_value(struct line *l, const struct cmd_option *o, const char *value)
{
	if (!strcmp(o->name, "sysroot") && sysfs_set_root(value))
		l->has_failed = true;
}

static void take_option(struct line *l, const char *word)
{
	const char *argument;
	const struct cmd_option *o = option_of(l->cmd, word, &argument);

	l->is_convert |= o && !strcmp(o->name, "convert");
	if (o && o->arg && argument)
		set_value(l, o, argument);
	else if (o && o->arg)
		l->option = o;
}

static void take(struct line *l, const char *word)
{
	if (l->option) {
		set_value(l, l->option, word);
		l->option = NULL;
	} else if (!l->has_dashes && !strcmp(word, "--")) {
		l->has_dashes = true;
	} else if (!l->has_dashes && word[0] == '-' && word[1]) {
		take_option(l, word);
	} else if (!l->cmd) {
		l->cmd = cmd_find(word);
		l->has_failed |= !l->cmd;
	} else {
		l->n_args++;
		l->n_after += l->has_dashes;
	}
}

/* Offer the words of a list. */
static void offer_list(const char *prefix, const char *typed, const char *list)
{
	autofree char *copy = util_strdup(list);
	char *word, *rest = copy;

	while ((word = strsep(&rest, " ")))
		offer(prefix, typed, word, "");
}

/* @names: a list with commas. */
static bool has_name(const char *names, const char *name)
{
	size_t len;

	for (; *names; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		if (strlen(name) == len && !strncasecmp(names, name, len))
			return true;
	}
	return false;
}

/* Offer the columns that are not named yet. */
static void offer_columns(const char *prefix, const char *typed, const struct out_columns *columns)
{
	const char *comma = strrchr(typed, ',');
	size_t plus = *typed == '+', len = comma ? (size_t)(comma - typed) + 1 : plus;
	autofree char *before = util_printf("%s%.*s", prefix, (int)len, typed);
	autofree char *named = util_printf("%.*s", (int)(len - plus), typed + plus);
	size_t i;

	for (i = 0; columns && i < columns->n; i++) {
		autofree char *name = in_case_of(typed + len, columns->v[i].name);

		if (!has_name(named, name))
			offer(before, typed + len, name, columns->v[i].help);
	}
}

static void offer_directory(const char *prefix, const char *typed, const char *dir)
{
	autostrv struct strv names = {};
	size_t i;

	sysfs_list(&names, "%s", dir);
	for (i = 0; i < names.n; i++)
		offer(prefix, typed, names.v[i], "");
}

/* @prefix is the part of the word before the argument, @typed the argument so far. */
static void offer_values(const struct line *l, const struct cmd_option *o, const char *prefix,
			 const char *typed)
{
	if (!strcmp(o->name, "sysroot")) {
		out_raw("directories\n");
		return;
	}
	out_raw("words\n");
	if (!strcmp(o->name, "output"))
		offer_columns(prefix, typed, l->cmd ? l->cmd->columns : NULL);
	else if (!strcmp(o->name, "driver"))
		offer_directory(prefix, typed, "/sys/bus/pci/drivers");
	else if (o->values)
		offer_list(prefix, typed, o->values);
}

static void offer_option(const struct cmd_option *o, const char *typed)
{
	autofree char *name = util_printf("--%s", o->name);
	autofree char *letter = util_printf("-%c", o->letter);

	offer("", typed, name, o->help);
	if (o->letter)
		offer("", typed, letter, o->help);
}

static void offer_options(const struct cmd *cmd, const char *word)
{
	size_t i;

	for (i = 0; cmd && i < cmd->n_options; i++)
		offer_option(&cmd->options[i], word);
	for (i = 0; i < cmd_n_global_options; i++)
		if (!cmd || cmd_takes(cmd, &cmd_global_options[i]))
			offer_option(&cmd_global_options[i], word);
}

static void offer_commands(const char *word)
{
	size_t i;

	for (i = 0; i < cmd_count(); i++)
		offer("", word, cmd_at(i)->name, cmd_at(i)->help);
}

static char *device_name(const char *bdf)
{
	autofree char *name = NULL;
	long long vendor, device;

	if (!sysfs_read_number(&vendor, DEVICES "/%s/vendor", bdf) ||
	    !sysfs_read_number(&device, DEVICES "/%s/device", bdf))
		return util_strdup("");
	name = names_short((unsigned int)vendor, (unsigned int)device);
	return util_printable(name ? name : "");
}

/* Length of the domain if it can be left out. */
static size_t domain_len(const char *bdf)
{
	return strncmp(bdf, "0000:", 5) ? 0 : 5;
}

/* Offer addresses without the domain 0000, unless the word has it. */
static void offer_devices(const char *word)
{
	autostrv struct strv names = {};
	bool is_short = false;
	char bdf[BDF_SIZE];
	size_t i;

	sysfs_list(&names, DEVICES);
	for (i = 0; i < names.n; i++)
		is_short |= !strncasecmp(names.v[i] + domain_len(names.v[i]), word, strlen(word));
	for (i = 0; i < names.n; i++) {
		size_t skip = is_short ? domain_len(names.v[i]) : 0;
		autofree char *typed = in_case_of(word, names.v[i] + skip);
		autofree char *help = NULL;

		if (!bdf_parse(names.v[i], bdf) || strcmp(bdf, names.v[i]) ||
		    strncmp(typed, word, strlen(word)))
			continue;
		help = device_name(bdf);
		offer("", word, typed, help);
	}
}

static void offer_written(const char *word)
{
	autofree char *why = NULL;
	struct ledger l;
	size_t i;

	if (!ledger_load(&l, &why))
		for (i = 0; i < l.n; i++)
			if (l.v[i].n)
				offer("", word, l.v[i].path, "");
	ledger_free(&l);
}

/* Offer keys, or the values of the one that is typed or that is left. */
static void offer_keys(const struct cmd *cmd, const char *word)
{
	size_t len = strcspn(word, "="), i, n = 0;
	const struct key *k, *last = NULL;

	for (i = 0; (k = cmd->key(i)); i++) {
		if (strncmp(k->name, word, len) || (word[len] && k->name[len]))
			continue;
		last = k;
		n++;
	}
	if (n == 1 && last->choices) {
		autofree char *prefix = util_printf("%s=", last->name);

		offer_list(prefix, word[len] ? word + len + 1 : "", last->choices);
		return;
	}
	for (i = 0; !word[len] && (k = cmd->key(i)); i++) {
		autofree char *name = util_printf("%s=", k->name);

		offer("", word, name, k->help);
	}
}

static void offer_rights(const char *word)
{
	enum card_right right;

	for (right = 0; right < CARD_RIGHTS; right++)
		offer("", word, card_right_name(right), "");
}

/* Offer arguments of a command; @line->n_args are given. */
static void offer_arguments(const struct line *l, const char *word)
{
	if (l->n_args >= l->cmd->max_args)
		return;
	switch (l->cmd->words) {
	case CMD_WORDS_NONE:
		break;
	case CMD_WORDS_COMMAND:
		offer_commands(word);
		break;
	case CMD_WORDS_SHELL:
		offer_list("", word, "bash fish zsh");
		break;
	case CMD_WORDS_BDF_OR_DEFAULT:
		if (!l->n_args)
			offer_devices(word);
		else
			offer_keys(l->cmd, word);
		if (l->n_args == 1)
			offer("", word, "default", "the board profile's policy");
		break;
	case CMD_WORDS_BDF_THEN_PROGRAM:
		if (!l->n_args)
			offer_devices(word);
		else
			offer("", word, "--", "the program follows");
		break;
	case CMD_WORDS_BDF_THEN_RIGHTS:
		if (!l->n_args)
			offer_devices(word);
		else
			offer_rights(word);
		if (l->n_args == 1)
			offer("", word, "none", "nothing is allowed");
		break;
	case CMD_WORDS_BDF_OR_GROUP:
		offer_devices(word);
		offer_directory("", word, "/sys/kernel/iommu_groups");
		break;
	case CMD_WORDS_WRITTEN:
		if (l->is_convert)
			offer_devices(word);
		else
			offer_written(word);
		break;
	case CMD_WORDS_BDF:
		offer_devices(word);
		break;
	}
}

static void offer_words(const struct line *l, const char *word)
{
	out_raw("words\n");
	if (!l->has_dashes && *word == '-')
		offer_options(l->cmd, word);
	else if (!l->cmd)
		offer_commands(word);
	else
		offer_arguments(l, word);
}

static void complete(const struct line *l, const char *word)
{
	const struct cmd_option *o = l->option;
	const char *argument = word;
	bool has_argument = o;

	if (!o && !l->has_dashes && *word == '-') {
		o = option_of(l->cmd, word, &argument);
		has_argument = o && argument;
	}
	if (has_argument && o->arg) {
		autofree char *prefix = util_printf("%.*s", (int)(argument - word), word);

		offer_values(l, o, prefix, argument);
	} else if (l->has_dashes && l->cmd && l->cmd->words == CMD_WORDS_BDF_THEN_PROGRAM) {
		out_raw(l->n_after ? "files\n" : "commands\n");
	} else {
		offer_words(l, word);
	}
}

static int run(const struct cmd_ctx *ctx)
{
	struct line l = {};
	size_t i;

	for (i = 0; i + 1 < ctx->args.n; i++)
		take(&l, ctx->args.v[i]);
	if (!l.has_failed)
		complete(&l, ctx->args.n ? ctx->args.v[i] : "");
	return FV_OK;
}

FV_COMMAND(complete) = {
	.name = "complete",
	.group = CMD_HIDDEN,
	.args = "-- [WORD...]",
	.help = "print candidates for the last word of a command line",
	.text = "Used by the scripts that 'fpgactl completion' prints.",
	.max_args = CMD_ANY_ARGS,
	.run = run,
};
