// SPDX-License-Identifier: GPL-2.0
/* The table of commands, which FV_COMMAND() fills. */
#include <string.h>

#include "cmd/cmd.h"

/* Section bounds, defined by the linker; filled by FV_COMMAND() in all files. */
extern const struct cmd *const __start_fv_commands[];
extern const struct cmd *const __stop_fv_commands[];

static bool is_listed(const struct cmd *cmd)
{
	return cmd->group != CMD_HIDDEN;
}

static bool is_before(const struct cmd *a, const struct cmd *b)
{
	return strcmp(a->name, b->name) < 0;
}

/* Number of commands, without the hidden ones. */
size_t cmd_count(void)
{
	const struct cmd *const *c;
	size_t n = 0;

	for (c = __start_fv_commands; c < __stop_fv_commands; c++)
		n += is_listed(*c);
	return n;
}

/* Sort by name: the section has link order. */
const struct cmd *cmd_at(size_t i)
{
	const struct cmd *const *c, *const *other;
	size_t rank;

	for (c = __start_fv_commands; c < __stop_fv_commands; c++) {
		rank = 0;
		for (other = __start_fv_commands; other < __stop_fv_commands; other++)
			rank += is_listed(*other) && is_before(*other, *c);
		if (is_listed(*c) && rank == i)
			return *c;
	}
	return NULL;
}

/* Hidden ones, too. */
const struct cmd *cmd_find(const char *name)
{
	const struct cmd *const *c;

	for (c = __start_fv_commands; c < __stop_fv_commands; c++)
		if (!strcmp((*c)->name, name))
			return *c;
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
		strv_add(&names, cmd_at(i)->name);
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
	if (!strcmp(o->name, "output") || !strcmp(o->name, "color"))
		return cmd->columns;
	if (!strcmp(o->name, "json"))
		return cmd->has_json;
	return true;
}
