// SPDX-License-Identifier: GPL-2.0
/*
 * With $FAKE_ROOT, a recorded tree is the live system: opens below /sys, /etc, /var, /boot,
 * /lib/modules, /run/fpgactl, /dev/vfio and the numbered directories of /proc, and of the command
 * line, the mount table, pci.ids, udev's database of names and the kernel log, are redirected to
 * it; the kernel's release and its keys, too. With $FAKE_TRACE, the path of each access to a tree
 * is appended to that file.
 *
 * claimed/NAME in a tree makes O_EXCL opens of its block device dev/NAME fail; with fail/pipe2,
 * fail/fork and fail/socket, these calls of fpgactl fail with that errno, with fail/read one read()
 * does; with fail/kill, its signals are lost. With "ERRNO N" in fail/write, fail/fsync or
 * fail/rename, the Nth call about a file of the host fails; with "kill N", fpgactl is killed
 * before it.
 * at-flock is a program that runs before the first flock().
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
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fakeroot.h"

#define REAL(name)	((typeof(name) *)dlsym(RTLD_NEXT, #name))

static bool is_in_tree(const char *path)
{
	static const char *const directories[] = { "/etc", "/var", "/boot", "/lib/modules",
						   "/run/fpgactl" };
	size_t i, len;

	for (i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		len = strlen(directories[i]);
		if (!strncmp(path, directories[i], len) && (!path[len] || path[len] == '/'))
			return true;
	}
	return !strncmp(path, "/sys/", 5) || !strncmp(path, "/dev/vfio/", 10) ||
	       !strcmp(path, "/proc/cmdline") || !strcmp(path, "/proc/sys/kernel/osrelease") ||
	       !strcmp(path, "/proc/keys") || !strcmp(path, "/dev/kmsg") ||
	       !strncmp(path, "/usr/share/misc/", 16) || strstr(path, "/hwdb.bin") ||
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
	const char *root = getenv("FAKE_ROOT");
	char buf[2 * PATH_MAX];

	if (!is_claimed(path)) {
		if (!root || strncmp(path, "/boot/", 6) != 0)
			return REAL(stat)(path, st);
		snprintf(buf, sizeof(buf), "%s%s", root, path);
		return REAL(stat)(buf, st);
	}
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFBLK | 0600;
	return 0;
}

int lstat(const char *restrict path, struct stat *restrict st)
{
	char buf[2 * PATH_MAX];

	return REAL(lstat)(moved(path, buf), st);
}

int mkdir(const char *path, mode_t mode)
{
	char buf[2 * PATH_MAX];

	return REAL(mkdir)(moved(path, buf), mode);
}

int chmod(const char *path, mode_t mode)
{
	char buf[2 * PATH_MAX];

	return REAL(chmod)(moved(path, buf), mode);
}

int unlink(const char *path)
{
	char buf[2 * PATH_MAX];

	return REAL(unlink)(moved(path, buf));
}

ssize_t listxattr(const char *path, char *names, size_t size)
{
	char buf[2 * PATH_MAX];

	return REAL(listxattr)(moved(path, buf), names, size);
}

ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	char buf[2 * PATH_MAX];

	return REAL(getxattr)(moved(path, buf), name, value, size);
}

int rename(const char *from, const char *to)
{
	char buf[2][2 * PATH_MAX];
	static int count;

	errno = failure_at("rename", &count);
	return errno ? -1 : REAL(rename)(moved(from, buf[0]), moved(to, buf[1]));
}

/* Run the program "at-flock" of the tree, once. */
int flock(int fd, int operation)
{
	const char *root = getenv("FAKE_ROOT");
	char program[2 * PATH_MAX];

	snprintf(program, sizeof(program), "%s/at-flock", root ? root : "");
	if (root && !REAL(access)(program, X_OK) && (system(program) || REAL(unlink)(program)))
		abort();
	return REAL(flock)(fd, operation);
}

int fsync(int fd)
{
	static int count;

	errno = failure_at("fsync", &count);
	return errno ? -1 : REAL(fsync)(fd);
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

/* libudev reads its database so. */
FILE *fopen(const char *restrict path, const char *restrict mode)
{
	char buf[2 * PATH_MAX];

	return REAL(fopen)(moved(path, buf), mode);
}

FILE *fopen64(const char *restrict path, const char *restrict mode)
{
	return fopen(path, mode);
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

/* Read fail/CALL of the tree; false if there is none, or in another program. */
static bool read_failure(const char *call, char *text, size_t size)
{
	static const char name[] = "fpgactl";
	char path[2 * PATH_MAX];
	ssize_t len;
	int fd;

	if (!getenv("FAKE_ROOT") || strncmp(program_invocation_short_name, name, strlen(name)) != 0)
		return false;
	fd = REAL(open)(failure_file(call, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = REAL(read)(fd, text, size - 1);
	if (len <= 0)
		abort();
	text[len] = '\0';
	REAL(close)(fd);
	return true;
}

/* The errno in fail/CALL of the tree; 0 if the call does not fail. */
int failure(const char *call)
{
	char text[16];

	return read_failure(call, text, sizeof(text)) ? atoi(text) : 0;
}

/* The same for the call of which fail/CALL has the number. */
int failure_at(const char *call, int *count)
{
	char text[16], *space;

	if (!read_failure(call, text, sizeof(text)))
		return 0;
	space = strchr(text, ' ');
	if (!space)
		abort();
	if (++*count != atoi(space))
		return 0;
	if (!strncmp(text, "kill ", 5))
		raise(SIGKILL);
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
