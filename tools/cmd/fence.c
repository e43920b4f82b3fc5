// SPDX-License-Identifier: GPL-2.0
/* fpgactl fence: fence a card until it is recovered */
#include <stdio.h>
#include <time.h>

#include "cmd/consent.h"
#include "model/session.h"
#include "util/duration.h"

/* Local time at which the driver ends the fence. */
static char *end_text(uint32_t left_ms)
{
	time_t end = time(NULL) + left_ms / 1000;
	char text[32];
	struct tm tm;

	if (!localtime_r(&end, &tm) || !strftime(text, sizeof(text), "%F %T", &tm))
		return util_strdup("?");
	return util_strdup(text);
}

static void report_text(const struct cmd_ctx *ctx, const struct fence *f,
			const struct fence_request *request)
{
	autofree char *limit = duration_text(f->timeout_ms);
	autofree char *end = end_text(f->timeout_ms);

	if (request->is_dry_run)
		out_print("%s: card would be fenced for at most %s\n", request->bdf, limit);
	else
		out_print("%s: card fenced for at most %s (until %s)\n", request->bdf, limit, end);
	fence_print(f, ctx->model, ctx->columns, request->is_dry_run);
	if (!request->is_dry_run)
		out_print("To end the fence: fpgactl recover %s\n", request->bdf);
}

static void report_json(const struct cmd_ctx *ctx, const struct fence *f,
			const struct fence_request *request)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "dry_run", json_object_new_boolean(request->is_dry_run));
	json_object_object_add(top, "bdf", json_object_new_string(request->bdf));
	json_object_object_add(top, "detached", json_object_new_boolean(request->is_detached));
	fence_add_json(top, f, ctx->model);
	out_json(top);
}

static void report(const struct cmd_ctx *ctx, const struct fence *f,
		   const struct fence_request *request)
{
	if (ctx->is_json)
		report_json(ctx, f, request);
	else
		report_text(ctx, f, request);
}

static int fence(const struct cmd_ctx *ctx, struct fv_nl *nl, struct fence_request *request)
{
	autofree char *why = NULL;
	struct fence f;
	int ret, code;

	code = consent_check_fence(ctx, nl, request, "fence");
	if (code)
		return code;
	ret = fence_call(&f, nl, request, &why);
	if (ret)
		code = fence_fail(&f, ret, request, "fence", why);
	else
		report(ctx, &f, request);
	fence_free(&f);
	return code;
}

/* The verdict is that of a real run; a refused plan is printed, too, except in JSON. */
static int dry_run(const struct cmd_ctx *ctx, struct fv_nl *nl, struct fence_request *request)
{
	autofree char *why = NULL;
	struct fence f;
	int ret, code;

	ret = fence_call(&f, nl, request, &why);
	if (ret) {
		code = fence_fail(&f, ret, request, "fence", why);
		fence_free(&f);
		return code;
	}
	if (!ctx->is_json)
		report(ctx, &f, request);
	code = out_flush();
	if (!code)
		code = consent_check_functions(ctx, "fence", request->bdf, &f.functions,
					       &request->is_unused_only);
	if (!code && ctx->is_json)
		report(ctx, &f, request);
	fence_free(&f);
	return code;
}

static int parse(const struct cmd_ctx *ctx, struct fence_request *request)
{
	int code;

	request->is_detached = true;
	request->is_dry_run = cmd_is_set(ctx, "dry-run");
	request->timeout_ms = FENCE_TIMEOUT_DEFAULT_MS;
	code = cmd_timeout(ctx, FENCE_TIMEOUT_MIN_MS, FENCE_TIMEOUT_MAX_MS, "from 100ms to 24h",
			   &request->timeout_ms);
	return code ? code :
		      out_check_columns(&affected_columns, ctx->columns, ctx->is_json, "fence");
}

static int run(const struct cmd_ctx *ctx)
{
	struct fence_request request = {};
	struct fv_nl nl = {};
	struct pci_func *d;
	int code;

	code = parse(ctx, &request);
	if (code)
		return code;
	d = session_open(&nl, ctx->model, ctx->args.v[0], "fence", &code);
	if (d) {
		request.bdf = d->bdf;
		code = request.is_dry_run ? dry_run(ctx, &nl, &request) :
					    fence(ctx, &nl, &request);
	}
	fv_nl_close(&nl);
	return code;
}

static const struct cmd_option options[] = {
	{ "timeout", 't', "TIME", "time limit of the fence: 30, 30s, 5m, 1h (10m)" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
	{ "yes", 'y', NULL, "fence the card even if it is in use" },
};

FV_COMMAND(fence) = {
	.name = "fence",
	.group = CMD_RESET,
	.args = "BDF",
	.help = "isolate a card from its VM for reprogramming",
	.text = "Fences the card of a device. While the card is fenced, its VFIO users (VMs) read\n"
		"all-ones and their writes are dropped, as if the link were down, and the host\n"
		"ignores errors and link events of the card. The fence outlives this command: it ends\n"
		"with 'fpgactl recover', or after --timeout, when the driver recovers the card. A card\n"
		"held by a VM is fenced only with --yes.\n\n"
		"'fpgactl reprogram' fences the card, runs a programmer and recovers the card.",
	.examples = "  fpgactl fence --dry-run 01:00.0   # show the affected functions and users\n"
		    "  fpgactl fence --yes -t 1h 01:00.0 # then work on the card\n"
		    "  fpgactl recover 01:00.0           # end the fence",
	.min_args = 1,
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &affected_columns,
	.run = run,
};
