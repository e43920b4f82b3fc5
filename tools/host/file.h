/* SPDX-License-Identifier: GPL-2.0 */
/* Files of the host that fpgactl writes, all of them below --sysroot. */
#ifndef FPGACTL_FILE_H
#define FPGACTL_FILE_H

#include <sys/types.h>

#include "util/util.h"

/* Contents and permissions of a file; all of it is false or 0 if there is none. */
struct file {
	bool exists;
	char *data;		/* NUL-terminated; may contain NULs */
	size_t len;
	mode_t mode;		/* permissions only */
	uid_t uid;
	gid_t gid;
};

int file_read(struct file *f, const char *path, size_t max, char **why);
int file_read_text(const char *path, size_t max, char **text, char **why);
int file_make_directory(const char *path, char **why);
int file_may_write(const char *path, char **why);
int file_write(const struct file *f, const char *path, char **why);
bool file_is_same(const struct file *a, const struct file *b);
void file_copy(struct file *to, const struct file *from);
void file_free(struct file *f);

#endif
