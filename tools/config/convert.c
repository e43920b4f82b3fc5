// SPDX-License-Identifier: GPL-2.0
/*
 * What other tools set up so that a device is given to VMs: ids for vfio-pci and pci-stub on the
 * kernel command line and in modprobe.d, and the files of driverctl, Unraid and Proxmox.
 *
 * An id goes only if all devices that it takes now get card files; with other ones it stays. That
 * does not harm the card: its driver_override goes before the ids of any driver.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/convert_internal.h"
#include "config/ledger.h"
#include "host/cmdline.h"
#include "host/fpga.h"
#include "host/ids.h"
#include "util/err.h"

struct convert_setting *convert_add(struct convert *c, const char *kind, const char *object,
				    const char *text)
{
	struct convert_setting *s;

	c->v = util_grow(c->v, c->n, sizeof(*c->v));
	s = &c->v[c->n++];
	*s = (struct convert_setting){
		.kind = kind, .object = util_strdup(object), .text = util_strdup(text),
	};
	return s;
}

static void keep(struct convert_setting *s, const char *object, const char *why)
{
	util_append(&s->kept, "%s%s %s", s->kept ? ", " : "", object, why);
}

/* A device of a setting: true if it gets a card file, else the setting is kept for it. */
bool convert_take(struct convert *c, struct convert_setting *s, const struct pci_func *d)
{
	strv_add(&s->takes, d->bdf);
	if (*d->physfn)
		keep(s, d->bdf, "is a virtual function");
	else if (d->is_bridge)
		keep(s, d->bdf, "is a bridge");
	else if (c->named->n && !strv_has(c->named, d->bdf))
		keep(s, d->bdf, "was not named");
	else if (!c->named->n && !device_is_card(d))
		keep(s, d->bdf, "is no FPGA card");
	else if (d->group == FV_NO_GROUP)
		keep(s, d->bdf, "has no IOMMU group");
	else if (d->is_silent)
		keep(s, d->bdf, "does not respond");
	else if (!strv_has(&c->devices, d->bdf))
		strv_add(&c->devices, d->bdf);
	return !s->kept;
}

/* The same for the device at an address. */
bool convert_take_address(struct convert *c, struct convert_setting *s, const char *bdf)
{
	const struct pci_func *d = model_find(c->m, bdf);

	if (d)
		return convert_take(c, s, d);
	keep(s, bdf, "does not exist now");
	return false;
}

static bool convert_id(struct convert *c, const char *object, const char *name, const char *text)
{
	autofree char *setting = util_printf("%s=%s", name, text);
	struct convert_setting *s = convert_add(c, "ids", object, setting);
	struct ids_entry id;
	size_t i;

	s->scope = "takes each device of this kind, also one that is added later";
	if (ids_parse(text, &id, NULL) < 2) {
		s->scope = "takes nothing";
		s->kept = util_strdup("the kernel ignores it: no id");
		return false;
	}
	for (i = 0; i < c->m->n; i++)
		if (ids_match(&id, &c->m->devices[i]))
			convert_take(c, s, &c->m->devices[i]);
	if (!s->takes.n)
		s->kept = util_strdup("there is no such device now");
	c->n_left += !!s->kept;
	return !s->kept;
}

/**
 * convert_ids() - Convert a list of ids.
 * @c: gets a setting for each id
 * @object: where the list is
 * @name: of the parameter
 * @ids: the list, separated by commas, which may be in quotes
 *
 * Return: the ids that stay; NULL if all do.
 */
char *convert_ids(struct convert *c, const char *object, const char *name, const char *ids)
{
	autofree char *copy = util_strdup(ids);
	char *id, *rest = copy, *left = util_strdup("");
	bool is_changed = false;

	while ((id = strsep(&rest, ",\""))) {
		if (!*id)
			continue;
		if (convert_id(c, object, name, id))
			is_changed = true;
		else
			util_append(&left, "%s%s", *left ? "," : "", id);
	}
	if (is_changed)
		return left;
	free(left);
	return NULL;
}

/* Modules that take devices by ids, before the driver of the device can. */
bool convert_is_ids(const char *module)
{
	return cmdline_value(module, "vfio_pci") || cmdline_value(module, "pci_stub");
}

/* Plan to write a file, or without @new to remove it; takes @old and @new. */
void convert_add_file(struct convert *c, const char *path, char *old, char *new)
{
	c->files = util_grow(c->files, c->n_files, sizeof(*c->files));
	c->files[c->n_files++] = (struct boot_file){ util_strdup(path), old, new };
}

void convert_free(struct convert *c)
{
	while (c->n) {
		struct convert_setting *s = &c->v[--c->n];

		free(s->object);
		free(s->text);
		free(s->kept);
		strv_free(&s->takes);
	}
	free(c->v);
	while (c->n_files) {
		struct boot_file *f = &c->files[--c->n_files];

		free(f->path);
		free(f->old);
		free(f->new);
	}
	free(c->files);
	strv_free(&c->devices);
	free(c->words);
}
