// SPDX-License-Identifier: GPL-2.0
/* Why the driver refused something, for programs. */
#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "netlink/refusal.h"
#include "util/util.h"

/* Names as in the netlink spec. */
static const char *const reasons[] = {
	[FPGA_VFIO_REFUSAL_NONE] = "none",
	[FPGA_VFIO_REFUSAL_FENCED] = "fenced",
	[FPGA_VFIO_REFUSAL_HELD] = "held",
	[FPGA_VFIO_REFUSAL_DRIVER] = "driver",
	[FPGA_VFIO_REFUSAL_TOPOLOGY] = "topology",
	[FPGA_VFIO_REFUSAL_NO_PORT] = "no-port",
	[FPGA_VFIO_REFUSAL_BUSY] = "busy",
	[FPGA_VFIO_REFUSAL_UNAVAILABLE] = "unavailable",
	[FPGA_VFIO_REFUSAL_POLICY] = "policy",
};

static void copy(char *to, size_t size, const struct nlattr *attr)
{
	if (attr)
		nla_strlcpy(to, attr, size);
}

/**
 * refusal_parse() - Read a refusal.
 * @r: result; unchanged if the attribute is malformed
 * @nest: the attribute
 */
void refusal_parse(struct refusal *r, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_REFUSAL_MAX + 1] = {
		[FPGA_VFIO_A_REFUSAL_REASON] = { .type = NLA_U32 },
		[FPGA_VFIO_A_REFUSAL_OBJECT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_REFUSAL_DRIVER] = { .type = NLA_STRING },
		[FPGA_VFIO_A_REFUSAL_PID] = { .type = NLA_U32 },
		[FPGA_VFIO_A_REFUSAL_COMM] = { .type = NLA_STRING },
		[FPGA_VFIO_A_REFUSAL_KEY] = { .type = NLA_STRING },
	};
	struct nlattr *tb[FPGA_VFIO_A_REFUSAL_MAX + 1];

	if (nla_parse_nested(tb, FPGA_VFIO_A_REFUSAL_MAX, nest, policy) ||
	    !tb[FPGA_VFIO_A_REFUSAL_REASON])
		return;
	*r = (struct refusal){ .reason = nla_get_u32(tb[FPGA_VFIO_A_REFUSAL_REASON]) };
	copy(r->object, sizeof(r->object), tb[FPGA_VFIO_A_REFUSAL_OBJECT]);
	copy(r->driver, sizeof(r->driver), tb[FPGA_VFIO_A_REFUSAL_DRIVER]);
	copy(r->comm, sizeof(r->comm), tb[FPGA_VFIO_A_REFUSAL_COMM]);
	copy(r->key, sizeof(r->key), tb[FPGA_VFIO_A_REFUSAL_KEY]);
	if (tb[FPGA_VFIO_A_REFUSAL_PID])
		r->pid = nla_get_u32(tb[FPGA_VFIO_A_REFUSAL_PID]);
}

/* The same for a reply with the attribute @type, if it has one. */
void refusal_find(struct refusal *r, struct nlmsghdr *hdr, int type)
{
	struct nlattr *nest = nlmsg_find_attr(hdr, GENL_HDRLEN, type);

	if (nest)
		refusal_parse(r, nest);
}

static struct json_object *string_or_null(const char *s)
{
	autofree char *utf8 = *s ? util_utf8(s) : NULL;

	return utf8 ? json_object_new_string(utf8) : NULL;
}

/* NULL: nothing was refused, or without a named reason. */
struct json_object *refusal_json(const struct refusal *r)
{
	struct json_object *o;
	const char *reason;

	if (r->reason == FPGA_VFIO_REFUSAL_NONE)
		return NULL;
	o = json_object_new_object();
	reason = r->reason < ARRAY_SIZE(reasons) ? reasons[r->reason] : "unknown";
	json_object_object_add(o, "reason", json_object_new_string(reason));
	json_object_object_add(o, "object", string_or_null(r->object));
	json_object_object_add(o, "driver", string_or_null(r->driver));
	json_object_object_add(o, "pid", r->pid ? json_object_new_int64(r->pid) : NULL);
	json_object_object_add(o, "command", string_or_null(r->comm));
	json_object_object_add(o, "key", string_or_null(r->key));
	return o;
}
