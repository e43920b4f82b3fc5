// SPDX-License-Identifier: GPL-2.0
/* Operations by number, and how far they are. */
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "base/compat.h"
#include "recover/operation_internal.h"

/* @op, if its number is at least @id and smaller than that of @next. */
static struct fv_op *fv_op_nearer(struct fv_op *op, struct fv_op *next, u32 id)
{
	return op && op->id >= id && (!next || op->id < next->id) ? op : next;
}

/* Operations do not end in the order of their numbers: one may be cancelled before it begins. */
static struct fv_op *fv_op_nearest_in(struct fv_op_queue *queue, struct fv_op *next, u32 id)
{
	struct fv_op *op;

	lockdep_assert_held(&fv_op_lock);
	next = fv_op_nearer(queue->running, next, id);
	list_for_each_entry(op, &queue->ended, node)
		next = fv_op_nearer(op, next, id);
	list_for_each_entry(op, &queue->waiting, node)
		next = fv_op_nearer(op, next, id);
	return next;
}

/**
 * fv_op_find_next - Find the operation with the smallest number from one on
 * @id: the number
 *
 * Context: Process context. Takes fv_op_lock.
 * Return: The operation, to release by fv_op_put(), or NULL if there is none.
 */
struct fv_op *fv_op_find_next(u32 id)
{
	struct fv_op_queue *queue;
	struct fv_op *next = NULL;
	unsigned long key;

	guard(mutex)(&fv_op_lock);
	xa_for_each(&fv_op_queues, key, queue)
		next = fv_op_nearest_in(queue, next, id);
	if (next)
		kref_get(&next->ref);
	return next;
}

/**
 * fv_op_find - Find an operation by its number
 * @id: the number
 *
 * Context: Process context. Takes fv_op_lock.
 * Return: The operation, to release by fv_op_put(), or NULL if there is none, or none any more.
 */
struct fv_op *fv_op_find(u32 id)
{
	struct fv_op *op = fv_op_find_next(id);

	if (!op || op->id == id)
		return op;
	fv_op_put(op);
	return NULL;
}

/**
 * fv_op_status - Read how far an operation is
 * @op: the operation, submitted
 * @status: a copy
 *
 * Context: Process context. Takes fv_op_lock.
 */
void fv_op_status(struct fv_op *op, struct fv_op_status *status)
{
	guard(mutex)(&fv_op_lock);
	*status = (struct fv_op_status) {
		.state = op->state,
		.is_cancelled = op->is_cancelled,
		.method = op->method,
		.has_phase = op->has_phase,
		.phase = op->phase,
	};
	if (op->began_ns)
		status->elapsed_ns = (op->ended_ns ?: ktime_get_ns()) - op->began_ns;
}
