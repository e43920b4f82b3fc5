/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_GENL_H
#define FV_TEST_GENL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Generic netlink without a library: the test controls every byte of a request, so that it can
 * send malformed ones, too.
 */

#define GENL_REQUEST_MAX 4096

struct genl {
	int fd;
	uint16_t family;
	uint32_t seq;
};

/* Attributes of a request, appended by genl_put(). */
struct genl_attrs {
	size_t len;
	char data[GENL_REQUEST_MAX];
};

/* Result of a request. */
struct genl_answer {
	int error;			/* 0 or a negative errno */
	char text[256];			/* extack text, empty if none */
	bool has_offset, has_miss;	/* NLMSGERR_ATTR_OFFS, _MISS_TYPE */
	uint32_t offset, miss;
	unsigned int messages;		/* replies before the end */
	bool interrupted;		/* the dump had NLM_F_DUMP_INTR */
};

/* Called with the attributes of each reply. */
typedef void (*genl_reply_fn)(const struct nlattr *attrs, size_t len,
			      void *data);

/* Connect and resolve the family; return 0 or a negative errno (-ENOENT: no such family). */
int __genl_open(struct genl *genl, const char *family);
void genl_open(struct genl *genl, const char *family);
void genl_close(struct genl *genl);

/* Append an attribute of any type, length and content. */
void genl_put(struct genl_attrs *attrs, uint16_t type, const void *data,
	      size_t len);
void genl_put_string(struct genl_attrs *attrs, uint16_t type,
		     const char *text);
void genl_put_u32(struct genl_attrs *attrs, uint16_t type, uint32_t value);
/* netlink type "uint": 4 bytes if the value fits, else 8 */
void genl_put_uint(struct genl_attrs *attrs, uint16_t type, uint64_t value);
void genl_put_nest(struct genl_attrs *attrs, uint16_t type, const struct genl_attrs *inner);

/*
 * Send @cmd with @attrs (NULL: none) and receive up to the ack or, with NLM_F_DUMP, the end of
 * the dump. Returns @answer->error.
 */
int __genl_call(struct genl *genl, uint8_t cmd, uint16_t flags,
		const struct genl_attrs *attrs, genl_reply_fn fn, void *data,
		struct genl_answer *answer);

/* Join a multicast group by name; return 0 or a negative errno. */
int __genl_join(struct genl *genl, const char *family, const char *group);

/*
 * Pass multicast messages that arrive within @ms to @fn; return their number or a negative errno
 * (-EAGAIN: none; -ENOBUFS: the socket overran).
 */
int __genl_take(struct genl *genl, unsigned int ms, genl_reply_fn fn, void *data);

#define genl_for_each(_attr, _attrs, _len)				\
	for (_attr = (_attrs);						\
	     genl_attr_ok(_attr, _attrs, _len);				\
	     _attr = (const struct nlattr *)((const char *)(_attr) +	\
					     NLA_ALIGN((_attr)->nla_len)))

static inline bool genl_attr_ok(const struct nlattr *attr,
				const struct nlattr *attrs, size_t len)
{
	size_t at = (const char *)attr - (const char *)attrs;

	return at + sizeof(*attr) <= len && attr->nla_len >= sizeof(*attr) &&
	       at + attr->nla_len <= len;
}

static inline uint16_t genl_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

static inline const void *genl_data(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static inline size_t genl_len(const struct nlattr *attr)
{
	return attr->nla_len - NLA_HDRLEN;
}

/* First attribute of a type in a list or in a nest; NULL if absent. */
const struct nlattr *genl_find(const struct nlattr *attrs, size_t len, uint16_t type);
const struct nlattr *genl_in(const struct nlattr *nest, uint16_t type);

/* Value of an attribute; 0 or "" if @attr is NULL. */
uint64_t genl_number(const struct nlattr *attr);
const char *genl_text(const struct nlattr *attr);

/* Netlink type "uint": 4 or 8 bytes. */
uint64_t genl_uint(const struct nlattr *attr);

#endif
