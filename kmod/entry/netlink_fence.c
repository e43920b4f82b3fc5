// SPDX-License-Identifier: GPL-2.0
/* Netlink commands fence, recover and release. */
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
#include "recover/fence_session.h"
#include "recover/recover.h"
#include "reset/reset.h"

static int fv_nl_reply_fence(struct genl_info *info, struct fv_device *dev, unsigned int limit_ms,
			     const struct fv_reset_report *report, bool is_link_disabled)
{
	struct sk_buff *skb;
	unsigned int i;
	void *hdr;

	skb = genlmsg_new(2 * FV_NL_NAME_SIZE + 2 * nla_total_size(sizeof(u32)) +
			  report->nr_functions * FV_NL_FUNCTION_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_iput(skb, info);
	if (!hdr || nla_put_string(skb, FPGA_VFIO_A_FENCE_BDF, pci_name(dev->core.pdev)) ||
	    nla_put_string(skb, FPGA_VFIO_A_FENCE_PORT, pci_name(dev->card->port)) ||
	    nla_put_u32(skb, FPGA_VFIO_A_FENCE_TIMEOUT_MS, limit_ms) ||
	    (is_link_disabled && nla_put_flag(skb, FPGA_VFIO_A_FENCE_LINK_DISABLED)))
		goto err;
	for (i = 0; i < report->nr_functions; i++)
		if (fv_nl_put_function(skb, FPGA_VFIO_A_FENCE_FUNCTION, &report->functions[i]))
			goto err;
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);

err:
	nlmsg_free(skb);
	return -EMSGSIZE;
}

/**
 * fpga_vfio_nl_fence_doit - Fence a device's card, or preview that
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context, may sleep.
 * Return: 0, -ENOMEM, -EMSGSIZE if the reply does not fit, or an error of fv_nl_device_of() or
 * fv_session_begin().
 */
int fpga_vfio_nl_fence_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_session_request request = {
		.portid = info->snd_portid,
		.limit_ms = FV_SESSION_LIMIT_MS,
		.is_detached = info->attrs[FPGA_VFIO_A_FENCE_DETACHED],
	};
	struct fv_reset_report *report __free(kfree) = NULL;
	bool is_link_disabled = false;
	char text[FV_REASON_SIZE] = "";
	struct fv_device *dev;
	int ret = -ENOMEM;

	if (info->attrs[FPGA_VFIO_A_FENCE_TIMEOUT_MS])
		request.limit_ms = nla_get_u32(info->attrs[FPGA_VFIO_A_FENCE_TIMEOUT_MS]);

	dev = fv_nl_device_of(info, FPGA_VFIO_A_FENCE_BDF);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	report = kzalloc_obj(*report);
	if (report)
		ret = fv_session_begin(dev, &request, info->attrs[FPGA_VFIO_A_FENCE_DRY_RUN],
				       report, &is_link_disabled, text, sizeof(text));
	if (ret)
		fv_nl_refuse(info, dev, ret, *text ? text : "not fenced");
	else
		ret = fv_nl_reply_fence(info, dev, request.limit_ms, report, is_link_disabled);
	fv_device_put(dev);
	return ret;
}

static int fv_nl_put_recovery(struct sk_buff *skb, struct fv_device *dev,
			      const struct fv_recover_times *times)
{
	struct fv_link link;

	scoped_guard(mutex, &fv_registry_lock) {
		if (nla_put_u32(skb, FPGA_VFIO_A_RECOVER_STATE, dev->state) ||
		    (*dev->reason &&
		     nla_put_string(skb, FPGA_VFIO_A_RECOVER_REASON, dev->reason)))
			return -EMSGSIZE;
	}
	if (!fv_link_read(dev->card->port, dev->card->function_cap, &link) &&
	    fv_nl_put_link(skb, FPGA_VFIO_A_RECOVER_LINK, &link))
		return -EMSGSIZE;
	if ((times->link_ns && nla_put_uint(skb, FPGA_VFIO_A_RECOVER_LINK_NS, times->link_ns)) ||
	    (times->ready_ns && nla_put_uint(skb, FPGA_VFIO_A_RECOVER_READY_NS, times->ready_ns)))
		return -EMSGSIZE;
	return nla_put_uint(skb, FPGA_VFIO_A_RECOVER_DURATION_NS, times->total_ns);
}

/* @times is NULL for a preview. */
static int fv_nl_reply_recover(struct genl_info *info, struct fv_device *dev,
			       const struct fv_reset_report *report,
			       const struct fv_recover_times *times)
{
	struct sk_buff *skb;
	unsigned int i;
	void *hdr;

	skb = genlmsg_new(FV_NL_NAME_SIZE + report->nr * FV_NL_STEP_SIZE +
			  nla_total_size(sizeof(u32)) + nla_total_size(FV_REASON_SIZE) +
			  FV_NL_LINK_SIZE + 3 * nla_total_size(sizeof(u64)), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_iput(skb, info);
	if (!hdr || nla_put_string(skb, FPGA_VFIO_A_RECOVER_BDF, pci_name(dev->core.pdev)))
		goto err;
	for (i = 0; i < report->nr; i++)
		if (fv_nl_put_step(skb, FPGA_VFIO_A_RECOVER_STEP, report, &report->steps[i],
				   !times))
			goto err;
	if (times && fv_nl_put_recovery(skb, dev, times))
		goto err;
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);

err:
	nlmsg_free(skb);
	return -EMSGSIZE;
}

static int fv_nl_recover_plan(struct genl_info *info, struct fv_device *dev,
			      struct fv_reset_report *report)
{
	int ret = fv_recover_plan(dev, report);

	if (ret) {
		fv_nl_refuse(info, dev, ret, "no port of its own");
		return ret;
	}
	return fv_nl_reply_recover(info, dev, report, NULL);
}

static int fv_nl_recover(struct genl_info *info, struct fv_device *dev,
			 struct fv_reset_report *report)
{
	struct fv_session_request request = {
		.portid = info->snd_portid,
		.is_forced = info->attrs[FPGA_VFIO_A_RECOVER_FORCE],
	};
	const struct fv_reset_step *last;
	struct fv_recover_times times;
	char text[FV_REASON_SIZE];
	int ret, sent;

	ret = fv_session_end(dev, &request, report, &times, text, sizeof(text));
	if (ret && *text) {
		fv_nl_refuse(info, dev, ret, text);
		return ret;
	}
	sent = fv_nl_reply_recover(info, dev, report, &times);
	last = report->nr ? &report->steps[report->nr - 1] : NULL;
	if (ret)
		fv_nl_refuse(info, dev, ret, last && *last->text ? last->text : "not recovered");
	return ret ?: sent;
}

/**
 * fpga_vfio_nl_recover_doit - Recover a device's card, or preview that
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context, may sleep for the policy's limits.
 * Return: 0, -ENOMEM, -EMSGSIZE if the reply does not fit, or an error of fv_nl_device_of(),
 * fv_session_end() or fv_recover_plan().
 */
int fpga_vfio_nl_recover_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_reset_report *report __free(kfree) = NULL;
	struct fv_device *dev;
	int ret = -ENOMEM;

	dev = fv_nl_device_of(info, FPGA_VFIO_A_RECOVER_BDF);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	report = kzalloc_obj(*report);
	if (report && info->attrs[FPGA_VFIO_A_RECOVER_DRY_RUN])
		ret = fv_nl_recover_plan(info, dev, report);
	else if (report)
		ret = fv_nl_recover(info, dev, report);
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
