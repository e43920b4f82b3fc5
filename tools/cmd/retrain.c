// SPDX-License-Identifier: GPL-2.0
/* fpgactl retrain: retrain the link of a card */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "cmd/cmd.h"
#include "model/card.h"
#include "model/session.h"
#include "netlink/op.h"
#include "output/progress.h"
#include "util/speed.h"

#define TRIES_MAX	10

/* Parsed command line and result. */
struct retrain {
	const struct cmd_ctx *ctx;
	const struct pci_func *d;
	bool is_dry_run;
	unsigned int gen;		/* 0: the port's Target Link Speed */
	unsigned int tries;		/* 0: the driver's default */
	bool has_before, has_after;
	struct port_link before, after;
	unsigned int attempts;
	struct refusal refusal;
};

static void on_plan(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_RETRAIN_MAX + 1] = {
		[FPGA_VFIO_A_RETRAIN_BEFORE] = { .type = NLA_NESTED },
		[FPGA_VFIO_A_RETRAIN_AFTER] = { .type = NLA_NESTED },
		[FPGA_VFIO_A_RETRAIN_REFUSAL] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_RETRAIN_MAX + 1];
	struct retrain *r = data;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_RETRAIN_MAX, policy))
		return;
	if (tb[FPGA_VFIO_A_RETRAIN_BEFORE])
		r->has_before = card_parse_link(&r->before, tb[FPGA_VFIO_A_RETRAIN_BEFORE]);
	if (tb[FPGA_VFIO_A_RETRAIN_AFTER])
		r->has_after = card_parse_link(&r->after, tb[FPGA_VFIO_A_RETRAIN_AFTER]);
	if (tb[FPGA_VFIO_A_RETRAIN_REFUSAL])
		refusal_parse(&r->refusal, tb[FPGA_VFIO_A_RETRAIN_REFUSAL]);
}

static void on_result(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_OP_MAX + 1] = {
		[FPGA_VFIO_A_OP_BEFORE] = { .type = NLA_NESTED },
		[FPGA_VFIO_A_OP_AFTER] = { .type = NLA_NESTED },
		[FPGA_VFIO_A_OP_ATTEMPTS] = { .type = NLA_U32 },
	};
	struct nlattr *tb[FPGA_VFIO_A_OP_MAX + 1];
	struct retrain *r = data;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_OP_MAX, policy))
		return;
	r->has_before = card_parse_link(&r->before, tb[FPGA_VFIO_A_OP_BEFORE]);
	r->has_after = card_parse_link(&r->after, tb[FPGA_VFIO_A_OP_AFTER]);
	r->attempts = fv_nl_get_u32(tb[FPGA_VFIO_A_OP_ATTEMPTS]);
}

static struct json_object *link_or_null(bool has, const struct port_link *l)
{
	return has ? portlink_json(l) : NULL;
}

static void report_text(const struct retrain *r)
{
	autofree char *before = portlink_text(r->before.speed_mts, r->before.width);
	autofree char *after = portlink_text(r->after.speed_mts, r->after.width);

	if (r->is_dry_run)
		out_print("%s: would retrain the link: %s -> %s\n", r->d->bdf, before, after);
	else
		out_print("%s: %s -> %s (%u attempt%s)\n", r->d->bdf, before, after, r->attempts,
			  r->attempts == 1 ? "" : "s");
}

static void report_json(const struct retrain *r)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "dry_run", json_object_new_boolean(r->is_dry_run));
	json_object_object_add(top, "bdf", json_object_new_string(r->d->bdf));
	json_object_object_add(top, "before", link_or_null(r->has_before, &r->before));
	json_object_object_add(top, "after", link_or_null(r->has_after, &r->after));
	json_object_object_add(top, "tries",
			       r->is_dry_run ? NULL : json_object_new_int((int)r->attempts));
	out_json(top);
}

static char *next_step(const struct retrain *r, int ret)
{
	const char *bdf = r->d->bdf;
	char *hint = ret == -EPERM ? util_strdup(SESSION_ROOT_HINT) :
				     session_next_step(ret, bdf, &r->refusal);

	if (hint)
		return hint;
	if (ret == -ECANCELED)
		return util_printf("'fpgactl link %s' shows the link.", bdf);
	if (ret == -EBUSY)
		return util_strdup("Try again when the current operation has finished.");
	return util_printf("'fpgactl link %s' shows the link. Try more --tries or\n"
			   "'fpgactl reset --method link %s'.", bdf, bdf);
}

