/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink part of the kernel stand-in, see kernel.h: messages with the room that the driver
 * requests, encoded as the kernel does. It replaces <net/netlink.h> and <net/genetlink.h>.
 */
#ifndef FV_UNIT_KERNEL_NET_H
#define FV_UNIT_KERNEL_NET_H

#include <linux/genetlink.h>
#include <linux/netlink.h>

struct genl_info;
struct genl_split_ops;
struct sk_buff;

struct net {
	int unused;
};

extern struct net init_net;

struct genl_family {
	int unused;
};

struct nla_policy {
	int unused;
};

/* Room of a message that netlink allocates for a dump. */
#define KERNEL_DUMP_SIZE	4096

struct sk_buff {
	unsigned int len, size;
	u8 *data;
};

/* Room for one message with @payload bytes of attributes, less what the test takes away. */
extern unsigned int kernel_skb_short;
struct sk_buff *genlmsg_new(size_t payload, int flags);
void nlmsg_free(struct sk_buff *skb);
/* Returns the start of the message's attributes, or NULL if its header does not fit. */
void *genlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, const struct genl_family *family,
		  int flags, u8 cmd);
void genlmsg_end(struct sk_buff *skb, void *hdr);
void genlmsg_cancel(struct sk_buff *skb, void *hdr);

#define nla_total_size(payload)	((int)NLA_ALIGN(NLA_HDRLEN + (payload)))
int nla_put(struct sk_buff *skb, int type, int len, const void *data);
int nla_put_u8(struct sk_buff *skb, int type, u8 value);
int nla_put_u32(struct sk_buff *skb, int type, u32 value);
int nla_put_uint(struct sk_buff *skb, int type, u64 value);	/* of 4 bytes if that suffices */
int nla_put_string(struct sk_buff *skb, int type, const char *text);
#define nla_put_flag(skb, type)	nla_put(skb, type, 0, NULL)
struct nlattr *nla_nest_start(struct sk_buff *skb, int type);
void nla_nest_end(struct sk_buff *skb, struct nlattr *nest);
void nla_nest_cancel(struct sk_buff *skb, struct nlattr *nest);

#define nla_type(attr)		((attr)->nla_type & NLA_TYPE_MASK)
#define nla_data(attr)		((void *)((char *)(attr) + NLA_HDRLEN))
#define nla_len(attr)		((int)(attr)->nla_len - NLA_HDRLEN)
#define nla_get_u8(attr)	(*(u8 *)nla_data(attr))
#define nla_get_u32(attr)	(*(u32 *)nla_data(attr))
u64 nla_get_uint(const struct nlattr *attr);
struct nlattr *nla_ok(const void *at, int rem);		/* NULL at the end */
#define nla_for_each_attr(attr, head, len, rem)				\
	for ((rem) = (len), (attr) = nla_ok(head, rem); (attr);		\
	     (rem) -= NLA_ALIGN((attr)->nla_len),			\
	     (attr) = nla_ok((const char *)(attr) + NLA_ALIGN((attr)->nla_len), rem))
#define nla_for_each_nested(attr, nest, rem)				\
	nla_for_each_attr(attr, nla_data(nest), nla_len(nest), rem)
struct netlink_ext_ack;
int nla_parse_nested(struct nlattr **attrs, int max, const struct nlattr *nest,
		     const struct nla_policy *policy, struct netlink_ext_ack *extack);

/* As the kernel, which has 80 bytes for a formatted text. */
struct netlink_ext_ack {
	char text[80];
};

#define NL_SET_ERR_MSG_FMT(extack, ...)					\
	kernel_assert(snprintf((extack)->text, sizeof((extack)->text), __VA_ARGS__) <	\
		      (int)sizeof((extack)->text))
#define NL_SET_ERR_MSG(extack, text)	NL_SET_ERR_MSG_FMT(extack, "%s", text)

struct genl_info {
	u32 snd_portid, snd_seq;
	const struct genl_family *family;
	struct nlattr **attrs;
	struct netlink_ext_ack *extack;
};

/* The command is that of the request in the kernel; here, of the test. */
extern u8 kernel_request_cmd;
#define genlmsg_iput(skb, info)						\
	genlmsg_put(skb, (info)->snd_portid, (info)->snd_seq, (info)->family, 0, kernel_request_cmd)

#define GENL_REQ_ATTR_CHECK(info, attr)	(!(info)->attrs[attr])

struct genl_dumpit_info {
	struct genl_info info;
};

struct netlink_callback {
	struct sk_buff *skb;		/* the request */
	struct netlink_ext_ack *extack;
	struct genl_dumpit_info *data;
	u32 min_dump_alloc;
	unsigned int seq, prev_seq;
	union {
		long ctx[6];
		long args[6];
	};
};

#define genl_dumpit_info(cb)	((const struct genl_dumpit_info *)(cb)->data)
#define genl_info_dump(cb)	(&genl_dumpit_info(cb)->info)

/* Marks a message of a dump that may not be consistent with those before it. */
void genl_dump_check_consistent(struct netlink_callback *cb, void *hdr);

/* Implemented by the test. */
struct user_namespace;
extern struct user_namespace init_user_ns;
bool ns_capable_noaudit(struct user_namespace *ns, int cap);
bool netlink_capable(const struct sk_buff *skb, int cap);

/* Implemented by the test; the last one takes the message. */
bool genl_has_listeners(const struct genl_family *family, struct net *net, unsigned int group);
int genlmsg_multicast(const struct genl_family *family, struct sk_buff *skb, u32 portid,
		      unsigned int group, int flags);

/* The message goes to kernel_reply, or fails with this error. */
extern int kernel_reply_error;
int genlmsg_reply(struct sk_buff *skb, struct genl_info *info);

/* For tests: the messages of an skb, and the attributes of one (by type, the first of each). */
struct kernel_message {
	const struct nlmsghdr *hdr;
	u8 cmd;
	const struct nlattr *attrs;
	int len;
};

bool kernel_next_message(const struct sk_buff *skb, struct kernel_message *message);
/* The @nr-th attribute of this type, or NULL. */
const struct nlattr *kernel_attr(const void *attrs, int len, int type, unsigned int nr);
const struct nlattr *kernel_nest_attr(const struct nlattr *nest, int type, unsigned int nr);

/* For tests: a request, and the reply to it, of which there may be one. */
struct genl_info kernel_request(const struct genl_family *family, struct nlattr **attrs,
				struct netlink_ext_ack *extack);
bool kernel_answers_request(const struct kernel_message *message);
extern struct sk_buff *kernel_reply;
void kernel_forget_reply(void);
const struct nlattr *kernel_reply_attr(u8 cmd, int type, unsigned int nr);

#endif
