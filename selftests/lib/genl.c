// SPDX-License-Identifier: GPL-2.0
/* Generic netlink without a library. */
#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"
#include "genl.h"

#define GENL_ANSWER_MAX 65536
#define GENL_LIMIT_S 10

void genl_put(struct genl_attrs *attrs, uint16_t type, const void *data,
	      size_t len)
{
	struct nlattr head = { .nla_len = NLA_HDRLEN + len, .nla_type = type };
	size_t room = NLA_ALIGN(head.nla_len);

	if (attrs->len + room > sizeof(attrs->data))
		fail("request is longer than %zu bytes", sizeof(attrs->data));
	memset(attrs->data + attrs->len, 0, room);
	memcpy(attrs->data + attrs->len, &head, sizeof(head));
	if (len)
		memcpy(attrs->data + attrs->len + NLA_HDRLEN, data, len);
	attrs->len += room;
}

void genl_put_string(struct genl_attrs *attrs, uint16_t type,
		     const char *text)
{
	genl_put(attrs, type, text, strlen(text) + 1);
}

void genl_put_u32(struct genl_attrs *attrs, uint16_t type, uint32_t value)
{
	genl_put(attrs, type, &value, sizeof(value));
}

void genl_put_uint(struct genl_attrs *attrs, uint16_t type, uint64_t value)
{
	if (value > UINT32_MAX)
		genl_put(attrs, type, &value, sizeof(value));
	else
		genl_put_u32(attrs, type, value);
}

void genl_put_nest(struct genl_attrs *attrs, uint16_t type, const struct genl_attrs *inner)
{
	genl_put(attrs, type | NLA_F_NESTED, inner->data, inner->len);
}

const struct nlattr *genl_find(const struct nlattr *attrs, size_t len, uint16_t type)
{
	const struct nlattr *attr;

	genl_for_each(attr, attrs, len)
		if (genl_type(attr) == type)
			return attr;
	return NULL;
}

const struct nlattr *genl_in(const struct nlattr *nest, uint16_t type)
{
	return genl_find(genl_data(nest), genl_len(nest), type);
}

uint64_t genl_number(const struct nlattr *attr)
{
	if (!attr)
		return 0;
	return genl_len(attr) == 1 ? *(const uint8_t *)genl_data(attr) : genl_uint(attr);
}

const char *genl_text(const struct nlattr *attr)
{
	return attr ? genl_data(attr) : "";
}

uint64_t genl_uint(const struct nlattr *attr)
{
	uint64_t wide;
	uint32_t narrow;

	switch (genl_len(attr)) {
	case sizeof(wide):
		memcpy(&wide, genl_data(attr), sizeof(wide));
		return wide;
	case sizeof(narrow):
		memcpy(&narrow, genl_data(attr), sizeof(narrow));
		return narrow;
	}
	fail("attribute %u: expected 4 or 8 bytes, got %zu", genl_type(attr),
	     genl_len(attr));
}

static int genl_send(struct genl *genl, uint16_t family, uint8_t cmd,
		     uint16_t flags, const struct genl_attrs *attrs)
{
	struct {
		struct nlmsghdr nl;
		struct genlmsghdr genl;
		char data[GENL_REQUEST_MAX];
	} request = {
		.nl.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.nl.nlmsg_type = family,
		.nl.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
		.nl.nlmsg_seq = ++genl->seq,
		.genl.cmd = cmd,
		.genl.version = 1,
	};

	if (attrs) {
		memcpy(request.data, attrs->data, attrs->len);
		request.nl.nlmsg_len += attrs->len;
	}
	return send(genl->fd, &request, request.nl.nlmsg_len, 0) < 0 ?
		-errno : 0;
}

/* End of a reply: NLMSG_ERROR or NLMSG_DONE, with extack attributes. */
static void genl_take_ack(const struct nlmsghdr *nl, struct genl_answer *answer)
{
	const struct nlattr *attrs, *attr;
	size_t head = NLMSG_ALIGN(sizeof(int)), len = NLMSG_PAYLOAD(nl, 0);

	memcpy(&answer->error, NLMSG_DATA(nl), sizeof(int));
	if (nl->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *err = NLMSG_DATA(nl);

		head = sizeof(*err);
		if (!(nl->nlmsg_flags & NLM_F_CAPPED))
			head += NLMSG_ALIGN(err->msg.nlmsg_len) -
				sizeof(err->msg);
	}
	if (!(nl->nlmsg_flags & NLM_F_ACK_TLVS) || head > len)
		return;
	attrs = (const void *)((const char *)NLMSG_DATA(nl) + head);
	genl_for_each(attr, attrs, len - head) {
		switch (genl_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			snprintf(answer->text, sizeof(answer->text), "%.*s",
				 (int)genl_len(attr),
				 (const char *)genl_data(attr));
			break;
		case NLMSGERR_ATTR_OFFS:
			answer->has_offset = true;
			answer->offset = genl_uint(attr);
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			answer->has_miss = true;
			answer->miss = genl_uint(attr);
			break;
		}
	}
}

