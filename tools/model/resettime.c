// SPDX-License-Identifier: GPL-2.0
/* Reset durations. */
#include <string.h>

#include <linux/fpga_vfio.h>

#include "model/resettime.h"
#include "netlink/nl.h"
#include "output/out.h"
#include "util/duration.h"

/* Width of the longest histogram bar. */
#define BAR_MAX	40

/**
 * resettime_parse() - Parse reset durations from the driver.
 * @t: result; not known if @nest is missing or malformed
 * @nest: attribute of type "reset-time", or NULL
 */
void resettime_parse(struct resettime *t, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_RESET_TIME_MAX + 1] = {
		[FPGA_VFIO_A_RESET_TIME_COUNT] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_RESET_TIME_LAST_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_RESET_TIME_MIN_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_RESET_TIME_MAX_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_RESET_TIME_TOTAL_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_RESET_TIME_HISTOGRAM] = { .type = NLA_UNSPEC, .minlen = 4 },
	};
	struct nlattr *tb[FPGA_VFIO_A_RESET_TIME_MAX + 1];
	struct nlattr *attr;
	int left;

	memset(t, 0, sizeof(*t));
	if (!nest || nla_parse_nested(tb, FPGA_VFIO_A_RESET_TIME_MAX, nest, policy) ||
	    !tb[FPGA_VFIO_A_RESET_TIME_COUNT])
		return;
	t->is_known = true;
	t->count = fv_nl_get_uint(tb[FPGA_VFIO_A_RESET_TIME_COUNT]);
	t->last_ns = fv_nl_get_uint(tb[FPGA_VFIO_A_RESET_TIME_LAST_NS]);
	t->min_ns = fv_nl_get_uint(tb[FPGA_VFIO_A_RESET_TIME_MIN_NS]);
	t->max_ns = fv_nl_get_uint(tb[FPGA_VFIO_A_RESET_TIME_MAX_NS]);
	t->total_ns = fv_nl_get_uint(tb[FPGA_VFIO_A_RESET_TIME_TOTAL_NS]);
	nla_for_each_nested(attr, nest, left)
		if (nla_type(attr) == FPGA_VFIO_A_RESET_TIME_HISTOGRAM &&
		    t->n < RESETTIME_STEPS_MAX)
			t->histogram[t->n++] = fv_nl_get_uint(attr);
}

/* One line; empty without a reset, or if the driver reports none. */
char *resettime_text(const struct resettime *t)
{
	autofree char *last = duration_ns_text(t->last_ns);
	autofree char *min = duration_ns_text(t->min_ns);
	autofree char *max = duration_ns_text(t->max_ns);
	autofree char *mean = t->count ? duration_ns_text(t->total_ns / t->count) : NULL;

	if (!t->count)
		return util_strdup("");
	return util_printf("%llu, last %s, min %s, max %s, mean %s", (unsigned long long)t->count,
			   last, min, max, mean);
}

static struct json_object *time_json(const struct resettime *t, uint64_t ns)
{
	return t->count ? json_object_new_uint64(ns) : NULL;
}

/* null if the driver reports none; the times are null without a reset. */
struct json_object *resettime_json(const struct resettime *t)
{
	struct json_object *histogram;
	struct json_object *o;
	size_t i;

	if (!t->is_known)
		return NULL;
	o = json_object_new_object();
	histogram = json_object_new_array();
	for (i = 0; i < t->n; i++)
		json_object_array_add(histogram, json_object_new_uint64(t->histogram[i]));
	json_object_object_add(o, "count", json_object_new_uint64(t->count));
	json_object_object_add(o, "last_ns", time_json(t, t->last_ns));
	json_object_object_add(o, "min_ns", time_json(t, t->min_ns));
	json_object_object_add(o, "max_ns", time_json(t, t->max_ns));
	json_object_object_add(o, "total_ns", time_json(t, t->total_ns));
	json_object_object_add(o, "histogram", histogram);
	return o;
}

/* One histogram bucket. */
struct step {
	const struct resettime *t;
	size_t i;
	uint64_t most;
};

static struct json_object *value_below(const void *p)
{
	const struct step *s = p;
	bool is_last = s->i && s->i + 1 == s->t->n;
	autofree char *limit = duration_ms_text(1ULL << (s->i - is_last));
	autofree char *text = util_printf("%s %s", is_last ? ">=" : "<", limit);

	return json_object_new_string(text);
}

static struct json_object *value_resets(const void *p)
{
	const struct step *s = p;

	return json_object_new_uint64(s->t->histogram[s->i]);
}

/* A nonzero count gets at least one character. */
static struct json_object *value_bar(const void *p)
{
	static const char bar[BAR_MAX + 1] = "########################################";
	const struct step *s = p;
	double length = (double)s->t->histogram[s->i] / (double)s->most * BAR_MAX;

	if (s->t->histogram[s->i] && length < 1)
		length = 1;
	return json_object_new_string(bar + BAR_MAX - (size_t)length);
}

static const struct out_column column[] = {
	{ "TIME", NULL, NULL, OUT_DEFAULT | OUT_RIGHT, value_below, NULL },
	{ "RESETS", NULL, NULL, OUT_DEFAULT | OUT_RIGHT, value_resets, NULL },
	{ "SHARE", NULL, NULL, OUT_DEFAULT, value_bar, NULL },
};

static const struct out_columns columns = { column, ARRAY_SIZE(column) };

/* Print the buckets from the first to the last nonzero one. */
void resettime_print_histogram(const struct resettime *t)
{
	size_t first = 0, last = t->n, i;
	struct step s = { .t = t };
	struct out_table *table;

	while (first < last && !t->histogram[first])
		first++;
	while (last > first && !t->histogram[last - 1])
		last--;
	for (i = first; i < last; i++)
		if (t->histogram[i] > s.most)
			s.most = t->histogram[i];
	table = out_table_new(&columns, NULL);
	for (s.i = first; s.i < last; s.i++)
		out_table_add(table, NULL, &s);
	out_table_print(table);
	out_table_free(table);
}
