// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's generic netlink family, simulated for the recorded tree $FAKE_ROOT. As in Linux,
 * requests are handled within sendmsg(): a request is appended to netlink/log of the tree, the
 * reply is in netlink/COMMAND or netlink/COMMAND-dry-run: one attribute per line, by its name in
 * the specification, nests terminated by "end"; "?NAME" is an empty attribute, which is malformed;
 * "#N VALUE" is attribute N of 4 bytes, as of another driver version. "next" starts another
 * message of a dump; "wait FILE" waits until netlink/FILE is removed; "push FILE" multicasts the
 * messages in netlink/FILE to event listeners; "fail ERRNO TEXT" ends the reply with an error;
 * "then FILE" replaces the reply by netlink/FILE for the next time; "drop" has the socket lose the
 * reply. Without the directory the module is not loaded, without the file the command is refused.
 * Closing a socket that owns a fence session logs "close".
 *
 * Of reset, retrain, fence and recover, netlink/COMMAND is the result, with the names of op-get:
 * they are answered by the number of an operation, which ends when no file that a line "wait FILE"
 * names is there. A result "fail" is the operation's error; "refuse ERRNO TEXT" refuses the command
 * at once; "unnumbered" leaves the number out. op-get is not logged. netlink/deaf has the operation
 * go on when it is cancelled, netlink/lose loses the event of its end.
 *
 * A listener that waits in ppoll() gets the messages that a test puts into netlink/event, which
 * is removed when sent. The groups for administrators need netlink/admin, and are not there with
 * netlink/old; with netlink/closed no group can be joined; netlink/joined has the groups that were
 * joined. netlink/overrun causes one ENOBUFS; netlink/unload unloads the driver,
 * netlink/unload-other another family.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/fpga_vfio.h>
#include <linux/fpga_vfio_stats.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "fakeroot.h"

#define REAL(name)	((typeof(name) *)dlsym(RTLD_NEXT, #name))
#define N(a)		(sizeof(a) / sizeof((a)[0]))
#define FAMILY_ID	0x42
#define GROUP_ID	7
#define NOTIFY_ID	8
#define OPS_ID	9
#define GROUP_ADMIN_ID	10
#define OPS_ADMIN_ID	11
#define MESSAGE_SIZE	16384
#define DEPTH		4
#define POLL_MS		5

enum type { STRING, U32, UINT, FLAG, NEST };

struct attr {
	const char *name;
	int id;
	enum type type;
	const struct attr *nest;
};

#define COUNTER(attr, name)	{ #name, FPGA_VFIO_A_STATS_##attr, UINT, NULL },
static const struct attr stats[] = { FPGA_VFIO_STATS(COUNTER) {} };

static const struct attr reset_time[] = {
	{ "count", FPGA_VFIO_A_RESET_TIME_COUNT, UINT, NULL },
	{ "last-ns", FPGA_VFIO_A_RESET_TIME_LAST_NS, UINT, NULL },
	{ "min-ns", FPGA_VFIO_A_RESET_TIME_MIN_NS, UINT, NULL },
	{ "max-ns", FPGA_VFIO_A_RESET_TIME_MAX_NS, UINT, NULL },
	{ "total-ns", FPGA_VFIO_A_RESET_TIME_TOTAL_NS, UINT, NULL },
	{ "histogram", FPGA_VFIO_A_RESET_TIME_HISTOGRAM, UINT, NULL },
	{}
};

static const struct attr ready_register[] = {
	{ "bar", FPGA_VFIO_A_READY_REGISTER_BAR, U32, NULL },
	{ "offset", FPGA_VFIO_A_READY_REGISTER_OFFSET, UINT, NULL },
	{ "mask", FPGA_VFIO_A_READY_REGISTER_MASK, U32, NULL },
	{ "value", FPGA_VFIO_A_READY_REGISTER_VALUE, U32, NULL },
	{}
};

static const struct attr policy[] = {
	{ "reset-method", FPGA_VFIO_A_POLICY_RESET_METHOD, U32, NULL },
	{ "ready-register", FPGA_VFIO_A_POLICY_READY_REGISTER, NEST, ready_register },
	{ "load-limit-ms", FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS, U32, NULL },
	{ "ready-limit-ms", FPGA_VFIO_A_POLICY_READY_LIMIT_MS, U32, NULL },
	{ "link-speed", FPGA_VFIO_A_POLICY_LINK_SPEED, U32, NULL },
	{ "link-width", FPGA_VFIO_A_POLICY_LINK_WIDTH, U32, NULL },
	{ "retrain-tries", FPGA_VFIO_A_POLICY_RETRAIN_TRIES, U32, NULL },
	{ "monitor-interval-ms", FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS, U32, NULL },
	{ "auto-retrain", FPGA_VFIO_A_POLICY_AUTO_RETRAIN, U32, NULL },
	{ "identity", FPGA_VFIO_A_POLICY_IDENTITY, U32, NULL },
	{ "user-notification", FPGA_VFIO_A_POLICY_USER_NOTIFICATION, U32, NULL },
	{ "aer", FPGA_VFIO_A_POLICY_AER, U32, NULL },
	{ "link-disable", FPGA_VFIO_A_POLICY_LINK_DISABLE, U32, NULL },
	{ "reset-at-open", FPGA_VFIO_A_POLICY_RESET_AT_OPEN, U32, NULL },
	{ "open-limit-ms", FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS, U32, NULL },
	{}
};

