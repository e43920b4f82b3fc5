/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fence isolates the VFIO user from a device: reads return all-ones and writes are dropped, as
 * PCI Express specifies for a link that is down.
 */
#ifndef FV_FENCE_H
#define FV_FENCE_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "object/types.h"

struct fv_device;
struct fv_wait;
struct vfio_device;
struct vm_fault;

/**
 * fv_fence_is_up - Is the user fenced off?
 * @fence: the device's fence
 *
 * Lockless; fv_fence_drain() says why that suffices.
 *
 * Context: Any.
 * Return: True if the fence is up.
 */
static inline bool fv_fence_is_up(const struct fv_fence *fence)
{
	barrier();
	/* barrier() forces one load in program order; READ_ONCE() would cost an instruction. */
	return data_race(fence->seq & 1);
}

/**
 * fv_fence_is_closed - Is the user fenced off, or has it to wait for a reset?
 * @fence: the device's fence
 *
 * As cheap as fv_fence_is_up(). If so, fv_fence_keeps_out() tells which.
 *
 * Context: Any.
 * Return: True if an access through the descriptor may not go on.
 */
static inline bool fv_fence_is_closed(const struct fv_fence *fence)
{
	barrier();
	/* As in fv_fence_is_up(). */
	return data_race(fence->seq & (1 | FV_FENCE_HELD));
}

bool fv_fence_keeps_out(struct fv_device *dev);
int fv_fence_init(struct fv_device *dev);
void fv_fence_exit(struct fv_device *dev);
void fv_fence_opened(struct fv_device *dev);
void fv_fence_closing(struct fv_device *dev);
int fv_fence_take_turn(struct fv_device *dev);
void fv_fence_end_turn(struct fv_device *dev);
int fv_fence_enter(struct fv_device *dev);
void fv_fence_leave(struct fv_device *dev);
int fv_fence_close_gate(struct fv_device *dev, struct fv_wait *wait);
void fv_fence_open_gate(struct fv_device *dev);
int fv_fence_lock_memory(struct fv_device *dev, struct fv_wait *wait);
void fv_fence_unlock_memory(struct fv_device *dev);
void fv_fence_unlock(struct fv_device *dev);
int fv_fence_raise(struct fv_device *dev);
void fv_fence_raise_locked(struct fv_device *dev);
void fv_fence_revoke(struct fv_device *dev);
int fv_fence_try_revoke(struct fv_device *dev);
void fv_fence_lower(struct fv_device *dev);
int fv_fence_try_lower(struct fv_device *dev);
void fv_fence_lower_locked(struct fv_device *dev);
void fv_fence_again(struct fv_device *dev);
void fv_fence_zap(struct fv_device *dev);
vm_fault_t fv_fence_fault(struct fv_device *dev, struct vm_fault *vmf);
vm_fault_t fv_fence_huge_fault(struct fv_device *dev, struct vm_fault *vmf, unsigned int order);
ssize_t fv_fence_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos);
ssize_t fv_fence_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos);

#endif /* FV_FENCE_H */
