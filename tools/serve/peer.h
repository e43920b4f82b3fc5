/* SPDX-License-Identifier: GPL-2.0 */
/* Users of the service, and what the journal tells of them. */
#ifndef FPGACTL_PEER_H
#define FPGACTL_PEER_H

#include <sys/types.h>

#include "util/util.h"

struct peer {
	pid_t pid;		/* that connected; it may have ended since */
	uid_t uid;
	char *name;		/* of the user, or its number */
};

char *peer_read(struct peer *p, int fd);
void peer_log(const struct peer *p, int priority, const char *fmt, ...) __printf(3, 4);
void peer_free(struct peer *p);

#endif
