// SPDX-License-Identifier: GPL-2.0
/*
 * Steps of a reset or recovery, planned or executed, and the functions that these or a fence
 * affect: request, table and JSON.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "model/reset_plan.h"
#include "netlink/op.h"
#include "util/duration.h"
#include "util/json.h"

/* Append an entry; the caller frees the list with affected_free(). */
void affected_add(struct affected_list *l, const char *bdf, const char *driver, bool is_held)
{
	struct affected *a;

	l->v = util_grow(l->v, l->n, sizeof(*a));
	a = &l->v[l->n++];
	bdf_parse(bdf, a->bdf);
	a->driver = util_strdup(driver);
	a->is_held = is_held;
}

/**
 * affected_parse() - Append an affected function from a driver reply.
 * @l: list; free with affected_free()
 * @nest: attribute of type "reset-function"; ignored if malformed
 */
void affected_parse(struct affected_list *l, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_RESET_FUNCTION_MAX + 1] = {
		[FPGA_VFIO_A_RESET_FUNCTION_BDF] = { .type = NLA_STRING },
		[FPGA_VFIO_A_RESET_FUNCTION_DRIVER] = { .type = NLA_STRING },
	};
	struct nlattr *tb[FPGA_VFIO_A_RESET_FUNCTION_MAX + 1];
	struct nlattr *driver;

	if (nla_parse_nested(tb, FPGA_VFIO_A_RESET_FUNCTION_MAX, nest, policy) ||
	    !tb[FPGA_VFIO_A_RESET_FUNCTION_BDF])
		return;
	driver = tb[FPGA_VFIO_A_RESET_FUNCTION_DRIVER];
	affected_add(l, nla_get_string(tb[FPGA_VFIO_A_RESET_FUNCTION_BDF]),
		     driver ? nla_get_string(driver) : NULL, tb[FPGA_VFIO_A_RESET_FUNCTION_HELD]);
}

/* Append all functions below a port. */
void affected_add_card(struct affected_list *l, const struct model *m, const char *port)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (!strcmp(m->devices[i].port, port))
			affected_add(l, m->devices[i].bdf, m->devices[i].driver, false);
}

/**
 * affected_add_users() - Find those who have the functions now.
 * @users: list of blockers to add to
 * @l: functions that the driver would take
 * @m: all devices
 *
 * Of a function that came after the devices were read, it is only known that it was held. Only a
 * virtual function can have another driver, while its physical function is not ready.
 */
void affected_add_users(struct json_object *users, const struct affected_list *l,
			const struct model *m)
{
	const struct pci_func *d;
	size_t i;

	for (i = 0; i < l->n; i++) {
		d = model_find(m, l->v[i].bdf);
		if (!d && l->v[i].is_held)
			json_object_array_add(users, json_blocker("held", l->v[i].bdf,
								  l->v[i].driver, NULL));
		if (d)
			held_add_users(users, d);
		if (d && *d->physfn)
			held_add_driver(users, d);
	}
}

void affected_free(struct affected_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i].driver);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

static const char *const methods[] = {
	[FPGA_VFIO_RESET_METHOD_FLR] = "flr",
	[FPGA_VFIO_RESET_METHOD_PM] = "pm",
	[FPGA_VFIO_RESET_METHOD_HOT] = "hot",
	[FPGA_VFIO_RESET_METHOD_LINK] = "link",
};

/* Names as in the netlink spec; "unknown" for a method added after this program. */
const char *reset_method_name(unsigned int method)
{
	return method < ARRAY_SIZE(methods) ? methods[method] : "unknown";
}

/* Return RESET_METHOD_ANY for an unknown name. */
int reset_method_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (!strcmp(methods[i], name))
			return (int)i;
	return RESET_METHOD_ANY;
}

/* "flr, pm, ..." */
char *reset_method_names(void)
{
	char *s = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		util_append(&s, "%s%s", i ? ", " : "", methods[i]);
	return s;
}

