/* SPDX-License-Identifier: GPL-2.0 */
/* Functions affected by an operation of the driver, or by its dry run. */
#ifndef FPGACTL_AFFECTED_H
#define FPGACTL_AFFECTED_H

#include <json-c/json.h>
#include <netlink/attr.h>

#include "host/model.h"
#include "model/holders.h"
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
char *affected_driver_text(const struct affected *a);
char *affected_holders_text(const struct affected *a, const struct affected_world *w);
struct json_object *affected_holders_json(const struct affected *a, const struct affected_world *w);
struct json_object *affected_json(const struct affected_list *l, const struct affected_world *w);
void affected_print(const struct affected_list *l, const struct affected_world *w,
		    const char *selection);

#endif
