// SPDX-License-Identifier: GPL-2.0
/* fpgactl unbind: return devices to the host */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "host/guard.h"
#include "host/move.h"
#include "host/sysfs.h"
#include "host/targets.h"
#include "model/held.h"
#include "model/permission.h"
#include "model/rebind.h"
#include "model/release.h"
#include "util/duration.h"
#include "util/stop.h"

#define TIMEOUT_MS	30000

struct plan {
	const struct cmd_ctx *ctx;
	struct targets targets;
	const struct fv_device **devices;	/* targets bound to the driver */
	size_t n;
	struct move *moves;			/* of the devices, then those of old overrides */
	size_t n_moves;
	struct release_limit limit;
	bool has_consent;			/* by --yes, or an answer about a holder */
};

static bool names_driver(const char *driver)
{
	return driver && (!strcmp(driver, FV_DRIVER) || !strcmp(driver, FV_OLD_DRIVER));
}

/*
 * Bound to fpga_vfio_pci, or left unbound with its driver_override when the module was
 * unloaded. Both may have the driver's old name.
 */
static bool is_handled(const struct fv_device *d)
{
	return names_driver(d->driver ? d->driver : d->driver_override);
}

/* The host's driver stays; only the driver's old name in driver_override goes. */
static bool is_only_override(const struct fv_device *d)
{
	return !is_handled(d) && device_has_old_override(d);
}

static int check_options(struct plan *p)
{
	const char *timeout = cmd_value(p->ctx, "timeout");
	const char *driver = cmd_value(p->ctx, "driver");
	uint32_t ms = TIMEOUT_MS;

	if (timeout && !duration_parse_limit(timeout, 0, 86400000, &ms))
		return err_usage("unbind", timeout, DURATION_HINT,
				 "invalid --timeout '%s': not a time up to 24h", timeout);
	p->limit.limit_s = (ms + 999) / 1000;
	if (driver && cmd_is_set(p->ctx, "none"))
		return err_usage("unbind", "--driver", "See 'fpgactl help unbind'.",
				 "--driver cannot be combined with --none");
	if (!driver)
		return FV_OK;
	if (!*driver || strchr(driver, '/') || !strcmp(driver, ".") || !strcmp(driver, ".."))
		return err_usage("unbind", driver, "See 'fpgactl help unbind'.",
				 "invalid --driver '%s': not a driver name", driver);
	if (names_driver(driver))
		return err_usage("unbind", driver, "To bind devices to it: fpgactl bind BDF...",
				 "invalid --driver '%s': not a driver of the host", driver);
	if (!sysfs_exists("/sys/bus/pci/drivers/%s", driver))
		return err_fail(FV_NO_DEVICE, driver, "unbind --driver",
				"Nothing was changed. Load the module of the driver first.",
				"no such PCI driver");
	return FV_OK;
}

static void add_move(struct plan *p, const struct fv_device *d, enum move_target target,
		     const char *driver)
{
	struct move *m = &p->moves[p->n_moves++];

	move_init(m, d);
	m->target = target;
	m->driver = driver;
}

static int make_plan(struct plan *p)
{
	const char *driver = cmd_value(p->ctx, "driver");
	enum move_target target = driver ? MOVE_TO_NAMED :
				  cmd_is_set(p->ctx, "none") ? MOVE_TO_NONE : MOVE_TO_HOST;
	size_t i;
	int code;

	code = targets_find(&p->targets, p->ctx->model, &p->ctx->args, "unbind");
	if (code)
		return code;
	if (!cmd_is_set(p->ctx, "only"))
		targets_add_groups(&p->targets, p->ctx->model);
	p->moves = util_alloc(p->targets.n, sizeof(*p->moves));
	p->devices = util_alloc(p->targets.n, sizeof(*p->devices));
	for (i = 0; i < p->targets.n; i++) {
		if (!is_handled(p->targets.v[i]))
			continue;
		add_move(p, p->targets.v[i], target, driver);
		p->devices[p->n++] = p->targets.v[i];
	}
	for (i = 0; i < p->targets.n; i++)
		if (is_only_override(p->targets.v[i]))
			add_move(p, p->targets.v[i], MOVE_NOWHERE, NULL);
	return FV_OK;
}

static int check_rights(const struct plan *p)
{
	return p->n_moves ? permission_check(p->moves[0].bdf, "unbind") : FV_OK;
}

static int check_virtual_functions(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		autofree char *why = guard_virtual_functions(p->devices[i]);

		if (!why)
			continue;
		err_add_blocker(guard_blocker(p->devices[i], why));
		return err_fail(FV_BUSY, p->devices[i]->bdf, "unbind",
				"Nothing was changed. Disable them first: write 0 to sriov_numvfs.",
				"%s", why);
	}
	return FV_OK;
}

/* The first device that is held now, or NULL. */
static const struct fv_device *find_held(const struct plan *p)
{
	const struct release_limit now = { .start_s = util_now_s() };

	return release_wait(p->devices, p->n, &now, NULL);
}

