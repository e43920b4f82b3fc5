// SPDX-License-Identifier: GPL-2.0
/*
 * Reset tracking: requester, method and result of resets by the PCI core.
 *
 * The PCI core calls pci_error_handlers::reset_done after each reset (by sysfs, error
 * recovery, vfio_pci_core, a hot reset of another function), but tells neither the method
 * nor the result. So callers of vfio_pci_core register the purpose of the call here. Other
 * resets count as the first method of the PCI core that does not refuse: methods in the
 * list were probed, and the core tries the next one only after -ENOTTY. An FLR also returns
 * that (pci_dev_wait()) when the function does not answer for a minute: the hot reset that
 * follows counts as FLR.
 */
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "base/compat.h"
#include "base/reset_method.h"
#include "object/device.h"
#include "object/history.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "pcie/reset_ops.h"

static_assert(PCI_NUM_RESET_METHODS == FV_RESET_METHODS_KNOWN,
	      "the PCI core has another reset method: see fv_reset_method_of()");

static LIST_HEAD(fv_reset_trackings);
static DEFINE_SPINLOCK(fv_reset_trackings_lock);	/* protects the list above; innermost */

/**
 * fv_reset_tracking_begin - Track resets by the current task
 * @tracking: on the caller's stack
 * @dev: the device that the call is for
 * @origin: requester
 * @is_hot: resets from now on are hot resets, not resets of one function
 *
 * Context: Process context; the same task calls fv_reset_tracking_end().
 */
void fv_reset_tracking_begin(struct fv_reset_tracking *tracking, struct fv_device *dev,
			     enum fpga_vfio_origin origin, bool is_hot)
{
	*tracking = (struct fv_reset_tracking) {
		.task = current,
		.dev = dev,
		.origin = origin,
		.is_hot = is_hot,
	};
	spin_lock(&fv_reset_trackings_lock);
	list_add(&tracking->node, &fv_reset_trackings);
	spin_unlock(&fv_reset_trackings_lock);
}

/**
 * fv_reset_tracking_end - Stop tracking
 * @tracking: from fv_reset_tracking_begin(); holds the result for its device
 *
 * Context: Process context.
 */
void fv_reset_tracking_end(struct fv_reset_tracking *tracking)
{
	spin_lock(&fv_reset_trackings_lock);
	list_del(&tracking->node);
	spin_unlock(&fv_reset_trackings_lock);
}

/* Usable without the lock: only the current task ends or writes its own entry. */
static struct fv_reset_tracking *fv_reset_tracking_mine(void)
{
	struct fv_reset_tracking *tracking, *mine = NULL;

	spin_lock(&fv_reset_trackings_lock);
	list_for_each_entry(tracking, &fv_reset_trackings, node) {
		if (tracking->task == current) {
			mine = tracking;
			break;
		}
	}
	spin_unlock(&fv_reset_trackings_lock);
	return mine;
}

/**
 * fv_reset_count - Count and record a reset by the PCI core
 * @dev: the device
 * @method: method of the reset
 * @origin: requester
 * @is_ok: the reset succeeded
 * @ns: duration; 0 if unknown
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
 * fv_reset_done - Count a reset, for pci_error_handlers::reset_done
 * @pdev: the function; its reset may have failed
 *
 * Context: Process context, under the device lock. The task may hold memory_lock of
 * any of the card's devices: only the history takes locks here.
 */
void fv_reset_done(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);
	struct fv_reset_tracking *tracking = fv_reset_tracking_mine();
	bool is_answering = pci_device_is_present(pdev);
	u64 ns = ktime_get_ns() - dev->reset_began_ns;
	enum fv_reset_method method;

	method = fv_reset_method_used(pdev->reset_methods, PCI_NUM_RESET_METHODS,
				      dev->reset_was_readable, FV_FLR_NEEDS_CONFIG);
	if (tracking && tracking->dev == dev) {
		tracking->is_seen = true;
		tracking->is_answering = is_answering;
		tracking->method = method;
	}

	if (tracking && tracking->is_hot)
		fv_reset_count(dev, FV_RESET_HOT, tracking->origin, is_answering, ns);
	else if (!tracking || tracking->dev != dev)
		fv_reset_count(dev, method, tracking ? tracking->origin : FPGA_VFIO_ORIGIN_KERNEL,
			       is_answering, ns);
	/* Else the tracked call counts the reset: it also knows the method's own result. */
}
