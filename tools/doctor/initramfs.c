// SPDX-License-Identifier: GPL-2.0
/*
 * doctor: lists of modules for the initramfs and for boot, and whether the initramfs is older than
 * what goes into it. See contents.c for what is in it.
 */
#include <stdlib.h>
#include <string.h>

#include "config/cardfile.h"
#include "config/initramfs.h"
#include "doctor/doctor.h"
#include "host/modprobe.h"
#include "host/modules.h"
#include "host/sysfs.h"
#include "host/textfile.h"

struct list {
	const char *path;	/* a file, or a directory of files */
	const char *suffix;	/* NULL: a file */
	const char *effect;	/* of a module that does not exist */
};

static const struct list lists[] = {
	{ "/etc/dracut.conf", NULL, "dracut reports an error for each image" },
	{ "/etc/dracut.conf.d", ".conf", "dracut reports an error for each image" },
	{ "/etc/mkinitcpio.conf", NULL, "mkinitcpio fails, and its image may be incomplete" },
	{ "/etc/mkinitcpio.conf.d", ".conf", "mkinitcpio fails, and its image may be incomplete" },
	{ "/etc/initramfs-tools/modules", NULL, "it is missing in the initramfs" },
	{ "/etc/modules", NULL, "systemd-modules-load.service fails at each boot" },
	{ "/etc/modules-load.d", ".conf", "systemd-modules-load.service fails at each boot" },
};

/* Those that go into an initramfs are before this one. */
#define N_INITRAMFS_LISTS	5

/* True if a line of the text has the module as a word, outside of comments. */
static bool has_word(const char *text, const char *module)
{
	static const char between[] = " \t\r\n\"'()=+,";
	size_t len;

	for (; *text; text += len) {
		autofree char *word = NULL;

		text += strspn(text, between);
		if (*text == '#') {
			len = strcspn(text, "\n");
			continue;
		}
		len = strcspn(text, between);
		word = util_printf("%.*s", (int)len, text);
		if (*word && modules_same_name(word, module))
			return true;
	}
	return false;
}

/* Add the files of a list that name the module. */
static void find_files(struct doctor *d, const struct list *l, const char *module,
		       struct strv *files)
{
	autostrv struct strv names = {};
	size_t i;

	if (l->suffix)
		sysfs_list(&names, "%s", l->path);
	else
		strv_add(&names, "");
	for (i = 0; i < names.n; i++) {
		autofree char *path = util_printf("%s%s%s", l->path, l->suffix ? "/" : "",
						  names.v[i]);
		const char *dot = strrchr(path, '.');
		autofree char *text = NULL;

		if (l->suffix && (!dot || strcmp(dot, l->suffix) != 0))
			continue;
		text = doctor_read(d, "%s", path);
		if (text && has_word(text, module))
			strv_add(files, path);
	}
}

/* The kernel has no vfio_virqfd since 6.2: it is a part of vfio. */
static void check_lists(struct doctor *d, const char *release)
{
	size_t i, j;

	if (modules_find(release, "vfio_virqfd", NULL) != MODULE_NONE)
		return;
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		autostrv struct strv files = {};

		find_files(d, &lists[i], "vfio_virqfd", &files);
		for (j = 0; j < files.n; j++) {
			autofree char *fix = util_printf("Remove vfio_virqfd from %s: since Linux 6.2 it is a part of vfio.",
							 files.v[j]);

			doctor_add(d, DOCTOR_WARNING, "virqfd-listed", files.v[j], fix,
				   "%s has no module vfio_virqfd: %s", release, lists[i].effect);
		}
	}
}

static bool is_newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/*
 * Files that the initramfs has a copy of: settings of the drivers that take cards, lists that name
 * them, and card files; the directory changes when one of these goes. The module counts if a list
 * has it.
 */
static void add_sources(struct doctor *d, const char *release, struct strv *files)
{
	const struct modprobe *m = doctor_modprobe(d);
	char *module = NULL;
	size_t i, n;

	for (i = 0; i < m->n; i++)
		if (strcmp(m->v[i].file, MODPROBE_CMDLINE) != 0 &&
		    (strstr(m->v[i].module, "vfio") || strstr(m->v[i].value, "vfio") ||
		     modules_same_name(m->v[i].module, "pci-stub")) &&
		    !strv_has(files, m->v[i].file))
			strv_add(files, m->v[i].file);
	cardfile_list(files);
	strv_add(files, CARDFILE_DIR);
	for (i = 0; i < N_INITRAMFS_LISTS; i++)
		find_files(d, &lists[i], "vfio_pci", files);
	n = files->n;
	for (i = 0; i < N_INITRAMFS_LISTS; i++)
		find_files(d, &lists[i], FV_MODULE, files);
	if (files->n > n && modules_find(release, FV_MODULE, &module) == MODULE_FILE)
		strv_add(files, module);
	free(module);
}

static void check_image(struct doctor *d, const char *release)
{
	autostrv struct strv files = {};
	struct stat image, file;
	autofree char *path = initramfs_find(release, &image);
	autofree char *fix = path ? initramfs_image_command(path, release) : NULL;
	size_t i;

	if (!path)
		return;
	add_sources(d, release, &files);
	for (i = 0; i < files.n; i++) {
		if (!sysfs_stat(&file, "%s", files.v[i]) ||
		    !is_newer(&file.st_mtim, &image.st_mtim))
			continue;
		doctor_add(d, DOCTOR_WARNING, "initramfs-stale", path, fix,
			   "it was made before %s was changed, and the boot goes by the old one",
			   files.v[i]);
		return;
	}
}

static void check(struct doctor *d)
{
	autofree char *release = modules_release();

	if (!release)
		return;
	check_lists(d, release);
	check_image(d, release);
}

DOCTOR_CHECK(initramfs) = {
	.name = "modules in the initramfs",
	.host = check,
};
