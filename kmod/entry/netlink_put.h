/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes that several commands share. */
#ifndef FV_NETLINK_PUT_H
#define FV_NETLINK_PUT_H

#include <linux/fpga_vfio.h>
#include <net/netlink.h>

#include "base/policy.h"
#include "base/refusal.h"
#include "isolate/reset_scope.h"
#include "object/history.h"

struct fv_link;
struct fv_reset_report;
struct sk_buff;

/* Message space for an address and for a link. */
#define FV_NL_NAME_SIZE		nla_total_size(FPGA_VFIO_NAME_MAX + 1)
#define FV_NL_LINK_SIZE		nla_total_size(8 * nla_total_size(sizeof(u32)))

/* Message space for a policy. */
#define FV_NL_POLICY_SIZE							\
	nla_total_size((FV_POLICY_METHODS + FV_POLICY_NR + 5) * nla_total_size(sizeof(u64)))

/* Message space for a function in the reset scope and for a step of a reset. */
#define FV_NL_FUNCTION_SIZE	nla_total_size(2 * FV_NL_NAME_SIZE + nla_total_size(0))
#define FV_NL_STEP_SIZE								\
	nla_total_size(4 * nla_total_size(sizeof(u32)) + nla_total_size(sizeof(u64)) +	\
		       nla_total_size(FV_REASON_SIZE) + FV_NL_REFUSAL_SIZE +		\
		       FV_SCOPE_MAX * FV_NL_FUNCTION_SIZE)

/* Message space for a refusal. */
#define FV_NL_REFUSAL_SIZE							\
	nla_total_size(2 * nla_total_size(sizeof(u32)) + 3 * FV_NL_NAME_SIZE +	\
		       nla_total_size(TASK_COMM_LEN))

int fv_nl_put_refusal(struct sk_buff *skb, int nest_attr, const struct fv_refusal *refusal,
		      bool is_admin);
int fv_nl_put_link(struct sk_buff *skb, int nest_attr, const struct fv_link *link);
int fv_nl_put_steps(struct sk_buff *skb, int nest_attr, const struct fv_reset_report *report,
		    bool is_plan, bool is_admin);
int fv_nl_put_functions(struct sk_buff *skb, int nest_attr, const struct fv_reset_report *report);
int fv_nl_put_policy(struct sk_buff *skb, int nest_attr, const struct fv_policy *policy);

#endif /* FV_NETLINK_PUT_H */
