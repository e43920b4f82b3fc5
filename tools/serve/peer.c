// SPDX-License-Identifier: GPL-2.0
/*
 * Users of the service: credentials as the kernel noted them at connect(), mapped from the user's
 * namespace: root of a container is no root here, and its groups are others.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#include "netlink/service.h"
#include "serve/peer.h"

/* NGROUPS_MAX of Linux */
#define GROUPS_MAX	65536

/* Return 1: in the group; 0: not; or a negative errno. */
static int is_in(int fd, gid_t own, gid_t group)
{
	socklen_t len = GROUPS_MAX * sizeof(gid_t);
	autofree gid_t *groups = util_alloc(GROUPS_MAX, sizeof(gid_t));
	size_t i;

	if (own == group)
		return 1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return -errno;
	for (i = 0; i < len / sizeof(gid_t); i++)
		if (groups[i] == group)
			return 1;
	return 0;
}

/**
 * peer_read() - Read and check the credentials of a user.
 * @p: result; free with peer_free() on success and on failure
 * @fd: connection
 *
 * The mode of the socket keeps others out, too; an administrator may have changed it.
 *
 * Return: NULL if the user is a member of group fpga; else why the user is refused.
 */
char *peer_read(struct peer *p, int fd)
{
	struct ucred cred = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t len = sizeof(cred);
	const struct passwd *user;
	const struct group *group;
	int ret;

	memset(p, 0, sizeof(*p));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		cred = (struct ucred){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	p->pid = cred.pid;
	p->uid = cred.uid;
	user = getpwuid(cred.uid);
	p->name = user ? util_printable(user->pw_name) : util_printf("uid %u", cred.uid);
	if (cred.uid == (uid_t)-1)
		return util_strdup("credentials cannot be read");
	group = getgrnam(SERVICE_GROUP);
	if (!group)
		return util_strdup("group " SERVICE_GROUP " does not exist");
	ret = is_in(fd, cred.gid, group->gr_gid);
	if (ret < 0)
		return util_printf("groups cannot be read: %s", strerror(-ret));
	return ret ? NULL : util_strdup("not a member of group " SERVICE_GROUP);
}

/* Print a line about a user to the journal, which reads the priority. */
void peer_log(const struct peer *p, int priority, const char *fmt, ...)
{
	autofree char *line = NULL;
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = util_vprintf(fmt, ap);
	va_end(ap);
	line = util_printable(text);
	fprintf(stderr, "<%d>%s (uid %u, pid %d): %s\n", priority, p->name, p->uid, p->pid, line);
}

void peer_free(struct peer *p)
{
	free(p->name);
	p->name = NULL;
}
