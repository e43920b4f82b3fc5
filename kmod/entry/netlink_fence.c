// SPDX-License-Identifier: GPL-2.0
/* Netlink commands fence, recover and release. */
#include <linux/cleanup.h>
#include <linux/fpga_vfio.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "base/compat.h"
#include "base/registry.h"
#include "base/wait.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_put.h"
#include "entry/netlink_request.h"
#include "object/card.h"
#include "object/device.h"
#include "pcie/link.h"
#include "recover/fence_session.h"
#include "recover/operation.h"
#include "recover/recover.h"
#include "reset/reset.h"

/* How long a recovery is tried again while another task holds a function of the card. */
#define FV_NL_RECOVER_AGAIN_MS	60000

/* From one attempt to the next. */
#define FV_NL_RECOVER_PAUSE_MS	1000

static int fv_nl_fence_run(struct fv_op *op)
{
	int ret;

	if (!fv_op_has_owner(op)) {
		strscpy(op->text, "its requester is gone");
		return -ECANCELED;
	}
	ret = fv_session_begin(op->dev, &op->request, &op->report, &op->is_link_disabled,
			       op->text, sizeof(op->text));
	if (ret) {
		op->refusal = op->report.refusal;
		strscpy(op->holders, op->report.steps[0].holders);
	}
	if (ret == -EBUSY)
		fv_nl_op_refuse_fenced(op);
	if (ret && !*op->text)
		strscpy(op->text, "not fenced");
	if (ret)
		return ret;
	*op->text = '\0';
	/* A cancelled begin may have left the link up, or not have waited for all accesses. */
	if (fatal_signal_pending(current)) {
		fv_session_give_up(op->dev->card);
		return -EINTR;
	}
	if (!fv_op_has_owner(op))
		fv_session_owner_gone(op->request.portid);
	return 0;
}

static const struct fv_op_work fv_nl_fence_work = {
	.kind = FPGA_VFIO_OP_KIND_FENCE,
	.origin = FPGA_VFIO_ORIGIN_NETLINK,
	.run = fv_nl_fence_run,
};

