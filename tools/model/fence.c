// SPDX-License-Identifier: GPL-2.0
/* Fence a card through netlink. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "host/sysfs.h"
#include "model/fence.h"
#include "model/session.h"
#include "netlink/op.h"
#include "output/out.h"
#include "util/err.h"
#include "util/json.h"

static void parse_functions(struct fence *f, struct nlmsghdr *hdr, int type)
{
	struct nlattr *attr;
	int left;

	nlmsg_for_each_attr(attr, hdr, GENL_HDRLEN, left)
		if (nla_type(attr) == type)
			affected_parse(&f->functions, attr);
}

static void on_plan(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_FENCE_MAX + 1] = {
		[FPGA_VFIO_A_FENCE_PORT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_FENCE_TIMEOUT_MS] = { .type = NLA_U32 },
		[FPGA_VFIO_A_FENCE_REFUSAL] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_FENCE_MAX + 1];
	struct fence *f = data;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_FENCE_MAX, policy))
		return;
	refusal_parse(&f->refusal, tb[FPGA_VFIO_A_FENCE_REFUSAL]);
	if (!tb[FPGA_VFIO_A_FENCE_PORT])
		return;
	f->is_known = true;
	bdf_parse(nla_get_string(tb[FPGA_VFIO_A_FENCE_PORT]), f->port);
	f->timeout_ms = fv_nl_get_u32(tb[FPGA_VFIO_A_FENCE_TIMEOUT_MS]);
	f->is_link_disabled = tb[FPGA_VFIO_A_FENCE_LINK_DISABLED];
	parse_functions(f, hdr, FPGA_VFIO_A_FENCE_FUNCTION);
}

static void on_result(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_OP_MAX + 1] = {
		[FPGA_VFIO_A_OP_PORT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_OP_TIMEOUT_MS] = { .type = NLA_U32 },
	};
	struct nlattr *tb[FPGA_VFIO_A_OP_MAX + 1];
	struct fence *f = data;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_OP_MAX, policy) || !tb[FPGA_VFIO_A_OP_PORT] ||
	    !tb[FPGA_VFIO_A_OP_TIMEOUT_MS])
		return;
	f->is_known = true;
	bdf_parse(nla_get_string(tb[FPGA_VFIO_A_OP_PORT]), f->port);
	f->timeout_ms = nla_get_u32(tb[FPGA_VFIO_A_OP_TIMEOUT_MS]);
	f->is_link_disabled = tb[FPGA_VFIO_A_OP_LINK_DISABLED];
	parse_functions(f, hdr, FPGA_VFIO_A_OP_FUNCTION);
}

/**
 * fence_call() - Fence a card and wait until it is, or preview the fence.
 * @f: result; free with fence_free() on success and on failure
 * @nl: an open connection, which owns the fence session unless detached
 * @request: the request
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: 0 or a negative errno of fv_nl_call() or op_run(); -EPROTO if the driver sent no result.
 */
int fence_call(struct fence *f, struct fv_nl *nl, const struct fence_request *request, char **why)
{
	struct nl_msg *msg = fv_nl_message(nl, FPGA_VFIO_CMD_FENCE, 0);
	struct op op = {};
	int ret;

	memset(f, 0, sizeof(*f));
	nla_put_string(msg, FPGA_VFIO_A_FENCE_BDF, request->bdf);
	nla_put_u32(msg, FPGA_VFIO_A_FENCE_TIMEOUT_MS, request->timeout_ms);
	if (request->is_detached)
		nla_put_flag(msg, FPGA_VFIO_A_FENCE_DETACHED);
	if (request->is_unused_only)
		nla_put_flag(msg, FPGA_VFIO_A_FENCE_UNUSED_ONLY);
	if (request->is_dry_run) {
		nla_put_flag(msg, FPGA_VFIO_A_FENCE_DRY_RUN);
		ret = fv_nl_call(nl, msg, on_plan, f, why);
	} else {
		ret = op_run(&op, nl, &(struct op_request){
			.bdf = request->bdf, .msg = msg, .id_attr = FPGA_VFIO_A_FENCE_OP,
			.answer = on_result, .data = f,
		}, why);
		f->refusal = op.refusal;
	}
	if (ret || f->is_known)
		return ret;
	*why = util_strdup("driver returned no result");
	return -EPROTO;
}

/**
 * fence_fail() - Report a refused fence to the user.
 * @f: from fence_call()
 * @ret: negative errno from fence_call()
 * @request: the request
 * @what: the command
 * @why: reason from fence_call()
 *
 * Return: the exit code.
 */
int fence_fail(const struct fence *f, int ret, const struct fence_request *request,
	       const char *what, const char *why)
{
	/* Refused only without consent; another driver of a VF, if the device is not ready. */
	bool is_held = ret == -EBUSY && f->refusal.reason == FPGA_VFIO_REFUSAL_HELD;
	bool is_bound = ret == -EBUSY && f->refusal.reason == FPGA_VFIO_REFUSAL_DRIVER &&
			request->is_unused_only &&
			sysfs_exists("/sys/bus/pci/devices/%s/physfn", f->refusal.object);
	autofree char *hint = NULL;

	if (is_held || is_bound)
		hint = util_printf("It was %s meanwhile. Use --yes to confirm.",
				   is_held ? "opened" : "bound");
	else
		hint = session_next_step(ret, request->bdf, &f->refusal);
	if (!hint && ret == -EBUSY)
		hint = util_strdup("Nothing was changed. All functions of the card must be bound to\n"
				   FV_DRIVER " or have no driver; 'fpgactl list' shows them.");
	if (!hint)
		hint = util_strdup("Nothing was changed.");
	err_add_blocker(refusal_json(&f->refusal));
	return fv_nl_fail_as(is_held || is_bound ? FV_CONSENT : fv_nl_code(ret), request->bdf,
			     what, hint, why ? why : strerror(-ret));
}

/**
 * fence_print() - Print the fenced functions and the link's fate.
 * @f: result of fence_call()
 * @m: all devices
 * @columns: argument of -o, already validated, or NULL
 * @is_dry_run: use the conditional
 */
void fence_print(const struct fence *f, const struct model *m, const char *columns,
		 bool is_dry_run)
{
	struct holders holders;
	struct affected_world world = { .model = m, .holders = &holders };

	holders_scan(&holders);
	affected_print(&f->functions, &world, columns);
	holders_free(&holders);
	if (f->is_link_disabled)
		out_print("The port (%s) %s the link disabled until recovery.\n", f->port,
			  is_dry_run ? "would keep" : "keeps");
	else
		out_print("The port (%s) %s the link enabled.\n", f->port,
			  is_dry_run ? "would leave" : "leaves");
}

/* Add "port", "limit_ns", "link_disabled" and "functions". */
void fence_add_json(struct json_object *o, const struct fence *f, const struct model *m)
{
	struct holders holders;
	struct affected_world world = { .model = m, .holders = &holders };

	holders_scan(&holders);
	json_object_object_add(o, "port", json_string(f->port));
	json_object_object_add(o, "limit_ns", json_ms(f->timeout_ms));
	json_object_object_add(o, "link_disabled", json_object_new_boolean(f->is_link_disabled));
	json_object_object_add(o, "functions", affected_json(&f->functions, &world));
	holders_free(&holders);
}

void fence_free(struct fence *f)
{
	affected_free(&f->functions);
}