/* Return true at the end of the reply. */
static bool genl_take(const struct nlmsghdr *nl, genl_reply_fn fn, void *data,
		      struct genl_answer *answer)
{
	if (nl->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	if (nl->nlmsg_type == NLMSG_ERROR || nl->nlmsg_type == NLMSG_DONE) {
		genl_take_ack(nl, answer);
		return true;
	}
	answer->messages++;
	if (fn)
		fn((const void *)((const char *)NLMSG_DATA(nl) + GENL_HDRLEN),
		   NLMSG_PAYLOAD(nl, GENL_HDRLEN), data);
	return false;
}

static int genl_exchange(struct genl *genl, uint16_t family, uint8_t cmd,
			 uint16_t flags, const struct genl_attrs *attrs,
			 genl_reply_fn fn, void *data,
			 struct genl_answer *answer)
{
	static __thread char buf[GENL_ANSWER_MAX];
	const struct nlmsghdr *nl;
	ssize_t len;
	int ret;

	memset(answer, 0, sizeof(*answer));
	ret = genl_send(genl, family, cmd, flags, attrs);
	if (ret)
		return answer->error = ret;
	for (;;) {
		len = recv(genl->fd, buf, sizeof(buf), 0);
		if (len < 0)
			return answer->error = -errno;
		for (nl = (void *)buf; NLMSG_OK(nl, (size_t)len);
		     nl = NLMSG_NEXT(nl, len)) {
			if (nl->nlmsg_seq != genl->seq)
				continue;
			if (genl_take(nl, fn, data, answer))
				return answer->error;
		}
	}
}

int __genl_call(struct genl *genl, uint8_t cmd, uint16_t flags,
		const struct genl_attrs *attrs, genl_reply_fn fn, void *data,
		struct genl_answer *answer)
{
	return genl_exchange(genl, genl->family, cmd, flags, attrs, fn, data,
			     answer);
}

static void genl_take_family(const struct nlattr *attrs, size_t len,
			     void *data)
{
	const struct nlattr *attr;
	uint16_t *family = data;

	genl_for_each(attr, attrs, len)
		if (genl_type(attr) == CTRL_ATTR_FAMILY_ID)
			memcpy(family, genl_data(attr), sizeof(*family));
}

int __genl_open(struct genl *genl, const char *family)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct timeval limit = { .tv_sec = GENL_LIMIT_S };
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	int on = 1, ret;

	memset(genl, 0, sizeof(*genl));
	genl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (genl->fd < 0)
		return -errno;
	if (bind(genl->fd, (void *)&address, sizeof(address)) ||
	    setsockopt(genl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on,
		       sizeof(on)) ||
	    setsockopt(genl->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on,
		       sizeof(on)) ||
	    setsockopt(genl->fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
		       sizeof(limit))) {
		ret = -errno;
		goto close;
	}
	genl_put_string(&attrs, CTRL_ATTR_FAMILY_NAME, family);
	ret = genl_exchange(genl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, &attrs,
			    genl_take_family, &genl->family, &answer);
	if (!ret)
		return 0;
close:
	close(genl->fd);
	genl->fd = -1;
	return ret;
}

/* A multicast group to look up. */
struct wanted_group {
	const char *name;
	uint32_t id;
	bool is_there;
};

static void genl_take_groups(const struct nlattr *attrs, size_t len, void *data)
{
	const struct nlattr *groups = genl_find(attrs, len, CTRL_ATTR_MCAST_GROUPS), *group;
	struct wanted_group *wanted = data;

	if (!groups)
		return;
	genl_for_each(group, (const struct nlattr *)genl_data(groups), genl_len(groups)) {
		if (strcmp(genl_text(genl_in(group, CTRL_ATTR_MCAST_GRP_NAME)), wanted->name))
			continue;
		wanted->id = genl_number(genl_in(group, CTRL_ATTR_MCAST_GRP_ID));
		wanted->is_there = true;
	}
}

int __genl_join(struct genl *genl, const char *family, const char *group)
{
	struct wanted_group wanted = { .name = group };
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	int ret;

	genl_put_string(&attrs, CTRL_ATTR_FAMILY_NAME, family);
	ret = genl_exchange(genl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, &attrs, genl_take_groups,
			    &wanted, &answer);
	if (ret)
		return ret;
	if (!wanted.is_there)
		return -ENOENT;
	return setsockopt(genl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &wanted.id,
			  sizeof(wanted.id)) ? -errno : 0;
}

int __genl_take(struct genl *genl, unsigned int ms, genl_reply_fn fn, void *data)
{
	static __thread char buf[GENL_ANSWER_MAX];
	struct pollfd p = { .fd = genl->fd, .events = POLLIN };
	const struct nlmsghdr *nl;
	ssize_t len;
	int n = 0;

	if (poll(&p, 1, ms) != 1)
		return -EAGAIN;
	len = recv(genl->fd, buf, sizeof(buf), 0);
	if (len < 0)
		return -errno;
	for (nl = (void *)buf; NLMSG_OK(nl, (size_t)len); nl = NLMSG_NEXT(nl, len)) {
		if (nl->nlmsg_type != genl->family)
			continue;
		fn((const void *)((const char *)NLMSG_DATA(nl) + GENL_HDRLEN),
		   NLMSG_PAYLOAD(nl, GENL_HDRLEN), data);
		n++;
	}
	return n;
}

void genl_open(struct genl *genl, const char *family)
{
	int ret = __genl_open(genl, family);

	if (ret)
		fail("netlink family %s: %s", family, errno_name(ret));
}

void genl_close(struct genl *genl)
{
	close(genl->fd);
	genl->fd = -1;
}
