/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection to a vfio-user client: assembles messages from bytes and file descriptors, and
 * sends without blocking.
 */
#ifndef CARD_CONN_H
#define CARD_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto.h"

struct conn_user {
	/* One complete message. The callee sets the descriptors that it keeps to -1. */
	void (*message)(void *arg, const struct proto_hdr *hdr, const uint8_t *payload,
			int *fds, unsigned int fd_count);
};

struct conn {
	int sock;			/* -1: no client */
	const struct conn_user *user;
	void *arg;
	uint8_t *in;			/* PROTO_MAX_SIZE bytes */
	size_t in_len;
	int fds[PROTO_MAX_FDS];
	unsigned int fd_count;
	uint8_t *out;			/* data not yet sent */
	size_t out_len, out_room;
	bool is_broken;			/* must be closed */
	/* replaces the socket, for tests */
	void (*sink)(struct conn *conn, const uint8_t *bytes, size_t len);
	void *sink_arg;
};

void conn_init(struct conn *conn, const struct conn_user *user, void *arg);
void conn_open(struct conn *conn, int sock);
void conn_close(struct conn *conn);
void conn_exit(struct conn *conn);

static inline bool conn_is_open(const struct conn *conn)
{
	return conn->sock >= 0 || conn->sink;
}

/* True if unsent data waits for the socket. */
static inline bool conn_wants_out(const struct conn *conn)
{
	return conn->out_len != 0;
}

/*
 * Receive and handle at most @budget messages; false if the client is gone or violates the
 * protocol.
 */
bool conn_readable(struct conn *conn, unsigned int budget);
bool conn_writable(struct conn *conn);

/* Receive from memory. Descriptors belong to the message of the first byte. */
bool conn_feed(struct conn *conn, const uint8_t *bytes, size_t len, const int *fds,
	       unsigned int fd_count);

/* Send a header and a payload in two parts (either may be empty). */
void conn_send(struct conn *conn, const struct proto_hdr *hdr, const void *head, size_t head_len,
	       const void *data, size_t data_len);

#endif