/* Ignored if malformed. */
static void parse_step(struct reset_plan *l, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_RESET_STEP_MAX + 1] = {
		[FPGA_VFIO_A_RESET_STEP_METHOD] = { .type = NLA_U32 },
		[FPGA_VFIO_A_RESET_STEP_ERROR] = { .type = NLA_U32 },
		[FPGA_VFIO_A_RESET_STEP_TEXT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_RESET_STEP_DURATION_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_RESET_STEP_EXPECTED_MS] = { .type = NLA_U32 },
		[FPGA_VFIO_A_RESET_STEP_LIMIT_MS] = { .type = NLA_U32 },
		[FPGA_VFIO_A_RESET_STEP_REFUSAL] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_RESET_STEP_MAX + 1];
	struct reset_step *s;
	struct nlattr *attr;
	int left;

	if (nla_parse_nested(tb, FPGA_VFIO_A_RESET_STEP_MAX, nest, policy))
		return;
	l->steps = util_grow(l->steps, l->n, sizeof(*s));
	s = &l->steps[l->n++];
	s->has_method = tb[FPGA_VFIO_A_RESET_STEP_METHOD];
	s->method = fv_nl_get_u32(tb[FPGA_VFIO_A_RESET_STEP_METHOD]);
	s->error = (int)fv_nl_get_u32(tb[FPGA_VFIO_A_RESET_STEP_ERROR]);
	s->text = fv_nl_get_text(tb[FPGA_VFIO_A_RESET_STEP_TEXT]);
	s->has_duration = tb[FPGA_VFIO_A_RESET_STEP_DURATION_NS];
	s->duration_ns = fv_nl_get_uint(tb[FPGA_VFIO_A_RESET_STEP_DURATION_NS]);
	s->expected_ms = fv_nl_get_u32(tb[FPGA_VFIO_A_RESET_STEP_EXPECTED_MS]);
	s->limit_ms = fv_nl_get_u32(tb[FPGA_VFIO_A_RESET_STEP_LIMIT_MS]);
	refusal_parse(&s->refusal, tb[FPGA_VFIO_A_RESET_STEP_REFUSAL]);
	nla_for_each_nested(attr, nest, left)
		if (nla_type(attr) == FPGA_VFIO_A_RESET_STEP_FUNCTION)
			affected_parse(&s->functions, attr);
}

/**
 * reset_plan_parse() - Append the steps in a driver reply.
 * @l: list; free with reset_plan_free()
 * @hdr: the reply
 * @type: attribute of a step
 */
void reset_plan_parse(struct reset_plan *l, struct nlmsghdr *hdr, int type)
{
	struct nlattr *attr;
	int left;

	nlmsg_for_each_attr(attr, hdr, GENL_HDRLEN, left)
		if (nla_type(attr) == type)
			parse_step(l, attr);
}

static void on_plan(struct nlmsghdr *hdr, void *data)
{
	struct reset_plan *l = data;

	reset_plan_parse(l, hdr, FPGA_VFIO_A_RESET_STEP);
	refusal_find(&l->refusal, hdr, FPGA_VFIO_A_RESET_REFUSAL);
}

static void on_result(struct nlmsghdr *hdr, void *data)
{
	reset_plan_parse(data, hdr, FPGA_VFIO_A_OP_STEP);
}

/**
 * reset_plan_call() - Reset a device and wait for the end, or preview the reset.
 * @l: result, also set if the reset fails; free with reset_plan_free()
 * @nl: an open connection
 * @request: the request
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: 0 or a negative errno of fv_nl_call() or op_run().
 */
int reset_plan_call(struct reset_plan *l, struct fv_nl *nl,
		    const struct reset_plan_request *request, char **why)
{
	struct nl_msg *msg = fv_nl_message(nl, FPGA_VFIO_CMD_RESET, 0);
	struct op op;
	int ret;

	memset(l, 0, sizeof(*l));
	nla_put_string(msg, FPGA_VFIO_A_RESET_BDF, request->bdf);
	if (request->method != RESET_METHOD_ANY)
		nla_put_u32(msg, FPGA_VFIO_A_RESET_METHOD, (uint32_t)request->method);
	if (request->is_unused_only)
		nla_put_flag(msg, FPGA_VFIO_A_RESET_UNUSED_ONLY);
	if (request->is_dry_run) {
		nla_put_flag(msg, FPGA_VFIO_A_RESET_DRY_RUN);
		return fv_nl_call(nl, msg, on_plan, l, why);
	}
	ret = op_run(&op, nl, &(struct op_request){
		.bdf = request->bdf, .msg = msg, .id_attr = FPGA_VFIO_A_RESET_OP,
		.answer = on_result, .data = l,
	}, why);
	l->refusal = op.refusal;
	return ret;
}

/* Sum of the limits of all usable steps: each one runs if those before it fail. */
unsigned long reset_plan_limit_ms(const struct reset_plan *l)
{
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!l->steps[i].error)
			sum += l->steps[i].limit_ms;
	return sum;
}

void reset_plan_free(struct reset_plan *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		affected_free(&l->steps[i].functions);
		free(l->steps[i].text);
	}
	free(l->steps);
	memset(l, 0, sizeof(*l));
}

