// SPDX-License-Identifier: GPL-2.0
/* fpgactl show: all properties of one device */
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>

#include "cmd/cmd.h"
#include "cmd/device_row.h"
#include "host/bars.h"
#include "host/caps.h"
#include "host/guard.h"
#include "host/model.h"
#include "host/names.h"
#include "host/sysfs.h"
#include "host/targets.h"
#include "model/card.h"
#include "model/counters.h"
#include "model/holders.h"
#include "model/status.h"
#include "util/json.h"

/* Source of the fields below. */
struct facts {
	struct device_row of;
	struct caps caps;
	struct holders holders;		/* of this device */
	bool is_group_held;
	struct counters_list counters;	/* at most one entry */
	struct status_list said;		/* driver status, at most one entry */
	struct card card;			/* only if fenced */
};

static struct json_object *value_subsystem_id(const void *p)
{
	const struct facts *f = p;
	autofree char *id = util_printf("%04x:%04x", f->of.d->subvendor, f->of.d->subdevice);

	return f->of.d->subvendor ? json_object_new_string(id) : NULL;
}

static struct json_object *value_subsystem(const void *p)
{
	const struct facts *f = p;
	autofree char *name = NULL;

	if (f->of.d->subvendor)
		name = names_subsystem(f->of.d->vendor, f->of.d->device, f->of.d->subvendor,
				       f->of.d->subdevice);
	return json_string(name);
}

static struct json_object *value_revision(const void *p)
{
	autofree char *revision = util_printf("%02x", ((const struct facts *)p)->of.d->revision);

	return json_object_new_string(revision);
}

static char *text_responding(const void *p)
{
	const struct facts *f = p;
	char *s = device_silence(f->of.m, f->of.d);

	return s ? s : util_strdup("");
}

static struct json_object *value_class_code(const void *p)
{
	const struct pci_func *d = ((const struct facts *)p)->of.d;
	autofree char *code = util_printf("%06x", d->class);

	return json_string(d->has_class ? code : NULL);
}

static struct json_object *value_bridge(const void *p)
{
	return json_object_new_boolean(((const struct facts *)p)->of.d->is_bridge);
}

static char *text_group(const void *p)
{
	const struct facts *f = p;

	return f->of.group ? util_printf("%d", f->of.group->id) : util_strdup("none");
}

/* Other members of the group. */
static struct json_object *value_members(const void *p)
{
	const struct facts *f = p;
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; f->of.group && i < f->of.group->n; i++) {
		const struct pci_func *d = f->of.group->members[i];
		struct json_object *o;

		if (d == f->of.d)
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "bdf", json_object_new_string(d->bdf));
		json_object_object_add(o, "driver", json_string(d->driver));
		json_object_object_add(o, "bridge", json_object_new_boolean(d->is_bridge));
		json_object_array_add(list, o);
	}
	return list;
}

static char *text_members(const void *p)
{
	const struct facts *f = p;
	char *s = util_strdup("");
	size_t i;

	for (i = 0; f->of.group && i < f->of.group->n; i++) {
		const struct pci_func *d = f->of.group->members[i];
		autofree char *driver = util_printable(d->driver ? d->driver : "none");

		if (d != f->of.d)
			util_append(&s, "%s%s (driver: %s)", *s ? "\n" : "", d->bdf, driver);
	}
	return s;
}

/* Functions of the same card in other groups: a VM gets them apart. */
static struct json_object *value_other_groups(const void *p)
{
	const struct facts *f = p;
	struct json_object *list = json_object_new_array();
	const struct pci_func *other = NULL;

	while ((other = device_next_function(f->of.m, f->of.d, other))) {
		struct json_object *o;

		if (other->group == f->of.d->group)
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "bdf", json_object_new_string(other->bdf));
		json_object_object_add(o, "group", other->group == FV_NO_GROUP ? NULL :
				       json_object_new_int(other->group));
		json_object_object_add(o, "driver", json_string(other->driver));
		json_object_array_add(list, o);
	}
	return list;
}

static char *text_other_groups(const void *p)
{
	const struct facts *f = p;
	const struct pci_func *other = NULL;
	char *s = util_strdup("");

	while ((other = device_next_function(f->of.m, f->of.d, other))) {
		autofree char *driver = util_printable(other->driver ? other->driver : "none");

		if (other->group != f->of.d->group)
			util_append(&s, "%s%s (group %d, driver: %s)", *s ? "\n" : "", other->bdf,
				    other->group, driver);
	}
	return s;
}

