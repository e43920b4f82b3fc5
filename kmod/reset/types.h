/* SPDX-License-Identifier: GPL-2.0 */
/* Request, plan and result of a reset. */
#ifndef FV_RESET_TYPES_H
#define FV_RESET_TYPES_H

#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "base/refusal.h"
#include "isolate/reset_scope.h"
#include "pcie/reset_ops.h"

struct fv_device;

/**
 * struct fv_reset_step - one method of a reset, tried or planned
 * @method: enum fpga_vfio_reset_method, FV_RESET_VERIFY or FV_RESET_VERIFY_CARD
 * @error: 0 or negative errno
 * @text: error text, empty on success; readable by all, names no process
 * @holders: @text with the processes that hold functions, see fv_scope::holders; else empty
 * @refusal: why it was refused, for programs
 * @is_tried: the step touched the functions
 * @duration_ns: time until the functions were verified, ns; valid if @is_tried
 * @expected_ms: shortest time by the PCIe specification; plan only
 * @limit_ms: time limit; plan only
 * @nr_functions: how many of fv_reset_report::functions it affects; plan only
 */
struct fv_reset_step {
	unsigned int method;
	int error;
	char text[FV_REASON_SIZE];
	char holders[FV_REASON_SIZE];
	struct fv_refusal refusal;
	bool is_tried;
	u64 duration_ns;
	unsigned int expected_ms;
	unsigned int limit_ms;
	unsigned int nr_functions;
};

/**
 * struct fv_reset_function - a function in the reset scope
 * @bdf: PCI address
 * @driver: driver name; empty if unbound
 * @is_held: a VFIO user has it open
 */
struct fv_reset_function {
	char bdf[FPGA_VFIO_NAME_MAX + 1];
	char driver[32];
	bool is_held;
};

/**
 * struct fv_reset_report - result or plan of a reset
 * @began_ns: start of the recovery that the reset is part of, ns, CLOCK_MONOTONIC; else 0
 * @is_late: it failed because fv_reset_request::limit_ms was over
 * @nr: number of @steps
 * @steps: methods in the order of use
 * @nr_functions: number of @functions
 * @functions: the reset scope, the device itself first; filled for a plan and for a fence
 * @refusal: why a fence or a recovery was refused as a whole, for programs
 */
struct fv_reset_report {
	u64 began_ns;
	bool is_late;
	unsigned int nr;
	struct fv_reset_step steps[FV_RESET_METHODS + 1];
	unsigned int nr_functions;
	struct fv_reset_function functions[FV_SCOPE_MAX];
	struct fv_refusal refusal;
};

/**
 * struct fv_reset_request - which reset, and what it does about users and locks
 * @methods: allowed methods, bits of enum fpga_vfio_reset_method; the policy chooses among them,
 *	     unless there is only one. FV_RESET_VERIFY_FIRST or FV_RESET_VERIFY_CARD_FIRST: verify
 *	     only first
 * @origin: requester, for the history
 * @limit_ms: limit for all methods together, within those of the policy; 0: only those
 * @clean_by: fv_device::clean_by of the device that is verified first, and may stay so; else 0
 * @is_set_locked: the caller opens or closes the device, under vfio_device_set::lock
 * @is_fencing: fence users, so that neither they nor their vCPUs block; else they block on
 *	memory_lock, unless they have exported dma-bufs
 * @is_retried: the caller retries after -EAGAIN, which is not recorded; vfio_device_set::lock is
 *	only tried
 * @is_unused_only: refuse methods that affect a function with a VFIO user, also the device itself
 * @is_function_first: on a card with several functions, methods that reset the function alone come
 *	first
 * @is_moot: returns whether no reset is needed any more, under the device lock; may be NULL
 */
struct fv_reset_request {
	unsigned long methods;
	enum fpga_vfio_origin origin;
	unsigned int limit_ms;
	unsigned long clean_by;
	bool is_set_locked;
	bool is_fencing;
	bool is_retried;
	bool is_unused_only;
	bool is_function_first;
	bool (*is_moot)(struct fv_device *dev);
};

#endif /* FV_RESET_TYPES_H */
