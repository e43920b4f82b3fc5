/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_POLICY_EDIT_H
#define FV_POLICY_EDIT_H

#include <linux/types.h>
#include <linux/fpga_vfio.h>

struct fv_device;
struct fv_policy;

int fv_policy_edit(struct fv_device *dev, enum fpga_vfio_origin origin,
		   int (*edit)(struct fv_device *dev, struct fv_policy *policy, void *arg,
			       char *text, size_t size),
		   void *arg, const char **key, char *text, size_t size);

#endif /* FV_POLICY_EDIT_H */
