// SPDX-License-Identifier: GPL-2.0
/* fpgactl policy: show or set a device's policy */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/fpga_vfio.h>

#include "cmd/cmd.h"
#include "model/policy.h"
#include "model/session.h"
#include "model/status.h"

/* Parsed command line. */
struct wish {
	const struct cmd_ctx *ctx;
	const struct fv_device *d;
	struct fv_nl nl;
	bool is_default;		/* start from the board profile */
	size_t n;			/* number of keys in wanted */
	struct fv_policy wanted;
};

/* One row: a key. */
struct row {
	const struct fv_policy *policy;
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
	{ "MEANING", NULL, "description of the key", OUT_DEFAULT | OUT_TRUNC, value_meaning,
	  NULL },
};

static const struct out_columns columns = { column, ARRAY_SIZE(column) };

static struct json_object *field_bdf(const void *p)
{
	return json_object_new_string(((const struct fv_status *)p)->bdf);
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
	return out_string(((const struct fv_status *)p)->reason);
}

/* Printed with the state. */
static char *field_reason_text(const void *p)
{
	(void)p;
	return util_strdup("");
}

static struct json_object *field_profile(const void *p)
{
	return out_string(((const struct fv_status *)p)->profile);
}

static const struct out_column field[] = {
	{ "Device", "bdf", NULL, 0, field_bdf, NULL },
	{ "State", "state", NULL, 0, field_state, field_state_text },
	{ "Reason", "reason", NULL, 0, field_reason, field_reason_text },
	{ "Profile", "profile", NULL, 0, field_profile, NULL },
};

static const struct out_columns fields = { field, ARRAY_SIZE(field) };

static int show_table(const struct wish *w, const struct fv_status *s)
{
	struct out_table *t = out_table_new(&columns, w->ctx->columns);
	struct row r = { .policy = &s->policy };

	if (!t)
		return FV_USAGE;
	for (r.i = 0; r.i < POLICY_N; r.i++)
		out_table_add(t, NULL, &r);
	if (!w->ctx->columns) {
		out_record(&fields, s);
		printf("\n");
	}
	out_table_print(t);
	out_table_free(t);
	return FV_OK;
}

static int show(const struct wish *w, const struct fv_status *s)
{
	struct json_object *top;

	if (!w->ctx->is_json)
		return show_table(w, s);
	top = out_json_record(&fields, s);
	json_object_object_add(top, "policy", policy_json(&s->policy));
	out_json(top);
	return FV_OK;
}

static char *next_step(int ret)
{
	switch (-ret) {
	case EPERM:
		return util_strdup(SESSION_RIGHTS_HINT);
	case ENODEV:
		return util_strdup("'fpgactl list' shows the devices and their drivers.");
	default:
		return util_strdup("Nothing was changed. 'fpgactl help policy' lists the keys and "
				   "their values.");
	}
}

static int fail(const struct wish *w, int ret, const char *why)
{
	autofree char *hint = next_step(ret);

	return fv_nl_fail(ret, w->d->bdf, "policy", hint, why);
}

static int read_status(struct wish *w, struct fv_status_list *l)
{
	autofree char *why = NULL;
	int ret = status_read(l, &w->nl, w->d->bdf, &why);

	if (ret)
		return fv_nl_fail(ret, w->d->bdf, "policy", NULL, why);
	if (!status_find(l, w->d->bdf)->has_policy)
		return err_fail(FV_FAILED, w->d->bdf, "policy", NULL,
				"driver returned no policy");
	return FV_OK;
}

static void no_answer(struct nlmsghdr *hdr, void *data)
{
	(void)hdr;
	(void)data;
}

static int request(struct wish *w)
{
	struct nl_msg *msg = fv_nl_message(&w->nl, FPGA_VFIO_CMD_DEVICE_SET, 0);
	autofree char *why = NULL;
	int ret;

	nla_put_string(msg, FPGA_VFIO_A_DEVICE_BDF, w->d->bdf);
	if (w->is_default)
		nla_put_flag(msg, FPGA_VFIO_A_DEVICE_POLICY_DEFAULT);
	if (w->n)
		policy_put(&w->wanted, msg, FPGA_VFIO_A_DEVICE_POLICY);
	ret = fv_nl_call(&w->nl, msg, no_answer, NULL, &why);
	return ret ? fail(w, ret, why) : FV_OK;
}

/* One line per key that has changed or would change. */
static void report_text(const struct wish *w, const struct fv_status *before,
			const struct fv_policy *after)
{
	bool is_dry_run = cmd_is_set(w->ctx, "dry-run");
	bool is_changed = false;
	size_t i;

	for (i = 0; i < POLICY_N; i++) {
		autofree char *old = policy_text(&before->policy, i);
		autofree char *new = policy_text(after, i);

		if ((is_dry_run && !w->wanted.has[i]) || !strcmp(old, new))
			continue;
		printf("%s: %s%s: %s -> %s\n", w->d->bdf, is_dry_run ? "would change " : "",
		       policy_key(i)->name, old, new);
		is_changed = true;
	}
	if (is_dry_run && w->is_default)
		printf("%s: %s would be set from the board profile (%s)\n", w->d->bdf,
		       w->n ? "all other keys" : "all keys",
		       before->profile ? before->profile : "default");
	else if (!is_changed)
		printf("%s: nothing %s\n", w->d->bdf, is_dry_run ? "would change" : "changed");
}

