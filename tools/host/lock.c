// SPDX-License-Identifier: GPL-2.0
/* Locks between processes of fpgactl: files that only root can open, and so hold. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/file.h"
#include "host/lock.h"
#include "host/sysfs.h"
#include "util/err.h"

#define LOCK_DIR	"/run/fpgactl"
#define LIMIT_S		30
#define INTERVAL_MS	20

static int wait_for(int fd)
{
	double end_s = util_now_s() + LIMIT_S;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK || util_now_s() >= end_s)
			return errno;
		util_pause_ms(INTERVAL_MS);
	}
	return 0;
}

/**
 * lock_take() - Take a lock, and wait for it for a limited time.
 * @name: of the lock
 * @why: text of a failure, to be freed
 *
 * Return: a descriptor to close, or a negative errno; -EAGAIN if another process holds it.
 */
int lock_take(const char *name, char **why)
{
	autofree char *path = util_printf(LOCK_DIR "/%s.lock", name);
	autofree char *full = sysfs_path("%s", path);
	int fd, ret = file_make_directory(LOCK_DIR, why);

	if (ret)
		return ret;
	fd = open(full, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	ret = fd < 0 ? errno : wait_for(fd);
	if (!ret)
		return fd;
	if (fd >= 0)
		close(fd);
	return err_why(ret, why, "cannot lock %s: %s", path,
		       ret == EAGAIN ? "held by another process" : strerror(ret));
}
