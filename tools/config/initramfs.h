/* SPDX-License-Identifier: GPL-2.0 */
/* The initramfs, which has copies of card files and of modprobe.d. */
#ifndef FPGACTL_INITRAMFS_H
#define FPGACTL_INITRAMFS_H

#include "util/util.h"

const char *initramfs_tool(void);
const char *initramfs_command(const struct strv *paths);
void initramfs_note(const struct strv *paths);

#endif
