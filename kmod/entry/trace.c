// SPDX-License-Identifier: GPL-2.0
/* The tracepoints, an observer. */
#include <linux/pci.h>

#include "entry/trace.h"
#include "object/device.h"
#include "object/observer.h"

#define CREATE_TRACE_POINTS
#include "entry/trace_points.h"

static void fv_trace_event(struct fv_device *dev, const char *port, const struct fv_event *event)
{
	trace_fv_event(port, event);
}

static void fv_trace_phase(struct fv_device *dev, unsigned int method, enum fv_phase phase,
			   int error)
{
	trace_fv_reset_step(pci_name(dev->core.pdev), method, phase, error);
}

static const struct fv_observer fv_trace_observer = {
	.event = fv_trace_event,
	.phase = fv_trace_phase,
};

/**
 * fv_trace_init - Register the observer
 *
 * Context: Process context, before the PCI driver is registered.
 */
void __init fv_trace_init(void)
{
	fv_observer_add(&fv_trace_observer);
}

/**
 * fv_trace_exit - Unregister the observer
 *
 * Context: Process context, after the PCI driver is unregistered.
 */
void fv_trace_exit(void)
{
	fv_observer_remove(&fv_trace_observer);
}
