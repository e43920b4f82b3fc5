// SPDX-License-Identifier: GPL-2.0
/* fpgactl apply: bind cards and set policies as their card files say; run by udev and at boot */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "config/initramfs.h"
#include "config/match.h"
#include "config/persist.h"
#include "config/slot.h"
#include "host/kmsg.h"
#include "host/lock.h"
#include "host/move.h"
#include "host/sysfs.h"
#include "host/targets.h"

/* The kernel adds the functions of a card one after the other. */
#define FUNCTIONS_S	5
#define INTERVAL_MS	50

struct apply {
	const struct cmd_ctx *ctx;
	struct cardfile file;
	struct match match;
};

/* systemd.exec(5) */
static bool is_service(void)
{
	return getenv("INVOCATION_ID");
}

static bool is_dry_run(const struct cmd_ctx *ctx)
{
	return cmd_is_set(ctx, "dry-run");
}

static int fail_file(const struct cardfile *f, int ret, const char *why)
{
	return err_fail(FV_FAILED, f->path, "apply",
			ret == -EINVAL ? "Nothing was done for this card. See fpgactl-cards.d(5)." :
					 "Nothing was done for this card.", "%s", why);
}

static int exit_code(enum match_verdict verdict)
{
	switch (verdict) {
	case MATCH_ABSENT:
	case MATCH_PARTIAL:
	case MATCH_MOVED:
		return FV_NO_DEVICE;
	case MATCH_CHANGED:
		return FV_CHANGED;
	case MATCH_IN_USE:
		return FV_CONSENT;
	case MATCH_UNREAD:
		return geteuid() ? FV_DENIED : FV_FAILED;
	default:
		return FV_FAILED;
	}
}

static int fail_match(const struct apply *a)
{
	autofree char *hint = NULL;

	hint = util_printf("%s says what it was.\n"
			   "If it is right as it is now: fpgactl bind --persist BDF", a->file.path);
	return err_fail(exit_code(a->match.verdict), a->file.slot,
			cardfile_binds(&a->file) ? "not bound" :
			cardfile_allows(&a->file) ? "not as in its card file" : "policy not set",
			hint, "%s", a->match.text);
}

static bool is_bound(const char *bdf)
{
	autofree char *driver = device_read_driver(bdf);

	return driver && !strcmp(driver, FV_DRIVER);
}

/* --early: before any driver; only driver_override */

static bool has_override(const char *bdf)
{
	autofree char *override = device_read_override(bdf);

	return override && !strcmp(override, FV_DRIVER);
}

static int set_override(struct move *m, const char *bdf)
{
	struct pci_func d = {};
	struct move_result r = { .step = MOVE_DONE };
	autofree char *why = NULL;

	bdf_parse(bdf, d.bdf);
	d.driver_override = device_read_override(bdf);
	move_init(m, &d);
	free(d.driver_override);
	m->bdf = bdf;
	m->target = MOVE_NOWHERE;
	m->driver = FV_DRIVER;
	r = move_apply(m);
	if (r.step == MOVE_DONE)
		return FV_OK;
	why = move_result_text(m, r);
	return err_fail(FV_FAILED, bdf, "apply", NULL, "%s", why);
}

static int set_overrides(const struct apply *a)
{
	struct move *moves = util_alloc(a->file.n, sizeof(*moves));
	size_t i, n;
	int code = FV_OK;

	for (i = 0, n = 0; i < a->file.n && !code; i++) {
		if (!a->file.functions[i].is_bound || has_override(a->match.bdf[i]))
			continue;
		code = is_dry_run(a->ctx) ? move_check_permission(a->match.bdf[i], "apply") :
					    set_override(&moves[n++], a->match.bdf[i]);
	}
	for (i = 0; i < n; i++) {
		moves[i].driver = moves[i].old_override;
		/* not move_undo(): a driver that bound meanwhile stays */
		if (code)
			move_apply(&moves[i]);
		move_exit(&moves[i]);
	}
	free(moves);
	return code;
}

/* udev replays the events of the boot; the runs for all card files tell of these devices. */
static bool is_replayed_event(void)
{
	return getenv("SYNTH_UUID");
}

