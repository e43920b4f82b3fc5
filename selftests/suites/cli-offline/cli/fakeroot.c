// SPDX-License-Identifier: GPL-2.0
/*
 * With $FAKE_ROOT, a recorded tree is the live system: opens below /sys, /dev/vfio, /etc/fpgactl
 * and the numbered directories of /proc, and of the mount table, pci.ids and the kernel log, are
 * redirected to it. With $FAKE_TRACE, the path of each access to a tree is appended to that file.
 *
 * claimed/NAME in a tree makes O_EXCL opens of its block device dev/NAME fail; with fail/pipe2,
 * fail/fork and fail/socket, these calls of fpgactl fail with that errno, with fail/read one read()
 * does; with fail/kill, its signals are lost.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakeroot.h"

#define REAL(name)	((typeof(name) *)dlsym(RTLD_NEXT, #name))

static bool is_in_tree(const char *path)
{
	return !strncmp(path, "/sys/", 5) || !strncmp(path, "/dev/vfio/", 10) ||
	       !strncmp(path, "/usr/share/misc/", 16) || !strncmp(path, "/etc/fpgactl/", 13) ||
	       !strcmp(path, "/dev/kmsg") ||
	       !strcmp(path, "/proc") || !strcmp(path, "/proc/swaps") ||
	       !strcmp(path, "/proc/self/mountinfo") ||
	       (!strncmp(path, "/proc/", 6) && isdigit((unsigned char)path[6]));
}

static void trace(const char *path)
{
	const char *list = getenv("FAKE_TRACE");
	int fd;

	if (!list || !strstr(path, "/tree/"))
		return;
	fd = REAL(open)(list, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || dprintf(fd, "%s\n", strstr(path, "/tree/") + 5) < 0)
		abort();
	REAL(close)(fd);
}

static const char *moved(const char *path, char buf[2 * PATH_MAX])
{
	const char *root = getenv("FAKE_ROOT");

	trace(path);
	if (!root || !is_in_tree(path))
		return path;
	snprintf(buf, 2 * PATH_MAX, "%s%s", root, path);
	return buf;
}

/* True for a claimed block device of a tree. */
static bool is_claimed(const char *path)
{
	const char *dev = strstr(path, "/tree/dev/");
	const char *root = getenv("FAKE_ROOT");
	char claim[2 * PATH_MAX];

	if (root && !strncmp(path, "/dev/", 5))
		snprintf(claim, sizeof(claim), "%s/claimed/%s", root, path + 5);
	else if (dev)
		snprintf(claim, sizeof(claim), "%.*s/tree/claimed/%s", (int)(dev - path), path,
			 dev + strlen("/tree/dev/"));
	else
		return false;
	return !REAL(access)(claim, F_OK);
}

int stat(const char *restrict path, struct stat *restrict st)
{
	if (!is_claimed(path))
		return REAL(stat)(path, st);
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFBLK | 0600;
	return 0;
}

int open(const char *path, int flags, ...)
{
	char buf[2 * PATH_MAX];
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | __O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (flags & O_EXCL && is_claimed(path)) {
		errno = EBUSY;
		return -1;
	}
	return REAL(open)(moved(path, buf), flags, mode);
}

DIR *opendir(const char *path)
{
	char buf[2 * PATH_MAX];

	return REAL(opendir)(moved(path, buf));
}

ssize_t readlink(const char *path, char *target, size_t size)
{
	char buf[2 * PATH_MAX];

	return REAL(readlink)(moved(path, buf), target, size);
}

int access(const char *path, int mode)
{
	char buf[2 * PATH_MAX];

	return REAL(access)(moved(path, buf), mode);
}

int faccessat(int dir, const char *path, int mode, int flags)
{
	char buf[2 * PATH_MAX];

	return REAL(faccessat)(dir, moved(path, buf), mode, flags);
}

/* Map the result back to a path of the live system. */
char *realpath(const char *path, char *resolved)
{
	const char *root = getenv("FAKE_ROOT");
	char buf[2 * PATH_MAX];
	char *real = REAL(realpath)(moved(path, buf), resolved);
	size_t len = root ? strlen(root) : 0;

	if (real && root && is_in_tree(path) && !strncmp(real, root, len))
		memmove(real, real + len, strlen(real + len) + 1);
	return real;
}

static const char *failure_file(const char *call, char path[2 * PATH_MAX])
{
	snprintf(path, 2 * PATH_MAX, "%s/fail/%s", getenv("FAKE_ROOT"), call);
	return path;
}

/* The errno in fail/CALL of the tree; 0 if the call does not fail, or for another program. */
int failure(const char *call)
{
	static const char name[] = "fpgactl";
	char path[2 * PATH_MAX], text[16] = "";
	int fd;

	if (!getenv("FAKE_ROOT") || strncmp(program_invocation_short_name, name, strlen(name)) != 0)
		return 0;
	fd = REAL(open)(failure_file(call, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (REAL(read)(fd, text, sizeof(text) - 1) <= 0)
		abort();
	REAL(close)(fd);
	return atoi(text);
}

int pipe2(int fds[2], int flags)
{
	errno = failure("pipe2");
	return errno ? -1 : REAL(pipe2)(fds, flags);
}

ssize_t read(int fd, void *buf, size_t size)
{
	char path[2 * PATH_MAX];

	errno = failure("read");
	if (!errno)
		return REAL(read)(fd, buf, size);
	unlink(failure_file("read", path));
	return -1;
}

pid_t fork(void)
{
	errno = failure("fork");
	return errno ? -1 : REAL(fork)();
}

int kill(pid_t pid, int signal)
{
	return failure("kill") ? 0 : REAL(kill)(pid, signal);
}
