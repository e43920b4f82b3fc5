/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_NETLINK_REQUEST_H
#define FV_NETLINK_REQUEST_H

#include <linux/types.h>

struct fv_device;
struct fv_op;
struct fv_refusal;
struct genl_info;
struct sk_buff;

bool fv_nl_is_admin(struct sk_buff *request);
void fv_nl_refuse(struct genl_info *info, struct fv_device *dev, int error, const char *text,
		  int attr, const struct fv_refusal *refusal);
void fv_nl_op_refuse_fenced(struct fv_op *op);
void fv_nl_op_take_text(struct fv_op *op, int error, const char *otherwise);
struct fv_device *fv_nl_device_of(struct genl_info *info, int attr);
int fv_nl_submit(struct genl_info *info, struct fv_op *op);
int fv_nl_check_reply(struct fv_op *op, int error);

#endif /* FV_NETLINK_REQUEST_H */
