// SPDX-License-Identifier: GPL-2.0
/*
 * Remove the functions below a port and rescan the bus.
 *
 * Only the port's secondary bus is rescanned: if it is empty, the PCI core may also resize the
 * port's windows, which a card with larger BARs needs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/move.h"
#include "host/sysfs.h"
#include "model/replug.h"

#define DEVICES		"/sys/bus/pci/devices"

/* No config request before this time after link up, ms (PCIe r6.0, 6.6.1). */
#define LINK_UP_MS	100

#define LOOK_MS		10
#define RESCAN_MS	2000

static struct replug_result result(enum replug_step step, int ret, const char *bdf)
{
	struct replug_result r = { .step = step, .error = -ret };

	snprintf(r.bdf, sizeof(r.bdf), "%s", bdf);
	return r;
}

/* Includes devices behind a bridge on the card. */
static bool is_below(const struct model *m, const struct pci_func *d, const char *port)
{
	const struct pci_func *p = model_find(m, port);
	size_t len = p && p->sysdir ? strlen(p->sysdir) : 0;

	return len && d->sysdir && !strncmp(d->sysdir, p->sysdir, len) && d->sysdir[len] == '/';
}

/**
 * replug_find() - Find the functions of a card.
 * @p: result, with the port set; free with replug_free()
 * @m: all devices
 */
void replug_find(struct replug *p, const struct model *m)
{
	size_t i;

	p->all = util_alloc(m->n, sizeof(*p->all));
	p->bound = util_alloc(m->n, sizeof(*p->bound));
	for (i = 0; i < m->n; i++) {
		const struct pci_func *d = &m->devices[i];

		if (!is_below(m, d, p->port))
			continue;
		p->all[p->n++] = d;
		if (!strcmp(d->port, p->port))
			strv_add(&p->remove, d->bdf);
		if (!device_is_bound(d))
			continue;
		p->bound[p->n_bound++] = d;
		strv_add(&p->bind, d->bdf);
	}
	/* what appears in an empty slot is left to the host's drivers */
	p->has_all = p->n && p->n_bound == p->n;
}

/* The file that rescans the bus below a port. */
static char *rescan_file(const char *port)
{
	autostrv struct strv buses = {};

	sysfs_list(&buses, DEVICES "/%s/pci_bus", port);
	if (buses.n)
		return util_printf(DEVICES "/%s/pci_bus/%s/rescan", port, buses.v[0]);
	return util_printf(DEVICES "/%s/rescan", port);
}

/* Return 0 if the caller may remove the device, or rescan below the port; else -errno. */
int replug_may_write(const char *bdf, bool is_port)
{
	autofree char *file = is_port ? rescan_file(bdf) : util_printf(DEVICES "/%s/remove", bdf);

	return sysfs_may_write("%s", file);
}

/* In reverse order: function 0 represents the device and goes last. */
static struct replug_result remove_all(const struct replug *p)
{
	size_t i = p->remove.n;
	int ret;

	while (i--) {
		const char *bdf = p->remove.v[i];

		ret = sysfs_write("1", DEVICES "/%s/remove", bdf);
		/* the function may have been removed meanwhile, also together with another one */
		if (sysfs_exists(DEVICES "/%s", bdf))
			return result(REPLUG_REMOVE, ret, bdf);
	}
	return result(REPLUG_DONE, 0, p->port);
}

/* The port may have kept the link down for a fence. Do not wait if its state is unknown. */
static void wait_link(const struct replug *p, double end_s)
{
	struct port_link l;

	while (portlink_read(&l, p->port) && l.active == FV_NO && util_now_s() < end_s)
		util_pause_ms(LOOK_MS);
	util_pause_ms(LINK_UP_MS);
}

static int rescan(const char *port)
{
	autofree char *file = rescan_file(port);

	return sysfs_write("1", "%s", file);
}

static bool has_functions(const char *port)
{
	autostrv struct strv entries = {};
	char bdf[BDF_SIZE];
	size_t i;

	sysfs_list(&entries, DEVICES "/%s", port);
	for (i = 0; i < entries.n; i++)
		if (bdf_parse(entries.v[i], bdf))
			return true;
	return false;
}

static struct replug_result find(const struct replug *p)
{
	double end_s = util_now_s() + p->limit_ms / 1000.0;
	int ret;

	wait_link(p, end_s);
	for (;;) {
		ret = rescan(p->port);
		if (ret)
			return result(REPLUG_RESCAN, ret, p->port);
		if (has_functions(p->port))
			return result(REPLUG_DONE, 0, p->port);
		if (util_now_s() >= end_s)
			return result(REPLUG_FIND, 0, p->port);
		util_pause_ms(RESCAN_MS);
	}
}

static bool is_wanted(const struct replug *p, const struct pci_func *d)
{
	if (strcmp(d->port, p->port) != 0 || d->is_bridge || device_is_bound(d))
		return false;
	return strv_has(&p->bind, d->bdf) || (p->has_all && !d->driver);
}

/* Rebind even from another driver, as "fpgactl bind --yes" does. */
static void bind_one(const struct pci_func *d, struct replug_result *first)
{
	struct move_result moved;
	struct move m;

	move_init(&m, d);
	m.target = MOVE_TO_NAMED;
	m.driver = FV_DRIVER;
	m.keeps_override = true;
	moved = move_apply(&m);
	if (moved.step != MOVE_DONE && first->step == REPLUG_DONE) {
		autofree char *why = move_result_text(&m, moved);

		*first = result(REPLUG_BIND, -moved.error, d->bdf);
		snprintf(first->text, sizeof(first->text), "%s", why);
	}
	move_exit(&m);
}

/* Continue after a failure; report the first. */
static struct replug_result bind_all(const struct replug *p)
{
	struct replug_result first = result(REPLUG_DONE, 0, p->port);
	struct model m = {};
	size_t i;

	model_load(&m);
	for (i = 0; i < m.n; i++)
		if (is_wanted(p, &m.devices[i]))
			bind_one(&m.devices[i], &first);
	model_free(&m);
	return first;
}

/**
 * replug_run() - Remove, rescan and bind; for release_run().
 * @replug: struct replug
 * @result: struct replug_result
 */
void replug_run(const void *replug, void *result)
{
	const struct replug *p = replug;
	struct replug_result *r = result;

	*r = remove_all(p);
	if (r->step == REPLUG_DONE)
		*r = find(p);
	if (r->step == REPLUG_DONE)
		*r = bind_all(p);
}

/* Error text for the user. */
char *replug_text(const struct replug_result *r)
{
	const char *why = r->error ? strerror(r->error) :
				     "kernel accepted the write without effect";

	switch (r->step) {
	case REPLUG_REMOVE:
		return util_printf("cannot remove %s: %s", r->bdf, why);
	case REPLUG_RESCAN:
		return util_printf("cannot rescan the bus below %s: %s", r->bdf, why);
	case REPLUG_FIND:
		return util_printf("no function found below %s", r->bdf);
	case REPLUG_BIND:
		return util_printf("%s was found again, but %s", r->bdf, r->text);
	default:
		return util_strdup("done");
	}
}

void replug_free(struct replug *p)
{
	strv_free(&p->remove);
	strv_free(&p->bind);
	free(p->all);
	free(p->bound);
}
