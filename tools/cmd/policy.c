// SPDX-License-Identifier: GPL-2.0
/* fpgactl policy: show or set a device's policy */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>

#include "cmd/cmd.h"
#include "config/persist.h"
#include "host/sysfs.h"
#include "model/policy.h"
#include "model/session.h"
#include "model/status.h"

/* Parsed command line. */
struct policy_request {
	const struct cmd_ctx *ctx;
	const struct pci_func *d;
	struct fv_nl nl;
	bool is_default;		/* start from the board profile */
	size_t n;			/* number of keys in wanted */
	struct policy wanted;
	struct persist persist;		/* with --persist */
};

/* One row: a key. */
struct row {
	const struct policy *policy;
	size_t i;
};

static struct json_object *value_key(const void *p)
{
	return json_object_new_string(policy_key(((const struct row *)p)->i)->name);
}

static char *text_value(const void *p)
{
	const struct row *r = p;

	return policy_text(r->policy, r->i);
}

static struct json_object *value_meaning(const void *p)
{
	return json_object_new_string(policy_key(((const struct row *)p)->i)->help);
}

static const struct out_column column[] = {
	{ "KEY", NULL, "policy key", OUT_DEFAULT, value_key, NULL },
	{ "VALUE", NULL, "value in command line syntax", OUT_DEFAULT, NULL, text_value },
	{ "MEANING", NULL, "description of the key", OUT_DEFAULT | OUT_CUT | OUT_WRAP,
	  value_meaning, NULL },
};

static const struct out_columns columns = { column, ARRAY_SIZE(column) };

static struct json_object *field_bdf(const void *p)
{
	return json_object_new_string(((const struct status *)p)->bdf);
}

static struct json_object *field_state(const void *p)
{
	return status_state_json(p);
}

static char *field_state_text(const void *p)
{
	return status_text(p);
}

static struct json_object *field_reason(const void *p)
{
	return json_string(((const struct status *)p)->reason);
}

/* Printed with the state. */
static char *field_reason_text(const void *p)
{
	(void)p;
	return util_strdup("");
}

static struct json_object *field_profile(const void *p)
{
	return json_string(((const struct status *)p)->profile);
}

/* null: there is no card file. */
static struct json_object *field_persistent(const void *p)
{
	autostrv struct strv words = {};
	struct json_object *list;
	size_t i;

	if (!persist_read_policy(((const struct status *)p)->bdf, &words))
		return NULL;
	list = json_object_new_array();
	for (i = 0; i < words.n; i++)
		json_object_array_add(list, json_string(words.v[i]));
	return list;
}

static char *field_persistent_text(const void *p)
{
	autostrv struct strv words = {};

	persist_read_policy(((const struct status *)p)->bdf, &words);
	return words.n ? strv_join(&words, " ") : util_strdup("");
}

static const struct out_column field[] = {
	{ "Device", "bdf", NULL, 0, field_bdf, NULL },
	{ "State", "state", NULL, 0, field_state, field_state_text },
	{ "Reason", "reason", NULL, 0, field_reason, field_reason_text },
	{ "Profile", "profile", NULL, 0, field_profile, NULL },
	{ "Lasting", "persistent", NULL, 0, field_persistent, field_persistent_text },
};

static const struct out_columns fields = { field, ARRAY_SIZE(field) };

static int show_table(const struct policy_request *req, const struct status *s)
{
	struct out_table *t = out_table_new(&columns, req->ctx->columns);
	struct row r = { .policy = &s->policy };

	if (!t)
		return FV_USAGE;
	for (r.i = 0; r.i < POLICY_N; r.i++)
		out_table_add(t, NULL, &r);
	if (!req->ctx->columns) {
		out_record(&fields, s);
		out_print("\n");
	}
	out_table_print(t);
	out_table_free(t);
	return FV_OK;
}

static int show(const struct policy_request *req, const struct status *s)
{
	struct json_object *top;

	if (!req->ctx->is_json)
		return show_table(req, s);
	top = out_json_record(&fields, s);
	json_object_object_add(top, "policy", policy_json(&s->policy));
	out_json(top);
	return FV_OK;
}

/* All bound devices */

static bool is_same(const struct status *a, const struct status *b)
{
	size_t i;

	if (strcmp(a->profile ? a->profile : "", b->profile ? b->profile : ""))
		return false;
	for (i = 0; i < POLICY_N; i++) {
		autofree char *x = policy_text(&a->policy, i);
		autofree char *y = policy_text(&b->policy, i);

		if (strcmp(x, y))
			return false;
	}
	return true;
}

