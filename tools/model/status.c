// SPDX-License-Identifier: GPL-2.0
/* Driver status of a device: card state, profile, policy. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "model/card.h"
#include "model/status.h"

static void on_device(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_DEVICE_MAX + 1] = {
		[FPGA_VFIO_A_DEVICE_BDF] = { .type = NLA_STRING },
		[FPGA_VFIO_A_DEVICE_PORT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_DEVICE_STATE] = { .type = NLA_U32 },
		[FPGA_VFIO_A_DEVICE_REASON] = { .type = NLA_STRING },
		[FPGA_VFIO_A_DEVICE_PROFILE] = { .type = NLA_STRING },
		[FPGA_VFIO_A_DEVICE_POLICY] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_DEVICE_MAX + 1];
	struct status_list *l = data;
	struct status *s;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_DEVICE_MAX, policy) ||
	    !tb[FPGA_VFIO_A_DEVICE_BDF])
		return;
	l->v = util_grow(l->v, l->n, sizeof(*s));
	s = &l->v[l->n++];
	bdf_parse(nla_get_string(tb[FPGA_VFIO_A_DEVICE_BDF]), s->bdf);
	if (tb[FPGA_VFIO_A_DEVICE_PORT])
		bdf_parse(nla_get_string(tb[FPGA_VFIO_A_DEVICE_PORT]), s->port);
	s->has_state = tb[FPGA_VFIO_A_DEVICE_STATE];
	s->state = fv_nl_get_u32(tb[FPGA_VFIO_A_DEVICE_STATE]);
	s->reason = fv_nl_get_text(tb[FPGA_VFIO_A_DEVICE_REASON]);
	s->profile = fv_nl_get_text(tb[FPGA_VFIO_A_DEVICE_PROFILE]);
	s->has_policy = tb[FPGA_VFIO_A_DEVICE_POLICY];
	if (s->has_policy)
		policy_parse(&s->policy, tb[FPGA_VFIO_A_DEVICE_POLICY]);
}

/**
 * status_read() - Read the status of devices from the driver.
 * @l: result; free with status_free() on success and on failure
 * @nl: an open connection
 * @bdf: a device, or NULL for all
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: 0 or a negative errno of fv_nl_call(); -EPROTO if the reply does not cover @bdf.
 */
int status_read(struct status_list *l, struct fv_nl *nl, const char *bdf, char **why)
{
	struct nl_msg *msg;
	int ret, tries = 0;

	memset(l, 0, sizeof(*l));
	do {
		status_free(l);
		msg = fv_nl_message(nl, FPGA_VFIO_CMD_DEVICE_GET, bdf ? 0 : NLM_F_DUMP);
		if (bdf)
			nla_put_string(msg, FPGA_VFIO_A_DEVICE_BDF, bdf);
		ret = fv_nl_call(nl, msg, on_device, l, why);
	} while (fv_nl_is_interrupted(ret, &tries, why));
	if (ret || !bdf || status_find(l, bdf))
		return ret;
	*why = util_strdup("driver sent no valid reply");
	return -EPROTO;
}

/**
 * status_fetch() - Connect to the driver and read the status.
 * @l: result; free with status_free() on success and on failure
 * @bdf: a device, or NULL for all
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: FV_OK; a positive exit code of fv_nl_open() if there is no connection to the driver;
 * a negative errno of status_read().
 */
int status_fetch(struct status_list *l, const char *bdf, char **why)
{
	struct fv_nl nl = {};
	int ret;

	memset(l, 0, sizeof(*l));
	ret = fv_nl_open(&nl, why);
	if (!ret)
		ret = status_read(l, &nl, bdf, why);
	fv_nl_close(&nl);
	return ret;
}

/* Return the status of @bdf, or NULL. */
const struct status *status_find(const struct status_list *l, const char *bdf)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].bdf, bdf))
			return &l->v[i];
	return NULL;
}

void status_free(struct status_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->v[i].reason);
		free(l->v[i].profile);
	}
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

/* "STATE: REASON", printable; empty if unknown. */
char *status_text(const struct status *s)
{
	autofree char *reason = s->reason ? util_printable(s->reason) : NULL;

	if (!s->has_state)
		return util_strdup("");
	return util_printf("%s%s%s", card_state_name(s->state), reason ? ": " : "",
			   reason ? reason : "");
}

struct json_object *status_state_json(const struct status *s)
{
	return s->has_state ? json_object_new_string(card_state_name(s->state)) : NULL;
}
