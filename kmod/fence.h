/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fence isolates the VFIO user from a device: reads return all-ones and writes are dropped, as
 * PCI Express specifies for a link that is down.
 */
#ifndef FV_FENCE_H
#define FV_FENCE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "ones.h"

struct fv_device;
struct fv_fence_step;
struct fv_wait;
struct vfio_device;
struct vm_fault;

/**
 * struct fv_fence - the fence of one device
 * @seq: odd while the fence is up, incremented when it is raised and lowered. Written under
 *	memory_lock for writing, and to lower it under @gate as well
 * @is_open: a user has the device open, so that vfio_pci_core_device::vconfig exists; memory_lock,
 *	and @gate to clear it
 * @had_memory: the user had memory decoding enabled when the fence was raised; memory_lock
 * @had_no_command: pci_dev::no_command_memory at that time; memory_lock
 * @ones: pages mapped in place of the BARs
 * @refill: fills them with ones again after user writes
 * @revoke: revokes BARs that are exported as dma-bufs
 * @revoked_seq: @seq of the last fence that revoked any; @gate
 * @in_turn: runs @step under memory_lock, for which it queues behind the user's accesses
 * @is_finish_due: @in_turn has to run the second step of fv_fence_raise()
 * @step: a task's request to @in_turn, or NULL; set by cmpxchg(), taken by xchg()
 * @turn: serializes ioctls that touch the device, so that a task that takes @gate for writing waits
 *	for at most one; before @gate
 * @gate: held for reading by such an ioctl, for writing to raise or lower the fence or to reset
 *	the device; before memory_lock
 * @raise: serializes fv_fence_raise(), until the fence is complete; before @gate
 * @nr_closing: tasks in fv_fence_close_gate(), or with the gate closed: no ioctl begins meanwhile
 * @opened: woken when the fence is lowered, and when @nr_closing drops
 */
struct fv_fence {
	unsigned int seq;
	bool is_open;
	bool had_memory;
	bool had_no_command;
	struct fv_ones ones;
	struct delayed_work refill;
	struct work_struct revoke;
	unsigned int revoked_seq;
	struct work_struct in_turn;
	bool is_finish_due;
	struct fv_fence_step *step;
	struct mutex turn;	/* serializes ioctls */
	struct rw_semaphore gate;
	struct mutex raise;	/* until the fence is complete */
	atomic_t nr_closing;
	wait_queue_head_t opened;
};

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
void fv_fence_unlock(struct fv_device *dev);
int fv_fence_raise(struct fv_device *dev);
void fv_fence_raise_held(struct fv_device *dev);
void fv_fence_revoke(struct fv_device *dev);
void fv_fence_lower(struct fv_device *dev);
void fv_fence_lower_held(struct fv_device *dev);
void fv_fence_again(struct fv_device *dev);
void fv_fence_zap(struct fv_device *dev);
vm_fault_t fv_fence_fault(struct fv_device *dev, struct vm_fault *vmf);
vm_fault_t fv_fence_huge_fault(struct fv_device *dev, struct vm_fault *vmf, unsigned int order);
ssize_t fv_fence_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos);
ssize_t fv_fence_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos);

#endif /* FV_FENCE_H */
