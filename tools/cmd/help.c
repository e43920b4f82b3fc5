// SPDX-License-Identifier: GPL-2.0
/* fpgactl help, and --help of every command */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"

#define WIDTH	80U

/* By enum cmd_group. */
static const char *const titles[] = {
	[CMD_INSPECT] = "Look",
	[CMD_GIVE] = "Give and take back",
	[CMD_RESET] = "Reset and reprogram",
	[CMD_SET_UP] = "Set up",
	[CMD_WATCH] = "Watch",
	[CMD_HELP] = "Help",
};

/* Print words from column @column on; further lines are indented by @indent. */
void cmd_print_words(const char *words, size_t column, unsigned int indent)
{
	const char *blank = "";
	size_t len;

	for (; *words; words += len + strspn(words + len, "\n ")) {
		len = strcspn(words, "\n ");
		if (*blank && column + 1 + len > WIDTH) {
			out_print("\n%*s", (int)indent, "");
			column = indent;
			blank = "";
		}
		out_print("%s%.*s", blank, (int)len, words);
		column += strlen(blank) + len;
		blank = " ";
	}
	out_raw("\n");
}

static void print_paragraph(char **paragraph)
{
	if (*paragraph)
		cmd_print_words(*paragraph, 0, 0);
	free(*paragraph);
	*paragraph = NULL;
}

/* Fill paragraphs; a line that starts with a blank stays as it is. */
static void print_text(const char *text)
{
	autofree char *copy = util_strdup(text);
	autofree char *paragraph = NULL;
	char *line, *rest = copy;

	while ((line = strsep(&rest, "\n"))) {
		if (*line && *line != ' ') {
			util_append(&paragraph, "%s ", line);
			continue;
		}
		print_paragraph(&paragraph);
		out_print("%s\n", line);
	}
	print_paragraph(&paragraph);
}

/* Print @left, at least @width wide, and its explanation. */
static void print_explained(const char *left, unsigned int width, const char *help)
{
	autofree char *cell = util_printf("  %-*s  ", (int)width, left);

	out_raw(cell);
	cmd_print_words(help, strlen(cell), width + 4);
}

static void print_option(const struct cmd_option *o)
{
	autofree char *left = NULL;

	util_append(&left, o->letter ? "-%c, " : "    ", o->letter);
	util_append(&left, "--%s", o->name);
	if (o->arg)
		util_append(&left, " %s", o->arg);
	print_explained(left, 25, o->help);
}

static void print_columns(const struct out_columns *columns)
{
	size_t i;

	out_raw("\nColumns (*: shown by default):\n");
	for (i = 0; i < columns->n; i++) {
		out_print("  %c %-14s  ", columns->v[i].flags & OUT_DEFAULT ? '*' : ' ',
			  columns->v[i].name);
		cmd_print_words(columns->v[i].help, 20, 20);
	}
}

static void print_keys(const struct cmd *cmd)
{
	const struct key *k;
	size_t i;

	out_raw("\nKeys:\n");
	for (i = 0; (k = cmd->key(i)); i++) {
		out_print("  %s=  ", k->name);
		cmd_print_words(k->values, strlen(k->name) + 5, 8);
		out_print("      ");
		cmd_print_words(k->help, 6, 8);
	}
}

int cmd_help(const struct cmd *cmd)
{
	/* after "--", options belong to the program */
	bool has_dashes = strstr(cmd->args, " -- ");
	size_t i;

	out_print("Usage: fpgactl %s%s%s%s%s\n\n", cmd->name, has_dashes ? " [OPTIONS]" : "",
		  *cmd->args ? " " : "", cmd->args, has_dashes ? "" : " [OPTIONS]");
	print_text(cmd->text);
	out_raw("\nOptions:\n");
	for (i = 0; i < cmd->n_options; i++)
		print_option(&cmd->options[i]);
	for (i = 0; i < cmd_n_global_options; i++)
		if (cmd_takes(cmd, &cmd_global_options[i]))
			print_option(&cmd_global_options[i]);
	if (cmd->key)
		print_keys(cmd);
	if (cmd->columns)
		print_columns(cmd->columns);
	if (cmd->examples)
		out_print("\nExamples:\n%s\n", cmd->examples);
	if (cmd->group == CMD_HELP)
		out_raw("\nSee fpgactl(8).\n");
	else
		out_print("\nSee fpgactl-%s(8).\n", cmd->name);
	return FV_OK;
}

static void print_group(enum cmd_group group)
{
	size_t i;

	out_print("%s:\n", titles[group]);
	for (i = 0; i < cmd_count(); i++) {
		const struct cmd *cmd = cmd_at(i);
		autofree char *left = util_printf("%s %s", cmd->name, cmd->args);

		if (cmd->group == group)
			print_explained(left, 27, cmd->help);
	}
	out_raw("\n");
}

int cmd_overview(void)
{
	enum cmd_group group;
	size_t i;

	out_raw("Usage: fpgactl COMMAND [ARGUMENTS] [OPTIONS]\n\n"
		"Inspect and control PCI functions assigned to VMs by the fpga_vfio_pci driver.\n\n");
	for (group = 0; group < ARRAY_SIZE(titles); group++)
		print_group(group);
	out_raw("Common options:\n");
	for (i = 0; i < cmd_n_global_options; i++)
		print_option(&cmd_global_options[i]);
	out_raw("\nA PCI address (BDF) is [DOMAIN:]BUS:DEVICE.FUNCTION, as in 01:00.0.\n"
		"'fpgactl help COMMAND' shows the help of a command, with examples.\n");
	return FV_OK;
}

static int run(const struct cmd_ctx *ctx)
{
	const struct cmd *cmd;

	if (!ctx->args.n)
		return cmd_overview();
	cmd = cmd_find(ctx->args.v[0]);
	return cmd ? cmd_help(cmd) : cmd_unknown(ctx->args.v[0]);
}

FV_COMMAND(help) = {
	.name = "help",
	.group = CMD_HELP,
	.args = "[COMMAND]",
	.help = "show help for a command",
	.text = "Shows the help of a command, or lists all commands.",
	.examples = "  fpgactl help bind",
	.max_args = 1,
	.words = CMD_WORDS_COMMAND,
	.run = run,
};