static const struct attr refusal[] = {
	{ "reason", FPGA_VFIO_A_REFUSAL_REASON, U32, NULL },
	{ "object", FPGA_VFIO_A_REFUSAL_OBJECT, STRING, NULL },
	{ "driver", FPGA_VFIO_A_REFUSAL_DRIVER, STRING, NULL },
	{ "pid", FPGA_VFIO_A_REFUSAL_PID, U32, NULL },
	{ "comm", FPGA_VFIO_A_REFUSAL_COMM, STRING, NULL },
	{ "key", FPGA_VFIO_A_REFUSAL_KEY, STRING, NULL },
	{}
};

static const struct attr device[] = {
	{ "bdf", FPGA_VFIO_A_DEVICE_BDF, STRING, NULL },
	{ "group", FPGA_VFIO_A_DEVICE_GROUP, U32, NULL },
	{ "port", FPGA_VFIO_A_DEVICE_PORT, STRING, NULL },
	{ "stats", FPGA_VFIO_A_DEVICE_STATS, NEST, stats },
	{ "state", FPGA_VFIO_A_DEVICE_STATE, U32, NULL },
	{ "reason", FPGA_VFIO_A_DEVICE_REASON, STRING, NULL },
	{ "profile", FPGA_VFIO_A_DEVICE_PROFILE, STRING, NULL },
	{ "policy", FPGA_VFIO_A_DEVICE_POLICY, NEST, policy },
	{ "policy-default", FPGA_VFIO_A_DEVICE_POLICY_DEFAULT, FLAG, NULL },
	{ "reset-time", FPGA_VFIO_A_DEVICE_RESET_TIME, NEST, reset_time },
	{ "refusal", FPGA_VFIO_A_DEVICE_REFUSAL, NEST, refusal },
	{}
};

static const struct attr group[] = {
	{ "id", FPGA_VFIO_A_GROUP_ID, U32, NULL },
	{ "device", FPGA_VFIO_A_GROUP_DEVICE, STRING, NULL },
	{ "stats", FPGA_VFIO_A_GROUP_STATS, NEST, stats },
	{ "reset-time", FPGA_VFIO_A_GROUP_RESET_TIME, NEST, reset_time },
	{}
};

static const struct attr event[] = {
	{ "port", FPGA_VFIO_A_EVENT_PORT, STRING, NULL },
	{ "seq", FPGA_VFIO_A_EVENT_SEQ, UINT, NULL },
	{ "time-ns", FPGA_VFIO_A_EVENT_TIME_NS, UINT, NULL },
	{ "bdf", FPGA_VFIO_A_EVENT_BDF, STRING, NULL },
	{ "kind", FPGA_VFIO_A_EVENT_KIND, U32, NULL },
	{ "origin", FPGA_VFIO_A_EVENT_ORIGIN, U32, NULL },
	{ "pid", FPGA_VFIO_A_EVENT_PID, U32, NULL },
	{ "comm", FPGA_VFIO_A_EVENT_COMM, STRING, NULL },
	{ "method", FPGA_VFIO_A_EVENT_METHOD, U32, NULL },
	{ "error", FPGA_VFIO_A_EVENT_ERROR, U32, NULL },
	{ "duration-ns", FPGA_VFIO_A_EVENT_DURATION_NS, UINT, NULL },
	{ "state", FPGA_VFIO_A_EVENT_STATE, U32, NULL },
	{ "speed", FPGA_VFIO_A_EVENT_SPEED, U32, NULL },
	{ "width", FPGA_VFIO_A_EVENT_WIDTH, U32, NULL },
	{ "text", FPGA_VFIO_A_EVENT_TEXT, STRING, NULL },
	{}
};

static const struct attr link_[] = {
	{ "speed", FPGA_VFIO_A_LINK_SPEED, U32, NULL },
	{ "width", FPGA_VFIO_A_LINK_WIDTH, U32, NULL },
	{ "max-speed", FPGA_VFIO_A_LINK_MAX_SPEED, U32, NULL },
	{ "max-width", FPGA_VFIO_A_LINK_MAX_WIDTH, U32, NULL },
	{ "target-speed", FPGA_VFIO_A_LINK_TARGET_SPEED, U32, NULL },
	{ "active", FPGA_VFIO_A_LINK_ACTIVE, FLAG, NULL },
	{ "training", FPGA_VFIO_A_LINK_TRAINING, FLAG, NULL },
	{ "disabled", FPGA_VFIO_A_LINK_DISABLED, FLAG, NULL },
	{}
};

static const struct attr fence_owner[] = {
	{ "pid", FPGA_VFIO_A_FENCE_OWNER_PID, U32, NULL },
	{ "comm", FPGA_VFIO_A_FENCE_OWNER_COMM, STRING, NULL },
	{ "left-ms", FPGA_VFIO_A_FENCE_OWNER_LEFT_MS, U32, NULL },
	{ "detached", FPGA_VFIO_A_FENCE_OWNER_DETACHED, FLAG, NULL },
	{ "link-disabled", FPGA_VFIO_A_FENCE_OWNER_LINK_DISABLED, FLAG, NULL },
	{}
};

static const struct attr card[] = {
	{ "port", FPGA_VFIO_A_CARD_PORT, STRING, NULL },
	{ "device", FPGA_VFIO_A_CARD_DEVICE, STRING, NULL },
	{ "state", FPGA_VFIO_A_CARD_STATE, U32, NULL },
	{ "reason", FPGA_VFIO_A_CARD_REASON, STRING, NULL },
	{ "link", FPGA_VFIO_A_CARD_LINK, NEST, link_ },
	{ "fence", FPGA_VFIO_A_CARD_FENCE, NEST, fence_owner },
	{}
};

