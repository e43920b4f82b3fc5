// SPDX-License-Identifier: GPL-2.0
/* A PCI function opened through its VFIO group or its cdev. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "device.h"

int __device_cdev_path(const char *bdf, char *path, size_t size)
{
	char dir[256];
	struct dirent *entry;
	int ret = -ENOENT;
	DIR *d;

	snprintf(dir, sizeof(dir), PCI_SYSFS "/%s/vfio-dev", bdf);
	d = opendir(dir);
	if (!d)
		return -errno;
	while ((entry = readdir(d))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, size, "/dev/vfio/devices/%s", entry->d_name);
		ret = 0;
	}
	closedir(d);
	return ret;
}

static int parse_uuid(const char *text, uint8_t uuid[16])
{
	int i, used;

	for (i = 0; i < 16; i++) {
		if (*text == '-')
			text++;
		if (sscanf(text, "%2hhx%n", &uuid[i], &used) != 1 || used != 2)
			return -EINVAL;
		text += 2;
	}
	return 0;
}

/*
 * struct vfio_device_bind_iommufd of v6.17 and later, independent of the installed header: the
 * VF token is passed with the bind, which checks it.
 */
struct bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
	uint64_t token_uuid_ptr;
};

#define BIND_FLAG_TOKEN 1u

static int cdev_bind(struct device *dev, const char *token)
{
	struct bind_iommufd bind = {
		.argsz = offsetof(struct bind_iommufd, token_uuid_ptr),
		.iommufd = dev->iommu->fd,
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = dev->iommu->ioas_id,
	};
	uint8_t uuid[16];

	if (token) {
		if (parse_uuid(token, uuid))
			return -EINVAL;
		bind.argsz = sizeof(bind);
		bind.flags = BIND_FLAG_TOKEN;
		bind.token_uuid_ptr = (uintptr_t)uuid;
	}
	if (ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return -errno;
	dev->devid = bind.out_devid;
	return ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) ?
		-errno : 0;
}

static int cdev_open(struct device *dev, const char *token)
{
	char path[320];
	int ret;

	ret = __device_cdev_path(dev->bdf, path, sizeof(path));
	if (ret)
		return ret;
	dev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return -errno;
	ret = cdev_bind(dev, token);
	if (ret)
		close(dev->fd);
	return ret;
}

static int group_device_open(struct device *dev, const char *token)
{
	char name[128];
	int group;

	group = pci_group(dev->bdf);
	if (group < 0)
		return group;
	group = __iommu_group_fd(dev->iommu, group);
	if (group < 0)
		return group;
	snprintf(name, sizeof(name), token ? "%s vf_token=%s" : "%s",
		 dev->bdf, token);
	dev->fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
	return dev->fd < 0 ? -errno : 0;
}

static int device_read_info(struct device *dev)
{
	unsigned int index;

	dev->info.argsz = sizeof(dev->info);
	if (ioctl(dev->fd, VFIO_DEVICE_GET_INFO, &dev->info))
		return -errno;
	for (index = 0; index < VFIO_PCI_NUM_REGIONS; index++) {
		struct vfio_region_info info = {
			.argsz = sizeof(info),
			.index = index,
		};

		/* only VGA devices have a VGA region */
		if (ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &info) &&
		    index != VFIO_PCI_VGA_REGION_INDEX)
			return -errno;
		dev->offsets[index] = info.offset;
	}
	dev->config_offset = dev->offsets[VFIO_PCI_CONFIG_REGION_INDEX];
	return 0;
}

int __device_open_only(struct device *dev, struct iommu *iommu, const char *bdf, const char *token)
{
	memset(dev, 0, sizeof(*dev));
	dev->fd = -1;
	dev->iommu = iommu;
	snprintf(dev->bdf, sizeof(dev->bdf), "%s", bdf);
	return iommu->mode == IOMMU_IOMMUFD ? cdev_open(dev, token) : group_device_open(dev, token);
}

int __device_open_token(struct device *dev, struct iommu *iommu,
			const char *bdf, const char *token)
{
	int ret = __device_open_only(dev, iommu, bdf, token);

	if (ret)
		return ret;
	ret = device_read_info(dev);
	if (ret)
		device_close(dev);
	return ret;
}

int __device_open(struct device *dev, struct iommu *iommu, const char *bdf)
{
	return __device_open_token(dev, iommu, bdf, NULL);
}

void device_open(struct device *dev, struct iommu *iommu, const char *bdf)
{
	int ret = __device_open(dev, iommu, bdf);

	if (ret)
		fail("open %s: %s", bdf, errno_name(ret));
}

void device_close(struct device *dev)
{
	close(dev->fd);
	dev->fd = -1;
}

int __device_reset(struct device *dev)
{
	return ioctl(dev->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

void device_reset(struct device *dev)
{
	int ret = __device_reset(dev);

	if (ret)
		fail("reset %s: %s", dev->bdf, errno_name(ret));
}

int __device_feature(struct device *dev, uint32_t flags, void *data,
		     size_t size)
{
	struct vfio_device_feature *feature;
	int ret;

	feature = calloc(1, sizeof(*feature) + size);
	if (!feature)
		fail("out of memory");
	feature->argsz = sizeof(*feature) + size;
	feature->flags = flags;
	if (size)
		memcpy(feature->data, data, size);
	ret = ioctl(dev->fd, VFIO_DEVICE_FEATURE, feature);
	if (ret < 0)
		ret = -errno;
	else if (size)
		memcpy(data, feature->data, size);
	free(feature);
	return ret;
}
