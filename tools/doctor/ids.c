// SPDX-License-Identifier: GPL-2.0
/*
 * doctor: devices that vfio-pci or pci-stub take by their ids: vfio-pci.ids= on the kernel command
 * line, or "options vfio-pci ids=" in modprobe.d
 */
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/ids.h"
#include "host/model.h"
#include "host/modprobe.h"
#include "host/modules.h"

static const char *const takers[] = { "vfio-pci", "pci-stub" };

/* Where the ids of a taker are from, and what they are. */
struct ids {
	const char *taker;
	const struct modprobe_rule *rule;
	char *value;
};

/* The entry that takes the device, to be freed by the caller; NULL: none. */
static char *find_entry(const struct ids *ids, const struct pci_func *d)
{
	autofree char *copy = util_strdup(ids->value);
	char *word, *rest = copy;
	struct ids_entry e;

	while (rest && (word = strsep(&rest, ",")))
		if (ids_parse(word, &e, NULL) >= 2 && ids_match(&e, d))
			return util_strdup(word);
	return NULL;
}

static bool is_cmdline(const struct modprobe_rule *rule)
{
	return !strcmp(rule->file, MODPROBE_CMDLINE);
}

/* Where a rule is: for messages. */
static char *place(const struct modprobe_rule *rule)
{
	return is_cmdline(rule) ? util_strdup("the kernel command line") : util_strdup(rule->file);
}

static void report_overridden(struct doctor *d, const struct ids *old, const char *by)
{
	autofree char *fix = util_printf("Put all ids of %s into one place.", old->taker);
	autofree char *where = place(old->rule);

	doctor_add(d, DOCTOR_WARNING, "ids-overridden", is_cmdline(old->rule) ? DOCTOR_HOST : where,
		   fix, "ids=%s of %s has no effect: %s", old->value, old->taker, by);
}

/*
 * modprobe gives all settings to the module, those of the command line last; the last one counts
 * (module_param_string()). A driver that is built in sees only the command line.
 */
static bool find_ids(struct doctor *d, const struct modprobe *m, const char *taker, struct ids *ids)
{
	autofree char *release = modules_release();
	bool is_built_in = release && modules_find(release, taker, NULL) == MODULE_BUILT_IN;
	size_t i;

	*ids = (struct ids) { .taker = taker };
	for (i = 0; i < m->n; i++) {
		struct ids this = { taker, &m->v[i], modprobe_option(&m->v[i], taker, "ids") };

		if (!this.value)
			continue;
		if (is_built_in && !is_cmdline(this.rule)) {
			report_overridden(d, &this, "the driver is built in, and reads only the kernel command line");
			free(this.value);
			continue;
		}
		if (ids->value && strcmp(ids->value, this.value) != 0) {
			autofree char *where = place(this.rule);
			autofree char *by = util_printf("ids=%s in %s replaces it", this.value,
							where);

			report_overridden(d, ids, by);
		}
		free(ids->value);
		*ids = this;
	}
	return ids->value;
}

/* True if the card has another function before @end that is to be passed, and that the ids have. */
static bool has_target(const struct doctor *d, const struct ids *ids, const struct pci_func *dev,
		       const struct pci_func *end)
{
	const struct pci_func *other = NULL;

	while (!*dev->physfn && (other = device_next_function(d->m, dev, other)) && other < end) {
		autofree char *entry = find_entry(ids, other);

		if (entry && doctor_is_target(d, other))
			return true;
	}
	return false;
}

/* The functions of a card that the ids have, and their entries. */
struct taken {
	struct strv functions, entries;
};

static void add_taken(struct taken *t, const struct ids *ids, const struct pci_func *dev)
{
	autofree char *entry = find_entry(ids, dev);

	if (!entry || dev->is_bridge)
		return;
	strv_add(&t->functions, dev->bdf);
	if (!strv_has(&t->entries, entry))
		strv_add(&t->entries, entry);
}

