// SPDX-License-Identifier: GPL-2.0
/* Host use of a device that makes bind require --force. */
#include <string.h>

#include "host/blockdev.h"
#include "host/guard.h"
#include "host/sysfs.h"
#include "util/json.h"

#define CLASS_DISPLAY	0x03
#define IFF_UP		0x1

/* The class symlink resolves to a path below the device. */
static bool is_below(const struct fv_device *d, const char *class, const char *name)
{
	autofree char *path = sysfs_resolve("/sys/class/%s/%s", class, name);
	size_t len = d->sysdir ? strlen(d->sysdir) : 0;

	return path && len && !strncmp(path, d->sysdir, len) && path[len] == '/';
}

/* A network device that is up may carry the user's login session. */
static char *net_in_use(const struct fv_device *d)
{
	autostrv struct strv names = {};
	unsigned int flags;
	size_t i;

	sysfs_list(&names, "/sys/class/net");
	for (i = 0; i < names.n; i++)
		if (is_below(d, "net", names.v[i]) &&
		    sysfs_require_u32(&flags, "/sys/class/net/%s/flags", names.v[i]) &&
		    flags & IFF_UP)
			return util_printf("network device %s is up", names.v[i]);
	return NULL;
}

/* The boot display of the firmware, or a display with a console framebuffer. */
static char *display_in_use(const struct fv_device *d)
{
	autostrv struct strv names = {};
	unsigned int boot_vga;
	size_t i;

	if (d->class >> 16 != CLASS_DISPLAY)
		return NULL;
	if (sysfs_require_u32(&boot_vga, "/sys/bus/pci/devices/%s/boot_vga", d->bdf) && boot_vga)
		return util_strdup("boot display (boot_vga)");
	sysfs_list(&names, "/sys/class/graphics");
	for (i = 0; i < names.n; i++)
		if (!strncmp(names.v[i], "fb", 2) && is_below(d, "graphics", names.v[i]))
			return util_printf("console framebuffer %s", names.v[i]);
	return NULL;
}

/**
 * guard_virtual_functions() - Check for enabled virtual functions.
 * @d: the device
 *
 * VFs vanish when the PF driver unbinds, even if a VM is using one.
 *
 * Return: the reason not to take @d, to be freed by the caller; NULL if there is none.
 */
char *guard_virtual_functions(const struct fv_device *d)
{
	unsigned int n;

	if (sysfs_require_u32(&n, "/sys/bus/pci/devices/%s/sriov_numvfs", d->bdf) && n)
		return util_printf("%u virtual function%s enabled", n, n == 1 ? "" : "s");
	return NULL;
}

/**
 * guard_in_use() - Find a reason why the host needs a device.
 * @d: the device
 * @may_open: open its disks exclusively; this briefly blocks other openers
 *
 * Return: the reason, to be freed by the caller; NULL if there is none.
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

/* The blocker for @why, from one of the functions above. */
struct json_object *guard_blocker(const struct fv_device *d, const char *why)
{
	autofree char *vfs = guard_virtual_functions(d);
	bool is_vfs = vfs && !strcmp(vfs, why);

	return json_blocker(is_vfs ? "virtual-functions" : "host-use", d->bdf, d->driver, NULL);
}