static const struct attr function[] = {
	{ "bdf", FPGA_VFIO_A_RESET_FUNCTION_BDF, STRING, NULL },
	{ "driver", FPGA_VFIO_A_RESET_FUNCTION_DRIVER, STRING, NULL },
	{ "held", FPGA_VFIO_A_RESET_FUNCTION_HELD, FLAG, NULL },
	{}
};

static const struct attr step[] = {
	{ "method", FPGA_VFIO_A_RESET_STEP_METHOD, U32, NULL },
	{ "error", FPGA_VFIO_A_RESET_STEP_ERROR, U32, NULL },
	{ "text", FPGA_VFIO_A_RESET_STEP_TEXT, STRING, NULL },
	{ "duration-ns", FPGA_VFIO_A_RESET_STEP_DURATION_NS, UINT, NULL },
	{ "expected-ms", FPGA_VFIO_A_RESET_STEP_EXPECTED_MS, U32, NULL },
	{ "limit-ms", FPGA_VFIO_A_RESET_STEP_LIMIT_MS, U32, NULL },
	{ "function", FPGA_VFIO_A_RESET_STEP_FUNCTION, NEST, function },
	{ "refusal", FPGA_VFIO_A_RESET_STEP_REFUSAL, NEST, refusal },
	{}
};

static const struct attr reset[] = {
	{ "bdf", FPGA_VFIO_A_RESET_BDF, STRING, NULL },
	{ "method", FPGA_VFIO_A_RESET_METHOD, U32, NULL },
	{ "dry-run", FPGA_VFIO_A_RESET_DRY_RUN, FLAG, NULL },
	{ "step", FPGA_VFIO_A_RESET_STEP, NEST, step },
	{ "op", FPGA_VFIO_A_RESET_OP, U32, NULL },
	{ "refusal", FPGA_VFIO_A_RESET_REFUSAL, NEST, refusal },
	{ "unused-only", FPGA_VFIO_A_RESET_UNUSED_ONLY, FLAG, NULL },
	{}
};

static const struct attr retrain[] = {
	{ "bdf", FPGA_VFIO_A_RETRAIN_BDF, STRING, NULL },
	{ "speed", FPGA_VFIO_A_RETRAIN_SPEED, U32, NULL },
	{ "tries", FPGA_VFIO_A_RETRAIN_TRIES, U32, NULL },
	{ "dry-run", FPGA_VFIO_A_RETRAIN_DRY_RUN, FLAG, NULL },
	{ "before", FPGA_VFIO_A_RETRAIN_BEFORE, NEST, link_ },
	{ "after", FPGA_VFIO_A_RETRAIN_AFTER, NEST, link_ },
	{ "op", FPGA_VFIO_A_RETRAIN_OP, U32, NULL },
	{ "refusal", FPGA_VFIO_A_RETRAIN_REFUSAL, NEST, refusal },
	{}
};

static const struct attr fence[] = {
	{ "bdf", FPGA_VFIO_A_FENCE_BDF, STRING, NULL },
	{ "timeout-ms", FPGA_VFIO_A_FENCE_TIMEOUT_MS, U32, NULL },
	{ "detached", FPGA_VFIO_A_FENCE_DETACHED, FLAG, NULL },
	{ "dry-run", FPGA_VFIO_A_FENCE_DRY_RUN, FLAG, NULL },
	{ "port", FPGA_VFIO_A_FENCE_PORT, STRING, NULL },
	{ "function", FPGA_VFIO_A_FENCE_FUNCTION, NEST, function },
	{ "link-disabled", FPGA_VFIO_A_FENCE_LINK_DISABLED, FLAG, NULL },
	{ "op", FPGA_VFIO_A_FENCE_OP, U32, NULL },
	{ "refusal", FPGA_VFIO_A_FENCE_REFUSAL, NEST, refusal },
	{ "unused-only", FPGA_VFIO_A_FENCE_UNUSED_ONLY, FLAG, NULL },
	{}
};

static const struct attr recover[] = {
	{ "bdf", FPGA_VFIO_A_RECOVER_BDF, STRING, NULL },
	{ "force", FPGA_VFIO_A_RECOVER_FORCE, FLAG, NULL },
	{ "dry-run", FPGA_VFIO_A_RECOVER_DRY_RUN, FLAG, NULL },
	{ "step", FPGA_VFIO_A_RECOVER_STEP, NEST, step },
	{ "op", FPGA_VFIO_A_RECOVER_OP, U32, NULL },
	{ "refusal", FPGA_VFIO_A_RECOVER_REFUSAL, NEST, refusal },
	{}
};

static const struct attr op[] = {
	{ "id", FPGA_VFIO_A_OP_ID, U32, NULL },
	{ "port", FPGA_VFIO_A_OP_PORT, STRING, NULL },
	{ "bdf", FPGA_VFIO_A_OP_BDF, STRING, NULL },
	{ "state", FPGA_VFIO_A_OP_STATE, U32, NULL },
	{ "error", FPGA_VFIO_A_OP_ERROR, U32, NULL },
	{ "text", FPGA_VFIO_A_OP_TEXT, STRING, NULL },
	{ "refusal", FPGA_VFIO_A_OP_REFUSAL, NEST, refusal },
	{ "step", FPGA_VFIO_A_OP_STEP, NEST, step },
	{ "before", FPGA_VFIO_A_OP_BEFORE, NEST, link_ },
	{ "after", FPGA_VFIO_A_OP_AFTER, NEST, link_ },
	{ "attempts", FPGA_VFIO_A_OP_ATTEMPTS, U32, NULL },
	{ "timeout-ms", FPGA_VFIO_A_OP_TIMEOUT_MS, U32, NULL },
	{ "function", FPGA_VFIO_A_OP_FUNCTION, NEST, function },
	{ "link-disabled", FPGA_VFIO_A_OP_LINK_DISABLED, FLAG, NULL },
	{ "card-state", FPGA_VFIO_A_OP_CARD_STATE, U32, NULL },
	{ "card-reason", FPGA_VFIO_A_OP_CARD_REASON, STRING, NULL },
	{ "link-ns", FPGA_VFIO_A_OP_LINK_NS, UINT, NULL },
	{ "ready-ns", FPGA_VFIO_A_OP_READY_NS, UINT, NULL },
	{ "duration-ns", FPGA_VFIO_A_OP_DURATION_NS, UINT, NULL },
	{}
};

