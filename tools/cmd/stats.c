// SPDX-License-Identifier: GPL-2.0
/* fpgactl stats: the driver's counters of groups and devices */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "host/sysfs.h"
#include "host/targets.h"
#include "model/counters.h"
#include "util/duration.h"
#include "util/json.h"
#include "util/stop.h"

/* Row "interrupts", which is not a counter of the driver. */
#define INTERRUPTS	COUNTERS_N

/* One row: an object, or one of its counters. */
struct row {
	const struct counters *now;
	const struct counters *before;	/* previous reading, or NULL */
	double seconds;				/* between the readings */
	size_t counter;
	bool is_object;
};

static bool get(const struct counters *c, size_t i, uint64_t *value)
{
	*value = i == INTERRUPTS ? c->interrupts : c->value[i];
	return i == INTERRUPTS ? c->has_interrupts : c->has[i];
}

static char *text_name(const void *p)
{
	const struct row *r = p;

	if (!r->is_object && r->counter == INTERRUPTS)
		return util_strdup("interrupts");
	if (!r->is_object)
		return counters_label(r->counter);
	return r->now->bdf[0] ? util_strdup(r->now->bdf) : util_printf("group %d", r->now->group);
}

static char *text_value(const void *p)
{
	const struct row *r = p;
	uint64_t value;

	if (r->is_object || !get(r->now, r->counter, &value))
		return util_strdup("");
	if (r->counter == INTERRUPTS)
		return util_printf("%llu", (unsigned long long)value);
	return counters_text(r->counter, value);
}

static char *text_rate(const void *p)
{
	const struct row *r = p;
	uint64_t now, before;
	double rate;

	if (r->is_object || !r->before || r->seconds <= 0 || !get(r->now, r->counter, &now) ||
	    !get(r->before, r->counter, &before) || now < before)
		return util_strdup("");
	rate = (double)(now - before) / r->seconds;
	if (r->counter == INTERRUPTS || !counters_has_unit(r->counter))
		return util_printf("%.1f", rate);
	return counters_text(r->counter, (uint64_t)rate);
}

static struct json_object *value_devices(const void *p)
{
	const struct row *r = p;
	autofree char *list = r->is_object ? strv_join(&r->now->devices, ", ") : NULL;

	return json_string(list);
}

static const struct out_column column[] = {
	{ "COUNTER", NULL, "group or device, and names of its counters",
	  OUT_DEFAULT | OUT_TREE, NULL, text_name },
	{ "VALUE", NULL, "value since the module was loaded", OUT_DEFAULT | OUT_RIGHT,
	  NULL, text_value },
	{ "RATE", NULL, "increase per second, with --watch", OUT_RIGHT, NULL, text_rate },
	{ "DEVICES", NULL, "devices of the group that are bound", OUT_DEFAULT,
	  value_devices, NULL },
};

static const struct out_columns columns = { column, ARRAY_SIZE(column) };

#define WATCH_MIN_MS	100
#define WATCH_MAX_MS	86400000

/* Parsed command line. */
struct stats_request {
	const struct cmd_ctx *ctx;
	int group;			/* or FV_NO_GROUP */
	char bdf[BDF_SIZE];		/* or empty */
	uint32_t watch_ms;		/* interval; 0: print once */
};

static int parse(struct stats_request *req)
{
	const char *word = req->ctx->args.n ? req->ctx->args.v[0] : NULL;
	const char *watch = cmd_value(req->ctx, "watch");
	unsigned int id;

	req->group = FV_NO_GROUP;
	if (watch && !duration_parse_limit(watch, WATCH_MIN_MS, WATCH_MAX_MS, &req->watch_ms))
		return err_usage("stats", watch, DURATION_HINT,
				 "invalid --watch '%s': not a time from 100ms to 24h", watch);
	if (req->ctx->is_json && req->ctx->columns)
		return err_usage("stats", "--output", "With --json, the output is always complete.",
				 "--output cannot be combined with --json");
	if (!word)
		return FV_OK;
	if (util_parse_uint(word, INT32_MAX, &id))
		req->group = (int)id;
	else if (!bdf_parse(word, req->bdf))
		return err_usage("stats", word,
				 "Expected a group such as 13 or an address such as 0000:01:00.0.",
				 "invalid argument '%s': neither an IOMMU group nor a PCI address",
				 word);
	return FV_OK;
}

static int read_counters(const struct stats_request *req, struct counters_list *l)
{
	if (!req->bdf[0])
		return counters_read_groups(l, req->group);
	if (!sysfs_exists("/sys/bus/pci/devices/%s", req->bdf))
		return target_unknown(req->bdf, "stats");
	return counters_read_device(l, req->bdf);
}

static const struct counters *find_same(const struct counters_list *l,
					const struct counters *c)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->v[i].group == c->group && !strcmp(l->v[i].bdf, c->bdf))
			return &l->v[i];
	return NULL;
}

/* Durations of the resets of one group or device. */
static void print_resets(const struct counters *c)
{
	autofree char *text = resettime_text(&c->resets);

	if (!*text)
		return;
	out_print("\nSuccessful resets: %s\n", text);
	resettime_print_histogram(&c->resets);
}

