/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_RESET_STEP_H
#define FV_RESET_STEP_H

#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "base/policy.h"
#include "isolate/reset_scope.h"
#include "reset/reset.h"

/**
 * struct fv_reset_job - a reset in progress
 * @scope: the reset scope; the device's function first
 * @policy: policy of the device at the start
 * @request: which reset, and how
 * @is_fencing: VFIO users are fenced meanwhile; else they block on memory_lock. Also set for a
 *	function with exported dma-bufs, or with a user that leaves no gap between accesses
 * @is_lost: the current configuration must not be saved
 * @ops: the current method
 * @method: number of the current method
 * @step: result of the current method
 * @began_ns: start of the current method, ns, CLOCK_MONOTONIC
 */
struct fv_reset_job {
	struct fv_scope scope;
	struct fv_policy policy;
	const struct fv_reset_request *request;
	bool is_fencing;
	bool is_lost;
	const struct fv_reset_ops *ops;
	unsigned int method;
	struct fv_reset_step *step;
	u64 began_ns;
};

void fv_reset_step_note(struct fv_reset_job *job, struct fv_device *dev, int error,
			u64 duration_ns, const char *text);
int fv_reset_step_run(struct fv_reset_job *job);

#endif /* FV_RESET_STEP_H */