static const struct {
	const char *name;
	const struct attr *attrs;
} commands[] = {
	[FPGA_VFIO_CMD_DEVICE_GET] = { "device-get", device },
	[FPGA_VFIO_CMD_DEVICE_SET] = { "device-set", device },
	[FPGA_VFIO_CMD_CARD_GET] = { "card-get", card },
	[FPGA_VFIO_CMD_GROUP_GET] = { "group-get", group },
	[FPGA_VFIO_CMD_RESET] = { "reset", reset },
	[FPGA_VFIO_CMD_RETRAIN] = { "retrain", retrain },
	[FPGA_VFIO_CMD_HISTORY_GET] = { "history-get", event },
	[FPGA_VFIO_CMD_FENCE] = { "fence", fence },
	[FPGA_VFIO_CMD_RECOVER] = { "recover", recover },
	[FPGA_VFIO_CMD_RELEASE] = { "release", device },
	[FPGA_VFIO_CMD_OP_GET] = { "op-get", op },
	[FPGA_VFIO_CMD_OP_CANCEL] = { "op-cancel", op },
};

/* The driver's end of each netlink socket of the program; 0: not netlink. */
static int ends[64];
/* Sockets that own a fence session. */
static bool has_fence[64];
/* Listeners of the event group, of operations, and of the family notifications. */
static bool is_member[64], is_op_member[64], is_notified[64];
/* Destination of the reply. */
static int asker;
/* Sockets that take texts of errors; whether the asker does. */
static bool has_texts[64], wants_texts;
/* The next message is lost. */
static bool is_lost;

/* The last operation. */
static struct {
	uint32_t id;
	int cmd;
	bool is_on, is_told, is_cancelled;
} last;

/* A message under construction. */
struct message {
	union {
		struct nlmsghdr hdr;
		char bytes[MESSAGE_SIZE];
	};
};

static void begin(struct message *m, const struct nlmsghdr *request, int type, int cmd)
{
	memset(m, 0, sizeof(*m));
	m->hdr.nlmsg_type = (uint16_t)type;
	m->hdr.nlmsg_seq = request->nlmsg_seq;
	m->hdr.nlmsg_pid = request->nlmsg_pid;
	m->hdr.nlmsg_len = NLMSG_HDRLEN;
	if (!cmd)
		return;
	((struct genlmsghdr *)NLMSG_DATA(&m->hdr))->cmd = (uint8_t)cmd;
	m->hdr.nlmsg_len += GENL_HDRLEN;
}

static struct nlattr *put(struct message *m, int type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(m->bytes + m->hdr.nlmsg_len);

	if (m->hdr.nlmsg_len + NLA_HDRLEN + NLA_ALIGN(len) > MESSAGE_SIZE)
		abort();
	a->nla_type = (uint16_t)type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	m->hdr.nlmsg_len += NLA_HDRLEN + NLA_ALIGN(len);
	return a;
}

static void give(const struct message *m)
{
	if (write(asker, m, m->hdr.nlmsg_len) < 0)
		abort();
}

/* An acknowledgment as of netlink_ack(). */
static void give_error(const struct nlmsghdr *request, int error, const char *text)
{
	struct nlmsgerr *e;
	struct message m;

	begin(&m, request, NLMSG_ERROR, 0);
	e = NLMSG_DATA(&m.hdr);
	e->error = -error;
	e->msg = *request;
	m.hdr.nlmsg_len += sizeof(*e);
	if (error) {
		memcpy(e + 1, request + 1, request->nlmsg_len - NLMSG_HDRLEN);
		m.hdr.nlmsg_len += NLMSG_ALIGN(request->nlmsg_len) - NLMSG_HDRLEN;
	} else {
		m.hdr.nlmsg_flags |= NLM_F_CAPPED;
	}
	if (text && *text && wants_texts) {
		m.hdr.nlmsg_flags |= NLM_F_ACK_TLVS;
		put(&m, NLMSGERR_ATTR_MSG, text, strlen(text) + 1);
	}
	give(&m);
}

static const struct attr *find(const struct attr *attrs, const char *name)
{
	for (; attrs->name; attrs++)
		if (!strcmp(attrs->name, name))
			return attrs;
	fprintf(stderr, "fakenetlink: %s: no such attribute\n", name);
	abort();
}

static void put_value(struct message *m, const struct attr *a, const char *text)
{
	uint64_t value = strtoull(text, NULL, 0);
	uint32_t value32 = (uint32_t)value;

	switch (a->type) {
	case STRING:
		put(m, a->id, text, strlen(text) + 1);
		break;
	case U32:
		put(m, a->id, &value32, 4);
		break;
	case UINT:
		if (value == value32)
			put(m, a->id, &value32, 4);
		else
			put(m, a->id, &value, 8);
		break;
	default:
		put(m, a->id, NULL, 0);
		break;
	}
}

/* In real time, independent of fakeclock.c. */
static void wait_gone(const char *root, const char *name)
{
	struct timespec step = { .tv_nsec = 2000000 };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/netlink/%s", root, name);
	while (!access(path, F_OK))
		clock_nanosleep(CLOCK_REALTIME, 0, &step, NULL);
}

