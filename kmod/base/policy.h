/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The administrator's policy for a device. Pure: uses no kernel service but snprintf(),
 * so that the unit tests build it on the host.
 */
#ifndef FV_POLICY_H
#define FV_POLICY_H

#include <linux/types.h>
#include <linux/fpga_vfio.h>
#ifndef __KERNEL__
#include <stdbool.h>
#include <stddef.h>
#endif

#define FV_POLICY_NR		FPGA_VFIO_A_POLICY_MAX
/* Names of the values without a number, as in netlink, with underscores. */
#define FV_POLICY_KEY_METHODS	"reset_methods"
#define FV_POLICY_KEY_READY	"ready_register"

#define FV_POLICY_METHODS	(FPGA_VFIO_RESET_METHOD_LINK + 1)

/**
 * struct fv_ready_register - register that shows whether a design is ready
 * @offset: offset in the BAR, bytes; a multiple of 4
 * @mask: the bits to compare; 0 if there is no such register
 * @value: value of these bits when the design is ready
 * @bar: number of the BAR, 0 to 5
 */
struct fv_ready_register {
	__u64 offset;
	__u32 mask;
	__u32 value;
	__u32 bar;
};

/**
 * struct fv_policy - policy for a device
 * @value: indexed by FPGA_VFIO_A_POLICY_*; entries of the members below are unused
 * @methods: reset methods, in order
 * @nr_methods: number of @methods; 0: the PCI core's order
 * @ready: register to poll after a reset
 */
struct fv_policy {
	__u32 value[FV_POLICY_NR + 1];
	__u8 methods[FV_POLICY_METHODS];
	__u8 nr_methods;
	struct fv_ready_register ready;
};

void fv_policy_init(struct fv_policy *policy);
int fv_policy_check(const struct fv_policy *policy, const char **key, char *text, size_t size);
bool fv_policy_is_number(unsigned int attr);
const char *fv_policy_word(unsigned int attr, __u32 value);
int fv_policy_value(unsigned int attr, const char *word, __u32 *value);
const char *fv_policy_method_name(unsigned int method);
int fv_policy_method(const char *name);
void fv_policy_describe_methods(const struct fv_policy *policy, char *text, size_t size);
void fv_policy_describe_ready(const struct fv_policy *policy, char *text, size_t size);
void fv_policy_describe_change(const struct fv_policy *was, const struct fv_policy *is,
			       char *text, size_t size);

#endif /* FV_POLICY_H */
