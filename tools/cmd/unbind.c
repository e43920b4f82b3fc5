// SPDX-License-Identifier: GPL-2.0
/* fpgactl unbind: return devices to the host */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/consent.h"
#include "config/persist.h"
#include "host/guard.h"
#include "host/move.h"
#include "host/sysfs.h"
#include "host/targets.h"
#include "model/holders.h"
#include "util/stop.h"

#define TIMEOUT_MS	30000

#define HELD_HINT	"Shut the VM down, unplug the device from it, or use --request to have\n" \
			"the kernel request the device from the VM."

struct plan {
	const struct cmd_ctx *ctx;
	struct targets targets;
	const struct pci_func **devices;	/* targets bound to the driver */
	size_t n;
	struct move *moves;			/* of the devices, then those of old overrides */
	size_t n_moves;
	size_t n_done;				/* moves that were made */
	struct release_limit limit;
	struct consent consent;
	struct persist persist;			/* with --persist */
};

static bool names_driver(const char *driver)
{
	return driver && (!strcmp(driver, FV_DRIVER) || !strcmp(driver, FV_OLD_DRIVER));
}

/*
 * Bound to fpga_vfio_pci, or left unbound with its driver_override when the module was
 * unloaded. Both may have the driver's old name.
 */
static bool is_handled(const struct pci_func *d)
{
	return names_driver(d->driver ? d->driver : d->driver_override);
}

/*
 * The host's driver stays; only driver_override goes: the driver's old name, or one that was set
 * before a bind that was refused.
 */
static bool is_only_override(const struct pci_func *d)
{
	return !is_handled(d) && names_driver(d->driver_override);
}

