// SPDX-License-Identifier: GPL-2.0
/*
 * Files of the kernel, all of them below --sysroot. Paths are written as on a live
 * system ("/sys/…", "/proc/…", "/dev/…"); nothing else of fpgactl opens such a file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

/* One page is what a sysfs file holds at most; /proc files are read in steps of it. */
#define STEP	4096

static char root[PATH_MAX];

#define PATH_FROM(fmt, path)				\
	do {						\
		va_list ap_;				\
		va_start(ap_, fmt);			\
		(path) = vpath(fmt, ap_);		\
		va_end(ap_);				\
	} while (0)

/**
 * sysfs_set_root() - Read and write below a directory instead of the live system.
 * @dir: holds sys, proc and dev
 *
 * Return: 0, or a negative errno when @dir is no directory.
 */
int sysfs_set_root(const char *dir)
{
	char real[PATH_MAX];

	if (!realpath(dir, real))
		return -errno;
	if (access(real, X_OK))
		return -errno;
	snprintf(root, sizeof(root), "%s", strcmp(real, "/") ? real : "");
	return 0;
}

/* Whether this is the live system, and not a recorded one. */
bool sysfs_is_live(void)
{
	return !root[0];
}

static char *vpath(const char *fmt, va_list ap)
{
	autofree char *tail = util_vprintf(fmt, ap);

	return util_printf("%s%s", root, tail);
}

/* Where a path of the system is found, for messages and for libraries. */
char *sysfs_path(const char *fmt, ...)
{
	char *path;

	PATH_FROM(fmt, path);
	return path;
}

/* All of a file, however long, with a NUL behind it; NULL with errno set. */
static char *slurp(const char *path)
{
	size_t len = 0, size = 0;
	char *buf = NULL;
	int saved, fd;
	ssize_t got;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	do {
		if (size - len < STEP) {
			size += STEP;
			buf = util_grow(buf, size, 1);
		}
		got = read(fd, buf + len, size - len);
		if (got > 0)
			len += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	saved = errno;
	close(fd);
	if (got < 0) {
		free(buf);
		errno = saved;
		return NULL;
	}
	buf[len] = '\0';
	return buf;
}

/* Text of a file without its last newline; NULL with errno set. */
char *sysfs_read(const char *fmt, ...)
{
	autofree char *path = NULL;
	char *text;
	size_t len;

	PATH_FROM(fmt, path);
	text = slurp(path);
	if (!text)
		return NULL;
	len = strlen(text);
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return text;
}

/* A decimal or 0x number that is the whole content of a file. */
bool sysfs_read_number(long long *value, const char *fmt, ...)
{
	autofree char *path = NULL;
	autofree char *text = NULL;
	char *end;

	PATH_FROM(fmt, path);
	text = slurp(path);
	if (!text)
		return false;
	errno = 0;
	*value = strtoll(text, &end, 0);
	return !errno && end != text && (*end == '\n' || !*end);
}

/* A decimal number of 64 bits that is the whole content of a file. */
bool sysfs_read_u64(uint64_t *value, const char *fmt, ...)
{
	autofree char *path = NULL;
	autofree char *text = NULL;
	char *end;

	PATH_FROM(fmt, path);
	text = slurp(path);
	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && (*end == '\n' || !*end);
}

/* The first bytes of a binary file; how many there were, or -1. */
ssize_t sysfs_read_bytes(void *buf, size_t len, const char *fmt, ...)
{
	autofree char *path = NULL;
	size_t done = 0;
	ssize_t got;
	int fd;

	PATH_FROM(fmt, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	while (done < len) {
		got = read(fd, (char *)buf + done, len - done);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	close(fd);
	return (ssize_t)done;
}

static char *read_link(const char *path)
{
	char target[PATH_MAX];
	ssize_t len;

	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return NULL;
	target[len] = '\0';
	return util_strdup(target);
}

/* What a symlink points to, as it is written; or NULL. */
char *sysfs_read_link(const char *fmt, ...)
{
	autofree char *path = NULL;

	PATH_FROM(fmt, path);
	return read_link(path);
}

/* Last component of what a symlink points to, as sysfs names a driver; or NULL. */
char *sysfs_link_name(const char *fmt, ...)
{
	autofree char *path = NULL;
	autofree char *target = NULL;
	char *slash;

	PATH_FROM(fmt, path);
	target = read_link(path);
	slash = target ? strrchr(target, '/') : NULL;
	return util_strdup(slash ? slash + 1 : target);
}

/* Where a path leads after all symlinks, again as on a live system; or NULL. */
char *sysfs_resolve(const char *fmt, ...)
{
	autofree char *path = NULL;
	size_t len = strlen(root);
	char real[PATH_MAX];

	PATH_FROM(fmt, path);
	if (!realpath(path, real) || strncmp(real, root, len))
		return NULL;
	return util_strdup(real + len);
}

bool sysfs_exists(const char *fmt, ...)
{
	autofree char *path = NULL;

	PATH_FROM(fmt, path);
	return !access(path, F_OK);
}

/* 0 when the caller may write the file, else a negative errno. */
int sysfs_may_write(const char *fmt, ...)
{
	autofree char *path = NULL;

	PATH_FROM(fmt, path);
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) ? -errno : 0;
}

/**
 * sysfs_write() - Write a value as one write(), which is what sysfs wants.
 * @value: text; no newline is added
 * @fmt: path of a file that exists
 *
 * Return: 0, or the negative errno with which the kernel refused.
 */
int sysfs_write(const char *value, const char *fmt, ...)
{
	autofree char *path = NULL;
	ssize_t done;
	int fd, ret = 0;

	PATH_FROM(fmt, path);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	done = write(fd, value, strlen(value));
	if (done < 0)
		ret = -errno;
	else if ((size_t)done != strlen(value))
		ret = -EIO;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory, sorted, without those that start with a dot; or a negative errno. */
int sysfs_list(struct strv *names, const char *fmt, ...)
{
	autofree char *path = NULL;
	struct dirent *e;
	DIR *d;

	PATH_FROM(fmt, path);
	d = opendir(path);
	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			strv_add(names, e->d_name);
	closedir(d);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	return 0;
}
