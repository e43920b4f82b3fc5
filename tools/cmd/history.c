// SPDX-License-Identifier: GPL-2.0
/* fpgactl history: events of cards */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "host/link.h"
#include "model/card.h"
#include "model/history.h"
#include "model/reset_plan.h"
#include "util/duration.h"
#include "util/json.h"
#include "util/stop.h"

#define NS_PER_MS	1000000
#define NS_PER_S	1000000000

#define LINES_MAX	1000000

static struct json_object *value_time(const void *p)
{
	return json_time(((const struct event *)p)->time_ns);
}

static char *text_time(const void *p)
{
	const struct event *e = p;
	time_t seconds = (time_t)(e->time_ns / NS_PER_S);
	char text[32];
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%m-%d %T", &tm))
		return util_strdup("?");
	return util_printf("%s.%03u", text, (unsigned int)(e->time_ns % NS_PER_S / NS_PER_MS));
}

static struct json_object *value_port(const void *p)
{
	return json_object_new_string(((const struct event *)p)->port);
}

static struct json_object *value_seq(const void *p)
{
	return json_object_new_uint64(((const struct event *)p)->seq);
}

static struct json_object *value_bdf(const void *p)
{
	const struct event *e = p;

	return json_string(*e->bdf ? e->bdf : NULL);
}

static struct json_object *value_kind(const void *p)
{
	return json_object_new_string(event_kind_name(((const struct event *)p)->kind));
}

static struct json_object *value_method(const void *p)
{
	const struct event *e = p;

	return e->has_method ? json_object_new_string(reset_method_name(e->method)) : NULL;
}

static struct json_object *value_error(const void *p)
{
	const struct event *e = p;
	const char *name = e->error ? strerrorname_np(e->error) : NULL;

	return e->error ? json_object_new_string(name ? name : "unknown") : NULL;
}

/* The whole card is named by its port. */
static char *text_device(const void *p)
{
	const struct event *e = p;

	return util_strdup(*e->bdf ? e->bdf : e->port);
}

static char *text_event(const void *p)
{
	const struct event *e = p;

	return util_printf("%s%s%s", event_kind_name(e->kind), e->has_method ? " " : "",
			   e->has_method ? reset_method_name(e->method) : "");
}

static char *text_outcome(const void *p)
{
	const struct event *e = p;

	if (e->error)
		return util_strdup(strerror(e->error));
	return util_strdup(event_has_outcome(e) ? "ok" : "");
}

static struct json_object *value_duration(const void *p)
{
	const struct event *e = p;

	return e->has_duration ? json_object_new_uint64(e->duration_ns) : NULL;
}

static char *text_duration(const void *p)
{
	const struct event *e = p;

	return e->has_duration ? duration_ns_text(e->duration_ns) : util_strdup("");
}

static struct json_object *value_origin(const void *p)
{
	return json_object_new_string(event_origin_name(((const struct event *)p)->origin));
}

static char *text_who(const void *p)
{
	const struct event *e = p;
	const char *origin = event_origin_name(e->origin);
	char *s = util_strdup("");

	if (e->comm)
		util_append(&s, "%s", e->comm);
	if (e->pid)
		util_append(&s, "%s(pid %u)", *s ? " " : "", e->pid);
	util_append(&s, *s ? ", %s" : "%s", origin);
	return s;
}

static struct json_object *value_user(const void *p)
{
	const struct event *e = p;

	return json_process(e->pid, e->comm);
}

static char *text_pid(const void *p)
{
	const struct event *e = p;

	return e->pid ? util_printf("%u", e->pid) : util_strdup("");
}

static char *text_comm(const void *p)
{
	const struct event *e = p;

	return util_strdup(e->comm ? e->comm : "");
}

static struct json_object *value_state(const void *p)
{
	const struct event *e = p;

	return e->has_state ? json_object_new_string(card_state_name(e->state)) : NULL;
}

