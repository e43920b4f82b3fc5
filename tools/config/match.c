// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the card of a card file is in its slot, and still the same. Reads only the devices of the
 * card and its groups, unless the card is not where it was: udev waits for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "config/match.h"
#include "config/slot.h"
#include "host/caps.h"
#include "host/guard.h"
#include "host/sysfs.h"

#define DEVICES		"/sys/bus/pci/devices"
#define CONFIG_SIZE	4096

static unsigned int number(const char *bdf, const char *file)
{
	long long value;

	return sysfs_read_number(&value, DEVICES "/%s/%s", bdf, file) ? (unsigned int)value : 0;
}

static bool is_bound(const char *bdf)
{
	autofree char *driver = device_read_driver(bdf);

	return driver && !strcmp(driver, FV_DRIVER);
}

/* True if the driver has the card, and may have fenced it: the host must leave it alone. */
static bool may_be_fenced(const char *bdf)
{
	autofree char *state = NULL;

	if (!is_bound(bdf))
		return false;
	state = sysfs_read(DEVICES "/%s/fpga_vfio/state", bdf);
	return !state || strcmp(state, "ready") != 0;
}

static void read_ids(struct card_id *id, const char *bdf)
{
	memset(id, 0, sizeof(*id));
	id->vendor = number(bdf, "vendor");
	id->device = number(bdf, "device");
	id->subvendor = number(bdf, "subsystem_vendor");
	id->subdevice = number(bdf, "subsystem_device");
	id->class = number(bdf, "class");
}

/**
 * match_read_id() - Read what a function is.
 * @id: result
 * @bdf: address of the function
 *
 * Config space of a card that may be fenced is not read.
 *
 * Return: which part was read.
 */
enum match_identity match_read_id(struct card_id *id, const char *bdf)
{
	uint8_t config[CONFIG_SIZE];
	ssize_t len;

	read_ids(id, bdf);
	if (may_be_fenced(bdf))
		return MATCH_NO_SERIAL_READ;
	len = sysfs_read_bytes(config, sizeof(config), DEVICES "/%s/config", bdf);
	if (len >= PCI_STD_HEADER_SIZEOF && caps_is_silent(config))
		return MATCH_NO_RESPONSE;
	if (len <= PCI_STD_HEADER_SIZEOF)
		return MATCH_NO_SERIAL_READ;
	if (!caps_serial(config, (size_t)len, id->serial, sizeof(id->serial)))
		*id->serial = '\0';
	return MATCH_READ;
}

static void __printf(3, 4) set(struct match *m, enum match_verdict verdict, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = util_vprintf(fmt, ap);
	va_end(ap);
	free(m->text);
	m->text = text;
	m->verdict = verdict;
}

/* Fill in the addresses; @bdf is one function of the card, or NULL. Return how many are there. */
static size_t find_functions(struct match *m, const struct cardfile *f, const char *bdf)
{
	size_t i, n = 0;

	for (i = 0; i < f->n; i++) {
		autofree char *path = slot_function(f->slot, f->functions[i].number);
		bool is_there;

		if (bdf) {
			snprintf(m->bdf[i], BDF_SIZE, "%.*s.%u", (int)(strrchr(bdf, '.') - bdf),
				 bdf, f->functions[i].number);
			is_there = sysfs_exists(DEVICES "/%s", m->bdf[i]);
		} else {
			is_there = slot_find(path, m->bdf[i]);
		}
		if (is_there)
			n++;
		else
			*m->bdf[i] = '\0';
	}
	return n;
}

static bool has_card_file(const char *slot)
{
	autofree char *path = cardfile_path(slot);

	return sysfs_exists("%s", path);
}

/* True if the functions of the file are those of the card of @bdf, which is the first of them. */
static bool is_same_card(const struct cardfile *f, const char *bdf)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		autofree char *other = util_printf("%.*s.%u", (int)(strrchr(bdf, '.') - bdf), bdf,
						   f->functions[i].number);
		struct card_id id;

		/* the serial number costs more */
		read_ids(&id, other);
		if (id.vendor != f->functions[i].id.vendor ||
		    id.device != f->functions[i].id.device)
			return false;
		match_read_id(&id, other);
		if (!card_id_is_same(&id, &f->functions[i].id))
			return false;
	}
	return true;
}

/* Where the card is now, another slot that has no card file: slot path and address; or NULL. */
static char *find_elsewhere(const struct cardfile *f)
{
	autostrv struct strv names = {};
	char bdf[BDF_SIZE];
	unsigned int n;
	size_t i;

	sysfs_list(&names, DEVICES);
	for (i = 0; i < names.n; i++) {
		autofree char *path = bdf_parse(names.v[i], bdf) ? slot_read(bdf) : NULL;
		autofree char *card = path ? slot_card(path, &n) : NULL;

		if (card && n == f->functions[0].number && strcmp(card, f->slot) != 0 &&
		    !has_card_file(card) && is_same_card(f, bdf))
			return util_printf("%s (%s)", card, bdf);
	}
	return NULL;
}