/* End of a dump. */
static void give_done(const struct nlmsghdr *request, int error, const char *text)
{
	struct message m;

	begin(&m, request, NLMSG_DONE, 0);
	m.hdr.nlmsg_flags = NLM_F_MULTI;
	*(int *)NLMSG_DATA(&m.hdr) = -error;
	m.hdr.nlmsg_len += sizeof(int);
	if (text && *text && wants_texts) {
		m.hdr.nlmsg_flags |= NLM_F_ACK_TLVS;
		put(&m, NLMSGERR_ATTR_MSG, text, strlen(text) + 1);
	}
	give(&m);
}

/* State of parsing a reply file. */
struct reading {
	const char *root, *name;
	const struct nlmsghdr *request;
	const struct attr *attrs[DEPTH];	/* of open nests, up to depth */
	struct nlattr *open[DEPTH];
	int depth, cmd;
	bool has_message;
	struct message m;
	int error;
	char text[256];
};

static void begin_message(struct reading *r)
{
	begin(&r->m, r->request, FAMILY_ID, r->cmd);
	if (r->request->nlmsg_flags & NLM_F_DUMP)
		r->m.hdr.nlmsg_flags = NLM_F_MULTI;
	r->depth = 0;
	r->has_message = false;
}

static void end_message(struct reading *r)
{
	int fd, to = asker;

	if (r->depth)
		abort();
	if (r->has_message && r->cmd == FPGA_VFIO_CMD_EVENT) {
		for (fd = 0; fd < (int)N(ends); fd++) {
			if (!is_member[fd])
				continue;
			asker = ends[fd];
			give(&r->m);
		}
		asker = to;
	} else if (r->has_message) {
		give(&r->m);
	}
	begin_message(r);
}

static void do_attr(struct reading *r, const char *word, const char *rest)
{
	const struct attr *a;
	uint32_t value;

	if (!strcmp(word, "end")) {
		if (!r->depth)
			abort();
		r->open[r->depth]->nla_len = (uint16_t)(r->m.bytes + r->m.hdr.nlmsg_len -
							(char *)r->open[r->depth]);
		r->depth--;
		return;
	}
	r->has_message = true;
	if (*word == '?') {
		put(&r->m, find(r->attrs[r->depth], word + 1)->id, NULL, 0);
		return;
	}
	if (*word == '#') {
		value = (uint32_t)strtoul(rest, NULL, 0);
		put(&r->m, atoi(word + 1), &value, sizeof(value));
		return;
	}
	a = find(r->attrs[r->depth], word);
	if (a->type != NEST) {
		put_value(&r->m, a, rest);
		return;
	}
	if (++r->depth == DEPTH)
		abort();
	r->attrs[r->depth] = a->nest;
	r->open[r->depth] = put(&r->m, a->id | NLA_F_NESTED, NULL, 0);
}

static void push(const char *root, const char *name);

static void replace(const struct reading *r, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/netlink/%s", r->root, name);
	snprintf(to, sizeof(to), "%s/netlink/%s", r->root, r->name);
	if (rename(from, to))
		abort();
}

static void do_line(struct reading *r, char *line)
{
	char *word = line + strspn(line, " \t"), *rest;

	word[strcspn(word, "\n")] = '\0';
	rest = word + strcspn(word, " ");
	if (*rest)
		*rest++ = '\0';
	if (!strcmp(word, "wait")) {
		wait_gone(r->root, rest);
	} else if (!strcmp(word, "fail")) {
		r->error = (int)strtol(rest, &rest, 10);
		snprintf(r->text, sizeof(r->text), "%s", rest + strspn(rest, " "));
	} else if (!strcmp(word, "next")) {
		end_message(r);
	} else if (!strcmp(word, "drop")) {
		is_lost = true;
	} else if (!strcmp(word, "push")) {
		push(r->root, rest);
	} else if (!strcmp(word, "then")) {
		replace(r, rest);
	} else if (*word) {
		do_attr(r, word, rest);
	}
}

static void read_messages(struct reading *r, const struct attr *table, FILE *f)
{
	char line[1024];

	r->attrs[0] = table;
	begin_message(r);
	while (fgets(line, sizeof(line), f))
		do_line(r, line);
	end_message(r);
}

/* Multicast an event. */
static void push(const char *root, const char *name)
{
	const struct nlmsghdr none = {};
	struct reading r = { .root = root, .name = name, .request = &none,
			     .cmd = FPGA_VFIO_CMD_EVENT };
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/netlink/%s", root, name);
	f = fopen(path, "re");
	if (!f)
		abort();
	read_messages(&r, event, f);
	fclose(f);
	unlink(path);
}

static void answer(const char *root, const char *name, const struct nlmsghdr *request,
		   const struct attr *table, FILE *f)
{
	struct reading r = { .root = root, .name = name, .request = request };

	r.cmd = ((const struct genlmsghdr *)NLMSG_DATA(request))->cmd;
	read_messages(&r, table, f);
	if (request->nlmsg_flags & NLM_F_DUMP)
		give_done(request, r.error, r.text);
	else
		give_error(request, r.error, r.text);
}

/* Log an attribute of a request. */
static void log_attr(FILE *log, const struct attr *known, const struct nlattr *a);

static void log_attrs(FILE *log, const struct attr *table, const char *at, const char *end)
{
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *a = (const struct nlattr *)at;
		const struct attr *known = table;

		while (known->name && known->id != (a->nla_type & NLA_TYPE_MASK))
			known++;
		log_attr(log, known, a);
		at += NLA_ALIGN(a->nla_len);
	}
}

