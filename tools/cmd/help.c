// SPDX-License-Identifier: GPL-2.0
/* fpgactl help, and --help of every command */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

static void print_option(const struct cmd_option *o)
{
	autofree char *left = NULL;

	util_append(&left, o->letter ? "-%c, " : "    ", o->letter);
	util_append(&left, "--%s", o->name);
	if (o->arg)
		util_append(&left, o->is_arg_optional ? "[=%s]" : " %s", o->arg);
	out_print("  %-25s  %s\n", left, o->help);
}

/* True if the global option applies to this command. */
static bool takes(const struct cmd *cmd, const struct cmd_option *o)
{
	if (!strcmp(o->name, "output"))
		return cmd->columns;
	if (!strcmp(o->name, "json"))
		return cmd->has_json;
	return true;
}

static void print_columns(const struct out_columns *columns)
{
	size_t i;

	out_print("\nColumns (*: shown by default):\n");
	for (i = 0; i < columns->n; i++)
		out_print("  %c %-14s  %s\n", columns->v[i].flags & OUT_DEFAULT ? '*' : ' ',
			  columns->v[i].name, columns->v[i].help);
}

static void print_keys(const struct cmd *cmd)
{
	const struct key *k;
	size_t i;

	out_print("\nKeys:\n");
	for (i = 0; (k = cmd->key(i)); i++)
		out_print("  %s=  %s\n      %s\n", k->name, k->values, k->help);
}

int cmd_help(const struct cmd *cmd)
{
	/* after "--", options belong to the program */
	bool has_dashes = strstr(cmd->args, " -- ");
	size_t i;

	out_print("Usage: fpgactl %s%s%s%s%s\n\n%s\n", cmd->name, has_dashes ? " [OPTIONS]" : "",
		  *cmd->args ? " " : "", cmd->args, has_dashes ? "" : " [OPTIONS]", cmd->text);
	out_print("\nOptions:\n");
	for (i = 0; i < cmd->n_options; i++)
		print_option(&cmd->options[i]);
	for (i = 0; i < cmd_n_global_options; i++)
		if (takes(cmd, &cmd_global_options[i]))
			print_option(&cmd_global_options[i]);
	if (cmd->key)
		print_keys(cmd);
	if (cmd->columns)
		print_columns(cmd->columns);
	if (cmd->examples)
		out_print("\nExamples:\n%s\n", cmd->examples);
	out_print("\nSee fpgactl(8) for details.\n");
	return FV_OK;
}

int cmd_overview(void)
{
	size_t i;

	out_print("Usage: fpgactl COMMAND [ARGUMENTS] [OPTIONS]\n\n"
		  "Inspect and control PCI functions assigned to VMs by the fpga_vfio_pci driver.\n\n"
		  "Commands:\n");
	for (i = 0; i < cmd_count(); i++) {
		autofree char *left = util_printf("%s %s", cmd_at(i)->name, cmd_at(i)->args);

		out_print("  %-27s  %s\n", left, cmd_at(i)->help);
	}
	out_print("\nCommon options:\n");
	for (i = 0; i < cmd_n_global_options; i++)
		print_option(&cmd_global_options[i]);
	out_print("\nA PCI address (BDF) is [DOMAIN:]BUS:DEVICE.FUNCTION, as in 01:00.0.\n"
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
	.args = "[COMMAND]",
	.help = "show help for a command",
	.text = "Shows the help of a command, or lists all commands.",
	.examples = "  fpgactl help bind",
	.max_args = 1,
	.words = CMD_WORDS_COMMAND,
	.run = run,
};