/* Run by udev for a device that has just been added. */
static bool is_new_event(void)
{
	const char *action = getenv("ACTION");

	return action && !strcmp(action, "add") && !is_replayed_event();
}

static bool has_other_driver(const struct apply *a)
{
	size_t i;

	for (i = 0; i < a->file.n; i++) {
		autofree char *driver = device_read_driver(a->match.bdf[i]);

		if (a->file.functions[i].is_bound && driver && strcmp(driver, FV_DRIVER) != 0)
			return true;
	}
	return false;
}

/* All functions or none: the last one that appears finds all of them. */
static int early(struct apply *a, const char *path, const char *bdf, bool *is_set)
{
	autofree char *why = NULL;
	int ret = cardfile_read(&a->file, path, &why);
	int code = FV_OK;

	*is_set = false;
	if (ret == -ENOENT)
		return FV_OK;
	if (ret)
		return fail_file(&a->file, ret, why);
	/* use by the host is not known yet */
	if (!cardfile_binds(&a->file) || cardfile_may_take_host(&a->file))
		return FV_OK;
	match_card(&a->match, &a->file, bdf, NULL);
	match_require_serials(&a->match);
	/* an event that is replayed later comes after "unbind" */
	if (a->match.verdict == MATCH_OK && bdf && is_replayed_event() && has_other_driver(a))
		return FV_OK;
	if (a->match.verdict == MATCH_OK)
		code = set_overrides(a);
	else if (!bdf || a->match.verdict != MATCH_PARTIAL)
		code = fail_match(a);
	*is_set = !code && a->match.verdict == MATCH_OK;
	return code;
}

static void finish(struct apply *a)
{
	match_free(&a->match);
	cardfile_free(&a->file);
}

/* No event follows if the rest of the card does not appear: one of its functions waits for that. */
static bool is_to_wait(const struct apply *a, const char *bdf)
{
	size_t i;

	if (a->match.verdict != MATCH_PARTIAL || !is_new_event())
		return false;
	for (i = 0; !*a->match.bdf[i]; i++)
		;
	return !strcmp(a->match.bdf[i], bdf);
}

/* Two calls of the kernel for a device that no file names: udev runs this for each. */
static int early_one(const struct cmd_ctx *ctx, const char *bdf)
{
	struct apply a = { .ctx = ctx };
	const struct card_function *function;
	autofree char *slot = slot_read(bdf);
	autofree char *card = NULL;
	autofree char *path = NULL;
	unsigned int number;
	bool is_set;
	int code;

	if (!slot)
		return target_unknown(bdf, "apply");
	card = slot_card(slot, &number);
	path = cardfile_path(card);
	code = early(&a, path, bdf, &is_set);
	/* for IMPORT{program} of the udev rule */
	function = is_set ? cardfile_function(&a.file, number) : NULL;
	if (function ? function->is_bound : is_to_wait(&a, bdf))
		out_print("FPGACTL_DRIVER=" FV_DRIVER "\n");
	finish(&a);
	return code;
}

static int early_all(const struct cmd_ctx *ctx)
{
	autostrv struct strv paths = {};
	size_t i, j;
	int code = FV_OK;

	cardfile_list(&paths);
	for (i = 0; i < paths.n; i++) {
		struct apply a = { .ctx = ctx };
		bool is_set;
		int ret = early(&a, paths.v[i], NULL, &is_set);

		for (j = 0; is_set && j < a.file.n; j++)
			if (a.file.functions[j].is_bound)
				out_print("%s: driver_override %s " FV_DRIVER "\n", a.match.bdf[j],
					  is_dry_run(ctx) ? "would be set to" : "is");
		code = code ? code : ret;
		finish(&a);
	}
	return code;
}

/* The whole of it */

