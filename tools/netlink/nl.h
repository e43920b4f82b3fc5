/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink client over libnl that keeps the kernel's extack texts. */
#ifndef FPGACTL_NL_H
#define FPGACTL_NL_H

#include <stdbool.h>
#include <stdint.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

struct fv_nl {
	struct nl_sock *sock;
	int family;
	int service;		/* connection to the service for group fpga; 0: none */
};

/* Called for each message of a reply. */
typedef void (*fv_nl_answer_fn)(struct nlmsghdr *hdr, void *data);

int fv_nl_open(struct fv_nl *nl, char **why);
int fv_nl_listen(struct fv_nl *nl, const char *group, const char *otherwise, char **why);
int fv_nl_take(struct fv_nl *nl, fv_nl_answer_fn answer, void *data, char **why);
void fv_nl_close(struct fv_nl *nl);
struct nl_msg *fv_nl_message(struct fv_nl *nl, uint8_t cmd, int flags);
int fv_nl_call(struct fv_nl *nl, struct nl_msg *msg, fv_nl_answer_fn answer, void *data,
	       char **why);
bool fv_nl_is_interrupted(int ret, int *tries, char **why);
int fv_nl_code(int ret);
int fv_nl_fail(int ret, const char *object, const char *what, const char *hint, const char *why);
int fv_nl_fail_as(int code, const char *object, const char *what, const char *hint,
		  const char *text);
int fv_nl_fail_open(int code, const char *object, const char *what, const char *why);
uint32_t fv_nl_get_u32(const struct nlattr *attr);
char *fv_nl_get_text(const struct nlattr *attr);
uint32_t fv_nl_find_u32(struct nlmsghdr *hdr, int type);
uint64_t fv_nl_get_uint(const struct nlattr *attr);
void fv_nl_put_uint(struct nl_msg *msg, int attr, uint64_t value);

#endif
