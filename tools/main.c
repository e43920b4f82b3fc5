// SPDX-License-Identifier: GPL-2.0
/* fpgactl: inspect and control devices and cards of the fpga_vfio_pci driver. */
#include <locale.h>

#include "cmd/opt.h"
#include "host/names.h"

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
	/* A write error (full disk, closed pipe) must not exit with success. */
	return code ? code : out_flush();
}
