// SPDX-License-Identifier: GPL-2.0
/* doctor: who may open a card's device node and /dev/kvm */
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/accounts.h"
#include "host/sysfs.h"

/* No name that other guides use: the file may be there */
#define RULES	"/etc/udev/rules.d/70-fpgactl-vfio.rules"

/* The file that a VM opens: of the group, or of the device. */
static bool find_node(const struct pci_func *dev, char **path, struct stat *st)
{
	*path = util_printf("/dev/vfio/%d", dev->group);
	if (dev->group != FV_NO_GROUP && sysfs_stat(st, "%s", *path))
		return true;
	free(*path);
	*path = util_printf("/dev/vfio/devices/%s", dev->cdev ? dev->cdev : "");
	return dev->cdev && sysfs_stat(st, "%s", *path);
}

static bool has_group(const struct account_self *self, unsigned int gid)
{
	autofree char *number = util_printf("%u", gid);

	return strv_has(&self->gids, number);
}

static bool may_open(const struct account_self *self, const struct stat *st)
{
	mode_t mode = st->st_mode;

	if (self->uid == st->st_uid)
		return (mode & 0600) == 0600;
	if (has_group(self, st->st_gid))
		return (mode & 0060) == 0060;
	return (mode & 0006) == 0006;
}

static bool is_login(const struct account_self *self)
{
	return self->uid >= UID_LOGIN_MIN && self->uid <= UID_LOGIN_MAX;
}

/* "root:kvm, 0660" */
static char *rights(const struct stat *st)
{
	autofree char *user = account_user(st->st_uid) ?: util_printf("%u", st->st_uid);
	autofree char *group = account_group(st->st_gid) ?: util_printf("%u", st->st_gid);

	return util_printf("%s:%s, %04o", user, group, st->st_mode & 07777);
}

/* A command that lets the user open the file, if its group may. */
static char *how_to_join(const struct stat *st, const char *user)
{
	autofree char *group = account_group(st->st_gid);
	autostrv struct strv users = {};

	if (!group || !st->st_gid || (st->st_mode & 0060) != 0060)
		return NULL;
	account_group_users(st->st_gid, &users);
	if (strv_has(&users, user))
		return util_printf("Log in again: the session began before %s became a member of %s.",
				   user, group);
	return util_printf("Log in again after: usermod -aG %s %s", group, user);
}

/* A command that gives the nodes to the group kvm, which other users of VMs are in already. */
static char *how_to_share(const struct account_self *self, const char *user)
{
	autofree char *join = util_printf(" && usermod -aG kvm %s", user);
	bool is_member = false;
	size_t i;

	for (i = 0; i < self->gids.n; i++) {
		autofree char *group = account_group((unsigned int)strtoul(self->gids.v[i], NULL,
									   10));

		is_member = is_member || (group && !strcmp(group, "kvm"));
	}
	return util_printf("%secho 'SUBSYSTEM==\"vfio\", GROUP=\"kvm\", MODE=\"0660\"' >" RULES
			   " && udevadm control --reload && udevadm trigger -s vfio%s",
			   is_member ? "" : "Log in again after: ", is_member ? "" : join);
}

static void check_self(struct doctor *d, const char *path, const struct stat *st)
{
	struct account_self self;
	autofree char *user = NULL;
	autofree char *fix = NULL;
	autofree char *what = NULL;

	if (!account_self_read(&self) || !is_login(&self) || may_open(&self, st))
		goto out;
	user = account_user(self.uid) ?: util_printf("%u", self.uid);
	what = rights(st);
	fix = how_to_join(st, user) ?: how_to_share(&self, user);
	doctor_add(d, DOCTOR_NOTE, "vfio-no-access", path, fix,
		   "user %s may not open it (%s), and starts no VM with the card but by libvirt",
		   user, what);
out:
	account_self_free(&self);
}

/* A group's ioctls work on a file that is open for reading, too. */
static void check_node(struct doctor *d, const struct pci_func *dev)
{
	autofree char *path = NULL;
	autofree char *what = NULL;
	struct stat st;

	if (!find_node(dev, &path, &st))
		return;
	check_self(d, path, &st);
	if (!(st.st_mode & 0006))
		return;
	what = rights(&st);
	doctor_add(d, DOCTOR_WARNING, "vfio-world-access", path,
		   "Give it a group and MODE=\"0660\" in the udev rule of subsystem vfio.",
		   "each user of this host may take and reset the card (%s)", what);
}

/* It is for a user who may open the card's node; 0666 is the kernel's default (vfio_dev). */
static void check_container(struct doctor *d, const struct pci_func *dev)
{
	autofree char *path = NULL;
	autofree char *what = NULL;
	struct stat node, st;

	if (!find_node(dev, &path, &node) || !sysfs_stat(&st, "/dev/vfio/vfio") ||
	    (!node.st_uid && !node.st_gid) || (st.st_mode & 0006) == 0006 ||
	    (st.st_gid == node.st_gid && (st.st_mode & 0060) == 0060) ||
	    (node.st_uid && st.st_uid == node.st_uid))
		return;
	what = rights(&st);
	doctor_add(d, DOCTOR_WARNING, "vfio-container-access", "/dev/vfio/vfio",
		   "It gives access to no device by itself: chmod 0666 /dev/vfio/vfio",
		   "users who may open %s may not open this (%s)", path, what);
}

static void check(struct doctor *d, const struct pci_func *dev)
{
	check_node(d, dev);
	check_container(d, dev);
}

static void check_kvm(struct doctor *d)
{
	struct account_self self;
	autofree char *user = NULL;
	autofree char *fix = NULL;
	autofree char *what = NULL;
	struct stat st;

	if (!sysfs_stat(&st, "/dev/kvm"))
		return;
	if (!account_self_read(&self) || !is_login(&self) || may_open(&self, &st))
		goto out;
	user = account_user(self.uid) ?: util_printf("%u", self.uid);
	what = rights(&st);
	fix = how_to_join(&st, user);
	doctor_add(d, DOCTOR_NOTE, "kvm-no-access", "/dev/kvm", fix,
		   "user %s may not open it (%s)", user, what);
out:
	account_self_free(&self);
}

DOCTOR_CHECK(access) = {
	.name = "device nodes",
	.host = check_kvm,
	.device = check,
};
