/* SPDX-License-Identifier: GPL-2.0 */
/* Reset durations. */
#ifndef FPGACTL_RESETTIME_H
#define FPGACTL_RESETTIME_H

#include <json-c/json.h>
#include <netlink/attr.h>

#include "util/util.h"

#define RESETTIME_STEPS_MAX	64

struct resettime {
	bool is_known;
	uint64_t count;			/* 0: the times are not set */
	uint64_t last_ns, min_ns, max_ns, total_ns;
	uint64_t histogram[RESETTIME_STEPS_MAX];	/* buckets: below 1, 2, 4, ... ms */
	size_t n;
};

void resettime_parse(struct resettime *t, struct nlattr *nest);
char *resettime_text(const struct resettime *t);
struct json_object *resettime_json(const struct resettime *t);
void resettime_print_histogram(const struct resettime *t);

#endif
