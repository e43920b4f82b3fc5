/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State that upper layers keep in struct fv_device and struct fv_card, which embed it: written by
 * the file of that name, read by others under the lock that is given.
 */
#ifndef FV_TYPES_H
#define FV_TYPES_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "pcie/link.h"

struct fv_device;
struct fv_fence_step;

/* Base pages: at most 16 for each BAR. */
#define FV_ONES_PAGES	(16 * PCI_STD_NUM_BARS)

/**
 * struct fv_ones - the pages of one device
 * @pages: base pages; the first is always allocated, the others on first use
 * @huge: a PMD-sized block for each BAR; freed when the fence is lowered
 * @is_huge_used: a block was mapped since the last fill; memory_lock
 * @huge_filled: time of the last fill of @huge, jiffies; memory_lock for writing
 */
struct fv_ones {
	struct page *pages[FV_ONES_PAGES];
	struct page *huge[PCI_STD_NUM_BARS];
	bool is_huge_used;
	unsigned long huge_filled;
};

/* In fv_fence::seq: reads and writes through the descriptor wait for the end of a reset. */
#define FV_FENCE_HELD	BIT(31)

/**
 * struct fv_fence - the fence of one device
 * @seq: odd while the fence is up, incremented when it is raised and lowered. Written under
 *	memory_lock for writing, and to lower it under @gate as well. FV_FENCE_HELD is set while a
 *	reset holds memory_lock instead
 * @is_open: a user has the device open, so that vfio_pci_core_device::vconfig exists; memory_lock,
 *	and @gate to clear it
 * @had_memory: the user had memory decoding enabled when the fence was raised; memory_lock
 * @had_no_command: pci_dev::no_command_memory at that time; memory_lock
 * @ones: pages mapped in place of the BARs
 * @refill: fills them with ones again after user writes
 * @revoke: revokes BARs that are exported as dma-bufs
 * @revoked_seq: @seq of the last fence that revoked any; @gate
 * @in_turn: runs @step under memory_lock, for which it queues behind the user's accesses
 * @finish: the second step of fv_fence_raise(), if @in_turn has to run it; written under
 *	memory_lock, or by a task that queues @in_turn next
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
	int (*finish)(struct fv_device *dev);
	struct fv_fence_step *step;
	struct mutex turn;	/* serializes ioctls */
	struct rw_semaphore gate;
	struct mutex raise;	/* until the fence is complete */
	atomic_t nr_closing;
	wait_queue_head_t opened;
};

/**
 * struct fv_intx - INTx of one device
 * @is_held: unmasks do not reach the device; irqlock of vfio_pci_core
 * @is_masked: vfio_pci_core masked INTx for this driver; written while no ioctl can set up
 *	interrupts
 * @is_masked_by_user: the VFIO user masked INTx by ioctl and has not unmasked it by ioctl since
 * @unmask: unmasks INTx after a release
 */
struct fv_intx {
	bool is_held;
	bool is_masked;
	bool is_masked_by_user;
	struct work_struct unmask;
};

/**
 * struct fv_flr - a Function Level Reset requested in configuration space
 * @at: file offset of the byte with Initiate Function Level Reset; U64_MAX if there is none
 * @af_at: file offset of that byte of the Advanced Features capability; U64_MAX if there is none
 * @work: runs the reset
 * @requested: number of resets requested
 * @done: number of those that are done or cancelled
 * @wait: woken when @done changes
 */
struct fv_flr {
	u64 at;
	u64 af_at;
	struct work_struct work;
	atomic_t requested;
	int done;
	wait_queue_head_t wait;
};

/**
 * fv_flr_is_due - Is a requested reset still pending?
 * @flr: the device's
 *
 * Context: Any.
 * Return: True if one is.
 */
static inline bool fv_flr_is_due(const struct fv_flr *flr)
{
	return atomic_read(&flr->requested) != READ_ONCE(flr->done);
}

/**
 * struct fv_session - fence session of a card
 * @lock: serializes begin and end of a session; device locks are only tried under it
 * @is_on: a session is active; written under @lock and fv_registry_lock
 * @is_over: the owner is gone; fv_registry_lock
 * @is_detached: the session outlives the owner's socket; fv_registry_lock
 * @is_link_disabled: the port keeps the link disabled; fv_registry_lock
 * @portid: netlink port id of the owner's socket; fv_registry_lock
 * @pid: thread group id of the owner; fv_registry_lock
 * @comm: command name of the owner; fv_registry_lock
 * @end_ns: end of the session, ns, CLOCK_MONOTONIC; fv_registry_lock
 * @end: recovers the card when the owner is gone or @end_ns has passed
 */
struct fv_session {
	struct mutex lock;	/* serializes begin and end */
	bool is_on;
	bool is_over;
	bool is_detached;
	bool is_link_disabled;
	u32 portid;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u64 end_ns;
	struct delayed_work end;
};

/**
 * enum fv_monitor_due - what a link monitor has to do although it may be off
 * @FV_MONITOR_NOT_DUE: nothing
 * @FV_MONITOR_POLL_DUE: one poll
 * @FV_MONITOR_LOSS_DUE: the same; devices in use are lost
 */
enum fv_monitor_due {
	FV_MONITOR_NOT_DUE,
	FV_MONITOR_POLL_DUE,
	FV_MONITOR_LOSS_DUE,
};

/**
 * struct fv_monitor - link monitor of a card
 * @work: polls the link and requeues itself; only it uses members without a lock
 * @is_isolation_due: isolate the port again, if it is isolated; atomic
 * @due: what there is to do although the monitor is off, as the system has slept; atomic
 * @is_down: the link is down unexpectedly
 * @is_port_lost: the port did not answer at the last poll
 * @is_degraded: the link is slower or narrower than its goal, in two polls in a row
 * @is_suspect: the last poll found the link slower or narrower
 * @read_ns: time of the last poll while degraded, ns, CLOCK_MONOTONIC; 0 if the monitor was off
 * @retrain_ns: earliest time of the next retrain, ns, CLOCK_MONOTONIC
 * @pause_ns: delay after the next retrain that fails, ns
 * @has_link: the last poll could read @link; fv_registry_lock
 * @link: link at the last poll, for callers without CAP_SYS_ADMIN; fv_registry_lock
 */
struct fv_monitor {
	struct delayed_work work;
	bool is_isolation_due;
	enum fv_monitor_due due;
	bool is_down;
	bool is_port_lost;
	bool is_degraded;
	bool is_suspect;
	u64 read_ns;
	u64 retrain_ns;
	u64 pause_ns;
	bool has_link;
	struct fv_link link;
};

#endif /* FV_TYPES_H */
