// SPDX-License-Identifier: GPL-2.0
/* Slot paths of devices, from their directories in sysfs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/slot.h"
#include "host/sysfs.h"

#define DEVICES	"/sys/bus/pci/devices"

/* Length of the number at @s if it has @min to @max hexadecimal digits in lower case; else 0. */
static size_t digits(const char *s, size_t min, size_t max)
{
	size_t n = strspn(s, "0123456789abcdef");

	return n >= min && n <= max ? n : 0;
}

/* Length of "DDDD:BB:" at @s, or 0. */
static size_t root_bus(const char *s)
{
	size_t n = digits(s, 4, 8);

	return n && s[n] == ':' && digits(s + n + 1, 2, 2) && s[n + 3] == ':' ? n + 4 : 0;
}

/* Length of "DD" at @s, or 0; at most 1f, as in bdf_parse(). */
static size_t device_number(const char *s)
{
	return digits(s, 2, 2) && *s <= '1' ? 2 : 0;
}

/* Length of "DD.F" at @s, or 0. */
static size_t device_function(const char *s)
{
	size_t n = device_number(s);

	return n && s[n] == '.' && s[n + 1] >= '0' && s[n + 1] <= '0' + SLOT_FUNCTION_MAX ? 4 : 0;
}

/* The root bus in a directory name "pciDDDD:BB", with a colon after it; or NULL. */
static char *root_of(const char *name)
{
	autofree char *bus = NULL;

	if (strncmp(name, "pci", 3))
		return NULL;
	bus = util_printf("%s:", name + 3);
	return root_bus(bus) == strlen(bus) ? util_strdup(bus) : NULL;
}

/**
 * slot_parse_dir() - Make the slot path of a device.
 * @dir: its directory below /sys/devices, or the target of a link to it
 *
 * Return: the path with the function number, to be freed by the caller; NULL if @dir is not that
 * of a PCI device.
 */
char *slot_parse_dir(const char *dir)
{
	autofree char *copy = util_strdup(dir);
	autofree char *root = NULL;
	autofree char *path = NULL;
	char *name, *rest = copy;
	char bdf[BDF_SIZE];

	while ((name = strsep(&rest, "/"))) {
		char *new_root = root_of(name);

		if (new_root) {
			free(root);
			root = new_root;
		} else if (bdf_parse(name, bdf) && (root || path)) {
			util_append(&path, "%s%s%s", path ? "/" : "", root ? root : "",
				    strrchr(bdf, ':') + 1);
			free(root);
			root = NULL;
		} else if (root || path) {
			return NULL;
		}
	}
	return root ? NULL : util_strdup(path);
}

/* The slot path of the device at @bdf, with the function number; NULL: no such device. */
char *slot_read(const char *bdf)
{
	autofree char *target = sysfs_read_link(DEVICES "/%s", bdf);

	return target ? slot_parse_dir(target) : NULL;
}

/* Length of the bridges at the beginning of a path, with the slash after them, and its root bus. */
static size_t prefix(const char *path)
{
	size_t at = root_bus(path), n;

	if (!at)
		return 0;
	while ((n = device_function(path + at)) && path[at + n] == '/') {
		at += n + 1;
		at += root_bus(path + at);
	}
	return at;
}

/* True for a path such as 0000:00:01.0/00.0. */
bool slot_is_function(const char *path)
{
	size_t at = prefix(path), n = at ? device_function(path + at) : 0;

	return n && !path[at + n];
}

/* True for a path such as 0000:00:01.0/00. */
bool slot_is_card(const char *path)
{
	size_t at = prefix(path), n = at ? device_number(path + at) : 0;

	return n && !path[at + n];
}

/* The path of the card of a function; slot_is_function() is true for @path. */
char *slot_card(const char *path, unsigned int *function)
{
	size_t len = strlen(path) - 2;

	*function = (unsigned int)(path[len + 1] - '0');
	return util_printf("%.*s", (int)len, path);
}

char *slot_function(const char *card, unsigned int function)
{
	return util_printf("%s.%u", card, function);
}

/**
 * slot_find() - Find the device of a slot path.
 * @path: with the function number
 * @bdf: its address
 *
 * Return: false if there is none.
 */
bool slot_find(const char *path, char bdf[BDF_SIZE])
{
	autostrv struct strv names = {};
	size_t i;

	sysfs_list(&names, DEVICES);
	for (i = 0; i < names.n; i++) {
		autofree char *found = NULL;

		if (!bdf_parse(names.v[i], bdf))
			continue;
		found = slot_read(bdf);
		if (found && !strcmp(found, path))
			return true;
	}
	return false;
}
