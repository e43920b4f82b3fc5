// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that have VFIO devices open, found by the targets of their fds: /dev/vfio/<group>,
 * /dev/vfio/devices/vfio<N> and, on kernels with vfio-device-syspath, the fdinfo of device fds.
 * Those of other containers are known by the driver's counters only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sysfs.h"
#include "model/counters.h"
#include "model/holders.h"
#include "util/err.h"
#include "util/json.h"

#define SYSPATH_KEY	"vfio-device-syspath: "
#define UNSEEN		"a process not visible to the caller"

static void add(struct holders *h, const struct holder *found)
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
static bool classify(struct holder *h, const char *pid, const char *fd)
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
static char *read_command(struct holders *h, const char *pid)
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

static void scan_process(struct holders *h, const char *pid)
{
	autostrv struct strv fds = {};
	struct holder found = {};
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
void holders_scan(struct holders *h)
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

void holders_free(struct holders *h)
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
static bool is_exact(const struct holders *all, unsigned int pid)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->v[i].pid == pid && all->v[i].bdf[0])
			return true;
	return false;
}

static bool holds(const struct holders *all, const struct holder *h,
		  const struct pci_func *d)
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
void holders_of(const struct holders *all, const struct pci_func *d, struct holders *found)
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
bool holders_any_in(const struct holders *all, const struct iommu_group *g)
{
	struct holders found;
	size_t i, n = 0;

	for (i = 0; i < g->n && !n; i++) {
		holders_of(all, g->members[i], &found);
		n = found.n;
		holders_free(&found);
	}
	return n;
}

/* "qemu-system-x86 (pid 1234), ...", printable; empty without holders. */
char *holders_text(const struct holders *found)
{
	char *s = util_strdup("");
	size_t i;

	for (i = 0; i < found->n; i++) {
		autofree char *command = util_printable(found->v[i].command ?: "?");

		util_append(&s, "%s%s (pid %u)", i ? ", " : "", command, found->v[i].pid);
	}
	return s;
}

struct json_object *holders_json(const struct holders *found)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < found->n; i++)
		json_object_array_add(list, json_process(found->v[i].pid, found->v[i].command));
	return list;
}

static void find_holders(const struct pci_func *d, struct holders *found)
{
	struct holders all;

	holders_scan(&all);
	holders_of(&all, d, found);
	holders_free(&all);
}

/**
 * held_now() - Check whether a device is open.
 * @d: the device
 *
 * For its own devices the driver counts the users of all containers; for other devices
 * only the open files of visible processes are known.
 */
bool held_now(const struct pci_func *d)
{
	struct holders found;
	uint64_t users;
	size_t n;

	if (device_is_bound(d)) {
		switch (counters_users(d->bdf, d->group, &users)) {
		case FV_USERS_OF_DEVICE:
			return users;
		case FV_USERS_OF_GROUP:
			if (users)
				return true;
			break;
		default:
			break;
		}
	}
	find_holders(d, &found);
	n = found.n;
	holders_free(&found);
	return n;
}

/* Name the holders of a device known to be held; printable. */
char *held_by(const struct pci_func *d)
{
	struct holders found;
	char *who;

	find_holders(d, &found);
	who = found.n ? holders_text(&found) : util_strdup(UNSEEN);
	holders_free(&found);
	return who;
}

static void add_holders(struct json_object *users, const struct pci_func *d)
{
	struct holders found;
	size_t i;

	find_holders(d, &found);
	for (i = 0; i < found.n; i++)
		json_object_array_add(users,
				      json_blocker("held", d->bdf, d->driver,
						   json_process(found.v[i].pid,
								found.v[i].command)));
	if (!found.n)
		json_object_array_add(users, json_blocker("held", d->bdf, d->driver, NULL));
	holders_free(&found);
}

static const char *get(struct json_object *user, const char *key)
{
	return json_object_get_string(json_object_object_get(user, key));
}

bool held_is_driver(struct json_object *user)
{
	return !strcmp(get(user, "code"), "driver");
}

const char *held_object(struct json_object *user)
{
	return get(user, "object");
}

/* Add the holders of a device, if it is open now, to a list of blockers. */
void held_add_users(struct json_object *users, const struct pci_func *d)
{
	if (held_now(d))
		add_holders(users, d);
}

/* The same for the driver of a device, unless it is fpga_vfio_pci. */
void held_add_driver(struct json_object *users, const struct pci_func *d)
{
	autofree char *driver = device_read_driver(d->bdf);

	if (driver && strcmp(driver, FV_DRIVER) != 0)
		json_object_array_add(users, json_blocker("driver", d->bdf, driver, NULL));
}

/*
 * True if both are the same. A process that ends is not visible any more while the driver still
 * counts it: a user that is not known may be any of the device.
 */
bool held_covers(struct json_object *known, struct json_object *user)
{
	bool is_unseen = !held_is_driver(user) && !json_object_object_get(user, "user");

	return json_object_equal(known, user) ||
	       (is_unseen && !held_is_driver(known) &&
		!strcmp(held_object(known), held_object(user)));
}

static char *holder_text(struct json_object *user)
{
	struct json_object *process = json_object_object_get(user, "user");
	autofree char *command = NULL;

	if (!process)
		return util_strdup(UNSEEN);
	command = util_printable(get(process, "command") ?: "?");
	return util_printf("%s (pid %s)", command, get(process, "pid"));
}

/**
 * held_text() - Describe drivers and holders.
 * @users: list of blockers, those of a device one after the other
 * @bdf: the device that the text is about, which is not named if it is the first that is held
 * @is_unbound: the drivers would lose their devices
 *
 * Return: "would unbind BDF from DRIVER, BDF from DRIVER; held by NAME (pid PID), BDF by NAME (pid
 * PID)"; with "BDF has driver DRIVER" instead if they would not. To be freed by the caller.
 */
char *held_text(struct json_object *users, const char *bdf, bool is_unbound)
{
	const char *last = NULL, *object;
	autofree char *held = NULL;
	char *text = NULL;
	size_t i;

	for (i = 0; i < json_object_array_length(users); i++) {
		struct json_object *user = json_object_array_get_idx(users, i);
		autofree char *who = holder_text(user);

		object = held_object(user);
		if (held_is_driver(user)) {
			util_append(&text, "%s%s %s %s",
				    text ? ", " : is_unbound ? "would unbind " : "", object,
				    is_unbound ? "from" : "has driver", get(user, "driver"));
			continue;
		}
		if (last && strcmp(last, object) != 0)
			util_append(&held, ", %s by %s", object, who);
		else if (last)
			util_append(&held, ", %s", who);
		else if (strcmp(object, bdf) != 0)
			util_append(&held, "%s held by %s", object, who);
		else
			util_append(&held, "held by %s", who);
		last = object;
	}
	if (held)
		util_append(&text, "%s%s", text ? "; " : "", held);
	return text;
}

/* Add a list of blockers to those of the next error object. */
void held_block(struct json_object *users)
{
	size_t i;

	for (i = 0; i < json_object_array_length(users); i++)
		err_add_blocker(json_object_get(json_object_array_get_idx(users, i)));
}

/* The same for the holders of a device known to be held. */
void held_add_blockers(const struct pci_func *d)
{
	struct json_object *users;

	if (!err_is_json())
		return;
	users = json_object_new_array();
	add_holders(users, d);
	held_block(users);
	json_object_put(users);
}
