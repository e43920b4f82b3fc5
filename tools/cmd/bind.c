// SPDX-License-Identifier: GPL-2.0
/* fpgactl bind: bind devices to fpga_vfio_pci, all of an IOMMU group or none */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/consent.h"
#include "config/early.h"
#include "config/persist.h"
#include "host/bars.h"
#include "host/guard.h"
#include "host/model.h"
#include "host/move.h"
#include "host/sysfs.h"
#include "host/targets.h"
#include "model/holders.h"
#include "util/json.h"
#include "util/stop.h"

struct plan {
	const struct cmd_ctx *ctx;
	struct targets targets;
	struct move *moves;	/* one per target that is not bound yet or has another override */
	size_t n;
	struct persist persist;	/* with --persist */
};

/* A group member in use: none of its group may be changed. */
static int check_holders(const struct plan *p)
{
	size_t i, j;

	for (i = 0; i < p->n; i++) {
		const struct pci_func *d = model_find(p->ctx->model, p->moves[i].bdf);
		const struct iommu_group *g = model_group(p->ctx->model, d->group);

		if (!move_is_rebind(&p->moves[i]))
			continue;
		for (j = 0; j < g->n; j++) {
			autofree char *who = NULL;

			if (!device_is_vfio(g->members[j]) || !held_now(g->members[j]))
				continue;
			who = held_by(g->members[j]);
			held_add_blockers(g->members[j]);
			return err_fail(FV_BUSY, d->bdf, "bind",
					"Nothing was changed. Stop the process or unplug the device from the VM.",
					"%s in group %d is held by %s", g->members[j]->bdf, g->id,
					who);
		}
	}
	return FV_OK;
}

static int check_guards(const struct plan *p)
{
	size_t i;

	if (cmd_is_set(p->ctx, "force"))
		return FV_OK;
	for (i = 0; i < p->n; i++) {
		const struct pci_func *d = model_find(p->ctx->model, p->moves[i].bdf);
		autofree char *why = move_is_rebind(&p->moves[i]) ? guard_in_use(d, true) : NULL;

		if (!why)
			continue;
		err_add_blocker(guard_blocker(d, why));
		return err_fail(FV_CONSENT, d->bdf, "bind",
				"Release it first, or use --force if the host does not need it.",
				"in use by the host: %s", why);
	}
	return FV_OK;
}

static void find_users(struct json_object *users, void *data)
{
	const struct plan *p = data;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (move_is_rebind(&p->moves[i]))
			held_add_driver(users, model_find(p->ctx->model, p->moves[i].bdf));
}

static int check_module(const struct plan *p)
{
	if (sysfs_exists("/sys/bus/pci/drivers/" FV_DRIVER))
		return FV_OK;
	if (sysfs_exists("/sys/bus/pci/drivers/" FV_OLD_DRIVER))
		return err_fail(FV_NO_MODULE, p->targets.v[0]->bdf, "bind",
				"Load the new one: rmmod " FV_MODULE " && modprobe " FV_MODULE,
				"an older module " FV_MODULE " is loaded, with driver "
				FV_OLD_DRIVER);
	return err_fail(FV_NO_MODULE, p->targets.v[0]->bdf, "bind",
			"Load it: modprobe " FV_MODULE, "module " FV_MODULE " is not loaded");
}

static int check(void *data)
{
	const struct plan *p = data;
	int code = p->n ? move_check_permission(p->moves[0].bdf, "bind") : FV_OK;

	if (!code)
		code = check_holders(p);
	if (!code)
		code = check_guards(p);
	/* A check is worth nothing if it could not read what it checks. */
	return code ? code : sysfs_report("bind", "Nothing was changed.");
}

static int check_consent(struct plan *p)
{
	struct consent consent = {
		.ctx = p->ctx, .what = "bind", .is_unbound = true, .find = find_users,
		.check = check, .data = p,
	};
	int code = consent_check(&consent, NULL);

	consent_free(&consent);
	return code;
}

/* The driver's probe would fail: refuse before a driver of the host loses the device. */
static int check_response(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->targets.n; i++) {
		const struct pci_func *d = p->targets.v[i];
		autofree char *what = device_silence(p->ctx->model, d);
		autofree char *next = NULL;

		if (!what || device_is_bound(d))
			continue;
		next = util_printf("'fpgactl link %s' shows the link; 'fpgactl rescan %s' re-enumerates the card.",
				   d->bdf, d->bdf);
		err_add_blocker(json_blocker("no-response", d->bdf, d->driver, NULL));
		return err_fail(FV_FAILED, d->bdf, "bind", next, "%s", what);
	}
	return FV_OK;
}

/* After a rescan, the driver named here would have the device. */
static bool has_other_override(const struct pci_func *d)
{
	return d->driver_override && strcmp(d->driver_override, FV_DRIVER) != 0;
}

