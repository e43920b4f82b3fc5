// SPDX-License-Identifier: GPL-2.0
/* fpgactl: inspect and control devices and cards of the fpga_vfio_pci driver. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "opt.h"

/* Section bounds, defined by the linker; filled by FV_COMMAND() in all files. */
extern const struct cmd *const __start_fv_commands[];
extern const struct cmd *const __stop_fv_commands[];

size_t cmd_count(void)
{
	return (size_t)(__stop_fv_commands - __start_fv_commands);
}

/* Sort by name: the section has link order. */
const struct cmd *cmd_at(size_t i)
{
	size_t j, k, rank;

	for (j = 0; j < cmd_count(); j++) {
		rank = 0;
		for (k = 0; k < cmd_count(); k++)
			if (strcmp(__start_fv_commands[k]->name, __start_fv_commands[j]->name) < 0)
				rank++;
		if (rank == i)
			return __start_fv_commands[j];
	}
	return NULL;
}

const struct cmd *cmd_find(const char *name)
{
	size_t i;

	for (i = 0; i < cmd_count(); i++)
		if (!strcmp(__start_fv_commands[i]->name, name))
			return __start_fv_commands[i];
	return NULL;
}

/* Report an unknown command. */
int cmd_unknown(const char *name)
{
	autostrv struct strv names = {};
	autofree char *hint = NULL;
	const char *nearest;
	size_t i;

	for (i = 0; i < cmd_count(); i++)
		strv_add(&names, __start_fv_commands[i]->name);
	nearest = util_nearest(name, &names);
	if (nearest)
		hint = util_printf("Did you mean 'fpgactl %s'?", nearest);
	else
		hint = util_strdup("'fpgactl help' lists the commands.");
	return err_usage(NULL, name, hint, "unknown command '%s'", name);
}

/* A write error (full disk, closed pipe) must not exit with success. */
static int close_stdout(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	if (code != FV_OK)
		return code;
	return err_fail(FV_FAILED, "standard output", "write failed", NULL, "%s", strerror(errno));
}

static int run(struct cmd_ctx *ctx)
{
	struct fv_model model = {};
	int code = FV_OK;

	if (ctx->cmd->needs == CMD_NEEDS_MODEL) {
		code = model_load(&model);
		ctx->model = &model;
	}
	if (code == FV_OK)
		code = ctx->cmd->run(ctx);
	ctx->model = NULL;
	model_free(&model);
	return code;
}

int main(int argc, char **argv)
{
	struct cmd_ctx ctx = {};
	int code;

	setlocale(LC_CTYPE, "");
	switch (opt_parse(&ctx, argc, argv)) {
	case OPT_RUN:
		code = run(&ctx);
		break;
	case OPT_HELP:
		code = ctx.cmd ? cmd_help(ctx.cmd) : cmd_overview();
		break;
	case OPT_VERSION:
		code = cmd_find("version")->run(&ctx);
		break;
	default:
		code = FV_USAGE;
		break;
	}
	strv_free(&ctx.args);
	names_exit();
	return close_stdout(code);
}
