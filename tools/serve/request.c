// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the service. A packet of a user is parsed into values, and the message for the driver
 * is made from these: nothing that the parser does not know reaches the driver.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>

#include "serve/request.h"

enum type {
	STRING,		/* an address, into request::bdf */
	U32,
	FLAG,
	ROOT,		/* refused: for root alone */
};

/* The attributes that a user may send. */
static const struct field {
	uint8_t cmd;
	uint16_t attr;
	enum type type;
	size_t offset;
	bool is_needed;
} fields[] = {
#define FIELD(command, name, type, member, needed)					\
	{ FPGA_VFIO_CMD_##command, FPGA_VFIO_A_##name, type, offsetof(struct request, member), \
	  needed }
	FIELD(FENCE, FENCE_BDF, STRING, bdf, true),
	FIELD(FENCE, FENCE_TIMEOUT_MS, U32, timeout_ms, false),
	FIELD(FENCE, FENCE_DETACHED, FLAG, is_detached, false),
	FIELD(FENCE, FENCE_DRY_RUN, FLAG, is_dry_run, false),
	FIELD(FENCE, FENCE_UNUSED_ONLY, FLAG, is_unused_only, false),
	FIELD(RECOVER, RECOVER_BDF, STRING, bdf, true),
	FIELD(RECOVER, RECOVER_DRY_RUN, FLAG, is_dry_run, false),
	FIELD(RECOVER, RECOVER_FORCE, ROOT, bdf, false),
	FIELD(RESET, RESET_BDF, STRING, bdf, true),
	FIELD(RESET, RESET_METHOD, U32, method, false),
	FIELD(RESET, RESET_DRY_RUN, FLAG, is_dry_run, false),
	FIELD(RESET, RESET_UNUSED_ONLY, FLAG, is_unused_only, false),
	FIELD(OP_CANCEL, OP_ID, U32, id, true),
#undef FIELD
};

static const struct command {
	uint8_t cmd;
	const char *name;
	int op_attr;		/* of the reply, with the operation's number; 0: none */
} commands[] = {
	{ FPGA_VFIO_CMD_FENCE, "fence", FPGA_VFIO_A_FENCE_OP },
	{ FPGA_VFIO_CMD_RECOVER, "recover", FPGA_VFIO_A_RECOVER_OP },
	{ FPGA_VFIO_CMD_RESET, "reset", FPGA_VFIO_A_RESET_OP },
	{ FPGA_VFIO_CMD_OP_CANCEL, "cancel", 0 },
};

static const struct command *find_command(uint8_t cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].cmd == cmd)
			return &commands[i];
	return NULL;
}

static size_t find_field(uint8_t cmd, unsigned int attr)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].cmd == cmd && fields[i].attr == attr)
			break;
	return i;
}

/* @data is not aligned as its type would be. */
static const char *take_value(struct request *r, const struct field *field, const char *data,
			      size_t len)
{
	char *target = (char *)r + field->offset;
	char text[BDF_SIZE];

	switch (field->type) {
	case STRING:
		if (!len || len > sizeof(text) || data[len - 1] || memchr(data, '\0', len - 1))
			return "malformed address";
		memcpy(text, data, len);
		return bdf_parse(text, target) ? NULL : "malformed address";
	case U32:
		if (len != sizeof(uint32_t))
			return "malformed number";
		memcpy(target, data, len);
		return NULL;
	case FLAG:
		if (len)
			return "malformed flag";
		*(bool *)target = true;
		return NULL;
	default:
		return "to end the fence of another owner needs root";
	}
}

static const char *take_attr(struct request *r, const struct nlattr *attr)
{
	size_t i = find_field(r->cmd, attr->nla_type);

	if (i == ARRAY_SIZE(fields))
		return "attribute that the service does not pass";
	if (r->given & 1U << i)
		return "attribute that is there twice";
	r->given |= 1U << i;
	return take_value(r, &fields[i], (const char *)attr + NLA_HDRLEN,
			  (size_t)(attr->nla_len - NLA_HDRLEN));
}

static const char *take_attrs(struct request *r, const char *data, size_t len)
{
	const char *fault = NULL;
	struct nlattr attr;
	size_t i, size;

	while (len && !fault) {
		if (len < NLA_HDRLEN)
			return "malformed attribute";
		memcpy(&attr, data, sizeof(attr));
		if (attr.nla_len < NLA_HDRLEN || attr.nla_len > len)
			return "malformed attribute";
		fault = take_attr(r, (const struct nlattr *)data);
		size = NLA_ALIGN(attr.nla_len);
		size = size < len ? size : len;
		data += size;
		len -= size;
	}
	for (i = 0; i < ARRAY_SIZE(fields) && !fault; i++)
		if (fields[i].cmd == r->cmd && fields[i].is_needed && !(r->given & 1U << i))
			fault = "attribute is missing";
	return fault;
}

/**
 * request_parse() - Parse a packet of a user.
 * @r: result
 * @packet: aligned as struct nlmsghdr
 * @len: its length
 *
 * The kind of the packet and the sender's address in its header are ignored, as is the version.
 *
 * Return: NULL, or what is wrong.
 */
const char *request_parse(struct request *r, const void *packet, size_t len)
{
	const struct nlmsghdr *hdr = packet;
	const struct genlmsghdr *genl;

	memset(r, 0, sizeof(*r));
	if (len < NLMSG_HDRLEN + GENL_HDRLEN || hdr->nlmsg_len != len)
		return "malformed packet";
	r->seq = hdr->nlmsg_seq;
	if ((hdr->nlmsg_flags | NLM_F_ACK) != (NLM_F_REQUEST | NLM_F_ACK))
		return "flags that the service does not pass";
	genl = (const struct genlmsghdr *)((const char *)packet + NLMSG_HDRLEN);
	r->cmd = genl->cmd;
	if (!find_command(r->cmd))
		return "command that the service does not pass: needs root";
	return take_attrs(r, (const char *)packet + NLMSG_HDRLEN + GENL_HDRLEN,
			  len - NLMSG_HDRLEN - GENL_HDRLEN);
}

/* The message for the driver. */
struct nl_msg *request_message(const struct request *r, struct fv_nl *nl)
{
	struct nl_msg *msg = fv_nl_message(nl, r->cmd, 0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		const void *value = (const char *)r + fields[i].offset;

		if (!(r->given & 1U << i))
			continue;
		if (fields[i].type == STRING)
			nla_put_string(msg, fields[i].attr, value);
		else if (fields[i].type == U32)
			nla_put_u32(msg, fields[i].attr, *(const uint32_t *)value);
		else
			nla_put_flag(msg, fields[i].attr);
	}
	return msg;
}

/* For a request that was not parsed, too. */
const char *request_name(const struct request *r)
{
	const struct command *command = find_command(r->cmd);

	return command ? command->name : "request";
}

/* Attribute of the reply with the number of the operation; 0: there is none. */
int request_op_attr(const struct request *r)
{
	const struct command *command = find_command(r->cmd);

	return command ? command->op_attr : 0;
}
