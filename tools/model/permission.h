/* SPDX-License-Identifier: GPL-2.0 */
/* Permission to rebind devices. */
#ifndef FPGACTL_PERMISSION_H
#define FPGACTL_PERMISSION_H

int permission_fail(int ret, const char *bdf, const char *what);
int permission_check(const char *bdf, const char *what);

#endif
