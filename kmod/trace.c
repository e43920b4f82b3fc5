// SPDX-License-Identifier: GPL-2.0
/* The tracepoints, an observer. */
#include <linux/pci.h>

#include "device.h"
#include "notify.h"
#include "trace.h"

#define CREATE_TRACE_POINTS
#include "trace_points.h"

static void fv_trace_event(struct fv_device *dev, const char *port, const struct fv_event *event)
{
	trace_fv_event(port, event);
}

static void fv_trace_phase(struct fv_device *dev, unsigned int method, enum fv_phase phase,
			   int error)
{
	trace_fv_reset_step(pci_name(dev->core.pdev), method, phase, error);
}

static const struct fv_shell fv_trace_shell = {
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
	fv_notify_add_shell(&fv_trace_shell);
}

/**
 * fv_trace_exit - Unregister the observer
 *
 * Context: Process context, after the PCI driver is unregistered.
 */
void fv_trace_exit(void)
{
	fv_notify_remove_shell(&fv_trace_shell);
}
