/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_IMPORTER_H
#define FV_IMPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * /dev/fv_importer of fv_importer.ko: each open descriptor imports one dma-buf, as the driver of
 * a device that does peer-to-peer DMA does, but without DMA.
 */

#define FV_IMPORTER_NAME "fv_importer"

/**
 * struct fv_importer_attach - what is imported
 * @fd: descriptor of the dma-buf
 * @bdf: the PCI function that would do DMA, "0000:01:00.0"
 */
struct fv_importer_attach {
	__s32 fd;
	char bdf[16];
};

/**
 * struct fv_importer_state - the import as it is now
 * @is_mapped: the device may do DMA
 * @nr_invalidations: how often the exporter said that mappings are not valid any more
 */
struct fv_importer_state {
	__u32 is_mapped;
	__u32 nr_invalidations;
};

#define FV_IMPORTER_ATTACH	_IOW('i', 0, struct fv_importer_attach)
/* ENODEV: the dma-buf is revoked. */
#define FV_IMPORTER_MAP		_IO('i', 1)
#define FV_IMPORTER_UNMAP	_IO('i', 2)
/* From now on (argument 1) a mapping stays until FV_IMPORTER_UNMAP, and the exporter waits. */
#define FV_IMPORTER_KEEP	_IO('i', 3)
#define FV_IMPORTER_STATE	_IOR('i', 4, struct fv_importer_state)

#endif
