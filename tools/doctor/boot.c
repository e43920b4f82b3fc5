// SPDX-License-Identifier: GPL-2.0
/* doctor: drivers of the host that take a card at boot */
#include <string.h>

#include "config/match.h"
#include "doctor/doctor.h"
#include "host/bars.h"
#include "host/modprobe.h"
#include "host/modules.h"
#include "host/sysfs.h"

/*
 * A driver that matches by class alone looks closer in its probe. 8250_pci, for the class that
 * XDMA designs have by default, wants a board with an I/O region (serial_pci_guess_board()). One
 * that is there and has not taken a free device does not want it.
 */
static bool may_take(const struct module_match *m, const struct pci_func *dev)
{
	if (!m->is_by_class)
		return true;
	if (modules_same_name(m->name, "8250_pci"))
		return bars_have_io(dev->bdf);
	return dev->driver || dev->driver_override ||
	       !(m->is_built_in || sysfs_exists("/sys/module/%s", m->name));
}

/* True if a card file has the device bound, by a driver_override, before udev loads modules. */
static bool is_bound_at_boot(const struct doctor *d, const struct pci_func *dev)
{
	autostrv struct strv paths = {};
	bool is_bound = false;
	size_t i, j;

	cardfile_list(&paths);
	for (i = 0; i < paths.n && !is_bound; i++) {
		autofree char *why = NULL;
		struct match m = {};
		struct cardfile f;

		if (!cardfile_read(&f, paths.v[i], &why) && cardfile_binds(&f)) {
			match_card(&m, &f, NULL, d->m);
			for (j = 0; j < f.n && m.verdict == MATCH_OK; j++)
				is_bound |= f.functions[j].is_bound && !strcmp(m.bdf[j], dev->bdf);
		}
		match_free(&m);
		cardfile_free(&f);
	}
	return is_bound;
}

static void report(struct doctor *d, const struct module_match *m, const struct pci_func *dev,
		   bool is_bound)
{
	bool is_used = doctor_host_use(d, dev);
	autofree char *fix = util_printf("fpgactl bind --persist %s", dev->bdf);

	if (m->is_built_in)
		doctor_add(d, DOCTOR_WARNING, "built-in-driver", dev->bdf,
			   is_bound || is_used ? NULL : fix,
			   "%s is built into the kernel: it starts the card at each boot, before any setting can keep it away",
			   m->name);
	else if (!is_bound)
		doctor_add(d, DOCTOR_NOTE, "host-driver", dev->bdf, is_used ? NULL : fix,
			   "module %s takes the card at boot, and has it until the card is bound",
			   m->name);
}

/* udev loads all modules with a matching alias; the command line may forbid a built-in one, too. */
static void check(struct doctor *d, const struct pci_func *dev)
{
	autofree char *release = modules_release();
	struct module_matches found = {};
	struct modprobe settings = {};
	bool is_bound;
	size_t i;

	if (!release)
		return;
	modules_match(&found, release, dev);
	if (found.n)
		modprobe_read(&settings);
	is_bound = found.n && is_bound_at_boot(d, dev);
	for (i = 0; i < found.n; i++)
		if (may_take(&found.v[i], dev) &&
		    (found.v[i].is_built_in || !modprobe_never_loads(&settings, found.v[i].name)))
			report(d, &found.v[i], dev, is_bound);
	modprobe_free(&settings);
	module_matches_free(&found);
}

DOCTOR_CHECK(boot) = {
	.name = "drivers of the host",
	.device = check,
};
