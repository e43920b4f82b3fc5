/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_RESET_H
#define FV_RESET_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "object/device.h"
#include "reset/types.h"

/* Methods that leave the other functions of the card alone. */
#define FV_RESET_FUNCTION_ONLY	(BIT(FPGA_VFIO_RESET_METHOD_FLR) | BIT(FPGA_VFIO_RESET_METHOD_PM))

const struct fv_reset_step *fv_reset_failed_step(const struct fv_reset_report *report, int error);
void fv_reset_report_functions(struct fv_reset_report *report, const struct fv_scope *scope);
void fv_reset_plan_init(struct fv_device *dev);
void fv_reset_plan_exit(struct fv_device *dev);
int fv_reset_plan(struct fv_device *dev, unsigned long methods, struct fv_reset_report *report);
int fv_reset_run(struct fv_device *dev, const struct fv_reset_request *request,
		 struct fv_reset_report *report);

#endif /* FV_RESET_H */
