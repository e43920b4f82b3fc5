/* SPDX-License-Identifier: GPL-2.0 */
/* Standard output: tables, records and JSON. */
#ifndef FPGACTL_OUT_H
#define FPGACTL_OUT_H

#include <json-c/json.h>

#include "util/json.h"
#include "util/util.h"

enum {
	OUT_DEFAULT	= 1 << 0,	/* shown without -o */
	OUT_RIGHT	= 1 << 1,	/* right-aligned */
	OUT_TREE	= 1 << 2,	/* carries the tree branches */
	OUT_CUT		= 1 << 3,	/* cut to @width, if the table is too wide */
	OUT_WRAP	= 1 << 4,	/* with OUT_CUT: wrapped in place of cut */
};

/*
 * One array of these drives the table, -o, the list in --help, and the keys and types of
 * JSON. A row is the pointer passed to out_table_add().
 */
struct out_column {
	const char *name;	/* header, and name for -o */
	const char *key;	/* JSON key; stable across releases; NULL: not in JSON */
	const char *help;
	unsigned int flags;
	struct json_object *(*value)(const void *row);	/* NULL: text only */
	char *(*text)(const void *row);	/* NULL: derived from value */
	unsigned int width;	/* OUT_CUT: least width; else minimum, above strlen(name), of a
				 * continued table, or 0
				 */
	const char *(*color)(const char *text);	/* of a cell; NULL: none */
};

struct out_columns {
	const struct out_column *v;
	size_t n;
};

struct out_table;
struct libscols_line;

struct out_table *out_table_new(const struct out_columns *columns, const char *selection);
int out_check_columns(const struct out_columns *columns, const char *requested, bool is_json,
		      const char *what);
void out_table_free(struct out_table *t);
struct libscols_line *out_table_add(struct out_table *t, struct libscols_line *parent,
				    const void *row);
void out_table_print(struct out_table *t);
void out_table_continue(struct out_table *t);
struct json_object *out_json_row(const struct out_table *t, const void *row);

void out_record(const struct out_columns *columns, const void *row);
struct json_object *out_json_record(const struct out_columns *columns, const void *row);
void out_print(const char *fmt, ...) __printf(1, 2);
void out_raw(const char *s);
void out_clear_screen(void);
void out_json(struct json_object *top);
void out_json_line(struct json_object *top);
int out_flush(void);
int out_finish(const char *hint);
int out_end_pipe(void);

#endif
