// SPDX-License-Identifier: GPL-2.0
/*
 * Rebind a device from one driver to another, with rollback. Every write is verified by a
 * read: for some, the kernel reports success without effect.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/move.h"
#include "host/sysfs.h"
#include "util/err.h"
#include "util/json.h"

/* An empty line clears driver_override. */
#define NO_OVERRIDE	"\n"

static bool same(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

static struct move_result result(enum move_step step, int ret)
{
	return (struct move_result){ .step = step, .error = -ret };
}

/* Save driver and driver_override of the device. */
void move_init(struct move *m, const struct pci_func *d)
{
	memset(m, 0, sizeof(*m));
	m->bdf = d->bdf;
	m->old_driver = util_strdup(d->driver);
	m->old_override = util_strdup(d->driver_override);
}

void move_exit(struct move *m)
{
	free(m->old_driver);
	free(m->old_override);
}

/* False if only driver_override changes. */
bool move_is_rebind(const struct move *m)
{
	return m->target != MOVE_NOWHERE;
}

static struct move_result set_override(const char *bdf, const char *driver)
{
	autofree char *now = NULL;
	int ret;

	ret = sysfs_write(driver ? driver : NO_OVERRIDE,
			  "/sys/bus/pci/devices/%s/driver_override", bdf);
	if (ret)
		return result(MOVE_SET_OVERRIDE, ret);
	now = device_read_override(bdf);
	return result(same(now, driver) ? MOVE_DONE : MOVE_SET_OVERRIDE, 0);
}

static struct move_result unbind(const char *bdf)
{
	autofree char *driver = device_read_driver(bdf);
	autofree char *now = NULL;
	int ret;

	if (!driver)
		return result(MOVE_DONE, 0);
	ret = sysfs_write(bdf, "/sys/bus/pci/drivers/%s/unbind", driver);
	now = device_read_driver(bdf);
	/* -ENODEV: unbound concurrently. */
	if (ret && !(ret == -ENODEV && !now))
		return result(MOVE_UNBIND, ret);
	return result(now ? MOVE_UNBIND : MOVE_DONE, 0);
}

/*
 * Use the driver's bind file rather than drivers_probe: it returns the error of a failed probe.
 * If the driver has bound meanwhile (a hotplug helper may trigger a probe), the write fails with
 * -EBUSY or -ENODEV; the read-back decides.
 */
static struct move_result bind(const char *bdf, const char *driver)
{
	autofree char *now = NULL;
	int ret;

	ret = sysfs_write(bdf, "/sys/bus/pci/drivers/%s/bind", driver);
	now = device_read_driver(bdf);
	if (same(now, driver))
		return result(MOVE_DONE, 0);
	return (struct move_result){
		.step = ret ? MOVE_BIND : MOVE_VERIFY, .error = -ret, .driver = driver,
	};
}

static struct move_result probe(const char *bdf)
{
	return result(MOVE_PROBE, sysfs_write(bdf, "/sys/bus/pci/drivers_probe"));
}

/**
 * move_apply() - Rebind a device to another driver.
 * @m: from move_init(), with the target filled in
 *
 * Sets driver_override first, so that no other driver binds in between. With MOVE_TO_HOST, a
 * device that matches no driver stays unbound; this is not a failure.
 *
 * Return: MOVE_DONE or the failed step; the caller decides on move_undo().
 */
struct move_result move_apply(const struct move *m)
{
	struct move_result r, clear;

	r = set_override(m->bdf, m->driver);
	if (!move_is_rebind(m))
		return r;
	if (r.step == MOVE_DONE)
		r = unbind(m->bdf);
	if (r.step != MOVE_DONE || m->target == MOVE_TO_NONE)
		return r;
	if (m->target == MOVE_TO_HOST) {
		r = probe(m->bdf);
		return r.error ? r : result(MOVE_DONE, 0);
	}
	r = bind(m->bdf, m->driver);
	if (r.step == MOVE_DONE && !m->keeps_override) {
		clear = set_override(m->bdf, NULL);
		r = clear;
	}
	return r;
}

/**
 * move_undo() - Restore the state saved by move_init().
 * @m: a move that was applied, wholly or in part
 *
 * Return: MOVE_DONE or the first failed step; later steps run anyway.
 */
struct move_result move_undo(const struct move *m)
{
	autofree char *now = device_read_driver(m->bdf);
	struct move_result first = result(MOVE_DONE, 0), r;

	if (!same(now, m->old_driver)) {
		first = unbind(m->bdf);
		if (m->old_driver) {
			/* The old driver may have matched by an override that is gone. */
			r = set_override(m->bdf, m->old_driver);
			if (first.step == MOVE_DONE)
				first = r;
			r = bind(m->bdf, m->old_driver);
			if (first.step == MOVE_DONE)
				first = r;
		}
	}
	r = set_override(m->bdf, m->old_override);
	return first.step == MOVE_DONE ? r : first;
}

/* Error text for the user. */
char *move_result_text(const struct move *m, struct move_result r)
{
	autofree char *now = device_read_driver(m->bdf);
	const char *why = r.error ? strerror(r.error) : "kernel accepted the write without effect";

	switch (r.step) {
	case MOVE_SET_OVERRIDE:
		return util_printf("cannot set driver_override: %s", why);
	case MOVE_UNBIND:
		return util_printf("cannot unbind from driver %s: %s", now ? now : "(none)", why);
	case MOVE_BIND:
		return util_printf("cannot bind to %s: %s", r.driver, why);
	case MOVE_PROBE:
		return util_printf("cannot probe host drivers: %s", why);
	case MOVE_VERIFY:
		return util_printf("cannot bind to %s: driver is %s after the write", r.driver,
				   now ? now : "none");
	default:
		return util_strdup("done");
	}
}

/* Report that devices may not be rebound; @ret is a negative errno. */
int move_fail_permission(int ret, const char *bdf, const char *what)
{
	if (ret == -EACCES)
		return err_fail(FV_DENIED, bdf, what, "Run it as root. Nothing was changed.",
				"needs root");
	return err_fail(FV_FAILED, bdf, what, "Nothing was changed.", "%s", strerror(-ret));
}

/* Return FV_OK if the caller may rebind devices; @bdf and @what go into the error message. */
int move_check_permission(const char *bdf, const char *what)
{
	int ret = sysfs_may_write("/sys/bus/pci/drivers_probe");

	return ret ? move_fail_permission(ret, bdf, what) : FV_OK;
}

/* @d: the device before the rebind; @driver: its driver after it. */
struct json_object *move_json(const struct pci_func *d, const char *driver, bool is_changed)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "bdf", json_object_new_string(d->bdf));
	json_object_object_add(o, "group", json_object_new_int(d->group));
	json_object_object_add(o, "driver", json_string(driver));
	json_object_object_add(o, "previous_driver", json_string(d->driver));
	json_object_object_add(o, "changed", json_object_new_boolean(is_changed));
	return o;
}

/* The document of an array of move_json(), which is consumed. */
struct json_object *move_document(struct json_object *devices, bool is_dry_run)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "dry_run", json_object_new_boolean(is_dry_run));
	json_object_object_add(top, "devices", devices);
	return top;
}