/* One table for all devices with the same policy. */
static int show_tables(const struct policy_request *req, const struct status_list *l)
{
	size_t i, j;
	int code = FV_OK;

	for (i = 0; i < l->n && !code; i++) {
		struct out_table *t;
		struct row r = { .policy = &l->v[i].policy };

		for (j = 0; j < i && !is_same(&l->v[i], &l->v[j]); j++)
			;
		if (j < i)
			continue;
		t = out_table_new(&columns, req->ctx->columns);
		if (!t)
			return FV_USAGE;
		for (r.i = 0; r.i < POLICY_N; r.i++)
			out_table_add(t, NULL, &r);
		for (j = i; j < l->n; j++)
			if (is_same(&l->v[i], &l->v[j]))
				out_print("%s%s", j == i ? i ? "\n" : "" : " ", l->v[j].bdf);
		out_print(" (profile: %s)\n", l->v[i].profile ? l->v[i].profile : "default");
		out_table_print(t);
		out_table_free(t);
	}
	return code;
}

static int show_all(const struct policy_request *req, const struct status_list *l)
{
	struct json_object *top, *list, *o;
	size_t i;

	if (!l->n && !req->ctx->is_json)
		err_note("policy", "no device is bound to " FV_DRIVER "; next: fpgactl bind BDF");
	if (!req->ctx->is_json)
		return show_tables(req, l);
	top = json_object_new_object();
	list = json_object_new_array();
	for (i = 0; i < l->n; i++) {
		o = out_json_record(&fields, &l->v[i]);
		json_object_object_add(o, "policy", policy_json(&l->v[i].policy));
		json_object_array_add(list, o);
	}
	json_object_object_add(top, "devices", list);
	out_json(top);
	return FV_OK;
}

static int by_bdf(const void *a, const void *b)
{
	return bdf_cmp(((const struct status *)a)->bdf, ((const struct status *)b)->bdf);
}

static int run_all(const struct policy_request *req)
{
	struct status_list l = {};
	autofree char *why = NULL;
	int ret, code;

	if (!sysfs_is_live())
		return err_fail(FV_FAILED, "policy", "read", NULL, NEEDS_LIVE_SYSTEM);
	ret = status_fetch(&l, NULL, &why);
	if (ret > 0) {
		code = fv_nl_fail_open(ret, FV_MODULE, "policy", why);
	} else if (ret) {
		code = fv_nl_fail(ret, FV_MODULE, "policy", NULL, why);
	} else {
		if (l.n)
			qsort(l.v, l.n, sizeof(*l.v), by_bdf);
		code = show_all(req, &l);
	}
	status_free(&l);
	return code;
}

static char *next_step(int ret)
{
	switch (-ret) {
	case EPERM:
		return util_strdup(SESSION_ROOT_HINT);
	case ENODEV:
		return util_strdup("'fpgactl list' shows the devices and their drivers.");
	default:
		return util_strdup("Nothing was changed. 'fpgactl help policy' lists the keys and "
				   "their values.");
	}
}

static int fail(const struct policy_request *req, int ret, const char *why)
{
	autofree char *hint = next_step(ret);

	return fv_nl_fail(ret, req->d->bdf, "policy", hint, why);
}

static int read_status(struct policy_request *req, struct status_list *l)
{
	autofree char *why = NULL;
	int ret = status_read(l, &req->nl, req->d->bdf, &why);

	if (ret)
		return fv_nl_fail(ret, req->d->bdf, "policy", NULL, why);
	if (!status_find(l, req->d->bdf)->has_policy)
		return err_fail(FV_FAILED, req->d->bdf, "policy", NULL,
				"driver returned no policy");
	return FV_OK;
}

static void on_refusal(struct nlmsghdr *hdr, void *data)
{
	refusal_find(data, hdr, FPGA_VFIO_A_DEVICE_REFUSAL);
}

