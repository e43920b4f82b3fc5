// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's generic netlink family, for the recorded tree that $FAKE_ROOT names. As in
 * Linux all is done before sendmsg() returns: a request is written down in netlink/log
 * of the tree, and the answer to it is in netlink/COMMAND, or netlink/COMMAND-dry-run:
 * one attribute in each line, by its name in the specification, nests closed by "end";
 * "delay MS" waits, "fail ERRNO TEXT" sends an error with this text after what was
 * answered. Without the directory the module is not loaded, without the file the
 * command is refused.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/fpga_vfio.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#define REAL(name)	((typeof(name) *)dlsym(RTLD_NEXT, #name))
#define N(a)		(sizeof(a) / sizeof((a)[0]))
#define FAMILY_ID	0x42
#define MESSAGE_SIZE	16384

enum type { STRING, U8, U32, UINT, FLAG, NEST };

struct attr {
	const char *name;
	int id;
	enum type type;
	const struct attr *nest;
};

static const struct attr stats[] = {
	{ "opens", FPGA_VFIO_A_STATS_OPENS, UINT, NULL },
	{ "users", FPGA_VFIO_A_STATS_USERS, UINT, NULL },
	{}
};

static const struct attr device[] = {
	{ "bdf", FPGA_VFIO_A_DEVICE_BDF, STRING, NULL },
	{ "group", FPGA_VFIO_A_DEVICE_GROUP, U32, NULL },
	{ "stats", FPGA_VFIO_A_DEVICE_STATS, NEST, stats },
	{}
};

static const struct attr link_[] = {
	{ "speed", FPGA_VFIO_A_LINK_SPEED, U8, NULL },
	{ "width", FPGA_VFIO_A_LINK_WIDTH, U8, NULL },
	{ "max-speed", FPGA_VFIO_A_LINK_MAX_SPEED, U8, NULL },
	{ "max-width", FPGA_VFIO_A_LINK_MAX_WIDTH, U8, NULL },
	{ "target-speed", FPGA_VFIO_A_LINK_TARGET_SPEED, U8, NULL },
	{ "active", FPGA_VFIO_A_LINK_ACTIVE, FLAG, NULL },
	{ "training", FPGA_VFIO_A_LINK_TRAINING, FLAG, NULL },
	{ "disabled", FPGA_VFIO_A_LINK_DISABLED, FLAG, NULL },
	{}
};

static const struct attr card[] = {
	{ "port", FPGA_VFIO_A_CARD_PORT, STRING, NULL },
	{ "device", FPGA_VFIO_A_CARD_DEVICE, STRING, NULL },
	{ "state", FPGA_VFIO_A_CARD_STATE, U32, NULL },
	{ "reason", FPGA_VFIO_A_CARD_REASON, STRING, NULL },
	{ "link", FPGA_VFIO_A_CARD_LINK, NEST, link_ },
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
	{}
};

static const struct attr reset[] = {
	{ "bdf", FPGA_VFIO_A_RESET_BDF, STRING, NULL },
	{ "method", FPGA_VFIO_A_RESET_METHOD, U32, NULL },
	{ "dry-run", FPGA_VFIO_A_RESET_DRY_RUN, FLAG, NULL },
	{ "step", FPGA_VFIO_A_RESET_STEP, NEST, step },
	{}
};

static const struct attr retrain[] = {
	{ "bdf", FPGA_VFIO_A_RETRAIN_BDF, STRING, NULL },
	{ "speed", FPGA_VFIO_A_RETRAIN_SPEED, U8, NULL },
	{ "tries", FPGA_VFIO_A_RETRAIN_TRIES, U8, NULL },
	{ "dry-run", FPGA_VFIO_A_RETRAIN_DRY_RUN, FLAG, NULL },
	{ "before", FPGA_VFIO_A_RETRAIN_BEFORE, NEST, link_ },
	{ "after", FPGA_VFIO_A_RETRAIN_AFTER, NEST, link_ },
	{ "attempts", FPGA_VFIO_A_RETRAIN_ATTEMPTS, U8, NULL },
	{}
};

