// SPDX-License-Identifier: GPL-2.0
/* Whether the host itself needs a device: what bind does not take without --force. */
#include <string.h>

#include "blockdev.h"
#include "guard.h"
#include "sysfs.h"

#define CLASS_DISPLAY	0x03
#define IFF_UP		0x1

/* Whether a link of a class directory leads below the device. */
static bool is_below(const struct fv_device *d, const char *class, const char *name)
{
	autofree char *path = sysfs_resolve("/sys/class/%s/%s", class, name);
	size_t len = d->sysdir ? strlen(d->sysdir) : 0;

	return path && len && !strncmp(path, d->sysdir, len) && path[len] == '/';
}

/* A network device that is up: somebody may be logged in through it. */
static char *net_in_use(const struct fv_device *d)
{
	autostrv struct strv names = {};
	long long flags;
	size_t i;

	sysfs_list(&names, "/sys/class/net");
	for (i = 0; i < names.n; i++)
		if (is_below(d, "net", names.v[i]) &&
		    sysfs_read_number(&flags, "/sys/class/net/%s/flags", names.v[i]) &&
		    flags & IFF_UP)
			return util_printf("network device %s is up", names.v[i]);
	return NULL;
}

/* The display that firmware chose, or one that carries a framebuffer of the kernel. */
static char *display_in_use(const struct fv_device *d)
{
	autostrv struct strv names = {};
	long long boot_vga;
	size_t i;

	if (d->class >> 16 != CLASS_DISPLAY)
		return NULL;
	if (sysfs_read_number(&boot_vga, "/sys/bus/pci/devices/%s/boot_vga", d->bdf) && boot_vga)
		return util_strdup("it is the console's display (boot_vga)");
	sysfs_list(&names, "/sys/class/graphics");
	for (i = 0; i < names.n; i++)
		if (!strncmp(names.v[i], "fb", 2) && is_below(d, "graphics", names.v[i]))
			return util_printf("framebuffer %s of the console is on it", names.v[i]);
	return NULL;
}

/**
 * guard_virtual_functions() - Whether a device has virtual functions enabled.
 * @d: the device
 *
 * They go away with the driver of their physical function, also under a VM.
 *
 * Return: the reason not to take the device, to be freed; NULL when there is none.
 */
char *guard_virtual_functions(const struct fv_device *d)
{
	long long n;

	if (sysfs_read_number(&n, "/sys/bus/pci/devices/%s/sriov_numvfs", d->bdf) && n > 0)
		return util_printf("%lld of its virtual functions are enabled", n);
	return NULL;
}

/**
 * guard_in_use() - Why the host needs a device.
 * @d: the device
 * @may_open: open its disks to be sure, which for a moment keeps others from it
 *
 * Return: the reason, to be freed; NULL when nothing speaks against taking it.
 */
char *guard_in_use(const struct fv_device *d, bool may_open)
{
	char *why = blockdev_in_use(d, may_open);

	if (!why)
		why = display_in_use(d);
	if (!why)
		why = net_in_use(d);
	if (!why)
		why = guard_virtual_functions(d);
	return why;
}
