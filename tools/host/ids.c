// SPDX-License-Identifier: GPL-2.0
/* Entries of the parameter ids= of vfio-pci and pci-stub. */
#include <stdlib.h>
#include <string.h>

#include "host/ids.h"

/* PCI_ANY_ID of the kernel */
#define ANY	0xffffffffU
#define DIGITS	8

/**
 * ids_parse() - Parse an entry as vfio_pci_fill_ids() and pci_stub_init() do.
 * @text: vendor:device[:subvendor[:subdevice[:class[:mask]]]]
 * @e: result
 * @end: set to what follows, which the kernel ignores; or NULL
 *
 * Return: the number of fields; less than 2 are no entry.
 */
size_t ids_parse(const char *text, struct ids_entry *e, const char **end)
{
	unsigned int *const fields[] = {
		&e->vendor, &e->device, &e->subvendor, &e->subdevice, &e->class, &e->class_mask,
	};
	size_t n, len;

	*e = (struct ids_entry) { .subvendor = ANY, .subdevice = ANY };
	for (n = 0; n < ARRAY_SIZE(fields); n++) {
		const char *s = text + (n && *text == ':');

		s += !strncmp(s, "0x", 2) ? 2 : 0;
		len = strspn(s, "0123456789abcdefABCDEF");
		if ((n && *text != ':') || !len || len > DIGITS)
			break;
		*fields[n] = (unsigned int)strtoul(s, NULL, 16);
		text = s + len;
	}
	if (end)
		*end = text;
	return n;
}

/* True if the kernel ignores nothing of the entry, and a device may have these ids. */
bool ids_is_entry(const char *text)
{
	struct ids_entry e;
	const char *end;

	return ids_parse(text, &e, &end) >= 2 && !*end && (e.vendor <= 0xffff || e.vendor == ANY) &&
	       (e.device <= 0xffff || e.device == ANY);
}

/* As pci_match_one_device() of the PCI core. */
bool ids_match(const struct ids_entry *e, const struct pci_func *d)
{
	return (e->vendor == ANY || e->vendor == d->vendor) &&
	       (e->device == ANY || e->device == d->device) &&
	       (e->subvendor == ANY || e->subvendor == d->subvendor) &&
	       (e->subdevice == ANY || e->subdevice == d->subdevice) &&
	       !((e->class ^ d->class) & e->class_mask);
}
