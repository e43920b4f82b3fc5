// SPDX-License-Identifier: GPL-2.0
/* Host devices of the VMs of this Proxmox VE node: their files and the cluster's mappings. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/proxmox.h"
#include "host/sysfs.h"
#include "host/textfile.h"

#define CONFIG_MAX	(1024 * 1024)

/* What all VMs share. */
struct cluster {
	char *mappings;		/* text of PROXMOX_MAPPINGS, or NULL */
	char *node;		/* name of this one, or NULL */
};

/* "01:00.0;01:00.1" */
static void add_addresses(struct strv *addresses, const char *list)
{
	autofree char *copy = util_strdup(list);
	char *word, *rest = copy;

	while ((word = strsep(&rest, ";")))
		if (*word)
			strv_add(addresses, word);
}

/* The value of a key in "a=1,b=2"; NULL: it has none. To be freed by the caller. */
static char *property(const char *list, const char *key)
{
	autofree char *copy = util_strdup(list);
	char *word, *rest = copy;
	size_t len = strlen(key);

	while ((word = strsep(&rest, ",")))
		if (!strncmp(word, key, len) && word[len] == '=')
			return util_strdup(word + len + 1);
	return NULL;
}

/*
 * A line without indentation begins a mapping, "pci: NAME" or "NAME"; one of its "map" lines for
 * each device of each node.
 */
static void add_mapping(struct strv *addresses, const char *name, const struct cluster *c)
{
	autofree char *text = util_strdup(c->mappings);
	bool is_it = false;
	char *line, *rest = text;

	while (rest && (line = strsep(&rest, "\n"))) {
		const char *s = line;
		autofree char *word = textfile_word(&s);
		autofree char *list = word ? textfile_word(&s) : NULL;
		bool is_begin = word && !strchr(" \t", *line);

		if (is_begin)
			is_it = !strcmp(list ? list : word, name);
		if (is_it && !is_begin && list && !strcmp(word, "map")) {
			autofree char *path = property(list, "path");
			autofree char *where = property(list, "node");

			if (path && (!c->node || !where || !strcmp(c->node, where)))
				add_addresses(addresses, path);
		}
	}
}

static void parse_value(struct proxmox_hostdev *h, const char *value, const struct cluster *c)
{
	autofree char *host = property(value, "host");
	autofree char *mapping = property(value, "mapping");
	autofree char *express = property(value, "pcie");
	autofree char *first = util_printf("%.*s", (int)strcspn(value, ","), value);

	h->is_express = express && (!strcmp(express, "1") || !strcmp(express, "on"));
	if (mapping)
		add_mapping(&h->addresses, mapping, c);
	else
		add_addresses(&h->addresses, host ? host : first);
}

/* Up to the first "[": what follows are snapshots. */
static void parse_vm(struct proxmox_hostdevs *found, const char *vm, char *text,
		     const struct cluster *c)
{
	size_t first = found->n, i;
	bool has_args = false;
	char *line, *rest = text;

	while (rest && (line = strsep(&rest, "\n")) && *line != '[') {
		const char *s = line;
		autofree char *key = textfile_word(&s);
		autofree char *value = key ? textfile_word(&s) : NULL;

		has_args |= key && !strcmp(key, "args:");
		if (!value || strncmp(key, "hostpci", 7) != 0 || key[strlen(key) - 1] != ':')
			continue;
		found->v = util_grow(found->v, found->n, sizeof(*found->v));
		found->v[found->n] = (struct proxmox_hostdev) {
			.vm = util_strdup(vm),
			.key = util_printf("%.*s", (int)strlen(key) - 1, key),
		};
		parse_value(&found->v[found->n++], value, c);
	}
	for (i = first; i < found->n; i++)
		found->v[i].has_args = has_args;
}

/**
 * proxmox_read() - Read the host devices of all VMs of this node.
 * @found: result, to be freed by proxmox_free()
 *
 * Return: 0, also if this is no such node; -EACCES if only root may read the files.
 */
int proxmox_read(struct proxmox_hostdevs *found)
{
	autostrv struct strv names = {};
	int ret = sysfs_list(&names, PROXMOX_VMS);
	struct cluster c = {};
	size_t i;

	if (names.n) {
		c.mappings = textfile_read(CONFIG_MAX, NULL, PROXMOX_MAPPINGS);
		c.node = sysfs_read("/proc/sys/kernel/hostname");
	}
	for (i = 0; i < names.n; i++) {
		size_t len = strcspn(names.v[i], ".");
		autofree char *vm = util_printf("%.*s", (int)len, names.v[i]);
		autofree char *text = NULL;

		if (strcmp(names.v[i] + len, ".conf") != 0)
			continue;
		text = textfile_read(CONFIG_MAX, NULL, PROXMOX_VMS "/%s", names.v[i]);
		if (text)
			parse_vm(found, vm, text, &c);
		else if (errno == EACCES)
			ret = -EACCES;
	}
	free(c.mappings);
	free(c.node);
	return ret == -EACCES ? ret : 0;
}

/* True if the device is at an address; one without function number is that of all functions. */
bool proxmox_is_at(const char *address, const char *bdf)
{
	bool is_slot = !strchr(address, '.');
	autofree char *function = util_printf("%s%s", address, is_slot ? ".0" : "");
	char full[BDF_SIZE];
	size_t len;

	if (!bdf_parse(function, full))
		return false;
	len = strlen(full) - is_slot;
	return !strncmp(full, bdf, len) && (is_slot || !bdf[len]);
}

/* True if the line takes the device. */
bool proxmox_has(const struct proxmox_hostdev *h, const char *bdf)
{
	size_t i;

	for (i = 0; i < h->addresses.n; i++)
		if (proxmox_is_at(h->addresses.v[i], bdf))
			return true;
	return false;
}

void proxmox_free(struct proxmox_hostdevs *found)
{
	size_t i;

	for (i = 0; i < found->n; i++) {
		free(found->v[i].vm);
		free(found->v[i].key);
		strv_free(&found->v[i].addresses);
	}
	free(found->v);
	found->v = NULL;
	found->n = 0;
}
