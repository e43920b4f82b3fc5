/* SPDX-License-Identifier: GPL-2.0 */
/* The initramfs, which has copies of card files and of modprobe.d. */
#ifndef FPGACTL_INITRAMFS_H
#define FPGACTL_INITRAMFS_H

#include <stdbool.h>

const char *initramfs_command(void);
bool initramfs_has(const char *path);

#endif
