// SPDX-License-Identifier: GPL-2.0
/* Permission check and JSON shared by the commands that rebind devices. */
#include <errno.h>
#include <string.h>

#include "host/move.h"
#include "model/change.h"
#include "output/out.h"
#include "util/err.h"

/* Return FV_OK if the caller may rebind devices; @bdf and @what go into the error message. */
int change_check_rights(const char *bdf, const char *what)
{
	int ret = move_may_write();

	if (!ret)
		return FV_OK;
	if (ret == -EACCES)
		return err_fail(FV_FAILED, bdf, what, "Run it as root. Nothing was changed.",
				"needs root");
	return err_fail(FV_FAILED, bdf, what, "Nothing was changed.", "%s", strerror(-ret));
}

/* @d: the device before the change; @driver: its driver after it. */
struct json_object *change_json(const struct fv_device *d, const char *driver, bool is_changed)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "bdf", json_object_new_string(d->bdf));
	json_object_object_add(o, "group", json_object_new_int(d->group));
	json_object_object_add(o, "driver", out_string(driver));
	json_object_object_add(o, "previous_driver", out_string(d->driver));
	json_object_object_add(o, "changed", json_object_new_boolean(is_changed));
	return o;
}

/* Print an array of change_json(); consumes @devices. */
void change_print_json(struct json_object *devices, bool is_dry_run)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "dry_run", json_object_new_boolean(is_dry_run));
	json_object_object_add(top, "devices", devices);
	out_json(top);
}
