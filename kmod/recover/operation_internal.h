/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of operations. */
#ifndef FV_OPERATION_INTERNAL_H
#define FV_OPERATION_INTERNAL_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "recover/operation.h"

struct task_struct;

/**
 * struct fv_op_queue - the operations of a card
 * @port: PCI address of the port above the card, or of the function if there is none
 * @task: the worker; NULL before the first operation
 * @wake: woken when @waiting gets an operation
 * @waiting: operations that wait for their turn, the next one first
 * @nr_waiting: length of @waiting
 * @running: the operation under way, or NULL
 * @ended: operations that have ended, the oldest first
 * @nr_ended: length of @ended
 *
 * All but @port and @wake under fv_op_lock; @task is set under fv_op_worker_lock, too.
 */
struct fv_op_queue {
	char port[FPGA_VFIO_NAME_MAX + 1];
	struct task_struct *task;
	wait_queue_head_t wake;
	struct list_head waiting;
	unsigned int nr_waiting;
	struct fv_op *running;
	struct list_head ended;
	unsigned int nr_ended;
};

extern struct mutex fv_op_lock;
extern struct xarray fv_op_queues;

void fv_op_keep(struct fv_op *op, int error);
void fv_op_tell_ended(struct fv_op *op);

#endif /* FV_OPERATION_INTERNAL_H */