static char *describe(void *data)
{
	const struct plan *p = data;
	const struct fv_device *held = find_held(p);

	return held ? held_text(p->devices, p->n, held->bdf) : NULL;
}

static void block(const void *data)
{
	const struct plan *p = data;

	held_add_all_blockers(p->devices, p->n);
}

/* Taking a device from a VM needs consent, also when the VM has to release it. */
static int check_consent(struct plan *p)
{
	const struct fv_device *held = cmd_is_set(p->ctx, "yes") ? NULL : find_held(p);
	struct cmd_question question = {
		.what = "unbind", .describe = describe, .block = block, .data = p,
	};

	p->has_consent = cmd_is_set(p->ctx, "yes");
	if (!held)
		return FV_OK;
	question.bdf = held->bdf;
	return cmd_check_consent(p->ctx, &question, &p->has_consent);
}

/* Devices returned before the failure. */
static char *done_before(const struct plan *p, size_t n)
{
	char *s = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		util_append(&s, "%s%s", i ? ", " : "Already given back: ", p->moves[i].bdf);
	return s ? s : util_strdup("No other device was changed.");
}

/* A signal before the move of device @i. */
static int fail_stopped(const struct plan *p, size_t i)
{
	autofree char *before = i ? done_before(p, i) : util_strdup("Nothing was changed.");

	return err_fail(FV_SIGNAL + stop_signal(), p->moves[i].bdf, "unbind", before,
			"cancelled by SIG%s", sigabbrev_np(stop_signal()));
}

/* Without --request, wait for the holders before the first write. */
static int wait_for_holders(struct plan *p)
{
	const struct fv_device *held;
	autofree char *who = NULL;

	if (cmd_is_set(p->ctx, "request"))
		return FV_OK;
	held = release_wait(p->devices, p->n, &p->limit, NULL);
	if (!held)
		return FV_OK;
	if (stop_signal())
		return fail_stopped(p, 0);
	who = held_by(held);
	held_add_blockers(held);
	return err_fail(FV_BUSY, held->bdf, "unbind",
			"Nothing was changed. Shut the VM down, unplug the device from it, or use\n"
			"--request to have the kernel request the device from the VM.",
			"still held by %s after %u s", who, p->limit.limit_s);
}

static int fail_late(const struct plan *p, size_t i, int pid)
{
	int code = stop_signal() ? FV_SIGNAL + stop_signal() : FV_BUSY;
	autofree char *who = held_by(p->devices[i]);
	autofree char *before = done_before(p, i);
	autofree char *hint = NULL;

	hint = util_printf("The unbind cannot be cancelled: the kernel keeps requesting the device, and\n"
			   "process %d completes the unbind when the device is released. %s", pid,
			   before);
	held_add_blockers(p->devices[i]);
	return err_fail(code, p->moves[i].bdf, "unbind", hint, "still held by %s after %.0f s",
			who, util_now_s() - p->limit.start_s);
}

static int fail(const struct plan *p, size_t i, struct move_result r)
{
	autofree char *why = move_result_text(&p->moves[i], r);
	autofree char *before = done_before(p, i);

	return err_fail(FV_FAILED, p->moves[i].bdf, "unbind", before, "%s", why);
}

/* Without consent, the kernel must not request a device that was opened since the check. */
static int fail_opened(const struct plan *p, size_t i)
{
	autofree char *who = held_by(p->devices[i]);
	autofree char *before = done_before(p, i);
	autofree char *hint = util_printf("It was opened meanwhile. Use --yes to confirm. %s",
					  before);

	held_add_blockers(p->devices[i]);
	return err_fail(FV_CONSENT, p->moves[i].bdf, "unbind", hint, "held by %s", who);
}

static int apply(const struct plan *p)
{
	struct move_result r = {};
	size_t i;
	int pid;

	for (i = 0; i < p->n; i++) {
		if (stop_signal())
			return fail_stopped(p, i);
		if (!p->has_consent && held_now(p->devices[i]))
			return fail_opened(p, i);
		switch (release_move(&p->moves[i], p->devices[i], &p->limit, &r, &pid)) {
		case RELEASE_DONE:
			continue;
		case RELEASE_LATE:
			return fail_late(p, i, pid);
		default:
			return fail(p, i, r);
		}
	}
	for (; i < p->n_moves; i++) {
		r = move_apply(&p->moves[i]);
		if (r.step != MOVE_DONE)
			return fail(p, i, r);
	}
	return FV_OK;
}

/* The driver after the command; with --dry-run, only that of --driver is known. */
static char *driver_after(const struct plan *p, const struct fv_device *d)
{
	if (is_handled(d) && cmd_is_set(p->ctx, "dry-run"))
		return util_strdup(cmd_value(p->ctx, "driver"));
	return device_read_driver(d->bdf);
}

