// SPDX-License-Identifier: GPL-2.0
/* The way to reprogram cards where the host does not stand a lost link. */
#include <string.h>

#include "doctor/silence.h"
#include "host/pcieport.h"

/* Of a card, the first function counts: a policy is for the link. */
static bool is_first(const struct doctor *d, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (*d->devices[n]->port && !strcmp(d->devices[i]->port, d->devices[n]->port))
			return false;
	return !*d->devices[n]->physfn;
}

static bool is_below(const struct doctor *d, const struct strv *roots, const struct pci_func *dev)
{
	const struct pci_func *root = pcieport_root(d->m, dev);

	return !roots || (root && strv_has(roots, root->bdf));
}

/**
 * silence_advice() - Say how to reprogram cards without a lost link that the host sees.
 * @d: the doctor
 * @roots: root ports of the cards; NULL: all
 *
 * Return: a sentence with a command for each card, to be freed by the caller.
 */
char *silence_advice(const struct doctor *d, const struct strv *roots)
{
	char *s = util_strdup("Reprogram cards by fpgactl reprogram only, which silences the port and "
			      "disables its link:");
	bool is_next = false;
	size_t i;

	for (i = 0; i < d->n_devices; i++) {
		if (!is_first(d, i) || !is_below(d, roots, d->devices[i]))
			continue;
		util_append(&s, "%s fpgactl policy %s link-disable=on", is_next ? " &&" : "",
			    d->devices[i]->bdf);
		is_next = true;
	}
	return s;
}
