/* SPDX-License-Identifier: GPL-2.0 */
/* Lines in the kernel log, which is there before any file system is, and which journald reads. */
#ifndef FPGACTL_KMSG_H
#define FPGACTL_KMSG_H

void kmsg_warn(const char *text);

#endif