static void check_identity(struct match *m, const struct cardfile *f)
{
	size_t i;

	for (i = 0; i < f->n && m->verdict == MATCH_OK; i++) {
		const struct card_function *function = &f->functions[i];
		struct card_id old = function->id, now;
		autofree char *was = card_id_text(&old);
		autofree char *is = NULL;
		enum match_identity read;

		if (sysfs_exists(DEVICES "/%s/physfn", m->bdf[i])) {
			set(m, MATCH_CHANGED, "changed: function %u was %s, is a virtual function",
			    function->number, was);
			return;
		}
		read = match_read_id(&now, m->bdf[i]);
		if (read == MATCH_NO_RESPONSE) {
			set(m, MATCH_SILENT, "no response: config space of %s reads as all-ones",
			    m->bdf[i]);
			return;
		}
		if (read == MATCH_NO_SERIAL_READ) {
			m->has_unread_serial |= *old.serial;
			if (*old.serial && !is_bound(m->bdf[i]))
				snprintf(m->unread, sizeof(m->unread), "%s", m->bdf[i]);
			*old.serial = '\0';
		}
		if (card_id_is_same(&old, &now))
			continue;
		is = card_id_text(&now);
		set(m, MATCH_CHANGED, "changed: function %u was %s, is %s", function->number, was,
		    is);
	}
}

/* One member of a group that a function is in now. */
static void check_member(struct match *m, const struct cardfile *f, const char *bdf,
			 unsigned int function)
{
	unsigned int vendor = number(bdf, "vendor"), device = number(bdf, "device");
	autofree char *slot = slot_read(bdf);
	const struct card_member *old = slot ? cardfile_member(f, slot) : NULL;

	if (!old)
		set(m, MATCH_GROUP, "group of function %u grew: new member %s (%04x:%04x) in %s",
		    function, bdf, vendor, device, slot ? slot : "no slot");
	else if (old->vendor != vendor || old->device != device)
		set(m, MATCH_GROUP,
		    "group of function %u changed: %s in %s was %04x:%04x, is %04x:%04x", function,
		    bdf, slot, old->vendor, old->device, vendor, device);
}

/* A group that has lost members still isolates the card. */
static void check_groups(struct match *m, const struct cardfile *f)
{
	size_t i, j;

	for (i = 0; i < f->n && m->verdict == MATCH_OK; i++) {
		autostrv struct strv members = {};

		if (sysfs_list(&members, DEVICES "/%s/iommu_group/devices", m->bdf[i]))
			set(m, MATCH_GROUP,
			    "group changed: function %u had an IOMMU group, has none",
			    f->functions[i].number);
		for (j = 0; j < members.n && m->verdict == MATCH_OK; j++)
			check_member(m, f, members.v[j], f->functions[i].number);
	}
}

static void check_use(struct match *m, const struct cardfile *f, const struct model *model)
{
	size_t i;

	for (i = 0; i < f->n && m->verdict == MATCH_OK; i++) {
		const struct pci_func *d = model_find(model, m->bdf[i]);
		bool is_taken = f->functions[i].is_bound && d && !device_is_bound(d);
		autofree char *why = is_taken ? guard_in_use(d, false) : NULL;

		if (why)
			set(m, MATCH_IN_USE, "in use by the host: %s: %s", m->bdf[i], why);
	}
}

/*
 * Tell where the card is. It may be another one of the kind: without a serial number, or with that
 * of a design which gives all cards the same.
 */
static void look_elsewhere(struct match *m, const struct cardfile *f)
{
	bool has_serial = *f->functions[0].id.serial;
	autofree char *where = NULL;

	if (has_serial || m->verdict == MATCH_ABSENT)
		where = find_elsewhere(f);
	if (!where)
		return;
	if (!has_serial)
		set(m, MATCH_ABSENT, "%s; a card with the same ids is in %s", m->text, where);
	else if (m->verdict == MATCH_ABSENT)
		set(m, MATCH_MOVED,
		    "moved: was in %s; a card with the same ids and serial number is in %s",
		    f->slot, where);
	else
		set(m, MATCH_CHANGED, "%s; a card with the same ids and serial number is in %s",
		    m->text, where);
}

/* Some functions are there, but not all. */
static void tell_missing(struct match *m, const struct cardfile *f)
{
	autofree char *was = NULL;
	size_t i = 0;

	while (*m->bdf[i])
		i++;
	was = card_id_text(&f->functions[i].id);
	set(m, MATCH_PARTIAL, "changed: function %u was %s, is not there", f->functions[i].number,
	    was);
}

/**
 * match_card() - Compare a card file with the system.
 * @m: result; free with match_free()
 * @f: the file
 * @bdf: address of a device in its slot, to save all searches, also that for a card that moved; or
 *       NULL
 * @model: all devices; NULL: do not look for use by the host
 */
void match_card(struct match *m, const struct cardfile *f, const char *bdf,
		const struct model *model)
{
	size_t n;

	memset(m, 0, sizeof(*m));
	m->bdf = util_alloc(f->n, sizeof(*m->bdf));
	n = find_functions(m, f, bdf);
	if (!n)
		set(m, MATCH_ABSENT, "not there: the slot is empty");
	else if (n < f->n)
		tell_missing(m, f);
	if (m->verdict == MATCH_OK)
		check_identity(m, f);
	if (!bdf && (m->verdict == MATCH_ABSENT || m->verdict == MATCH_CHANGED))
		look_elsewhere(m, f);
	if (m->verdict == MATCH_OK)
		check_groups(m, f);
	if (model && m->verdict == MATCH_OK)
		check_use(m, f, model);
}

/* Call it before a card is bound: without the serial number it may be another card. */
void match_require_serials(struct match *m)
{
	if (m->verdict == MATCH_OK && *m->unread)
		set(m, MATCH_UNREAD, "serial number of %s cannot be read%s", m->unread,
		    geteuid() ? ": needs root" : "");
}

void match_free(struct match *m)
{
	free(m->text);
	free(m->bdf);
	memset(m, 0, sizeof(*m));
}
