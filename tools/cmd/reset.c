// SPDX-License-Identifier: GPL-2.0
/* fpgactl reset: reset a device by the first method that succeeds */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>

#include "cmd/consent.h"
#include "model/reset_plan.h"
#include "model/session.h"
#include "output/progress.h"
#include "util/json.h"

/* Parsed command line. */
struct reset_request {
	const struct cmd_ctx *ctx;
	const struct pci_func *d;
	struct fv_nl nl;
	int method;			/* or RESET_METHOD_ANY */
	bool is_dry_run;
	bool is_unused_only;		/* hit no function that a VFIO user has open */
};

static void report(const struct reset_request *req, const struct reset_plan *l)
{
	struct json_object *top;

	if (!req->ctx->is_json) {
		reset_plan_print(l, req->ctx->model, req->ctx->columns, req->is_dry_run);
		return;
	}
	top = json_object_new_object();
	json_object_object_add(top, "dry_run", json_object_new_boolean(req->is_dry_run));
	json_object_object_add(top, "bdf", json_object_new_string(req->d->bdf));
	json_object_object_add(top, "steps", reset_plan_json(l, req->ctx->model));
	out_json(top);
}

/* True if the driver refused as the device is in use, and --yes was not given. */
static bool lacks_consent(int ret, const char *bdf, const struct refusal *refusal)
{
	return ret == -EBUSY && refusal->reason == FPGA_VFIO_REFUSAL_HELD &&
	       !strcmp(refusal->object, bdf);
}

static char *next_step(int ret, const char *bdf, const struct refusal *refusal)
{
	char *common;

	if (lacks_consent(ret, bdf, refusal))
		return util_strdup("It was opened meanwhile. Use --yes to confirm.");
	common = session_next_step(ret, bdf, refusal);
	if (common)
		return common;
	switch (-ret) {
	case EBUSY:
	case EOPNOTSUPP:
	case ENOTTY:
		return util_printf("'fpgactl reset --dry-run %s' shows the reset scope of each "
				   "method and why it is refused.", bdf);
	case ESTALE:
		return util_printf("The device cannot be opened until its identity matches. Load the "
				   "old image and reset\nit again, or use the new image: fpgactl "
				   "rescan %s", bdf);
	default:
		return util_printf("'fpgactl link %s' shows the link. The device is reset again "
				   "before the next open;\nif the card has lost its image, load it "
				   "first.", bdf);
	}
}

/* Report the attempted steps, too: on stdout, or in the error object. */
static int fail(const struct reset_request *req, const struct reset_plan *l, int ret,
		const char *why)
{
	autofree char *hint = next_step(ret, req->d->bdf, &l->refusal);
	int code = lacks_consent(ret, req->d->bdf, &l->refusal) ? FV_CONSENT : fv_nl_code(ret);

	err_add_blocker(refusal_json(&l->refusal));
	if (req->ctx->is_json)
		err_add_json("steps", reset_plan_json(l, req->ctx->model));
	else if (l->n)
		reset_plan_print(l, req->ctx->model, req->ctx->columns, req->is_dry_run);
	fflush(stdout);
	return fv_nl_fail_as(code, req->d->bdf, "reset", hint, why);
}

/* May the requested method hit the other functions of the card? */
static bool hits_card(const struct reset_request *req)
{
	return *req->d->port && req->method != FPGA_VFIO_RESET_METHOD_FLR &&
	       req->method != FPGA_VFIO_RESET_METHOD_PM;
}

static void add(struct affected_list *l, const struct affected *a)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].bdf, a->bdf))
			return;
	affected_add(l, a->bdf, a->driver, a->is_held);
}

/* A reset of a device in use needs consent. Without a plan, it may be one of the whole card. */
static int check_consent(struct reset_request *req, const struct reset_plan *plan)
{
	struct affected_list functions = {};
	size_t i, j;
	int code;

	if (!plan->n && hits_card(req))
		affected_add_card(&functions, req->ctx->model, req->d->port);
	else
		affected_add(&functions, req->d->bdf, req->d->driver, false);
	for (i = 0; i < plan->n; i++)
		for (j = 0; !plan->steps[i].error && j < plan->steps[i].functions.n; j++)
			add(&functions, &plan->steps[i].functions.v[j]);
	code = consent_check_functions(req->ctx, "reset", req->d->bdf, &functions,
				       &req->is_unused_only);
	affected_free(&functions);
	return code;
}

