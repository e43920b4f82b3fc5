/* SPDX-License-Identifier: GPL-2.0 */
/* The initramfs, which has copies of card files and of modprobe.d. */
#ifndef FPGACTL_INITRAMFS_H
#define FPGACTL_INITRAMFS_H

#include <sys/stat.h>

#include "util/util.h"

/* What an image has. */
struct initramfs {
	struct strv paths;	/* without the first "/" */
	const char *tool;	/* that listed them */
	bool has_texts;		/* the tool can print files, for initramfs_read() */
};

char *initramfs_find(const char *release, struct stat *st);
int initramfs_open(struct initramfs *i, const char *image, char **why);
char *initramfs_read(const struct initramfs *i, const char *image, const struct strv *paths);
void initramfs_close(struct initramfs *i);
char *initramfs_image_command(const char *image, const char *release);
const char *initramfs_tool(void);
const char *initramfs_command(const struct strv *paths);
void initramfs_note(const struct strv *paths);

#endif