static const struct {
	const char *name;
	const struct attr *attrs;
} commands[] = {
	[FPGA_VFIO_CMD_DEVICE_GET] = { "device-get", device },
	[FPGA_VFIO_CMD_CARD_GET] = { "card-get", card },
	[FPGA_VFIO_CMD_RESET] = { "reset", reset },
	[FPGA_VFIO_CMD_RETRAIN] = { "retrain", retrain },
};

/* The driver's ends of the program's sockets, by the latter; 0: not of netlink. */
static int ends[64];
/* Where the answer to the request goes. */
static int asker;

/* A message that grows. */
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

/* An acknowledgment, as netlink_ack() makes it. */
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
	if (text && *text) {
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
	uint8_t value8 = (uint8_t)value;

	switch (a->type) {
	case STRING:
		put(m, a->id, text, strlen(text) + 1);
		break;
	case U8:
		put(m, a->id, &value8, 1);
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

static void pause_ms(const char *text)
{
	long ms = strtol(text, NULL, 10);
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Does one line of an answer; the nests that are open are those up to depth. */
static void do_line(struct message *m, const struct attr *attrs[], struct nlattr *open[],
		    int *depth, const char *word, const char *rest)
{
	const struct attr *a;

	if (!strcmp(word, "end")) {
		if (!open[*depth])
			abort();
		open[*depth]->nla_len = (uint16_t)(m->bytes + m->hdr.nlmsg_len -
						   (char *)open[*depth]);
		(*depth)--;
		return;
	}
	a = find(attrs[*depth], word);
	if (a->type != NEST) {
		put_value(m, a, rest);
		return;
	}
	(*depth)++;
	attrs[*depth] = a->nest;
	open[*depth] = put(m, a->id | NLA_F_NESTED, NULL, 0);
}

static void answer(const struct nlmsghdr *request, const struct attr *table, FILE *f)
{
	const int cmd = ((const struct genlmsghdr *)NLMSG_DATA(request))->cmd;
	const struct attr *attrs[4] = { table };
	struct nlattr *open[4] = {};
	char line[1024], *text = NULL;
	int depth = 0, error = 0;
	bool has_reply = false;
	struct message m;

	begin(&m, request, FAMILY_ID, cmd);
	while (fgets(line, sizeof(line), f)) {
		char *word = line + strspn(line, " \t"), *rest;

		word[strcspn(word, "\n")] = '\0';
		rest = word + strcspn(word, " ");
		if (*rest)
			*rest++ = '\0';
		if (!strcmp(word, "delay")) {
			pause_ms(rest);
		} else if (!strcmp(word, "fail")) {
			error = (int)strtol(rest, &text, 10);
			text = strdup(text + strspn(text, " "));
		} else if (*word) {
			do_line(&m, attrs, open, &depth, word, rest);
			has_reply = true;
		}
	}
	if (has_reply)
		give(&m);
	give_error(request, error, text);
	free(text);
}

/* Writes a request down; whether it is for a dry run. */
static bool log_request(FILE *log, const struct nlmsghdr *request, const struct attr *table,
			const char *name)
{
	const char *end = (const char *)request + request->nlmsg_len;
	const char *at = (const char *)NLMSG_DATA(request) + GENL_HDRLEN;
	bool is_dry_run = false;

	fprintf(log, "%s ", name);
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *a = (const struct nlattr *)at;
		const struct attr *known = table;

		while (known->name && known->id != a->nla_type)
			known++;
		fprintf(log, "%s", known->name ? known->name : "?");
		if (known->type == STRING)
			fprintf(log, "=%s ", at + NLA_HDRLEN);
		else if (known->type == U8)
			fprintf(log, "=%u ", *(const uint8_t *)(at + NLA_HDRLEN));
		else if (known->type == U32)
			fprintf(log, "=%u ", *(const uint32_t *)(at + NLA_HDRLEN));
		else
			fprintf(log, " ");
		if (known->name && !strcmp(known->name, "dry-run"))
			is_dry_run = true;
		at += NLA_ALIGN(a->nla_len);
	}
	fprintf(log, "\n");
	return is_dry_run;
}

static void on_family(const char *root, const struct nlmsghdr *request)
{
	char path[PATH_MAX];
	uint16_t id = FAMILY_ID;
	struct message m;

	snprintf(path, sizeof(path), "%s/netlink", root);
	if (access(path, F_OK)) {
		give_error(request, ENOENT, NULL);
		return;
	}
	begin(&m, request, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
	put(&m, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	put(&m, CTRL_ATTR_FAMILY_NAME, FPGA_VFIO_FAMILY_NAME, sizeof(FPGA_VFIO_FAMILY_NAME));
	give(&m);
	give_error(request, 0, NULL);
}

static void on_request(const char *root, const struct nlmsghdr *request)
{
	const int cmd = ((const struct genlmsghdr *)NLMSG_DATA(request))->cmd;
	char path[PATH_MAX];
	bool is_dry_run;
	FILE *f;

	if (request->nlmsg_type == GENL_ID_CTRL) {
		on_family(root, request);
		return;
	}
	if (cmd >= (int)N(commands) || !commands[cmd].name) {
		give_error(request, EOPNOTSUPP, NULL);
		return;
	}
	snprintf(path, sizeof(path), "%s/netlink/log", root);
	f = fopen(path, "ae");
	if (!f)
		abort();
	is_dry_run = log_request(f, request, commands[cmd].attrs, commands[cmd].name);
	fclose(f);
	snprintf(path, sizeof(path), "%s/netlink/%s%s", root, commands[cmd].name,
		 is_dry_run ? "-dry-run" : "");
	f = fopen(path, "re");
	if (!f) {
		give_error(request, ENODEV, "fakenetlink has no answer");
		return;
	}
	answer(request, commands[cmd].attrs, f);
	fclose(f);
}

int socket(int domain, int type, int protocol)
{
	int pair[2];

	if (domain != AF_NETLINK || protocol != NETLINK_GENERIC || !getenv("FAKE_ROOT"))
		return REAL(socket)(domain, type, protocol);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	if (pair[0] >= (int)N(ends))
		abort();
	ends[pair[0]] = pair[1];
	return pair[0];
}

static bool is_ours(int fd)
{
	return fd >= 0 && fd < (int)N(ends) && ends[fd];
}

int close(int fd)
{
	if (is_ours(fd)) {
		REAL(close)(ends[fd]);
		ends[fd] = 0;
	}
	return REAL(close)(fd);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	return is_ours(fd) ? 0 : REAL(bind)(fd, addr, len);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	return is_ours(fd) ? 0 : REAL(setsockopt)(fd, level, option, value, len);
}

int getsockname(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK, .nl_pid = (uint32_t)getpid() };

	if (!is_ours(fd))
		return REAL(getsockname)(fd, addr, len);
	memcpy(addr, &local, sizeof(local));
	*len = sizeof(local);
	return 0;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct message m = {};
	size_t len = 0, i;

	if (!is_ours(fd))
		return REAL(sendmsg)(fd, msg, flags);
	for (i = 0; i < msg->msg_iovlen; i++) {
		if (len + msg->msg_iov[i].iov_len > sizeof(m))
			abort();
		memcpy(m.bytes + len, msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
		len += msg->msg_iov[i].iov_len;
	}
	asker = ends[fd];
	on_request(getenv("FAKE_ROOT"), &m.hdr);
	return (ssize_t)len;
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr bare = *msg;
	ssize_t len;

	if (!is_ours(fd))
		return REAL(recvmsg)(fd, msg, flags);
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
