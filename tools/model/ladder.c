// SPDX-License-Identifier: GPL-2.0
/* Steps of a reset or recovery, planned or executed. */
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "model/ladder.h"
#include "netlink/op.h"

static const char *const methods[] = {
	[FPGA_VFIO_RESET_METHOD_FLR] = "flr",
	[FPGA_VFIO_RESET_METHOD_PM] = "pm",
	[FPGA_VFIO_RESET_METHOD_HOT] = "hot",
	[FPGA_VFIO_RESET_METHOD_LINK] = "link",
};

/* Names as in the netlink spec; "unknown" for a method added after this program. */
const char *ladder_method_name(unsigned int method)
{
	return method < ARRAY_SIZE(methods) ? methods[method] : "unknown";
}

/* Return LADDER_ANY_METHOD for an unknown name. */
int ladder_find_method(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (!strcmp(methods[i], name))
			return (int)i;
	return LADDER_ANY_METHOD;
}

/* "flr, pm, ..." */
char *ladder_method_names(void)
{
	char *s = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		util_append(&s, "%s%s", i ? ", " : "", methods[i]);
	return s;
}

static unsigned int get_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

/* Ignored if malformed. */
static void parse_step(struct ladder *l, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_RESET_STEP_MAX + 1] = {
		[FPGA_VFIO_A_RESET_STEP_METHOD] = { .type = NLA_U32 },
		[FPGA_VFIO_A_RESET_STEP_ERROR] = { .type = NLA_U32 },
		[FPGA_VFIO_A_RESET_STEP_TEXT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_RESET_STEP_DURATION_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_RESET_STEP_EXPECTED_MS] = { .type = NLA_U32 },
		[FPGA_VFIO_A_RESET_STEP_LIMIT_MS] = { .type = NLA_U32 },
		[FPGA_VFIO_A_RESET_STEP_REFUSAL] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_RESET_STEP_MAX + 1];
	struct ladder_step *s;
	struct nlattr *attr;
	int left;

	if (nla_parse_nested(tb, FPGA_VFIO_A_RESET_STEP_MAX, nest, policy))
		return;
	l->steps = util_grow(l->steps, l->n, sizeof(*s));
	s = &l->steps[l->n++];
	memset(s, 0, sizeof(*s));
	s->has_method = tb[FPGA_VFIO_A_RESET_STEP_METHOD];
	s->method = get_u32(tb[FPGA_VFIO_A_RESET_STEP_METHOD]);
	s->error = (int)get_u32(tb[FPGA_VFIO_A_RESET_STEP_ERROR]);
	if (tb[FPGA_VFIO_A_RESET_STEP_TEXT])
		s->text = util_strdup(nla_get_string(tb[FPGA_VFIO_A_RESET_STEP_TEXT]));
	if (tb[FPGA_VFIO_A_RESET_STEP_DURATION_NS]) {
		s->has_duration = true;
		s->duration_ns = fv_nl_get_uint(tb[FPGA_VFIO_A_RESET_STEP_DURATION_NS]);
	}
	s->expected_ms = get_u32(tb[FPGA_VFIO_A_RESET_STEP_EXPECTED_MS]);
	s->limit_ms = get_u32(tb[FPGA_VFIO_A_RESET_STEP_LIMIT_MS]);
	if (tb[FPGA_VFIO_A_RESET_STEP_REFUSAL])
		refusal_parse(&s->refusal, tb[FPGA_VFIO_A_RESET_STEP_REFUSAL]);
	nla_for_each_nested(attr, nest, left)
		if (nla_type(attr) == FPGA_VFIO_A_RESET_STEP_FUNCTION)
			affected_parse(&s->functions, attr);
}

/**
 * ladder_parse() - Append the steps in a driver reply.
 * @l: list; free with ladder_free()
 * @hdr: the reply
 * @type: attribute of a step
 */
void ladder_parse(struct ladder *l, struct nlmsghdr *hdr, int type)
{
	struct nlattr *attr;
	int left;

	nla_for_each_attr(attr, genlmsg_attrdata(genlmsg_hdr(hdr), 0),
			  genlmsg_attrlen(genlmsg_hdr(hdr), 0), left)
		if (nla_type(attr) == type)
			parse_step(l, attr);
}

static void on_plan(struct nlmsghdr *hdr, void *data)
{
	struct ladder *l = data;

	ladder_parse(l, hdr, FPGA_VFIO_A_RESET_STEP);
	refusal_find(&l->refusal, hdr, FPGA_VFIO_A_RESET_REFUSAL);
}

static void on_result(struct nlmsghdr *hdr, void *data)
{
	ladder_parse(data, hdr, FPGA_VFIO_A_OP_STEP);
}

/**
 * ladder_call() - Reset a device and wait for the end, or preview the reset.
 * @l: result, also set if the reset fails; free with ladder_free()
 * @nl: an open connection
 * @request: the request
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: 0 or a negative errno of fv_nl_call() or op_run().
 */
int ladder_call(struct ladder *l, struct fv_nl *nl, const struct ladder_request *request,
		char **why)
{
	struct nl_msg *msg = fv_nl_message(nl, FPGA_VFIO_CMD_RESET, 0);
	struct op op;
	int ret;

	memset(l, 0, sizeof(*l));
	nla_put_string(msg, FPGA_VFIO_A_RESET_BDF, request->bdf);
	if (request->method != LADDER_ANY_METHOD)
		nla_put_u32(msg, FPGA_VFIO_A_RESET_METHOD, (uint32_t)request->method);
	if (request->is_unused_only)
		nla_put_flag(msg, FPGA_VFIO_A_RESET_UNUSED_ONLY);
	if (request->is_dry_run) {
		nla_put_flag(msg, FPGA_VFIO_A_RESET_DRY_RUN);
		return fv_nl_call(nl, msg, on_plan, l, why);
	}
	ret = op_run(&op, nl, &(struct op_request){
		.bdf = request->bdf, .msg = msg, .id_attr = FPGA_VFIO_A_RESET_OP,
		.answer = on_result, .data = l,
	}, why);
	l->refusal = op.refusal;
	return ret;
}

/* Sum of the limits of all usable steps: each one runs if those before it fail. */
unsigned long ladder_limit_ms(const struct ladder *l)
{
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!l->steps[i].error)
			sum += l->steps[i].limit_ms;
	return sum;
}

void ladder_free(struct ladder *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		affected_free(&l->steps[i].functions);
		free(l->steps[i].text);
	}
	free(l->steps);
	memset(l, 0, sizeof(*l));
}
