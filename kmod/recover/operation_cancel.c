// SPDX-License-Identifier: GPL-2.0
/* Operations that end early: cancelled, their device unbound, or their requester gone. */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/xarray.h>

#include "base/compat.h"
#include "object/device.h"
#include "recover/operation_internal.h"

/* Under fv_op_lock; fv_op_tell_ended() must follow, without it. */
static void fv_op_drop(struct fv_op *op, int error, const char *text)
{
	lockdep_assert_held(&fv_op_lock);
	list_del(&op->node);
	WRITE_ONCE(op->queue->nr_waiting, op->queue->nr_waiting - 1);
	strscpy(op->text, text);
	fv_op_keep(op, error);
}

static void fv_op_interrupt(struct fv_op *op)
{
	lockdep_assert_held(&fv_op_lock);
	op->is_cancelled = true;
	send_sig(SIGKILL, op->queue->task, 1);
}

/**
 * fv_op_cancel - Have an operation end early
 * @op: the operation, submitted
 * @text: error text
 * @size: size of @text
 *
 * One that waits for its turn never begins. One that runs ends at its next wait, with -ECANCELED,
 * unless it is past its last; the card is then as after an error of that step.
 *
 * Context: Process context. Takes fv_op_lock.
 * Return: 0, or -EALREADY if it has ended.
 */
int fv_op_cancel(struct fv_op *op, char *text, size_t size)
{
	scoped_guard(mutex, &fv_op_lock) {
		switch (op->state) {
		case FPGA_VFIO_OP_STATE_WAITING:
			fv_op_drop(op, -ECANCELED, "cancelled before it began");
			break;
		case FPGA_VFIO_OP_STATE_RUNNING:
			fv_op_interrupt(op);
			return 0;
		default:
			snprintf(text, size, "operation %u has ended", op->id);
			return -EALREADY;
		}
	}
	fv_op_tell_ended(op);
	return 0;
}

static struct fv_op *fv_op_drop_first_of(struct fv_device *dev)
{
	struct fv_op *op;

	guard(mutex)(&fv_op_lock);
	list_for_each_entry(op, &dev->ops->waiting, node) {
		if (op->dev != dev)
			continue;
		fv_op_drop(op, -ENODEV, "unbound before it began");
		kref_get(&op->ref);
		return op;
	}
	op = dev->ops->running;
	if (op && op->dev == dev)
		fv_op_interrupt(op);
	return NULL;
}

/**
 * fv_op_leave - Cancel the operations of a device being unbound or shut down
 * @dev: the device; fv_device::is_leaving is set
 *
 * One that runs does not hold the device lock now, but may try to. This does not wait for its end:
 * fv_device_unlist() does.
 *
 * Context: Process context. Takes fv_op_lock.
 */
void fv_op_leave(struct fv_device *dev)
{
	struct fv_op *op;

	while ((op = fv_op_drop_first_of(dev))) {
		fv_op_tell_ended(op);
		fv_op_put(op);
	}
}

static void fv_op_check_owner(struct fv_op *op, u32 portid)
{
	lockdep_assert_held(&fv_op_lock);
	if (op->work->kind == FPGA_VFIO_OP_KIND_FENCE && !op->request.is_detached &&
	    op->request.portid == portid)
		op->is_owner_gone = true;
}

/**
 * fv_op_owner_gone - Note that the owner of fence sessions that have not begun is gone
 * @portid: netlink port id of the closed socket
 *
 * Context: Process context. Takes fv_op_lock. Before fv_session_owner_gone(): a session that begins
 * between the two is found by one of them.
 */
void fv_op_owner_gone(u32 portid)
{
	struct fv_op_queue *queue;
	unsigned long key;
	struct fv_op *op;

	guard(mutex)(&fv_op_lock);
	xa_for_each(&fv_op_queues, key, queue) {
		if (queue->running)
			fv_op_check_owner(queue->running, portid);
		list_for_each_entry(op, &queue->waiting, node)
			fv_op_check_owner(op, portid);
	}
}

/**
 * fv_op_has_owner - Is the socket that requested a fence session still open?
 * @op: the operation
 *
 * Context: Process context. Takes fv_op_lock.
 * Return: True if so, or if the session is detached.
 */
bool fv_op_has_owner(struct fv_op *op)
{
	guard(mutex)(&fv_op_lock);
	return !op->is_owner_gone;
}
