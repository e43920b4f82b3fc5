// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "trace.h"

void trace_init(struct trace *trace, uint64_t now, FILE *log)
{
	trace->events = calloc(TRACE_SIZE, sizeof(*trace->events));
	if (!trace->events)
		abort();
	trace->seq = 0;
	trace->start = now;
	trace->log = log;
}

void trace_exit(struct trace *trace)
{
	free(trace->events);
}

void trace_addv(struct trace *trace, uint64_t now, const char *what, int fn, const char *fmt,
		va_list ap)
{
	struct trace_event *event = &trace->events[++trace->seq % TRACE_SIZE];

	event->seq = trace->seq;
	event->ns = now - trace->start;
	event->what = what;
	event->fn = fn;
	vsnprintf(event->text, sizeof(event->text), fmt, ap);
	if (!trace->log)
		return;
	fprintf(trace->log, "%6llu.%06llu ", (unsigned long long)(event->ns / 1000000000),
		(unsigned long long)(event->ns / 1000 % 1000000));
	if (fn >= 0)
		fprintf(trace->log, "fn%d ", fn);
	fprintf(trace->log, "%s: %s\n", what, event->text);
}

void trace_add(struct trace *trace, uint64_t now, const char *what, int fn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trace_addv(trace, now, what, fn, fmt, ap);
	va_end(ap);
}

const struct trace_event *trace_from(const struct trace *trace, uint64_t seq)
{
	uint64_t oldest = trace->seq > TRACE_SIZE ? trace->seq - TRACE_SIZE + 1 : 1;

	if (seq < oldest)
		seq = oldest;
	return seq > trace->seq ? NULL : &trace->events[seq % TRACE_SIZE];
}