/* The word of the kernel command line that has the ids. */
static char *word_of(const struct ids *ids)
{
	return util_printf("%s.%s", ids->rule->module, ids->rule->value);
}

/*
 * The command that puts card files in place of all entries of a card, where it removes these: all
 * devices that they take are to be passed. Else one that only binds the card.
 */
static char *card_command(struct doctor *d, const struct ids *ids, const struct pci_func *dev,
			  const struct strv *entries)
{
	autofree char *word = word_of(ids);
	autofree char *change = util_printf("-%s", word);
	bool may = is_cmdline(ids->rule) ? words_are_planned(change) :
		   !strncmp(ids->rule->file, "/etc/modprobe.d/", 16);
	autostrv struct strv all = {};
	autofree char *list = NULL;
	size_t i;

	for (i = 0; i < d->m->n && may; i++) {
		const struct pci_func *other = &d->m->devices[i];
		autofree char *entry = find_entry(ids, other);

		if (!entry || !strv_has(entries, entry))
			continue;
		may = doctor_may_convert(d, other) &&
		      (doctor_is_target(d, other) || device_is_same_card(other, dev));
		strv_add(&all, other->bdf);
	}
	list = strv_join(&all, " ");
	return may ? util_printf("fpgactl config --convert --apply %s", list) :
		     util_printf("fpgactl bind --persist %s", dev->bdf);
}

/* True if card files keep all these functions from the driver, which cannot be built in then. */
static bool are_bound(struct doctor *d, const char *taker, const struct strv *functions)
{
	autofree char *release = modules_release();
	size_t i;

	if (release && modules_find(release, taker, NULL) == MODULE_BUILT_IN)
		return false;
	for (i = 0; i < functions->n; i++)
		if (!strv_has(doctor_bound(d), functions->v[i]))
			return false;
	return true;
}

/* One finding for the card, as its functions are bound and passed together. */
static void check_card(struct doctor *d, const struct ids *ids, const struct pci_func *dev)
{
	autofree char *where = place(ids->rule);
	autofree char *bind = util_printf("fpgactl bind --persist %s", dev->bdf);
	autofree char *entries = NULL, *functions = NULL, *fix = NULL, *command = NULL;
	const struct pci_func *other = NULL;
	struct taken t = {};

	if (has_target(d, ids, dev, dev))
		return;
	add_taken(&t, ids, dev);
	while (!*dev->physfn && (other = device_next_function(d->m, dev, other)))
		add_taken(&t, ids, other);
	entries = strv_join(&t.entries, ", ");
	functions = strv_join(&t.functions, ", ");
	command = card_command(d, ids, dev, &t.entries);
	if (doctor_host_use(d, dev))
		fix = util_printf("Remove %s from %s: ids mean all devices of a kind.", entries,
				  where);
	else
		fix = util_printf("Remove %s from %s, and bind the card by its slot: %s", entries,
				  where, command);
	if (are_bound(d, ids->taker, &t.functions))
		;	/* they have a driver_override by then */
	else if (t.functions.n > 1)
		doctor_add(d, DOCTOR_WARNING, "ids-take-card", dev->bdf, fix,
			   "%s takes each device %s at boot, of this card %s: ids= in %s",
			   ids->taker, entries, functions, where);
	else
		doctor_add(d, DOCTOR_WARNING, "ids-take-card", dev->bdf, fix,
			   "%s takes each device %s at boot: ids= in %s", ids->taker, entries,
			   where);
	for (other = NULL; (other = device_next_function(d->m, dev, other));)
		if (!strv_has(&t.functions, other->bdf) && device_is_in_the_way(other))
			doctor_add(d, DOCTOR_WARNING, "ids-miss-function", dev->bdf,
				   doctor_host_use(d, other) ? NULL : bind,
				   "ids= in %s does not have %04x:%04x, %s of the same card, which %s has",
				   where, other->vendor, other->device, other->bdf, other->driver);
	strv_free(&t.functions);
	strv_free(&t.entries);
}

