// SPDX-License-Identifier: GPL-2.0
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/xarray.h>

#include "base/compat.h"
#include "base/registry.h"
#include "object/device.h"
#include "object/history.h"
#include "object/observer.h"

/**
 * struct fv_history - the last events of a card
 * @port: PCI address of the port above the card, or of the function if there is none
 * @task: the card's worker; its events are those of @pid; fv_history_lock
 * @pid: process that requested its operation, 0 if none did; fv_history_lock
 * @comm: name of that process; fv_history_lock
 * @last: number of the newest event, 0 if there is none; fv_history_lock
 * @events: event n is at n modulo FV_HISTORY_EVENTS; fv_history_lock
 */
struct fv_history {
	char port[FPGA_VFIO_NAME_MAX + 1];
	struct task_struct *task;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u64 last;
	struct fv_event events[FV_HISTORY_EVENTS];
};

/*
 * Held while an event is numbered, stored and passed on, so that all observers see events in order.
 * Taken after all other locks of the driver.
 */
static DEFINE_MUTEX(fv_history_lock);

/* Indexed by fv_registry_key() of the port; changed under fv_history_lock. */
static DEFINE_XARRAY(fv_histories);

/**
 * fv_history_get - Find or create the history of a function's card
 * @pdev: the function
 *
 * There is no put: fv_history_exit() frees all histories.
 *
 * Context: Process context. Takes fv_history_lock.
 * Return: The history, or ERR_PTR(-ENOMEM).
 */
struct fv_history *fv_history_get(struct pci_dev *pdev)
{
	struct pci_dev *port = pci_upstream_bridge(pdev) ?: pdev;
	unsigned long key = fv_registry_key(port);
	struct fv_history *history;
	int ret;

	guard(mutex)(&fv_history_lock);

	history = xa_load(&fv_histories, key);
	if (history)
		return history;

	history = kvzalloc_obj(*history);
	if (!history)
		return ERR_PTR(-ENOMEM);
	strscpy(history->port, pci_name(port));

	ret = xa_err(xa_store(&fv_histories, key, history, GFP_KERNEL));
	if (ret) {
		kvfree(history);
		return ERR_PTR(ret);
	}
	return history;
}

/**
 * fv_history_set_requester - Attribute the current task's events to a process
 * @history: the history of the card; the current task is its worker
 * @pid: the process; 0 for none
 * @comm: its name
 *
 * Context: Process context. Takes fv_history_lock.
 */
void fv_history_set_requester(struct fv_history *history, pid_t pid, const char *comm)
{
	guard(mutex)(&fv_history_lock);
	history->task = current;
	history->pid = pid;
	strscpy(history->comm, comm);
}

static void fv_history_keep(struct fv_device *dev, struct fv_event *event)
{
	struct fv_history *history = dev->history;

	event->time_ns = ktime_get_real_ns();
	if (!(current->flags & PF_KTHREAD)) {
		event->pid = task_tgid_nr(current);
		get_task_comm(event->comm, current->group_leader);
	}

	guard(mutex)(&fv_history_lock);
	if (history->task == current) {
		event->pid = history->pid;
		strscpy(event->comm, history->comm);
	}
	event->seq = ++history->last;
	history->events[event->seq % FV_HISTORY_EVENTS] = *event;
	fv_observer_event(dev, history->port, event);
}

/**
 * fv_history_add - Record an event of a function
 * @dev: its device
 * @what: the event; number, time, address, process and text are filled in here
 * @fmt: text of the event
 *
 * Context: Process context, under any of the driver's locks. Takes fv_history_lock.
 */
void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	struct fv_event event = *what;
	va_list args;

	va_start(args, fmt);
	vscnprintf(event.text, sizeof(event.text), fmt, args);
	va_end(args);
	strscpy(event.bdf, pci_name(dev->core.pdev));
	fv_history_keep(dev, &event);
}

/**
 * fv_history_add_card - Record an event of a whole card
 * @dev: one of its devices
 * @what: the event; number, time, process and text are filled in here
 * @fmt: text of the event
 *
 * Context: Process context, under any of the driver's locks. Takes fv_history_lock.
 */
void fv_history_add_card(struct fv_device *dev, const struct fv_event *what, const char *fmt,
			 ...)
{
	struct fv_event event = *what;
	va_list args;

	va_start(args, fmt);
	vscnprintf(event.text, sizeof(event.text), fmt, args);
	va_end(args);
	fv_history_keep(dev, &event);
}

/**
 * fv_history_next - Find the first history from a key on
 * @key: fv_registry_key() of the port to start at; set to that of the history found
 *
 * Context: Process context; a history exists until module exit.
 * Return: The history, or NULL if there is none left.
 */
struct fv_history *fv_history_next(unsigned long *key)
{
	return xa_find(&fv_histories, key, ULONG_MAX, XA_PRESENT);
}

/**
 * fv_history_port - Name the port of a history
 * @history: the history
 *
 * Context: Any.
 * Return: PCI address of the port, or of the function if there is no port.
 */
const char *fv_history_port(const struct fv_history *history)
{
	return history->port;
}

/**
 * fv_history_read - Read an event
 * @history: the history
 * @seq: number of the event, at least 1; set to that of the oldest event kept, if that is newer
 * @event: a copy of the event
 *
 * Context: Process context. Takes fv_history_lock.
 * Return: False if there is no such event yet.
 */
bool fv_history_read(struct fv_history *history, u64 *seq, struct fv_event *event)
{
	guard(mutex)(&fv_history_lock);

	if (*seq > history->last)
		return false;
	if (history->last - *seq >= FV_HISTORY_EVENTS)
		*seq = history->last - FV_HISTORY_EVENTS + 1;
	*event = history->events[*seq % FV_HISTORY_EVENTS];
	return true;
}

/**
 * fv_history_exit - Free all histories
 *
 * Context: Process context, without devices or readers.
 */
void fv_history_exit(void)
{
	struct fv_history *history;
	unsigned long key;

	xa_for_each(&fv_histories, key, history)
		kvfree(history);
	xa_destroy(&fv_histories);
}