static int print_table(const struct stats_request *req, const struct counters_list *now,
		       const struct counters_list *before, double seconds)
{
	const char *shown = req->ctx->columns;
	struct libscols_line *parent;
	struct out_table *t;
	uint64_t value;
	size_t i;

	t = out_table_new(&columns, shown ? shown : req->watch_ms ? "COUNTER,VALUE,RATE" : NULL);
	if (!t)
		return FV_USAGE;
	for (i = 0; i < now->n; i++) {
		struct row r = { .now = &now->v[i], .seconds = seconds, .is_object = true };

		r.before = find_same(before, r.now);
		parent = out_table_add(t, NULL, &r);
		r.is_object = false;
		for (r.counter = 0; r.counter <= INTERRUPTS; r.counter++)
			if (get(r.now, r.counter, &value) && (value || cmd_is_set(req->ctx, "all")))
				out_table_add(t, parent, &r);
	}
	out_table_print(t);
	out_table_free(t);
	if (req->ctx->args.n && now->n && !shown)
		print_resets(&now->v[0]);
	return FV_OK;
}

static struct json_object *statistics_json(const struct counters_list *l)
{
	struct json_object *list = json_object_new_array();
	struct json_object *top = json_object_new_object();
	size_t i, j;

	json_object_object_add(top, "time", json_now());
	for (i = 0; i < l->n; i++) {
		const struct counters *c = &l->v[i];
		struct json_object *o = json_object_new_object();
		struct json_object *devices = c->bdf[0] ? NULL : json_object_new_array();

		for (j = 0; devices && j < c->devices.n; j++)
			json_object_array_add(devices, json_string(c->devices.v[j]));
		json_object_object_add(o, "bdf", c->bdf[0] ? json_object_new_string(c->bdf) : NULL);
		json_object_object_add(o, "group", c->group == FV_NO_GROUP ? NULL :
							   json_object_new_int(c->group));
		json_object_object_add(o, "bound_devices", devices);
		json_object_object_add(o, "counters", counters_json(c));
		json_object_object_add(o, "reset_durations", resettime_json(&c->resets));
		json_object_array_add(list, o);
	}
	json_object_object_add(top, "statistics", list);
	return top;
}

static int once(const struct stats_request *req)
{
	struct counters_list l = {}, none = {};
	int code;

	code = read_counters(req, &l);
	if (!code && req->ctx->is_json)
		out_json(statistics_json(&l));
	else if (!code)
		code = print_table(req, &l, &none, 0);
	counters_free(&l);
	return code;
}

/* On a terminal, clear the screen before each table. */
static int redraw(const struct stats_request *req, const struct counters_list *now,
		  const struct counters_list *before, double seconds)
{
	out_clear_screen();
	return print_table(req, now, before, seconds);
}

/* In JSON, one object a line. */
static int watch(const struct stats_request *req)
{
	struct counters_list now = {}, before = {};
	double now_s, before_s = 0;
	struct stop stop;
	int code = FV_OK;

	stop_catch(&stop);
	while (!stop_signal() && !code) {
		code = read_counters(req, &now);
		now_s = util_now_s();
		if (!code && req->ctx->is_json)
			out_json_line(statistics_json(&now));
		else if (!code)
			code = redraw(req, &now, &before, now_s - before_s);
		if (!code)
			code = out_flush();
		counters_free(&before);
		before = now;
		before_s = now_s;
		memset(&now, 0, sizeof(now));
		if (!code && !stop_signal())
			util_pause_ms(req->watch_ms);
	}
	counters_free(&now);
	counters_free(&before);
	return code;
}

static int run(const struct cmd_ctx *ctx)
{
	struct stats_request req = { .ctx = ctx };
	int code;

	code = parse(&req);
	if (code)
		return code;
	return req.watch_ms ? watch(&req) : once(&req);
}

static const struct cmd_option options[] = {
	{ "all", 'a', NULL, "include counters that are zero" },
	{ "watch", 'w', "TIME", "repeat every TIME, with rates: 1, 500ms, 0.5" },
};

FV_COMMAND(stats) = {
	.name = "stats",
	.group = CMD_WATCH,
	.args = "[GROUP|BDF]",
	.help = "show counters of IOMMU groups or of one device",
	.text = "Prints the driver's counters of all IOMMU groups, of one group or of one device.\n"
		"Counters are monotonic, except 'users', and survive an unbind. 'interrupts' is the\n"
		"kernel's count for the vectors that are set up now. For one group or device, a\n"
		"histogram of the reset times is printed, too: each line counts the resets that took\n"
		"less than its TIME and not less than that of the line before.",
	.examples = "  fpgactl stats                 # all groups with statistics\n"
		    "  fpgactl stats --watch=1 13    # group 13, every second, with rates\n"
		    "  fpgactl stats --json 01:00.0 | jq '.statistics[0].counters.opens'",
	.max_args = 1,
	.words = CMD_WORDS_BDF_OR_GROUP,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &columns,
	.run = run,
};
