/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_VFIO_IOCTL_H
#define FV_VFIO_IOCTL_H

#include <linux/compiler.h>
#include <linux/types.h>

struct vfio_device;
struct vfio_info_cap;
struct vfio_region_info;

long fv_vfio_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg);
int fv_vfio_get_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
			    struct vfio_info_cap *caps);
int fv_vfio_device_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz);

#endif /* FV_VFIO_IOCTL_H */