static void log_attr(FILE *log, const struct attr *known, const struct nlattr *a)
{
	const char *data = (const char *)a + NLA_HDRLEN;
	uint64_t value = 0;

	fprintf(log, "%s", known->name ? known->name : "?");
	if (known->type == STRING) {
		fprintf(log, "=%s ", data);
	} else if (known->type == NEST) {
		/* Linux rejects a nest without the flag. */
		if (!(a->nla_type & NLA_F_NESTED))
			abort();
		fprintf(log, "{ ");
		log_attrs(log, known->nest, data, (const char *)a + a->nla_len);
		fprintf(log, "} ");
	} else if (known->type == FLAG) {
		fprintf(log, " ");
	} else {
		memcpy(&value, data, a->nla_len - NLA_HDRLEN);
		fprintf(log, "=%llu ", (unsigned long long)value);
	}
}

static bool has_flag(const struct nlmsghdr *request, const struct attr *table, const char *name)
{
	const char *end = (const char *)request + request->nlmsg_len;
	const char *at = (const char *)NLMSG_DATA(request) + GENL_HDRLEN;

	while (table->name && strcmp(table->name, name))
		table++;
	for (; at + NLA_HDRLEN <= end; at += NLA_ALIGN(((const struct nlattr *)at)->nla_len))
		if (table->name && ((const struct nlattr *)at)->nla_type == table->id)
			return true;
	return false;
}

static void log_request(const char *root, const char *name, const struct nlmsghdr *request,
			const struct attr *table)
{
	char path[PATH_MAX];
	FILE *log;

	snprintf(path, sizeof(path), "%s/netlink/log", root);
	log = fopen(path, "ae");
	if (!log)
		abort();
	fprintf(log, "%s ", name);
	log_attrs(log, table, (const char *)NLMSG_DATA(request) + GENL_HDRLEN,
		  (const char *)request + request->nlmsg_len);
	fprintf(log, "\n");
	fclose(log);
}

static void log_close(const char *root)
{
	char path[PATH_MAX];
	FILE *log;

	snprintf(path, sizeof(path), "%s/netlink/log", root);
	log = fopen(path, "ae");
	if (!log)
		return;
	fprintf(log, "close\n");
	fclose(log);
}

static void put_group(struct message *m, int nr, const char *name, uint32_t id)
{
	struct nlattr *entry = put(m, nr | NLA_F_NESTED, NULL, 0);

	put(m, CTRL_ATTR_MCAST_GRP_NAME, name, strlen(name) + 1);
	put(m, CTRL_ATTR_MCAST_GRP_ID, &id, sizeof(id));
	entry->nla_len = (uint16_t)(m->bytes + m->hdr.nlmsg_len - (char *)entry);
}

/* True if netlink/NAME is there. */
static bool has_file(const char *root, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/netlink/%s", root, name);
	return !access(path, F_OK);
}

static void put_groups(struct message *m, const char *root, bool is_ctrl)
{
	struct nlattr *list = put(m, CTRL_ATTR_MCAST_GROUPS | NLA_F_NESTED, NULL, 0);

	if (is_ctrl) {
		put_group(m, 1, "notify", NOTIFY_ID);
	} else {
		put_group(m, 1, FPGA_VFIO_MCGRP_EVENTS, GROUP_ID);
		put_group(m, 2, FPGA_VFIO_MCGRP_OPS, OPS_ID);
		if (!has_file(root, "old")) {
			put_group(m, 3, FPGA_VFIO_MCGRP_EVENTS_ADMIN, GROUP_ADMIN_ID);
			put_group(m, 4, FPGA_VFIO_MCGRP_OPS_ADMIN, OPS_ADMIN_ID);
		}
	}
	list->nla_len = (uint16_t)(m->bytes + m->hdr.nlmsg_len - (char *)list);
}

/* CTRL_CMD_GETFAMILY, for nlctrl or the driver's family. */
static void on_family(const char *root, const struct nlmsghdr *request)
{
	const struct nlattr *a = (const struct nlattr *)((const char *)NLMSG_DATA(request) +
							 GENL_HDRLEN);
	const char *name = (const char *)a + NLA_HDRLEN;
	bool is_ctrl = !strcmp(name, "nlctrl");
	uint16_t id = is_ctrl ? GENL_ID_CTRL : FAMILY_ID;
	char path[PATH_MAX];
	struct message m;

	snprintf(path, sizeof(path), "%s/netlink", root);
	if (!is_ctrl && (access(path, F_OK) || strcmp(name, FPGA_VFIO_FAMILY_NAME) != 0)) {
		give_error(request, ENOENT, NULL);
		return;
	}
	begin(&m, request, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
	put(&m, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	put(&m, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	put_groups(&m, root, is_ctrl);
	give(&m);
	give_error(request, 0, NULL);
}

/* Multicast the removal of a family. */
static void unload(uint16_t id)
{
	const struct nlmsghdr none = {};
	struct message m;
	int fd;

	begin(&m, &none, GENL_ID_CTRL, CTRL_CMD_DELFAMILY);
	put(&m, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	for (fd = 0; fd < (int)N(ends); fd++) {
		if (!is_notified[fd])
			continue;
		asker = ends[fd];
		give(&m);
	}
}

static bool is_op(int cmd)
{
	return cmd == FPGA_VFIO_CMD_RESET || cmd == FPGA_VFIO_CMD_RETRAIN ||
	       cmd == FPGA_VFIO_CMD_FENCE || cmd == FPGA_VFIO_CMD_RECOVER;
}

/* The result of the last operation, or NULL. */
static FILE *open_result(const char *root)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/netlink/%s", root, commands[last.cmd].name);
	return fopen(path, "re");
}

/* True if a line "wait FILE" of the result names a file that is there. */
static bool is_blocked(const char *root)
{
	FILE *f = open_result(root);
	char path[PATH_MAX], line[1024];
	bool is_so = false;

	while (f && !is_so && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "wait ", 5))
			continue;
		snprintf(path, sizeof(path), "%s/netlink/%s", root, line + 5);
		is_so = !access(path, F_OK);
	}
	if (f)
		fclose(f);
	return is_so && !last.is_cancelled;
}

static void begin_op(const char *root, const struct nlmsghdr *request, int cmd)
{
	bool is_numbered = true;
	char line[1024], *rest;
	struct message m;
	int error = 0;
	FILE *f;

	last.cmd = cmd;
	f = open_result(root);
	if (!f) {
		give_error(request, ENODEV, "fakenetlink has no answer");
		return;
	}
	while (!error && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "refuse ", 7))
			error = (int)strtol(line + 7, &rest, 10);
		if (!strcmp(line, "unnumbered"))
			is_numbered = false;
	}
	fclose(f);
	if (error) {
		give_error(request, error, rest + strspn(rest, " "));
		return;
	}
	last.id++;
	last.is_on = true;
	last.is_told = false;
	last.is_cancelled = false;
	begin(&m, request, FAMILY_ID, cmd);
	if (is_numbered)
		put(&m, find(commands[cmd].attrs, "op")->id, &last.id, sizeof(last.id));
	give(&m);
	give_error(request, 0, NULL);
}