static int request(struct policy_request *req)
{
	struct nl_msg *msg = fv_nl_message(&req->nl, FPGA_VFIO_CMD_DEVICE_SET, 0);
	struct refusal refusal = {};
	autofree char *why = NULL;
	int ret;

	nla_put_string(msg, FPGA_VFIO_A_DEVICE_BDF, req->d->bdf);
	if (req->is_default)
		nla_put_flag(msg, FPGA_VFIO_A_DEVICE_POLICY_DEFAULT);
	if (req->n)
		policy_put(&req->wanted, msg, FPGA_VFIO_A_DEVICE_POLICY);
	ret = fv_nl_call(&req->nl, msg, on_refusal, &refusal, &why);
	if (!ret)
		return FV_OK;
	err_add_blocker(refusal_json(&refusal));
	return fail(req, ret, why);
}

/* One line per key that has changed or would change. */
static void report_text(const struct policy_request *req, const struct status *before,
			const struct policy *after)
{
	bool is_dry_run = cmd_is_set(req->ctx, "dry-run");
	bool is_changed = false;
	size_t i;

	for (i = 0; i < POLICY_N; i++) {
		autofree char *old = policy_text(&before->policy, i);
		autofree char *new = policy_text(after, i);

		if ((is_dry_run && !req->wanted.has[i]) || !strcmp(old, new))
			continue;
		out_print("%s: %s%s: %s -> %s\n", req->d->bdf, is_dry_run ? "would change " : "",
			  policy_key(i)->name, old, new);
		is_changed = true;
	}
	if (is_dry_run && req->is_default)
		out_print("%s: %s would be set from the board profile (%s)\n", req->d->bdf,
			  req->n ? "all other keys" : "all keys",
			  before->profile ? before->profile : "default");
	else if (!is_changed)
		out_print("%s: nothing %s\n", req->d->bdf, is_dry_run ? "would change" : "changed");
}

/* The keys that would come from the board profile are not known here. */
static struct json_object *planned_json(const struct policy_request *req,
					const struct policy *after)
{
	struct json_object *o = policy_json(after);
	size_t i;

	for (i = 0; i < POLICY_N; i++)
		if (req->is_default && !req->wanted.has[i])
			json_object_object_add(o, policy_json_key(i), NULL);
	return o;
}

/* bind does not read the file: only apply does, at boot or by hand. */
static void note_unbound(const struct policy_request *req)
{
	const struct persist *p = &req->persist;

	if (p->n && p->v[0].text && req->n && !persist_is_bound(req->d->bdf))
		err_note(req->d->bdf,
			 "its card file does not bind it at boot: fpgactl bind --persist --only %s; after another bind, the policy is set by: fpgactl apply %s",
			 req->d->bdf, req->d->bdf);
}

static void report(const struct policy_request *req, const struct status *before,
		   const struct policy *after)
{
	bool is_dry_run = cmd_is_set(req->ctx, "dry-run");
	struct json_object *top;

	note_unbound(req);
	if (!req->ctx->is_json) {
		report_text(req, before, after);
		persist_print(&req->persist, is_dry_run);
		return;
	}
	top = json_object_new_object();
	json_object_object_add(top, "dry_run", json_object_new_boolean(is_dry_run));
	json_object_object_add(top, "bdf", json_object_new_string(req->d->bdf));
	json_object_object_add(top, "profile", json_string(before->profile));
	json_object_object_add(top, "before", policy_json(&before->policy));
	json_object_object_add(top, "after", is_dry_run ? planned_json(req, after) :
							  policy_json(after));
	if (cmd_is_set(req->ctx, "persist"))
		persist_add_json(&req->persist, top);
	out_json(top);
}

/* Apply the requested keys to a copy of the policy. */
static void plan(const struct policy_request *req, const struct policy *before,
		 struct policy *after)
{
	size_t i;

	*after = *before;
	for (i = 0; i < POLICY_N; i++) {
		if (!req->wanted.has[i])
			continue;
		after->has[i] = true;
		after->number[i] = req->wanted.number[i];
	}
	if (req->wanted.has[POLICY_READY_REGISTER])
		after->ready = req->wanted.ready;
	if (req->wanted.has[POLICY_RESET_METHODS]) {
		memcpy(after->methods, req->wanted.methods, sizeof(after->methods));
		after->n_methods = req->wanted.n_methods;
	}
}

/* Words of the command line after the address, without "default". */
static int plan_persist(struct policy_request *req)
{
	autostrv struct strv words = {};
	size_t i;
	int code;

	if (!cmd_is_set(req->ctx, "persist"))
		return FV_OK;
	for (i = 1 + req->is_default; i < req->ctx->args.n; i++)
		strv_add(&words, req->ctx->args.v[i]);
	persist_init(&req->persist, "policy", cmd_line(req->ctx));
	code = persist_policy(&req->persist, req->ctx->model, req->d, req->is_default, &words);
	return code ? code : persist_check(&req->persist);
}

