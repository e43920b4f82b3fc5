// SPDX-License-Identifier: GPL-2.0
/* fpgactl recover: recover a card and end its fence */
#include <errno.h>
#include <stdio.h>

#include <linux/fpga_vfio.h>

#include "cmd/cmd.h"
#include "model/recovery.h"
#include "model/reset_plan.h"
#include "model/session.h"

/* Parsed command line. */
struct recover_request {
	const struct cmd_ctx *ctx;
	struct recovery_request recovery;
	bool is_dry_run;
};

static void print_text(const struct recover_request *req, const struct recovery *r)
{
	const char *bdf = req->recovery.bdf;

	if (req->is_dry_run && !r->steps.n)
		out_print("%s: card is ready; nothing would be done\n", bdf);
	else if (req->is_dry_run)
		reset_plan_print(&r->steps, req->ctx->model, req->ctx->columns, true);
	else if (r->has_state && r->state == FPGA_VFIO_CARD_STATE_READY && !r->steps.n)
		out_print("%s: card was ready; nothing to do\n", bdf);
	else
		recovery_print(r, req->ctx->model, req->ctx->columns);
}

static void report(const struct recover_request *req, const struct recovery *r)
{
	struct json_object *top;

	if (!req->ctx->is_json) {
		print_text(req, r);
		return;
	}
	top = json_object_new_object();
	json_object_object_add(top, "dry_run", json_object_new_boolean(req->is_dry_run));
	json_object_object_add(top, "bdf", json_object_new_string(req->recovery.bdf));
	recovery_add_json(top, r, req->ctx->model);
	out_json(top);
}

/* Report the attempted steps, too: on stdout, or in the error object. */
static int fail(const struct recover_request *req, const struct recovery *r, int ret,
		const char *why)
{
	autofree char *hint = recovery_next_step(r, ret, req->recovery.bdf);
	struct json_object *o;

	err_add_blocker(refusal_json(&r->steps.refusal));
	if (req->ctx->is_json) {
		o = json_object_new_object();
		recovery_add_json(o, r, req->ctx->model);
		err_add_all_json(o);
	} else if (r->steps.n || r->has_state) {
		print_text(req, r);
	}
	fflush(stdout);
	return fv_nl_fail_as(recovery_code(r, ret), req->recovery.bdf, "recover", hint, why);
}

static int recover(const struct recover_request *req, struct fv_nl *nl, const struct recovery *plan)
{
	autofree char *why = NULL;
	struct recovery r;
	int code = FV_OK;
	int ret;

	ret = recovery_run(&r, nl, &req->recovery, reset_plan_limit_ms(&plan->steps), &why);
	if (ret)
		code = fail(req, &r, ret, why);
	else
		report(req, &r);
	recovery_free(&r);
	return code;
}

/* The preview supplies the time limits and catches refusals early. */
static int plan_and_recover(struct recover_request *req, struct fv_nl *nl)
{
	autofree char *why = NULL;
	struct recovery plan;
	int code = FV_OK;
	int ret;

	ret = recovery_plan(&plan, nl, &req->recovery, &why);
	/* Another operation has the card: there are no limits to show, and it is waited for. */
	if (ret && (ret != -EAGAIN || req->is_dry_run)) {
		req->is_dry_run = true;
		code = fail(req, &plan, ret, why);
	} else if (req->is_dry_run) {
		report(req, &plan);
	} else {
		code = recover(req, nl, &plan);
	}
	recovery_free(&plan);
	return code;
}

static int run(const struct cmd_ctx *ctx)
{
	struct recover_request req = { .ctx = ctx, .is_dry_run = cmd_is_set(ctx, "dry-run") };
	struct fv_nl nl = {};
	struct pci_func *d;
	int code;

	code = out_check_columns(&reset_plan_columns, ctx->columns, ctx->is_json, "recover");
	if (code)
		return code;
	d = session_open(&nl, ctx->model, ctx->args.v[0], "recover", &code);
	if (d) {
		req.recovery = (struct recovery_request){
			.bdf = d->bdf, .what = "recover", .is_forced = cmd_is_set(ctx, "force"),
		};
		code = plan_and_recover(&req, &nl);
	}
	fv_nl_close(&nl);
	return code;
}

static const struct cmd_option options[] = {
	{ "force", 0, NULL, "end the fence even if its owner is still running" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
};

FV_COMMAND(recover) = {
	.name = "recover",
	.group = CMD_RESET,
	.args = "BDF",
	.help = "recover a card and lower its fence",
	.text = "Recovers the card of a device: the driver waits for the link and for config\n"
		"readiness, verifies the card's identity, restores its configuration and lowers the\n"
		"fence. A card that does not respond is reset.\n\n"
		"A card with a changed identity stays fenced; 'fpgactl rescan' re-enumerates it.",
	.examples = "  fpgactl fence 01:00.0 && ./program.sh; fpgactl recover 01:00.0\n"
		    "  fpgactl recover --json 01:00.0 | jq .duration_ns",
	.min_args = 1,
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &reset_plan_columns,
	.run = run,
};
