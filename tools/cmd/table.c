// SPDX-License-Identifier: GPL-2.0
/* The table of commands, which FV_COMMAND() fills. */
#include <string.h>

#include "cmd/cmd.h"

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

/* True if the global option @o applies to the command. */
bool cmd_takes(const struct cmd *cmd, const struct cmd_option *o)
{
	if (!strcmp(o->name, "output"))
		return cmd->columns;
	if (!strcmp(o->name, "json"))
		return cmd->has_json;
	return true;
}
