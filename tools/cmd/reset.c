// SPDX-License-Identifier: GPL-2.0
/* fpgactl reset: bring a device to a clean state, by the first method that does */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "../held.h"
#include "../holders.h"
#include "../ladder.h"
#include "../ours.h"
#include "../progress.h"

/* What is to be done. */
struct wish {
	const struct cmd_ctx *ctx;
	const struct fv_device *d;
	struct fv_nl nl;
	int method;			/* or LADDER_ANY_METHOD */
	bool is_dry_run;
};

/* One line: a method, or a function that it hits. */
struct row {
	const struct cmd_ctx *ctx;
	const struct fv_holders *holders;	/* all there are */
	const struct ladder_step *step;
	const struct ladder_function *function;	/* NULL: this is the method's */
};

static struct json_object *value_method(const void *p)
{
	const struct row *r = p;

	return json_object_new_string(r->function ? r->function->bdf :
				      ladder_method_name(r->step->method));
}

static struct json_object *value_driver(const void *p)
{
	const struct row *r = p;

	return r->function ? out_string(r->function->driver) : NULL;
}

static char *text_driver(const void *p)
{
	const struct row *r = p;

	if (!r->function)
		return util_strdup("");
	return util_printable(r->function->driver ? r->function->driver : "none");
}

static void find_holders(const struct row *r, struct fv_holders *found)
{
	const struct fv_device *d = model_find(r->ctx->model, r->function->bdf);

	memset(found, 0, sizeof(*found));
	if (d)
		holders_of(r->holders, d, found);
}

static struct json_object *value_holders(const void *p)
{
	const struct row *r = p;
	struct json_object *list;
	struct fv_holders found;

	if (!r->function)
		return NULL;
	find_holders(r, &found);
	list = holders_json(&found);
	holders_free(&found);
	return list;
}

static char *text_holders(const void *p)
{
	const struct row *r = p;
	struct fv_holders found;
	char *s;

	if (!r->function)
		return util_strdup("");
	find_holders(r, &found);
	if (found.n)
		s = holders_text(&found);
	else
		s = util_strdup(r->function->is_held ? "somebody" : "nobody");
	holders_free(&found);
	return s;
}

static struct json_object *ms_or_null(unsigned int ms)
{
	return ms ? json_object_new_int64(ms) : NULL;
}

static struct json_object *value_expected(const void *p)
{
	const struct row *r = p;

	return r->function ? NULL : ms_or_null(r->step->expected_ms);
}

static struct json_object *value_limit(const void *p)
{
	const struct row *r = p;

	return r->function ? NULL : ms_or_null(r->step->limit_ms);
}

static struct json_object *value_result(const void *p)
{
	const struct row *r = p;

	if (r->function)
		return NULL;
	if (r->step->has_duration)
		return json_object_new_string(r->step->error ? "failed" : "done");
	return json_object_new_string(r->step->error ? "not possible" : "possible");
}

static struct json_object *value_time(const void *p)
{
	const struct row *r = p;

	if (r->function || !r->step->has_duration)
		return NULL;
	return json_object_new_double((double)r->step->duration_ns / 1e6);
}

static char *text_time(const void *p)
{
	const struct row *r = p;

	if (r->function || !r->step->has_duration)
		return util_strdup("");
	return util_printf("%.1f", (double)r->step->duration_ns / 1e6);
}

static char *reason(const struct ladder_step *s)
{
	return util_strdup(s->text ? s->text : s->error ? strerror(s->error) : NULL);
}

static struct json_object *value_why(const void *p)
{
	const struct row *r = p;
	autofree char *why = r->function ? NULL : reason(r->step);

	return out_string(why);
}

static const struct out_column column[] = {
	{ "METHOD", "method", "method, and the functions that it hits", OUT_DEFAULT | OUT_TREE,
	  value_method, NULL },
	{ "DRIVER", "driver", "driver of the function, in a plan", 0, value_driver, text_driver },
	{ "HELD-BY", "holders", "processes that hold the function, in a plan", 0, value_holders,
	  text_holders },
	{ "RESULT", "result", "what became of it, or would", OUT_DEFAULT, value_result, NULL },
	{ "EXPECTED-MS", "expected_ms", "the least that it takes by PCI Express, in a plan",
	  OUT_RIGHT, value_expected, NULL },
	{ "LIMIT-MS", "limit_ms", "the longest that it is given, in a plan", OUT_RIGHT,
	  value_limit, NULL },
	{ "TIME-MS", "time_ms", "how long it took, until the device was verified",
	  OUT_DEFAULT | OUT_RIGHT, value_time, text_time },
	{ "WHY", "why", "why it failed, or is not possible", OUT_DEFAULT, value_why, NULL },
};

static const struct out_columns columns = { column, ARRAY_SIZE(column) };

#define PLAN_COLUMNS	"METHOD,DRIVER,HELD-BY,RESULT,EXPECTED-MS,LIMIT-MS,WHY"
#define DONE_COLUMNS	"METHOD,RESULT,TIME-MS,WHY"