/* Report the resulting link, too: on stdout, or in the error object. */
static int fail(const struct retrain *r, int ret, const char *why)
{
	autofree char *hint = next_step(r, ret);

	err_add_blocker(refusal_json(&r->refusal));
	if (r->ctx->is_json && r->has_before) {
		err_add_json("before", link_or_null(r->has_before, &r->before));
		err_add_json("after", link_or_null(r->has_after, &r->after));
		err_add_json("tries", json_object_new_int((int)r->attempts));
	} else if (r->has_before && r->has_after) {
		report_text(r);
		fflush(stdout);
	}
	return fv_nl_fail(ret, r->d->bdf, "retrain", hint, why);
}

static int retrain(struct retrain *r, struct fv_nl *nl)
{
	struct nl_msg *msg = fv_nl_message(nl, FPGA_VFIO_CMD_RETRAIN, 0);
	autofree char *why = NULL;
	struct progress progress;
	struct op op;
	int ret;

	nla_put_string(msg, FPGA_VFIO_A_RETRAIN_BDF, r->d->bdf);
	if (r->gen)
		nla_put_u32(msg, FPGA_VFIO_A_RETRAIN_SPEED, r->gen);
	if (r->tries)
		nla_put_u32(msg, FPGA_VFIO_A_RETRAIN_TRIES, r->tries);
	if (r->is_dry_run) {
		nla_put_flag(msg, FPGA_VFIO_A_RETRAIN_DRY_RUN);
		ret = fv_nl_call(nl, msg, on_plan, r, &why);
	} else {
		progress_start(&progress, r->d->bdf, "retrain", 0);
		ret = op_run(&op, nl, &(struct op_request){
			.bdf = r->d->bdf, .msg = msg, .id_attr = FPGA_VFIO_A_RETRAIN_OP,
			.answer = on_result, .data = r,
		}, &why);
		progress_stop(&progress);
		r->refusal = op.refusal;
	}
	if (ret)
		return fail(r, ret, why);
	if (!r->has_before || !r->has_after)
		return err_fail(FV_FAILED, r->d->bdf, "retrain", NULL,
				"driver returned no result");
	if (r->ctx->is_json)
		report_json(r);
	else
		report_text(r);
	return FV_OK;
}

static int parse(struct retrain *r)
{
	const char *speed = cmd_value(r->ctx, "speed");
	const char *tries = cmd_value(r->ctx, "tries");

	r->is_dry_run = cmd_is_set(r->ctx, "dry-run");
	switch (speed ? speed_parse(speed, &r->gen) : SPEED_OK) {
	case SPEED_AMBIGUOUS:
		return err_usage("retrain", speed, "Use gen5 for 32 GT/s or gen2 for 5 GT/s.",
				 "ambiguous speed '%s': generation or GT/s", speed);
	case SPEED_UNKNOWN:
		return err_usage("retrain", speed,
				 "Speeds: 2.5, 5.0, 8, 16, 32, 64 (GT/s), or gen1 to gen6",
				 "unknown speed '%s'", speed);
	default:
		break;
	}
	if (tries && (!util_parse_uint(tries, TRIES_MAX, &r->tries) || !r->tries))
		return err_usage("retrain", tries, "See 'fpgactl help retrain'.",
				 "invalid --tries '%s': not a number from 1 to %d", tries,
				 TRIES_MAX);
	return FV_OK;
}

static int run(const struct cmd_ctx *ctx)
{
	struct retrain r = { .ctx = ctx };
	struct fv_nl nl = {};
	int code;

	code = parse(&r);
	if (code)
		return code;
	r.d = session_open(&nl, ctx->model, ctx->args.v[0], "retrain", &code);
	if (r.d)
		code = retrain(&r, &nl);
	fv_nl_close(&nl);
	return code;
}

static const struct cmd_option options[] = {
	{ "speed", 's', "SPEED", "GT/s: 2.5, 5.0, 8, 16, 32, 64; or gen1 to gen6",
	  "2.5GT/s 5GT/s 8GT/s 16GT/s 32GT/s 64GT/s" },
	{ "tries", 't', "N", "number of attempts, 1 to 10; default 3" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
};

FV_COMMAND(retrain) = {
	.name = "retrain",
	.group = CMD_RESET,
	.args = "BDF",
	.help = "retrain the link of a card",
	.text = "Retrains the link of a device's card and prints the link before and after. The\n"
		"requested speed is the port's Target Link Speed, which --speed changes. Users of the\n"
		"card may continue.",
	.examples = "  fpgactl link 01:00.0                # is the link degraded?\n"
		    "  fpgactl retrain 01:00.0\n"
		    "  fpgactl retrain --speed 8GT/s --tries 10 01:00.0",
	.min_args = 1,
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.run = run,
};
