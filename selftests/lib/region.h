/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_REGION_H
#define FV_TEST_REGION_H

#include <linux/vfio.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

/* Regions of a device: BARs, ROM, config space. */

/* Region info with all capabilities, to be freed by the caller; NULL with errno set. */
struct vfio_region_info *__region_info(struct device *dev, unsigned int index);
struct vfio_region_info *region_info(struct device *dev, unsigned int index);

/* First capability @id in @info, or NULL. */
struct vfio_info_cap_header *region_cap(struct vfio_region_info *info,
					uint16_t id);

/* Access through the device fd; return the number of bytes or a negative errno. */
int __region_read(struct device *dev, unsigned int index, uint64_t offset,
		  void *data, size_t size);
int __region_write(struct device *dev, unsigned int index, uint64_t offset,
		   const void *data, size_t size);

uint32_t region_read32(struct device *dev, unsigned int index,
		       uint64_t offset);
void region_write32(struct device *dev, unsigned int index, uint64_t offset,
		    uint32_t value);

/* Map a whole region for reading and writing; NULL with errno set. */
void *__region_map(struct device *dev, unsigned int index, size_t *size);
void *region_map(struct device *dev, unsigned int index, size_t *size);

#endif
