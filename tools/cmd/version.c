// SPDX-License-Identifier: GPL-2.0
/* fpgactl version */
#include <stdio.h>

#include "cmd/cmd.h"

static int run(const struct cmd_ctx *ctx)
{
	if (ctx->is_json) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "version", json_object_new_string(FPGACTL_VERSION));
		out_json(o);
	} else {
		out_print("fpgactl %s\n", FPGACTL_VERSION);
	}
	return FV_OK;
}

FV_COMMAND(version) = {
	.name = "version",
	.group = CMD_HELP,
	.args = "",
	.help = "print the version",
	.text = "Prints the version of fpgactl.",
	.has_json = true,
	.run = run,
};
