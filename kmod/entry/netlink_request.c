// SPDX-License-Identifier: GPL-2.0
/* Sender and device of a request, and the reason of a refusal. */
#include <linux/capability.h>
#include <linux/fpga_vfio.h>
#include <linux/pci.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>

#include "base/registry.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_put.h"
#include "entry/netlink_request.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "recover/operation.h"

/**
 * fv_nl_is_admin - Check for the privilege to access hardware
 * @request: the request, of a doit or a dump
 *
 * CAP_NET_ADMIN is not enough: containers get it to configure their network. Both the opener of the
 * socket and the caller need the capability. Its lack is not audited, as most requests only
 * read and are answered anyway.
 *
 * Context: Process context, of the caller.
 * Return: True if both have CAP_SYS_ADMIN in the initial user namespace.
 */
bool fv_nl_is_admin(struct sk_buff *request)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN) &&
	       netlink_capable(request, CAP_SYS_ADMIN);
}

/**
 * fpga_vfio_nl_admin_pre_doit - Refuse a command without CAP_SYS_ADMIN
 * @ops: the command
 * @skb: the request
 * @info: its attributes
 *
 * Runs before any lookup, so that the error does not show which devices exist.
 *
 * Context: Process context.
 * Return: 0, or -EPERM without CAP_SYS_ADMIN.
 */
int fpga_vfio_nl_admin_pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
				struct genl_info *info)
{
	if (fv_nl_is_admin(skb))
		return 0;
	NL_SET_ERR_MSG(info->extack, "needs CAP_SYS_ADMIN in the initial user namespace");
	return -EPERM;
}

/* Without memory, programs have the errno alone. */
static void fv_nl_tell_refusal(struct genl_info *info, int attr, const struct fv_refusal *refusal)
{
	struct sk_buff *skb;
	void *hdr;

	skb = genlmsg_new(FV_NL_REFUSAL_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_iput(skb, info);
	if (!hdr || fv_nl_put_refusal(skb, attr, refusal, true)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_reply(skb, info);
}

/**
 * fv_nl_refuse - Say why a command is refused
 * @info: the request, of a caller with CAP_SYS_ADMIN
 * @dev: the device
 * @error: error of the command; for -EBUSY the owner of a fence session replaces the cause
 * @text: the cause, for people: goes with the error that the command returns
 * @attr: the command's attribute for @refusal
 * @refusal: the cause, for programs: sent in a message before the error
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_nl_refuse(struct genl_info *info, struct fv_device *dev, int error, const char *text,
		  int attr, const struct fv_refusal *refusal)
{
	struct fv_refusal told = *refusal;
	char owner[FV_REASON_SIZE];

	if (error == -EBUSY) {
		guard(mutex)(&fv_registry_lock);
		if (fv_card_owner(dev->card, owner, sizeof(owner))) {
			fv_card_refuse_fenced(dev->card, &told);
			text = owner;
		}
	}
	NL_SET_ERR_MSG_FMT(info->extack, "%s: %s", pci_name(dev->core.pdev), text);
	if (told.reason)
		fv_nl_tell_refusal(info, attr, &told);
}

/**
 * fv_nl_op_refuse_fenced - Say that an operation was refused for a fence session, if there is one
 * @op: the operation, which runs
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_nl_op_refuse_fenced(struct fv_op *op)
{
	struct fv_card *card = op->dev->card;

	guard(mutex)(&fv_registry_lock);
	if (!fv_card_owner(card, op->holders, sizeof(op->holders)))
		return;
	fv_card_refuse_fenced(card, &op->refusal);
}

/**
 * fv_nl_op_take_text - Take error text and refusal of an operation from its report
 * @op: the operation, which runs
 * @error: its error
 * @otherwise: text if the report has none
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_nl_op_take_text(struct fv_op *op, int error, const char *otherwise)
{
	const struct fv_reset_step *step = fv_reset_failed_step(&op->report, error);

	strscpy(op->text, step && *step->text ? step->text : otherwise);
	if (step) {
		strscpy(op->holders, step->holders);
		op->refusal = step->refusal;
	}
	if (error == -EBUSY)
		fv_nl_op_refuse_fenced(op);
}

/**
 * fv_nl_device_of - Get the device of a request
 * @info: the request
 * @attr: the attribute with its address
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, to release by fv_device_put(), or ERR_PTR(): -EINVAL without an
 * address, -ENODEV if no device of that address is bound to this driver.
 */
struct fv_device *fv_nl_device_of(struct genl_info *info, int attr)
{
	struct fv_device *dev;
	const char *bdf;

	if (GENL_REQ_ATTR_CHECK(info, attr)) {
		NL_SET_ERR_MSG(info->extack, "no PCI address given");
		return ERR_PTR(-EINVAL);
	}
	bdf = nla_data(info->attrs[attr]);
	dev = fv_device_get(bdf);
	if (dev)
		return dev;
	NL_SET_ERR_MSG_FMT(info->extack, "%s: not bound to fpga_vfio_pci", bdf);
	return ERR_PTR(-ENODEV);
}

/**
 * fv_nl_submit - Submit the operation of a request
 * @info: the request
 * @op: the operation
 *
 * Context: Process context.
 * Return: 0, or an error of fv_op_submit().
 */
int fv_nl_submit(struct genl_info *info, struct fv_op *op)
{
	int ret = fv_op_submit(op);

	if (ret == -ENODEV)
		NL_SET_ERR_MSG_FMT(info->extack, "%s: being unbound", op->bdf);
	else if (ret == -ENOBUFS)
		NL_SET_ERR_MSG_FMT(info->extack, "%s: %u operations wait for its card already",
				   op->bdf, FV_OPS_WAITING);
	return ret;
}

/**
 * fv_nl_check_reply - Cancel an operation of which its requester does not learn
 * @op: the operation, submitted
 * @error: result of the reply
 *
 * Context: Process context.
 * Return: @error.
 */
int fv_nl_check_reply(struct fv_op *op, int error)
{
	char text[FV_REASON_SIZE];

	if (error)
		fv_op_cancel(op, text, sizeof(text));
	return error;
}
