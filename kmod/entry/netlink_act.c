// SPDX-License-Identifier: GPL-2.0
/* Netlink commands reset and retrain. */
#include <linux/cleanup.h>
#include <linux/fpga_vfio.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "base/compat.h"
#include "base/registry.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_put.h"
#include "entry/netlink_request.h"
#include "object/card.h"
#include "object/device.h"
#include "pcie/link.h"
#include "reset/reset.h"

static int fv_nl_reply_reset(struct genl_info *info, struct fv_device *dev,
			     const struct fv_reset_report *report, bool is_plan)
{
	struct sk_buff *skb;
	unsigned int i;
	void *hdr;

	skb = genlmsg_new(FV_NL_NAME_SIZE + report->nr * FV_NL_STEP_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_iput(skb, info);
	if (!hdr || nla_put_string(skb, FPGA_VFIO_A_RESET_BDF, pci_name(dev->core.pdev)))
		goto err;
	for (i = 0; i < report->nr; i++)
		if (fv_nl_put_step(skb, FPGA_VFIO_A_RESET_STEP, report, &report->steps[i],
				   is_plan))
			goto err;
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);

err:
	nlmsg_free(skb);
	return -EMSGSIZE;
}

/**
 * fpga_vfio_nl_reset_doit - Reset a device, or preview the reset
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context, may sleep for the limits of the methods.
 * Return: 0, -ENOMEM, -EMSGSIZE if the reply does not fit, or an error of fv_nl_device_of(),
 * fv_reset_run() or fv_reset_plan().
 */
int fpga_vfio_nl_reset_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_reset_report *report __free(kfree) = NULL;
	bool is_plan = info->attrs[FPGA_VFIO_A_RESET_DRY_RUN];
	unsigned long methods = FV_RESET_ANY;
	const struct fv_reset_step *last;
	struct fv_device *dev;
	int ret = 0, sent;

	if (info->attrs[FPGA_VFIO_A_RESET_METHOD])
		methods = BIT(nla_get_u32(info->attrs[FPGA_VFIO_A_RESET_METHOD]));

	dev = fv_nl_device_of(info, FPGA_VFIO_A_RESET_BDF);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	report = kzalloc_obj(*report);
	if (!report) {
		ret = -ENOMEM;
		goto out;
	}
	if (is_plan)
		ret = fv_reset_plan(dev, methods, report);
	else
		ret = fv_reset_run(dev, methods, FPGA_VFIO_ORIGIN_NETLINK, report);
	sent = fv_nl_reply_reset(info, dev, report, is_plan);
	last = report->nr ? &report->steps[report->nr - 1] : NULL;
	if (ret)
		fv_nl_refuse(info, dev, ret,
			     last && *last->text ? fv_nl_step_text(last) : "not reset");
	ret = ret ?: sent;
out:
	fv_device_put(dev);
	return ret;
}

static int fv_nl_reply_retrain(struct genl_info *info, struct fv_device *dev,
			       const struct fv_link *before, const struct fv_link *after,
			       unsigned int attempts)
{
	struct sk_buff *skb;
	void *hdr;

	skb = genlmsg_new(FV_NL_NAME_SIZE + 2 * FV_NL_LINK_SIZE + nla_total_size(sizeof(u8)),
			  GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_iput(skb, info);
	if (!hdr || nla_put_string(skb, FPGA_VFIO_A_RETRAIN_BDF, pci_name(dev->core.pdev)) ||
	    fv_nl_put_link(skb, FPGA_VFIO_A_RETRAIN_BEFORE, before) ||
	    fv_nl_put_link(skb, FPGA_VFIO_A_RETRAIN_AFTER, after) ||
	    nla_put_u8(skb, FPGA_VFIO_A_RETRAIN_ATTEMPTS, attempts)) {
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
		goal->speed = nla_get_u8(info->attrs[FPGA_VFIO_A_RETRAIN_SPEED]);
		goal->target_speed = goal->speed;
		goal->is_to_stay = true;
	}
	if (info->attrs[FPGA_VFIO_A_RETRAIN_TRIES])
		goal->tries = nla_get_u8(info->attrs[FPGA_VFIO_A_RETRAIN_TRIES]);
	if (goal->speed <= before->max_speed)
		return 0;
	NL_SET_ERR_MSG_FMT(info->extack, "generation %u is wanted, port and card can %u",
			   goal->speed, before->max_speed);
	return -ERANGE;
}

static int fv_nl_retrain(struct genl_info *info, struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char text[FV_REASON_SIZE];
	struct fv_link before, after;
	struct fv_link_goal goal;
	int ret, sent;

	ret = -EOPNOTSUPP;
	if (dev->card)
		ret = fv_link_read(dev->card->port, dev->card->function_cap, &before);
	if (ret) {
		NL_SET_ERR_MSG_FMT(info->extack, "%s: no link that can be read above it",
				   pci_name(pdev));
		return ret;
	}
	ret = fv_nl_retrain_goal(info, &before, &goal);
	if (ret)
		return ret;

	if (fv_card_has_session(dev->card, text, sizeof(text))) {
		fv_nl_refuse(info, dev, -EBUSY, text);
		return -EBUSY;
	}
	after = before;
	if (info->attrs[FPGA_VFIO_A_RETRAIN_DRY_RUN]) {
		after.speed = goal.speed;
		after.width = goal.width;
		after.target_speed = goal.target_speed ?: before.target_speed;
		return fv_nl_reply_retrain(info, dev, &before, &after, 0);
	}
	ret = fv_card_retrain(dev, &goal, FPGA_VFIO_ORIGIN_NETLINK, &after);
	sent = fv_nl_reply_retrain(info, dev, &before, &after, ret > 0 ? ret : goal.tries);
	if (ret > 0)
		return sent;
	if (ret == -EREMOTEIO)
		NL_SET_ERR_MSG_FMT(info->extack,
				   "%s: the link came to generation %u x%u, wanted is %u x%u",
				   pci_name(dev->card->port), after.speed, after.width, goal.speed,
				   goal.width);
	else
		NL_SET_ERR_MSG_FMT(info->extack, "%s: the link did not come up",
				   pci_name(dev->card->port));
	return ret;
}

/**
 * fpga_vfio_nl_retrain_doit - Retrain the link of a device's card
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context, may sleep.
 * Return: 0, -EBUSY if the card is in a fence session, -ERANGE for a speed that the port or the
 * card does not support, -EOPNOTSUPP without a port, or an error of fv_nl_device_of(),
 * fv_link_read() or fv_card_retrain().
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
