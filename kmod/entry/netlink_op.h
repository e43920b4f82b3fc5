/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_NETLINK_OP_H
#define FV_NETLINK_OP_H

struct fv_op_observer;
struct genl_family;

extern const struct fv_op_observer fv_nl_op_observer;

void fv_nl_op_init(const struct genl_family *family);

#endif /* FV_NETLINK_OP_H */
