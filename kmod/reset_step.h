/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_RESET_STEP_H
#define FV_RESET_STEP_H

#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "policy.h"
#include "reset.h"
#include "span.h"

/**
 * struct fv_reset_job - a reset that is under way
 * @span: the functions that are held; the device's first
 * @policy: what was wanted of the device when it began
 * @origin: who asked
 * @is_fencing: users see the fence meanwhile; else they wait at memory_lock. Set also when a
 *	function is met of which dma-bufs are exported, or that is accessed without a gap
 * @is_lost: what the functions have now is nothing that they should have later
 * @ops: the method that is tried
 * @method: its number
 * @step: what comes of it
 * @began_ns: when it was begun
 */
struct fv_reset_job {
	struct fv_span span;
	struct fv_policy policy;
	enum fpga_vfio_origin origin;
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
