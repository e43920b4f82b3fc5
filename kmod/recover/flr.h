/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_FLR_H
#define FV_FLR_H

#include <linux/types.h>

#include "object/types.h"

struct fv_device;
struct vfio_device;

/**
 * fv_flr_is_in - Can a write to configuration space request a reset?
 * @flr: the device's
 * @count: bytes to write
 * @pos: file offset of the write
 *
 * Context: Any.
 * Return: True if fv_flr_write() has to handle the write.
 */
static inline bool fv_flr_is_in(const struct fv_flr *flr, size_t count, u64 pos)
{
	return flr->at - pos < count || flr->af_at - pos < count;
}

void fv_flr_init(struct fv_device *dev);
void fv_flr_cancel(struct fv_device *dev);
void fv_flr_exit(struct fv_device *dev);
ssize_t fv_flr_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		     loff_t *ppos, bool *is_requested);
void fv_flr_run(struct fv_device *dev);

#endif /* FV_FLR_H */
