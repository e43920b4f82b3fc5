/* SPDX-License-Identifier: GPL-2.0 */
/* Current users of a device, from the driver's counters and from open files. */
#ifndef FPGACTL_HELD_H
#define FPGACTL_HELD_H

#include "host/model.h"
#include "util/util.h"

bool held_now(const struct fv_device *d);
char *held_by(const struct fv_device *d);
char *held_text(const struct fv_device *const *devices, size_t n, const char *bdf);
void held_add_blockers(const struct fv_device *d);
void held_add_all_blockers(const struct fv_device *const *devices, size_t n);

#endif
