/* SPDX-License-Identifier: GPL-2.0 */
/* Disks on a PCI device, and what uses them. */
#ifndef FPGACTL_BLOCKDEV_H
#define FPGACTL_BLOCKDEV_H

#include "model.h"

char *blockdev_in_use(const struct fv_device *d, bool may_open);

#endif