static struct json_object *number_or_null(unsigned int n)
{
	return n ? json_object_new_int64(n) : NULL;
}

static struct json_object *value_link(const void *p)
{
	const struct event *e = p;
	struct json_object *o;

	if (!e->has_link)
		return NULL;
	o = json_object_new_object();
	json_object_object_add(o, "speed_mts", number_or_null(e->speed_mts));
	json_object_object_add(o, "width", number_or_null(e->width));
	return o;
}

static char *text_link(const void *p)
{
	const struct event *e = p;

	return e->has_link ? portlink_text(e->speed_mts, e->width) : util_strdup("");
}

static struct json_object *value_text(const void *p)
{
	return json_string(((const struct event *)p)->text);
}

/* Outcome, state, link and text in one column. */
static char *text_details(const void *p)
{
	const struct event *e = p;
	autofree char *outcome = text_outcome(p);
	autofree char *link = text_link(p);
	char *s = util_strdup(outcome);

	if (e->has_state)
		util_append(&s, "%s%s", *s ? ", " : "", card_state_name(e->state));
	if (*link)
		util_append(&s, "%s%s", *s ? ", " : "", link);
	if (e->text)
		util_append(&s, "%s%s", *s ? ": " : "", e->text);
	return s;
}

static const struct out_column column[] = {
	{ "TIME", "time", "local time of the event", OUT_DEFAULT, value_time, text_time, 18 },
	{ "DEVICE", "bdf", "affected function; of the whole card, the port above it", OUT_DEFAULT,
	  value_bdf, text_device, 12 },
	{ "EVENT", "event", "kind of event, and reset method", OUT_DEFAULT, value_kind, text_event,
	  13 },
	{ "TOOK", "duration_ns", "duration", OUT_DEFAULT | OUT_RIGHT, value_duration,
	  text_duration, 7 },
	{ "WHO", "origin", "requester and its process", OUT_DEFAULT | OUT_CUT,
	  value_origin, text_who, 10 },
	{ "DETAILS", "text", "outcome, state, link and further details",
	  OUT_DEFAULT | OUT_CUT | OUT_WRAP, value_text, text_details, 14 },
	{ "PORT", "port", "port above the card", 0, value_port, NULL, 12 },
	{ "SEQ", "seq", "number of the event at its port", OUT_RIGHT, value_seq, NULL, 4 },
	{ "METHOD", "method", "reset method", 0, value_method, NULL, 7 },
	{ "OUTCOME", "errno", "ok, or the error", 0, value_error, text_outcome, 20 },
	{ "PID", "user", "process ID of the requester", OUT_RIGHT, value_user, text_pid, 7 },
	{ "COMMAND", "user", "process name of the requester", 0, value_user, text_comm, 15 },
	{ "STATE", "state", "state of the function after the event", 0, value_state,
	  NULL, 7 },
	{ "LINK", "link", "speed and width after the event", 0, value_link, text_link, 11 },
};

static const struct out_columns columns = { column, ARRAY_SIZE(column) };

/* Parsed command line and output state. */
struct view {
	const struct cmd_ctx *ctx;
	struct history h;
	bool is_followed;
	bool has_lines;
	unsigned int lines;		/* maximum number of old events */
	struct out_table *table;
};

static void add_dropped(struct json_object *list, const char *port, uint64_t n)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "port", json_object_new_string(port));
	json_object_object_add(o, "count", json_object_new_uint64(n));
	json_object_array_add(list, o);
}

static void print_json(struct view *v, const struct events *l, size_t first)
{
	struct json_object *top = json_object_new_object();
	struct json_object *dropped = json_object_new_array();
	struct json_object *list = json_object_new_array();
	uint64_t missed;
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (!history_is_new(&v->h, &l->v[i], &missed))
			continue;
		if (missed)
			add_dropped(dropped, l->v[i].port, missed);
		if (i >= first)
			json_object_array_add(list, out_json_row(v->table, &l->v[i]));
	}
	json_object_object_add(top, "events", list);
	json_object_object_add(top, "dropped", dropped);
	out_json(top);
}

