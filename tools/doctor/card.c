// SPDX-License-Identifier: GPL-2.0
/* doctor: the groups of a card's functions */
#include "doctor/doctor.h"

/* Functions in other groups, to be freed by the caller; NULL: none. */
static char *list_elsewhere(const struct doctor *d, const struct pci_func *dev)
{
	const struct pci_func *other = NULL;
	char *s = NULL;

	while ((other = device_next_function(d->m, dev, other)))
		if (other->group != dev->group && other->group != FV_NO_GROUP)
			util_append(&s, "%s%s (group %d)", s ? ", " : "", other->bdf, other->group);
	return s;
}

/* VFs have groups of their own on purpose. */
static void check_groups(struct doctor *d, const struct pci_func *dev)
{
	autofree char *elsewhere = NULL;

	if (*dev->physfn || dev->is_bridge || dev->group == FV_NO_GROUP)
		return;
	elsewhere = list_elsewhere(d, dev);
	if (elsewhere)
		doctor_add(d, DOCTOR_NOTE, "card-split", dev->bdf, NULL,
			   "functions of the same card are in other groups: %s; pass all of them to one VM, as "
			   "a hot reset or a new image hits the whole card", elsewhere);
}

DOCTOR_CHECK(card) = {
	.name = "groups of a card's functions",
	.device = check_groups,
};