/* The plan; also that of a fence that was submitted, if there is one. */
static int fv_nl_reply_fence(struct genl_info *info, struct fv_device *dev, unsigned int limit_ms,
			     const struct fv_reset_report *plan, bool is_link_disabled, u32 op)
{
	struct sk_buff *skb;
	void *hdr;

	skb = genlmsg_new(2 * FV_NL_NAME_SIZE + 3 * nla_total_size(sizeof(u32)) +
			  plan->nr_functions * FV_NL_FUNCTION_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_iput(skb, info);
	if (!hdr || nla_put_string(skb, FPGA_VFIO_A_FENCE_BDF, pci_name(dev->core.pdev)) ||
	    (op && nla_put_u32(skb, FPGA_VFIO_A_FENCE_OP, op)) ||
	    nla_put_string(skb, FPGA_VFIO_A_FENCE_PORT, pci_name(dev->card->port)) ||
	    nla_put_u32(skb, FPGA_VFIO_A_FENCE_TIMEOUT_MS, limit_ms) ||
	    (is_link_disabled && nla_put_flag(skb, FPGA_VFIO_A_FENCE_LINK_DISABLED)) ||
	    fv_nl_put_functions(skb, FPGA_VFIO_A_FENCE_FUNCTION, plan)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int fv_nl_fence(struct genl_info *info, struct fv_device *dev,
		       struct fv_reset_report *plan)
{
	struct fv_op *op __free(fv_op_put) = NULL;
	unsigned int limit_ms = FV_SESSION_LIMIT_MS;
	char text[FV_REASON_SIZE] = "";
	bool is_link_disabled = false;
	int ret;

	if (info->attrs[FPGA_VFIO_A_FENCE_TIMEOUT_MS])
		limit_ms = nla_get_u32(info->attrs[FPGA_VFIO_A_FENCE_TIMEOUT_MS]);
	ret = fv_session_preview(dev, plan, &is_link_disabled, text, sizeof(text));
	if (ret && (info->attrs[FPGA_VFIO_A_FENCE_DRY_RUN] || !dev->card)) {
		fv_nl_refuse(info, dev, ret, *text ? text : "not fenced", FPGA_VFIO_A_FENCE_REFUSAL,
			     &plan->refusal);
		return ret;
	}
	if (info->attrs[FPGA_VFIO_A_FENCE_DRY_RUN])
		return fv_nl_reply_fence(info, dev, limit_ms, plan, is_link_disabled, 0);

	/* Feasibility is checked when the operation runs. */
	op = fv_op_alloc(dev, &fv_nl_fence_work);
	if (!op)
		return -ENOMEM;
	op->request.portid = info->snd_portid;
	op->request.limit_ms = limit_ms;
	op->request.is_detached = info->attrs[FPGA_VFIO_A_FENCE_DETACHED];
	op->request.is_unused_only = info->attrs[FPGA_VFIO_A_FENCE_UNUSED_ONLY];
	op->request.pid = op->pid;
	strscpy(op->request.comm, op->comm);
	ret = fv_nl_submit(info, op);
	if (ret)
		return ret;
	ret = fv_nl_reply_fence(info, dev, limit_ms, plan, is_link_disabled, op->id);
	return fv_nl_check_reply(op, ret);
}

/**
 * fpga_vfio_nl_fence_doit - Submit a fence of a device's card, or preview it
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context.
 * Return: 0, -ENOMEM, -EMSGSIZE if the reply does not fit, -EOPNOTSUPP if there is no port, or an
 * error of fv_nl_device_of(), fv_nl_submit(), or, for a preview, fv_session_preview().
 */
int fpga_vfio_nl_fence_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_reset_report *plan __free(kfree) = NULL;
	struct fv_device *dev;
	int ret = -ENOMEM;

	dev = fv_nl_device_of(info, FPGA_VFIO_A_FENCE_BDF);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	plan = kzalloc_obj(*plan);
	if (plan)
		ret = fv_nl_fence(info, dev, plan);
	fv_device_put(dev);
	return ret;
}

static void fv_nl_recover_note(struct fv_op *op)
{
	struct fv_device *dev = op->dev;

	scoped_guard(mutex, &fv_registry_lock) {
		op->has_card_state = true;
		op->card_state = dev->state;
		strscpy(op->reason, dev->reason);
	}
	op->has_after = !fv_link_read(dev->card->port, dev->card->function_cap, &op->after);
}

static int fv_nl_recover_run(struct fv_op *op)
{
	struct fv_wait wait;
	int ret, paused = 0;

	/* The card is being opened or bound: that ends. */
	fv_wait_begin(&wait, FV_NL_RECOVER_AGAIN_MS);
	do {
		ret = fv_session_end(op->dev, &op->request, &op->report, &op->times, op->text,
				     sizeof(op->text));
		if (ret == -EAGAIN)
			paused = fv_wait_ms(FV_NL_RECOVER_PAUSE_MS) ?: fv_wait_pause(&wait);
	} while (ret == -EAGAIN && !paused);
	if (paused == -EINTR)
		ret = -EINTR;
	if (ret && *op->text) {
		op->refusal = op->report.refusal;
		if (ret == -EBUSY)
			fv_nl_op_refuse_fenced(op);
		return ret;
	}
	fv_nl_recover_note(op);
	if (ret)
		fv_nl_op_take_text(op, ret, "not recovered");
	return ret;
}

static const struct fv_op_work fv_nl_recover_work = {
	.kind = FPGA_VFIO_OP_KIND_RECOVER,
	.origin = FPGA_VFIO_ORIGIN_NETLINK,
	.run = fv_nl_recover_run,
};

static int fv_nl_reply_recover(struct genl_info *info, struct fv_device *dev,
			       const struct fv_reset_report *plan, u32 op)
{
	struct sk_buff *skb;
	void *hdr;

	skb = genlmsg_new(FV_NL_NAME_SIZE + nla_total_size(sizeof(u32)) +
			  plan->nr * FV_NL_STEP_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_iput(skb, info);
	if (!hdr || nla_put_string(skb, FPGA_VFIO_A_RECOVER_BDF, pci_name(dev->core.pdev)) ||
	    (op && nla_put_u32(skb, FPGA_VFIO_A_RECOVER_OP, op)) ||
	    fv_nl_put_steps(skb, FPGA_VFIO_A_RECOVER_STEP, plan, true, true)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int fv_nl_recover(struct genl_info *info, struct fv_device *dev,
			 struct fv_reset_report *plan)
{
	struct fv_op *op __free(fv_op_put) = NULL;
	int ret = fv_recover_plan(dev, plan);

	if (ret && (info->attrs[FPGA_VFIO_A_RECOVER_DRY_RUN] || !dev->card)) {
		fv_nl_refuse(info, dev, ret, plan->nr && *plan->steps[0].text ?
			     plan->steps[0].text : "no port above it",
			     FPGA_VFIO_A_RECOVER_REFUSAL, &plan->steps[0].refusal);
		return ret;
	}
	if (ret)
		plan->nr = 0;
	if (info->attrs[FPGA_VFIO_A_RECOVER_DRY_RUN])
		return fv_nl_reply_recover(info, dev, plan, 0);

	op = fv_op_alloc(dev, &fv_nl_recover_work);
	if (!op)
		return -ENOMEM;
	op->request.portid = info->snd_portid;
	op->request.is_forced = info->attrs[FPGA_VFIO_A_RECOVER_FORCE];
	ret = fv_nl_submit(info, op);
	if (ret)
		return ret;
	return fv_nl_check_reply(op, fv_nl_reply_recover(info, dev, plan, op->id));
}

/**
 * fpga_vfio_nl_recover_doit - Submit the recovery of a device's card, or preview it
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context.
 * Return: 0, -ENOMEM, -EMSGSIZE if the reply does not fit, -EOPNOTSUPP if there is no port, or an
 * error of fv_nl_device_of(), fv_nl_submit(), or, for a preview, fv_recover_plan().
 */
int fpga_vfio_nl_recover_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_reset_report *plan __free(kfree) = NULL;
	struct fv_device *dev;
	int ret = -ENOMEM;

	dev = fv_nl_device_of(info, FPGA_VFIO_A_RECOVER_BDF);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	plan = kzalloc_obj(*plan);
	if (plan)
		ret = fv_nl_recover(info, dev, plan);
	fv_device_put(dev);
	return ret;
}

/**
 * fpga_vfio_nl_release_doit - Ask the VFIO user to release a device
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context.
 * Return: 0, or an error of fv_nl_device_of().
 */
int fpga_vfio_nl_release_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_device *dev = fv_nl_device_of(info, FPGA_VFIO_A_DEVICE_BDF);

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	if (READ_ONCE(dev->core.vdev.open_count))
		vfio_pci_core_request(&dev->core.vdev, 0);
	fv_device_put(dev);
	return 0;
}
