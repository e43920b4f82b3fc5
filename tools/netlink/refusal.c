// SPDX-License-Identifier: GPL-2.0
/* Why the driver refused something, for programs. */
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "netlink/nl.h"
#include "netlink/refusal.h"
#include "util/json.h"
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
 * @nest: the attribute, or NULL
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

	if (!nest || nla_parse_nested(tb, FPGA_VFIO_A_REFUSAL_MAX, nest, policy) ||
	    !tb[FPGA_VFIO_A_REFUSAL_REASON])
		return;
	*r = (struct refusal){ .reason = nla_get_u32(tb[FPGA_VFIO_A_REFUSAL_REASON]) };
	copy(r->object, sizeof(r->object), tb[FPGA_VFIO_A_REFUSAL_OBJECT]);
	copy(r->driver, sizeof(r->driver), tb[FPGA_VFIO_A_REFUSAL_DRIVER]);
	copy(r->comm, sizeof(r->comm), tb[FPGA_VFIO_A_REFUSAL_COMM]);
	copy(r->key, sizeof(r->key), tb[FPGA_VFIO_A_REFUSAL_KEY]);
	r->pid = fv_nl_get_u32(tb[FPGA_VFIO_A_REFUSAL_PID]);
}

/* The same for a reply with the attribute @type, if it has one. */
void refusal_find(struct refusal *r, struct nlmsghdr *hdr, int type)
{
	refusal_parse(r, nlmsg_find_attr(hdr, GENL_HDRLEN, type));
}

/* The key of a policy as the command line has it, without its unit: load_limit_ms is load-limit. */
static struct json_object *key_json(const char *key)
{
	size_t len = strlen(key);
	autofree char *name = NULL;

	if (len > 3 && !strcmp(key + len - 3, "_ms"))
		len -= 3;
	name = util_printf("%.*s", (int)len, key);
	return json_word(name);
}

/**
 * refusal_json() - Make a blocker of a refusal.
 * @r: the refusal
 *
 * Return: NULL if nothing was refused, or without a named reason.
 */
struct json_object *refusal_json(const struct refusal *r)
{
	struct json_object *o;
	const char *code;

	if (r->reason == FPGA_VFIO_REFUSAL_NONE)
		return NULL;
	code = r->reason < ARRAY_SIZE(reasons) ? reasons[r->reason] : "unknown";
	o = json_blocker(code, *r->object ? r->object : NULL, *r->driver ? r->driver : NULL,
			 json_process(r->pid, *r->comm ? r->comm : NULL));
	if (*r->key)
		json_object_object_add(o, "object", key_json(r->key));
	return o;
}
