/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fence that somebody asked for: whose it is, for how long, and the way back.
 */
#ifndef FV_LEASE_H
#define FV_LEASE_H

#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/fpga_vfio.h>

struct fv_card;
struct fv_device;
struct fv_recover_times;
struct fv_reset_report;

/* The longest time that a fence lasts when nobody says how long. */
#define FV_LEASE_LIMIT_MS	600000

/**
 * struct fv_lease - the fence of a card that somebody asked for
 * @lock: one is begun or ended at a time; taken before all device locks
 * @is_on: there is one; fv_registry_lock, and under @lock
 * @is_over: its owner is gone, or its time; fv_registry_lock
 * @is_detached: it does not end with its owner's socket; fv_registry_lock
 * @is_link_disabled: the link is kept down meanwhile; fv_registry_lock
 * @portid: its owner's netlink socket; fv_registry_lock
 * @pid: its owner; fv_registry_lock
 * @comm: its owner's name; fv_registry_lock
 * @end_ns: until when, CLOCK_MONOTONIC; fv_registry_lock
 * @end: brings the card back when it is over
 */
struct fv_lease {
	struct mutex lock;	/* one is begun or ended at a time */
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
 * struct fv_lease_ask - what somebody asks for
 * @portid: his netlink socket
 * @limit_ms: for how long
 * @is_detached: also when the socket is closed
 * @is_forced: also when it is another's
 */
struct fv_lease_ask {
	u32 portid;
	unsigned int limit_ms;
	bool is_detached;
	bool is_forced;
};

void fv_lease_init(struct fv_lease *lease);
void fv_lease_exit(struct fv_lease *lease);
void fv_lease_leave(struct fv_device *dev);
int fv_lease_begin(struct fv_device *dev, const struct fv_lease_ask *ask, bool is_plan,
		   struct fv_reset_report *report, bool *is_link_disabled, char *text,
		   size_t size);
int fv_lease_end(struct fv_device *dev, const struct fv_lease_ask *ask,
		 struct fv_reset_report *report, struct fv_recover_times *times, char *text,
		 size_t size);
unsigned int fv_lease_left_ms(const struct fv_lease *lease);
void fv_lease_owner_gone(u32 portid);

#endif /* FV_LEASE_H */