/* The verdict is that of a real run; a refused plan is printed, too, except in JSON. */
static int dry_run(struct reset_request *req, const struct reset_plan *plan)
{
	int code;

	if (!req->ctx->is_json)
		report(req, plan);
	code = out_flush();
	if (!code)
		code = check_consent(req, plan);
	if (!code && req->ctx->is_json)
		report(req, plan);
	return code;
}

/* Without consent, the driver refuses what was opened since the plan. */
static int reset(const struct reset_request *req, struct fv_nl *nl, const struct reset_plan *plan)
{
	const struct reset_plan_request request = {
		.bdf = req->d->bdf, .method = req->method,
		.is_unused_only = req->is_unused_only,
	};
	autofree char *why = NULL;
	struct progress progress;
	struct reset_plan done;
	int ret, code = FV_OK;

	progress_start(&progress, req->d->bdf, "reset", reset_plan_limit_ms(plan));
	ret = reset_plan_call(&done, nl, &request, &why);
	progress_stop(&progress);
	if (ret)
		code = fail(req, &done, ret, why);
	else if (!done.n)
		code = err_fail(FV_FAILED, req->d->bdf, "reset", NULL,
				"driver returned no result");
	else
		report(req, &done);
	reset_plan_free(&done);
	return code;
}

/* The preview supplies the time limits and the affected functions. */
static int plan_and_reset(struct reset_request *req)
{
	const struct reset_plan_request request = {
		.bdf = req->d->bdf, .method = req->method, .is_dry_run = true,
	};
	autofree char *why = NULL;
	struct reset_plan plan;
	int ret, code;

	ret = reset_plan_call(&plan, &req->nl, &request, &why);
	/* Another operation has the card: there are no limits to show, and it is waited for. */
	if (ret == -EAGAIN && !req->is_dry_run)
		reset_plan_free(&plan);
	if (ret && (ret != -EAGAIN || req->is_dry_run)) {
		req->is_dry_run = true;
		code = fail(req, &plan, ret, why);
	} else if (req->is_dry_run) {
		code = dry_run(req, &plan);
	} else {
		code = check_consent(req, &plan);
		if (!code)
			code = reset(req, &req->nl, &plan);
	}
	reset_plan_free(&plan);
	return code;
}

static int parse(struct reset_request *req)
{
	const char *method = cmd_value(req->ctx, "method");
	autofree char *names = reset_method_names();
	autofree char *hint = util_printf("Methods: %s", names);

	req->is_dry_run = cmd_is_set(req->ctx, "dry-run");
	req->method = RESET_METHOD_ANY;
	if (method) {
		req->method = reset_method_find(method);
		if (req->method == RESET_METHOD_ANY)
			return err_usage("reset", method, hint, "unknown method '%s'", method);
	}
	return out_check_columns(&reset_plan_columns, req->ctx->columns, req->ctx->is_json,
				 "reset");
}

static int run(const struct cmd_ctx *ctx)
{
	struct reset_request req = { .ctx = ctx };
	int code;

	code = parse(&req);
	if (code)
		return code;
	req.d = session_open(&req.nl, ctx->model, ctx->args.v[0], "reset", &code);
	if (req.d)
		code = plan_and_reset(&req);
	fv_nl_close(&req.nl);
	return code;
}

static const struct cmd_option options[] = {
	{ "method", 'm', "METHOD", "use only this method: flr, pm, hot or link",
	  "flr pm hot link" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
	{ "yes", 'y', NULL, "reset the device even if it is in use" },
};

FV_COMMAND(reset) = {
	.name = "reset",
	.group = CMD_RESET,
	.args = "BDF",
	.help = "bring a device to a clean state",
	.text = "Resets a device by the first method after which it responds with the same identity.\n"
		"By increasing reset scope:\n"
		"  flr   Function Level Reset: this function and its virtual functions\n"
		"  pm    D3hot and back to D0: this function and its virtual functions\n"
		"  hot   secondary bus reset: all functions of the card\n"
		"  link  Link Disable and enable: all functions of the card; may reload its image\n\n"
		"The driver refuses methods that would reset functions of other users or drivers. A\n"
		"device held by a VM is reset only with --yes: the guest's driver is not notified.",
	.examples = "  fpgactl reset --dry-run 01:00.0      # show the methods and their reset scope\n"
		    "  fpgactl reset 01:00.0                # use the first method that works\n"
		    "  fpgactl reset --method hot 01:00.0   # the whole card\n"
		    "  fpgactl reset --json 01:00.0 | jq -r '.steps[-1].method'",
	.min_args = 1,
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &reset_plan_columns,
	.run = run,
};