/* Run another command on the same options. */
static int run_command(const struct apply *a, const char *name, const struct strv *words)
{
	struct cmd_ctx ctx = { .cmd = cmd_find(name), .args = *words };
	struct model model = {};
	int code;

	if (!strcmp(name, "bind")) {
		/* the file is the administrator's consent */
		cmd_set(&ctx, "yes");
		cmd_set(&ctx, "only");
	}
	if (is_dry_run(a->ctx))
		cmd_set(&ctx, "dry-run");
	code = model_load(&model);
	ctx.model = &model;
	if (!code)
		code = ctx.cmd->run(&ctx);
	model_free(&model);
	return code;
}

static int bind(const struct apply *a)
{
	autostrv struct strv words = {};
	size_t i;

	for (i = 0; i < a->file.n; i++)
		if (a->file.functions[i].is_bound)
			strv_add(&words, a->match.bdf[i]);
	return run_command(a, "bind", &words);
}

/* In a dry run, or without "bind": the policy of a device that is not bound is not known. */
static int set_policy(const struct apply *a, size_t i)
{
	const struct strv *policy = &a->file.functions[i].policy;
	autostrv struct strv words = {};
	size_t j;

	if (!policy->n || !is_bound(a->match.bdf[i]))
		return FV_OK;
	strv_add(&words, a->match.bdf[i]);
	for (j = 0; j < policy->n; j++)
		strv_add(&words, policy->v[j]);
	return run_command(a, "policy", &words);
}

/* Wait until an early run for the last function would find all. */
static void wait_for_functions(const struct apply *a)
{
	double end_s = util_now_s() + FUNCTIONS_S;
	struct match m;

	for (;;) {
		bool is_partial;

		match_card(&m, &a->file, NULL, NULL);
		is_partial = m.verdict == MATCH_PARTIAL;
		match_free(&m);
		if (!is_partial || util_now_s() >= end_s)
			return;
		util_pause_ms(INTERVAL_MS);
	}
}

static void clear_override(const struct apply *a, const char *bdf)
{
	autofree char *driver = device_read_driver(bdf);
	const struct move m = { .bdf = bdf, .target = driver ? MOVE_NOWHERE : MOVE_TO_HOST };
	struct move_result r = { .step = MOVE_DONE };
	autofree char *text = NULL;

	if (!is_dry_run(a->ctx))
		r = move_apply(&m);
	text = r.step == MOVE_DONE ? device_read_driver(bdf) : move_result_text(&m, r);
	if (r.step == MOVE_DONE)
		out_print("%s: driver_override " FV_DRIVER " %s cleared (driver: %s)\n", bdf,
			  is_dry_run(a->ctx) ? "would be" : "was", text ?: "none");
	else
		err_note(bdf, "%s", text);
}

/*
 * An early run has set the override, maybe that of an initramfs with an old card file, and what is
 * in the slot turned out to be something else: it is left to the drivers of the host. Not while a
 * part of it is bound.
 */
static void clear_overrides(const struct apply *a)
{
	size_t i;

	if (a->match.verdict == MATCH_SILENT || a->match.verdict == MATCH_UNREAD)
		return;
	for (i = 0; i < a->file.n; i++)
		if (*a->match.bdf[i] && is_bound(a->match.bdf[i]))
			return;
	for (i = 0; i < a->file.n; i++)
		if (*a->match.bdf[i] && a->file.functions[i].is_bound &&
		    has_override(a->match.bdf[i]))
			clear_override(a, a->match.bdf[i]);
}

static int apply_locked(struct apply *a)
{
	struct model model = {};
	size_t i;
	int code;

	if (is_new_event())
		wait_for_functions(a);
	code = model_load(&model);
	if (!code)
		match_card(&a->match, &a->file, NULL, &model);
	match_require_serials(&a->match);
	model_free(&model);
	if (code)
		return code;
	if (a->match.verdict != MATCH_OK) {
		code = fail_match(a);
		clear_overrides(a);
		return code;
	}
	if (cardfile_binds(&a->file))
		code = bind(a);
	for (i = 0; i < a->file.n && !code; i++)
		code = set_policy(a, i);
	return code;
}

/*
 * The events of several functions come at the same time, and each is told to apply the file. Where
 * the lock cannot be made, the rest is not given up.
 */
