/* SPDX-License-Identifier: GPL-2.0 */
/* Fence sessions: owner, time limit, and recovery at the end. */
#ifndef FV_LEASE_H
#define FV_LEASE_H

#include <linux/types.h>
#include <linux/fpga_vfio.h>

struct fv_card;
struct fv_device;
struct fv_lease;
struct fv_recover_times;
struct fv_reset_report;

/* Default time limit of a fence session. */
#define FV_LEASE_LIMIT_MS	600000

/**
 * struct fv_lease_ask - request to begin or end a fence session
 * @portid: netlink port id of the requester's socket
 * @limit_ms: time limit of the session
 * @is_detached: the session outlives the socket
 * @is_forced: also end a session of another owner
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
