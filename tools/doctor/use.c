// SPDX-License-Identifier: GPL-2.0
/* doctor: a card that the host itself uses */
#include <string.h>

#include "doctor/doctor.h"
#include "host/guard.h"

#define FIX	"Stop what uses it on the host, or pass another card."

/* Virtual functions are no use by the host; see functions.c for them. */
static const char *find_use(struct doctor *d, const struct pci_func *dev)
{
	autofree char *vfs = guard_virtual_functions(dev);
	const char *why = doctor_host_use(d, dev);

	return why && vfs && !strcmp(why, vfs) ? NULL : why;
}

/* Functions in the same group go to the VM with the device, those in others need not. */
static void check(struct doctor *d, const struct pci_func *dev)
{
	const char *why = find_use(d, dev);
	const struct pci_func *other = NULL;

	if (why)
		doctor_add(d, DOCTOR_ERROR, "host-use", dev->bdf, FIX, "the host needs it: %s",
			   why);
	while (!*dev->physfn && dev->group != FV_NO_GROUP &&
	       (other = device_next_function(d->m, dev, other))) {
		why = other->group == dev->group && !doctor_is_target(d, other) ?
		      find_use(d, other) : NULL;
		if (why)
			doctor_add(d, DOCTOR_ERROR, "host-use", dev->bdf, FIX,
				   "the host needs %s of the same card and group: %s", other->bdf,
				   why);
	}
}

DOCTOR_CHECK(use) = {
	.name = "use by the host",
	.device = check,
};
