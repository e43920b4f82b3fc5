// SPDX-License-Identifier: GPL-2.0
/* Netlink commands op-get and op-cancel, and the events of operations. */
#include <linux/fpga_vfio.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "base/compat.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_op.h"
#include "entry/netlink_put.h"
#include "entry/netlink_request.h"
#include "recover/operation.h"

/* Message space for an operation without its result. */
#define FV_NL_OP_SIZE								\
	(2 * FV_NL_NAME_SIZE + 10 * nla_total_size(sizeof(u64)) +		\
	 nla_total_size(TASK_COMM_LEN) + FV_NL_REFUSAL_SIZE +			\
	 nla_total_size(FPGA_VFIO_NAME_MAX + 2 + FV_REASON_SIZE))

/* Message space for a step that was tried: without functions. */
#define FV_NL_STEP_DONE_SIZE							\
	nla_total_size(3 * nla_total_size(sizeof(u64)) + nla_total_size(FV_REASON_SIZE) +	\
		       FV_NL_REFUSAL_SIZE)

/* Message space for the largest result, and more. */
#define FV_NL_RESULT_SIZE							\
	((FV_RESET_METHODS + 1) * FV_NL_STEP_DONE_SIZE + FV_SCOPE_MAX * FV_NL_FUNCTION_SIZE +	\
	 2 * FV_NL_LINK_SIZE + nla_total_size(FV_REASON_SIZE) + 7 * nla_total_size(sizeof(u64)))

/* The family of the events; set once, before any. */
static const struct genl_family *fv_nl_op_family;

/* What an operation that has ended came to, without what its kind alone has. */
static int fv_nl_put_end(struct sk_buff *skb, const struct fv_op *op, bool is_admin)
{
	const char *why = is_admin && *op->holders ? op->holders : op->text;
	/* A link is named by its port. */
	const char *object = op->has_after && op->work->kind == FPGA_VFIO_OP_KIND_RETRAIN ?
			     fv_op_port(op) : op->bdf;
	char text[FPGA_VFIO_NAME_MAX + 2 + FV_REASON_SIZE];

	if (!op->error)
		return 0;
	snprintf(text, sizeof(text), "%s: %s", object, why);
	if (nla_put_u32(skb, FPGA_VFIO_A_OP_ERROR, -op->error) ||
	    (*why && nla_put_string(skb, FPGA_VFIO_A_OP_TEXT, text)))
		return -EMSGSIZE;
	return fv_nl_put_refusal(skb, FPGA_VFIO_A_OP_REFUSAL, &op->refusal, is_admin);
}

static int fv_nl_put_op(struct sk_buff *skb, struct fv_op *op, const struct fv_op_status *status,
			bool is_admin)
{
	if (nla_put_u32(skb, FPGA_VFIO_A_OP_ID, op->id) ||
	    nla_put_string(skb, FPGA_VFIO_A_OP_PORT, fv_op_port(op)) ||
	    nla_put_string(skb, FPGA_VFIO_A_OP_BDF, op->bdf) ||
	    nla_put_u32(skb, FPGA_VFIO_A_OP_KIND, op->work->kind) ||
	    nla_put_u32(skb, FPGA_VFIO_A_OP_ORIGIN, op->work->origin) ||
	    nla_put_u32(skb, FPGA_VFIO_A_OP_STATE, status->state) ||
	    nla_put_uint(skb, FPGA_VFIO_A_OP_ELAPSED_NS, status->elapsed_ns) ||
	    (status->is_cancelled && nla_put_flag(skb, FPGA_VFIO_A_OP_CANCELLED)))
		return -EMSGSIZE;
	if (is_admin && op->pid && (nla_put_u32(skb, FPGA_VFIO_A_OP_PID, op->pid) ||
				    nla_put_string(skb, FPGA_VFIO_A_OP_COMM, op->comm)))
		return -EMSGSIZE;
	if (status->has_phase &&
	    ((status->method != FV_METHOD_NONE &&
	      nla_put_u32(skb, FPGA_VFIO_A_OP_METHOD, status->method)) ||
	     nla_put_u32(skb, FPGA_VFIO_A_OP_PHASE, status->phase)))
		return -EMSGSIZE;
	return status->state == FPGA_VFIO_OP_STATE_ENDED ? fv_nl_put_end(skb, op, is_admin) : 0;
}

