// SPDX-License-Identifier: GPL-2.0
/* doctor: card files, by which fpgactl apply binds cards at boot */
#include <stdlib.h>
#include <unistd.h>

#include "config/early.h"
#include "config/match.h"
#include "doctor/doctor.h"
#include "host/sysfs.h"

/* A device that was unbound since the boot, or that another driver took. */
static void check_bound(struct doctor *d, const struct match *m, const struct cardfile *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		const struct pci_func *dev = model_find(d->m, m->bdf[i]);
		autofree char *fix = util_printf("fpgactl apply %s", m->bdf[i]);

		if (f->functions[i].is_bound && dev && !device_is_bound(dev))
			doctor_add(d, DOCTOR_WARNING, "card-not-bound", dev->bdf, fix,
				   "is the device of its card file, but not bound to " FV_DRIVER
				   " (driver: %s)", dev->driver ? dev->driver : "none");
	}
}

/* Only root may read serial numbers. */
static void note_unread(struct doctor *d, const struct match *m, const struct cardfile *f)
{
	size_t i;

	for (i = 0; i < f->n && m->has_unread_serial && geteuid(); i++) {
		autofree char *path = util_printf("/sys/bus/pci/devices/%s/config", m->bdf[i]);

		if (*f->functions[i].id.serial)
			doctor_not_checked(d, path);
	}
}

static void check_file(struct doctor *d, const char *path)
{
	autofree char *fix = util_printf("If it is right as it is now: fpgactl bind --persist BDF; if the file is of no more use: fpgactl config --revert %s",
					 path);
	autofree char *why = NULL;
	struct match m = {};
	struct cardfile f;

	if (cardfile_read(&f, path, &why)) {
		doctor_add(d, DOCTOR_WARNING, "card-file-broken", path,
			   "Mend or remove the file; see fpgactl-cards.d(5).",
			   "nothing is done by this file: %s", why);
	} else {
		match_card(&m, &f, NULL, d->m);
		note_unread(d, &m, &f);
		if (m.verdict == MATCH_OK)
			check_bound(d, &m, &f);
		else
			doctor_add(d, DOCTOR_WARNING, "card-not-matched", path, fix,
				   "%s: nothing is %s: %s", f.slot,
				   cardfile_binds(&f) ? "bound" : "done by the file", m.text);
	}
	match_free(&m);
	cardfile_free(&f);
}

/* A file that cannot be read may be meant to be applied. */
static bool is_applied(const char *path)
{
	autofree char *why = NULL;
	struct cardfile f;
	bool is_applied = cardfile_read(&f, path, &why) || cardfile_is_applied(&f);

	cardfile_free(&f);
	return is_applied;
}

static void check_rule(struct doctor *d)
{
	autofree char *rule = early_rule();
	autofree char *mount = NULL;
	autofree char *program = rule ? early_missing(&mount) : NULL;

	if (!rule)
		doctor_add(d, DOCTOR_WARNING, "card-rule-missing", DOCTOR_HOST,
			   "Install it: make install",
			   "there are card files, but no rule for udev applies them: " EARLY_RULE);
	if (program)
		doctor_add(d, DOCTOR_WARNING, "card-late-mount", program,
			   "Install it to the root file system: make uninstall; make install PREFIX=/usr; then make the initramfs again.",
			   "it is on %s, a separate file system, which is not mounted yet when udev handles the devices of the boot: only an initramfs with card files keeps other drivers away",
			   mount);
}

static void check_cards(struct doctor *d)
{
	autostrv struct strv paths = {};
	bool has_applied = false;
	size_t i;

	cardfile_list(&paths);
	for (i = 0; i < paths.n; i++)
		has_applied |= is_applied(paths.v[i]);
	if (has_applied)
		check_rule(d);
	for (i = 0; i < paths.n; i++)
		check_file(d, paths.v[i]);
}

DOCTOR_CHECK(cards) = {
	.name = "card files",
	.host = check_cards,
};
