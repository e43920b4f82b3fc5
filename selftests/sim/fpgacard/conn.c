// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bytes.h"
#include "conn.h"

/* Unsent data above this limit breaks the connection: the client does not read. */
#define OUT_LIMIT (64u << 20)

void conn_init(struct conn *conn, const struct conn_user *user, void *arg)
{
	memset(conn, 0, sizeof(*conn));
	conn->sock = -1;
	conn->user = user;
	conn->arg = arg;
}

static void fds_drop(struct conn *conn)
{
	unsigned int i;

	for (i = 0; i < conn->fd_count; i++)
		if (conn->fds[i] >= 0)
			close(conn->fds[i]);
	conn->fd_count = 0;
}

void conn_open(struct conn *conn, int sock)
{
	if (!conn->in)
		conn->in = malloc(PROTO_MAX_SIZE);
	if (!conn->in)
		abort();
	conn->sock = sock;
	conn->in_len = 0;
	conn->out_len = 0;
	conn->is_broken = false;
}

void conn_close(struct conn *conn)
{
	fds_drop(conn);
	if (conn->sock >= 0)
		close(conn->sock);
	conn->sock = -1;
	conn->sink = NULL;
	conn->in_len = 0;
	conn->out_len = 0;
}

void conn_exit(struct conn *conn)
{
	conn_close(conn);
	free(conn->in);
	free(conn->out);
	conn->in = NULL;
	conn->out = NULL;
	conn->out_room = 0;
}

/* Bytes until the header or the message is complete. */
static size_t in_missing(const struct conn *conn)
{
	if (conn->in_len < PROTO_HDR_SIZE)
		return PROTO_HDR_SIZE - conn->in_len;
	return host32_get(conn->in + 4) - conn->in_len;
}

/* Parse conn->in after an append; return 1 after handling a message. */
static int in_step(struct conn *conn)
{
	struct proto_hdr hdr;

	if (conn->in_len < PROTO_HDR_SIZE)
		return 0;
	if (proto_parse_hdr(conn->in, &hdr))
		return -EPROTO;
	if (conn->in_len < hdr.size)
		return 0;
	conn->in_len = 0;
	conn->user->message(conn->arg, &hdr, conn->in + PROTO_HDR_SIZE, conn->fds,
			    conn->fd_count);
	fds_drop(conn);
	return 1;
}

static void fds_take(struct conn *conn, const int *fds, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (conn->fd_count < PROTO_MAX_FDS)
			conn->fds[conn->fd_count++] = fds[i];
		else
			close(fds[i]);
	}
}

bool conn_feed(struct conn *conn, const uint8_t *bytes, size_t len, const int *fds,
	       unsigned int fd_count)
{
	fds_take(conn, fds, fd_count);
	while (len) {
		size_t n = MIN(in_missing(conn), len);

		memcpy(conn->in + conn->in_len, bytes, n);
		conn->in_len += n;
		bytes += n;
		len -= n;
		if (in_step(conn) < 0)
			return false;
	}
	return !conn->is_broken;
}

static ssize_t in_receive(struct conn *conn)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(PROTO_MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov = { conn->in + conn->in_len, in_missing(conn) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n;

	n = recvmsg(conn->sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			int fds[PROTO_MAX_FDS];
			size_t size = c->cmsg_len - CMSG_LEN(0);

			memcpy(fds, CMSG_DATA(c), size);
			fds_take(conn, fds, (unsigned int)(size / sizeof(int)));
		}
	}
	return n;
}

bool conn_readable(struct conn *conn, unsigned int budget)
{
	while (budget && conn->sock >= 0) {
		ssize_t n = in_receive(conn);
		int step;

		if (n == -EAGAIN)
			return true;
		if (n == -EINTR)
			continue;
		if (n <= 0)
			return false;
		conn->in_len += (size_t)n;
		step = in_step(conn);
		if (step < 0 || conn->is_broken)
			return false;
		budget -= (unsigned int)step;
	}
	return true;
}

static void out_keep(struct conn *conn, const void *bytes, size_t len)
{
	if (!len)
		return;
	if (conn->out_len + len > OUT_LIMIT) {
		conn->is_broken = true;
		return;
	}
	if (conn->out_len + len > conn->out_room) {
		size_t room = (conn->out_len + len) * 2;
		uint8_t *out = realloc(conn->out, room);

		if (!out)
			abort();
		conn->out = out;
		conn->out_room = room;
	}
	memcpy(conn->out + conn->out_len, bytes, len);
	conn->out_len += len;
}

void conn_send(struct conn *conn, const struct proto_hdr *hdr, const void *head, size_t head_len,
	       const void *data, size_t data_len)
{
	uint8_t bytes[PROTO_HDR_SIZE];
	struct iovec iov[3] = {
		{ bytes, sizeof(bytes) },
		{ (void *)head, head_len },
		{ (void *)data, data_len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	ssize_t n = 0;
	size_t i;

	if (!conn_is_open(conn))
		return;
	proto_put_hdr(bytes, hdr);
	if (conn->sink) {
		for (i = 0; i < 3; i++)
			if (iov[i].iov_len)
				conn->sink(conn, iov[i].iov_base, iov[i].iov_len);
		return;
	}
	if (!conn->out_len) {
		n = sendmsg(conn->sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR) {
				conn->is_broken = true;
				return;
			}
			n = 0;
		}
	}
	for (i = 0; i < 3; i++) {
		size_t sent = MIN((size_t)n, iov[i].iov_len);

		n -= (ssize_t)sent;
		out_keep(conn, (uint8_t *)iov[i].iov_base + sent, iov[i].iov_len - sent);
	}
}

bool conn_writable(struct conn *conn)
{
	ssize_t n = send(conn->sock, conn->out, conn->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	conn->out_len -= (size_t)n;
	memmove(conn->out, conn->out + n, conn->out_len);
	return true;
}
