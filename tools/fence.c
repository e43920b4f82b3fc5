// SPDX-License-Identifier: GPL-2.0
/* A fence between the users of a card and the card. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "err.h"
#include "fence.h"
#include "ours.h"

static void on_fence(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_FENCE_MAX + 1] = {
		[FPGA_VFIO_A_FENCE_PORT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_FENCE_TIMEOUT_MS] = { .type = NLA_U32 },
	};
	struct nlattr *tb[FPGA_VFIO_A_FENCE_MAX + 1];
	struct fence *f = data;
	struct nlattr *attr;
	int left;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_FENCE_MAX, policy) ||
	    !tb[FPGA_VFIO_A_FENCE_PORT])
		return;
	f->is_known = true;
	bdf_parse(nla_get_string(tb[FPGA_VFIO_A_FENCE_PORT]), f->port);
	if (tb[FPGA_VFIO_A_FENCE_TIMEOUT_MS])
		f->timeout_ms = nla_get_u32(tb[FPGA_VFIO_A_FENCE_TIMEOUT_MS]);
	f->is_link_disabled = tb[FPGA_VFIO_A_FENCE_LINK_DISABLED];
	nla_for_each_attr(attr, genlmsg_attrdata(genlmsg_hdr(hdr), 0),
			  genlmsg_attrlen(genlmsg_hdr(hdr), 0), left)
		if (nla_type(attr) == FPGA_VFIO_A_FENCE_FUNCTION)
			affected_parse(&f->functions, attr);
}

/**
 * fence_call() - Have the driver fence a card, or say how it would.
 * @f: filled; to be freed with fence_free() whatever is returned
 * @nl: an open connection, to which the fence belongs unless it is detached
 * @wish: what is asked for
 * @why: on failure the reason, to be freed
 *
 * Return: 0 or a negative errno, as fv_nl_call(); -EPROTO when the driver did not say
 * what it did.
 */
int fence_call(struct fence *f, struct fv_nl *nl, const struct fence_wish *wish, char **why)
{
	struct nl_msg *msg = fv_nl_message(nl, FPGA_VFIO_CMD_FENCE, 0);
	int ret;

	memset(f, 0, sizeof(*f));
	nla_put_string(msg, FPGA_VFIO_A_FENCE_BDF, wish->bdf);
	nla_put_u32(msg, FPGA_VFIO_A_FENCE_TIMEOUT_MS, wish->timeout_ms);
	if (wish->is_detached)
		nla_put_flag(msg, FPGA_VFIO_A_FENCE_DETACHED);
	if (wish->is_dry_run)
		nla_put_flag(msg, FPGA_VFIO_A_FENCE_DRY_RUN);
	ret = fv_nl_call(nl, msg, on_fence, f, why);
	if (ret || f->is_known)
		return ret;
	*why = util_strdup("the driver did not say what it did");
	return -EPROTO;
}

/**
 * fence_fail() - Tell the user of a fence that was refused.
 * @ret: of fence_call(), negative
 * @bdf: the device
 * @what: the command
 * @why: of fence_call()
 *
 * Return: the exit code.
 */
int fence_fail(int ret, const char *bdf, const char *what, const char *why)
{
	autofree char *hint = ours_next_step(ret, bdf, why);

	if (!hint && ret == -EBUSY)
		hint = util_strdup("Nothing was changed. All functions of the card have to be bound "
				   "to " FV_DRIVER ",\nor to no driver; 'fpgactl list' shows them.");
	if (!hint)
		hint = util_strdup("Nothing was changed.");
	return fv_nl_fail(ret, bdf, what, hint, why);
}

/**
 * fence_print() - Say who is fenced, and what becomes of the link.
 * @f: what the driver said
 * @m: all devices
 * @columns: the argument of -o, which has been judged, or NULL
 * @is_dry_run: it would be so
 */
void fence_print(const struct fence *f, const struct fv_model *m, const char *columns,
		 bool is_dry_run)
{
	struct fv_holders holders;
	struct affected_world world = { .model = m, .holders = &holders };

	holders_scan(&holders);
	affected_print(&f->functions, &world, columns);
	holders_free(&holders);
	if (f->is_link_disabled)
		printf("The port (%s) %s the link down meanwhile.\n", f->port,
		       is_dry_run ? "would keep" : "keeps");
	else
		printf("The link %s up meanwhile, if the card keeps it so.\n",
		       is_dry_run ? "would stay" : "stays");
}

/* Adds "port", "timeout_ms", "link_disabled" and "functions". */
void fence_add_json(struct json_object *o, const struct fence *f, const struct fv_model *m)
{
	struct fv_holders holders;
	struct affected_world world = { .model = m, .holders = &holders };

	holders_scan(&holders);
	json_object_object_add(o, "port", out_string(f->port));
	json_object_object_add(o, "timeout_ms", json_object_new_int64(f->timeout_ms));
	json_object_object_add(o, "link_disabled", json_object_new_boolean(f->is_link_disabled));
	json_object_object_add(o, "functions", affected_json(&f->functions, &world));
	holders_free(&holders);
}

void fence_free(struct fence *f)
{
	affected_free(&f->functions);
}
