/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations: requests for a card, run one at a time by the card's worker, and their results.
 */
#ifndef FV_OPERATION_H
#define FV_OPERATION_H

#include <linux/cleanup.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "object/history.h"
#include "pcie/link.h"
#include "recover/fence_session.h"
#include "recover/recover.h"
#include "reset/reset.h"

struct fv_device;
struct fv_op;
struct fv_op_queue;
struct pci_dev;

/* Ended operations kept for each card. */
#define FV_OPS_KEPT	32

/* Operations that may wait for their turn on each card. */
#define FV_OPS_WAITING	32

/**
 * struct fv_op_work - what an operation does
 * @kind: for display
 * @origin: requester
 * @run: does it, and fills in the results; returns 0 or a negative errno. On the card's worker, in
 *	 process context; a cancelled operation has a fatal signal pending, which ends its waits
 */
struct fv_op_work {
	enum fpga_vfio_op_kind kind;
	enum fpga_vfio_origin origin;
	int (*run)(struct fv_op *op);
};

/**
 * struct fv_op - an operation
 * @work: what it does
 * @methods: reset: allowed methods, as for fv_reset_run()
 * @is_unused_only: reset: fail if an affected function is open
 * @goal: retrain: speed and width to reach
 * @request: fence and recover: the request; its portid is that of the requester's socket
 *
 * @dev: the device, referenced from fv_op_submit() to the end; valid for @work.run
 * @id: number, from 1
 * @bdf: PCI address of the device
 * @pid: process of the requester, 0 if it is a kernel thread
 * @comm: name of that process
 * @state: waiting, running or ended; fv_op_lock
 * @is_cancelled: cancelled by fv_op_cancel(); fv_op_lock
 * @is_owner_gone: the requester's socket was closed before the fence session began; fv_op_lock
 * @method: method under way, or FV_METHOD_NONE; fv_op_lock
 * @has_phase: @method and @phase are set; fv_op_lock
 * @phase: last phase of its reset that ended; fv_op_lock
 * @began_ns: when it began to run, ns, CLOCK_MONOTONIC; 0 before; fv_op_lock
 * @ended_ns: when it ended; fv_op_lock
 *
 * @error: 0 or a negative errno; this and all below are written by @work.run and stable once the
 *	   operation has ended
 * @text: error text; names no process
 * @holders: @text with processes, only for callers with CAP_SYS_ADMIN; empty if it is the same
 * @refusal: why it was refused, for programs
 * @report: reset, recover: methods tried; fence: functions
 * @times: recover: times
 * @before: retrain: the link before
 * @after: retrain, recover: the link afterwards
 * @has_after: @after was read
 * @attempts: retrain: number of attempts
 * @is_link_disabled: fence: the port keeps the link disabled
 * @has_card_state: recover: @card_state and @reason are set
 * @card_state: recover: state afterwards
 * @reason: recover: its reason
 *
 * @node: in the queue's list; fv_op_lock
 * @queue: the card's
 * @ref: references
 */
struct fv_op {
	const struct fv_op_work *work;
	unsigned long methods;
	bool is_unused_only;
	struct fv_link_goal goal;
	struct fv_session_request request;

	struct fv_device *dev;
	u32 id;
	char bdf[FPGA_VFIO_NAME_MAX + 1];
	pid_t pid;
	char comm[TASK_COMM_LEN];
	enum fpga_vfio_op_state state;
	bool is_cancelled;
	bool is_owner_gone;
	int method;
	bool has_phase;
	unsigned int phase;
	u64 began_ns;
	u64 ended_ns;

	int error;
	char text[FV_REASON_SIZE];
	char holders[FV_REASON_SIZE];
	struct fv_refusal refusal;
	struct fv_reset_report report;
	struct fv_recover_times times;
	struct fv_link before;
	struct fv_link after;
	bool has_after;
	unsigned int attempts;
	bool is_link_disabled;
	bool has_card_state;
	enum fpga_vfio_card_state card_state;
	char reason[FV_REASON_SIZE];

	struct list_head node;
	struct fv_op_queue *queue;
	struct kref ref;
};

/**
 * struct fv_op_status - a copy of what changes while an operation runs
 * @state: waiting, running or ended
 * @is_cancelled: it is to end early
 * @method: method under way, or FV_METHOD_NONE
 * @has_phase: @method and @phase are set
 * @phase: last phase of its reset that ended
 * @elapsed_ns: time since it began, until it ended
 */
struct fv_op_status {
	enum fpga_vfio_op_state state;
	bool is_cancelled;
	int method;
	bool has_phase;
	unsigned int phase;
	u64 elapsed_ns;
};

/**
 * struct fv_op_observer - callbacks for operations
 * @begun: an operation begins to run
 * @progressed: a phase of its reset ended
 * @ended: it ended
 *
 * Called on the card's worker, or, for an operation that never began, by the task that cancels
 * it; under any of the driver's locks.
 */
struct fv_op_observer {
	void (*begun)(struct fv_op *op);
	void (*progressed)(struct fv_op *op);
	void (*ended)(struct fv_op *op);
};

void fv_op_init(const struct fv_op_observer *observer);
void fv_op_stop(void);
void fv_op_exit(void);
struct fv_op_queue *fv_op_queue_get(struct pci_dev *pdev);
const char *fv_op_port(const struct fv_op *op);
struct fv_op *fv_op_alloc(struct fv_device *dev, const struct fv_op_work *work);
int fv_op_submit(struct fv_op *op);
void fv_op_put(struct fv_op *op);
struct fv_op *fv_op_find(u32 id);
struct fv_op *fv_op_find_next(u32 id);
void fv_op_status(struct fv_op *op, struct fv_op_status *status);
int fv_op_cancel(struct fv_op *op, char *text, size_t size);
void fv_op_leave(struct fv_device *dev);
void fv_op_owner_gone(u32 portid);
bool fv_op_has_owner(struct fv_op *op);

DEFINE_FREE(fv_op_put, struct fv_op *, if (_T) fv_op_put(_T))

#endif /* FV_OPERATION_H */
