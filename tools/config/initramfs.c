// SPDX-License-Identifier: GPL-2.0
/* The initramfs, which has copies of card files and of modprobe.d. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/initramfs.h"
#include "host/job.h"
#include "host/sysfs.h"
#include "output/out.h"

/* A tool unpacks an image of 100 MB or more. */
#define LIMIT_MS	60000

/* The command that makes all images anew; NULL: none is known. */
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

/* The same for one image, to be freed by the caller. */
char *initramfs_image_command(const char *image, const char *release)
{
	const char *all = initramfs_tool();

	if (all && !strncmp(all, "update-initramfs ", 17))
		return util_printf("update-initramfs -u -k %s", release);
	if (all && !strncmp(all, "dracut ", 7))
		return util_printf("dracut --force %s %s", image, release);
	return util_strdup(all);
}

/* The image of Debian, Fedora, SUSE, to be freed by the caller; NULL: not found. */
char *initramfs_find(const char *release, struct stat *st)
{
	static const char *const formats[][2] = {
		{ "/boot/initrd.img-", "" }, { "/boot/initramfs-", ".img" },
		{ "/boot/initrd-", "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		char *path = util_printf("%s%s%s", formats[i][0], release, formats[i][1]);

		if (sysfs_stat(st, "%s", path))
			return path;
		free(path);
	}
	return NULL;
}

/* The path is the last word of a line of either tool; of a symlink, what is before "->". */
static void add_paths(struct strv *paths, char *text)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		char *arrow = strstr(line, " -> "), *word;

		if (arrow)
			*arrow = '\0';
		word = strrchr(line, ' ');
		word = word ? word + 1 : line;
		word += strncmp(word, "./", 2) ? 0 : 2;
		if (*word)
			strv_add(paths, word);
	}
}

/**
 * initramfs_open() - List what an image has, by the tool of the distribution.
 * @i: result, to be freed by initramfs_close()
 * @image: path
 * @why: text of a failure, to be freed
 *
 * Only on the live system: a tool of this host is no tool of another one.
 *
 * Return: 0; -ENOENT without such a tool; -ECHILD if it fails.
 */
int initramfs_open(struct initramfs *i, const char *image, char **why)
{
	static const char *const tools[] = { "lsinitramfs", "lsinitrd" };
	autostrv struct strv command = {};
	autofree char *text = NULL;
	size_t n;
	int error;

	*i = (struct initramfs) {};
	for (n = 0; n < ARRAY_SIZE(tools) && !job_is_found(tools[n], &error); n++)
		;
	if (!sysfs_is_live() || n == ARRAY_SIZE(tools))
		return -ENOENT;
	i->tool = tools[n];
	i->has_texts = n == 1;
	strv_add(&command, i->tool);
	strv_add(&command, image);
	text = job_output(&command, LIMIT_MS, why);
	if (!text)
		return -ECHILD;
	add_paths(&i->paths, text);
	return 0;
}

/* The contents of files of an image, one after the other; NULL: the tool cannot tell. */
char *initramfs_read(const struct initramfs *i, const char *image, const struct strv *paths)
{
	autostrv struct strv command = {};
	autofree char *why = NULL;
	size_t n;

	if (!i->has_texts || !paths->n)
		return NULL;
	strv_add(&command, i->tool);
	for (n = 0; n < paths->n; n++) {
		strv_add(&command, "-f");
		strv_add(&command, paths->v[n]);
	}
	strv_add(&command, image);
	return job_output(&command, LIMIT_MS, &why);
}

void initramfs_close(struct initramfs *i)
{
	strv_free(&i->paths);
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