static int fv_nl_put_retrain(struct sk_buff *skb, const struct fv_op *op)
{
	if (!op->has_after)
		return 0;
	return fv_nl_put_link(skb, FPGA_VFIO_A_OP_BEFORE, &op->before) ||
	       fv_nl_put_link(skb, FPGA_VFIO_A_OP_AFTER, &op->after) ||
	       nla_put_u32(skb, FPGA_VFIO_A_OP_ATTEMPTS, op->attempts) ? -EMSGSIZE : 0;
}

static int fv_nl_put_fenced(struct sk_buff *skb, const struct fv_op *op)
{
	if (op->error)
		return 0;
	if (nla_put_u32(skb, FPGA_VFIO_A_OP_TIMEOUT_MS, op->request.limit_ms) ||
	    (op->is_link_disabled && nla_put_flag(skb, FPGA_VFIO_A_OP_LINK_DISABLED)))
		return -EMSGSIZE;
	return fv_nl_put_functions(skb, FPGA_VFIO_A_OP_FUNCTION, &op->report);
}

static int fv_nl_put_recovery(struct sk_buff *skb, const struct fv_op *op)
{
	const struct fv_recover_times *times = &op->times;

	if (!op->has_card_state)
		return 0;
	return nla_put_u32(skb, FPGA_VFIO_A_OP_CARD_STATE, op->card_state) ||
	       (*op->reason && nla_put_string(skb, FPGA_VFIO_A_OP_CARD_REASON, op->reason)) ||
	       (op->has_after && fv_nl_put_link(skb, FPGA_VFIO_A_OP_AFTER, &op->after)) ||
	       (times->link_ns && nla_put_uint(skb, FPGA_VFIO_A_OP_LINK_NS, times->link_ns)) ||
	       (times->ready_ns && nla_put_uint(skb, FPGA_VFIO_A_OP_READY_NS, times->ready_ns)) ||
	       nla_put_uint(skb, FPGA_VFIO_A_OP_DURATION_NS, times->total_ns) ? -EMSGSIZE : 0;
}

static int fv_nl_put_result(struct sk_buff *skb, const struct fv_op *op, bool is_admin)
{
	if (fv_nl_put_steps(skb, FPGA_VFIO_A_OP_STEP, &op->report, false, is_admin))
		return -EMSGSIZE;
	switch (op->work->kind) {
	case FPGA_VFIO_OP_KIND_RETRAIN:
		return fv_nl_put_retrain(skb, op);
	case FPGA_VFIO_OP_KIND_FENCE:
		return fv_nl_put_fenced(skb, op);
	case FPGA_VFIO_OP_KIND_RECOVER:
		return fv_nl_put_recovery(skb, op);
	default:
		return 0;
	}
}

static int fv_nl_put_whole(struct sk_buff *skb, struct fv_op *op, bool is_admin)
{
	struct fv_op_status status;

	fv_op_status(op, &status);
	if (fv_nl_put_op(skb, op, &status, is_admin))
		return -EMSGSIZE;
	return status.state == FPGA_VFIO_OP_STATE_ENDED ? fv_nl_put_result(skb, op, is_admin) : 0;
}

static struct fv_op *fv_nl_op_of(struct genl_info *info)
{
	struct fv_op *op;
	u32 id;

	if (GENL_REQ_ATTR_CHECK(info, FPGA_VFIO_A_OP_ID)) {
		NL_SET_ERR_MSG(info->extack, "no operation given");
		return ERR_PTR(-EINVAL);
	}
	id = nla_get_u32(info->attrs[FPGA_VFIO_A_OP_ID]);
	op = fv_op_find(id);
	if (op)
		return op;
	NL_SET_ERR_MSG_FMT(info->extack, "operation %u: unknown or too old", id);
	return ERR_PTR(-ENOENT);
}

/**
 * fpga_vfio_nl_op_get_doit - Read an operation
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context.
 * Return: 0, -EINVAL without a number, -ENOENT if there is no operation of that number any more,
 * -ENOMEM, -EMSGSIZE if the reply does not fit.
 */
