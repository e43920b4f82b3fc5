/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_PROFILE_H
#define FV_PROFILE_H

#include <linux/types.h>

#include "base/policy.h"

struct pci_dev;

/**
 * struct fv_profile - published properties of a board or shell
 * @name: name of the profile; at most 31 of a-z, 0-9 and -
 * @methods: reset methods in order, enum fpga_vfio_reset_method
 * @nr_methods: number of @methods; 0: the default order
 * @load_limit_ms: limit for the image load; 0: the default
 * @ready_limit_ms: limit for config readiness after link up; 0: the default
 * @open_limit_ms: limit for the reset at an open; 0: the default
 * @ready: register that shows that the design is ready
 */
struct fv_profile {
	const char *name;
	u8 methods[FV_POLICY_METHODS];
	u8 nr_methods;
	u32 load_limit_ms;
	u32 ready_limit_ms;
	u32 open_limit_ms;
	struct fv_ready_register ready;
};

const struct fv_profile *fv_profile_of(struct pci_dev *pdev);
void fv_profile_policy(const struct fv_profile *profile, struct fv_policy *policy);

#endif /* FV_PROFILE_H */
