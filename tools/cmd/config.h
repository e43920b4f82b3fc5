/* SPDX-License-Identifier: GPL-2.0 */
/* Parts of fpgactl config. */
#ifndef FPGACTL_CONFIG_H
#define FPGACTL_CONFIG_H

#include "cmd/cmd.h"

struct bootline;

int config_cmdline(const struct cmd_ctx *ctx);
int config_convert(const struct cmd_ctx *ctx);
void config_print_cmdline(const struct bootline *b, bool is_made);
void config_print_commands(const struct bootline *b, bool is_made);
struct json_object *config_commands_json(const struct bootline *b);
struct json_object *config_cmdline_json(const struct bootline *b, bool is_verified);

#endif
