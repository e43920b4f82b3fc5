// SPDX-License-Identifier: GPL-2.0
/* JSON of the commands that rebind devices. */
#include "model/rebind.h"
#include "output/out.h"

/* @d: the device before the rebind; @driver: its driver after it. */
struct json_object *rebind_json(const struct fv_device *d, const char *driver, bool is_changed)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "bdf", json_object_new_string(d->bdf));
	json_object_object_add(o, "group", json_object_new_int(d->group));
	json_object_object_add(o, "driver", out_string(driver));
	json_object_object_add(o, "previous_driver", out_string(d->driver));
	json_object_object_add(o, "changed", json_object_new_boolean(is_changed));
	return o;
}

/* Print an array of rebind_json(); consumes @devices. */
void rebind_print_json(struct json_object *devices, bool is_dry_run)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "dry_run", json_object_new_boolean(is_dry_run));
	json_object_object_add(top, "devices", devices);
	out_json(top);
}
