// SPDX-License-Identifier: GPL-2.0
/*
 * A connection of the service. Each has a process and a netlink socket: the driver ends the fence
 * session of a connection when either end is gone.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include <linux/fpga_vfio.h>
#include <linux/netlink.h>

#include "netlink/service.h"
#include "serve/permit.h"
#include "serve/session.h"

/* Until a first request, after the last one, and with a fence, the limit of which is shorter */
#define FIRST_LIMIT_MS	10000
#define IDLE_LIMIT_MS	(3600 * 1000)
#define FENCE_LIMIT_MS	(25 * 3600 * 1000)

/* Pauses that keep the journal readable: after requests but the first ones, before refusals */
#define BURST_MAX	4
#define PACE_MS		50
#define REFUSAL_PACE_MS	200

/* For a user that does not read replies */
#define SEND_LIMIT_S	10

/* A user that goes on after as many refusals is cut off. */
#define REFUSALS_MAX	16

/* Operations that op-cancel may name; as many as the driver keeps of a card. */
#define OPS_MAX		32

struct session {
	int fd;
	const struct peer *peer;
	struct fv_nl nl;
	struct request request;
	uint32_t ops[OPS_MAX];	/* begun by the connection */
	size_t n_ops;
	uint32_t op;		/* of the reply */
	unsigned int n_requests, n_refused;
	bool has_fenced;	/* with a fence that ends with the connection */
	bool is_used;		/* a request was accepted */
	bool is_gone;		/* the user does not read replies */
};

static void send_packet(struct session *s, const void *packet, size_t len)
{
	if (!s->is_gone && service_send(s->fd, packet, len))
		s->is_gone = true;
}

/* End a reply as the kernel does: with an error, 0 for none, and its text. */
static void send_end(struct session *s, int error, const char *why)
{
	size_t len = why ? strlen(why) + 1 : 0;
	size_t size = NLMSG_LENGTH(sizeof(struct nlmsgerr)) + (why ? NLA_HDRLEN + NLA_ALIGN(len) :
							       0);
	autofree char *packet = util_alloc(size, 1);
	struct nlmsghdr *hdr = (struct nlmsghdr *)packet;
	struct nlmsgerr *e = (struct nlmsgerr *)NLMSG_DATA(hdr);
	struct nlattr *attr = (struct nlattr *)(packet + NLMSG_LENGTH(sizeof(*e)));

	hdr->nlmsg_len = (uint32_t)size;
	hdr->nlmsg_type = NLMSG_ERROR;
	hdr->nlmsg_flags = NLM_F_CAPPED | (why ? NLM_F_ACK_TLVS : 0);
	hdr->nlmsg_seq = s->request.seq;
	e->error = error;
	e->msg.nlmsg_len = NLMSG_HDRLEN;
	e->msg.nlmsg_seq = s->request.seq;
	if (why) {
		attr->nla_type = NLMSGERR_ATTR_MSG;
		attr->nla_len = (uint16_t)(NLA_HDRLEN + len);
		memcpy((char *)attr + NLA_HDRLEN, why, len);
	}
	send_packet(s, packet, size);
}

static void refuse(struct session *s, int error, const char *why)
{
	const struct request *r = &s->request;

	s->n_refused++;
	peer_log(s->peer, LOG_WARNING, "%s%s%s: refused: %s", request_name(r), *r->bdf ? " " : "",
		 r->bdf, why);
	util_pause_ms(REFUSAL_PACE_MS);
	send_end(s, error, why);
}

static void on_answer(struct nlmsghdr *hdr, void *data)
{
	struct session *s = data;
	uint32_t op = request_op_attr(&s->request) ?
		      fv_nl_find_u32(hdr, request_op_attr(&s->request)) : 0;

	if (op)
		s->op = op;
	hdr->nlmsg_seq = s->request.seq;
	send_packet(s, hdr, hdr->nlmsg_len);
}

static bool is_own(const struct session *s, uint32_t op)
{
	size_t i;

	for (i = 0; i < s->n_ops && i < OPS_MAX; i++)
		if (s->ops[i] == op)
			return true;
	return false;
}

