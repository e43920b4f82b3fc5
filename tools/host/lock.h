/* SPDX-License-Identifier: GPL-2.0 */
/* Locks between processes of fpgactl. */
#ifndef FPGACTL_LOCK_H
#define FPGACTL_LOCK_H

int lock_take(const char *name, char **why);

#endif
