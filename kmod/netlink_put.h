/* SPDX-License-Identifier: GPL-2.0 */
/* What messages of more than one command hold. */
#ifndef FV_NETLINK_PUT_H
#define FV_NETLINK_PUT_H

#include <linux/fpga_vfio.h>
#include <net/netlink.h>

#include "policy.h"

struct fv_device;
struct fv_link;
struct genl_info;

/* Room for an address in a message, and for a link. */
#define FV_NL_NAME_SIZE		nla_total_size(FPGA_VFIO_NAME_MAX + 1)
#define FV_NL_LINK_SIZE		nla_total_size(8 * nla_total_size(sizeof(u8)))

/* Room for a policy in a message. */
#define FV_NL_POLICY_SIZE							\
	nla_total_size((FV_POLICY_METHODS + FV_POLICY_NR + 5) * nla_total_size(sizeof(u64)))

int fv_nl_put_link(struct sk_buff *skb, int nest_attr, const struct fv_link *link);
int fv_nl_put_policy(struct sk_buff *skb, int nest_attr, const struct fv_policy *policy);
struct fv_device *fv_nl_device_of(struct genl_info *info, int attr);

#endif /* FV_NETLINK_PUT_H */
