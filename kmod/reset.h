/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_RESET_H
#define FV_RESET_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "device.h"
#include "reset_ops.h"
#include "span.h"

/* Those that hit the function alone. */
#define FV_RESET_FUNCTION_ONLY	(BIT(FPGA_VFIO_RESET_METHOD_FLR) | BIT(FPGA_VFIO_RESET_METHOD_PM))

/**
 * struct fv_reset_step - one method, tried or planned
 * @method: enum fpga_vfio_reset_method, FV_RESET_ARRIVAL or FV_RESET_CARD_ARRIVAL
 * @error: 0 or negative errno
 * @text: the error in words; empty when there is none. For all to read: it names no process
 * @holders: the same with the processes that hold functions, see fv_span::holders; else empty
 * @is_tried: the functions were touched
 * @duration_ns: until the functions were verified; of one that was tried
 * @expected_ms: the least time that it takes by PCI Express
 * @limit_ms: what it is given at most
 * @nr_functions: how many of fv_reset_report::functions it hits; in a plan
 */
struct fv_reset_step {
	unsigned int method;
	int error;
	char text[FV_REASON_SIZE];
	char holders[FV_REASON_SIZE];
	bool is_tried;
	u64 duration_ns;
	unsigned int expected_ms;
	unsigned int limit_ms;
	unsigned int nr_functions;
};

/**
 * struct fv_reset_function - a function that a reset would hit
 * @bdf: its PCI address
 * @driver: name of its driver; empty if it has none
 * @is_held: a user has it open
 */
struct fv_reset_function {
	char bdf[FPGA_VFIO_NAME_MAX + 1];
	char driver[32];
	bool is_held;
};

/**
 * struct fv_reset_report - what a reset did, or would do
 * @began_ns: when the first step was begun, if that was before the reset; else 0
 * @nr: steps in @steps
 * @steps: in the order in which they were tried
 * @nr_functions: functions in @functions; in a plan
 * @functions: what is below the port, the device itself first; in a plan
 */
struct fv_reset_report {
	u64 began_ns;
	unsigned int nr;
	struct fv_reset_step steps[FV_RESET_METHODS + 1];
	unsigned int nr_functions;
	struct fv_reset_function functions[FV_SPAN_MAX];
};

void fv_reset_report_functions(struct fv_reset_report *report, const struct fv_span *span);
int fv_reset_plan(struct fv_device *dev, unsigned long methods, struct fv_reset_report *report);
int fv_reset_run(struct fv_device *dev, unsigned long methods, enum fpga_vfio_origin origin,
		 struct fv_reset_report *report);

#endif /* FV_RESET_H */