static struct json_object *value_vfs(const void *p)
{
	const struct facts *f = p;
	long long n;

	if (!sysfs_read_number(&n, "/sys/bus/pci/devices/%s/sriov_numvfs", f->of.d->bdf) || n < 0)
		return NULL;
	return json_object_new_int64(n);
}

static struct json_object *value_power(const void *p)
{
	const struct facts *f = p;
	autofree char *state = sysfs_read("/sys/bus/pci/devices/%s/power_state", f->of.d->bdf);

	return json_string(state);
}

static char *text_passthrough(const void *p)
{
	const struct facts *f = p;
	char *text = f->of.group ? group_verdict(f->of.group) : util_strdup("no IOMMU group");

	if (f->is_group_held && group_is_viable(f->of.group))
		util_append(&text, ", in use");
	return text;
}

static struct json_object *value_blockers(const void *p)
{
	const struct facts *f = p;
	struct json_object *list;

	if (f->of.group)
		return group_blockers(f->of.group);
	list = json_object_new_array();
	json_object_array_add(list, json_blocker("no-iommu-group", f->of.d->bdf, f->of.d->driver,
						 NULL));
	return list;
}

static char *text_link(const void *p)
{
	const struct pci_link *link = &((const struct facts *)p)->of.d->link;
	char *s = link_text(link);

	if (link_is_present(link) && link->port_max_speed_mts && link->port_max_width)
		util_append(&s, " (port: %g GT/s x%u)", link->port_max_speed_mts / 1000.0,
			    link->port_max_width);
	return s;
}

static char *text_driver(const void *p)
{
	const struct facts *f = p;

	return util_printable(f->of.d->driver ? f->of.d->driver : "none");
}

static struct json_object *value_override(const void *p)
{
	return json_string(((const struct facts *)p)->of.d->driver_override);
}

static char *text_override(const void *p)
{
	const struct pci_func *d = ((const struct facts *)p)->of.d;
	char *s = util_printable(d->driver_override ? d->driver_override : "");
	autofree char *advice = NULL;

	if (device_has_old_override(d)) {
		advice = device_override_advice(d);
		util_append(&s, " (old name of %s; %s)", FV_DRIVER, advice);
	}
	return s;
}

static struct json_object *value_state(const void *p)
{
	const struct facts *f = p;

	return f->said.n ? status_state_json(&f->said.v[0]) : NULL;
}

static char *text_state(const void *p)
{
	const struct facts *f = p;

	return f->said.n ? status_text(&f->said.v[0]) : util_strdup("");
}

static struct json_object *value_reason(const void *p)
{
	const struct facts *f = p;

	return json_string(f->said.n ? f->said.v[0].reason : NULL);
}

static struct json_object *value_fence(const void *p)
{
	return card_fence_json(&((const struct facts *)p)->card.fence);
}

static char *text_fence(const void *p)
{
	const struct facts *f = p;
	char *s = card_fence_text(&f->card.fence);

	if (*s)
		util_append(&s, "; to end the fence: fpgactl recover %s%s",
			    f->card.fence.is_detached ? "" : "--force ", f->of.d->bdf);
	return s;
}

static struct json_object *value_profile(const void *p)
{
	const struct facts *f = p;

	return json_string(f->said.n ? f->said.v[0].profile : NULL);
}

static struct json_object *value_in_use(const void *p)
{
	autofree char *why = guard_in_use(((const struct facts *)p)->of.d, false);

	return json_string(why);
}

static struct json_object *value_numa(const void *p)
{
	const struct facts *f = p;
	long long node;

	if (!sysfs_read_number(&node, "/sys/bus/pci/devices/%s/numa_node", f->of.d->bdf) ||
	    node < 0)
		return NULL;
	return json_object_new_int64(node);
}

static struct json_object *value_bars(const void *p)
{
	return bars_json(((const struct facts *)p)->of.d->bdf);
}

static char *text_bars(const void *p)
{
	return bars_text(((const struct facts *)p)->of.d->bdf);
}

/* In the order of the PCI core. */
static struct json_object *value_resets(const void *p)
{
	const struct facts *f = p;
	autofree char *methods = sysfs_read("/sys/bus/pci/devices/%s/reset_method", f->of.d->bdf);
	struct json_object *list = json_object_new_array();
	char *word, *rest = methods;

	while ((word = strsep(&rest, " \n")))
		if (*word)
			json_object_array_add(list, json_word(word));
	return list;
}

static char *text_resets(const void *p)
{
	const struct facts *f = p;
	autofree char *methods = sysfs_read("/sys/bus/pci/devices/%s/reset_method", f->of.d->bdf);

	return util_printable(methods && *methods ? methods : "none");
}

