/* SPDX-License-Identifier: GPL-2.0 */
/* What fpgactl prints on standard output: tables, records and JSON. */
#ifndef FPGACTL_OUT_H
#define FPGACTL_OUT_H

#include <json-c/json.h>

#include "util.h"

enum {
	OUT_DEFAULT	= 1 << 0,	/* shown without -o */
	OUT_RIGHT	= 1 << 1,	/* numbers */
	OUT_TREE	= 1 << 2,	/* carries the branches */
	OUT_TRUNC	= 1 << 3,	/* may be cut where the terminal is narrow */
};

/*
 * One table of these drives the table, -o, the list in --help, and the keys and types
 * of JSON. A row is whatever the command hands to out_table_add().
 */
struct out_column {
	const char *name;	/* header, and what -o takes */
	const char *key;	/* in JSON; stays as it is from release to release */
	const char *help;
	unsigned int flags;
	struct json_object *(*value)(const void *row);
	char *(*text)(const void *row);	/* fit for a terminal; NULL: made from value */
	unsigned int width;	/* of a table that goes on the least, longer than name; or 0 */
};

struct out_columns {
	const struct out_column *v;
	size_t n;
};

struct out_table;
struct libscols_line;

struct out_table *out_table_new(const struct out_columns *columns, const char *selection);
int out_check_columns(const struct out_columns *columns, const char *asked, bool is_json,
		      const char *what);
void out_table_free(struct out_table *t);
struct libscols_line *out_table_add(struct out_table *t, struct libscols_line *parent,
				    const void *row);
void out_table_print(struct out_table *t);
void out_table_continue(struct out_table *t);
struct json_object *out_json_row(const struct out_table *t, const void *row);

void out_record(const struct out_columns *columns, const void *row);
struct json_object *out_json_record(const struct out_columns *columns, const void *row);
void out_json(struct json_object *top);
void out_json_line(struct json_object *top);
struct json_object *out_string(const char *s);
bool out_is_terminal(void);

#endif
