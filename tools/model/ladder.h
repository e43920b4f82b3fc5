/* SPDX-License-Identifier: GPL-2.0 */
/* Steps of a reset or recovery, planned or executed. */
#ifndef FPGACTL_LADDER_H
#define FPGACTL_LADDER_H

#include <json-c/json.h>

#include "model/affected.h"
#include "netlink/nl.h"
#include "netlink/refusal.h"
#include "util/util.h"

struct ladder_step {
	bool has_method;		/* false: verify only, no reset */
	unsigned int method;
	int error;			/* positive errno; 0: none */
	char *text;			/* cause of the error, or NULL */
	bool has_duration;		/* executed; false: planned or refused */
	uint64_t duration_ns;
	unsigned int expected_ms, limit_ms;	/* plan only; 0: not given */
	struct affected_list functions;
	struct refusal refusal;
};

struct ladder {
	struct ladder_step *steps;
	size_t n;
	struct refusal refusal;		/* of the reset or recovery as a whole */
};

#define LADDER_ANY_METHOD	(-1)

/* The request. */
struct ladder_request {
	const char *bdf;
	int method;			/* the only one to use, or LADDER_ANY_METHOD */
	bool is_dry_run;
	bool is_unused_only;		/* hit no function that a VFIO user has open */
};

const char *ladder_method_name(unsigned int method);
int ladder_find_method(const char *name);
char *ladder_method_names(void);
void ladder_parse(struct ladder *l, struct nlmsghdr *hdr, int type);
int ladder_call(struct ladder *l, struct fv_nl *nl, const struct ladder_request *request,
		char **why);
unsigned long ladder_limit_ms(const struct ladder *l);
void ladder_free(struct ladder *l);

#endif
