/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/fpga-vfio.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _LINUX_FPGA_VFIO_GEN_H
#define _LINUX_FPGA_VFIO_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/fpga_vfio.h>

/* Common nested types */
extern const struct nla_policy fpga_vfio_policy_nl_policy[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS + 1];
extern const struct nla_policy fpga_vfio_ready_register_nl_policy[FPGA_VFIO_A_READY_REGISTER_VALUE + 1];

int fpga_vfio_nl_admin_pre_doit(const struct genl_split_ops *ops,
				struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_device_get_start(struct netlink_callback *cb);
int fpga_vfio_nl_card_get_start(struct netlink_callback *cb);
int fpga_vfio_nl_group_get_start(struct netlink_callback *cb);
int fpga_vfio_nl_op_get_start(struct netlink_callback *cb);

int fpga_vfio_nl_device_get_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_device_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int fpga_vfio_nl_device_set_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_card_get_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_card_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int fpga_vfio_nl_group_get_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_group_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int fpga_vfio_nl_reset_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_retrain_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_history_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb);
int fpga_vfio_nl_fence_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_recover_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_release_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_op_get_doit(struct sk_buff *skb, struct genl_info *info);
int fpga_vfio_nl_op_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int fpga_vfio_nl_op_cancel_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	FPGA_VFIO_NLGRP_EVENTS,
	FPGA_VFIO_NLGRP_EVENTS_ADMIN,
	FPGA_VFIO_NLGRP_OPS,
	FPGA_VFIO_NLGRP_OPS_ADMIN,
};

extern struct genl_family fpga_vfio_nl_family;

#endif /* _LINUX_FPGA_VFIO_GEN_H */
