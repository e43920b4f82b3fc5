// SPDX-License-Identifier: GPL-2.0
/* fpgactl rescan: re-enumerate a card after a new image */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "cmd/consent.h"
#include "host/guard.h"
#include "host/move.h"
#include "host/sysfs.h"
#include "host/targets.h"
#include "model/card.h"
#include "model/holders.h"
#include "model/replug.h"
#include "model/reset_plan.h"
#include "model/snapshot.h"
#include "model/status.h"
#include "util/json.h"
#include "util/stop.h"

#define TIMEOUT_MS	60000

/* Time allowed for the card to return if its policy has none, ms. */
#define LOAD_LIMIT_MS	60000

/* Additional time for the PCI core, which waits while config reads return RRS, and for probes. */
#define GRACE_S		120.0

struct rescan {
	const struct cmd_ctx *ctx;
	const struct pci_func *d;
	bool is_dry_run;
	bool has_waited;			/* for holders */
	struct consent consent;
	struct fv_nl nl;			/* if n_bound > 0 */
	struct replug card;
	struct release_limit limit;
	struct snapshot before, after;
};

/* A bridge stands for the slot below it, while that is empty. */
static int check_bridge(const struct model *m, const struct pci_func *d)
{
	autofree char *hint = NULL;
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (strcmp(m->devices[i].port, d->bdf) != 0)
			continue;
		hint = util_printf("To re-enumerate the card below it: fpgactl rescan %s",
				   m->devices[i].bdf);
		return err_fail(FV_FAILED, d->bdf, "rescan", hint,
				"is a bridge with %s below it, not an endpoint", m->devices[i].bdf);
	}
	if (!sysfs_exists("/sys/bus/pci/devices/%s/pci_bus", d->bdf))
		return err_fail(FV_FAILED, d->bdf, "rescan",
				"Name a device, or the port above an empty slot.",
				"has no bus below it");
	return FV_OK;
}

static int check_target(const struct model *m, const struct pci_func *d)
{
	int code = d->is_bridge ? check_bridge(m, d) : FV_OK;

	if (code)
		return code;
	if (!d->is_bridge && !*d->port)
		return err_fail(FV_FAILED, d->bdf, "rescan", NULL,
				"has no upstream port to rescan");
	if (!sysfs_is_live())
		return err_fail(FV_FAILED, d->bdf, "rescan", NULL, NEEDS_LIVE_SYSTEM);
	return FV_OK;
}

/* Refuse if the host or the VFIO user of another driver needs a function. */
static int check_others(const struct rescan *r)
{
	size_t i;

	for (i = 0; i < r->card.n; i++) {
		const struct pci_func *d = r->card.all[i];
		autofree char *why = device_is_bound(d) ? guard_virtual_functions(d) :
							  guard_in_use(d, !r->is_dry_run);
		autofree char *who = NULL;

		if (why) {
			err_add_blocker(guard_blocker(d, why));
			return err_fail(FV_BUSY, r->d->bdf, "rescan", "Nothing was changed.",
					"cannot remove %s: %s", d->bdf, why);
		}
		if (device_is_bound(d) || !device_is_vfio(d) || !held_now(d))
			continue;
		who = held_by(d);
		held_add_blockers(d);
		return err_fail(FV_BUSY, r->d->bdf, "rescan", "Nothing was changed.",
				"cannot remove %s: held by %s", d->bdf, who);
	}
	return FV_OK;
}

static void find_users(struct json_object *users, void *data)
{
	const struct rescan *r = data;
	size_t i;

	for (i = 0; i < r->card.n; i++)
		if (!r->card.all[i]->is_bridge)
			held_add_driver(users, r->card.all[i]);
	for (i = 0; i < r->card.n_bound; i++)
		held_add_users(users, r->card.bound[i]);
}

static int refuse_fence(const struct rescan *r, const struct card *c)
{
	autofree char *owner = card_fence_text(&c->fence);
	autofree char *hint = util_printf("Nothing was changed. Recover it first: fpgactl recover %s",
					  r->d->bdf);

	if (c->state == FPGA_VFIO_CARD_STATE_RECOVERING) {
		err_add_blocker(json_blocker("busy", r->card.port, NULL, NULL));
		return err_fail(FV_BUSY, r->d->bdf, "rescan",
				"Nothing was changed. Try again when the recovery has finished.",
				"card is recovering");
	}
	err_add_blocker(json_blocker("fenced", r->card.port, NULL,
				     json_process(c->fence.pid, c->fence.comm)));
	return err_fail(FV_BUSY, r->d->bdf, "rescan", hint, "card is fenced%s%s",
			*owner ? " by " : "", owner);
}

