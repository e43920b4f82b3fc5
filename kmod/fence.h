/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fence between a user and a device: behind it he sees what PCI Express says of a link
 * that is down.
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
 * @seq: changes when it is raised and when it is lowered; odd while it is up. Written under
 *	 memory_lock for writing, and under @gate when it is lowered
 * @is_open: a user has the device, and vfio_pci_core its virtual configuration; memory_lock, and
 *	     @gate to clear it
 * @had_memory: the user had memory decoding enabled when the fence was raised; memory_lock
 * @had_no_command: pci_dev::no_command_memory at that time; memory_lock
 * @ones: what is mapped in place of the BARs
 * @refill: makes that all-ones again, whatever its user wrote
 * @revoke: revokes BARs that are exported as dma-bufs
 * @revoked_seq: @seq of the last fence that revoked any; @gate
 * @in_turn: does @step under memory_lock, for which it waits in turn with the user's accesses
 * @is_finish_due: the second step of fv_fence_raise() is left to @in_turn
 * @step: what is to be done there, or NULL; set by cmpxchg(), taken by xchg()
 * @turn: one ioctl that touches the device at a time, so that what raises the fence has one to
 *	  wait for; before @gate
 * @gate: held for reading by that ioctl, for writing by what raises the fence; before memory_lock
 * @raise: one task raises the fence at a time, and returns when it stands; before @gate
 * @nr_closing: how many tasks want @gate for writing: no ioctl begins meanwhile
 * @opened: woken when the fence is lowered, and when @nr_closing comes down
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
	struct mutex turn;	/* of ioctls */
	struct rw_semaphore gate;
	struct mutex raise;	/* until the fence stands */
	atomic_t nr_closing;
	wait_queue_head_t opened;
};

/**
 * fv_fence_is_up - Is a user fenced off now?
 * @fence: of the device
 *
 * Without a lock: see fv_fence_drain().
 *
 * Context: Any.
 * Return: True if he is.
 */
static inline bool fv_fence_is_up(const struct fv_fence *fence)
{
	barrier();
	/* Looked at once, in the order of the program, without an instruction of its own. */
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
