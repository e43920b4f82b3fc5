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
	const struct fv_model *model;
	const struct fv_holders *holders;	/* of the whole system */
};

/* Columns of a table with one function per row. */
extern const struct out_columns affected_columns;

void affected_add(struct affected_list *l, const char *bdf, const char *driver, bool is_held);
void affected_parse(struct affected_list *l, struct nlattr *nest);
void affected_add_card(struct affected_list *l, const struct fv_model *m, const char *port);
void affected_add_users(struct json_object *users, const struct affected_list *l,
			const struct fv_model *m);
void affected_free(struct affected_list *l);
struct json_object *affected_json(const struct affected_list *l, const struct affected_world *w);
void affected_print(const struct affected_list *l, const struct affected_world *w,
		    const char *selection);

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

extern const struct out_columns steps_columns;

void steps_print(const struct ladder *l, const struct fv_model *m, const char *requested,
		 bool is_plan);
struct json_object *steps_json(const struct ladder *l, const struct fv_model *m);

#endif
