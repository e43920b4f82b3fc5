/* SPDX-License-Identifier: GPL-2.0 */
/* Host use of a device that makes bind require --force. */
#ifndef FPGACTL_GUARD_H
#define FPGACTL_GUARD_H

#include "host/model.h"

char *guard_in_use(const struct fv_device *d, bool may_open);
char *guard_virtual_functions(const struct fv_device *d);

struct json_object *guard_blocker(const struct fv_device *d, const char *why);

#endif
