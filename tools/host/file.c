// SPDX-License-Identifier: GPL-2.0
/*
 * Files of the host that fpgactl writes, all of them below --sysroot. A file is replaced as a whole
 * or not at all: the new one is written beside it, flushed to the disk and renamed.
 *
 * Failures return a negative errno and a text that names the path.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/file.h"
#include "host/sysfs.h"
#include "util/err.h"

#define DIRECTORY_MODE	0755

static int __printf(3, 4) fail(int error, char **why, const char *fmt, ...)
{
	autofree char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	what = util_vprintf(fmt, ap);
	va_end(ap);
	free(*why);
	*why = util_printf("%s: %s", what,
			   error == EXDEV ? "a symlink leads out of --sysroot" : strerror(error));
	return -error;
}

static bool is_below_root(const char *real)
{
	autofree char *root = sysfs_path("%s", "");
	size_t len = strlen(root);

	return !strncmp(real, root, len) && (!len || !real[len] || real[len] == '/');
}

/* realpath() that stays below --sysroot; NULL with errno set. "/" is "", as parent_of("/x") is. */
static char *resolve(const char *full)
{
	char real[PATH_MAX];

	if (!realpath(*full ? full : "/", real))
		return NULL;
	if (!is_below_root(real)) {
		errno = EXDEV;
		return NULL;
	}
	return util_strdup(strcmp(real, "/") ? real : "");
}

static int sync_directory(const char *dir)
{
	int fd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = fsync(fd) ? -errno : 0;
	close(fd);
	return ret;
}

static char *parent_of(const char *path)
{
	return util_printf("%.*s", (int)(strrchr(path, '/') - path), path);
}

/*
 * The real path of a directory, which is made with its parents; NULL with errno set. The mode does
 * not depend on the umask: a card's file is to be readable like other settings of the host.
 */
static char *make_directory(const char *full)
{
	char *real = resolve(full);
	autofree char *above = NULL;
	autofree char *parent = NULL;
	char *dir;

	if (real || errno != ENOENT || !strchr(full, '/'))
		return real;
	above = parent_of(full);
	parent = make_directory(above);
	if (!parent)
		return NULL;
	dir = util_printf("%s%s", parent, strrchr(full, '/'));
	if (!mkdir(dir, DIRECTORY_MODE) && !chmod(dir, DIRECTORY_MODE) && !sync_directory(parent))
		return dir;
	free(dir);
	/* another process made it, or it is a symlink to nothing */
	return errno == EEXIST ? resolve(full) : NULL;
}

/* Where a file is, or would be, behind symlinks. */
struct place {
	char *file;
	char *dir;	/* NULL: it does not exist */
};

static void place_free(struct place *p)
{
	free(p->file);
	free(p->dir);
}

static int find_place(struct place *p, const char *path, char **why)
{
	autofree char *full = sysfs_path("%s", path);
	autofree char *above = parent_of(full);
	struct stat st;

	*p = (struct place){ .file = resolve(full) };
	if (p->file) {
		p->dir = parent_of(p->file);
		return 0;
	}
	if (errno != ENOENT)
		return fail(errno, why, "cannot find %s", path);
	if (!lstat(full, &st))
		return fail(ENOENT, why, "cannot follow the symlink %s", path);
	p->dir = resolve(above);
	if (!p->dir && errno != ENOENT)
		return fail(errno, why, "cannot find the directory of %s", path);
	p->file = util_printf("%s%s", p->dir ?: above, strrchr(full, '/'));
	return 0;
}

static int read_all(struct file *f, int fd, size_t max)
{
	ssize_t got = 1;

	f->data = util_alloc(max + 2, 1);
	/* one byte more than allowed tells that the file is longer */
	while (got > 0 && f->len <= max) {
		got = read(fd, f->data + f->len, max + 1 - f->len);
		if (got > 0)
			f->len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0)
		return errno;
	return f->len > max ? EFBIG : 0;
}

