/* SPDX-License-Identifier: GPL-2.0 */
/* Use of the block devices on a PCI device by the host. */
#ifndef FPGACTL_BLOCKDEV_H
#define FPGACTL_BLOCKDEV_H

#include "host/model.h"

char *blockdev_in_use(const struct fv_device *d, bool may_open);

#endif
