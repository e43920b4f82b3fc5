// SPDX-License-Identifier: GPL-2.0
/* fpgactl doctor: what is wrong with this host for passing a card to a VM */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "doctor/doctor.h"
#include "host/fpga.h"
#include "host/targets.h"
#include "util/json.h"

/* By enum doctor_level. */
static const char *const levels[] = { "note", "warning", "error" };

static struct json_object *finding_json(const struct finding *f)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "level", json_object_new_string(levels[f->level]));
	json_object_object_add(o, "code", json_object_new_string(f->code));
	json_object_object_add(o, "object", json_string(f->object));
	json_object_object_add(o, "text", json_string(f->text));
	json_object_object_add(o, "fix", json_string(f->fix));
	json_object_object_add(o, "source", json_string(f->source));
	return o;
}

static struct json_object *device_json(const struct doctor *d, const struct pci_func *dev)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "bdf", json_object_new_string(dev->bdf));
	json_object_object_add(o, "ready", json_object_new_boolean(doctor_is_ready(d, dev)));
	return o;
}

static void print_json(const struct doctor *d)
{
	struct json_object *top = json_object_new_object();
	struct json_object *devices = json_object_new_array();
	struct json_object *findings = json_object_new_array();
	struct json_object *unchecked = json_object_new_array();
	size_t i;

	for (i = 0; i < d->n_devices; i++)
		json_object_array_add(devices, device_json(d, d->devices[i]));
	for (i = 0; i < d->n; i++)
		json_object_array_add(findings, finding_json(&d->findings[i]));
	for (i = 0; i < d->unchecked.n; i++)
		json_object_array_add(unchecked, json_string(d->unchecked.v[i]));
	json_object_object_add(top, "ready",
			       json_object_new_boolean(!doctor_count(d, DOCTOR_ERROR)));
	json_object_object_add(top, "devices", devices);
	json_object_object_add(top, "findings", findings);
	json_object_object_add(top, "needs_root", unchecked);
	out_json(top);
}

static void print_finding(const struct finding *f)
{
	autofree char *line = util_printf("%s: %s", f->object, f->text);

	out_print("%-9s", levels[f->level]);
	cmd_print_words(line, 9, 9);
	if (f->fix) {
		out_print("%-9s", "");
		cmd_print_words(f->fix, 9, 9);
	}
	if (f->source)
		out_print("%9s%s\n", "", f->source);
}

static void print_verdict(const struct doctor *d)
{
	size_t i;

	for (i = 0; i < d->n_devices; i++)
		out_print("%s: %s\n", d->devices[i]->bdf,
			  doctor_is_ready(d, d->devices[i]) ? "ready" : "not ready");
	if (!d->n_devices)
		out_print("host: %s; no FPGA card, and no device bound to " FV_DRIVER "\n",
			  doctor_count(d, DOCTOR_ERROR) ? "not ready" : "ready");
}

static void print(const struct doctor *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		print_finding(&d->findings[i]);
	if (d->n)
		out_raw("\n");
	print_verdict(d);
	if (d->unchecked.n) {
		autofree char *files = strv_join(&d->unchecked, " ");

		out_raw("Not checked, as only root may read it: ");
		cmd_print_words(files, 39, 4);
	}
}

static int find_devices(struct doctor *d, const struct cmd_ctx *ctx)
{
	size_t i;
	int code;

	d->devices = util_alloc(d->m->n, sizeof(*d->devices));
	if (ctx->args.n) {
		d->devices[0] = target_find(d->m, ctx->args.v[0], "doctor", &code);
		d->n_devices = !!d->devices[0];
		return d->n_devices ? FV_OK : code;
	}
	for (i = 0; i < d->m->n; i++)
		if (device_is_card(&d->m->devices[i]))
			d->devices[d->n_devices++] = &d->m->devices[i];
	return FV_OK;
}

static int run(const struct cmd_ctx *ctx)
{
	struct doctor d = { .m = ctx->model };
	int code = find_devices(&d, ctx);

	if (!code) {
		doctor_run(&d);
		if (ctx->is_json)
			print_json(&d);
		else
			print(&d);
		code = doctor_count(&d, DOCTOR_ERROR) ? FV_NOT_READY : FV_OK;
	}
	doctor_free(&d);
	free(d.devices);
	return code;
}

FV_COMMAND(doctor) = {
	.name = "doctor",
	.group = CMD_SET_UP,
	.args = "[BDF]",
	.help = "find what prevents passing a card to a VM, and the fix",
	.text = "Checks firmware, kernel, IOMMU groups, drivers and settings of this host for\n"
		"passing a card to a VM, and prints each cause with its fix, worst first. An error\n"
		"prevents it or endangers the host, a warning is a risk or a loss, a note is good\n"
		"to know. Without BDF, checks all FPGA cards, and devices bound to\n"
		FV_DRIVER ".\n\n"
		"The command changes nothing. Without root, it names the files that it could not\n"
		"check.",
	.examples = "  fpgactl doctor\n"
		    "  fpgactl doctor 01:00.0\n"
		    "  fpgactl doctor --json | jq -r '.findings[] | select(.level == \"error\").code'",
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	.run = run,
};
