/* SPDX-License-Identifier: GPL-2.0 */
/* Whether a device is held now, and by whom: what the driver counts and what is open. */
#ifndef FPGACTL_HELD_H
#define FPGACTL_HELD_H

#include "model.h"

bool held_now(const struct fv_device *d);
char *held_by(const struct fv_device *d);

#endif
