// SPDX-License-Identifier: GPL-2.0
/* Recover a card: plan, steps, result and timing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "model/card.h"
#include "model/recovery.h"
#include "model/reset_plan.h"
#include "model/session.h"
#include "netlink/op.h"
#include "output/out.h"
#include "output/progress.h"
#include "util/duration.h"
#include "util/err.h"

static bool get_time(uint64_t *ns, const struct nlattr *attr)
{
	*ns = fv_nl_get_uint(attr);
	return attr;
}

static void on_plan(struct nlmsghdr *hdr, void *data)
{
	struct recovery *r = data;

	reset_plan_parse(&r->steps, hdr, FPGA_VFIO_A_RECOVER_STEP);
	refusal_find(&r->steps.refusal, hdr, FPGA_VFIO_A_RECOVER_REFUSAL);
}

static void on_result(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_OP_MAX + 1] = {
		[FPGA_VFIO_A_OP_CARD_STATE] = { .type = NLA_U32 },
		[FPGA_VFIO_A_OP_CARD_REASON] = { .type = NLA_STRING },
		[FPGA_VFIO_A_OP_AFTER] = { .type = NLA_NESTED },
		[FPGA_VFIO_A_OP_LINK_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_OP_READY_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_OP_DURATION_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
	};
	struct nlattr *tb[FPGA_VFIO_A_OP_MAX + 1];
	struct recovery *r = data;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_OP_MAX, policy))
		return;
	reset_plan_parse(&r->steps, hdr, FPGA_VFIO_A_OP_STEP);
	r->has_state = tb[FPGA_VFIO_A_OP_CARD_STATE];
	r->state = fv_nl_get_u32(tb[FPGA_VFIO_A_OP_CARD_STATE]);
	r->reason = fv_nl_get_text(tb[FPGA_VFIO_A_OP_CARD_REASON]);
	r->has_link = card_parse_link(&r->link, tb[FPGA_VFIO_A_OP_AFTER]);
	r->has_link_time = get_time(&r->link_ns, tb[FPGA_VFIO_A_OP_LINK_NS]);
	r->has_ready_time = get_time(&r->ready_ns, tb[FPGA_VFIO_A_OP_READY_NS]);
	r->has_duration = get_time(&r->duration_ns, tb[FPGA_VFIO_A_OP_DURATION_NS]);
}

static struct nl_msg *message(struct recovery *r, struct fv_nl *nl,
			      const struct recovery_request *request)
{
	struct nl_msg *msg = fv_nl_message(nl, FPGA_VFIO_CMD_RECOVER, 0);

	memset(r, 0, sizeof(*r));
	nla_put_string(msg, FPGA_VFIO_A_RECOVER_BDF, request->bdf);
	if (request->is_forced)
		nla_put_flag(msg, FPGA_VFIO_A_RECOVER_FORCE);
	return msg;
}

/**
 * recovery_plan() - Preview the recovery of a card.
 * @r: result; free with recovery_free() on success and on failure
 * @nl: an open connection
 * @request: the request
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: 0 or a negative errno of fv_nl_call().
 */
int recovery_plan(struct recovery *r, struct fv_nl *nl, const struct recovery_request *request,
		  char **why)
{
	struct nl_msg *msg = message(r, nl, request);

	nla_put_flag(msg, FPGA_VFIO_A_RECOVER_DRY_RUN);
	return fv_nl_call(nl, msg, on_plan, r, why);
}

/**
 * recovery_run() - Recover a card and show the elapsed time.
 * @r: result, also set if the card does not come back; free with recovery_free()
 * @nl: an open connection; the one that owns the card's fence session, if there is an owner
 * @request: the request
 * @limit_ms: time limit for the progress line, or 0 if unknown
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: 0 if the card is ready, or a negative errno of op_run(); -EPROTO if the driver
 * sent no result.
 */
int recovery_run(struct recovery *r, struct fv_nl *nl, const struct recovery_request *request,
		 unsigned long limit_ms, char **why)
{
	struct progress progress;
	struct op op;
	int ret;

	progress_start(&progress, request->bdf, request->what, limit_ms);
	ret = op_run(&op, nl, &(struct op_request){
		.bdf = request->bdf, .msg = message(r, nl, request),
		.id_attr = FPGA_VFIO_A_RECOVER_OP, .answer = on_result, .data = r,
	}, why);
	progress_stop(&progress);
	r->steps.refusal = op.refusal;
	if (ret || r->has_state)
		return ret;
	*why = util_strdup("driver returned no result");
	return -EPROTO;
}

/* True if the fence is another owner's, and --force was not given. */
static bool lacks_consent(const struct recovery *r, int ret)
{
	return ret == -EBUSY && r->steps.refusal.reason == FPGA_VFIO_REFUSAL_FENCED;
}

/* Exit code for the error @ret; the resulting card state takes precedence. */
int recovery_code(const struct recovery *r, int ret)
{
	if (!r->has_state && lacks_consent(r, ret))
		return FV_CONSENT;
	if (!r->has_state || ret == -ECANCELED)
		return fv_nl_code(ret);
	return r->state == FPGA_VFIO_CARD_STATE_CHANGED ? FV_CHANGED : FV_GONE;
}