static int check_options(struct plan *p)
{
	const char *driver = cmd_value(p->ctx, "driver");
	uint32_t ms = TIMEOUT_MS;
	int code = cmd_timeout(p->ctx, 0, RELEASE_MAX_MS, "up to 24h", &ms);

	if (code)
		return code;
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

static void add_move(struct plan *p, const struct pci_func *d, enum move_target target,
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

/* What was changed so far; @none: text if that is nothing. */
static char *done_text(const struct plan *p, const char *none)
{
	char *s = NULL;
	size_t i;

	for (i = 0; i < p->n_done; i++)
		util_append(&s, "%s%s", i ? ", " : "Already given back: ", p->moves[i].bdf);
	return s ? s : util_strdup(none);
}

static int check_virtual_functions(void *data)
{
	const struct plan *p = data;
	autofree char *done = done_text(p, "Nothing was changed.");
	autofree char *hint = NULL;
	size_t i;

	for (i = p->n_done; i < p->n; i++) {
		autofree char *why = guard_virtual_functions(p->devices[i]);

		if (!why)
			continue;
		err_add_blocker(guard_blocker(p->devices[i], why));
		hint = util_printf("%s Disable them first: write 0 to sriov_numvfs.", done);
		return err_fail(FV_BUSY, p->devices[i]->bdf, "unbind", hint, "%s", why);
	}
	/* A check is worth nothing if it could not read what it checks. */
	return sysfs_report("unbind", done);
}

static void find_users(struct json_object *users, void *data)
{
	const struct plan *p = data;
	size_t i;

	for (i = p->n_done; i < p->n; i++)
		held_add_users(users, p->devices[i]);
}

static int fail_late(const struct plan *p, int pid)
{
	int code = stop_signal() ? FV_SIGNAL + stop_signal() : FV_BUSY;
	const struct pci_func *d = p->devices[p->n_done];
	autofree char *done = done_text(p, "No other device was changed.");
	autofree char *who = held_by(d);
	autofree char *hint = NULL;

	hint = util_printf("The unbind cannot be cancelled: the kernel keeps requesting the device, and\n"
			   "process %d completes the unbind when the device is released. %s", pid,
			   done);
	held_add_blockers(d);
	return err_fail(code, d->bdf, "unbind", hint, "still held by %s after %.0f s", who,
			util_now_s() - p->limit.start_s);
}

static int fail(const struct plan *p, struct move_result r)
{
	autofree char *done = done_text(p, "No other device was changed.");
	autofree char *why = move_result_text(&p->moves[p->n_done], r);

	return err_fail(FV_FAILED, p->moves[p->n_done].bdf, "unbind", done, "%s", why);
}

/* A device may have been opened since the last one was moved. */
static int check_next(struct plan *p)
{
	autofree char *done = done_text(p, "Nothing was changed.");

	if (stop_signal())
		return stop_fail(p->moves[p->n_done].bdf, "unbind", done);
	return consent_check(&p->consent, done);
}

static int apply(struct plan *p)
{
	struct move_result r = {};
	int code, pid;

	for (; p->n_done < p->n; p->n_done++) {
		code = check_next(p);
		if (code)
			return code;
		switch (release_move(&p->moves[p->n_done], p->devices[p->n_done], &p->limit, &r,
				     &pid)) {
		case RELEASE_DONE:
			continue;
		case RELEASE_LATE:
			return fail_late(p, pid);
		default:
			return fail(p, r);
		}
	}
	for (; p->n_done < p->n_moves; p->n_done++) {
		r = move_apply(&p->moves[p->n_done]);
		if (r.step != MOVE_DONE)
			return fail(p, r);
	}
	return FV_OK;
}

/* The driver after the command; with --dry-run, only that of --driver is known. */
static char *driver_after(const struct plan *p, const struct pci_func *d)
{
	if (is_handled(d) && cmd_is_set(p->ctx, "dry-run"))
		return util_strdup(cmd_value(p->ctx, "driver"));
	return device_read_driver(d->bdf);
}

static void report_left(const struct pci_func *d, const char *driver, bool is_dry)
{
	autofree char *clear = NULL;

	if (is_only_override(d))
		clear = util_printf("; driver_override %s %s cleared", d->driver_override,
				    is_dry ? "would be" : "was");
	out_print("%s: not bound to %s, left alone (driver: %s)%s\n", d->bdf, FV_DRIVER,
		  driver ? driver : "none", clear ? clear : "");
}

static void report_text(const struct plan *p)
{
	bool is_dry = cmd_is_set(p->ctx, "dry-run");
	size_t i;

	for (i = 0; i < p->targets.n; i++) {
		const struct pci_func *d = p->targets.v[i];
		autofree char *driver = driver_after(p, d);

		if (!is_handled(d))
			report_left(d, driver, is_dry);
		else if (is_dry)
			out_print("%s: would be given back to %s\n", d->bdf, driver ? driver :
				  cmd_is_set(p->ctx, "none") ? "no driver" : "its host driver");
		else if (driver)
			out_print("%s: given back to %s\n", d->bdf, driver);
		else
			out_print("%s: given back, without a driver%s\n", d->bdf,
				  cmd_is_set(p->ctx, "none") ? "" : ": no loaded driver matches");
	}
	persist_print(&p->persist, is_dry);
}

/* A card file would bind it again. */
static void note_persistent(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->targets.n; i++)
		if (!cmd_is_set(p->ctx, "persist") && persist_is_bound(p->targets.v[i]->bdf))
			err_note(p->targets.v[i]->bdf,
				 "its card file binds it again at the next boot; to remove it: fpgactl unbind --persist %s",
				 p->targets.v[i]->bdf);
}

static void report_json(const struct plan *p)
{
	struct json_object *list = json_object_new_array();
	struct json_object *top;
	size_t i;

	for (i = 0; i < p->targets.n; i++) {
		const struct pci_func *d = p->targets.v[i];
		autofree char *driver = driver_after(p, d);

		json_object_array_add(list, move_json(d, driver,
						      is_handled(d) || is_only_override(d)));
	}
	top = move_document(list, cmd_is_set(p->ctx, "dry-run"));
	if (cmd_is_set(p->ctx, "persist"))
		persist_add_json(&p->persist, top);
	out_json(top);
}

static int check(struct plan *p)
{
	int code = p->n_moves ? move_check_permission(p->moves[0].bdf, "unbind") : FV_OK;

	return code ? code : consent_check(&p->consent, NULL);
}

static void report(const struct plan *p)
{
	if (p->ctx->is_json)
		report_json(p);
	else
		report_text(p);
	note_persistent(p);
}

/* What a wait would end with, if no holder goes. */
static int check_holders(const struct plan *p)
{
	const struct release_limit now = { .start_s = util_now_s() };
	const struct pci_func *held = NULL;
	autofree char *who = NULL;

	if (!cmd_is_set(p->ctx, "request"))
		held = release_wait(p->devices, p->n, &now, NULL);
	if (!held)
		return FV_OK;
	who = held_by(held);
	held_add_blockers(held);
	return err_fail(FV_BUSY, held->bdf, "unbind", HELD_HINT,
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
	size_t i;

	if (code)
		return code;
	p->limit.start_s = util_now_s();
	stop_catch(&stop);
	/* with --request, the kernel waits */
	if (!cmd_is_set(p->ctx, "request"))
		code = consent_wait(&p->consent, p->devices, p->n,
				    "Nothing was changed. " HELD_HINT);
	if (!code)
		code = apply(p);
	stop_release(&stop);
	for (i = 0; i < p->n_done; i++)
		strv_add(&p->persist.changed, p->moves[i].bdf);
	if (!code)
		code = persist_write(&p->persist);
	if (!code)
		report(p);
	return code;
}

static int plan_persist(struct plan *p)
{
	int code;

	if (!cmd_is_set(p->ctx, "persist"))
		return FV_OK;
	persist_init(&p->persist, "unbind", cmd_line(p->ctx));
	code = persist_unbind(&p->persist, &p->targets);
	return code ? code : persist_check(&p->persist);
}

static int run(const struct cmd_ctx *ctx)
{
	struct plan p = { .ctx = ctx };
	size_t i;
	int code;

	p.consent = (struct consent){
		.ctx = ctx, .what = "unbind", .find = find_users, .check = check_virtual_functions,
		.data = &p, .limit = &p.limit,
	};
	code = check_options(&p);
	if (!code)
		code = make_plan(&p);
	if (!code)
		code = plan_persist(&p);
	if (!code && cmd_is_set(ctx, "dry-run"))
		code = dry_run(&p);
	else if (!code)
		code = unbind(&p);
	for (i = 0; i < p.n_moves; i++)
		move_exit(&p.moves[i]);
	consent_free(&p.consent);
	free(p.moves);
	free(p.devices);
	persist_free(&p.persist);
	targets_free(&p.targets);
	return code;
}

static const struct cmd_option options[] = {
	{ "only", 0, NULL, "unbind only the named devices, not their whole groups" },
	{ "driver", 0, "NAME", "bind the devices to this driver" },
	{ "none", 0, NULL, "leave the devices without a driver" },
	{ "timeout", 't', "TIME", "wait this long for a VM to release it: 10, 500ms, 5m (30)" },
	{ "request", 0, NULL, "have the kernel request the device; cannot be cancelled" },
	{ "persist", 0, NULL, "remove their card files, which would bind them again" },
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
		"cancelled.\n\n"
		"A card that was bound with --persist is bound again at the next boot, unless\n"
		"--persist is given here, too.",
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
