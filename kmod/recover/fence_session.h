/* SPDX-License-Identifier: GPL-2.0 */
/* Fence sessions: owner, time limit, and recovery at the end. */
#ifndef FV_FENCE_SESSION_H
#define FV_FENCE_SESSION_H

#include <linux/sched.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

struct fv_card;
struct fv_device;
struct fv_session;
struct fv_recover_times;
struct fv_reset_report;

/* Default time limit of a fence session. */
#define FV_SESSION_LIMIT_MS	600000

/**
 * struct fv_session_request - request to begin or end a fence session
 * @portid: netlink port id of the requester's socket
 * @pid: process of the requester
 * @comm: name of that process
 * @limit_ms: time limit of the session
 * @is_detached: the session outlives the socket
 * @is_forced: also end a session of another owner
 * @is_unused_only: begin only if no function of the card has a VFIO user
 */
struct fv_session_request {
	u32 portid;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	unsigned int limit_ms;
	bool is_detached;
	bool is_forced;
	bool is_unused_only;
};

void fv_session_init(struct fv_session *session);
void fv_session_exit(struct fv_session *session);
void fv_session_leave(struct fv_device *dev);
int fv_session_preview(struct fv_device *dev, struct fv_reset_report *report,
		       bool *is_link_disabled, char *text, size_t size);
int fv_session_begin(struct fv_device *dev, const struct fv_session_request *request,
		     struct fv_reset_report *report, bool *is_link_disabled, char *text,
		     size_t size);
int fv_session_end(struct fv_device *dev, const struct fv_session_request *request,
		   struct fv_reset_report *report, struct fv_recover_times *times, char *text,
		   size_t size);
unsigned int fv_session_left_ms(const struct fv_session *session);
void fv_session_give_up(struct fv_card *card);
void fv_session_owner_gone(u32 portid);

#endif /* FV_FENCE_SESSION_H */