static void put_named(struct reading *r, const char *name, const char *value)
{
	put_value(&r->m, find(op, name), value);
	r->has_message = true;
}

static void put_number(struct reading *r, const char *name, unsigned int number)
{
	char value[16];

	snprintf(value, sizeof(value), "%u", number);
	put_named(r, name, value);
}

static void read_result(struct reading *r, FILE *f)
{
	char line[1024];

	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "wait ", 5))
			do_line(r, line);
	if (last.is_cancelled) {
		r->error = ECANCELED;
		snprintf(r->text, sizeof(r->text), "cancelled");
	}
	if (!r->error)
		return;
	put_number(r, "error", (unsigned int)r->error);
	if (*r->text)
		put_named(r, "text", r->text);
}

static void give_op(const char *root, const struct nlmsghdr *request)
{
	struct reading r = { .root = root, .name = commands[last.cmd].name, .request = request,
			     .cmd = FPGA_VFIO_CMD_OP_GET, .attrs = { op } };
	bool has_ended = !is_blocked(root);
	FILE *f;

	if (!last.is_on) {
		give_error(request, ENOENT, "no such operation");
		return;
	}
	begin_message(&r);
	put_number(&r, "id", last.id);
	put_number(&r, "state", has_ended ? FPGA_VFIO_OP_STATE_ENDED : FPGA_VFIO_OP_STATE_RUNNING);
	if (has_ended) {
		f = open_result(root);
		if (!f)
			abort();
		read_result(&r, f);
		fclose(f);
		last.is_on = false;
	}
	end_message(&r);
	give_error(request, 0, NULL);
}

/* Multicast the end of the operation, once. */
static void tell_end(const char *root)
{
	const struct nlmsghdr none = {};
	char path[PATH_MAX];
	struct message m;
	int fd;

	if (!last.is_on || last.is_told || is_blocked(root))
		return;
	last.is_told = true;
	snprintf(path, sizeof(path), "%s/netlink/lose", root);
	if (!access(path, F_OK))
		return;
	begin(&m, &none, FAMILY_ID, FPGA_VFIO_CMD_OP_ENDED);
	put(&m, FPGA_VFIO_A_OP_ID, &last.id, sizeof(last.id));
	for (fd = 0; fd < (int)N(ends); fd++) {
		if (!is_op_member[fd])
			continue;
		asker = ends[fd];
		give(&m);
	}
}

static void on_request(const char *root, int fd, const struct nlmsghdr *request)
{
	const int cmd = ((const struct genlmsghdr *)NLMSG_DATA(request))->cmd;
	char path[PATH_MAX], name[64];
	FILE *f;

	if (request->nlmsg_type == GENL_ID_CTRL) {
		on_family(root, request);
		return;
	}
	if (cmd >= (int)N(commands) || !commands[cmd].name) {
		give_error(request, EOPNOTSUPP, NULL);
		return;
	}
	if (cmd == FPGA_VFIO_CMD_OP_GET) {
		give_op(root, request);
		return;
	}
	log_request(root, commands[cmd].name, request, commands[cmd].attrs);
	if (cmd == FPGA_VFIO_CMD_OP_CANCEL) {
		snprintf(path, sizeof(path), "%s/netlink/deaf", root);
		last.is_cancelled = access(path, F_OK);
		give_error(request, 0, NULL);
		return;
	}
	snprintf(name, sizeof(name), "%s%s", commands[cmd].name,
		 has_flag(request, commands[cmd].attrs, "dry-run") ? "-dry-run" : "");
	if (cmd == FPGA_VFIO_CMD_FENCE && !has_flag(request, fence, "dry-run") &&
	    !has_flag(request, fence, "detached"))
		has_fence[fd] = true;
	if (is_op(cmd) && !has_flag(request, commands[cmd].attrs, "dry-run")) {
		begin_op(root, request, cmd);
		return;
	}
	snprintf(path, sizeof(path), "%s/netlink/%s", root, name);
	f = fopen(path, "re");
	if (!f) {
		give_error(request, ENODEV, "fakenetlink has no answer");
		return;
	}
	answer(root, name, request, commands[cmd].attrs, f);
	fclose(f);
}

