// SPDX-License-Identifier: GPL-2.0
/*
 * Access to kernel files, all of them below --sysroot. Callers pass the paths of a live system
 * ("/sys/...", "/proc/...", "/dev/..."); no other file of fpgactl opens them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/sysfs.h"
#include "util/err.h"

#define STEP	4096

/* A sysfs attribute holds at most one page, of up to 64 KiB; /proc/PID/mountinfo may be long. */
#define ATTRIBUTE_MAX	65536
#define FILE_MAX	(16 << 20)

static char root[PATH_MAX];

/* The first file that could not be read because of its type or size. */
static struct sysfs_fault fault;

#define PATH_FROM(fmt, path)				\
	do {						\
		va_list ap_;				\
		va_start(ap_, fmt);			\
		(path) = vpath(fmt, ap_);		\
		va_end(ap_);				\
	} while (0)

/**
 * sysfs_set_root() - Redirect all accesses to a directory.
 * @dir: contains sys, proc and dev
 *
 * Return: 0, or a negative errno if @dir is not an accessible directory.
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

/* False with --sysroot. */
bool sysfs_is_live(void)
{
	return !root[0];
}

static char *vpath(const char *fmt, va_list ap)
{
	autofree char *tail = util_vprintf(fmt, ap);

	return util_printf("%s%s", root, tail);
}

/* Path below --sysroot, for messages and for libraries. */
char *sysfs_path(const char *fmt, ...)
{
	char *path;

	PATH_FROM(fmt, path);
	return path;
}

static void set_fault(const char *path, const char *why)
{
	if (fault.path)
		return;
	fault.path = util_strdup(path);
	fault.why = why;
}

/* Have sysfs_report() tell that a file was read and not understood. */
void sysfs_set_fault(const char *path, const char *why)
{
	autofree char *full = sysfs_path("%s", path);

	set_fault(full, why);
}

/* Move what sysfs_report() would tell to @f, which keeps a fault that it has; false: nothing. */
bool sysfs_take_fault(struct sysfs_fault *f)
{
	bool is_any = fault.path;

	if (f->path)
		free(fault.path);
	else
		*f = fault;
	fault.path = NULL;
	return is_any;
}

/* Have sysfs_report() tell of @f, if it is a fault. */
void sysfs_raise_fault(const struct sysfs_fault *f)
{
	if (f->path)
		set_fault(f->path, f->why);
}

/**
 * sysfs_report() - Report the first file of a wrong type, size or format, treated as absent.
 * @what: the command, or what follows from it
 * @hint: next step for the user, or NULL
 *
 * Return: FV_OK if there is none, else FV_FAILED.
 */
int sysfs_report(const char *what, const char *hint)
{
	return fault.path ? err_fail(FV_FAILED, fault.path, what, hint, "%s", fault.why) : FV_OK;
}

static const char *wrong_type(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return NULL;
	return S_ISDIR(st->st_mode) ? "is a directory" : "not a regular file";
}

/* Why a library must not read a file, which may be absent; NULL: it may. */
const char *sysfs_wrong_file(const char *path)
{
	struct stat st;

	if (access(path, R_OK) || stat(path, &st))
		return errno == ENOENT ? NULL : strerror(errno);
	return wrong_type(&st) ?: st.st_size > FILE_MAX ? strerror(EFBIG) : NULL;
}

/* Open a regular file. A FIFO does not block, a terminal does not become the controlling one. */
static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st = {};
	const char *why;

	/* a loop of symlinks, a socket */
	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		set_fault(path, strerror(errno));
	if (fd < 0)
		return -1;
	why = fstat(fd, &st) ? strerror(errno) : wrong_type(&st);
	if (!why)
		return fd;
	set_fault(path, why);
	close(fd);
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	return -1;
}

/*
 * Read a whole file, NUL-terminated; NULL with errno set on failure. A short read of a sysfs
 * attribute or of a recorded file ends it; a file in /proc may go on after one.
 */
static char *slurp(const char *path)
{
	bool is_proc = !strncmp(path + strlen(root), "/proc/", 6);
	size_t max = is_proc ? FILE_MAX : ATTRIBUTE_MAX;
	size_t len = 0, size = 0, wanted;
	char *buf = NULL;
	int saved, fd;
	bool is_more;
	ssize_t got;

	fd = open_file(path);
	if (fd < 0)
		return NULL;
	do {
		if (size - len < STEP) {
			size += size ? size : STEP;
			buf = util_grow(buf, size, 1);
		}
		wanted = size - len;
		got = read(fd, buf + len, wanted);
		if (got > 0)
			len += (size_t)got;
		is_more = got > 0 && (is_proc || (size_t)got == wanted);
	} while ((is_more && len <= max) || (got < 0 && errno == EINTR));
	saved = errno;
	if (len > max) {
		set_fault(path, strerror(EFBIG));
		saved = EFBIG;
		got = -1;
	}
	close(fd);
	if (got < 0) {
		free(buf);
		errno = saved;
		return NULL;
	}
	buf[len] = '\0';
	return buf;
}

/* Read a file without the final newline; NULL with errno set on failure. */
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

/* Parse a file that contains one decimal or 0x number. */
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

/* The same of 32 bits; 0 if false. A file that is there and has no such number is a fault. */
bool sysfs_require_u32(unsigned int *value, const char *fmt, ...)
{
	autofree char *path = NULL;
	long long number;

	PATH_FROM(fmt, path);
	*value = 0;
	errno = 0;
	if (sysfs_read_number(&number, "%s", path + strlen(root)) &&
	    number >= 0 && number <= UINT32_MAX) {
		*value = (unsigned int)number;
		return true;
	}
	/* a device may be gone */
	if (errno != ENOENT && errno != ENOTDIR && errno != ENODEV)
		set_fault(path, errno ? strerror(errno) : "unknown format");
	return false;
}

/* Parse a file that contains one decimal 64-bit number. */
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

/* Read up to @len bytes; return their number, or -1. */
ssize_t sysfs_read_bytes(void *buf, size_t len, const char *fmt, ...)
{
	autofree char *path = NULL;
	size_t done = 0;
	ssize_t got;
	int fd;

	PATH_FROM(fmt, path);
	fd = open_file(path);
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

/* Return the link target verbatim, or NULL. */
char *sysfs_read_link(const char *fmt, ...)
{
	autofree char *path = NULL;

	PATH_FROM(fmt, path);
	return read_link(path);
}

/* Return the last component of the link target, such as a driver name, or NULL. */
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

/* Resolve all symlinks; return the path as on a live system, or NULL. */
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

/* Mode, owner and times of what a path leads to; false if it cannot be reached. */
bool sysfs_stat(struct stat *st, const char *fmt, ...)
{
	autofree char *path = NULL;

	PATH_FROM(fmt, path);
	return !stat(path, st);
}

/* Return 0 if the caller may write the file, else a negative errno. */
int sysfs_may_write(const char *fmt, ...)
{
	autofree char *path = NULL;

	PATH_FROM(fmt, path);
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) ? -errno : 0;
}

/**
 * sysfs_write() - Write a value to an existing file.
 * @value: text; no newline is added
 * @fmt: path
 *
 * A sysfs attribute takes the whole value in one write().
 *
 * Return: 0; -EIO after a short write; or the negative errno of the kernel.
 */
int sysfs_write(const char *value, const char *fmt, ...)
{
	autofree char *path = NULL;
	ssize_t done;
	int fd, ret = 0;

	PATH_FROM(fmt, path);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
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

/* List a directory, sorted, without dot files; return 0 or a negative errno. */
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
