// SPDX-License-Identifier: GPL-2.0
/*
 * doctor: how much memory the users who may open a card's device node may lock.
 *
 * All memory of a VM with a device is pinned, and counted against RLIMIT_MEMLOCK unless the
 * process has CAP_IPC_LOCK: by VFIO's container for the process (vfio_lock_acct()), by iommufd for
 * all processes of the user (iopt_alloc_pages()). libvirt raises the limit of its VMs itself.
 */
#include <string.h>

#include "doctor/doctor.h"
#include "host/accounts.h"
#include "host/sysfs.h"

#define MIB	(1024 * 1024ULL)
/* Hardly any VM has less memory than this */
#define ENOUGH	(1024 * MIB)

static void report(struct doctor *d, const char *user, uint64_t bytes)
{
	autofree char *fix = util_printf("Log in again after: echo '%s - memlock unlimited' >>/etc/security/limits.d/vfio.conf",
					 user);

	if (bytes == MEMLOCK_UNLIMITED)
		return;
	if (bytes < ENOUGH)
		doctor_add(d, DOCTOR_WARNING, "memlock", DOCTOR_HOST, fix,
			   "user %s may lock %llu MiB of memory, and QEMU locks all memory of a VM with a card",
			   user, bytes / MIB);
	else
		doctor_add(d, DOCTOR_NOTE, "memlock", DOCTOR_HOST, fix,
			   "user %s may lock %llu MiB of memory: VMs with a card have to be smaller",
			   user, bytes / MIB);
}

/* Of this process, its own limit counts. */
static void check_user(struct doctor *d, const char *user)
{
	struct account_self self;
	autofree char *own = NULL;
	uint64_t bytes;

	own = account_self_read(&self) ? account_user(self.uid) : NULL;
	if (own && !strcmp(own, user)) {
		if (!self.may_lock)
			report(d, user, self.memlock);
	} else if (account_memlock(user, &bytes)) {
		report(d, user, bytes);
	}
	account_self_free(&self);
}

static void check_file(struct doctor *d, const struct stat *st)
{
	autostrv struct strv users = {};
	autofree char *owner = NULL;
	size_t i;

	if (st->st_gid && (st->st_mode & 0060) == 0060)
		account_group_users(st->st_gid, &users);
	if (st->st_uid >= UID_LOGIN_MIN && st->st_uid <= UID_LOGIN_MAX)
		owner = account_user(st->st_uid);
	if (owner && !strv_has(&users, owner))
		strv_add(&users, owner);
	for (i = 0; i < users.n; i++)
		check_user(d, users.v[i]);
}

static void check(struct doctor *d, const struct pci_func *dev)
{
	struct stat st;

	if (dev->group != FV_NO_GROUP && sysfs_stat(&st, "/dev/vfio/%d", dev->group))
		check_file(d, &st);
	if (dev->cdev && sysfs_stat(&st, "/dev/vfio/devices/%s", dev->cdev))
		check_file(d, &st);
}

DOCTOR_CHECK(memlock) = {
	.name = "memory that users may lock",
	.device = check,
};
