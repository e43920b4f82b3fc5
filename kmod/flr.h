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
 * struct fv_flr - a Function Level Reset that a user asks for in configuration space
 * @at: where he does, as an offset of his descriptor; beyond all if there is no such place
 * @work: does it
 * @asked: how many were asked for
 * @done: how many of them are done, or need not be done any more
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
 * fv_flr_is_in - Could a write to configuration space ask for a reset?
 * @flr: of the device
 * @count: how much is written
 * @pos: where to, as an offset of the descriptor
 *
 * Context: Any.
 * Return: True if it is one for fv_flr_write().
 */
static inline bool fv_flr_is_in(const struct fv_flr *flr, size_t count, u64 pos)
{
	return flr->at - pos < count;
}

/**
 * fv_flr_is_due - Is a reset asked for that is not done?
 * @flr: of the device
 *
 * Context: Any.
 * Return: True if it is.
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
