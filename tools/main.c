// SPDX-License-Identifier: GPL-2.0
/* fpgactl: inspect and control devices and cards of the fpga_vfio_pci driver. */
#include <fcntl.h>
#include <locale.h>
#include <unistd.h>

#include "cmd/opt.h"
#include "host/names.h"
#include "host/sysfs.h"

static int run(struct cmd_ctx *ctx)
{
	struct model model = {};
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

/*
 * Fill a closed descriptor 0 to 2 with one that can be neither read nor written, so that no
 * file or socket takes its number and gets the output.
 */
static bool fill_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) != fd)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	struct cmd_ctx ctx = {};
	bool is_change = false;
	int code;

	if (!fill_descriptors())
		return FV_FAILED;
	setlocale(LC_CTYPE, "");
	switch (opt_parse(&ctx, argc, argv)) {
	case OPT_RUN:
		is_change = cmd_is_change(&ctx);
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
	if (code)
		return code;
	if (is_change)
		return out_finish("The command succeeded; only its output is lost.");
	code = out_flush();
	return code ? code : sysfs_report("output is incomplete", NULL);
}