static int make_plan(struct plan *p)
{
	int code;
	size_t i;

	code = targets_find(&p->targets, p->ctx->model, &p->ctx->args, "bind");
	if (code)
		return code;
	if (!cmd_is_set(p->ctx, "only"))
		targets_add_groups(&p->targets, p->ctx->model);
	code = check_response(p);
	if (code)
		return code;
	p->moves = util_alloc(p->targets.n, sizeof(*p->moves));
	for (i = 0; i < p->targets.n; i++) {
		struct move *m = &p->moves[p->n];

		if (device_is_bound(p->targets.v[i]) && !has_other_override(p->targets.v[i]))
			continue;
		move_init(m, p->targets.v[i]);
		m->target = device_is_bound(p->targets.v[i]) ? MOVE_NOWHERE : MOVE_TO_NAMED;
		m->driver = FV_DRIVER;
		m->keeps_override = true;
		p->n++;
	}
	return FV_OK;
}

/* Roll back in reverse order; report what could not be restored. */
static void undo(const struct plan *p, size_t n_begun, char **hint)
{
	while (n_begun--) {
		const struct move *m = &p->moves[n_begun];
		struct move_result r = move_undo(m);
		autofree char *text = NULL;

		if (r.step == MOVE_DONE)
			continue;
		text = move_result_text(m, r);
		util_append(hint, "%s%s was not restored: %s", *hint ? "\n" : "", m->bdf, text);
	}
	if (!*hint)
		*hint = util_strdup("All devices were restored. See the kernel log for details.");
}

/*
 * All or nothing: block signals until the move is done or rolled back. Those that would end
 * fpgactl are dropped then, as it is about to report the result.
 */
static int apply(const struct plan *p)
{
	struct move_result r = {};
	struct stop stop;
	sigset_t all;
	size_t i;
	int code = FV_OK;

	sigfillset(&all);
	stop_catch(&stop);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (i = 0; i < p->n && !code; i++) {
		r = move_apply(&p->moves[i]);
		if (r.step != MOVE_DONE) {
			autofree char *why = move_result_text(&p->moves[i], r);
			autofree char *hint = NULL;

			undo(p, i + 1, &hint);
			code = err_fail(FV_FAILED, p->moves[i].bdf, "bind", hint, "%s", why);
		}
	}
	stop_release(&stop);
	return code;
}

/* NULL: nothing to change. */
static const struct move *move_of(const struct plan *p, const struct pci_func *d)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (!strcmp(p->moves[i].bdf, d->bdf))
			return &p->moves[i];
	return NULL;
}

static void report_text(const struct plan *p)
{
	bool is_dry = cmd_is_set(p->ctx, "dry-run");
	size_t i;

	for (i = 0; i < p->targets.n; i++) {
		const struct pci_func *d = p->targets.v[i];
		const struct move *m = move_of(p, d);

		if (!m)
			out_print("%s: already bound to %s\n", d->bdf, FV_DRIVER);
		else if (!move_is_rebind(m))
			out_print("%s: already bound to %s; driver_override %s %s replaced\n",
				  d->bdf, FV_DRIVER, d->driver_override,
				  is_dry ? "would be" : "was");
		else
			out_print("%s: %s bound to %s (group %d, previous driver: %s)\n", d->bdf,
				  is_dry ? "would be" : "now", FV_DRIVER, d->group,
				  d->driver ? d->driver : "none");
	}
	persist_print(&p->persist, is_dry);
}

static void report_json(const struct plan *p)
{
	struct json_object *list = json_object_new_array();
	struct json_object *top;
	size_t i;

	for (i = 0; i < p->targets.n; i++)
		json_object_array_add(list, move_json(p->targets.v[i], FV_DRIVER,
						      !!move_of(p, p->targets.v[i])));
	top = move_document(list, cmd_is_set(p->ctx, "dry-run"));
	if (cmd_is_set(p->ctx, "persist"))
		persist_add_json(&p->persist, top);
	out_json(top);
}

static void note_in_the_way(const struct pci_func *d)
{
	err_note(d->bdf, "blocks passthrough of group %d: bound to driver %s%s", d->group,
		 d->driver, d->is_bridge ? "; write its address to the driver's unbind file" : "");
}

/* A VM that gets some functions of a card resets the others with them. */
static void note_other_groups(const struct plan *p)
{
	const struct pci_func *d, *other, *last = NULL;
	size_t i, j;

	for (i = 0; i < p->targets.n; i++) {
		d = p->targets.v[i];
		other = NULL;
		while ((other = device_next_function(p->ctx->model, d, other))) {
			autofree char *driver = util_printable(other->driver ? other->driver :
								       "none");

			for (j = 0; j < p->targets.n && p->targets.v[j] != other; j++)
				;
			if (other->group == d->group || j < p->targets.n || other == last ||
			    device_is_bound(other))
				continue;
			last = other;
			err_note(other->bdf, "not bound: a function of the same card, in group %d (driver: %s)",
				 other->group, driver);
		}
	}
}

/* The kernel found no room for it: an open of the device fails, or the BAR is missing. */
static void note_unassigned(const struct plan *p)
{
	struct bar bars[BARS_MAX];
	size_t i, j, n;

	for (i = 0; i < p->targets.n; i++) {
		const char *bdf = p->targets.v[i]->bdf;

		n = bars_read(bars, bdf);
		for (j = 0; j < n; j++) {
			autofree char *text = bar_text(&bars[j]);

			if (!bars[j].is_rom && !bar_is_assigned(&bars[j]))
				err_note(bdf, "%s; next: fpgactl doctor %s", text, bdf);
		}
	}
}

