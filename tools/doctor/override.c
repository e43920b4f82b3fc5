// SPDX-License-Identifier: GPL-2.0
/* doctor: driver_override of a card, and driverctl, which sets it at boot */
#include <stdlib.h>
#include <string.h>

#include "config/convert.h"
#include "doctor/doctor.h"
#include "host/sysfs.h"

#define DRIVERCTL	"/etc/driverctl.d"

/*
 * With an override, no driver of another name matches (pci_match_device()). bind sets it anew, so
 * one of a driver that exists is no fault.
 */
static void check_override(struct doctor *d, const struct pci_func *dev)
{
	const char *name = dev->driver_override;
	autofree char *fix = NULL;

	if (!name || !strcmp(name, FV_DRIVER))
		return;
	if (!doctor_host_use(d, dev))
		fix = util_printf("fpgactl bind %s", dev->bdf);
	if (strchr(name, '/') || !sysfs_exists("/sys/bus/pci/drivers/%s", name))
		doctor_add(d, DOCTOR_WARNING, "driver-override", dev->bdf, fix,
			   "driver_override names %s, which is no driver: no other one can have the device",
			   name);
	else
		doctor_add(d, DOCTOR_NOTE, "driver-override", dev->bdf, fix,
			   "driver_override names %s: no other driver can have the device until bind changes it",
			   name);
}

/* The driver that driverctl sets for the device at boot, and its file; or NULL. */
static char *read_driverctl(struct doctor *d, const struct pci_func *dev, char **file)
{
	static const char *const prefixes[] = { "pci-", "" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		autofree char *path = util_printf(DRIVERCTL "/%s%s", prefixes[i], dev->bdf);
		char *driver = doctor_read(d, "%s", path);

		if (driver && *driver) {
			*file = util_strdup(path);
			return driver;
		}
		free(driver);
	}
	return NULL;
}

static void check_driverctl(struct doctor *d, const struct pci_func *dev)
{
	autofree char *file = NULL;
	autofree char *driver = read_driverctl(d, dev, &file);
	autofree char *fix = NULL;

	if (!driver)
		return;
	if (doctor_may_convert(d, dev) && convert_has_driver(driver))
		fix = util_printf("fpgactl config --convert --apply %s", dev->bdf);
	else if (doctor_host_use(d, dev))
		fix = util_printf("driverctl unset-override %s", dev->bdf);
	else
		fix = util_printf("driverctl unset-override %s && fpgactl bind --persist %s",
				  dev->bdf, dev->bdf);
	if (!strcmp(driver, FV_DRIVER))
		doctor_add(d, DOCTOR_NOTE, "driverctl", dev->bdf, fix,
			   "driverctl binds whatever device has this address at boot (%s)", file);
	else
		doctor_add(d, DOCTOR_WARNING, "driverctl", dev->bdf, fix,
			   "driverctl gives it to %s at each boot (%s)", driver, file);
}

static void check(struct doctor *d, const struct pci_func *dev)
{
	check_override(d, dev);
	check_driverctl(d, dev);
}

/* Buses are renumbered when cards are added: the address may be another device's now. */
static void check_host(struct doctor *d)
{
	size_t i;

	for (i = 0; i < d->m->n && sysfs_exists(DRIVERCTL); i++) {
		const struct pci_func *dev = &d->m->devices[i];
		autofree char *file = NULL;
		autofree char *driver = read_driverctl(d, dev, &file);
		bool is_moved = driver && !doctor_is_target(d, dev) &&
				(!dev->driver || strcmp(driver, dev->driver) != 0);
		const char *why = is_moved ? doctor_host_use(d, dev) : NULL;
		autofree char *fix = util_printf("rm %s", file ? file : "");

		if (why)
			doctor_add(d, DOCTOR_ERROR, "driverctl-takes-host-device", dev->bdf, fix,
				   "driverctl gives it to %s at the next boot, but the host needs it: %s",
				   driver, why);
	}
}

DOCTOR_CHECK(override) = {
	.name = "driver_override and driverctl",
	.host = check_host,
	.device = check,
};
