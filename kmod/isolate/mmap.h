/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_MMAP_H
#define FV_MMAP_H

struct vfio_device;
struct vm_area_struct;

int fv_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);

#endif /* FV_MMAP_H */
