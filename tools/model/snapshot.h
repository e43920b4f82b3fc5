/* SPDX-License-Identifier: GPL-2.0 */
/* Identity of the functions below a port, and changes of it. */
#ifndef FPGACTL_SNAPSHOT_H
#define FPGACTL_SNAPSHOT_H

#include <json-c/json.h>

#include "host/model.h"

/* One function: names and values of its identity fields. */
struct snapshot_function {
	char bdf[BDF_SIZE];
	struct strv names, values;
	struct json_object *json;
};

struct snapshot {
	struct snapshot_function *v;
	size_t n;
};

void snapshot_take(struct snapshot *s, const struct model *m, const char *port);
void snapshot_free(struct snapshot *s);
bool snapshot_print_difference(const struct snapshot *before, const struct snapshot *after,
			       const char *columns);
struct json_object *snapshot_json(const struct snapshot *s);

extern const struct out_columns snapshot_columns;

#endif
