// SPDX-License-Identifier: GPL-2.0
#include "kernel_net.h"

#define HEADER	(NLMSG_HDRLEN + GENL_HDRLEN)

struct net init_net;
u8 kernel_request_cmd;
unsigned int kernel_skb_short;

struct sk_buff *genlmsg_new(size_t payload, int flags)
{
	struct sk_buff *skb = kzalloc(sizeof(*skb), flags);

	if (!skb)
		return NULL;
	skb->size = NLMSG_ALIGN(HEADER + payload);
	skb->data = calloc(1, skb->size);
	skb->size -= min(skb->size, kernel_skb_short);
	return skb;
}

void nlmsg_free(struct sk_buff *skb)
{
	free(skb->data);
	kfree(skb);
}

static void *skb_put(struct sk_buff *skb, unsigned int size)
{
	void *at = skb->data + skb->len;

	if (skb->len + size > skb->size)
		return NULL;
	memset(at, 0, size);
	skb->len += size;
	return at;
}

void *genlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, const struct genl_family *family,
		  int flags, u8 cmd)
{
	struct nlmsghdr *hdr = skb_put(skb, HEADER);

	kernel_assert(family);
	if (!hdr)
		return NULL;
	hdr->nlmsg_flags = flags;
	hdr->nlmsg_seq = seq;
	hdr->nlmsg_pid = portid;
	((struct genlmsghdr *)NLMSG_DATA(hdr))->cmd = cmd;
	return (char *)hdr + HEADER;
}

static struct nlmsghdr *nlmsg_of(void *hdr)
{
	return (struct nlmsghdr *)((char *)hdr - HEADER);
}

void genlmsg_end(struct sk_buff *skb, void *hdr)
{
	nlmsg_of(hdr)->nlmsg_len = skb->data + skb->len - (u8 *)nlmsg_of(hdr);
}

void genlmsg_cancel(struct sk_buff *skb, void *hdr)
{
	skb->len = (u8 *)nlmsg_of(hdr) - skb->data;
}

void genl_dump_check_consistent(struct netlink_callback *cb, void *hdr)
{
	if (cb->prev_seq && cb->seq != cb->prev_seq)
		nlmsg_of(hdr)->nlmsg_flags |= NLM_F_DUMP_INTR;
	cb->prev_seq = cb->seq;
}

int nla_put(struct sk_buff *skb, int type, int len, const void *data)
{
	struct nlattr *attr = skb_put(skb, nla_total_size(len));

	if (!attr)
		return -EMSGSIZE;
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(nla_data(attr), data, len);
	return 0;
}

int nla_put_u8(struct sk_buff *skb, int type, u8 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}

int nla_put_u32(struct sk_buff *skb, int type, u32 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}

int nla_put_uint(struct sk_buff *skb, int type, u64 value)
{
	u32 half = value;

	return half == value ? nla_put(skb, type, sizeof(half), &half) :
			       nla_put(skb, type, sizeof(value), &value);
}

int nla_put_string(struct sk_buff *skb, int type, const char *text)
{
	return nla_put(skb, type, strlen(text) + 1, text);
}

u64 nla_get_uint(const struct nlattr *attr)
{
	u64 value;

	if (nla_len(attr) == sizeof(u32))
		return nla_get_u32(attr);
	memcpy(&value, nla_data(attr), sizeof(value));
	return value;
}

struct nlattr *nla_nest_start(struct sk_buff *skb, int type)
{
	struct nlattr *nest = (void *)(skb->data + skb->len);

	return nla_put(skb, type | NLA_F_NESTED, 0, NULL) ? NULL : nest;
}

void nla_nest_end(struct sk_buff *skb, struct nlattr *nest)
{
	nest->nla_len = skb->data + skb->len - (u8 *)nest;
}

void nla_nest_cancel(struct sk_buff *skb, struct nlattr *nest)
{
	skb->len = (u8 *)nest - skb->data;
}

struct nlattr *nla_ok(const void *at, int rem)
{
	const struct nlattr *attr = at;

	if (rem < (int)NLA_HDRLEN)
		return NULL;
	kernel_assert(attr->nla_len >= NLA_HDRLEN && attr->nla_len <= rem);
	return (struct nlattr *)attr;
}

int nla_parse_nested(struct nlattr **attrs, int max, const struct nlattr *nest,
		     const struct nla_policy *policy, struct netlink_ext_ack *extack)
{
	struct nlattr *attr;
	int rem;

	memset(attrs, 0, (max + 1) * sizeof(*attrs));
	if (!(nest->nla_type & NLA_F_NESTED))
		return -EINVAL;
	nla_for_each_nested(attr, nest, rem)
		if (nla_type(attr) <= max)
			attrs[nla_type(attr)] = attr;
	return 0;
}

bool kernel_next_message(const struct sk_buff *skb, struct kernel_message *message)
{
	const u8 *at = skb->data;

	if (message->hdr)
		at = (u8 *)message->hdr + NLMSG_ALIGN(message->hdr->nlmsg_len);
	if (at == skb->data + skb->len)
		return false;
	message->hdr = (void *)at;
	kernel_assert(message->hdr->nlmsg_len >= HEADER);
	kernel_assert(at + message->hdr->nlmsg_len <= skb->data + skb->len);
	message->cmd = ((struct genlmsghdr *)NLMSG_DATA(message->hdr))->cmd;
	message->attrs = (void *)(at + HEADER);
	message->len = message->hdr->nlmsg_len - HEADER;
	return true;
}

const struct nlattr *kernel_attr(const void *attrs, int len, int type, unsigned int nr)
{
	struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, attrs, len, rem)
		if (nla_type(attr) == type && !nr--)
			return attr;
	return NULL;
}

const struct nlattr *kernel_nest_attr(const struct nlattr *nest, int type, unsigned int nr)
{
	kernel_assert(nest && nest->nla_type & NLA_F_NESTED);
	return kernel_attr(nla_data(nest), nla_len(nest), type, nr);
}

#define PORTID	11
#define SEQ	22

struct genl_info kernel_request(const struct genl_family *family, struct nlattr **attrs,
				struct netlink_ext_ack *extack)
{
	return (struct genl_info) {
		.snd_portid = PORTID, .snd_seq = SEQ, .family = family, .attrs = attrs,
		.extack = extack,
	};
}

bool kernel_answers_request(const struct kernel_message *message)
{
	return message->hdr->nlmsg_pid == PORTID && message->hdr->nlmsg_seq == SEQ;
}

struct sk_buff *kernel_reply;
int kernel_reply_error;

int genlmsg_reply(struct sk_buff *skb, struct genl_info *info)
{
	if (kernel_reply_error) {
		nlmsg_free(skb);
		return kernel_reply_error;
	}
	kernel_assert(!kernel_reply);
	kernel_reply = skb;
	return 0;
}

void kernel_forget_reply(void)
{
	if (kernel_reply)
		nlmsg_free(kernel_reply);
	kernel_reply = NULL;
}

const struct nlattr *kernel_reply_attr(u8 cmd, int type, unsigned int nr)
{
	struct kernel_message message = {};

	kernel_assert(kernel_reply && kernel_next_message(kernel_reply, &message));
	kernel_assert(message.cmd == cmd && !message.hdr->nlmsg_flags);
	kernel_assert(kernel_answers_request(&message));
	return kernel_attr(message.attrs, message.len, type, nr);
}
