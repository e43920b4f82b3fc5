/* SPDX-License-Identifier: GPL-2.0 */
/* Current users of a device, from the driver's counters and from open files. */
#ifndef FPGACTL_HELD_H
#define FPGACTL_HELD_H

#include <json-c/json.h>

#include "host/model.h"
#include "util/util.h"

bool held_now(const struct fv_device *d);
char *held_by(const struct fv_device *d);
void held_add_users(struct json_object *users, const struct fv_device *d);
void held_add_driver(struct json_object *users, const struct fv_device *d);
bool held_is_driver(struct json_object *user);
const char *held_object(struct json_object *user);
bool held_covers(struct json_object *known, struct json_object *user);
char *held_text(struct json_object *users, const char *bdf, bool is_unbound);
void held_block(struct json_object *users);
void held_add_blockers(const struct fv_device *d);

#endif