/* Prefer a function bound to the driver: its netlink reply tells more than sysfs. */
static const struct pci_func *spokesman(const struct rescan *r)
{
	size_t i;

	for (i = 0; i < r->card.n_bound; i++)
		if (!strcmp(r->card.bound[i]->port, r->card.port))
			return r->card.bound[i];
	return r->d;
}

static int read_card(const struct rescan *r, struct card *c)
{
	if (!r->d->is_bridge)
		return card_read(c, spokesman(r), "rescan");
	memset(c, 0, sizeof(*c));
	c->has_link = portlink_read(&c->link, r->card.port);
	return FV_OK;
}

static int check_card(const struct rescan *r)
{
	autofree char *hint = NULL;
	struct card c;
	bool is_down;
	int code;

	code = read_card(r, &c);
	/* After a holder the driver may reset or recover the card; the removal waits for that. */
	if (!code && c.is_bound &&
	    (c.state == FPGA_VFIO_CARD_STATE_FENCED ||
	     (c.state == FPGA_VFIO_CARD_STATE_RECOVERING && !r->has_waited)))
		code = refuse_fence(r, &c);
	/* a link disabled by the port comes up when the driver restores the port */
	is_down = c.has_link && c.link.active == FV_NO && c.link.disabled != FV_YES &&
		  !r->has_waited;
	if (!code && is_down) {
		hint = util_printf("Nothing was changed. Load an image; 'fpgactl link %s' shows the "
				   "link.", r->d->bdf);
		code = err_fail(FV_GONE, r->d->bdf, "rescan", hint,
				"link is down, so no function would be found");
	}
	card_free(&c);
	return code;
}

static int check(void *data)
{
	const struct rescan *r = data;
	int ret = replug_may_write(r->d->bdf, r->d->is_bridge);
	int code = ret ? move_fail_permission(ret, r->d->bdf, "rescan") : check_others(r);

	if (!code)
		code = check_card(r);
	/* A check is worth nothing if it could not read what it checks. */
	return code ? code : sysfs_report("rescan", "Nothing was changed.");
}

static int connect_driver(struct rescan *r)
{
	autofree char *why = NULL;
	int code;

	if (!r->card.n_bound)
		return FV_OK;
	code = fv_nl_open(&r->nl, &why);
	return code ? fv_nl_fail_open(code, r->d->bdf, "rescan", why) : FV_OK;
}

static void find_limit(struct rescan *r)
{
	struct status_list said = {};
	autofree char *why = NULL;

	r->card.limit_ms = LOAD_LIMIT_MS;
	if (!r->card.n_bound)
		return;
	if (!status_read(&said, &r->nl, r->card.bound[0]->bdf, &why) && said.v[0].has_policy &&
	    said.v[0].policy.has[POLICY_LOAD_LIMIT])
		r->card.limit_ms = said.v[0].policy.number[POLICY_LOAD_LIMIT];
	status_free(&said);
}

static void ignore(struct nlmsghdr *hdr, void *data)
{
	(void)hdr;
	(void)data;
}

/* Ignore errors: a holder that stays is found by the wait that follows. */
static void request(const struct pci_func *d, void *data)
{
	struct rescan *r = data;
	struct nl_msg *msg = fv_nl_message(&r->nl, FPGA_VFIO_CMD_RELEASE, 0);
	autofree char *why = NULL;

	nla_put_string(msg, FPGA_VFIO_A_DEVICE_BDF, d->bdf);
	fv_nl_call(&r->nl, msg, ignore, NULL, &why);
}

/* A new function with a host driver would prevent a fence of the card. */
static void note_others(const struct rescan *r, const struct model *now)
{
	size_t i;

	for (i = 0; i < now->n; i++) {
		const struct pci_func *d = &now->devices[i];

		if (r->card.has_all && !strcmp(d->port, r->card.port) && d->driver &&
		    !device_is_bound(d) && !d->is_bridge)
			err_note(d->bdf, "new function bound to driver %s; to assign it to the VM, "
				 "too: fpgactl bind --yes %s", d->driver, d->bdf);
	}
}

