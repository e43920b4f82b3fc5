// SPDX-License-Identifier: GPL-2.0
/*
 * Each card has a queue of operations and a worker, a kernel thread that runs them one at a time.
 * Requesters do not wait for hardware, and an operation outlives its requester.
 *
 * A kernel thread instead of a workqueue: the driver's waits for hardware end on a fatal signal, so
 * that is how a running operation is cancelled.
 */
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "base/compat.h"
#include "base/registry.h"
#include "object/device.h"
#include "object/observer.h"
#include "recover/operation_internal.h"

/* Innermost; nothing but memory is waited for under it. */
DEFINE_MUTEX(fv_op_lock);

/* Serializes the creation of workers; before fv_op_lock. */
static DEFINE_MUTEX(fv_op_worker_lock);

/* Indexed by fv_registry_key() of the port; changed under fv_op_lock. */
DEFINE_XARRAY(fv_op_queues);

/* Number of the last operation; fv_op_lock. */
static u32 fv_op_last;

static const struct fv_op_observer *fv_op_observer;

static void fv_op_release(struct kref *ref)
{
	kvfree(container_of(ref, struct fv_op, ref));
}

/**
 * fv_op_put - Drop a reference to an operation
 * @op: the operation
 *
 * Context: Process context.
 */
void fv_op_put(struct fv_op *op)
{
	kref_put(&op->ref, fv_op_release);
}

/**
 * fv_op_port - Name the card of an operation
 * @op: an operation
 *
 * Context: Any.
 * Return: PCI address of the port above the card, or of the function if there is no port.
 */
const char *fv_op_port(const struct fv_op *op)
{
	return op->queue->port;
}

/**
 * fv_op_queue_get - Find or create the queue of a function's card
 * @pdev: the function
 *
 * There is no put: fv_op_exit() frees all queues.
 *
 * Context: Process context. Takes fv_op_lock.
 * Return: The queue, or ERR_PTR(-ENOMEM).
 */
struct fv_op_queue *fv_op_queue_get(struct pci_dev *pdev)
{
	struct pci_dev *port = pci_upstream_bridge(pdev) ?: pdev;
	unsigned long key = fv_registry_key(port);
	struct fv_op_queue *queue;
	int ret;

	guard(mutex)(&fv_op_lock);
	queue = xa_load(&fv_op_queues, key);
	if (queue)
		return queue;

	queue = kzalloc_obj(*queue);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	strscpy(queue->port, pci_name(port));
	init_waitqueue_head(&queue->wake);
	INIT_LIST_HEAD(&queue->waiting);
	INIT_LIST_HEAD(&queue->ended);

	ret = xa_err(xa_store(&fv_op_queues, key, queue, GFP_KERNEL));
	if (ret) {
		kfree(queue);
		return ERR_PTR(ret);
	}
	return queue;
}

/**
 * fv_op_keep - Keep an operation that has ended
 * @op: the operation, in no list of its queue
 * @error: 0 or a negative errno
 *
 * Drops the oldest one if it is one too many.
 *
 * Context: Under fv_op_lock; fv_op_tell_ended() must follow, without it.
 */
void fv_op_keep(struct fv_op *op, int error)
{
	struct fv_op_queue *queue = op->queue;
	struct fv_op *oldest;

	lockdep_assert_held(&fv_op_lock);
	op->error = error;
	op->state = FPGA_VFIO_OP_STATE_ENDED;
	op->ended_ns = ktime_get_ns();
	list_add_tail(&op->node, &queue->ended);
	if (queue->nr_ended < FV_OPS_KEPT) {
		queue->nr_ended++;
		return;
	}
	oldest = list_first_entry(&queue->ended, struct fv_op, node);
	list_del(&oldest->node);
	fv_op_put(oldest);
}

/**
 * fv_op_tell_ended - Tell that an operation has ended
 * @op: the operation, after fv_op_keep(); its device is not held any more, its result stays
 *
 * Context: Process context.
 */
void fv_op_tell_ended(struct fv_op *op)
{
	fv_device_put(op->dev);
	if (fv_op_observer && fv_op_observer->ended)
		fv_op_observer->ended(op);
}

static struct fv_op *fv_op_take(struct fv_op_queue *queue)
{
	struct fv_op *op;

	guard(mutex)(&fv_op_lock);
	op = list_first_entry_or_null(&queue->waiting, struct fv_op, node);
	if (!op)
		return NULL;
	list_del(&op->node);
	queue->nr_waiting--;
	queue->running = op;
	op->state = FPGA_VFIO_OP_STATE_RUNNING;
	op->began_ns = ktime_get_ns();
	kref_get(&op->ref);
	return op;
}

static void fv_op_run(struct fv_op_queue *queue, struct fv_op *op)
{
	struct fv_history *history = op->dev->history;
	int ret;

	fv_history_set_requester(history, op->pid, op->comm);
	if (fv_op_observer && fv_op_observer->begun)
		fv_op_observer->begun(op);
	ret = op->work->run(op);
	fv_history_set_requester(history, 0, "");

	scoped_guard(mutex, &fv_op_lock) {
		/* Nothing but a cancellation, or the unbind behind one, interrupts the worker. */
		if (ret == -EINTR) {
			ret = -ECANCELED;
			strscpy(op->text, "cancelled");
			*op->holders = '\0';
			op->refusal = (struct fv_refusal) {};
		}
		queue->running = NULL;
		fv_op_keep(op, ret);
		/* No cancellation comes after that. */
		flush_signals(current);
	}
	fv_op_tell_ended(op);
	fv_op_put(op);
}

