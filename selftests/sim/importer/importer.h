/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_IMPORTER_H
#define FV_IMPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * /dev/fv_importer of fv_importer.ko: each open file imports one dma-buf like the driver of a
 * peer-to-peer device, but does no DMA.
 */

#define FV_IMPORTER_NAME "fv_importer"

/**
 * struct fv_importer_attach - argument of FV_IMPORTER_ATTACH
 * @fd: descriptor of the dma-buf
 * @bdf: the PCI function that would do DMA, "0000:01:00.0"
 */
struct fv_importer_attach {
	__s32 fd;
	char bdf[16];
};

/**
 * struct fv_importer_state - result of FV_IMPORTER_STATE
 * @is_mapped: the device may do DMA
 * @nr_invalidations: number of invalidations by the exporter
 */
struct fv_importer_state {
	__u32 is_mapped;
	__u32 nr_invalidations;
};

#define FV_IMPORTER_ATTACH	_IOW('i', 0, struct fv_importer_attach)
/* Fails with ENODEV if the dma-buf is revoked. */
#define FV_IMPORTER_MAP		_IO('i', 1)
#define FV_IMPORTER_UNMAP	_IO('i', 2)
/* With argument 1, a mapping stays until FV_IMPORTER_UNMAP, and the exporter waits for that. */
#define FV_IMPORTER_KEEP	_IO('i', 3)
#define FV_IMPORTER_STATE	_IOR('i', 4, struct fv_importer_state)

#endif
