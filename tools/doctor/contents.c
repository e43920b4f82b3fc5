// SPDX-License-Identifier: GPL-2.0
/*
 * doctor: what the initramfs of this kernel and of the next one has: what binds cards early,
 * drivers that take them before, and ids of old settings
 */
#include <errno.h>
#include <string.h>

#include "config/cardfile.h"
#include "config/initramfs.h"
#include "doctor/boot.h"
#include "host/ids.h"
#include "host/sysfs.h"

#define RULE	"05-fpgactl.rules"

static const char *const takers[] = { "vfio-pci", "pci-stub" };

static bool is_below(const char *path, const char *dir)
{
	const char *found = strstr(path, dir);

	return found && (found == path || found[-1] == '/');
}

static bool has_module(const struct initramfs *image, const char *name)
{
	size_t i;

	for (i = 0; i < image->paths.n; i++)
		if (is_below(image->paths.v[i], "lib/modules/") &&
		    modules_is_file(image->paths.v[i], name))
			return true;
	return false;
}

/* True if a file has this name, which may begin with its directories. */
static bool has_file(const struct initramfs *image, const char *name)
{
	size_t i, len, n = strlen(name);

	for (i = 0; i < image->paths.n; i++) {
		const char *path = image->paths.v[i];

		len = strlen(path);
		if (len >= n && !strcmp(path + len - n, name) &&
		    (len == n || path[len - n - 1] == '/'))
			return true;
	}
	return false;
}

/* True if the last ids= of a driver, in files that @image has, have the device. NULL: all files. */
static bool takes(const struct modprobe *m, const struct initramfs *image, const char *taker,
		  const struct pci_func *dev)
{
	autofree char *last = NULL;
	char *word, *rest;
	struct ids_entry e;
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct modprobe_rule *r = &m->v[i];
		char *value = strcmp(r->file, MODPROBE_CMDLINE) &&
			      (!image || has_file(image, r->file + 1)) ?
			      modprobe_option(r, taker, "ids") : NULL;

		if (value) {
			free(last);
			last = value;
		}
	}
	for (rest = last; rest && (word = strsep(&rest, ","));)
		if (ids_parse(word, &e, NULL) >= 2 && ids_match(&e, dev))
			return true;
	return false;
}

/* What is needed to bind cards in the initramfs, and is not there; NULL: nothing. */
static char *find_missing(const struct initramfs *image)
{
	autostrv struct strv paths = {};
	char *s = NULL;
	size_t i;

	if (!has_file(image, "bin/fpgactl") && !has_file(image, "sbin/fpgactl"))
		util_append(&s, "fpgactl");
	if (!has_file(image, RULE))
		util_append(&s, "%s" RULE, s ? ", " : "");
	if (!has_module(image, FV_MODULE))
		util_append(&s, "%smodule " FV_MODULE, s ? ", " : "");
	cardfile_list(&paths);
	for (i = 0; i < paths.n; i++)
		if (!has_file(image, paths.v[i] + 1))
			util_append(&s, "%s%s", s ? ", " : "", paths.v[i]);
	return s;
}

/* The module in the initramfs that takes the device there, to be freed by the caller; or NULL. */
static char *find_driver(struct doctor *d, const struct initramfs *image, const struct modprobe *m,
			 const struct pci_func *dev)
{
	struct module_matches found = {};
	char *name = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(takers) && !name; i++)
		if (has_module(image, takers[i]) &&
		    takes(m, image->has_texts ? NULL : image, takers[i], dev))
			name = util_strdup(takers[i]);
	modules_match(&found, doctor_aliases(d), dev);
	for (i = 0; i < found.n && !name; i++)
		if (!found.v[i].is_built_in && boot_may_take(&found.v[i], dev) &&
		    !modprobe_never_loads(doctor_modprobe(d), found.v[i].name) &&
		    has_module(image, found.v[i].name))
			name = util_strdup(found.v[i].name);
	module_matches_free(&found);
	return name;
}