static struct json_object *known_json(enum fv_known known)
{
	return known == FV_UNKNOWN ? NULL : json_object_new_boolean(known == FV_YES);
}

static struct json_object *value_capabilities(const void *p)
{
	const struct caps *c = &((const struct facts *)p)->caps;
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "flr", known_json(c->flr));
	json_object_object_add(o, "aer", known_json(c->aer));
	json_object_object_add(o, "msi", known_json(c->msi));
	json_object_object_add(o, "msix", known_json(c->msix));
	json_object_object_add(o, "msix_vectors", c->msix == FV_YES ?
			       json_object_new_int((int)c->msix_vectors) : NULL);
	json_object_object_add(o, "sriov", known_json(c->sriov));
	json_object_object_add(o, "sriov_total_vfs", c->sriov == FV_YES ?
			       json_object_new_int((int)c->sriov_total_vfs) : NULL);
	return o;
}

static void append_known(char **s, const char *name, enum fv_known known, const char *unit,
			 unsigned int n)
{
	static const char *const word[] = { "unknown", "no", "yes" };

	util_append(s, "%s%s %s", *s ? ", " : "", name, word[known + 1]);
	if (unit && known == FV_YES)
		util_append(s, " (%u %s)", n, unit);
}

static char *text_capabilities(const void *p)
{
	const struct caps *c = &((const struct facts *)p)->caps;
	char *s = NULL;

	if (((const struct facts *)p)->of.d->is_silent)
		return util_strdup("unknown: no response");
	append_known(&s, "FLR", c->flr, NULL, 0);
	append_known(&s, "AER", c->aer, NULL, 0);
	append_known(&s, "MSI", c->msi, NULL, 0);
	append_known(&s, "MSI-X", c->msix, "vectors", c->msix_vectors);
	append_known(&s, "SR-IOV", c->sriov, "VFs", c->sriov_total_vfs);
	if (c->msix == FV_UNKNOWN)
		util_append(&s, "; unknown ones need root");
	return s;
}

static struct json_object *value_holders(const void *p)
{
	return holders_json(&((const struct facts *)p)->holders);
}

static char *text_holders(const void *p)
{
	const struct facts *f = p;

	if (f->holders.n || !device_is_vfio(f->of.d))
		return holders_text(&f->holders);
	return util_strdup(f->holders.unseen ? "not visible to the caller; run as root" : "none");
}

static struct json_object *value_complete(const void *p)
{
	return json_object_new_boolean(!((const struct facts *)p)->holders.unseen);
}

static struct json_object *value_counters(const void *p)
{
	const struct facts *f = p;

	return f->counters.n ? counters_json(&f->counters.v[0]) : NULL;
}

static char *text_counters(const void *p)
{
	const struct facts *f = p;
	char *s = util_strdup("");
	size_t i;

	if (!f->counters.n)
		return s;
	for (i = 0; i < COUNTERS_N; i++) {
		autofree char *label = counters_label(i);
		autofree char *value = counters_text(i, f->counters.v[0].value[i]);

		if (f->counters.v[0].value[i])
			util_append(&s, "%s%s %s", *s ? "\n" : "", label, value);
	}
	if (!*s)
		util_append(&s, "all zero");
	return s;
}

static struct json_object *value_reset_time(const void *p)
{
	const struct facts *f = p;

	return f->counters.n ? resettime_json(&f->counters.v[0].resets) : NULL;
}

static char *text_reset_time(const void *p)
{
	const struct facts *f = p;

	return f->counters.n ? resettime_text(&f->counters.v[0].resets) : util_strdup("");
}

/* For fields shown only in JSON. */
static char *text_nothing(const void *p)
{
	(void)p;
	return util_strdup("");
}

