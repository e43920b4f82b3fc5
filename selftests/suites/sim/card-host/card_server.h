/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CARD_TEST_SERVER_H
#define CARD_TEST_SERVER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A server process and its control socket. As in client.h, __x() may fail. */

struct server {
	pid_t pid;
	char dir[64];
	char socket[96], socket1[96], control[96];
	int ctl;
	char line[1 << 20];		/* last reply */
};

/* Start the fpgacard that is installed beside this program, with an image. */
void server_start(struct server *server, const char *image, uint64_t seed);

/* Stop it and check its exit status, in which sanitizers report errors. */
void server_stop(struct server *server);

/* Run a command; return the reply, to be put by the caller, or NULL if refused. */
struct json_object *__ctl(struct server *server, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Run a command that must succeed. */
void ctl(struct server *server, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A value of "status" by path: "link.speed", "functions.0.resets.flr". */
int64_t status_int(struct server *server, const char *path);
bool status_is(struct server *server, const char *path, const char *value);

/* All trace events as "what fn: text" lines, without times; to be freed by the caller. */
char *trace_text(struct server *server);

/* Number of trace events of kind @what with @text in their text. */
unsigned int trace_count(struct server *server, const char *what, const char *text);

#endif