static void check_bound(struct doctor *d, const char *path, const char *fix,
			const struct initramfs *image, const struct modprobe *m)
{
	const struct strv *bound = doctor_bound(d);
	autofree char *missing = NULL;
	size_t i;

	missing = bound->n ? find_missing(image) : NULL;
	for (i = 0; i < d->n_devices && missing; i++) {
		const struct pci_func *dev = d->devices[i];
		autofree char *driver = strv_has(bound, dev->bdf) ?
					find_driver(d, image, m, dev) : NULL;

		if (!driver)
			continue;
		doctor_add(d, DOCTOR_WARNING, "initramfs-incomplete", path, fix,
			   "it has module %s, which takes %s there, and not what binds the card before: %s",
			   driver, dev->bdf, missing);
		return;
	}
	if (missing)
		doctor_add(d, DOCTOR_NOTE, "initramfs-incomplete", path, fix,
			   "cards are bound after it, as it does not have: %s", missing);
}

/* Settings of the image that the host has no more; only of a tool that prints files. */
static void check_ids(struct doctor *d, const char *path, const char *fix,
		      const struct initramfs *image, const struct modprobe *m)
{
	const struct modprobe *host = doctor_modprobe(d);
	size_t i, j;

	for (i = 0; i < d->n_devices; i++)
		for (j = 0; j < ARRAY_SIZE(takers); j++)
			if (has_module(image, takers[j]) &&
			    takes(m, NULL, takers[j], d->devices[i]) &&
			    !takes(host, NULL, takers[j], d->devices[i]))
				doctor_add(d, DOCTOR_WARNING, "initramfs-takes-card", path, fix,
					   "its modprobe.d has ids= by which %s takes %s; that of the host has not",
					   takers[j], d->devices[i]->bdf);
}

static void read_settings(const struct initramfs *image, const char *path, struct modprobe *m)
{
	autostrv struct strv files = {};
	autofree char *text = NULL;
	size_t i, len;

	for (i = 0; i < image->paths.n; i++) {
		len = strlen(image->paths.v[i]);
		if (is_below(image->paths.v[i], "modprobe.d/") && len > 5 &&
		    !strcmp(image->paths.v[i] + len - 5, ".conf"))
			strv_add(&files, image->paths.v[i]);
	}
	text = initramfs_read(image, path, &files);
	if (text)
		modprobe_parse(m, path, text);
}

static void check_image(struct doctor *d, const char *release)
{
	struct stat st;
	autofree char *path = initramfs_find(release, &st);
	autofree char *fix = path ? initramfs_image_command(path, release) : NULL;
	autofree char *why = NULL;
	struct modprobe own = {};
	struct initramfs image;
	char byte;
	int ret;

	if (!path)
		return;
	if (!sysfs_is_live()) {
		doctor_add(d, DOCTOR_NOTE, "initramfs-not-read", path, NULL,
			   "its contents were not read: tools of this host are not run for another one");
		return;
	}
	if (sysfs_read_bytes(&byte, 1, "%s", path) < 0 && (errno == EACCES || errno == EPERM)) {
		doctor_not_checked(d, path);
		return;
	}
	ret = initramfs_open(&image, path, &why);
	if (!ret) {
		read_settings(&image, path, &own);
		check_bound(d, path, fix, &image, image.has_texts ? &own : doctor_modprobe(d));
		if (image.has_texts)
			check_ids(d, path, fix, &image, &own);
	} else if (ret != -ENOENT) {
		doctor_add(d, DOCTOR_NOTE, "initramfs-not-read", path, NULL,
			   "its contents were not read: %s", why);
	}
	modprobe_free(&own);
	initramfs_close(&image);
}

static void check(struct doctor *d)
{
	autofree char *release = modules_release();
	autostrv struct strv newer = {};

	if (!release || !d->n_devices)
		return;
	check_image(d, release);
	modules_newer(&newer, release);
	if (newer.n)
		check_image(d, newer.v[newer.n - 1]);
}

DOCTOR_CHECK(contents) = {
	.name = "contents of the initramfs",
	.host = check,
};
