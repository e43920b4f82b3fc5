/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_DEVICE_H
#define FV_TEST_DEVICE_H

#include <linux/vfio.h>
#include <stddef.h>
#include <stdint.h>

#include "iommu.h"
#include "pci.h"

/* A PCI function opened through VFIO. */

struct device {
	struct iommu *iommu;
	char bdf[BDF_LEN];
	int fd;
	uint32_t devid;			/* device id in iommufd */
	struct vfio_device_info info;
	uint64_t config_offset;		/* of config space in fd */
	uint64_t offsets[VFIO_PCI_NUM_REGIONS];	/* of each region in fd */
};

/*
 * Open the function within @iommu and store the descriptor in @dev->fd. @token is a VF token
 * (UUID text) or NULL. __device_open_only() reads nothing of the device: a device that is reset
 * meanwhile may refuse that with -EAGAIN, after an open that succeeded.
 */
int __device_open_only(struct device *dev, struct iommu *iommu, const char *bdf, const char *token);
int __device_open_token(struct device *dev, struct iommu *iommu,
			const char *bdf, const char *token);
int __device_open(struct device *dev, struct iommu *iommu, const char *bdf);
void device_open(struct device *dev, struct iommu *iommu, const char *bdf);
void device_close(struct device *dev);

/* Number of device ioctls that an open makes; a close makes none. */
#define DEVICE_OPEN_IOCTLS (1 + VFIO_PCI_NUM_REGIONS)

/* VFIO_DEVICE_RESET; return 0 or a negative errno. */
int __device_reset(struct device *dev);
void device_reset(struct device *dev);

/*
 * VFIO_DEVICE_FEATURE with @flags (feature number | GET, SET, PROBE) and @size bytes of payload
 * at @data, which GET overwrites.
 */
int __device_feature(struct device *dev, uint32_t flags, void *data,
		     size_t size);

/* Path of the VFIO cdev; return 0 or a negative errno. */
int __device_cdev_path(const char *bdf, char *path, size_t size);

#endif
