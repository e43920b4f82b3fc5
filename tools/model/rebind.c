// SPDX-License-Identifier: GPL-2.0
/* Output of the commands that rebind devices. */
#include <string.h>

#include "model/rebind.h"
#include "output/out.h"

/* @d: the device before the rebind; @driver: its driver after it. */
struct json_object *rebind_json(const struct fv_device *d, const char *driver, bool is_changed)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "bdf", json_object_new_string(d->bdf));
	json_object_object_add(o, "group", json_object_new_int(d->group));
	json_object_object_add(o, "driver", json_string(driver));
	json_object_object_add(o, "previous_driver", json_string(d->driver));
	json_object_object_add(o, "changed", json_object_new_boolean(is_changed));
	return o;
}

/* Print an array of rebind_json(), and of card files with --persist; consumes both. */
void rebind_print_json(struct json_object *devices, struct json_object *files, bool is_dry_run)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "dry_run", json_object_new_boolean(is_dry_run));
	json_object_object_add(top, "devices", devices);
	if (files)
		json_object_object_add(top, "files", files);
	out_json(top);
}

/*
 * What to do with the driver's old name in driver_override: bind replaces it, unbind clears it.
 * Without --only, unbind would take the rest of the group from the VM.
 */
char *rebind_advice(const struct fv_device *d)
{
	if (!d->driver || device_is_bound(d))
		return util_printf("to replace it: fpgactl bind %s", d->bdf);
	if (!strcmp(d->driver, FV_OLD_DRIVER))
		return util_strdup("to load the new module: rmmod " FV_MODULE " && modprobe "
				   FV_MODULE);
	return util_printf("to clear it: fpgactl unbind --only %s", d->bdf);
}
