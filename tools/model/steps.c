// SPDX-License-Identifier: GPL-2.0
/* Reset and recovery steps as a table and as JSON. */
#include <string.h>

#include "model/affected.h"
#include "model/steps.h"
#include "util/duration.h"
#include "util/json.h"

/* One row: a step, or a function affected by it. */
struct row {
	const struct affected_world *world;
	const struct ladder_step *step;
	const struct affected *function;	/* NULL: row of the step */
};

static const char *method(const struct ladder_step *s)
{
	return s->has_method ? ladder_method_name(s->method) : NULL;
}

static char *text_method(const void *p)
{
	const struct row *r = p;

	if (r->function)
		return util_strdup(r->function->bdf);
	return util_strdup(r->step->has_method ? method(r->step) : "no reset");
}

static char *text_driver(const void *p)
{
	const struct row *r = p;

	return r->function ? affected_driver_text(r->function) : util_strdup("");
}

static char *text_holders(const void *p)
{
	const struct row *r = p;

	return r->function ? affected_holders_text(r->function, r->world) : util_strdup("");
}

static char *ms_text(unsigned int ms)
{
	return ms ? duration_ms_text(ms) : util_strdup("");
}

static char *text_expected(const void *p)
{
	const struct row *r = p;

	return ms_text(r->function ? 0 : r->step->expected_ms);
}

static char *text_limit(const void *p)
{
	const struct row *r = p;

	return ms_text(r->function ? 0 : r->step->limit_ms);
}

static const char *outcome(const struct ladder_step *s)
{
	if (s->has_duration)
		return s->error ? "failed" : "done";
	return s->error ? "not-possible" : "possible";
}

static char *text_result(const void *p)
{
	const struct row *r = p;

	if (r->function)
		return util_strdup("");
	return util_strdup(r->step->error && !r->step->has_duration ? "not possible" :
								      outcome(r->step));
}

static char *text_time(const void *p)
{
	const struct row *r = p;

	if (r->function || !r->step->has_duration)
		return util_strdup("");
	return duration_ns_text(r->step->duration_ns);
}

static char *reason(const struct ladder_step *s)
{
	return util_strdup(s->text ? s->text : s->error ? strerror(s->error) : NULL);
}

static struct json_object *value_why(const void *p)
{
	const struct row *r = p;
	autofree char *why = r->function ? NULL : reason(r->step);

	return json_string(why);
}

static const struct out_column column[] = {
	{ "METHOD", NULL, "method and affected functions", OUT_DEFAULT | OUT_TREE,
	  NULL, text_method },
	{ "DRIVER", NULL, "driver of the function (plan only)", 0, NULL, text_driver },
	{ "USER", NULL, "processes that hold the function (plan only)", OUT_CUT | OUT_WRAP,
	  NULL, text_holders, 12 },
	{ "RESULT", NULL, "outcome of the step", OUT_DEFAULT, NULL, text_result },
	{ "EXPECTED", NULL, "minimum duration by the PCIe specification (plan only)",
	  OUT_RIGHT, NULL, text_expected },
	{ "LIMIT", NULL, "time limit (plan only)", OUT_RIGHT, NULL, text_limit },
	{ "TIME", NULL, "duration until the device was verified",
	  OUT_DEFAULT | OUT_RIGHT, NULL, text_time },
	{ "WHY", NULL, "cause of a failure or refusal", OUT_DEFAULT | OUT_CUT | OUT_WRAP, value_why,
	  NULL, 14 },
};

const struct out_columns steps_columns = { column, ARRAY_SIZE(column) };

#define PLAN_COLUMNS	"METHOD,USER,RESULT,EXPECTED,LIMIT,WHY"
#define DONE_COLUMNS	"METHOD,RESULT,TIME,WHY"

/* A selection with + adds to the default columns of a plan or of a result. */
static struct out_table *new_table(const char *requested, bool is_plan)
{
	const char *shown = is_plan ? PLAN_COLUMNS : DONE_COLUMNS;
	autofree char *all = NULL;

	if (requested && *requested != '+')
		return out_table_new(&steps_columns, requested);
	all = requested ? util_printf("%s,%s", shown, requested + 1) : util_strdup(shown);
	return out_table_new(&steps_columns, all);
}

/* @requested is the argument of -o, already validated. */
void steps_print(const struct ladder *l, const struct fv_model *m, const char *requested,
		 bool is_plan)
{
	struct out_table *t = new_table(requested, is_plan);
	struct fv_holders holders;
	struct affected_world world = { .model = m, .holders = &holders };
	struct libscols_line *parent;
	size_t i, j;

	holders_scan(&holders);
	for (i = 0; i < l->n; i++) {
		struct row r = { .world = &world, .step = &l->steps[i] };

		parent = out_table_add(t, NULL, &r);
		for (j = 0; j < r.step->functions.n; j++) {
			r.function = &r.step->functions.v[j];
			out_table_add(t, parent, &r);
		}
	}
	out_table_print(t);
	out_table_free(t);
	holders_free(&holders);
}

static struct json_object *ms_or_null(unsigned int ms)
{
	return ms ? json_ms(ms) : NULL;
}

static struct json_object *step_json(const struct row *r)
{
	const struct ladder_step *s = r->step;
	struct json_object *blocker = refusal_json(&s->refusal);
	struct json_object *blockers = json_object_new_array();
	struct json_object *o = json_object_new_object();
	const char *name = s->error ? strerrorname_np(s->error) : NULL;

	if (blocker)
		json_object_array_add(blockers, blocker);
	json_object_object_add(o, "method", json_string(method(s)));
	json_object_object_add(o, "outcome", json_string(outcome(s)));
	json_object_object_add(o, "errno", s->error ?
			       json_object_new_string(name ? name : "unknown") : NULL);
	json_object_object_add(o, "why", value_why(r));
	json_object_object_add(o, "blockers", blockers);
	json_object_object_add(o, "duration_ns", s->has_duration ?
			       json_object_new_uint64(s->duration_ns) : NULL);
	json_object_object_add(o, "expected_ns", ms_or_null(s->expected_ms));
	json_object_object_add(o, "limit_ns", ms_or_null(s->limit_ms));
	json_object_object_add(o, "functions", affected_json(&s->functions, r->world));
	return o;
}

struct json_object *steps_json(const struct ladder *l, const struct fv_model *m)
{
	struct json_object *list = json_object_new_array();
	struct fv_holders holders;
	struct affected_world world = { .model = m, .holders = &holders };
	size_t i;

	holders_scan(&holders);
	for (i = 0; i < l->n; i++) {
		struct row r = { .world = &world, .step = &l->steps[i] };

		json_object_array_add(list, step_json(&r));
	}
	holders_free(&holders);
	return list;
}