static void add_json(struct json_object *o, const struct rescan *r)
{
	json_object_object_add(o, "dry_run", json_object_new_boolean(r->is_dry_run));
	json_object_object_add(o, "bdf", json_object_new_string(r->d->bdf));
	json_object_object_add(o, "port", json_object_new_string(r->card.port));
	json_object_object_add(o, "before", snapshot_json(&r->before));
	json_object_object_add(o, "after", r->is_dry_run ? NULL : snapshot_json(&r->after));
}

static void report(const struct rescan *r)
{
	struct json_object *top;

	if (r->ctx->is_json) {
		top = json_object_new_object();
		add_json(top, r);
		out_json(top);
	} else if (!snapshot_print_difference(&r->before, &r->after, r->ctx->columns)) {
		out_print("%s: card re-enumerated, no differences\n", r->d->bdf);
	}
}

static char *next_step(const struct rescan *r, const struct replug_result *result)
{
	switch (result->step) {
	case REPLUG_FIND:
	case REPLUG_RESCAN:
		if (!r->card.n)
			return util_printf("Load an image, then: fpgactl rescan %s", r->card.port);
		return util_printf("The functions of the card were removed. Load an image, then:\n"
				   "fpgactl rescan %s; fpgactl bind %s", r->card.port, r->d->bdf);
	case REPLUG_BIND:
		return util_printf("To retry: fpgactl bind --yes %s", result->bdf);
	default:
		return util_strdup("See the kernel log for details.");
	}
}

static int fail(const struct rescan *r, const struct replug_result *result)
{
	autofree char *hint = next_step(r, result);
	autofree char *why = replug_text(result);
	struct json_object *o;

	if (r->ctx->is_json) {
		o = json_object_new_object();
		add_json(o, r);
		err_add_all_json(o);
	} else {
		snapshot_print_difference(&r->before, &r->after, r->ctx->columns);
	}
	fflush(stdout);
	return err_fail(result->step == REPLUG_FIND ? FV_GONE : FV_FAILED, r->d->bdf, "rescan",
			hint, "%s", why);
}

static int fail_late(const struct rescan *r, int pid)
{
	int code = stop_signal() ? FV_SIGNAL + stop_signal() : FV_BUSY;
	autofree char *hint = util_printf("The removal cannot be cancelled; process %d completes the "
					  "rescan.", pid);

	return err_fail(code, r->d->bdf, "rescan", hint, "not finished after %.0f s",
			util_now_s() - r->limit.start_s);
}

static int apply(struct rescan *r)
{
	struct replug_result result = { .step = REPLUG_REMOVE, .error = ECHILD };
	struct release_work work = {
		.what = "re-enumerating the card", .run = replug_run,
		.arg = &r->card, .result = &result, .size = sizeof(result),
		.grace_s = GRACE_S + r->card.limit_ms / 1000.0,
	};
	struct model now = {};
	int code, pid;

	memcpy(result.bdf, r->d->bdf, sizeof(result.bdf));
	if (release_run(&work, r->card.n_bound ? r->card.bound : &r->d, r->card.n_bound ?: 1,
			&r->limit, &pid) == RELEASE_LATE)
		return fail_late(r, pid);
	code = model_load(&now);
	if (!code) {
		snapshot_take(&r->after, &now, r->card.port);
		if (result.step == REPLUG_DONE)
			report(r);
		else
			code = fail(r, &result);
		note_others(r, &now);
	}
	model_free(&now);
	return code;
}

static void print_plan(const struct rescan *r)
{
	struct affected_list functions = {};
	struct holders holders;
	struct affected_world world = { .model = r->ctx->model, .holders = &holders };
	struct json_object *top;
	size_t i;

	if (r->ctx->is_json) {
		top = json_object_new_object();
		add_json(top, r);
		out_json(top);
		return;
	}
	for (i = 0; i < r->card.n; i++)
		affected_add(&functions, r->card.all[i]->bdf, r->card.all[i]->driver,
			     device_is_bound(r->card.all[i]) && held_now(r->card.all[i]));
	if (!r->card.n) {
		out_print("%s: the bus below this port would be rescanned\n", r->card.port);
		return;
	}
	holders_scan(&holders);
	out_print("%s: functions to remove and re-enumerate below %s:\n", r->d->bdf, r->card.port);
	affected_print(&functions, &world, NULL);
	if (r->card.n_bound)
		out_print("Holders would be requested to release them, for at most %u s; functions bound to\n"
			  FV_DRIVER " would be bound again.\n", r->limit.limit_s);
	holders_free(&holders);
	affected_free(&functions);
}

