/* SPDX-License-Identifier: GPL-2.0 */
/* Steps of a reset or recovery, planned or executed, and the functions that are affected. */
#ifndef FPGACTL_RESET_PLAN_H
#define FPGACTL_RESET_PLAN_H

#include <json-c/json.h>
#include <netlink/attr.h>

#include "host/model.h"
#include "model/holders.h"
#include "netlink/nl.h"
#include "netlink/refusal.h"
#include "output/out.h"

struct affected {
	char bdf[BDF_SIZE];
	char *driver;			/* NULL: not bound */
	bool is_held;			/* a VFIO user has it open */
};

struct affected_list {
	struct affected *v;
	size_t n;
};

/* Used to look up the holders of a function. */
struct affected_world {
	const struct model *model;
	const struct holders *holders;	/* of the whole system */
};

/* Columns of a table with one function per row. */
extern const struct out_columns affected_columns;

void affected_add(struct affected_list *l, const char *bdf, const char *driver, bool is_held);
void affected_parse(struct affected_list *l, struct nlattr *nest);
void affected_add_card(struct affected_list *l, const struct model *m, const char *port);
void affected_add_users(struct json_object *users, const struct affected_list *l,
			const struct model *m);
void affected_free(struct affected_list *l);
struct json_object *affected_json(const struct affected_list *l, const struct affected_world *w);
void affected_print(const struct affected_list *l, const struct affected_world *w,
		    const char *selection);

struct reset_step {
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

struct reset_plan {
	struct reset_step *steps;
	size_t n;
	struct refusal refusal;		/* of the reset or recovery as a whole */
};

#define RESET_METHOD_ANY	(-1)

/* The request. */
struct reset_plan_request {
	const char *bdf;
	int method;			/* the only one to use, or RESET_METHOD_ANY */
	bool is_dry_run;
	bool is_unused_only;		/* hit no function that a VFIO user has open */
};

const char *reset_method_name(unsigned int method);
int reset_method_find(const char *name);
char *reset_method_names(void);
void reset_plan_parse(struct reset_plan *l, struct nlmsghdr *hdr, int type);
int reset_plan_call(struct reset_plan *l, struct fv_nl *nl,
		    const struct reset_plan_request *request, char **why);
unsigned long reset_plan_limit_ms(const struct reset_plan *l);
void reset_plan_free(struct reset_plan *l);

extern const struct out_columns reset_plan_columns;

void reset_plan_print(const struct reset_plan *l, const struct model *m, const char *requested,
		      bool is_plan);
struct json_object *reset_plan_json(const struct reset_plan *l, const struct model *m);

#endif
