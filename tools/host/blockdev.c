// SPDX-License-Identifier: GPL-2.0
/*
 * Use of the block devices on a PCI device: a mount or swap on the disk, on one of its
 * partitions, or on any device stacked on these (dm, md, bcache).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/blockdev.h"
#include "host/sysfs.h"

/* Maximum depth of stacked devices; crypt on LVM on RAID is 3. */
#define DEPTH	16

/* Mounts and swaps of the system, read once. */
struct usage {
	struct strv mounts;	/* "MAJOR:MINOR SOURCE MOUNTPOINT" */
	struct strv swaps;	/* names of block devices */
	bool may_open;
};

static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		unsigned int c;

		if (s[0] == '\\' && sscanf(s + 1, "%3o", &c) == 1) {
			*to++ = (char)c;
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* mountinfo lines: "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS... - TYPE SOURCE ...". */
static void read_mounts(struct usage *u, const char *pid)
{
	autofree char *text = sysfs_read("/proc/%s/mountinfo", pid);
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		char number[32], where[1024], source[1024];
		char *tail = strstr(line, " - ");

		if (!tail || sscanf(line, "%*s %*s %31s %*s %1023s", number, where) != 2 ||
		    sscanf(tail, " - %*s %1023s", source) != 1)
			continue;
		unescape(where);
		unescape(source);

		autofree char *entry = util_printf("%s %s %s", number, source, where);

		strv_add(&u->mounts, entry);
	}
}

static void read_swaps(struct usage *u)
{
	autofree char *text = sysfs_read("/proc/swaps");
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		char *slash;

		line[strcspn(line, " \t")] = '\0';
		slash = strrchr(line, '/');
		if (slash)
			strv_add(&u->swaps, slash + 1);
	}
}

/* Find the mount point by device number or by source. */
static char *mounted_at(const struct usage *u, const char *name, const char *number)
{
	size_t i;

	for (i = 0; i < u->mounts.n; i++) {
		char *source = strchr(u->mounts.v[i], ' ') + 1;
		char *where = strchr(source, ' ') + 1;
		size_t len = (size_t)(where - source) - 1;
		autofree char *node = util_printf("/dev/%s", name);

		if (number && !strncmp(u->mounts.v[i], number, strlen(number)) &&
		    u->mounts.v[i][strlen(number)] == ' ')
			return util_strdup(where);
		if (strlen(node) == len && !strncmp(source, node, len))
			return util_strdup(where);
	}
	return NULL;
}

/* An O_EXCL open of a block device that is claimed fails with -EBUSY. */
static bool is_claimed(const char *name)
{
	autofree char *node = sysfs_path("/dev/%s", name);
	struct stat st;
	int fd;

	if (stat(node, &st) || !S_ISBLK(st.st_mode))
		return false;
	fd = open(node, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EBUSY;
}

static char *disk_in_use(const struct usage *u, const char *name, unsigned int depth);

/* Check the devices stacked on @name; unused ones count as use of @name, too. */
static char *holders_in_use(const struct usage *u, const char *name, unsigned int depth)
{
	autostrv struct strv holders = {};
	char *why;

	sysfs_list(&holders, "/sys/class/block/%s/holders", name);
	if (!holders.n || !depth)
		return NULL;
	why = disk_in_use(u, holders.v[0], depth - 1);
	return why ? why : util_printf("%s is part of %s", name, holders.v[0]);
}

/* Return the reason why @name, a partition or a device stacked on them is in use. */
static char *disk_in_use(const struct usage *u, const char *name, unsigned int depth)
{
	autofree char *number = sysfs_read("/sys/class/block/%s/dev", name);
	autofree char *where = mounted_at(u, name, number);
	autostrv struct strv parts = {};
	char *why;
	size_t i;

	if (where)
		return util_printf("%s is mounted on %s", name, where);
	if (strv_has(&u->swaps, name))
		return util_printf("%s is a swap device", name);
	why = holders_in_use(u, name, depth);
	if (why)
		return why;
	sysfs_list(&parts, "/sys/class/block/%s", name);
	for (i = 0; i < parts.n && !why; i++)
		if (sysfs_exists("/sys/class/block/%s/%s/partition", name, parts.v[i]))
			why = disk_in_use(u, parts.v[i], depth);
	if (!why && u->may_open && is_claimed(name))
		why = util_printf("%s is in use", name);
	return why;
}

/* @path is below /sys/devices. */
static bool is_below(const struct fv_device *d, const char *path)
{
	size_t len = d->sysdir ? strlen(d->sysdir) : 0;

	return path && len && !strncmp(path, d->sysdir, len) && path[len] == '/';
}

/* With NVMe multipath, the disk is below its subsystem, which links to the controllers. */
static bool is_on_subsystem_of(const struct fv_device *d, const char *path)
{
	autofree char *subsystem = util_strdup(path);
	autostrv struct strv entries = {};
	char *slash = subsystem ? strrchr(subsystem, '/') : NULL;
	size_t i;

	if (!slash || !strstr(path, "/nvme-subsystem/"))
		return false;
	*slash = '\0';
	sysfs_list(&entries, "%s", subsystem);
	for (i = 0; i < entries.n; i++) {
		autofree char *controller = NULL;

		if (strncmp(entries.v[i], "nvme", 4))
			continue;
		controller = sysfs_resolve("%s/%s", subsystem, entries.v[i]);
		if (is_below(d, controller))
			return true;
	}
	return false;
}

/**
 * blockdev_in_use() - Find a use of a disk on a PCI device.
 * @d: the device
 * @may_open: also try an exclusive open of each disk
 *
 * Return: the reason, to be freed by the caller; NULL if no disk on @d is in use.
 */
char *blockdev_in_use(const struct fv_device *d, bool may_open)
{
	autostrv struct strv disks = {};
	struct usage u = { .may_open = may_open };
	char *why = NULL;
	size_t i;

	read_mounts(&u, "self");
	read_mounts(&u, "1");
	read_swaps(&u);
	sysfs_list(&disks, "/sys/block");
	for (i = 0; i < disks.n && !why; i++) {
		autofree char *path = sysfs_resolve("/sys/block/%s", disks.v[i]);

		if (is_below(d, path) || is_on_subsystem_of(d, path))
			why = disk_in_use(&u, disks.v[i], DEPTH);
	}
	strv_free(&u.mounts);
	strv_free(&u.swaps);
	return why;
}