/* Omit the keys that would come from the board profile: they are not known here. */
static struct json_object *planned_json(const struct wish *w, const struct fv_policy *after)
{
	struct json_object *o = policy_json(after);
	size_t i;

	for (i = 0; i < POLICY_N; i++)
		if (w->is_default && !w->wanted.has[i])
			json_object_object_del(o, policy_json_key(i));
	return o;
}

static void report(const struct wish *w, const struct fv_status *before,
		   const struct fv_policy *after)
{
	bool is_dry_run = cmd_is_set(w->ctx, "dry-run");
	struct json_object *top;

	if (!w->ctx->is_json) {
		report_text(w, before, after);
		return;
	}
	top = json_object_new_object();
	json_object_object_add(top, "dry_run", json_object_new_boolean(is_dry_run));
	json_object_object_add(top, "bdf", json_object_new_string(w->d->bdf));
	json_object_object_add(top, "profile", out_string(before->profile));
	json_object_object_add(top, "before", policy_json(&before->policy));
	json_object_object_add(top, "after", is_dry_run ? planned_json(w, after) :
							  policy_json(after));
	out_json(top);
}

/* Apply the requested keys to a copy of the policy. */
static void plan(const struct wish *w, const struct fv_policy *before, struct fv_policy *after)
{
	size_t i;

	*after = *before;
	for (i = 0; i < POLICY_N; i++) {
		if (!w->wanted.has[i])
			continue;
		after->has[i] = true;
		after->number[i] = w->wanted.number[i];
	}
	if (w->wanted.has[POLICY_READY_REGISTER])
		after->ready = w->wanted.ready;
	if (w->wanted.has[POLICY_RESET_METHODS]) {
		memcpy(after->methods, w->wanted.methods, sizeof(after->methods));
		after->n_methods = w->wanted.n_methods;
	}
}

/* Reports the policy as read back from the driver. */
static int change(struct wish *w, const struct fv_status *before)
{
	struct fv_status_list l = {};
	struct fv_policy after;
	int code = FV_OK;

	if (cmd_is_set(w->ctx, "dry-run")) {
		plan(w, &before->policy, &after);
		report(w, before, &after);
		return FV_OK;
	}
	code = request(w);
	if (!code)
		code = read_status(w, &l);
	if (!code)
		report(w, before, &status_find(&l, w->d->bdf)->policy);
	status_free(&l);
	return code;
}

static int parse(struct wish *w)
{
	const struct strv *words = &w->ctx->args;
	size_t i;
	int code;

	for (i = 1; i < words->n; i++) {
		if (!strcmp(words->v[i], "default") && i > 1)
			return err_usage("policy", words->v[i],
					 "Usage: fpgactl policy BDF default KEY=VALUE...",
					 "'default' must precede the keys");
		if (!strcmp(words->v[i], "default")) {
			w->is_default = true;
			continue;
		}
		code = policy_parse_word(&w->wanted, words->v[i]);
		if (code)
			return code;
		w->n++;
	}
	if (w->ctx->columns && w->ctx->is_json)
		return err_usage("policy", "--output",
				 "With --json, the output is always complete.",
				 "--output cannot be combined with --json");
	if (w->ctx->columns && words->n > 1)
		return err_usage("policy", "--output",
				 "Without KEY=VALUE, the policy is printed as a table.",
				 "--output cannot be combined with KEY=VALUE");
	return FV_OK;
}

static int run(const struct cmd_ctx *ctx)
{
	struct wish w = { .ctx = ctx };
	struct fv_status_list l = {};
	int code;

	code = parse(&w);
	if (code)
		return code;
	w.d = session_open(&w.nl, ctx->model, ctx->args.v[0], "policy", &code);
	if (w.d)
		code = read_status(&w, &l);
	if (w.d && !code)
		code = w.n || w.is_default ? change(&w, status_find(&l, w.d->bdf)) :
					     show(&w, status_find(&l, w.d->bdf));
	status_free(&l);
	fv_nl_close(&w.nl);
	return code;
}

static const struct cmd_option options[] = {
	{ "dry-run", 'n', NULL, false, CMD_DRY_RUN_HELP },
};

FV_COMMAND(policy) = {
	.name = "policy",
	.args = "BDF [KEY=VALUE...]",
	.help = "show or set a device's policy",
	.text = "Prints the policy of a device: reset methods, time limits, requested link, user\n"
		"notification. With KEY=VALUE, changes the named keys: all of them, or none if the\n"
		"driver refuses one. A policy lasts while the device is bound and starts from the\n"
		"board profile; 'default' restores that before the keys after it are applied.",
	.examples = "  fpgactl policy 01:00.0\n"
		    "  fpgactl policy 01:00.0 reset-methods=hot,link load-limit=90s\n"
		    "  fpgactl policy 01:00.0 ready-register=0:0x1000:0x1:0x1   # bit 0 of BAR 0, 0x1000\n"
		    "  fpgactl policy 01:00.0 default aer=stop  # board profile, except aer\n"
		    "  fpgactl policy --json 01:00.0 | jq .policy.load_limit_ms",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.words = CMD_WORDS_BDF_OR_DEFAULT,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &columns,
	.key = policy_key,
	.run = run,
};