/* Reports the policy as read back from the driver. */
static int change(struct policy_request *req, const struct status *before)
{
	struct status_list l = {};
	struct policy after;
	int code = plan_persist(req);

	if (code)
		return code;
	if (cmd_is_set(req->ctx, "dry-run")) {
		plan(req, &before->policy, &after);
		report(req, before, &after);
		return FV_OK;
	}
	code = request(req);
	strv_add(&req->persist.changed, req->d->bdf);
	if (!code)
		code = persist_write(&req->persist);
	if (!code)
		code = read_status(req, &l);
	if (!code)
		report(req, before, &status_find(&l, req->d->bdf)->policy);
	status_free(&l);
	return code;
}

static int parse(struct policy_request *req)
{
	const struct strv *words = &req->ctx->args;
	size_t i;
	int code;

	for (i = 1; i < words->n; i++) {
		if (!strcmp(words->v[i], "default") && i > 1)
			return err_usage("policy", words->v[i],
					 "Usage: fpgactl policy BDF default KEY=VALUE...",
					 "'default' must precede the keys");
		if (!strcmp(words->v[i], "default")) {
			req->is_default = true;
			continue;
		}
		code = policy_parse_word(&req->wanted, words->v[i]);
		if (code)
			return code;
		req->n++;
	}
	if (cmd_is_set(req->ctx, "persist") && words->n < 2)
		return err_usage("policy", "--persist",
				 "Usage: fpgactl policy BDF KEY=VALUE... --persist",
				 "--persist requires KEY=VALUE or default");
	if (req->ctx->columns && words->n > 1)
		return err_usage("policy", "--output",
				 "Without KEY=VALUE, the policy is printed as a table.",
				 "--output cannot be combined with KEY=VALUE");
	return out_check_columns(&columns, req->ctx->columns, req->ctx->is_json, "policy");
}

static int run(const struct cmd_ctx *ctx)
{
	struct policy_request req = { .ctx = ctx };
	struct status_list l = {};
	int code;

	code = parse(&req);
	if (code)
		return code;
	if (!ctx->args.n)
		return run_all(&req);
	req.d = session_open(&req.nl, ctx->model, ctx->args.v[0], "policy", &code);
	if (req.d)
		code = read_status(&req, &l);
	if (req.d && !code)
		code = req.n || req.is_default ? change(&req, status_find(&l, req.d->bdf)) :
						 show(&req, status_find(&l, req.d->bdf));
	status_free(&l);
	persist_free(&req.persist);
	fv_nl_close(&req.nl);
	return code;
}

static const struct cmd_option options[] = {
	{ "persist", 0, NULL, "keep these values from boot to boot" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
};

FV_COMMAND(policy) = {
	.name = "policy",
	.group = CMD_SET_UP,
	.args = "[BDF [KEY=VALUE...]]",
	.help = "show or set policies of devices",
	.text = "Without BDF, prints the policies of all bound devices; those with the same policy\n"
		"are listed together.\n\n"
		"With BDF, prints the policy of a device: reset methods, time limits, requested\n"
		"link, user notification. With KEY=VALUE, changes the named keys: all of them, or none if the\n"
		"driver refuses one. A policy lasts while the device is bound and starts from the\n"
		"board profile; 'default' restores that before the keys after it are applied.\n"
		"With --persist, the named keys are also set at each boot, if the device is bound by\n"
		"then; 'default' forgets them.",
	.examples = "  fpgactl policy               # all bound devices\n"
		    "  fpgactl policy 01:00.0\n"
		    "  fpgactl policy 01:00.0 reset-methods=hot,link load-limit=90s\n"
		    "  fpgactl policy 01:00.0 ready-register=0:0x1000:0x1:0x1   # bit 0 of a BAR\n"
		    "  fpgactl policy 01:00.0 default aer=stop  # board profile, except aer\n"
		    "  fpgactl policy 01:00.0 load-limit=90s --persist\n"
		    "  fpgactl policy --json 01:00.0 | jq .policy.load_limit_ns",
	.max_args = CMD_ANY_ARGS,
	.words = CMD_WORDS_BDF_OR_DEFAULT,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &columns,
	.key = policy_key,
	.run = run,
};
