// SPDX-License-Identifier: GPL-2.0
/* doctor: drivers of the host that take a card at boot */
#include <string.h>

#include "doctor/boot.h"
#include "host/bars.h"
#include "host/sysfs.h"

/*
 * A driver that matches by class alone looks closer in its probe. 8250_pci, for the class that
 * XDMA designs have by default, wants a board with an I/O region (serial_pci_guess_board()). One
 * that is there and has not taken a free device does not want it.
 */
bool boot_may_take(const struct module_match *m, const struct pci_func *dev)
{
	if (!m->is_by_class)
		return true;
	if (modules_same_name(m->name, "8250_pci"))
		return bars_have_io(dev->bdf);
	return dev->driver || dev->driver_override ||
	       !(m->is_built_in || sysfs_exists("/sys/module/%s", m->name));
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
static void check_device(struct doctor *d, const struct pci_func *dev, const struct strv *bound)
{
	struct module_matches found = {};
	size_t i;

	modules_match(&found, doctor_aliases(d), dev);
	for (i = 0; i < found.n; i++)
		if (boot_may_take(&found.v[i], dev) &&
		    (found.v[i].is_built_in ||
		     !modprobe_never_loads(doctor_modprobe(d), found.v[i].name)))
			report(d, &found.v[i], dev, strv_has(bound, dev->bdf));
	module_matches_free(&found);
}

static void check(struct doctor *d)
{
	size_t i;

	for (i = 0; i < d->n_devices; i++)
		check_device(d, d->devices[i], doctor_bound(d));
}

DOCTOR_CHECK(boot) = {
	.name = "drivers of the host",
	.host = check,
};
