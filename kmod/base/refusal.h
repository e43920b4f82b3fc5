/* SPDX-License-Identifier: GPL-2.0 */
/* Why something was refused, for programs; the text beside it is for people. */
#ifndef FV_REFUSAL_H
#define FV_REFUSAL_H

#include <linux/fpga_vfio.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/types.h>

#include "base/compat.h"

/* Size of a reason or event text, including the terminating NUL. */
#define FV_REASON_SIZE		128

/**
 * struct fv_refusal - a refusal
 * @reason: the cause; FPGA_VFIO_REFUSAL_NONE if it has no name, or nothing was refused
 * @object: PCI address of the function or port that is the cause
 * @driver: of FPGA_VFIO_REFUSAL_DRIVER: its driver; else empty
 * @pid: of FPGA_VFIO_REFUSAL_FENCED and _HELD: the process, only for callers with CAP_SYS_ADMIN;
 *	 else 0
 * @comm: of FPGA_VFIO_REFUSAL_FENCED: name of that process; else empty
 * @key: of FPGA_VFIO_REFUSAL_POLICY: name of the policy's value; else NULL
 */
struct fv_refusal {
	enum fpga_vfio_refusal reason;
	char object[FPGA_VFIO_NAME_MAX + 1];
	char driver[32];
	pid_t pid;
	char comm[TASK_COMM_LEN];
	const char *key;
};

/**
 * fv_refusal_set - Set reason and object of a refusal
 * @refusal: the refusal
 * @reason: the cause
 * @object: PCI address
 *
 * Context: Any.
 */
static inline void fv_refusal_set(struct fv_refusal *refusal, enum fpga_vfio_refusal reason,
				  const char *object)
{
	*refusal = (struct fv_refusal) { .reason = reason };
	strscpy(refusal->object, object);
}

#endif /* FV_REFUSAL_H */