static int read_open_file(struct file *f, int fd, size_t max)
{
	struct stat st;

	if (fstat(fd, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	f->exists = true;
	f->mode = st.st_mode & 07777;
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	return read_all(f, fd, max);
}

/**
 * file_read_text() - Read a file that has to be text.
 * @path: as on a live system
 * @max: of its length
 * @text: result, to be freed; NULL if there is no such file
 * @why: text of a failure, to be freed
 *
 * Return: as file_read(); -EINVAL also for a file with a NUL.
 */
int file_read_text(const char *path, size_t max, char **text, char **why)
{
	struct file f;
	int ret = file_read(&f, path, max, why);

	*text = NULL;
	if (ret || !f.exists)
		return ret;
	if (strlen(f.data) == f.len)
		*text = util_strdup(f.data);
	else
		ret = err_why(EINVAL, why, "%s is no text", path);
	file_free(&f);
	return ret;
}

/**
 * file_read() - Read a file.
 * @f: result, to be freed by file_free(); a file that does not exist is no failure
 * @path: as on a live system
 * @max: of its length; -EFBIG for a longer one
 * @why: text of a failure, to be freed
 *
 * Return: 0 or a negative errno; -EINVAL if it is no regular file.
 */
int file_read(struct file *f, const char *path, size_t max, char **why)
{
	struct place p;
	int ret, fd;

	*f = (struct file){};
	ret = find_place(&p, path, why);
	if (ret)
		return ret;
	fd = open(p.file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	place_free(&p);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail(errno, why, "cannot read %s", path);
	ret = read_open_file(f, fd, max);
	close(fd);
	if (!ret)
		return 0;
	file_free(f);
	return fail(ret, why, "cannot read %s", path);
}

/* Make a directory and its parents; 0 or a negative errno with the text of a failure. */
int file_make_directory(const char *path, char **why)
{
	autofree char *full = sysfs_path("%s", path);
	autofree char *real = make_directory(full);

	return real ? 0 : fail(errno, why, "cannot make %s", path);
}

/**
 * file_may_write() - Check whether file_write() could write a file, as far as that can be known.
 * @path: as on a live system
 * @why: text of a failure, to be freed
 */
int file_may_write(const char *path, char **why)
{
	struct place p;
	int ret;

	ret = find_place(&p, path, why);
	while (!ret && !p.dir) {
		autofree char *above = p.file;

		p.file = parent_of(above);
		p.dir = resolve(p.file);
		if (!p.dir && errno != ENOENT)
			ret = fail(errno, why, "cannot make the directory of %s", path);
	}
	if (!ret && faccessat(AT_FDCWD, *p.dir ? p.dir : "/", W_OK | X_OK, AT_EACCESS))
		ret = fail(errno, why, "cannot write %s", path);
	place_free(&p);
	return ret;
}

/* Labels and access lists; a file system that has none of them, or other ones, is no failure. */
static void copy_attributes(const char *from, int to)
{
	char names[4096], value[4096];
	ssize_t len = listxattr(from, names, sizeof(names)), size;
	const char *name;

	for (name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
		size = getxattr(from, name, value, sizeof(value));
		if (size >= 0 && fsetxattr(to, name, value, (size_t)size, 0))
			continue;
	}
}

static int write_all(int fd, const struct file *f)
{
	size_t done = 0;
	ssize_t put;

	while (done < f->len) {
		put = write(fd, f->data + done, f->len - done);
		if (put < 0 && errno != EINTR)
			return errno;
		if (put > 0)
			done += (size_t)put;
	}
	return 0;
}

/* Owner before mode: a change of the owner clears the set-user-ID bit. */
static int fill(int fd, const struct file *f, const char *old)
{
	struct stat st;
	int ret = write_all(fd, f);

	if (ret)
		return ret;
	if (fstat(fd, &st) ||
	    ((st.st_uid != f->uid || st.st_gid != f->gid) && fchown(fd, f->uid, f->gid)))
		return errno;
	copy_attributes(old, fd);
	if (fchmod(fd, f->mode) || fsync(fd))
		return errno;
	return 0;
}

/* Make the new file, and let it take the place of the old one. */
static int replace(const struct file *f, const struct place *p)
{
	autofree char *new = util_printf("%s/.%s.fpgactl", p->dir, strrchr(p->file, '/') + 1);
	int ret, fd;

	/* a process that was killed may have left it */
	unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno;
	ret = fill(fd, f, p->file);
	if (close(fd) && !ret)
		ret = errno;
	if (!ret && rename(new, p->file))
		ret = errno;
	if (ret)
		unlink(new);
	return ret;
}

/**
 * file_write() - Make a file what @f is, or remove it if @f does not exist.
 * @f: contents and permissions
 * @path: as on a live system; directories that are missing are made
 * @why: text of a failure, to be freed
 *
 * Context: No other process may write the same file in this way; the ledger's lock sees to it.
 *
 * Return: 0 or a negative errno. After a failure the file is the old one or, if only the directory
 * could not be flushed, the new one.
 */
int file_write(const struct file *f, const char *path, char **why)
{
	struct place p;
	int ret;

	ret = find_place(&p, path, why);
	if (!ret && !p.dir && f->exists) {
		autofree char *missing = parent_of(p.file);

		/* the real path of what is there is known already */
		p.dir = make_directory(missing);
		if (!p.dir)
			ret = fail(errno, why, "cannot make the directory of %s", path);
	}
	if (!ret && f->exists)
		ret = replace(f, &p);
	else if (!ret && unlink(p.file) && errno != ENOENT)
		ret = errno;
	if (!ret && p.dir)
		ret = -sync_directory(p.dir);
	place_free(&p);
	if (ret <= 0)
		return ret;
	return fail(ret, why, f->exists ? "cannot write %s" : "cannot remove %s", path);
}

/* True if there is no difference in contents, owner and mode. */
bool file_is_same(const struct file *a, const struct file *b)
{
	if (!a->exists || !b->exists)
		return a->exists == b->exists;
	return a->len == b->len && !memcmp(a->data, b->data, a->len) && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid;
}

void file_copy(struct file *to, const struct file *from)
{
	*to = *from;
	if (!from->data)
		return;
	to->data = util_alloc(from->len + 1, 1);
	memcpy(to->data, from->data, from->len);
}

void file_free(struct file *f)
{
	free(f->data);
	*f = (struct file){};
}
