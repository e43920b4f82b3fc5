/* SPDX-License-Identifier: GPL-2.0 */
/* Output of the commands that rebind devices. */
#ifndef FPGACTL_REBIND_H
#define FPGACTL_REBIND_H

#include <json-c/json.h>

#include "host/model.h"

struct json_object *rebind_json(const struct fv_device *d, const char *driver, bool is_changed);
void rebind_print_json(struct json_object *devices, struct json_object *files, bool is_dry_run);
char *rebind_advice(const struct fv_device *d);

#endif