static int apply_file(const struct cmd_ctx *ctx, const char *path)
{
	struct apply a = { .ctx = ctx };
	autofree char *why = NULL;
	int fd = is_dry_run(ctx) ? -ENOENT : lock_take(strrchr(path, '/') + 1, &why);
	int code, ret;

	if (fd == -EAGAIN)
		return err_fail(FV_BUSY, path, "apply", "Nothing was done for this card.", "%s",
				why);
	free(why);
	why = NULL;
	ret = cardfile_read(&a.file, path, &why);
	code = ret ? fail_file(&a.file, ret, why) : apply_locked(&a);
	if (fd >= 0)
		close(fd);
	finish(&a);
	return code;
}

static int apply_one(const struct cmd_ctx *ctx, const char *bdf)
{
	autofree char *slot = slot_read(bdf);
	autofree char *card = NULL;
	autofree char *path = NULL;
	unsigned int number;

	if (!slot)
		return target_unknown(bdf, "apply");
	card = slot_card(slot, &number);
	path = cardfile_path(card);
	if (!sysfs_exists("%s", path))
		return err_fail(FV_NO_DEVICE, bdf, "apply",
				"To make one: fpgactl bind --persist BDF", "no card file: %s",
				path);
	return apply_file(ctx, path);
}

/*
 * An initramfs may have a card file that was removed since. By hand, devices that "bind" took for
 * this boot only would be told.
 */
static int note_without_file(void)
{
	const char *tool = initramfs_tool();
	struct model model = {};
	int code = model_load(&model);
	size_t i;

	for (i = 0; i < model.n && !code; i++) {
		const struct pci_func *d = &model.devices[i];

		if (!*d->physfn && d->driver_override && !strcmp(d->driver_override, FV_DRIVER) &&
		    !persist_is_bound(d->bdf))
			err_note(d->bdf, "driver_override is " FV_DRIVER
				 " without a card file: set by fpgactl bind, or by an initramfs that has an old card file%s%s",
				 tool ? "; to update it: " : "", tool ?: "");
	}
	model_free(&model);
	return code;
}

/* A card that cannot be bound keeps no other from it. */
static int apply_all(const struct cmd_ctx *ctx)
{
	autostrv struct strv paths = {};
	size_t i;
	int code = FV_OK, ret;

	cardfile_list(&paths);
	for (i = 0; i < paths.n; i++) {
		ret = apply_file(ctx, paths.v[i]);
		code = code ? code : ret;
	}
	ret = is_service() ? note_without_file() : FV_OK;
	return code ? code : ret;
}

static int run(const struct cmd_ctx *ctx)
{
	bool is_early = cmd_is_set(ctx, "early");
	char bdf[BDF_SIZE];

	if (ctx->args.n && !bdf_parse(ctx->args.v[0], bdf))
		return err_usage("apply", ctx->args.v[0], TARGET_ADDRESS_HINT,
				 "invalid PCI address '%s'", ctx->args.v[0]);
	/* stderr is lost at boot */
	if (!is_dry_run(ctx) && !(is_early && is_replayed_event()))
		err_set_log(kmsg_warn);
	if (is_early)
		return ctx->args.n ? early_one(ctx, bdf) : early_all(ctx);
	return ctx->args.n ? apply_one(ctx, bdf) : apply_all(ctx);
}

static const struct cmd_option options[] = {
	{ "early", 0, NULL, "only keep other drivers away, by driver_override" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
};

FV_COMMAND(apply) = {
	.name = "apply",
	.group = CMD_SET_UP,
	.args = "[BDF]",
	.help = "bind cards and set policies as card files say",
	.text = "Applies the card files that 'bind --persist' and 'policy --persist' wrote: all\n"
		"of them, or that of the card at BDF. Binds a card and sets its policies only if\n"
		"it is in its slot, with the ids, the serial number and the IOMMU group of its\n"
		"file; else nothing is bound, and the kernel log and the journal say why.\n\n"
		"udev and the initramfs run this command; there is no need to run it by hand.",
	.examples = "  fpgactl apply --dry-run      # does each card match its file?\n"
		    "  fpgactl apply 01:00.0",
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_NOTHING,
	CMD_OPTIONS(options),
	.run = run,
};
