// SPDX-License-Identifier: GPL-2.0
/*
 * Who reset a device, how, and did it help?
 *
 * The PCI core tells a driver after each reset (pci_error_handlers::reset_done),
 * whoever asked for it: sysfs, error recovery, vfio_pci_core, another function's
 * hot reset. It does not tell by which method, nor whether it succeeded. So the
 * functions here that call into vfio_pci_core say beforehand what the call is for
 * (a watch), and everything else counts as the first method that the PCI core has
 * for the device and does not refuse: those that are in the list were probed, and the
 * core tries the next one only when a method says that it is not there after all. FLR
 * also says so (pci_dev_wait()) after it has waited a minute for the function: the hot
 * reset that follows counts as FLR.
 */
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "device.h"
#include "history.h"
#include "reset_method.h"
#include "reset_ops.h"
#include "reset_watch.h"
#include "stats.h"

static_assert(PCI_NUM_RESET_METHODS == FV_RESET_METHODS_KNOWN,
	      "the PCI core has another reset method: see fv_reset_method_of()");

static LIST_HEAD(fv_reset_watches);
static DEFINE_SPINLOCK(fv_reset_watches_lock);	/* of the list above; innermost */

/**
 * fv_reset_watch_begin - Announce that this task may reset a device
 * @watch: on the caller's stack
 * @dev: the device that it is about
 * @origin: who asked for what it does
 * @is_hot: resets that happen now are hot resets, not resets of a function
 *
 * Context: Process context; the same task calls fv_reset_watch_end().
 */
void fv_reset_watch_begin(struct fv_reset_watch *watch, struct fv_device *dev,
			  enum fpga_vfio_origin origin, bool is_hot)
{
	*watch = (struct fv_reset_watch) {
		.task = current,
		.dev = dev,
		.origin = origin,
		.is_hot = is_hot,
	};
	spin_lock(&fv_reset_watches_lock);
	list_add(&watch->node, &fv_reset_watches);
	spin_unlock(&fv_reset_watches_lock);
}

/**
 * fv_reset_watch_end - End what fv_reset_watch_begin() began
 * @watch: the watch; says what happened to its device
 *
 * Context: Process context.
 */
void fv_reset_watch_end(struct fv_reset_watch *watch)
{
	spin_lock(&fv_reset_watches_lock);
	list_del(&watch->node);
	spin_unlock(&fv_reset_watches_lock);
}

/* The watch of this task: nobody else ends it or writes to it. */
static struct fv_reset_watch *fv_reset_watch_mine(void)
{
	struct fv_reset_watch *watch, *mine = NULL;

	spin_lock(&fv_reset_watches_lock);
	list_for_each_entry(watch, &fv_reset_watches, node) {
		if (watch->task == current) {
			mine = watch;
			break;
		}
	}
	spin_unlock(&fv_reset_watches_lock);
	return mine;
}

/**
 * fv_reset_count - Count a reset by the PCI core, and note it in the history
 * @dev: the device
 * @method: how it was reset
 * @origin: who asked for it
 * @is_ok: it succeeded
 * @ns: how long it took, 0 if that is not known
 *
 * Context: Process context.
 */
void fv_reset_count(struct fv_device *dev, enum fv_reset_method method,
		    enum fpga_vfio_origin origin, bool is_ok, u64 ns)
{
	fv_stats_inc(dev->stats, fv_reset_method_counter(method, is_ok));
	if (is_ok && ns)
		fv_stats_reset_took(dev->stats, ns);
	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_RESET,
		.origin = origin,
		.method = fv_reset_method_uapi(method),
		.error = is_ok ? 0 : -EIO,
		.duration_ns = ns,
	}, "by the PCI core");
}

/**
 * fv_reset_done - pci_error_handlers::reset_done
 * @pdev: the function that was reset, well or not
 *
 * Context: Process context, under the device lock. The task may hold memory_lock of
 * any of the card's devices, so nothing is locked here but by the history.
 */
void fv_reset_done(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);
	struct fv_reset_watch *watch = fv_reset_watch_mine();
	bool is_answering = pci_device_is_present(pdev);
	u64 ns = ktime_get_ns() - dev->reset_began_ns;
	enum fv_reset_method method;

	method = fv_reset_method_used(pdev->reset_methods, PCI_NUM_RESET_METHODS,
				      dev->reset_was_readable, FV_FLR_NEEDS_CONFIG);
	if (watch && watch->dev == dev) {
		watch->is_seen = true;
		watch->is_answering = is_answering;
		watch->method = method;
	}

	if (watch && watch->is_hot)
		fv_reset_count(dev, FV_RESET_HOT, watch->origin, is_answering, ns);
	else if (!watch || watch->dev != dev)
		fv_reset_count(dev, method, watch ? watch->origin : FPGA_VFIO_ORIGIN_KERNEL,
			       is_answering, ns);
	/* Else the one who watches knows the method's own result, too. */
}