/* The driver has accepted a request. */
static void note_done(struct session *s)
{
	const struct request *r = &s->request;

	s->is_used = true;
	if (s->op)
		s->ops[s->n_ops++ % OPS_MAX] = s->op;
	s->has_fenced |= r->cmd == FPGA_VFIO_CMD_FENCE && !r->is_detached && s->op;
	if (r->cmd == FPGA_VFIO_CMD_OP_CANCEL)
		peer_log(s->peer, LOG_INFO, "cancel: operation %u", r->id);
	else if (s->op)
		peer_log(s->peer, LOG_NOTICE, "%s %s: operation %u", request_name(r), r->bdf,
			 s->op);
	else
		peer_log(s->peer, LOG_INFO, "%s %s: dry run", request_name(r), r->bdf);
}

static void run(struct session *s)
{
	const struct request *r = &s->request;
	autofree char *why = NULL;
	int ret = 0;

	s->op = 0;
	if (!s->nl.sock && fv_nl_open(&s->nl, &why)) {
		fv_nl_close(&s->nl);
		refuse(s, -ENODEV, why);
		return;
	}
	ret = fv_nl_call(&s->nl, request_message(r, &s->nl), on_answer, s, &why);
	if (!ret) {
		note_done(s);
	} else {
		peer_log(s->peer, LOG_NOTICE, "%s %s: driver: %s", request_name(r), r->bdf, why);
		/* after the module was loaded again, its family has another number */
		if (!s->has_fenced)
			fv_nl_close(&s->nl);
		util_pause_ms(REFUSAL_PACE_MS);
	}
	send_end(s, ret, why);
}

static void handle(struct session *s, const void *packet, size_t len)
{
	const char *fault = request_parse(&s->request, packet, len);
	autofree char *why = NULL;
	bool needs_own;

	if (fault) {
		refuse(s, -EPERM, fault);
		return;
	}
	if (s->request.cmd != FPGA_VFIO_CMD_OP_CANCEL)
		why = permit_check(&s->request, &needs_own);
	else if (!is_own(s, s->request.id))
		why = util_printf("operation %u is of another connection", s->request.id);
	if (!why && s->request.cmd == FPGA_VFIO_CMD_RECOVER && !s->request.is_dry_run)
		why = permit_check_fence(s->request.bdf, needs_own);
	if (why)
		refuse(s, -EPERM, why);
	else
		run(s);
}

/* Return true if a packet, or the end of the connection, is there. */
static bool wait_packet(const struct session *s)
{
	int limit_ms = s->has_fenced ? FENCE_LIMIT_MS : s->is_used ? IDLE_LIMIT_MS : FIRST_LIMIT_MS;
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	int ret;

	do
		ret = poll(&p, 1, limit_ms);
	while (ret < 0 && errno == EINTR);
	return ret > 0;
}

/**
 * serve_session() - Handle the requests of a connection, until it ends.
 * @fd: the connection
 * @peer: its user, who was checked
 */
void serve_session(int fd, const struct peer *peer)
{
	uint64_t packet[SERVICE_REQUEST_MAX / sizeof(uint64_t)];
	struct timeval limit = { .tv_sec = SEND_LIMIT_S };
	struct session s = { .fd = fd, .peer = peer };
	ssize_t len;

	s.is_gone = setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	while (!s.is_gone && s.n_refused < REFUSALS_MAX && wait_packet(&s)) {
		len = service_receive(fd, packet, sizeof(packet));
		memset(&s.request, 0, sizeof(s.request));
		if (len < 0 && len != -EMSGSIZE)
			break;
		if (len < 0)
			refuse(&s, -EPERM, "packet is too long");
		else
			handle(&s, packet, (size_t)len);
		if (++s.n_requests > BURST_MAX)
			util_pause_ms(PACE_MS);
	}
	if (s.n_refused == REFUSALS_MAX)
		peer_log(peer, LOG_WARNING, "%u requests were refused: connection closed",
			 s.n_refused);
	fv_nl_close(&s.nl);
	/* the user has the replies; this is about the next connections */
	shutdown(fd, SHUT_RDWR);
	util_pause_ms(PACE_MS);
}

/* Refuse a connection: @why is the answer to its first request. */
void serve_refuse(int fd, int error, const char *why)
{
	struct session s = { .fd = fd };

	send_end(&s, error, why);
}
