// SPDX-License-Identifier: GPL-2.0
/* Small text files in sysfs and procfs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "file.h"

#define path_format(_path, _fmt) do {					\
	va_list __args;							\
									\
	va_start(__args, _fmt);						\
	vsnprintf(_path, sizeof(_path), _fmt, __args);			\
	va_end(__args);							\
} while (0)

int __file_read(char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	size_t len = 0;
	ssize_t n;
	int fd;

	path_format(path, fmt);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0) {
			n = -errno;
			close(fd);
			return n;
		}
		if (!n)
			break;
		len += n;
	}
	close(fd);
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return len;
}

static int write_text(const char *path, const char *text)
{
	int ret = 0;
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int __file_write(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];

	path_format(path, fmt);
	return write_text(path, text);
}

void file_write(const char *text, const char *fmt, ...)
{
	char path[PATH_MAX];
	int ret;

	path_format(path, fmt);
	ret = write_text(path, text);
	if (ret)
		fail("write \"%s\" to %s: %s", text, path, errno_name(ret));
}

int __link_read(char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t n;

	path_format(path, fmt);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	base = strrchr(target, '/');
	snprintf(buf, size, "%s", base ? base + 1 : target);
	return 0;
}

bool file_exists(const char *fmt, ...)
{
	char path[PATH_MAX];

	path_format(path, fmt);
	return !access(path, F_OK);
}
