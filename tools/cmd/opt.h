/* SPDX-License-Identifier: GPL-2.0 */
/* Parse the command line by the tables of cmd.h. */
#ifndef FPGACTL_OPT_H
#define FPGACTL_OPT_H

#include "cmd/cmd.h"

enum opt_action {
	OPT_RUN,	/* run ctx->cmd */
	OPT_HELP,	/* help on ctx->cmd, or the overview */
	OPT_VERSION,
	OPT_ERROR,	/* already reported to the user */
};

const struct cmd_option *opt_find(const struct cmd *cmd, const char *name, size_t len,
				  char letter, size_t *index, bool *is_global);
enum opt_action opt_parse(struct cmd_ctx *ctx, int argc, char **argv);

#endif
