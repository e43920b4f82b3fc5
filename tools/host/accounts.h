/* SPDX-License-Identifier: GPL-2.0 */
/* Users and groups of /etc, and how much memory a login of them may lock. */
#ifndef FPGACTL_ACCOUNTS_H
#define FPGACTL_ACCOUNTS_H

#include "util/util.h"

/* Users who log in, as login.defs has them */
#define UID_LOGIN_MIN	1000
#define UID_LOGIN_MAX	60000

#define MEMLOCK_UNLIMITED	UINT64_MAX

/* The process itself, from /proc/self. */
struct account_self {
	unsigned int uid;
	struct strv gids;
	bool may_lock;		/* has CAP_IPC_LOCK */
	uint64_t memlock;	/* bytes, or MEMLOCK_UNLIMITED */
};

bool account_self_read(struct account_self *self);
void account_self_free(struct account_self *self);
char *account_user(unsigned int uid);
char *account_group(unsigned int gid);
void account_group_users(unsigned int gid, struct strv *users);
bool account_memlock(const char *user, uint64_t *bytes);

#endif