/* Print the events from @first on; earlier ones only update the last number seen. */
static void print_new(struct view *v, const struct events *l, size_t first)
{
	uint64_t missed;
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (!history_is_new(&v->h, &l->v[i], &missed) || i < first)
			continue;
		if (missed)
			err_note(l->v[i].port, "%llu older events were dropped",
				 (unsigned long long)missed);
		if (v->ctx->is_json)
			out_json_line(out_json_row(v->table, &l->v[i]));
		else
			out_table_add(v->table, NULL, &l->v[i]);
	}
	if (v->ctx->is_json)
		return;
	out_table_print(v->table);
	out_table_continue(v->table);
}

static int follow(struct view *v, const sigset_t *mask)
{
	struct events l = {};
	int code = out_flush();

	while (!stop_signal() && !code) {
		code = history_wait(&v->h, mask, &l);
		print_new(v, &l, 0);
		events_free(&l);
		if (!code)
			code = out_flush();
	}
	return code;
}

static int show(struct view *v)
{
	struct events l = {};
	size_t first = 0;
	int code;

	code = history_read(&v->h, &l);
	if (!code && v->has_lines && l.n > v->lines)
		first = l.n - v->lines;
	if (!code && v->ctx->is_json && !v->is_followed)
		print_json(v, &l, first);
	else if (!code)
		print_new(v, &l, first);
	if (!code && !l.n && !v->is_followed)
		err_note(*v->h.port ? v->h.port : "history", "no events recorded");
	events_free(&l);
	return code;
}

static int show_and_follow(struct view *v)
{
	struct stop stop;
	int code;

	stop_block(&stop);
	code = show(v);
	return code ? code : follow(v, &stop.mask);
}

static int parse(struct view *v)
{
	const char *lines = cmd_value(v->ctx, "lines");

	v->is_followed = cmd_is_set(v->ctx, "follow");
	v->has_lines = lines;
	if (lines && !util_parse_uint(lines, LINES_MAX, &v->lines))
		return err_usage("history", lines, "See 'fpgactl help history'.",
				 "invalid --lines '%s': not a number from 0 to %d", lines,
				 LINES_MAX);
	v->table = out_table_new(&columns, v->ctx->columns);
	return v->table ? FV_OK : FV_USAGE;
}

static int run(const struct cmd_ctx *ctx)
{
	struct view v = { .ctx = ctx };
	int code;

	code = parse(&v);
	if (!code)
		code = history_open(&v.h, v.is_followed);
	if (!code && ctx->args.n)
		code = history_find_card(&v.h, ctx->model, ctx->args.v[0]);
	if (!code)
		code = v.is_followed ? show_and_follow(&v) : show(&v);
	history_close(&v.h);
	out_table_free(v.table);
	return code;
}

static const struct cmd_option options[] = {
	{ "lines", 'l', "N", "show only the last N events" },
	{ "follow", 'f', NULL, "continue with new events until Ctrl-C" },
};

FV_COMMAND(history) = {
	.name = "history",
	.group = CMD_WATCH,
	.args = "[BDF|PORT]",
	.help = "show events of cards and their requesters",
	.text = "Prints the events of all cards or of one card, oldest first: resets with method,\n"
		"outcome, duration and requester; changes of state, link and policy; errors. A card is\n"
		"named by one of its functions or by the port above it. The driver keeps the last 128\n"
		"events of each port until it is unloaded.",
	.examples = "  fpgactl history 01:00.0\n"
		    "  fpgactl history -l 0 -f                 # only new events\n"
		    "  fpgactl history -o TIME,DEVICE,EVENT,WHO\n"
		    "  fpgactl history --json | jq '.events[] | select(.event == \"reset\")'",
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &columns,
	.run = run,
};
