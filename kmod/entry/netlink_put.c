// SPDX-License-Identifier: GPL-2.0
/* Attributes that more than one message has. */
#include <linux/fpga_vfio.h>
#include <net/genetlink.h>

#include "base/policy.h"
#include "entry/netlink_put.h"
#include "pcie/link.h"
#include "reset/reset.h"

/**
 * fv_nl_put_link - Add a link to a message
 * @skb: the message
 * @nest_attr: the nest attribute
 * @link: the link
 *
 * Context: Any.
 * Return: 0, or -EMSGSIZE if it does not fit.
 */
int fv_nl_put_link(struct sk_buff *skb, int nest_attr, const struct fv_link *link)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, nest_attr);
	if (!nest)
		return -EMSGSIZE;

	if (nla_put_u32(skb, FPGA_VFIO_A_LINK_SPEED, link->speed) ||
	    nla_put_u32(skb, FPGA_VFIO_A_LINK_WIDTH, link->width) ||
	    nla_put_u32(skb, FPGA_VFIO_A_LINK_MAX_SPEED, link->max_speed) ||
	    nla_put_u32(skb, FPGA_VFIO_A_LINK_MAX_WIDTH, link->max_width) ||
	    nla_put_u32(skb, FPGA_VFIO_A_LINK_TARGET_SPEED, link->target_speed) ||
	    (link->is_active && nla_put_flag(skb, FPGA_VFIO_A_LINK_ACTIVE)) ||
	    (link->is_training && nla_put_flag(skb, FPGA_VFIO_A_LINK_TRAINING)) ||
	    (link->is_disabled && nla_put_flag(skb, FPGA_VFIO_A_LINK_DISABLED))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * fv_nl_put_refusal - Add a refusal to a message
 * @skb: the message
 * @nest_attr: the nest attribute
 * @refusal: the refusal; nothing is added for FPGA_VFIO_REFUSAL_NONE
 * @is_admin: the reader has CAP_SYS_ADMIN, and may learn of processes
 *
 * Context: Any.
 * Return: 0, or -EMSGSIZE if it does not fit.
 */
int fv_nl_put_refusal(struct sk_buff *skb, int nest_attr, const struct fv_refusal *refusal,
		      bool is_admin)
{
	struct nlattr *nest;

	if (!refusal->reason)
		return 0;
	nest = nla_nest_start(skb, nest_attr);
	if (!nest ||
	    nla_put_u32(skb, FPGA_VFIO_A_REFUSAL_REASON, refusal->reason) ||
	    nla_put_string(skb, FPGA_VFIO_A_REFUSAL_OBJECT, refusal->object) ||
	    (*refusal->driver &&
	     nla_put_string(skb, FPGA_VFIO_A_REFUSAL_DRIVER, refusal->driver)) ||
	    (is_admin && refusal->pid &&
	     nla_put_u32(skb, FPGA_VFIO_A_REFUSAL_PID, refusal->pid)) ||
	    (is_admin && *refusal->comm &&
	     nla_put_string(skb, FPGA_VFIO_A_REFUSAL_COMM, refusal->comm)) ||
	    (refusal->key && nla_put_string(skb, FPGA_VFIO_A_REFUSAL_KEY, refusal->key)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fv_nl_put_function(struct sk_buff *skb, int nest_attr,
			      const struct fv_reset_function *function)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, nest_attr);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_string(skb, FPGA_VFIO_A_RESET_FUNCTION_BDF, function->bdf) ||
	    (*function->driver &&
	     nla_put_string(skb, FPGA_VFIO_A_RESET_FUNCTION_DRIVER, function->driver)) ||
	    (function->is_held && nla_put_flag(skb, FPGA_VFIO_A_RESET_FUNCTION_HELD)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fv_nl_put_step(struct sk_buff *skb, int nest_attr, const struct fv_reset_report *report,
			  const struct fv_reset_step *step, bool is_plan, bool is_admin)
{
	const char *text = is_admin && *step->holders ? step->holders : step->text;
	struct nlattr *nest;
	unsigned int i;

	nest = nla_nest_start(skb, nest_attr);
	if (!nest)
		return -EMSGSIZE;
	/* A verify-only step has no method. */
	if ((step->method < FV_RESET_METHODS &&
	     nla_put_u32(skb, FPGA_VFIO_A_RESET_STEP_METHOD, step->method)) ||
	    nla_put_u32(skb, FPGA_VFIO_A_RESET_STEP_ERROR, -step->error) ||
	    (*text && nla_put_string(skb, FPGA_VFIO_A_RESET_STEP_TEXT, text)) ||
	    fv_nl_put_refusal(skb, FPGA_VFIO_A_RESET_STEP_REFUSAL, &step->refusal, is_admin))
		return -EMSGSIZE;
	if (is_plan) {
		if (nla_put_u32(skb, FPGA_VFIO_A_RESET_STEP_EXPECTED_MS, step->expected_ms) ||
		    nla_put_u32(skb, FPGA_VFIO_A_RESET_STEP_LIMIT_MS, step->limit_ms))
			return -EMSGSIZE;
		for (i = 0; i < step->nr_functions; i++)
			if (fv_nl_put_function(skb, FPGA_VFIO_A_RESET_STEP_FUNCTION,
					       &report->functions[i]))
				return -EMSGSIZE;
	} else if (step->is_tried &&
		   nla_put_uint(skb, FPGA_VFIO_A_RESET_STEP_DURATION_NS, step->duration_ns)) {
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * fv_nl_put_steps - Add the steps of a reset or recovery to a message
 * @skb: the message
 * @nest_attr: the nest attribute of each
 * @report: the steps
 * @is_plan: they are planned; else they were tried or refused
 * @is_admin: the reader has CAP_SYS_ADMIN, and may learn which processes hold functions
 *
 * Context: Any.
 * Return: 0, or -EMSGSIZE if they do not fit.
 */
int fv_nl_put_steps(struct sk_buff *skb, int nest_attr, const struct fv_reset_report *report,
		    bool is_plan, bool is_admin)
{
	unsigned int i;

	for (i = 0; i < report->nr; i++)
		if (fv_nl_put_step(skb, nest_attr, report, &report->steps[i], is_plan, is_admin))
			return -EMSGSIZE;
	return 0;
}

/**
 * fv_nl_put_functions - Add the functions of a report to a message
 * @skb: the message
 * @nest_attr: the nest attribute of each
 * @report: the functions
 *
 * Context: Any.
 * Return: 0, or -EMSGSIZE if they do not fit.
 */
int fv_nl_put_functions(struct sk_buff *skb, int nest_attr, const struct fv_reset_report *report)
{
	unsigned int i;

	for (i = 0; i < report->nr_functions; i++)
		if (fv_nl_put_function(skb, nest_attr, &report->functions[i]))
			return -EMSGSIZE;
	return 0;
}

static int fv_nl_put_ready(struct sk_buff *skb, const struct fv_ready_register *ready)
{
	struct nlattr *nest;

	if (!ready->mask)
		return 0;
	nest = nla_nest_start(skb, FPGA_VFIO_A_POLICY_READY_REGISTER);
	if (!nest ||
	    nla_put_u32(skb, FPGA_VFIO_A_READY_REGISTER_BAR, ready->bar) ||
	    nla_put_uint(skb, FPGA_VFIO_A_READY_REGISTER_OFFSET, ready->offset) ||
	    nla_put_u32(skb, FPGA_VFIO_A_READY_REGISTER_MASK, ready->mask) ||
	    nla_put_u32(skb, FPGA_VFIO_A_READY_REGISTER_VALUE, ready->value))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * fv_nl_put_policy - Add a policy to a message
 * @skb: the message
 * @nest_attr: the nest attribute
 * @policy: the policy
 *
 * Context: Any.
 * Return: 0, or -EMSGSIZE if it does not fit.
 */
int fv_nl_put_policy(struct sk_buff *skb, int nest_attr, const struct fv_policy *policy)
{
	struct nlattr *nest;
	unsigned int i;

	nest = nla_nest_start(skb, nest_attr);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < policy->nr_methods; i++)
		if (nla_put_u32(skb, FPGA_VFIO_A_POLICY_RESET_METHOD, policy->methods[i]))
			goto err;
	if (fv_nl_put_ready(skb, &policy->ready))
		goto err;
	for (i = 1; i <= FV_POLICY_NR; i++)
		if (fv_policy_is_number(i) && nla_put_u32(skb, i, policy->value[i]))
			goto err;
	nla_nest_end(skb, nest);
	return 0;

err:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}
