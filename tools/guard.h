/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the host itself needs a device: what bind does not take without --force. */
#ifndef FPGACTL_GUARD_H
#define FPGACTL_GUARD_H

#include "model.h"

char *guard_in_use(const struct fv_device *d, bool may_open);
char *guard_virtual_functions(const struct fv_device *d);

#endif
