/* SPDX-License-Identifier: GPL-2.0 */
/* What the card saw and did, in order: the last TRACE_SIZE events. */
#ifndef CARD_TRACE_H
#define CARD_TRACE_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/* the fuzz target, which makes a card for each input, has a shorter one */
#ifndef TRACE_SIZE
#define TRACE_SIZE 8192
#endif

struct trace_event {
	uint64_t seq;			/* from 1 */
	uint64_t ns;			/* since the start */
	const char *what;		/* a constant */
	int fn;				/* -1: the card */
	char text[80];
};

struct trace {
	struct trace_event *events;	/* TRACE_SIZE, at seq % TRACE_SIZE */
	uint64_t seq;			/* of the last one */
	uint64_t start;
	FILE *log;			/* also goes there, unless NULL */
};

void trace_init(struct trace *trace, uint64_t now, FILE *log);
void trace_exit(struct trace *trace);
void trace_add(struct trace *trace, uint64_t now, const char *what, int fn, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void trace_addv(struct trace *trace, uint64_t now, const char *what, int fn, const char *fmt,
		va_list ap);

/* The first event with at least this number, or NULL. */
const struct trace_event *trace_from(const struct trace *trace, uint64_t seq);

#endif
