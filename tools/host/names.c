// SPDX-License-Identifier: GPL-2.0
/* Vendor, device and class names from the local pci.ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <pci/pci.h>

#include "host/names.h"
#include "host/sysfs.h"
#include "util/err.h"

/* Path on distributions; with --sysroot only the recorded file is used. */
#define DATABASE	"/usr/share/misc/pci.ids"

/* libpci reads lines of up to 1023 bytes; a name may consist of two. */
#define NAME_MAX_LEN	4096

static struct pci_access *database;
static int source;			/* PCI_LOOKUP_* flags that limit the sources */

/* libpci expects that an error does not return. */
static jmp_buf load_failed;
static bool is_loading;
static char *problem;

static void __attribute__((noreturn)) on_error(char *fmt, ...)
{
	va_list ap;

	if (!is_loading)
		abort();	/* out of memory, as in util.c */
	va_start(ap, fmt);
	problem = util_vprintf(fmt, ap);
	va_end(ap);
	longjmp(load_failed, 1);
}

/* pci_init() would set these callbacks; a name lookup does not need it. */
static void silent(char *msg, ...)
{
	(void)msg;
}

/* Load the database; without a valid one, names are missing, but for those of udev. */
static void load(void)
{
	const char *path = database->id_file_name;
	const char *why = sysfs_wrong_file(path);

	is_loading = true;
	if (!why && !setjmp(load_failed))
		pci_load_name_list(database);
	is_loading = false;
	if (!why && !problem)
		return;
	if (problem)
		problem[strcspn(problem, "\n")] = '\0';
	err_note(path, "names are missing: %s", problem ? problem : why);
	source |= PCI_LOOKUP_SKIP_LOCAL;
	free(problem);
	problem = NULL;
}

static struct pci_access *open_database(void)
{
	if (database)
		return database;
	database = pci_alloc();
	database->error = on_error;
	database->warning = silent;
	database->debug = silent;
	if (!sysfs_is_live()) {
		pci_set_name_list_path(database, sysfs_path(DATABASE), 1);
		source |= PCI_LOOKUP_NO_HWDB;
	}
	load();
	return database;
}

static char *lookup(int flags, unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	struct pci_access *names = open_database();
	char buf[NAME_MAX_LEN];

	return util_strdup(pci_lookup_name(names, buf, sizeof(buf),
					   flags | source | PCI_LOOKUP_NO_NUMBERS, a, b, c, d));
}

/* "VENDOR DEVICE", or "VENDOR Device 1234" if only the vendor is known; NULL if neither is. */
char *names_device(unsigned int vendor, unsigned int device)
{
	autofree char *name = lookup(PCI_LOOKUP_VENDOR, vendor, 0, 0, 0);
	autofree char *second = lookup(PCI_LOOKUP_DEVICE, vendor, device, 0, 0);

	if (!name)
		return NULL;
	if (!second)
		second = util_printf("Device %04x", device);
	return util_printf("%s %s", name, second);
}

/* Cut @name before the first word that says what kind of company it is. */
static void cut_company(char *name)
{
	static const char *const words[] = {
		" Corporation", " Corp", ", Inc", " Inc", " Co.", ", Ltd", " Ltd", " Limited",
		" Semiconductor", " Technolog", " Electronics", " GmbH", " S.A", " (",
	};
	char *found;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		found = strstr(name, words[i]);
		if (found && found != name)
			*found = '\0';
	}
}

/* "DEVICE", or "VENDOR 1234" if only the vendor is known; NULL if neither is. */
char *names_short(unsigned int vendor, unsigned int device)
{
	char *name = lookup(PCI_LOOKUP_DEVICE, vendor, device, 0, 0);

	if (name)
		return name;
	name = lookup(PCI_LOOKUP_VENDOR, vendor, 0, 0, 0);
	if (!name)
		return NULL;
	cut_company(name);
	util_append(&name, " %04x", device);
	return name;
}

char *names_subsystem(unsigned int vendor, unsigned int device, unsigned int subvendor,
		      unsigned int subdevice)
{
	return lookup(PCI_LOOKUP_SUBSYSTEM | PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, vendor,
		      device, subvendor, subdevice);
}

/* @class has 24 bits; the programming interface is ignored. */
char *names_class(unsigned int class)
{
	return lookup(PCI_LOOKUP_CLASS, class >> 8, 0, 0, 0);
}

void names_exit(void)
{
	if (database)
		pci_cleanup(database);
	database = NULL;
	source = 0;
}