int fpga_vfio_nl_op_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_op *op = fv_nl_op_of(info);
	struct sk_buff *reply;
	int ret = -EMSGSIZE;
	void *hdr;

	if (IS_ERR(op))
		return PTR_ERR(op);
	reply = genlmsg_new(FV_NL_OP_SIZE + FV_NL_RESULT_SIZE, GFP_KERNEL);
	if (!reply) {
		fv_op_put(op);
		return -ENOMEM;
	}
	hdr = genlmsg_iput(reply, info);
	if (hdr)
		ret = fv_nl_put_whole(reply, op, fv_nl_is_admin(skb));
	fv_op_put(op);
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/**
 * fpga_vfio_nl_op_get_start - Have the messages of a dump hold any operation
 * @cb: the dump
 *
 * Context: Process context.
 * Return: 0.
 */
int fpga_vfio_nl_op_get_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = NLMSG_HDRLEN + GENL_HDRLEN + FV_NL_OP_SIZE + FV_NL_RESULT_SIZE;
	return 0;
}

/**
 * fpga_vfio_nl_op_get_dumpit - Read all operations
 * @skb: the message to fill
 * @cb: the dump; its first argument is the number of the next operation
 *
 * Context: Process context.
 * Return: Length of the message; 0 ends the dump.
 */
int fpga_vfio_nl_op_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);
	bool is_admin = fv_nl_is_admin(cb->skb);
	struct fv_op *op;
	void *hdr;
	int ret;

	while (cb->args[0] <= U32_MAX && (op = fv_op_find_next(cb->args[0]))) {
		hdr = genlmsg_put(skb, info->snd_portid, info->snd_seq, info->family, NLM_F_MULTI,
				  FPGA_VFIO_CMD_OP_GET);
		ret = hdr ? fv_nl_put_whole(skb, op, is_admin) : -EMSGSIZE;
		if (!ret) {
			genlmsg_end(skb, hdr);
			cb->args[0] = (long)op->id + 1;
		} else if (hdr) {
			genlmsg_cancel(skb, hdr);
		}
		fv_op_put(op);
		if (ret)
			return skb->len ?: ret;
	}
	return skb->len;
}

/**
 * fpga_vfio_nl_op_cancel_doit - Have an operation end early
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context.
 * Return: 0, or an error of fv_nl_op_of() or fv_op_cancel().
 */
int fpga_vfio_nl_op_cancel_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_op *op = fv_nl_op_of(info);
	char text[FV_REASON_SIZE];
	int ret;

	if (IS_ERR(op))
		return PTR_ERR(op);
	ret = fv_op_cancel(op, text, sizeof(text));
	if (ret)
		NL_SET_ERR_MSG_FMT(info->extack, "%s", text);
	fv_op_put(op);
	return ret;
}

static void fv_nl_op_to(unsigned int group, u8 cmd, struct fv_op *op)
{
	struct fv_op_status status;
	struct sk_buff *skb;
	void *hdr;

	if (!genl_has_listeners(fv_nl_op_family, &init_net, group))
		return;
	skb = genlmsg_new(FV_NL_OP_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	fv_op_status(op, &status);
	hdr = genlmsg_put(skb, 0, 0, fv_nl_op_family, 0, cmd);
	if (!hdr || WARN_ON_ONCE(fv_nl_put_op(skb, op, &status,
					      group == FPGA_VFIO_NLGRP_OPS_ADMIN))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast(fv_nl_op_family, skb, 0, group, GFP_KERNEL);
}

static void fv_nl_op_tell(u8 cmd, struct fv_op *op)
{
	fv_nl_op_to(FPGA_VFIO_NLGRP_OPS, cmd, op);
	fv_nl_op_to(FPGA_VFIO_NLGRP_OPS_ADMIN, cmd, op);
}

static void fv_nl_op_begun(struct fv_op *op)
{
	fv_nl_op_tell(FPGA_VFIO_CMD_OP_BEGUN, op);
}

static void fv_nl_op_progressed(struct fv_op *op)
{
	fv_nl_op_tell(FPGA_VFIO_CMD_OP_PROGRESS, op);
}

static void fv_nl_op_ended(struct fv_op *op)
{
	fv_nl_op_tell(FPGA_VFIO_CMD_OP_ENDED, op);
}

const struct fv_op_observer fv_nl_op_observer = {
	.begun = fv_nl_op_begun,
	.progressed = fv_nl_op_progressed,
	.ended = fv_nl_op_ended,
};

/**
 * fv_nl_op_init - Set the family that sends the events of operations
 * @family: the registered family
 *
 * Context: Process context, before the first operation.
 */
void __init fv_nl_op_init(const struct genl_family *family)
{
	fv_nl_op_family = family;
}
