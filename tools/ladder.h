/* SPDX-License-Identifier: GPL-2.0 */
/* The steps of a reset or a recovery: what the driver would do, or what it did. */
#ifndef FPGACTL_LADDER_H
#define FPGACTL_LADDER_H

#include <json-c/json.h>

#include "affected.h"
#include "nl.h"
#include "util.h"

struct ladder_step {
	bool has_method;		/* else it takes the card as it comes, without a reset */
	unsigned int method;
	int error;			/* errno, positive; 0: none */
	char *text;			/* the same in words, or NULL */
	bool has_duration;		/* it was tried; else planned, or refused beforehand */
	uint64_t duration_ns;
	unsigned int expected_ms, limit_ms;	/* of a plan; 0: not said */
	struct affected_list functions;
};

struct ladder {
	struct ladder_step *steps;
	size_t n;
};

#define LADDER_ANY_METHOD	(-1)

const char *ladder_method_name(unsigned int method);
int ladder_find_method(const char *name);
char *ladder_method_names(void);
void ladder_parse_step(struct ladder *l, struct nlattr *nest);
int ladder_call(struct ladder *l, struct fv_nl *nl, const char *bdf, int method, bool is_dry_run,
		char **why);
unsigned long ladder_limit_ms(const struct ladder *l);
void ladder_free(struct ladder *l);

#endif