int socket(int domain, int type, int protocol)
{
	int pair[2];

	if (domain != AF_NETLINK || protocol != NETLINK_GENERIC || !getenv("FAKE_ROOT"))
		return REAL(socket)(domain, type, protocol);
	errno = failure("socket");
	if (errno || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	if (pair[0] >= (int)N(ends))
		abort();
	ends[pair[0]] = pair[1];
	return pair[0];
}

static bool is_fake(int fd)
{
	return fd >= 0 && fd < (int)N(ends) && ends[fd];
}

int close(int fd)
{
	if (is_fake(fd)) {
		REAL(close)(ends[fd]);
		if (has_fence[fd])
			log_close(getenv("FAKE_ROOT"));
		has_fence[fd] = false;
		has_texts[fd] = false;
		ends[fd] = 0;
		is_member[fd] = false;
		is_op_member[fd] = false;
		is_notified[fd] = false;
	}
	return REAL(close)(fd);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return is_fake(fd) ? 0 : REAL(bind)(fd, addr, len);
}

static void note_joined(const char *root, const char *name)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/netlink/joined", root);
	f = fopen(path, "ae");
	if (!f)
		return;
	fprintf(f, "%s\n", name);
	fclose(f);
}

static int join_group(int fd, int id)
{
	const char *root = getenv("FAKE_ROOT");
	bool is_for_admin = id == GROUP_ADMIN_ID || id == OPS_ADMIN_ID;

	if (has_file(root, "closed")) {
		errno = ENOMEM;
		return -1;
	}
	if (is_for_admin && !has_file(root, "admin")) {
		errno = EPERM;
		return -1;
	}
	switch (id) {
	case GROUP_ID:
	case GROUP_ADMIN_ID:
		is_member[fd] = true;
		note_joined(root, is_for_admin ? FPGA_VFIO_MCGRP_EVENTS_ADMIN :
						 FPGA_VFIO_MCGRP_EVENTS);
		return 0;
	case OPS_ID:
	case OPS_ADMIN_ID:
		is_op_member[fd] = true;
		note_joined(root, is_for_admin ? FPGA_VFIO_MCGRP_OPS_ADMIN : FPGA_VFIO_MCGRP_OPS);
		return 0;
	case NOTIFY_ID:
		is_notified[fd] = true;
		return 0;
	default:
		abort();
	}
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	if (!is_fake(fd))
		return REAL(setsockopt)(fd, level, option, value, len);
	if (level == SOL_NETLINK && option == NETLINK_ADD_MEMBERSHIP)
		return join_group(fd, *(const int *)value);
	if (level == SOL_NETLINK && option == NETLINK_EXT_ACK)
		has_texts[fd] = *(const int *)value;
	return 0;
}

int getsockname(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK, .nl_pid = (uint32_t)getpid() };

	if (!is_fake(fd))
		return REAL(getsockname)(fd, addr, len);
	memcpy(addr, &local, sizeof(local));
	*len = sizeof(local);
	return 0;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct message m = {};
	size_t len = 0, i;

	if (!is_fake(fd))
		return REAL(sendmsg)(fd, msg, flags);
	for (i = 0; i < msg->msg_iovlen; i++) {
		if (len + msg->msg_iov[i].iov_len > sizeof(m))
			abort();
		memcpy(m.bytes + len, msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
		len += msg->msg_iov[i].iov_len;
	}
	asker = ends[fd];
	wants_texts = has_texts[fd];
	on_request(getenv("FAKE_ROOT"), fd, &m.hdr);
	return (ssize_t)len;
}

/* True if the test created the file; removes it. */
static bool takes(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/netlink/%s", getenv("FAKE_ROOT"), name);
	return !unlink(path);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr bare = *msg;
	ssize_t len;

	if (!is_fake(fd))
		return REAL(recvmsg)(fd, msg, flags);
	if (is_lost || ((is_member[fd] || is_op_member[fd]) && takes("overrun"))) {
		is_lost = false;
		errno = ENOBUFS;
		return -1;
	}
	bare.msg_name = NULL;
	bare.msg_namelen = 0;
	len = REAL(recvmsg)(fd, &bare, flags);
	msg->msg_flags = bare.msg_flags;
	msg->msg_controllen = bare.msg_controllen;
	if (len >= 0 && msg->msg_name) {
		memcpy(msg->msg_name, &kernel, sizeof(kernel));
		msg->msg_namelen = sizeof(kernel);
	}
	return len;
}

/* Check for files of the test between slices; signals arrive in the real ppoll(). */
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	const struct timespec slice = { .tv_nsec = POLL_MS * 1000000L };
	const char *root = getenv("FAKE_ROOT");
	char happens[PATH_MAX], overrun[PATH_MAX];
	long left_ms = timeout ? timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000 : LONG_MAX;
	nfds_t i;
	int ret;

	if (!n || !is_fake(fds[0].fd))
		return REAL(ppoll)(fds, n, timeout, mask);
	snprintf(happens, sizeof(happens), "%s/netlink/event", root);
	snprintf(overrun, sizeof(overrun), "%s/netlink/overrun", root);
	do {
		if (takes("unload-other"))
			unload(FAMILY_ID + 1);
		if (takes("unload"))
			unload(FAMILY_ID);
		tell_end(root);
		if (!access(happens, F_OK))
			push(root, "event");
		if (!access(overrun, F_OK)) {
			for (i = 0; i < n; i++)
				fds[i].revents = i ? 0 : POLLERR;
			return 1;
		}
		ret = REAL(ppoll)(fds, n, &slice, mask);
		left_ms -= POLL_MS;
	} while (!ret && left_ms > 0);
	return ret;
}