/* vfio-pci takes no bridge; check_card() names the functions of a card. */
static void check_other(struct doctor *d, const struct ids *ids, const struct pci_func *dev,
			const char *entry)
{
	const char *why = doctor_host_use(d, dev);
	autofree char *where = place(ids->rule);
	autofree char *fix = util_printf("Remove %s from %s: ids mean all devices of a kind.",
					 entry, where);

	autofree char *word = word_of(ids);
	autofree char *change = words_without(word, entry);

	if (why)
		doctor_add(d, DOCTOR_ERROR, "ids-take-host-device", dev->bdf, fix,
			   "%s takes it at boot, as ids= in %s has %s, but the host needs it: %s",
			   ids->taker, where, entry, why);
	else if (device_is_in_the_way(dev) && !has_target(d, ids, dev, d->m->devices + d->m->n))
		doctor_add(d, DOCTOR_WARNING, "ids-take-host-device", dev->bdf, fix,
			   "%s takes it at boot from %s, as ids= in %s has %s", ids->taker,
			   dev->driver, where, entry);
	else
		return;
	if (is_cmdline(ids->rule))
		doctor_set_words(d, "%s", change);
}

static void check_devices(struct doctor *d, const struct ids *ids)
{
	size_t i;

	for (i = 0; i < d->m->n; i++) {
		const struct pci_func *dev = &d->m->devices[i];
		autofree char *entry = find_entry(ids, dev);

		if (!entry || dev->is_bridge)
			continue;
		if (doctor_is_target(d, dev))
			check_card(d, ids, dev);
		else
			check_other(d, ids, dev, entry);
	}
}

/* The words of the command line are another check's. */
static void check_entries(struct doctor *d, const struct ids *ids)
{
	autofree char *copy = util_strdup(ids->value);
	char *word, *rest = copy;
	struct ids_entry e;

	while (!is_cmdline(ids->rule) && rest && (word = strsep(&rest, ",")))
		if (*word && ids_parse(word, &e, NULL) < 2)
			doctor_add(d, DOCTOR_WARNING, "ids-invalid", ids->rule->file,
				   "An entry is VENDOR:DEVICE as lspci -n prints it, such as 10ee:9038.",
				   "%s ignores '%s' of its ids", ids->taker, word);
}

/*
 * What works for vfio-pci does not for this driver: it has no parameter "ids", and its table only
 * matches devices with a driver_override (PCI_DRIVER_OVERRIDE_DEVICE_VFIO), so loading it first
 * takes no card.
 */
static void check_own(struct doctor *d, const struct modprobe *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct modprobe_rule *r = &m->v[i];
		autofree char *value = modprobe_option(r, FV_MODULE, "ids");
		const char *object = is_cmdline(r) ? DOCTOR_HOST : r->file;
		autofree char *where = place(r);

		if (value)
			doctor_add(d, DOCTOR_WARNING, "driver-has-no-ids", object,
				   "Remove it, and run fpgactl bind --persist for each card.",
				   FV_MODULE " ignores ids=%s in %s: it has no such parameter",
				   value, where);
		if (!strcmp(r->command, "softdep") &&
		    (strstr(r->value, FV_MODULE) || strstr(r->value, FV_OLD_DRIVER)))
			doctor_add(d, DOCTOR_NOTE, "softdep-takes-no-card", object,
				   "Run fpgactl bind --persist for each card.",
				   FV_MODULE " is loaded before %s, but takes no card by itself",
				   r->module);
	}
}

static void check(struct doctor *d)
{
	const struct modprobe *m = doctor_modprobe(d);
	struct ids ids;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(takers); i++) {
		if (!find_ids(d, m, takers[i], &ids))
			continue;
		check_devices(d, &ids);
		check_entries(d, &ids);
		free(ids.value);
	}
	check_own(d, m);
}

DOCTOR_CHECK(ids) = {
	.name = "ids of vfio-pci and pci-stub",
	.host = check,
};
