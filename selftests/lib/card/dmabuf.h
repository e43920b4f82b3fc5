/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_DMABUF_H
#define FV_TEST_DMABUF_H

#include <stdbool.h>

#include "device.h"

#include "../../sim/importer/importer.h"

/* dma-bufs of BARs, and a test module that imports them (selftests/sim/importer). */

/* False if this kernel has no dma-bufs of BARs. */
bool dmabuf_is_there(struct device *dev);

/* Export the first two pages of BAR 0; return a descriptor or a negative errno. */
int dmabuf_export(struct device *dev);

/*
 * Load the module unless it is loaded, and open an importer; return a descriptor or a negative
 * errno. Kernels without dma-bufs of BARs do not load it.
 */
int __importer_open(void);

/* Return 0 or a negative errno. */
int importer_do(int importer, unsigned int cmd, unsigned long arg);

/* Import for the card itself, a device with a path to the BAR that bypasses the IOMMU. */
int importer_attach(int importer, int dmabuf, const char *bdf);
int importer_map(int importer);
struct fv_importer_state importer_state(int importer);

#endif