static void report_text(const struct plan *p)
{
	bool is_dry = cmd_is_set(p->ctx, "dry-run");
	size_t i;

	for (i = 0; i < p->targets.n; i++) {
		const struct fv_device *d = p->targets.v[i];
		autofree char *driver = driver_after(p, d);

		if (!is_handled(d))
			out_print("%s: not bound to %s, left alone (driver: %s)%s\n", d->bdf,
				  FV_DRIVER, driver ? driver : "none",
				  !is_only_override(d) ? "" :
				  is_dry ? "; driver_override " FV_OLD_DRIVER " would be cleared" :
				  "; driver_override " FV_OLD_DRIVER " was cleared");
		else if (is_dry)
			out_print("%s: would be given back to %s\n", d->bdf, driver ? driver :
				  cmd_is_set(p->ctx, "none") ? "no driver" : "its host driver");
		else if (driver)
			out_print("%s: given back to %s\n", d->bdf, driver);
		else
			out_print("%s: given back, without a driver%s\n", d->bdf,
				  cmd_is_set(p->ctx, "none") ? "" : ": no loaded driver matches");
	}
}

static void report_json(const struct plan *p)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < p->targets.n; i++) {
		const struct fv_device *d = p->targets.v[i];
		autofree char *driver = driver_after(p, d);

		json_object_array_add(list, rebind_json(d, driver,
							is_handled(d) || is_only_override(d)));
	}
	rebind_print_json(list, cmd_is_set(p->ctx, "dry-run"));
}

static int check(struct plan *p)
{
	int code = check_rights(p);

	if (!code)
		code = check_virtual_functions(p);
	return code ? code : check_consent(p);
}

static int give_back(struct plan *p)
{
	int code = wait_for_holders(p);

	/* The wait, or an answer, may have taken long. */
	if (!code)
		code = check_virtual_functions(p);
	if (!code)
		code = sysfs_report("unbind", "Nothing was changed.");
	return code ? code : apply(p);
}

static void report(const struct plan *p)
{
	if (p->ctx->is_json)
		report_json(p);
	else
		report_text(p);
}

/* What wait_for_holders() would end with, if no holder goes. */
static int check_holders(const struct plan *p)
{
	const struct fv_device *held = cmd_is_set(p->ctx, "request") ? NULL : find_held(p);
	autofree char *who = NULL;

	if (!held)
		return FV_OK;
	who = held_by(held);
	held_add_blockers(held);
	return err_fail(FV_BUSY, held->bdf, "unbind",
			"Shut the VM down, unplug the device from it, or use --request to have the\n"
			"kernel request the device from the VM.",
			"held by %s: would wait %u s, then refuse", who, p->limit.limit_s);
}

/* The verdict is that of a real run; a refused plan is printed, too, except in JSON. */
static int dry_run(struct plan *p)
{
	int code;

	if (!p->ctx->is_json)
		report(p);
	code = out_flush();
	if (!code)
		code = check(p);
	if (!code)
		code = check_holders(p);
	if (!code && p->ctx->is_json)
		report(p);
	return code;
}

static int unbind(struct plan *p)
{
	struct stop stop;
	int code = check(p);

	if (code)
		return code;
	p->limit.start_s = util_now_s();
	stop_catch(&stop);
	code = give_back(p);
	stop_release(&stop);
	if (!code)
		report(p);
	return code;
}

static int run(const struct cmd_ctx *ctx)
{
	struct plan p = { .ctx = ctx };
	size_t i;
	int code;

	code = check_options(&p);
	if (!code)
		code = make_plan(&p);
	if (!code && cmd_is_set(ctx, "dry-run"))
		code = dry_run(&p);
	else if (!code)
		code = unbind(&p);
	for (i = 0; i < p.n_moves; i++)
		move_exit(&p.moves[i]);
	free(p.moves);
	free(p.devices);
	targets_free(&p.targets);
	return code;
}

static const struct cmd_option options[] = {
	{ "only", 0, NULL, "unbind only the named devices, not their whole groups" },
	{ "driver", 0, "NAME", "bind the devices to this driver" },
	{ "none", 0, NULL, "leave the devices without a driver" },
	{ "timeout", 't', "TIME", "wait this long for a VM to release it: 10, 500ms, 5m (30)" },
	{ "request", 0, NULL, "have the kernel request the device; cannot be cancelled" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
	{ "yes", 'y', NULL, "unbind devices even if they are in use" },
};

FV_COMMAND(unbind) = {
	.name = "unbind",
	.group = CMD_GIVE,
	.args = "BDF...",
	.help = "give devices back to the host",
	.text = "Gives devices of " FV_DRIVER " back to the host's own drivers, with the rest of\n"
		"their IOMMU groups. Devices bound to other drivers are left alone.\n\n"
		"A device held by a VM is taken only with --yes: the command waits for the VM to\n"
		"release it, and gives up after --timeout with nothing changed. With --request, the\n"
		"kernel starts the unbind at once: it requests the device (QEMU forwards this as an\n"
		"unplug request) until the VM releases it. This has no time limit and cannot be\n"
		"cancelled.",
	.examples = "  fpgactl unbind 01:00.0                  # the whole group\n"
		    "  fpgactl unbind --yes --request 01:00.0  # ask the VM to unplug it\n"
		    "  fpgactl unbind --driver vfio-pci 01:00.0",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.run = run,
};
