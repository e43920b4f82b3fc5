/* SPDX-License-Identifier: GPL-2.0 */
/* Memory and I/O regions of a device. */
#ifndef FPGACTL_BARS_H
#define FPGACTL_BARS_H

#include <json-c/json.h>

#include "util/util.h"

char *bars_text(const char *bdf);
void bars_list(const char *bdf, struct strv *names, struct strv *values);
struct json_object *bars_json(const char *bdf);

#endif