static const struct out_column field[] = {
	{ "Device", "bdf", NULL, 0, device_row_bdf, NULL },
	{ "Name", "name", NULL, 0, device_row_name, NULL },
	{ "ID", "id", NULL, 0, device_row_id, device_row_text_id },
	{ "Subsystem", "subsystem", NULL, 0, value_subsystem, NULL },
	{ "Subsystem ID", "subsystem_id", NULL, 0, value_subsystem_id, NULL },
	{ "Revision", "revision", NULL, 0, value_revision, NULL },
	{ "Class", "class", NULL, 0, device_row_class, NULL },
	{ "Class code", "class_code", NULL, 0, value_class_code, NULL },
	{ "Bridge", "bridge", NULL, 0, value_bridge, text_nothing },
	{ "IOMMU group", "group", NULL, 0, device_row_group, text_group },
	{ "Other members", "members", NULL, 0, value_members, text_members },
	{ "In other groups", "other_groups", NULL, 0, value_other_groups, text_other_groups },
	{ "Passthrough", "passthrough", NULL, 0, device_row_passthrough,
	  text_passthrough },
	{ "Blockers", "blockers", NULL, 0, value_blockers, text_nothing },
	{ "Response", "responding", NULL, 0, device_row_responding, text_responding },
	{ "Power state", "power_state", NULL, 0, value_power, NULL },
	{ "VF of", "physical_function", NULL, 0, device_row_physfn, NULL },
	{ "VFs enabled", "num_vfs", NULL, 0, value_vfs, NULL },
	{ "Port", "port", NULL, 0, device_row_port, NULL },
	{ "Link", "link", NULL, 0, device_row_link, text_link },
	{ "Driver", "driver", NULL, 0, device_row_driver, text_driver },
	{ "Driver override", "driver_override", NULL, 0, value_override, text_override },
	{ "State", "state", NULL, 0, value_state, text_state },
	{ "Reason", "reason", NULL, 0, value_reason, text_nothing },
	{ "Fenced by", "fence", NULL, 0, value_fence, text_fence },
	{ "Profile", "profile", NULL, 0, value_profile, NULL },
	{ "In use by host", "host_use", NULL, 0, value_in_use, NULL },
	{ "NUMA node", "numa_node", NULL, 0, value_numa, NULL },
	{ "Regions", "bars", NULL, 0, value_bars, text_bars },
	{ "Reset methods", "reset_methods", NULL, 0, value_resets, text_resets },
	{ "Capabilities", "capabilities", NULL, 0, value_capabilities, text_capabilities },
	{ "Held by", "users", NULL, 0, value_holders, text_holders },
	{ "Holders complete", "users_complete", NULL, 0, value_complete, text_nothing },
	{ "Successful resets", "reset_durations", NULL, 0, value_reset_time, text_reset_time },
	{ "Statistics", "counters", NULL, 0, value_counters, text_counters },
};

static const struct out_columns fields = { field, ARRAY_SIZE(field) };

/* Properties known only to the driver. */
static int ask_driver(struct facts *f)
{
	autofree char *why = NULL;
	int code = counters_read_device(&f->counters, f->of.d->bdf);

	if (code)
		return code;
	code = status_fetch(&f->said, f->of.d->bdf, &why);
	if (code < 0)
		return fv_nl_fail(code, f->of.d->bdf, "show", NULL, why);
	if (code)
		return fv_nl_fail_open(code, f->of.d->bdf, "show", why);
	if (f->said.v[0].has_state && f->said.v[0].state == FPGA_VFIO_CARD_STATE_FENCED)
		return card_read(&f->card, f->of.d, "show");
	return FV_OK;
}

static int run(const struct cmd_ctx *ctx)
{
	struct facts f = {};
	struct holders all;
	int code;

	f.of.m = ctx->model;
	f.of.d = target_find(ctx->model, ctx->args.v[0], "show", &code);
	if (!f.of.d)
		return code;
	f.of.group = f.of.d->group == FV_NO_GROUP ? NULL : model_group(ctx->model, f.of.d->group);
	caps_read(&f.caps, f.of.d->bdf);
	holders_scan(&all);
	holders_of(&all, f.of.d, &f.holders);
	f.is_group_held = f.of.group && holders_any_in(&all, f.of.group);
	holders_free(&all);
	if (device_is_bound(f.of.d) && sysfs_is_live())
		code = ask_driver(&f);
	if (!code && ctx->is_json)
		out_json(out_json_record(&fields, &f));
	else if (!code)
		out_record(&fields, &f);
	card_free(&f.card);
	status_free(&f.said);
	counters_free(&f.counters);
	holders_free(&f.holders);
	return code;
}

FV_COMMAND(show) = {
	.name = "show",
	.group = CMD_INSPECT,
	.args = "BDF",
	.help = "show all facts about one device",
	.text = "Prints all facts about one device: IDs and names, IOMMU group and its other members,\n"
		"link, driver, state, regions, reset methods, holders, statistics.",
	.examples = "  fpgactl show 01:00.0\n"
		    "  fpgactl show --json 01:00.0 | jq '.link.degraded'",
	.min_args = 1,
	.max_args = 1,
	.words = CMD_WORDS_BDF,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	.run = run,
};
