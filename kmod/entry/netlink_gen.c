// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/fpga-vfio.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/fpga_vfio.h>

/* Integer value ranges */
static const struct netlink_range_validation fpga_vfio_a_fence_timeout_ms_range = {
	.min	= 100ULL,
	.max	= 86400000ULL,
};

/* Common nested types */
const struct nla_policy fpga_vfio_policy_nl_policy[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS + 1] = {
	[FPGA_VFIO_A_POLICY_RESET_METHOD] = NLA_POLICY_MAX(NLA_U32, 3),
	[FPGA_VFIO_A_POLICY_READY_REGISTER] = NLA_POLICY_NESTED(fpga_vfio_ready_register_nl_policy),
	[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = { .type = NLA_U32, },
	[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = { .type = NLA_U32, },
	[FPGA_VFIO_A_POLICY_LINK_SPEED] = { .type = NLA_U32, },
	[FPGA_VFIO_A_POLICY_LINK_WIDTH] = { .type = NLA_U32, },
	[FPGA_VFIO_A_POLICY_RETRAIN_TRIES] = { .type = NLA_U32, },
	[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS] = { .type = NLA_U32, },
	[FPGA_VFIO_A_POLICY_AUTO_RETRAIN] = { .type = NLA_U32, },
	[FPGA_VFIO_A_POLICY_IDENTITY] = NLA_POLICY_MAX(NLA_U32, 1),
	[FPGA_VFIO_A_POLICY_USER_NOTIFICATION] = NLA_POLICY_MAX(NLA_U32, 2),
	[FPGA_VFIO_A_POLICY_AER] = NLA_POLICY_MAX(NLA_U32, 2),
	[FPGA_VFIO_A_POLICY_LINK_DISABLE] = NLA_POLICY_MAX(NLA_U32, 2),
	[FPGA_VFIO_A_POLICY_RESET_AT_OPEN] = NLA_POLICY_MAX(NLA_U32, 1),
	[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS] = { .type = NLA_U32, },
};

const struct nla_policy fpga_vfio_ready_register_nl_policy[FPGA_VFIO_A_READY_REGISTER_VALUE + 1] = {
	[FPGA_VFIO_A_READY_REGISTER_BAR] = { .type = NLA_U32, },
	[FPGA_VFIO_A_READY_REGISTER_OFFSET] = { .type = NLA_UINT, },
	[FPGA_VFIO_A_READY_REGISTER_MASK] = { .type = NLA_U32, },
	[FPGA_VFIO_A_READY_REGISTER_VALUE] = { .type = NLA_U32, },
};

/* FPGA_VFIO_CMD_DEVICE_GET - do */
static const struct nla_policy fpga_vfio_device_get_nl_policy[FPGA_VFIO_A_DEVICE_BDF + 1] = {
	[FPGA_VFIO_A_DEVICE_BDF] = { .type = NLA_NUL_STRING, .len = FPGA_VFIO_NAME_MAX, },
};

/* FPGA_VFIO_CMD_DEVICE_SET - do */
static const struct nla_policy fpga_vfio_device_set_nl_policy[FPGA_VFIO_A_DEVICE_POLICY_DEFAULT + 1] = {
	[FPGA_VFIO_A_DEVICE_BDF] = { .type = NLA_NUL_STRING, .len = FPGA_VFIO_NAME_MAX, },
	[FPGA_VFIO_A_DEVICE_POLICY] = NLA_POLICY_NESTED(fpga_vfio_policy_nl_policy),
	[FPGA_VFIO_A_DEVICE_POLICY_DEFAULT] = { .type = NLA_FLAG, },
};

/* FPGA_VFIO_CMD_CARD_GET - do */
static const struct nla_policy fpga_vfio_card_get_nl_policy[FPGA_VFIO_A_CARD_PORT + 1] = {
	[FPGA_VFIO_A_CARD_PORT] = { .type = NLA_NUL_STRING, .len = FPGA_VFIO_NAME_MAX, },
};

/* FPGA_VFIO_CMD_GROUP_GET - do */
static const struct nla_policy fpga_vfio_group_get_nl_policy[FPGA_VFIO_A_GROUP_ID + 1] = {
	[FPGA_VFIO_A_GROUP_ID] = { .type = NLA_U32, },
};

/* FPGA_VFIO_CMD_RESET - do */
static const struct nla_policy fpga_vfio_reset_nl_policy[FPGA_VFIO_A_RESET_UNUSED_ONLY + 1] = {
	[FPGA_VFIO_A_RESET_BDF] = { .type = NLA_NUL_STRING, .len = FPGA_VFIO_NAME_MAX, },
	[FPGA_VFIO_A_RESET_METHOD] = NLA_POLICY_MAX(NLA_U32, 3),
	[FPGA_VFIO_A_RESET_DRY_RUN] = { .type = NLA_FLAG, },
	[FPGA_VFIO_A_RESET_UNUSED_ONLY] = { .type = NLA_FLAG, },
};

/* FPGA_VFIO_CMD_RETRAIN - do */
static const struct nla_policy fpga_vfio_retrain_nl_policy[FPGA_VFIO_A_RETRAIN_DRY_RUN + 1] = {
	[FPGA_VFIO_A_RETRAIN_BDF] = { .type = NLA_NUL_STRING, .len = FPGA_VFIO_NAME_MAX, },
	[FPGA_VFIO_A_RETRAIN_SPEED] = NLA_POLICY_RANGE(NLA_U32, 1, 6),
	[FPGA_VFIO_A_RETRAIN_TRIES] = NLA_POLICY_RANGE(NLA_U32, 1, 10),
	[FPGA_VFIO_A_RETRAIN_DRY_RUN] = { .type = NLA_FLAG, },
};

/* FPGA_VFIO_CMD_HISTORY_GET - dump */
static const struct nla_policy fpga_vfio_history_get_nl_policy[FPGA_VFIO_A_EVENT_PORT + 1] = {
	[FPGA_VFIO_A_EVENT_PORT] = { .type = NLA_NUL_STRING, .len = FPGA_VFIO_NAME_MAX, },
};

/* FPGA_VFIO_CMD_FENCE - do */
static const struct nla_policy fpga_vfio_fence_nl_policy[FPGA_VFIO_A_FENCE_UNUSED_ONLY + 1] = {
	[FPGA_VFIO_A_FENCE_BDF] = { .type = NLA_NUL_STRING, .len = FPGA_VFIO_NAME_MAX, },
	[FPGA_VFIO_A_FENCE_TIMEOUT_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &fpga_vfio_a_fence_timeout_ms_range),
	[FPGA_VFIO_A_FENCE_DETACHED] = { .type = NLA_FLAG, },
	[FPGA_VFIO_A_FENCE_DRY_RUN] = { .type = NLA_FLAG, },
	[FPGA_VFIO_A_FENCE_UNUSED_ONLY] = { .type = NLA_FLAG, },
};

/* FPGA_VFIO_CMD_RECOVER - do */
static const struct nla_policy fpga_vfio_recover_nl_policy[FPGA_VFIO_A_RECOVER_DRY_RUN + 1] = {
	[FPGA_VFIO_A_RECOVER_BDF] = { .type = NLA_NUL_STRING, .len = FPGA_VFIO_NAME_MAX, },
	[FPGA_VFIO_A_RECOVER_FORCE] = { .type = NLA_FLAG, },
	[FPGA_VFIO_A_RECOVER_DRY_RUN] = { .type = NLA_FLAG, },
};

/* FPGA_VFIO_CMD_RELEASE - do */
static const struct nla_policy fpga_vfio_release_nl_policy[FPGA_VFIO_A_DEVICE_BDF + 1] = {
	[FPGA_VFIO_A_DEVICE_BDF] = { .type = NLA_NUL_STRING, .len = FPGA_VFIO_NAME_MAX, },
};

/* FPGA_VFIO_CMD_OP_GET - do */
static const struct nla_policy fpga_vfio_op_get_nl_policy[FPGA_VFIO_A_OP_ID + 1] = {
	[FPGA_VFIO_A_OP_ID] = { .type = NLA_U32, },
};

/* FPGA_VFIO_CMD_OP_CANCEL - do */
static const struct nla_policy fpga_vfio_op_cancel_nl_policy[FPGA_VFIO_A_OP_ID + 1] = {
	[FPGA_VFIO_A_OP_ID] = { .type = NLA_U32, },
};

/* Ops table for fpga_vfio */
static const struct genl_split_ops fpga_vfio_nl_ops[] = {
	{
		.cmd		= FPGA_VFIO_CMD_DEVICE_GET,
		.doit		= fpga_vfio_nl_device_get_doit,
		.policy		= fpga_vfio_device_get_nl_policy,
		.maxattr	= FPGA_VFIO_A_DEVICE_BDF,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FPGA_VFIO_CMD_DEVICE_GET,
		.start	= fpga_vfio_nl_device_get_start,
		.dumpit	= fpga_vfio_nl_device_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FPGA_VFIO_CMD_DEVICE_SET,
		.pre_doit	= fpga_vfio_nl_admin_pre_doit,
		.doit		= fpga_vfio_nl_device_set_doit,
		.policy		= fpga_vfio_device_set_nl_policy,
		.maxattr	= FPGA_VFIO_A_DEVICE_POLICY_DEFAULT,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FPGA_VFIO_CMD_CARD_GET,
		.doit		= fpga_vfio_nl_card_get_doit,
		.policy		= fpga_vfio_card_get_nl_policy,
		.maxattr	= FPGA_VFIO_A_CARD_PORT,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FPGA_VFIO_CMD_CARD_GET,
		.start	= fpga_vfio_nl_card_get_start,
		.dumpit	= fpga_vfio_nl_card_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FPGA_VFIO_CMD_GROUP_GET,
		.doit		= fpga_vfio_nl_group_get_doit,
		.policy		= fpga_vfio_group_get_nl_policy,
		.maxattr	= FPGA_VFIO_A_GROUP_ID,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FPGA_VFIO_CMD_GROUP_GET,
		.start	= fpga_vfio_nl_group_get_start,
		.dumpit	= fpga_vfio_nl_group_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FPGA_VFIO_CMD_RESET,
		.pre_doit	= fpga_vfio_nl_admin_pre_doit,
		.doit		= fpga_vfio_nl_reset_doit,
		.policy		= fpga_vfio_reset_nl_policy,
		.maxattr	= FPGA_VFIO_A_RESET_UNUSED_ONLY,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FPGA_VFIO_CMD_RETRAIN,
		.pre_doit	= fpga_vfio_nl_admin_pre_doit,
		.doit		= fpga_vfio_nl_retrain_doit,
		.policy		= fpga_vfio_retrain_nl_policy,
		.maxattr	= FPGA_VFIO_A_RETRAIN_DRY_RUN,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FPGA_VFIO_CMD_HISTORY_GET,
		.dumpit		= fpga_vfio_nl_history_get_dumpit,
		.policy		= fpga_vfio_history_get_nl_policy,
		.maxattr	= FPGA_VFIO_A_EVENT_PORT,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FPGA_VFIO_CMD_FENCE,
		.pre_doit	= fpga_vfio_nl_admin_pre_doit,
		.doit		= fpga_vfio_nl_fence_doit,
		.policy		= fpga_vfio_fence_nl_policy,
		.maxattr	= FPGA_VFIO_A_FENCE_UNUSED_ONLY,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FPGA_VFIO_CMD_RECOVER,
		.pre_doit	= fpga_vfio_nl_admin_pre_doit,
		.doit		= fpga_vfio_nl_recover_doit,
		.policy		= fpga_vfio_recover_nl_policy,
		.maxattr	= FPGA_VFIO_A_RECOVER_DRY_RUN,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FPGA_VFIO_CMD_RELEASE,
		.pre_doit	= fpga_vfio_nl_admin_pre_doit,
		.doit		= fpga_vfio_nl_release_doit,
		.policy		= fpga_vfio_release_nl_policy,
		.maxattr	= FPGA_VFIO_A_DEVICE_BDF,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= FPGA_VFIO_CMD_OP_GET,
		.doit		= fpga_vfio_nl_op_get_doit,
		.policy		= fpga_vfio_op_get_nl_policy,
		.maxattr	= FPGA_VFIO_A_OP_ID,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= FPGA_VFIO_CMD_OP_GET,
		.start	= fpga_vfio_nl_op_get_start,
		.dumpit	= fpga_vfio_nl_op_get_dumpit,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= FPGA_VFIO_CMD_OP_CANCEL,
		.pre_doit	= fpga_vfio_nl_admin_pre_doit,
		.doit		= fpga_vfio_nl_op_cancel_doit,
		.policy		= fpga_vfio_op_cancel_nl_policy,
		.maxattr	= FPGA_VFIO_A_OP_ID,
		.flags		= GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group fpga_vfio_nl_mcgrps[] = {
	[FPGA_VFIO_NLGRP_EVENTS] = { "events", },
	[FPGA_VFIO_NLGRP_EVENTS_ADMIN] = { "events-admin", },
	[FPGA_VFIO_NLGRP_OPS] = { "ops", },
	[FPGA_VFIO_NLGRP_OPS_ADMIN] = { "ops-admin", },
};

struct genl_family fpga_vfio_nl_family __ro_after_init = {
	.name		= FPGA_VFIO_FAMILY_NAME,
	.version	= FPGA_VFIO_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= fpga_vfio_nl_ops,
	.n_split_ops	= ARRAY_SIZE(fpga_vfio_nl_ops),
	.mcgrps		= fpga_vfio_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(fpga_vfio_nl_mcgrps),
};