static int parse(struct rescan *r)
{
	uint32_t ms = TIMEOUT_MS;
	int code = cmd_timeout(r->ctx, 0, RELEASE_MAX_MS, "up to 24h", &ms);

	r->is_dry_run = cmd_is_set(r->ctx, "dry-run");
	r->limit.limit_s = (ms + 999) / 1000;
	return code ? code : out_check_columns(&snapshot_columns, r->ctx->columns, r->ctx->is_json,
					       "rescan");
}

/* The verdict is that of a real run; a refused plan is printed, too, except in JSON. */
static int dry_run(struct rescan *r)
{
	int code;

	if (!r->ctx->is_json)
		print_plan(r);
	code = out_flush();
	if (!code)
		code = consent_check(&r->consent, NULL);
	if (!code && r->ctx->is_json)
		print_plan(r);
	return code;
}

static int wait_and_apply(struct rescan *r)
{
	autofree char *hint = NULL;
	int code;

	hint = util_printf("Nothing was changed. The holder was requested to release the device: "
			   "unplug it from\nthe VM or shut the VM down, then: fpgactl rescan %s",
			   r->d->bdf);
	/* The wait may be long: virtual functions, drivers and a fence may come. */
	r->has_waited = true;
	code = consent_wait(&r->consent, r->card.bound, r->card.n_bound, hint);
	if (!code && stop_signal())
		code = stop_fail(r->d->bdf, "rescan", "Nothing was changed.");
	return code ? code : apply(r);
}

static int rescan(struct rescan *r)
{
	struct stop stop;
	int code;

	replug_find(&r->card, r->ctx->model);
	snapshot_take(&r->before, r->ctx->model, r->card.port);
	code = connect_driver(r);
	if (!code && r->is_dry_run)
		return dry_run(r);
	if (!code)
		code = consent_check(&r->consent, NULL);
	if (code)
		return code;
	r->limit.start_s = util_now_s();
	stop_catch(&stop);
	find_limit(r);
	code = wait_and_apply(r);
	stop_release(&stop);
	return code;
}

static int run(const struct cmd_ctx *ctx)
{
	struct rescan r = { .ctx = ctx };
	int code;

	code = parse(&r);
	if (!code)
		r.d = target_find(ctx->model, ctx->args.v[0], "rescan", &code);
	if (!code)
		code = check_target(ctx->model, r.d);
	if (!code) {
		r.card.port = r.d->is_bridge ? r.d->bdf : r.d->port;
		r.consent = (struct consent){
			.ctx = ctx, .what = "rescan", .bdf = r.d->bdf, .is_unbound = true,
			.find = find_users, .check = check, .request = request, .data = &r,
			.limit = &r.limit,
		};
		code = rescan(&r);
	}
	consent_free(&r.consent);
	fv_nl_close(&r.nl);
	snapshot_free(&r.before);
	snapshot_free(&r.after);
	replug_free(&r.card);
	return code;
}

static const struct cmd_option options[] = {
	{ "timeout", 't', "TIME", "wait this long for a VM to release them: 30, 5m (60)" },
	{ "yes", 'y', NULL, "take functions from a VM or from other drivers" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
};

FV_COMMAND(rescan) = {
	.name = "rescan",
	.group = CMD_RESET,
	.args = "BDF|PORT",
	.help = "re-enumerate a card after a new image",
	.text = "Re-enumerates a card that has changed its identity: asks the holders of its functions\n"
		"to release them (QEMU unplugs the device from its VM) and waits for that, removes\n"
		"only the functions of the card, rescans the bus below the port, rebinds the functions\n"
		"that were bound to " FV_DRIVER ", and prints the differences: IDs, BAR sizes, link.\n\n"
		"A function that a VM or another driver has is taken only with --yes. If a function is\n"
		"still held after --timeout, nothing is changed.\n\n"
		"With the address of a port below which there is no device, it looks for one.",
	.examples = "  fpgactl rescan --dry-run 01:00.0\n"
		    "  fpgactl rescan --yes -t 5m 01:00.0\n"
		    "  fpgactl rescan --json 01:00.0 | jq '.after[] | [.bdf, .id]'",
	.min_args = 1,
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.columns = &snapshot_columns,
	.run = run,
};
