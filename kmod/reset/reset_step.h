/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_RESET_STEP_H
#define FV_RESET_STEP_H

#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "base/policy.h"
#include "isolate/reset_scope.h"
#include "reset/types.h"

/**
 * struct fv_reset_job - a reset in progress
 * @scope: the reset scope; the device's function first
 * @policy: policy of the device at the start, with limits that end by @end_ns
 * @request: which reset, and how
 * @is_fencing: VFIO users are fenced meanwhile; else they block on memory_lock. Also set for a
 *	function with exported dma-bufs, or with a user that leaves no gap between accesses
 * @is_set_locked: vfio_device_set::lock of the device is held
 * @is_lost: the current configuration must not be saved
 * @ops: the current method
 * @method: number of the current method
 * @step: result of the current method
 * @began_ns: start of the current method, ns, CLOCK_MONOTONIC
 * @end_ns: when fv_reset_request::limit_ms is over, ns, CLOCK_MONOTONIC; 0 without a limit
 * @has_acted: the current method has done its reset; what is left is to wait and to verify
 */
struct fv_reset_job {
	struct fv_scope scope;
	struct fv_policy policy;
	const struct fv_reset_request *request;
	bool is_fencing;
	bool is_set_locked;
	bool is_lost;
	const struct fv_reset_ops *ops;
	unsigned int method;
	struct fv_reset_step *step;
	u64 began_ns;
	u64 end_ns;
	bool has_acted;
};

/* Time left until the limit of the request, in ms, rounded up. */
static inline u32 fv_reset_left_ms(const struct fv_reset_job *job)
{
	u64 now_ns = ktime_get_ns();

	if (!job->end_ns)
		return U32_MAX;
	return now_ns < job->end_ns ? DIV_ROUND_UP_ULL(job->end_ns - now_ns, NSEC_PER_MSEC) : 0;
}

void fv_reset_step_note(struct fv_reset_job *job, struct fv_device *dev, int error,
			u64 duration_ns, const char *text);
int fv_reset_try_set(struct fv_reset_job *job);
int fv_reset_step_run(struct fv_reset_job *job);

#endif /* FV_RESET_STEP_H */
