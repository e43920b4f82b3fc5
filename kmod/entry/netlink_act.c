// SPDX-License-Identifier: GPL-2.0
/* Netlink commands reset and retrain. */
#include <linux/cleanup.h>
#include <linux/fpga_vfio.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "base/compat.h"
#include "base/link_speed.h"
#include "base/registry.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_put.h"
#include "entry/netlink_request.h"
#include "object/card.h"
#include "object/device.h"
#include "pcie/link.h"
#include "recover/operation.h"
#include "reset/reset.h"

static int fv_nl_reply_reset(struct genl_info *info, struct fv_device *dev,
			     const struct fv_reset_report *plan, u32 op)
{
	struct sk_buff *skb;
	void *hdr;

	skb = genlmsg_new(FV_NL_NAME_SIZE + nla_total_size(sizeof(u32)) +
			  plan->nr * FV_NL_STEP_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_iput(skb, info);
	if (!hdr || nla_put_string(skb, FPGA_VFIO_A_RESET_BDF, pci_name(dev->core.pdev)) ||
	    (op && nla_put_u32(skb, FPGA_VFIO_A_RESET_OP, op)) ||
	    fv_nl_put_steps(skb, FPGA_VFIO_A_RESET_STEP, plan, true, true)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int fv_nl_reset_run(struct fv_op *op)
{
	struct fv_reset_request request = {
		.methods = op->methods,
		.origin = op->work->origin,
		.is_fencing = true,
		.is_unused_only = op->is_unused_only,
	};
	int ret;

	ret = fv_reset_run(op->dev, &request, &op->report);
	if (ret)
		fv_nl_op_take_text(op, ret, "not reset");
	return ret;
}

static const struct fv_op_work fv_nl_reset_work = {
	.kind = FPGA_VFIO_OP_KIND_RESET,
	.origin = FPGA_VFIO_ORIGIN_NETLINK,
	.run = fv_nl_reset_run,
};

/* @plan is for the reply alone: feasibility is checked when the operation runs. */
static int fv_nl_reset(struct genl_info *info, struct fv_device *dev, unsigned long methods,
		       const struct fv_reset_report *plan)
{
	struct fv_op *op = fv_op_alloc(dev, &fv_nl_reset_work);
	int ret;

	if (!op)
		return -ENOMEM;
	op->methods = methods;
	op->is_unused_only = info->attrs[FPGA_VFIO_A_RESET_UNUSED_ONLY];
	ret = fv_nl_submit(info, op);
	if (!ret)
		ret = fv_nl_check_reply(op, fv_nl_reply_reset(info, dev, plan, op->id));
	fv_op_put(op);
	return ret;
}

/**
 * fpga_vfio_nl_reset_doit - Submit the reset of a device, or preview it
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context.
 * Return: 0, -ENOMEM, -EMSGSIZE if the reply does not fit, or an error of fv_nl_device_of(),
 * fv_nl_submit(), or, for a preview, fv_reset_plan().
 */
int fpga_vfio_nl_reset_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_reset_report *plan __free(kfree) = NULL;
	unsigned long methods = FV_RESET_ANY;
	struct fv_device *dev;
	int ret = -ENOMEM;

	if (info->attrs[FPGA_VFIO_A_RESET_METHOD])
		methods = BIT(nla_get_u32(info->attrs[FPGA_VFIO_A_RESET_METHOD]));

	dev = fv_nl_device_of(info, FPGA_VFIO_A_RESET_BDF);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	plan = kzalloc_obj(*plan);
	if (!plan)
		goto out;
	ret = fv_reset_plan(dev, methods, plan);
	if (!info->attrs[FPGA_VFIO_A_RESET_DRY_RUN]) {
		if (ret)
			plan->nr = 0;
		ret = fv_nl_reset(info, dev, methods, plan);
	} else if (ret) {
		fv_nl_refuse(info, dev, ret, plan->nr && *plan->steps[0].text ?
			     plan->steps[0].text : "no plan", FPGA_VFIO_A_RESET_REFUSAL,
			     &plan->steps[0].refusal);
	} else {
		ret = fv_nl_reply_reset(info, dev, plan, 0);
	}
out:
	fv_device_put(dev);
	return ret;
}

/* @before: the link now; @after: the goal. */
static int fv_nl_reply_retrain(struct genl_info *info, struct fv_device *dev,
			       const struct fv_link *before, const struct fv_link *after, u32 op)
{
	struct sk_buff *skb;
	void *hdr;

	skb = genlmsg_new(FV_NL_NAME_SIZE + 2 * FV_NL_LINK_SIZE + nla_total_size(sizeof(u32)),
			  GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_iput(skb, info);
	if (!hdr || nla_put_string(skb, FPGA_VFIO_A_RETRAIN_BDF, pci_name(dev->core.pdev)) ||
	    (op && nla_put_u32(skb, FPGA_VFIO_A_RETRAIN_OP, op)) ||
	    fv_nl_put_link(skb, FPGA_VFIO_A_RETRAIN_BEFORE, before) ||
	    fv_nl_put_link(skb, FPGA_VFIO_A_RETRAIN_AFTER, after)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* Goal of a retrain request; @before is the current link. */
static int fv_nl_retrain_goal(struct genl_info *info, const struct fv_link *before,
			      struct fv_link_goal *goal)
{
	*goal = (struct fv_link_goal) {
		.speed = min(before->target_speed, before->max_speed),
		.width = before->max_width,
		.tries = FV_LINK_TRIES_DEFAULT,
	};
	if (info->attrs[FPGA_VFIO_A_RETRAIN_SPEED]) {
		goal->speed = nla_get_u32(info->attrs[FPGA_VFIO_A_RETRAIN_SPEED]);
		goal->target_speed = goal->speed;
		goal->is_to_stay = true;
	}
	if (info->attrs[FPGA_VFIO_A_RETRAIN_TRIES])
		goal->tries = nla_get_u32(info->attrs[FPGA_VFIO_A_RETRAIN_TRIES]);
	if (goal->speed <= before->max_speed)
		return 0;
	NL_SET_ERR_MSG_FMT(info->extack, "%s requested, port and card support %s",
			   fv_link_speed_name(goal->speed),
			   fv_link_speed_name(before->max_speed));
	return -ERANGE;
}

static int fv_nl_retrain_run(struct fv_op *op)
{
	struct fv_card *card = op->dev->card;
	int ret;

	ret = fv_link_read(card->port, card->function_cap, &op->before);
	if (ret) {
		snprintf(op->text, sizeof(op->text), "the link below %s cannot be read",
			 pci_name(card->port));
		fv_refusal_set(&op->refusal, FPGA_VFIO_REFUSAL_UNAVAILABLE, op->bdf);
		return ret;
	}
	if (fv_card_has_session(card, op->text, sizeof(op->text))) {
		fv_nl_op_refuse_fenced(op);
		return -EBUSY;
	}
	op->after = op->before;
	ret = fv_card_retrain(op->dev, &op->goal, op->work->origin, &op->after);
	op->has_after = ret > 0 || ret == -EREMOTEIO || ret == -ETIMEDOUT;
	op->attempts = ret > 0 ? ret : op->goal.tries;
	if (ret > 0)
		return 0;
	if (ret == -EOPNOTSUPP)
		fv_refusal_set(&op->refusal, FPGA_VFIO_REFUSAL_UNAVAILABLE, op->bdf);
	if (!op->has_after)
		strscpy(op->text, "its link cannot be retrained");
	else if (ret == -EREMOTEIO && op->after.speed)
		snprintf(op->text, sizeof(op->text), "link trained to %s x%u, goal is %s x%u",
			 fv_link_speed_name(op->after.speed), op->after.width,
			 fv_link_speed_name(op->goal.speed), op->goal.width);
	else
		strscpy(op->text, "the link did not come up");
	return ret;
}

static const struct fv_op_work fv_nl_retrain_work = {
	.kind = FPGA_VFIO_OP_KIND_RETRAIN,
	.origin = FPGA_VFIO_ORIGIN_NETLINK,
	.run = fv_nl_retrain_run,
};

static int fv_nl_retrain(struct genl_info *info, struct fv_device *dev)
{
	struct fv_link before, after;
	struct fv_refusal refusal = {};
	struct fv_link_goal goal;
	char text[FV_REASON_SIZE];
	struct fv_op *op = NULL;
	int ret;

	ret = -EOPNOTSUPP;
	if (dev->card)
		ret = fv_link_read(dev->card->port, dev->card->function_cap, &before);
	if (ret) {
		fv_refusal_set(&refusal, FPGA_VFIO_REFUSAL_UNAVAILABLE,
			       pci_name(dev->core.pdev));
		fv_nl_refuse(info, dev, ret, "cannot read the link above it",
			     FPGA_VFIO_A_RETRAIN_REFUSAL, &refusal);
		return ret;
	}
	ret = fv_nl_retrain_goal(info, &before, &goal);
	if (ret)
		return ret;
	if (fv_card_has_session(dev->card, text, sizeof(text))) {
		fv_nl_refuse(info, dev, -EBUSY, text, FPGA_VFIO_A_RETRAIN_REFUSAL, &refusal);
		return -EBUSY;
	}
	after = before;
	after.speed = goal.speed;
	after.width = goal.width;
	after.target_speed = goal.target_speed ?: before.target_speed;
	if (!info->attrs[FPGA_VFIO_A_RETRAIN_DRY_RUN]) {
		op = fv_op_alloc(dev, &fv_nl_retrain_work);
		if (!op)
			return -ENOMEM;
		op->goal = goal;
		ret = fv_nl_submit(info, op);
	}
	if (!ret)
		ret = fv_nl_reply_retrain(info, dev, &before, &after, op ? op->id : 0);
	if (!op)
		return ret;
	if (op->id)
		ret = fv_nl_check_reply(op, ret);
	fv_op_put(op);
	return ret;
}

/**
 * fpga_vfio_nl_retrain_doit - Submit a retrain of the link of a device's card, or preview it
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context.
 * Return: 0, -ENOMEM, -EMSGSIZE if the reply does not fit, -EBUSY if the card is in a fence
 * session, -ERANGE for a speed that the port or the card does not support, -EOPNOTSUPP without a
 * port, or an error of fv_nl_device_of(), fv_link_read() or fv_nl_submit().
 */
int fpga_vfio_nl_retrain_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_device *dev = fv_nl_device_of(info, FPGA_VFIO_A_RETRAIN_BDF);
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = fv_nl_retrain(info, dev);
	fv_device_put(dev);
	return ret;
}
