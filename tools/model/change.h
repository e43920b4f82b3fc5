/* SPDX-License-Identifier: GPL-2.0 */
/* Permission check and JSON shared by the commands that rebind devices. */
#ifndef FPGACTL_CHANGE_H
#define FPGACTL_CHANGE_H

#include <json-c/json.h>

#include "host/model.h"

int change_check_rights(const char *bdf, const char *what);
struct json_object *change_json(const struct fv_device *d, const char *driver, bool is_changed);
void change_print_json(struct json_object *devices, bool is_dry_run);

#endif
