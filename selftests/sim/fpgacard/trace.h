/* SPDX-License-Identifier: GPL-2.0 */
/* Trace of the card's events: the last TRACE_SIZE, in order. */
#ifndef CARD_TRACE_H
#define CARD_TRACE_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/* the fuzz target, which starts a card per input, defines a smaller one */
#ifndef TRACE_SIZE
#define TRACE_SIZE 8192
#endif

struct trace_event {
	uint64_t seq;			/* from 1 */
	uint64_t ns;			/* since server start */
	const char *what;		/* string literal */
	int fn;				/* -1: the card */
	char text[80];
};

struct trace {
	struct trace_event *events;	/* TRACE_SIZE, at seq % TRACE_SIZE */
	uint64_t seq;			/* additional output, or NULL */
	uint64_t start;
	FILE *log;			/* additional output, or NULL */
};

void trace_init(struct trace *trace, uint64_t now, FILE *log);
void trace_exit(struct trace *trace);
void trace_add(struct trace *trace, uint64_t now, const char *what, int fn, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void trace_addv(struct trace *trace, uint64_t now, const char *what, int fn, const char *fmt,
		va_list ap);

/* First event with at least this number, or NULL. */
const struct trace_event *trace_from(const struct trace *trace, uint64_t seq);

#endif
