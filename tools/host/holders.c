// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that have VFIO devices open, found by the targets of their fds: /dev/vfio/<group>,
 * /dev/vfio/devices/vfio<N> and, on kernels with vfio-device-syspath, the fdinfo of device fds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/holders.h"
#include "host/sysfs.h"
#include "util/json.h"

#define SYSPATH_KEY	"vfio-device-syspath: "

static void add(struct fv_holders *h, const struct fv_holder *found)
{
	h->v = util_grow(h->v, h->n, sizeof(*h->v));
	h->v[h->n] = *found;
	h->v[h->n].command = util_strdup(found->command);
	h->v[h->n].cdev = util_strdup(found->cdev);
	h->n++;
}

/* The address is the last component of the device's sysfs path. */
static void parse_fdinfo(const char *pid, const char *fd, char bdf[BDF_SIZE])
{
	autofree char *info = sysfs_read("/proc/%s/fdinfo/%s", pid, fd);
	char *line = info ? strstr(info, SYSPATH_KEY) : NULL;
	char *slash;

	if (!line)
		return;
	line[strcspn(line, "\n")] = '\0';
	slash = strrchr(line, '/');
	if (slash)
		bdf_parse(slash + 1, bdf);
}

/* Return false if the fd is not one of VFIO. */
static bool classify(struct fv_holder *h, const char *pid, const char *fd)
{
	autofree char *target = sysfs_read_link("/proc/%s/fd/%s", pid, fd);
	unsigned int group;
	char *name;

	h->group = FV_NO_GROUP;
	h->cdev = NULL;
	h->bdf[0] = '\0';
	if (!target)
		return false;
	if (!strcmp(target, "anon_inode:[vfio-device]")) {
		parse_fdinfo(pid, fd, h->bdf);
		return h->bdf[0];
	}
	if (strncmp(target, "/dev/vfio/", 10))
		return false;
	name = target + 10;
	if (!strncmp(name, "devices/", 8)) {
		h->cdev = util_strdup(name + 8);
		return true;
	}
	if (!strncmp(name, "noiommu-", 8))
		name += 8;
	if (!util_parse_uint(name, INT32_MAX, &group))
		return false;
	h->group = (int)group;
	return true;
}

/* NULL if it is not known. A fault is a matter of the devices that the process holds. */
static char *read_command(struct fv_holders *h, const char *pid)
{
	struct sysfs_fault others = {};
	char *command;

	sysfs_take_fault(&others);
	command = sysfs_read("/proc/%s/comm", pid);
	sysfs_take_fault(&h->fault);
	sysfs_raise_fault(&others);
	free(others.path);
	return command;
}

static void scan_process(struct fv_holders *h, const char *pid)
{
	autostrv struct strv fds = {};
	struct fv_holder found = {};
	size_t i;
	int ret;

	ret = sysfs_list(&fds, "/proc/%s/fd", pid);
	if (ret == -EACCES || ret == -EPERM)
		h->unseen++;
	for (i = 0; i < fds.n; i++) {
		if (!classify(&found, pid, fds.v[i]))
			continue;
		if (!found.command) {
			found.pid = (unsigned int)strtoul(pid, NULL, 10);
			found.command = read_command(h, pid);
		}
		add(h, &found);
		free(found.cdev);
	}
	free(found.command);
}

/**
 * holders_scan() - Scan the open files of all processes.
 * @h: result, one entry per VFIO file; free with holders_free()
 */
void holders_scan(struct fv_holders *h)
{
	autostrv struct strv pids = {};
	unsigned int pid;
	size_t i;

	memset(h, 0, sizeof(*h));
	sysfs_list(&pids, "/proc");
	for (i = 0; i < pids.n; i++)
		if (util_parse_uint(pids.v[i], INT32_MAX, &pid))
			scan_process(h, pids.v[i]);
}

void holders_free(struct fv_holders *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		free(h->v[i].command);
		free(h->v[i].cdev);
	}
	free(h->v);
	free(h->fault.path);
	memset(h, 0, sizeof(*h));
}

/* True if fdinfo names the devices that this process has open. */
static bool is_exact(const struct fv_holders *all, unsigned int pid)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->v[i].pid == pid && all->v[i].bdf[0])
			return true;
	return false;
}

static bool holds(const struct fv_holders *all, const struct fv_holder *h,
		  const struct fv_device *d)
{
	if (h->bdf[0])
		return !strcmp(h->bdf, d->bdf);
	if (h->cdev)
		return d->cdev && !strcmp(h->cdev, d->cdev);
	return h->group == d->group && device_is_vfio(d) && !is_exact(all, h->pid);
}

/**
 * holders_of() - Find the holders of one device.
 * @all: from holders_scan()
 * @d: the device
 * @found: result, one entry per process
 *
 * Without fdinfo, the holder of a group counts as holder of every VFIO device in the group.
 */
void holders_of(const struct fv_holders *all, const struct fv_device *d, struct fv_holders *found)
{
	size_t i, j;

	memset(found, 0, sizeof(*found));
	found->unseen = all->unseen;
	for (i = 0; i < all->n; i++) {
		if (!holds(all, &all->v[i], d))
			continue;
		for (j = 0; j < found->n; j++)
			if (found->v[j].pid == all->v[i].pid)
				break;
		if (j < found->n)
			continue;
		add(found, &all->v[i]);
		if (!all->v[i].command)
			sysfs_raise_fault(&all->fault);
	}
}

/* True if a process holds a device of the group. */
bool holders_any_in(const struct fv_holders *all, const struct fv_group *g)
{
	struct fv_holders found;
	size_t i, n = 0;

	for (i = 0; i < g->n && !n; i++) {
		holders_of(all, g->members[i], &found);
		n = found.n;
		holders_free(&found);
	}
	return n;
}

/* "qemu-system-x86 (pid 1234), ...", printable; empty without holders. */
char *holders_text(const struct fv_holders *found)
{
	char *s = util_strdup("");
	size_t i;

	for (i = 0; i < found->n; i++) {
		autofree char *command = util_printable(found->v[i].command ?: "?");

		util_append(&s, "%s%s (pid %u)", i ? ", " : "", command, found->v[i].pid);
	}
	return s;
}

struct json_object *holders_json(const struct fv_holders *found)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < found->n; i++)
		json_object_array_add(list, json_process(found->v[i].pid, found->v[i].command));
	return list;
}
