/* SPDX-License-Identifier: GPL-2.0 */
/* Access to kernel files, all of them below --sysroot. */
#ifndef FPGACTL_SYSFS_H
#define FPGACTL_SYSFS_H

#include <sys/stat.h>
#include <sys/types.h>

#include "util/util.h"

int sysfs_set_root(const char *dir);
bool sysfs_is_live(void);
/* Why a command that needs the driver or the kernel fails below --sysroot. */
#define NEEDS_LIVE_SYSTEM	"needs the live system; drop --sysroot"

/* A file that could not be read, or was not understood. */
struct sysfs_fault {
	char *path;			/* NULL: none */
	const char *why;
};

bool sysfs_take_fault(struct sysfs_fault *f);
void sysfs_raise_fault(const struct sysfs_fault *f);
void sysfs_set_fault(const char *path, const char *why);
int sysfs_report(const char *what, const char *hint);
const char *sysfs_wrong_file(const char *path);

char *sysfs_path(const char *fmt, ...) __printf(1, 2);
char *sysfs_read(const char *fmt, ...) __printf(1, 2);
bool sysfs_read_number(long long *value, const char *fmt, ...) __printf(2, 3);
bool sysfs_require_u32(unsigned int *value, const char *fmt, ...) __printf(2, 3);
bool sysfs_read_u64(uint64_t *value, const char *fmt, ...) __printf(2, 3);
ssize_t sysfs_read_bytes(void *buf, size_t len, const char *fmt, ...) __printf(3, 4);
char *sysfs_read_link(const char *fmt, ...) __printf(1, 2);
char *sysfs_link_name(const char *fmt, ...) __printf(1, 2);
char *sysfs_resolve(const char *fmt, ...) __printf(1, 2);
bool sysfs_exists(const char *fmt, ...) __printf(1, 2);
bool sysfs_stat(struct stat *st, const char *fmt, ...) __printf(2, 3);
int sysfs_may_write(const char *fmt, ...) __printf(1, 2);
int sysfs_write(const char *value, const char *fmt, ...) __printf(2, 3);
int sysfs_list(struct strv *names, const char *fmt, ...) __printf(2, 3);

#endif