/* A selection with + adds to what is shown of a plan, or of what was done. */
static struct out_table *new_table(const struct wish *w)
{
	const char *shown = w->is_dry_run ? PLAN_COLUMNS : DONE_COLUMNS;
	const char *asked = w->ctx->columns;
	autofree char *all = NULL;

	if (asked && *asked != '+')
		return out_table_new(&columns, asked);
	all = asked ? util_printf("%s,%s", shown, asked + 1) : util_strdup(shown);
	return out_table_new(&columns, all);
}

/* The columns are judged before anything is touched. */
static int check_columns(const struct wish *w)
{
	struct out_table *t;

	if (w->ctx->columns && w->ctx->is_json)
		return err_fail(FV_USAGE, "--output", "reset --json", NULL,
				"the JSON of a reset is always complete");
	t = new_table(w);
	out_table_free(t);
	return t ? FV_OK : FV_USAGE;
}

static void print_table(const struct wish *w, const struct ladder *l)
{
	struct out_table *t = new_table(w);
	struct libscols_line *parent;
	struct fv_holders holders;
	size_t i, j;

	holders_scan(&holders);
	for (i = 0; i < l->n; i++) {
		struct row r = { .ctx = w->ctx, .holders = &holders, .step = &l->steps[i] };

		parent = out_table_add(t, NULL, &r);
		for (j = 0; j < r.step->n_functions; j++) {
			r.function = &r.step->functions[j];
			out_table_add(t, parent, &r);
		}
	}
	out_table_print(t);
	out_table_free(t);
	holders_free(&holders);
}

static struct json_object *function_json(const struct row *r)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "bdf", json_object_new_string(r->function->bdf));
	json_object_object_add(o, "driver", value_driver(r));
	json_object_object_add(o, "held", json_object_new_boolean(r->function->is_held));
	json_object_object_add(o, "holders", value_holders(r));
	return o;
}

static struct json_object *step_json(struct row *r)
{
	struct json_object *functions = json_object_new_array();
	const struct ladder_step *s = r->step;
	struct json_object *o = json_object_new_object();
	const char *name = s->error ? strerrorname_np(s->error) : NULL;
	size_t i;

	json_object_object_add(o, "method", value_method(r));
	json_object_object_add(o, "result", value_result(r));
	json_object_object_add(o, "error", s->error ?
			       json_object_new_string(name ? name : "unknown") : NULL);
	json_object_object_add(o, "why", value_why(r));
	json_object_object_add(o, "time_ns", s->has_duration ?
			       json_object_new_uint64(s->duration_ns) : NULL);
	json_object_object_add(o, "expected_ms", value_expected(r));
	json_object_object_add(o, "limit_ms", value_limit(r));
	for (i = 0; i < s->n_functions; i++) {
		r->function = &s->functions[i];
		json_object_array_add(functions, function_json(r));
	}
	json_object_object_add(o, "functions", functions);
	return o;
}

static struct json_object *steps_json(const struct wish *w, const struct ladder *l)
{
	struct json_object *list = json_object_new_array();
	struct fv_holders holders;
	size_t i;

	holders_scan(&holders);
	for (i = 0; i < l->n; i++) {
		struct row r = { .ctx = w->ctx, .holders = &holders, .step = &l->steps[i] };

		json_object_array_add(list, step_json(&r));
	}
	holders_free(&holders);
	return list;
}

static void report(const struct wish *w, const struct ladder *l)
{
	struct json_object *top;

	if (!w->ctx->is_json) {
		print_table(w, l);
		return;
	}
	top = json_object_new_object();
	json_object_object_add(top, "dry_run", json_object_new_boolean(w->is_dry_run));
	json_object_object_add(top, "bdf", json_object_new_string(w->d->bdf));
	json_object_object_add(top, "steps", steps_json(w, l));
	out_json(top);
}

static char *next_step(int ret, const char *bdf)
{
	switch (-ret) {
	case EPERM:
		return util_strdup("Run it as root. Nothing was changed.");
	case ENODEV:
		return util_strdup("'fpgactl list' shows the devices, and which driver they have.");
	case EAGAIN:
		return util_strdup("Something else is done to the card; try it again.");
	case EBUSY:
	case EOPNOTSUPP:
	case ENOTTY:
		return util_printf("'fpgactl reset --dry-run %s' shows each method, what it hits, "
				   "and what is in the way.", bdf);
	case ESTALE:
		return util_strdup("Nobody can open it until it is what it was. Load that image and "
				   "reset it again,\nor let the host find the new one; see "
				   "fpgactl-reset(8).");
	default:
		return util_printf("'fpgactl link %s' shows whether its link is up. It is reset "
				   "again before the next\nopen; if its image is lost, load it "
				   "first.", bdf);
	}
}

/* What was tried is told too: on standard output, or in the error's object. */
static int fail(const struct wish *w, const struct ladder *l, int ret, const char *why)
{
	autofree char *hint = next_step(ret, w->d->bdf);

	if (w->ctx->is_json)
		err_add_json("steps", steps_json(w, l));
	else if (l->n)
		print_table(w, l);
	fflush(stdout);
	return fv_nl_fail(ret, w->d->bdf, "reset", hint, why);
}

