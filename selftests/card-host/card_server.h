/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CARD_TEST_SERVER_H
#define CARD_TEST_SERVER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A server of our own, and its control socket. As in client.h, __x() may fail. */

struct server {
	pid_t pid;
	char dir[64];
	char socket[96], socket1[96], control[96];
	int ctl;
	char line[1 << 20];		/* the last answer */
};

/* Start fpgacard beside this program, with an image beside it. */
void server_start(struct server *server, const char *image, uint64_t seed);

/* End it: it must end well, which with sanitizers means more than it says. */
void server_stop(struct server *server);

/* A command; its answer, to be put. NULL when it was refused. */
struct json_object *__ctl(struct server *server, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A command that must work. */
void ctl(struct server *server, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A value of "status", by its path: "link.speed", "functions.0.resets.flr". */
int64_t status_int(struct server *server, const char *path);
bool status_is(struct server *server, const char *path, const char *value);

/* All events of the trace as "what fn: text" lines, without times; to be freed. */
char *trace_text(struct server *server);

/* How many events of this kind, with this in their text, has the trace? */
unsigned int trace_count(struct server *server, const char *what, const char *text);

#endif
