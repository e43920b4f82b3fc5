/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_FLR_H
#define FV_FLR_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct fv_device;
struct vfio_device;

/**
 * struct fv_flr - a Function Level Reset requested in configuration space
 * @at: file offset of the byte with Initiate Function Level Reset; U64_MAX if there is none
 * @work: runs the reset
 * @asked: number of resets requested
 * @done: number of those that are done or cancelled
 * @wait: woken when @done changes
 */
struct fv_flr {
	u64 at;
	struct work_struct work;
	atomic_t asked;
	int done;
	wait_queue_head_t wait;
};

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
	return flr->at - pos < count;
}

/**
 * fv_flr_is_due - Is a requested reset still pending?
 * @flr: the device's
 *
 * Context: Any.
 * Return: True if one is.
 */
static inline bool fv_flr_is_due(const struct fv_flr *flr)
{
	return atomic_read(&flr->asked) != READ_ONCE(flr->done);
}

void fv_flr_init(struct fv_device *dev);
void fv_flr_cancel(struct fv_device *dev);
void fv_flr_exit(struct fv_device *dev);
ssize_t fv_flr_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		     loff_t *ppos, bool *is_asked);
void fv_flr_run(struct fv_device *dev);

#endif /* FV_FLR_H */