/* The first function that somebody holds and that may be hit; NULL: none. */
static const struct fv_device *find_held(const struct wish *w, const struct ladder *plan)
{
	size_t i, j;

	if (held_now(w->d))
		return w->d;
	for (i = 0; i < plan->n; i++)
		for (j = 0; !plan->steps[i].error && j < plan->steps[i].n_functions; j++)
			if (plan->steps[i].functions[j].is_held)
				return model_find(w->ctx->model, plan->steps[i].functions[j].bdf);
	return NULL;
}

/* A reset under a running user is something to agree to. */
static int check_consent(const struct wish *w, const struct ladder *plan)
{
	const struct fv_device *held = cmd_is_set(w->ctx, "yes") ? NULL : find_held(w, plan);
	autofree char *other = NULL;
	autofree char *who = NULL;

	if (!held)
		return FV_OK;
	who = held_by(held);
	if (held != w->d)
		other = util_printf("%s, which may be reset too, ", held->bdf);
	return err_fail(FV_BUSY, w->d->bdf, "reset",
			"Use --yes to reset it under its user, --dry-run to see the plan.",
			"%sis held by %s", other ? other : "it ", who);
}

static int reset(const struct wish *w, struct fv_nl *nl, const struct ladder *plan)
{
	autofree char *why = NULL;
	struct progress progress;
	struct ladder done;
	int ret, code = FV_OK;

	progress_start(&progress, w->d->bdf, "reset", ladder_limit_ms(plan));
	ret = ladder_call(&done, nl, w->d->bdf, w->method, false, &why);
	progress_stop(&progress);
	if (ret)
		code = fail(w, &done, ret, why);
	else if (!done.n)
		code = err_fail(FV_FAILED, w->d->bdf, "reset", NULL,
				"the driver did not say what it did");
	else
		report(w, &done);
	ladder_free(&done);
	return code;
}

/* The plan first: it has the limits, and who is hit. */
static int plan_and_reset(struct wish *w)
{
	autofree char *why = NULL;
	struct ladder plan;
	int ret, code;

	ret = ladder_call(&plan, &w->nl, w->d->bdf, w->method, true, &why);
	if (ret) {
		w->is_dry_run = true;
		code = fail(w, &plan, ret, why);
	} else if (w->is_dry_run) {
		report(w, &plan);
		code = FV_OK;
	} else {
		code = check_consent(w, &plan);
		if (!code)
			code = reset(w, &w->nl, &plan);
	}
	ladder_free(&plan);
	return code;
}

static int parse(struct wish *w)
{
	const char *method = cmd_value(w->ctx, "method");
	autofree char *names = ladder_method_names();
	autofree char *hint = util_printf("There are %s.", names);

	w->is_dry_run = cmd_is_set(w->ctx, "dry-run");
	w->method = LADDER_ANY_METHOD;
	if (method) {
		w->method = ladder_find_method(method);
		if (w->method == LADDER_ANY_METHOD)
			return err_fail(FV_USAGE, method, "reset --method", hint,
					"there is no such method");
	}
	return check_columns(w);
}

static int run(const struct cmd_ctx *ctx)
{
	struct wish w = { .ctx = ctx };
	int code;

	code = parse(&w);
	if (code)
		return code;
	w.d = ours_open(&w.nl, ctx->model, ctx->args.v[0], "reset", &code);
	if (w.d)
		code = plan_and_reset(&w);
	fv_nl_close(&w.nl);
	return code;
}

static const struct cmd_option options[] = {
	{ "method", 'm', "METHOD", false, "this one only: flr, pm, hot or link",
	  "flr pm hot link" },
	{ "dry-run", 'n', NULL, false, "print what would be done, and do nothing" },
	{ "yes", 'y', NULL, false, "agree to reset a device that somebody holds" },
};

FV_COMMAND(reset) = {
	.name = "reset",
	.args = "BDF",
	.help = "bring a device to a clean state",
	.text = "Has the driver reset a device, by the first method after which it answers and is\n"
		"what it was. From the one that hits least to the one that hits most:\n"
		"  flr   Function Level Reset: this function only\n"
		"  pm    to sleep and awake (D3hot): this function only\n"
		"  hot   secondary bus reset: all functions of the card\n"
		"  link  link down and up: all functions of the card, which may load its image anew\n\n"
		"What would hit functions that others have is refused by the driver. A device that\n"
		"a VM holds is reset with --yes only: the VM's driver is not asked.",
	.examples = "  fpgactl reset --dry-run 01:00.0      # which methods there are, and whom they hit\n"
		    "  fpgactl reset 01:00.0                # the first that works\n"
		    "  fpgactl reset --method hot 01:00.0   # the whole card\n"
		    "  fpgactl reset --json 01:00.0 | jq -r '.steps[-1].method'",
	.min_args = 1,
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &columns,
	.run = run,
};