static void find_holders(const struct affected *a, const struct affected_world *w,
			 struct holders *found)
{
	const struct pci_func *d = model_find(w->model, a->bdf);

	memset(found, 0, sizeof(*found));
	if (d)
		holders_of(w->holders, d, found);
}

static struct json_object *holding_json(const struct affected *a, const struct affected_world *w)
{
	struct json_object *list;
	struct holders found;

	find_holders(a, w, &found);
	list = holders_json(&found);
	holders_free(&found);
	return list;
}

struct json_object *affected_json(const struct affected_list *l, const struct affected_world *w)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct affected *a = &l->v[i];
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "bdf", json_object_new_string(a->bdf));
		json_object_object_add(o, "driver", json_string(a->driver));
		json_object_object_add(o, "in_use", json_object_new_boolean(a->is_held));
		json_object_object_add(o, "users", holding_json(a, w));
		json_object_array_add(list, o);
	}
	return list;
}

/* One row of a table: a step, or a function that it affects. */
struct row {
	const struct affected_world *world;
	const struct reset_step *step;		/* NULL: functions only */
	const struct affected *function;	/* NULL: row of the step */
};

static struct json_object *value_device(const void *p)
{
	return json_object_new_string(((const struct row *)p)->function->bdf);
}

static char *text_driver(const void *p)
{
	const struct affected *a = ((const struct row *)p)->function;

	return util_strdup(!a ? "" : a->driver ? a->driver : "none");
}

static char *text_holders(const void *p)
{
	const struct row *r = p;
	struct holders found;
	char *s;

	if (!r->function)
		return util_strdup("");
	find_holders(r->function, r->world, &found);
	if (found.n)
		s = holders_text(&found);
	else
		s = util_strdup(r->function->is_held ? "unknown" : "none");
	holders_free(&found);
	return s;
}

static const struct out_column affected_column[] = {
	{ "DEVICE", NULL, "function of the card", OUT_DEFAULT, value_device, NULL },
	{ "DRIVER", NULL, "driver of the function", OUT_DEFAULT, NULL, text_driver },
	{ "USER", NULL, "processes that hold the function", OUT_DEFAULT, NULL, text_holders },
};

const struct out_columns affected_columns = { affected_column, ARRAY_SIZE(affected_column) };

/* @selection is the argument of -o, already validated. */
void affected_print(const struct affected_list *l, const struct affected_world *w,
		    const char *selection)
{
	struct out_table *t = out_table_new(&affected_columns, selection);
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct row r = { .world = w, .function = &l->v[i] };

		out_table_add(t, NULL, &r);
	}
	out_table_print(t);
	out_table_free(t);
}

static const char *method(const struct reset_step *s)
{
	return s->has_method ? reset_method_name(s->method) : NULL;
}

static char *text_method(const void *p)
{
	const struct row *r = p;

	if (r->function)
		return util_strdup(r->function->bdf);
	return util_strdup(r->step->has_method ? method(r->step) : "no reset");
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

static const char *outcome(const struct reset_step *s)
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

static char *reason(const struct reset_step *s)
{
	return util_strdup(s->text ? s->text : s->error ? strerror(s->error) : NULL);
}

static struct json_object *value_why(const void *p)
{
	const struct row *r = p;
	autofree char *why = r->function ? NULL : reason(r->step);

	return json_string(why);
}

static const struct out_column step_column[] = {
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

const struct out_columns reset_plan_columns = { step_column, ARRAY_SIZE(step_column) };

#define PLAN_COLUMNS	"METHOD,USER,RESULT,EXPECTED,LIMIT,WHY"
#define DONE_COLUMNS	"METHOD,RESULT,TIME,WHY"

/* A selection with + adds to the default columns of a plan or of a result. */
static struct out_table *new_table(const char *requested, bool is_plan)
{
	const char *shown = is_plan ? PLAN_COLUMNS : DONE_COLUMNS;
	autofree char *all = NULL;

	if (requested && *requested != '+')
		return out_table_new(&reset_plan_columns, requested);
	all = requested ? util_printf("%s,%s", shown, requested + 1) : util_strdup(shown);
	return out_table_new(&reset_plan_columns, all);
}

/* @requested is the argument of -o, already validated. */
void reset_plan_print(const struct reset_plan *l, const struct model *m, const char *requested,
		      bool is_plan)
{
	struct out_table *t = new_table(requested, is_plan);
	struct holders holders;
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
	const struct reset_step *s = r->step;
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

struct json_object *reset_plan_json(const struct reset_plan *l, const struct model *m)
{
	struct json_object *list = json_object_new_array();
	struct holders holders;
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
