// SPDX-License-Identifier: GPL-2.0
/* doctor: ids and addresses on the kernel command line that the kernel cannot read */
#include <stdio.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/cmdline.h"
#include "host/ids.h"

/* What an address with wrong separators was meant to be; NULL if it is none. */
static char *meant_address(const char *s)
{
	unsigned int part[4];
	char separator;
	int n = 0, len = 0;

	for (;;) {
		if (n == 4 || sscanf(s, "%x%n", &part[n], &len) != 1)
			return NULL;
		n++;
		s += len;
		separator = *s;
		if (!separator)
			break;
		if (!strchr(":.-_", separator))
			return NULL;
		s++;
	}
	if (n == 3 && part[0] < 256 && part[1] < 32 && part[2] < 8)
		return util_printf("%02x:%02x.%x", part[0], part[1], part[2]);
	if (n == 4 && part[1] < 256 && part[2] < 32 && part[3] < 8)
		return util_printf("%04x:%02x:%02x.%x", part[0], part[1], part[2], part[3]);
	return NULL;
}

static char *id_fix(const struct model *m, const char *item)
{
	autofree char *address = meant_address(item);
	const struct pci_func *dev = NULL;
	char bdf[BDF_SIZE];

	if (address && bdf_parse(address, bdf))
		dev = model_find(m, bdf);
	if (dev)
		return util_printf("Write vfio-pci.ids=%04x:%04x, the ids of %s.", dev->vendor,
				   dev->device, dev->bdf);
	return util_strdup("Write vfio-pci.ids=VENDOR:DEVICE[,...], as lspci -n shows them.");
}

static void check_ids(struct doctor *d, const char *value)
{
	autostrv struct strv items = {};
	size_t i;

	cmdline_items(value, &items);
	for (i = 0; i < items.n; i++) {
		autofree char *fix = id_fix(d->m, items.v[i]);

		if (!ids_is_entry(items.v[i]))
			doctor_add(d, DOCTOR_WARNING, "cmdline-bad-id", DOCTOR_HOST, fix,
				   "%s in vfio-pci.ids= on the kernel command line is no vendor:device id",
				   items.v[i]);
	}
}

/*
 * [domain:]bus:device.function[/device.function…], as pci_dev_str_match_path() of
 * drivers/pci/pci.c reads it
 */
static bool is_address(const char *s)
{
	autofree char *text = util_strdup(s);
	char *slash = strchr(text, '/');
	char bdf[BDF_SIZE];

	if (!strncmp(s, "pci:", 4))
		return ids_is_entry(s + 4);
	if (slash)
		*slash = '\0';
	return bdf_parse(text, bdf);
}

/* Addresses are separated by ";"; something with "@" may be before each. */
static void check_addresses(struct doctor *d, const char *option, const char *list)
{
	autofree char *copy = util_strdup(list);
	char *word, *rest = copy;

	while ((word = strsep(&rest, ";"))) {
		char *at = strchr(word, '@');
		const char *address = at ? at + 1 : word;
		autofree char *meant = meant_address(address);
		autofree char *fix = util_printf("Write %s.",
						 meant ? meant : "BUS:DEVICE.FUNCTION");

		if (*address && !is_address(address))
			doctor_add(d, DOCTOR_WARNING, "cmdline-bad-address", DOCTOR_HOST, fix,
				   "%s in pci=%s on the kernel command line is no PCI address",
				   address, option);
	}
}

static void check_pci(struct doctor *d, const char *value)
{
	static const char *const options[] = {
		"disable_acs_redir=", "config_acs=", "resource_alignment=",
	};
	autostrv struct strv items = {};
	size_t i, j;

	cmdline_items(value, &items);
	for (i = 0; i < items.n; i++)
		for (j = 0; j < ARRAY_SIZE(options); j++)
			if (cmdline_is_item(items.v[i], options[j]))
				check_addresses(d, options[j], items.v[i] + strlen(options[j]));
}

static void check_words(struct doctor *d)
{
	autostrv struct strv words = {};
	const char *value;
	size_t i;

	cmdline_read(&words);
	/* the last one counts: a parameter of a module is a string that each word replaces */
	value = cmdline_last(&words, "vfio-pci.ids");
	if (value)
		check_ids(d, value);
	for (i = 0; i < words.n; i++) {
		value = cmdline_value(words.v[i], "pci");
		if (value)
			check_pci(d, value);
	}
}

DOCTOR_CHECK(cmdline_address) = {
	.name = "addresses on the kernel command line",
	.host = check_words,
};