static int fv_op_worker(void *arg)
{
	struct fv_op_queue *queue = arg;
	struct fv_op *op;

	allow_kernel_signal(SIGKILL);
	/* No operation begins while the system suspends; one that runs keeps it from suspending. */
	set_freezable();
	while (!kthread_should_stop()) {
		wait_event_freezable(queue->wake, kthread_should_stop() ||
				     READ_ONCE(queue->nr_waiting));
		op = fv_op_take(queue);
		if (op)
			fv_op_run(queue, op);
	}
	return 0;
}

/**
 * fv_op_alloc - Allocate an operation
 * @dev: the device; the caller keeps it from going away
 * @work: what it does
 *
 * The current process is the requester.
 *
 * Context: Process context.
 * Return: The operation, to release by fv_op_put(), or NULL.
 */
struct fv_op *fv_op_alloc(struct fv_device *dev, const struct fv_op_work *work)
{
	struct fv_op *op = kvzalloc_obj(*op);

	if (!op)
		return NULL;
	kref_init(&op->ref);
	op->work = work;
	op->dev = dev;
	op->queue = dev->ops;
	op->method = FV_METHOD_NONE;
	strscpy(op->bdf, pci_name(dev->core.pdev));
	if (!(current->flags & PF_KTHREAD)) {
		op->pid = task_tgid_nr(current);
		get_task_comm(op->comm, current->group_leader);
	}
	return op;
}

static int fv_op_start_worker(struct fv_op_queue *queue)
{
	struct task_struct *task;

	guard(mutex)(&fv_op_worker_lock);
	if (queue->task)
		return 0;
	task = kthread_run(fv_op_worker, queue, "fpga_vfio/%s", queue->port);
	if (IS_ERR(task))
		return PTR_ERR(task);
	scoped_guard(mutex, &fv_op_lock)
		queue->task = task;
	return 0;
}

static int fv_op_enqueue(struct fv_op *op)
{
	struct fv_op_queue *queue = op->queue;

	guard(mutex)(&fv_op_lock);
	/* An unbind sets it before it cancels what is queued. */
	if (READ_ONCE(op->dev->is_leaving))
		return -ENODEV;
	if (queue->nr_waiting == FV_OPS_WAITING)
		return -ENOBUFS;
	kref_get(&op->ref);
	op->id = ++fv_op_last ?: ++fv_op_last;
	op->state = FPGA_VFIO_OP_STATE_WAITING;
	list_add_tail(&op->node, &queue->waiting);
	WRITE_ONCE(queue->nr_waiting, queue->nr_waiting + 1);
	wake_up(&queue->wake);
	return 0;
}

/**
 * fv_op_submit - Queue an operation for its card's worker
 * @op: the operation; the caller keeps its reference
 *
 * Context: Process context. Takes fv_op_worker_lock, fv_registry_lock and fv_op_lock.
 * Return: 0, -ENODEV if the device is being unbound, -ENOBUFS if FV_OPS_WAITING operations wait
 * already, or an error of kthread_run().
 */
int fv_op_submit(struct fv_op *op)
{
	int ret = fv_op_start_worker(op->queue);

	if (ret)
		return ret;
	fv_device_hold(op->dev);
	ret = fv_op_enqueue(op);
	if (ret)
		fv_device_put(op->dev);
	return ret;
}

/* The worker's own operation, if @dev is on its card. */
static void fv_op_phase(struct fv_device *dev, unsigned int method, enum fv_phase phase, int error)
{
	struct fv_op_queue *queue = dev->ops;
	struct fv_op *op;

	scoped_guard(mutex, &fv_op_lock) {
		if (queue->task != current || !queue->running)
			return;
		op = queue->running;
		op->method = method < FV_RESET_METHODS ? (int)method : FV_METHOD_NONE;
		op->phase = phase;
		op->has_phase = true;
	}
	if (fv_op_observer && fv_op_observer->progressed)
		fv_op_observer->progressed(op);
}

static const struct fv_observer fv_op_phase_observer = {
	.phase = fv_op_phase,
};

/**
 * fv_op_init - Begin to accept operations
 * @observer: its callbacks
 *
 * Context: Process context, before the PCI driver is registered.
 */
void __init fv_op_init(const struct fv_op_observer *observer)
{
	fv_op_observer = observer;
	fv_observer_add(&fv_op_phase_observer);
}

/**
 * fv_op_stop - Stop the workers
 *
 * Context: Process context, after the PCI driver is unregistered: no operation waits or runs.
 */
void fv_op_stop(void)
{
	struct fv_op_queue *queue;
	unsigned long key;

	xa_for_each(&fv_op_queues, key, queue) {
		if (queue->task)
			kthread_stop(queue->task);
		queue->task = NULL;
		WARN_ON(queue->running || queue->nr_waiting);
	}
	fv_observer_remove(&fv_op_phase_observer);
}

/**
 * fv_op_exit - Free all queues
 *
 * Context: Process context, after fv_op_stop(), without readers.
 */
void fv_op_exit(void)
{
	struct fv_op_queue *queue;
	struct fv_op *op, *next;
	unsigned long key;

	xa_for_each(&fv_op_queues, key, queue) {
		list_for_each_entry_safe(op, next, &queue->ended, node)
			fv_op_put(op);
		kfree(queue);
	}
	xa_destroy(&fv_op_queues);
}
