/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection to a vfio-user client: makes messages of the bytes and file
 * descriptors that arrive, and sends what is to be sent without ever waiting.
 */
#ifndef CARD_CONN_H
#define CARD_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto.h"

struct conn_user {
	/* A whole message. Descriptors that it keeps it sets to -1. */
	void (*message)(void *arg, const struct proto_hdr *hdr, const uint8_t *payload,
			int *fds, unsigned int fd_count);
};

struct conn {
	int sock;			/* -1: no client */
	const struct conn_user *user;
	void *arg;
	uint8_t *in;			/* PROTO_MAX_SIZE */
	size_t in_len;
	int fds[PROTO_MAX_FDS];
	unsigned int fd_count;
	uint8_t *out;			/* what the socket did not take yet */
	size_t out_len, out_room;
	bool is_broken;			/* to be closed */
	/* instead of a socket */
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

/* True while there is something that only waits for the socket to take it. */
static inline bool conn_wants_out(const struct conn *conn)
{
	return conn->out_len != 0;
}

/*
 * Take what has arrived, at most @budget messages; false when the client is gone
 * or talks nonsense.
 */
bool conn_readable(struct conn *conn, unsigned int budget);
bool conn_writable(struct conn *conn);

/* The same from memory. Descriptors belong to the message that the first byte is in. */
bool conn_feed(struct conn *conn, const uint8_t *bytes, size_t len, const int *fds,
	       unsigned int fd_count);

/* Send a header and a payload in two parts (either may be empty). */
void conn_send(struct conn *conn, const struct proto_hdr *hdr, const void *head, size_t head_len,
	       const void *data, size_t data_len);

#endif
