/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_VFIO_H
#define FV_VFIO_H

struct vfio_device_ops;

extern const struct vfio_device_ops fv_vfio_ops;

#endif /* FV_VFIO_H */
