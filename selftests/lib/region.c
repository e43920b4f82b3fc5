// SPDX-License-Identifier: GPL-2.0
/* Regions of a device: BARs, ROM, config space. */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "region.h"

struct vfio_region_info *__region_info(struct device *dev, unsigned int index)
{
	size_t size = sizeof(struct vfio_region_info);
	struct vfio_region_info *info;
	int err;

	for (;;) {
		info = calloc(1, size);
		if (!info)
			fail("out of memory");
		*info = (struct vfio_region_info) {
			.argsz = size,
			.index = index,
		};
		if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, info)) {
			err = errno;
			free(info);
			errno = err;
			return NULL;
		}
		if (info->argsz <= size)
			return info;
		size = info->argsz;
		free(info);
	}
}

struct vfio_region_info *region_info(struct device *dev, unsigned int index)
{
	struct vfio_region_info *info = __region_info(dev, index);

	if (!info)
		fail("information on region %u of %s: %s", index, dev->bdf,
		     errno_name(errno));
	return info;
}

struct vfio_info_cap_header *region_cap(struct vfio_region_info *info,
					uint16_t id)
{
	struct vfio_info_cap_header *cap;
	uint32_t at;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_CAPS))
		return NULL;
	for (at = info->cap_offset; at; at = cap->next) {
		cap = (void *)((char *)info + at);
		if (cap->id == id)
			return cap;
	}
	return NULL;
}

int __region_read(struct device *dev, unsigned int index, uint64_t offset,
		  void *data, size_t size)
{
	int ret = pread(dev->fd, data, size, dev->offsets[index] + offset);

	return ret < 0 ? -errno : ret;
}

int __region_write(struct device *dev, unsigned int index, uint64_t offset,
		   const void *data, size_t size)
{
	int ret = pwrite(dev->fd, data, size, dev->offsets[index] + offset);

	return ret < 0 ? -errno : ret;
}

uint32_t region_read32(struct device *dev, unsigned int index,
		       uint64_t offset)
{
	uint32_t value;
	int ret = __region_read(dev, index, offset, &value, sizeof(value));

	if (ret != sizeof(value))
		fail("read region %u at %#llx: got %d", index,
		     (unsigned long long)offset, ret);
	return value;
}

void region_write32(struct device *dev, unsigned int index, uint64_t offset,
		    uint32_t value)
{
	int ret = __region_write(dev, index, offset, &value, sizeof(value));

	if (ret != sizeof(value))
		fail("write region %u at %#llx: got %d", index,
		     (unsigned long long)offset, ret);
}

void *__region_map(struct device *dev, unsigned int index, size_t *size)
{
	struct vfio_region_info *info = __region_info(dev, index);
	void *map;
	int err;

	if (!info)
		return NULL;
	*size = info->size;
	map = mmap(NULL, info->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   dev->fd, info->offset);
	err = errno;
	free(info);
	errno = err;
	return map == MAP_FAILED ? NULL : map;
}

void *region_map(struct device *dev, unsigned int index, size_t *size)
{
	void *map = __region_map(dev, index, size);

	if (!map)
		fail("map region %u of %s: %s", index, dev->bdf,
		     errno_name(errno));
	return map;
}
