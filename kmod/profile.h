/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_PROFILE_H
#define FV_PROFILE_H

#include <linux/types.h>

#include "policy.h"

struct pci_dev;

/**
 * struct fv_profile - what is publicly known of a board or shell
 * @name: of the profile, for people; at most 31 of a-z, 0-9 and -
 * @methods: the order in which resets are tried, enum fpga_vfio_reset_method
 * @nr_methods: how many of @methods there are; 0: the default order
 * @load_limit_ms: how long its image may take to load; 0: the default
 * @ready_limit_ms: how long it may answer "not yet" then; 0: the default
 * @ready: the register that says that the design is ready
 */
struct fv_profile {
	const char *name;
	u8 methods[FV_POLICY_METHODS];
	u8 nr_methods;
	u32 load_limit_ms;
	u32 ready_limit_ms;
	struct fv_ready_register ready;
};

const struct fv_profile *fv_profile_of(struct pci_dev *pdev);
void fv_profile_policy(const struct fv_profile *profile, struct fv_policy *policy);

#endif /* FV_PROFILE_H */