/* Members left alone, a bridge or due to --only, and firmware may block the group for a VM. */
static void note_rest(const struct plan *p)
{
	size_t i, j, k;

	for (i = 0; i < p->targets.n; i++) {
		const struct iommu_group *g = model_group(p->ctx->model, p->targets.v[i]->group);

		if (i && p->targets.v[i - 1]->group == g->id)
			continue;
		for (j = 0; j < g->n; j++) {
			for (k = 0; k < p->targets.n; k++)
				if (p->targets.v[k] == g->members[j])
					break;
			if (k == p->targets.n && device_is_in_the_way(g->members[j]))
				note_in_the_way(g->members[j]);
		}
		if (g->direct.n)
			err_note(p->targets.v[i]->bdf, "group %d stays not viable: " VIABLE_DIRECT,
				 g->id, g->direct.v[0]);
	}
}

/* What makes it last runs too late. */
static void note_late(const struct plan *p)
{
	autofree char *mount = NULL;
	autofree char *program = cmd_is_set(p->ctx, "persist") ? early_missing(&mount) : NULL;

	if (program)
		err_note(program,
			 "is on %s, a separate file system, which is not mounted in early boot; next: fpgactl doctor",
			 mount);
}

static void report(const struct plan *p)
{
	if (p->ctx->is_json)
		report_json(p);
	else
		report_text(p);
	note_rest(p);
	note_other_groups(p);
	note_unassigned(p);
	note_late(p);
}

/* The verdict is that of a real run; a refused plan is printed, too, except in JSON. */
static int dry_run(struct plan *p)
{
	int code;

	if (!p->ctx->is_json)
		report(p);
	code = out_flush();
	if (!code)
		code = check_consent(p);
	if (!code && p->ctx->is_json)
		report(p);
	return code;
}

static int bind_all(struct plan *p)
{
	int code = check_consent(p);
	size_t i;

	if (!code)
		code = apply(p);
	for (i = 0; i < p->n; i++)
		strv_add(&p->persist.changed, p->moves[i].bdf);
	if (!code)
		code = persist_write(&p->persist);
	if (!code)
		report(p);
	return code;
}

/* The card files are planned before the driver hides the serial numbers. */
static int plan_persist(struct plan *p)
{
	int code;

	if (!cmd_is_set(p->ctx, "persist"))
		return FV_OK;
	persist_init(&p->persist, "bind", cmd_line(p->ctx));
	p->persist.is_careful = !cmd_is_set(p->ctx, "force");
	code = persist_bind(&p->persist, p->ctx->model, &p->targets);
	return code ? code : persist_check(&p->persist);
}

static int run(const struct cmd_ctx *ctx)
{
	struct plan p = { .ctx = ctx };
	size_t i;
	int code;

	code = make_plan(&p);
	if (!code)
		code = check_module(&p);
	if (!code)
		code = plan_persist(&p);
	if (!code)
		code = cmd_is_set(ctx, "dry-run") ? dry_run(&p) : bind_all(&p);
	for (i = 0; i < p.n; i++)
		move_exit(&p.moves[i]);
	free(p.moves);
	persist_free(&p.persist);
	targets_free(&p.targets);
	return code;
}

static const struct cmd_option options[] = {
	{ "yes", 'y', NULL, "allow unbinding devices from other drivers" },
	{ "only", 0, NULL, "bind only the named devices, not their whole groups" },
	{ "force", 0, NULL, "include disks, displays and NICs in use by the host" },
	{ "persist", 0, NULL, "keep the cards bound from boot to boot" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
};

FV_COMMAND(bind) = {
	.name = "bind",
	.group = CMD_GIVE,
	.args = "BDF...",
	.help = "bind devices to " FV_DRIVER,
	.text = "Binds devices to " FV_DRIVER " so that they can be assigned to a VM: all devices of\n"
		"their IOMMU groups, since a VM is assigned whole groups. If one device fails, all\n"
		"are restored to their previous drivers. Devices already bound are left alone.\n\n"
		"Devices in use by the host are refused without --force: a disk that is mounted,\n"
		"swap or part of another device, the boot display, a network device that is up, a\n"
		"physical function with virtual functions enabled.\n\n"
		"With --persist, a card file makes it last: the card is bound at each boot, before\n"
		"any other driver, as long as it is the same card in the same slot. A disk or NIC\n"
		"without serial number requires --force.",
	.examples = "  fpgactl bind --dry-run 01:00.0   # show the plan\n"
		    "  fpgactl bind --yes 01:00.0       # the whole group, even from other drivers\n"
		    "  fpgactl bind --persist 01:00.0   # from now on at each boot\n"
		    "  fpgactl bind --only 01:00.0 && virsh start vm",
	.min_args = 1,
	.max_args = CMD_ANY_ARGS,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.run = run,
};
