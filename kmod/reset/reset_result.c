// SPDX-License-Identifier: GPL-2.0
/* The result of a step: fence and state of the devices, counters and history. */
#include <linux/ktime.h>
#include <linux/pci.h>

#include "isolate/fence.h"
#include "object/device.h"
#include "object/history.h"
#include "object/stats.h"
#include "reset/reset_step_internal.h"

static void fv_reset_count_step(struct fv_reset_job *job, struct fv_device *dev)
{
	const struct fv_reset_step *step = job->step;

	if (fv_reset_is_skipped(job) && !step->error)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_SKIPPED);
	if (job->ops->is_verify_only)
		return;
	fv_stats_inc(dev->stats, fv_reset_method_counter(job->ops->counter, !step->error));
	if (!step->error)
		fv_stats_reset_took(dev->stats, step->duration_ns);
}

/* After an error the user stays behind the fence. */
static void fv_reset_conclude_fence(struct fv_reset_job *job, struct fv_device *dev)
{
	if (job->is_fencing && !job->step->error) {
		fv_fence_lower(dev);
	} else if (job->is_fencing) {
		down_write(&dev->core.memory_lock);
		fv_fence_raise_locked(dev);
		up_write(&dev->core.memory_lock);
	} else if (job->step->error) {
		fv_fence_raise_locked(dev);
	} else {
		fv_fence_lower_locked(dev);
	}
}

/**
 * fv_reset_step_note - Record the result of a step in the history
 * @job: the reset; without a method if it was refused before
 * @dev: the device
 * @error: 0 or negative errno
 * @duration_ns: duration of the step
 * @text: error text
 *
 * A verify-only step is not recorded as a reset, but as a verification at open or as a recovery.
 *
 * Context: Process context.
 */
void fv_reset_step_note(struct fv_reset_job *job, struct fv_device *dev, int error,
			u64 duration_ns, const char *text)
{
	bool is_verify_only = job->ops && job->ops->is_verify_only;

	fv_history_add(dev, &(struct fv_event) {
		.kind = fv_reset_is_skipped(job) ? FPGA_VFIO_EVENT_KIND_VERIFY :
			is_verify_only ? FPGA_VFIO_EVENT_KIND_RECOVER : FPGA_VFIO_EVENT_KIND_RESET,
		.origin = job->request->origin,
		.method = is_verify_only || !job->ops ? FV_METHOD_NONE : (int)job->method,
		.error = error,
		.duration_ns = duration_ns,
	}, "%s", text);
}

static void fv_reset_conclude_device(struct fv_reset_job *job, struct fv_device *dev)
{
	const struct fv_reset_step *step = job->step;
	int error = step->error;

	fv_reset_conclude_fence(job, dev);
	fv_reset_count_step(job, dev);
	fv_reset_step_note(job, dev, error, step->duration_ns, step->text);

	if (!error)
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_READY, job->request->origin,
				    "%s", "");
	else
		fv_device_set_state(dev, error == -ESTALE ? FPGA_VFIO_CARD_STATE_CHANGED :
				    FPGA_VFIO_CARD_STATE_FAILED, job->request->origin,
				    "%s", step->text);
}

/**
 * fv_reset_conclude - Record the result of a step, and set fence and state of the devices
 * @job: the reset, with the scope held
 * @error: 0 or a negative errno; @job's step gets it
 *
 * Context: Process context, may sleep.
 */
void fv_reset_conclude(struct fv_reset_job *job, int error)
{
	struct fv_reset_step *step = job->step;
	unsigned int i;

	if (error && !*step->text)
		snprintf(step->text, sizeof(step->text),
			 error == -EINTR ? "it was interrupted" : "error %d", error);
	step->error = error;
	step->duration_ns = ktime_get_ns() - job->began_ns;
	for (i = 0; i < job->scope.nr_held; i++)
		if (job->scope.devices[i])
			fv_reset_conclude_device(job, job->scope.devices[i]);
}
