// SPDX-License-Identifier: GPL-2.0
/* The initramfs, which has copies of card files and of modprobe.d. */
#include <string.h>

#include "config/initramfs.h"
#include "host/sysfs.h"
#include "output/out.h"

/* The command that makes it anew; NULL: none is known. */
const char *initramfs_tool(void)
{
	static const struct {
		const char *program, *command;
	} tools[] = {
		{ "/usr/sbin/update-initramfs", "update-initramfs -u -k all" },
		{ "/usr/bin/dracut", "dracut --regenerate-all --force" },
		{ "/usr/bin/mkinitcpio", "mkinitcpio -P" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tools); i++)
		if (sysfs_exists("%s", tools[i].program))
			return tools[i].command;
	return NULL;
}

/* True if the initramfs has a copy of the file. */
static bool has_copy(const char *path)
{
	static const char *const dirs[] = { "/etc/fpgactl/", "/etc/modprobe.d/" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		if (!strncmp(path, dirs[i], strlen(dirs[i])))
			return true;
	return false;
}

/* That command if the initramfs has a copy of one of the files; else NULL. */
const char *initramfs_command(const struct strv *paths)
{
	size_t i;

	for (i = 0; i < paths->n; i++)
		if (has_copy(paths->v[i]))
			return initramfs_tool();
	return NULL;
}

/* Tell it. */
void initramfs_note(const struct strv *paths)
{
	const char *command = initramfs_command(paths);

	if (command)
		out_print("The initramfs has copies of these files. To update it: %s\n", command);
}
