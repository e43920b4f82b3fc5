// SPDX-License-Identifier: GPL-2.0
/*
 * Host use of a device that makes bind require --force: a mount or swap on a disk, on one of its
 * partitions, or on any device stacked on these (dm, md, bcache); a display; a network device that
 * is up; virtual functions.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <libmount.h>

#include "host/guard.h"
#include "host/sysfs.h"
#include "util/json.h"

#define CLASS_DISPLAY	0x03
#define IFF_UP		0x1

/* Maximum depth of stacked devices, with partitions; crypt on LVM on a partition is 3. */
#define DEPTH	16

/* Maximum number of devices on a disk: a loop of partitions ends. */
#define DEVICES	4096

/* Mounts and swaps of the system, read once. */
struct usage {
	struct libmnt_table *tables[3];
	bool may_open;
	unsigned int left;	/* of DEVICES */
};

/* A line that libmount does not understand is skipped. */
static int skip_line(struct libmnt_table *table __unused, const char *path __unused,
		     int line __unused)
{
	return 1;
}

/* By the first line, as libmount does: it would take anything else for an fstab. */
static bool is_mountinfo(const char *text)
{
	unsigned int id, parent;

	return sscanf(text, "%u %u", &id, &parent) == 2;
}

static bool is_swaps(const char *text)
{
	return !strncmp(text, "Filename\t", 9);
}

/* Not by its name: a file of a recorded system may be anything. */
static bool parse(struct libmnt_table *table, const char *path, char *text)
{
	FILE *stream = fmemopen(text, strlen(text), "r");
	int ret;

	if (!stream)
		return false;
	mnt_table_set_parser_errcb(table, skip_line);
	ret = mnt_table_parse_stream(table, stream, path);
	fclose(stream);
	return !ret;
}

/*
 * A table that is not understood must not look like one without the disk: see sysfs_report(). With
 * @must_read, nor must one that cannot be read.
 */
static struct libmnt_table *read_table(const char *path, bool must_read)
{
	autofree char *text = sysfs_read("%s", path);
	int error = text ? 0 : errno;
	struct libmnt_table *table = util_checked(mnt_new_table());

	if (must_read && error && error != ENOENT)
		sysfs_set_fault(path, strerror(error));
	if (text && *text &&
	    !(is_swaps(text) ? parse(table, path, text) :
	      is_mountinfo(text) && parse(table, path, text) && !mnt_table_is_empty(table)))
		sysfs_set_fault(path, "unknown format");
	return table;
}

/* Mount of a block device, by device number or source, or its use as swap device. */
static struct libmnt_fs *find_use(const struct usage *u, const char *name)
{
	autofree char *number = sysfs_read("/sys/class/block/%s/dev", name);
	autofree char *node = util_printf("/dev/%s", name);
	unsigned int major, minor;
	struct libmnt_fs *fs = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(u->tables) && !fs; i++) {
		if (number && sscanf(number, "%u:%u", &major, &minor) == 2)
			fs = mnt_table_find_devno(u->tables[i], makedev(major, minor),
						  MNT_ITER_FORWARD);
		if (!fs)
			fs = mnt_table_find_srcpath(u->tables[i], node, MNT_ITER_FORWARD);
	}
	return fs;
}

