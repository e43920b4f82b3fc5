/* SPDX-License-Identifier: GPL-2.0 */
/* Parts of fpgactl config. */
#ifndef FPGACTL_CONFIG_H
#define FPGACTL_CONFIG_H

#include "cmd/cmd.h"

int config_cmdline(const struct cmd_ctx *ctx);

#endif
