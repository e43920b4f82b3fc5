// SPDX-License-Identifier: GPL-2.0
/*
 * In place of host/sysfs.c for targets that have no files: nothing can be read. A target replaces
 * the functions that its input goes through.
 */
#include <errno.h>
#include <stdarg.h>

#include "host/sysfs.h"
#include "util/err.h"

#define __weak	__attribute__((weak))

__weak bool sysfs_is_live(void)
{
	return false;
}

__weak bool sysfs_take_fault(struct sysfs_fault *f)
{
	(void)f;
	return false;
}

__weak void sysfs_raise_fault(const struct sysfs_fault *f)
{
	(void)f;
}

__weak void sysfs_set_fault(const char *path, const char *why)
{
	(void)path;
	(void)why;
}

__weak int sysfs_report(const char *what, const char *hint)
{
	(void)what;
	(void)hint;
	return FV_OK;
}

__weak const char *sysfs_wrong_file(const char *path)
{
	return *path ? NULL : "";
}

__weak char *sysfs_path(const char *fmt, ...)
{
	(void)fmt;
	return util_strdup("");
}

__weak char *sysfs_read(const char *fmt, ...)
{
	(void)fmt;
	return NULL;
}

__weak bool sysfs_read_number(long long *value, const char *fmt, ...)
{
	(void)value;
	(void)fmt;
	return false;
}

__weak bool sysfs_require_u32(unsigned int *value, const char *fmt, ...)
{
	*value = 0;
	(void)fmt;
	return false;
}

__weak bool sysfs_read_u64(uint64_t *value, const char *fmt, ...)
{
	(void)value;
	(void)fmt;
	return false;
}

__weak ssize_t sysfs_read_bytes(void *buf, size_t len, const char *fmt, ...)
{
	(void)buf;
	(void)len;
	(void)fmt;
	return -1;
}

__weak char *sysfs_read_link(const char *fmt, ...)
{
	(void)fmt;
	return NULL;
}

__weak char *sysfs_link_name(const char *fmt, ...)
{
	(void)fmt;
	return NULL;
}

__weak char *sysfs_resolve(const char *fmt, ...)
{
	(void)fmt;
	return NULL;
}

__weak bool sysfs_exists(const char *fmt, ...)
{
	(void)fmt;
	return false;
}

__weak bool sysfs_stat(struct stat *st, const char *fmt, ...)
{
	(void)st;
	(void)fmt;
	return false;
}

__weak int sysfs_may_write(const char *fmt, ...)
{
	(void)fmt;
	return 0;
}

__weak int sysfs_write(const char *value, const char *fmt, ...)
{
	(void)value;
	(void)fmt;
	return -EACCES;
}

__weak int sysfs_list(struct strv *names, const char *fmt, ...)
{
	(void)names;
	(void)fmt;
	return -ENOENT;
}