static char *mounted_or_swap(const struct usage *u, const char *name)
{
	struct libmnt_fs *fs = find_use(u, name);

	if (!fs)
		return NULL;
	if (mnt_fs_is_swaparea(fs))
		return util_printf("%s is a swap device", name);
	return util_printf("%s is mounted on %s", name, mnt_fs_get_target(fs));
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

static char *disk_in_use(struct usage *u, const char *name, unsigned int depth);

/* Check the devices stacked on @name; unused ones count as use of @name, too. */
static char *holders_in_use(struct usage *u, const char *name, unsigned int depth)
{
	autostrv struct strv holders = {};
	char *why;

	sysfs_list(&holders, "/sys/class/block/%s/holders", name);
	if (!holders.n)
		return NULL;
	why = depth > 1 ? disk_in_use(u, holders.v[0], depth - 1) : NULL;
	return why ? why : util_printf("%s is part of %s", name, holders.v[0]);
}

/* Return the reason why @name, a partition or a device stacked on them is in use. */
static char *disk_in_use(struct usage *u, const char *name, unsigned int depth)
{
	autostrv struct strv parts = {};
	char *why;
	size_t i;

	if (!depth || !u->left)
		return util_printf("too many devices on %s", name);
	u->left--;
	why = mounted_or_swap(u, name);
	if (!why)
		why = holders_in_use(u, name, depth);
	if (why)
		return why;
	sysfs_list(&parts, "/sys/class/block/%s", name);
	for (i = 0; i < parts.n && !why; i++)
		if (sysfs_exists("/sys/class/block/%s/%s/partition", name, parts.v[i]))
			why = disk_in_use(u, parts.v[i], depth - 1);
	if (!why && u->may_open && is_claimed(name))
		why = util_printf("%s is in use", name);
	return why;
}

/* @path is below /sys/devices. */
static bool is_below(const struct pci_func *d, const char *path)
{
	size_t len = d->sysdir ? strlen(d->sysdir) : 0;

	return path && len && !strncmp(path, d->sysdir, len) && path[len] == '/';
}

/* With NVMe multipath, the disk is below its subsystem, which links to the controllers. */
static bool is_on_subsystem_of(const struct pci_func *d, const char *path)
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

/* @may_open: also try an exclusive open of each disk. */
static char *disks_in_use(const struct pci_func *d, bool may_open)
{
	autostrv struct strv disks = {};
	struct usage u = {
		.tables = {
			read_table("/proc/self/mountinfo", may_open),
			read_table("/proc/1/mountinfo", may_open),
			read_table("/proc/swaps", may_open),
		},
		.may_open = may_open,
	};
	char *why = NULL;
	size_t i;

	sysfs_list(&disks, "/sys/block");
	for (i = 0; i < disks.n && !why; i++) {
		autofree char *path = sysfs_resolve("/sys/block/%s", disks.v[i]);

		u.left = DEVICES;
		if (is_below(d, path) || is_on_subsystem_of(d, path))
			why = disk_in_use(&u, disks.v[i], DEPTH);
	}
	for (i = 0; i < ARRAY_SIZE(u.tables); i++)
		mnt_unref_table(u.tables[i]);
	return why;
}

static bool class_is_below(const struct pci_func *d, const char *class, const char *name)
{
	autofree char *path = sysfs_resolve("/sys/class/%s/%s", class, name);

	return is_below(d, path);
}

/* A network device that is up may carry the user's login session. */
static char *net_in_use(const struct pci_func *d)
{
	autostrv struct strv names = {};
	unsigned int flags;
	size_t i;

	sysfs_list(&names, "/sys/class/net");
	for (i = 0; i < names.n; i++)
		if (class_is_below(d, "net", names.v[i]) &&
		    sysfs_require_u32(&flags, "/sys/class/net/%s/flags", names.v[i]) &&
		    flags & IFF_UP)
			return util_printf("network device %s is up", names.v[i]);
	return NULL;
}

/* The boot display of the firmware, or a display with a console framebuffer. */
static char *display_in_use(const struct pci_func *d)
{
	autostrv struct strv names = {};
	unsigned int boot_vga;
	size_t i;

	if (d->class >> 16 != CLASS_DISPLAY)
		return NULL;
	if (sysfs_require_u32(&boot_vga, "/sys/bus/pci/devices/%s/boot_vga", d->bdf) && boot_vga)
		return util_strdup("boot display (boot_vga)");
	sysfs_list(&names, "/sys/class/graphics");
	for (i = 0; i < names.n; i++)
		if (!strncmp(names.v[i], "fb", 2) && class_is_below(d, "graphics", names.v[i]))
			return util_printf("console framebuffer %s", names.v[i]);
	return NULL;
}

/**
 * guard_virtual_functions() - Check for enabled virtual functions.
 * @d: the device
 *
 * VFs vanish when the PF driver unbinds, even if a VM is using one.
 *
 * Return: the reason not to take @d, to be freed by the caller; NULL if there is none.
 */
char *guard_virtual_functions(const struct pci_func *d)
{
	unsigned int n;

	if (sysfs_require_u32(&n, "/sys/bus/pci/devices/%s/sriov_numvfs", d->bdf) && n)
		return util_printf("%u virtual function%s enabled", n, n == 1 ? "" : "s");
	return NULL;
}

/**
 * guard_in_use() - Find a reason why the host needs a device.
 * @d: the device
 * @may_open: open its disks exclusively; this briefly blocks other openers
 *
 * Return: the reason, to be freed by the caller; NULL if there is none.
 */
char *guard_in_use(const struct pci_func *d, bool may_open)
{
	char *why = disks_in_use(d, may_open);

	if (!why)
		why = display_in_use(d);
	if (!why)
		why = net_in_use(d);
	if (!why)
		why = guard_virtual_functions(d);
	return why;
}

/* The blocker for @why, from one of the functions above. */
struct json_object *guard_blocker(const struct pci_func *d, const char *why)
{
	autofree char *vfs = guard_virtual_functions(d);
	bool is_vfs = vfs && !strcmp(vfs, why);

	return json_blocker(is_vfs ? "virtual-functions" : "host-use", d->bdf, d->driver, NULL);
}
