/* SPDX-License-Identifier: GPL-2.0 */
/* What card files allow. */
#ifndef FPGACTL_PERMIT_H
#define FPGACTL_PERMIT_H

#include "serve/request.h"

/* Name of the process of a connection, before that of the user; the driver keeps it. */
#define PERMIT_COMM	"fpgactl:"

char *permit_check(const struct request *r, bool *needs_own);
char *permit_check_fence(const char *bdf, bool needs_own);

#endif
