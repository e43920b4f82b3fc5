/* SPDX-License-Identifier: GPL-2.0 */
/* Device policy: keys, and the textual form of their values. */
#ifndef FPGACTL_POLICY_H
#define FPGACTL_POLICY_H

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "util/key.h"
#include "util/util.h"

enum policy_key {
	POLICY_RESET_METHODS,
	POLICY_READY_REGISTER,
	POLICY_LOAD_LIMIT,
	POLICY_READY_LIMIT,
	POLICY_LINK_SPEED,
	POLICY_LINK_WIDTH,
	POLICY_RETRAIN_TRIES,
	POLICY_MONITOR_INTERVAL,
	POLICY_AUTO_RETRAIN,
	POLICY_IDENTITY,
	POLICY_USER_NOTIFICATION,
	POLICY_AER,
	POLICY_LINK_DISABLE,
	POLICY_RESET_AT_OPEN,
	POLICY_OPEN_LIMIT,
	POLICY_N
};

#define POLICY_METHODS_MAX	8

struct policy {
	bool has[POLICY_N];
	uint32_t number[POLICY_N];		/* keys with a single number */
	uint32_t methods[POLICY_METHODS_MAX];
	size_t n_methods;
	struct {
		uint32_t bar, mask, value;
		uint64_t offset;
	} ready;
};

const struct key *policy_key(size_t i);
const char *policy_json_key(size_t i);
char *policy_text(const struct policy *p, size_t i);
struct json_object *policy_json(const struct policy *p);
const char *policy_check_word(struct policy *p, const char *word);
int policy_parse_word(struct policy *p, const char *word);
void policy_parse(struct policy *p, struct nlattr *nest);
void policy_put(const struct policy *p, struct nl_msg *msg, int attr);

#endif