/* Hint after a failed recovery; to be freed by the caller. */
char *recovery_next_step(const struct recovery *r, int ret, const char *bdf)
{
	char *hint;

	if (recovery_code(r, ret) == FV_CHANGED)
		return util_printf("The card stays fenced. To use the new image: fpgactl rescan %s\n"
				   "To go back, load the old image, then: fpgactl recover %s",
				   bdf, bdf);
	if (ret == -ECANCELED)
		return util_printf("The driver goes on with the recovery. 'fpgactl link %s' shows the "
				   "state of the card.", bdf);
	if (r->has_state)
		return util_printf("The card stays fenced. 'fpgactl link %s' shows its link. If the "
				   "card has lost its\nimage, load it. Then: fpgactl recover %s",
				   bdf, bdf);
	if (lacks_consent(r, ret))
		return util_printf("The owner of the fence may still be working on the card. To end the "
				   "fence anyway:\nfpgactl recover --force %s", bdf);
	hint = session_next_step(ret, bdf, &r->steps.refusal);
	if (hint)
		return hint;
	if (ret == -EBUSY)
		return util_printf("'fpgactl recover --dry-run %s' shows the functions of the card and "
				   "why it is refused.", bdf);
	return util_printf("'fpgactl link %s' shows the link and the state of the card.", bdf);
}

static struct json_object *value_card(const void *p)
{
	const struct recovery *r = p;

	return r->has_state ? json_object_new_string(card_state_name(r->state)) : NULL;
}

static struct json_object *value_reason(const void *p)
{
	return json_string(((const struct recovery *)p)->reason);
}

/* null if the identity was not checked. */
static struct json_object *value_identity(const void *p)
{
	const struct recovery *r = p;

	if (r->has_state && r->state == FPGA_VFIO_CARD_STATE_CHANGED)
		return json_object_new_string("changed");
	return r->has_state && r->state == FPGA_VFIO_CARD_STATE_READY ?
	       json_object_new_string("same") : NULL;
}

static struct json_object *value_link(const void *p)
{
	const struct recovery *r = p;

	return r->has_link ? portlink_json(&r->link) : NULL;
}

static char *text_link(const void *p)
{
	const struct recovery *r = p;
	autofree char *now = portlink_text(r->link.speed_mts, r->link.width);
	autofree char *most = portlink_text(r->link.max_speed_mts, r->link.max_width);

	if (!r->has_link)
		return util_strdup("");
	if (!r->link.max_speed_mts || !r->link.max_width || !portlink_is_degraded(&r->link))
		return util_strdup(now);
	return util_printf("%s (maximum: %s)", now, most);
}

static char *after(bool has, uint64_t ns)
{
	autofree char *text = duration_ns_text(ns);

	return has ? util_printf("after %s", text) : util_strdup("");
}

static struct json_object *ns_or_null(bool has, uint64_t ns)
{
	return has ? json_object_new_uint64(ns) : NULL;
}

static struct json_object *value_link_time(const void *p)
{
	const struct recovery *r = p;

	return ns_or_null(r->has_link_time, r->link_ns);
}

static char *text_link_time(const void *p)
{
	const struct recovery *r = p;

	return after(r->has_link_time, r->link_ns);
}

static struct json_object *value_ready_time(const void *p)
{
	const struct recovery *r = p;

	return ns_or_null(r->has_ready_time, r->ready_ns);
}

static char *text_ready_time(const void *p)
{
	const struct recovery *r = p;

	return after(r->has_ready_time, r->ready_ns);
}

static struct json_object *value_duration(const void *p)
{
	const struct recovery *r = p;

	return ns_or_null(r->has_duration, r->duration_ns);
}

static char *text_usable(const void *p)
{
	const struct recovery *r = p;

	/* without steps, the card was ready already */
	return after(r->has_duration && r->steps.n && r->state == FPGA_VFIO_CARD_STATE_READY,
		     r->duration_ns);
}

static const struct out_column field[] = {
	{ "Card", "state", NULL, 0, value_card, NULL },
	{ "Reason", "reason", NULL, 0, value_reason, NULL },
	{ "Identity", "identity", NULL, 0, value_identity, NULL },
	{ "Link", "link", NULL, 0, value_link, text_link },
	{ "Link up", "link_up_ns", NULL, 0, value_link_time, text_link_time },
	{ "Answered", "ready_ns", NULL, 0, value_ready_time, text_ready_time },
	{ "Usable", "duration_ns", NULL, 0, value_duration, text_usable },
};

static const struct out_columns fields = { field, ARRAY_SIZE(field) };

/* @columns is already validated. */
void recovery_print(const struct recovery *r, const struct model *m, const char *columns)
{
	if (r->steps.n)
		reset_plan_print(&r->steps, m, columns, false);
	if (r->has_state)
		out_record(&fields, r);
}

/* Add "state", "reason", "identity", "link", "link_up_ns", "ready_ns", "duration_ns", "steps". */
void recovery_add_json(struct json_object *o, const struct recovery *r, const struct model *m)
{
	size_t i;

	for (i = 0; i < fields.n; i++)
		json_object_object_add(o, field[i].key, field[i].value(r));
	json_object_object_add(o, "steps", reset_plan_json(&r->steps, m));
}

void recovery_free(struct recovery *r)
{
	reset_plan_free(&r->steps);
	free(r->reason);
	r->reason = NULL;
}
