// SPDX-License-Identifier: GPL-2.0
/* Standard output: tables, records and JSON. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols/libsmartcols.h>

#include "output/color.h"
#include "output/out.h"
#include "output/text.h"
#include "util/err.h"
#include "util/json.h"
#include "util/term.h"

/* Branch before a line of a tree, one level below the root. */
#define TREE_WIDTH	2

/* Colon and blanks after the name of a value. */
#define RECORD_GAP	3

struct out_table {
	struct libscols_table *scols;
	const struct out_column **shown;	/* in order of selection */
	size_t n;
	bool is_selected;			/* by -o, which selects JSON keys, too */
	bool is_colored;
	const struct out_columns *all;
	size_t *widths;				/* of the columns, when last printed */
};

/* errno of the first write that failed. */
static int write_error;

/* The only place that writes to stdout. */
void out_raw(const char *s)
{
	if (fputs(s, stdout) == EOF && !write_error)
		write_error = errno;
}

/* On a terminal, if that can. */
void out_clear_screen(void)
{
	if (isatty(STDOUT_FILENO))
		term_clear_screen(stdout);
}

/* Control characters but newlines and tabs are escaped. */
void out_print(const char *fmt, ...)
{
	autofree char *text = NULL;
	autofree char *lines = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = util_vprintf(fmt, ap);
	va_end(ap);
	lines = util_printable_lines(text);
	out_raw(lines);
}

static char *text_of(struct json_object *value)
{
	char *s = NULL;
	size_t i;

	switch (json_object_get_type(value)) {
	case json_type_null:
		return util_strdup("");
	case json_type_array:
		for (i = 0; i < json_object_array_length(value); i++) {
			autofree char *item = text_of(json_object_array_get_idx(value, i));

			util_append(&s, "%s%s", i ? ", " : "", item);
		}
		return s ? s : util_strdup("");
	default:
		return util_strdup(json_object_get_string(value));
	}
}

static char *column_text(const struct out_column *c, const void *row)
{
	struct json_object *value;
	char *s;

	if (c->text)
		return c->text(row);
	value = c->value(row);
	s = text_of(value);
	json_object_put(value);
	return s;
}

static const struct out_column *find_column(const struct out_columns *columns, const char *name)
{
	size_t i;

	for (i = 0; i < columns->n; i++)
		if (!strcasecmp(columns->v[i].name, name))
			return &columns->v[i];
	return NULL;
}

static int unknown_column(const struct out_columns *columns, const char *name)
{
	autostrv struct strv names = {};
	autofree char *upper = util_strdup(name);
	autofree char *hint = NULL;
	autofree char *list = NULL;
	const char *nearest;
	size_t i;

	for (i = 0; upper[i]; i++)
		if (upper[i] >= 'a' && upper[i] <= 'z')
			upper[i] = (char)(upper[i] - 'a' + 'A');
	for (i = 0; i < columns->n; i++)
		strv_add(&names, columns->v[i].name);
	nearest = util_nearest(upper, &names);
	list = strv_join(&names, ",");
	if (nearest)
		hint = util_printf("Did you mean %s? All columns: %s", nearest, list);
	else
		hint = util_printf("All columns: %s", list);
	return err_usage(NULL, name, hint, "unknown column '%s'", name);
}

static void show_column(struct out_table *t, const struct out_column *c)
{
	t->shown = util_grow(t->shown, t->n, sizeof(struct out_column *));
	t->shown[t->n++] = c;
}

/* Resolve -o; a selection with a leading + extends the default. */
static int select_columns(struct out_table *t, const char *selection)
{
	autofree char *copy = util_strdup(selection);
	char *name, *rest = copy;
	size_t i;

	if (!selection || *selection == '+')
		for (i = 0; i < t->all->n; i++)
			if (t->all->v[i].flags & OUT_DEFAULT)
				show_column(t, &t->all->v[i]);
	if (!selection)
		return FV_OK;
	t->is_selected = true;
	if (*rest == '+')
		rest++;
	while ((name = strsep(&rest, ","))) {
		const struct out_column *c = find_column(t->all, name);

		if (!c)
			return unknown_column(t->all, name);
		show_column(t, c);
	}
	return FV_OK;
}

/* The lines of a wrapped text are made in fit(). */
static void add_narrow_column(struct out_table *t, const struct out_column *c, int flags)
{
	struct libscols_column *added;

	if (c->flags & OUT_WRAP)
		flags |= SCOLS_FL_WRAP;
	added = scols_table_new_column(t->scols, c->name, 0, flags);
	if (c->flags & OUT_WRAP)
		scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
					  NULL);
}

static void make_scols(struct out_table *t)
{
	size_t i;

	t->scols = scols_new_table();
	/* All texts are printable already; encoding again would escape their backslashes. */
	scols_table_enable_noencoding(t->scols, 1);
	scols_table_enable_minout(t->scols, 1);
	t->is_colored = color_is_on();
	scols_table_enable_colors(t->scols, t->is_colored);
	for (i = 0; i < t->n; i++) {
		int flags = 0;

		if (t->shown[i]->flags & OUT_RIGHT)
			flags |= SCOLS_FL_RIGHT;
		if (t->shown[i]->flags & OUT_TREE)
			flags |= SCOLS_FL_TREE;
		if (t->shown[i]->flags & OUT_CUT) {
			add_narrow_column(t, t->shown[i], flags);
			continue;
		}
		if (t->shown[i]->width)
			flags |= SCOLS_FL_STRICTWIDTH;
		scols_table_new_column(t->scols, t->shown[i]->name, t->shown[i]->width, flags);
	}
}

/**
 * out_table_new() - Create a table.
 * @columns: all available columns; must outlive the table
 * @selection: argument of -o, or NULL for the default
 *
 * Return: NULL after reporting an unknown column.
 */
struct out_table *out_table_new(const struct out_columns *columns, const char *selection)
{
	struct out_table *t = util_alloc(1, sizeof(*t));

	t->all = columns;
	if (select_columns(t, selection)) {
		out_table_free(t);
		return NULL;
	}
	t->widths = util_alloc(t->n, sizeof(*t->widths));
	make_scols(t);
	return t;
}

/**
 * out_check_columns() - Validate -o before the command changes anything.
 * @columns: all available columns
 * @requested: argument of -o, or NULL
 * @is_json: --json was given
 * @what: the command, for error messages
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int out_check_columns(const struct out_columns *columns, const char *requested, bool is_json,
		      const char *what)
{
	struct out_table *t;

	if (requested && is_json)
		return err_usage(what, "--output", "With --json, the output is always complete.",
				 "--output cannot be combined with --json");
	t = out_table_new(columns, requested);
	out_table_free(t);
	return t ? FV_OK : FV_USAGE;
}

void out_table_free(struct out_table *t)
{
	if (!t)
		return;
	scols_unref_table(t->scols);
	free(t->widths);
	free(t->shown);
	free(t);
}

/* @parent: for a tree; NULL: top level. */
struct libscols_line *out_table_add(struct out_table *t, struct libscols_line *parent,
				    const void *row)
{
	struct libscols_line *line = scols_table_new_line(t->scols, parent);
	size_t i;

	for (i = 0; i < t->n; i++) {
		autofree char *text = column_text(t->shown[i], row);
		autofree char *cell = util_printable(text);

		scols_line_set_data(line, i, cell);
		if (t->shown[i]->color && t->is_colored)
			scols_cell_set_color(scols_line_get_cell(line, i),
					     t->shown[i]->color(cell));
	}
	return line;
}

static const char *cell_text(struct libscols_line *line, size_t column)
{
	return scols_cell_get_data(scols_line_get_cell(line, column));
}

/* Widths of the columns of @t with their texts, without the gaps between them. */
static size_t measure(const struct out_table *t, size_t *widths)
{
	struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;
	size_t i, len, sum = 0;

	for (i = 0; i < t->n; i++) {
		widths[i] = strlen(t->shown[i]->name);
		if (!(t->shown[i]->flags & OUT_CUT) && t->shown[i]->width > widths[i])
			widths[i] = t->shown[i]->width;
		if (t->widths[i] > widths[i])
			widths[i] = t->widths[i];
	}
	while (!scols_table_next_line(t->scols, iter, &line)) {
		for (i = 0; i < t->n; i++) {
			len = text_width(cell_text(line, i));
			if (t->shown[i]->flags & OUT_TREE && scols_line_get_parent(line))
				len += TREE_WIDTH;
			if (len > widths[i])
				widths[i] = len;
		}
	}
	scols_free_iter(iter);
	for (i = 0; i < t->n; i++)
		sum += widths[i];
	return sum;
}

/*
 * The column to make narrower: the widest one that is above its least width, or, with @is_tight,
 * above that of its name; t->n: none.
 */
static size_t find_widest(const struct out_table *t, const size_t *widths, bool is_tight)
{
	size_t i, found = t->n;

	for (i = 0; i < t->n; i++)
		if (t->shown[i]->flags & OUT_CUT &&
		    (is_tight || widths[i] > t->shown[i]->width) &&
		    widths[i] > strlen(t->shown[i]->name) &&
		    (found == t->n || widths[i] > widths[found]))
			found = i;
	return found;
}

static void cut_cells(const struct out_table *t, const size_t *widths)
{
	struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *line;
	size_t i;

	while (!scols_table_next_line(t->scols, iter, &line)) {
		for (i = 0; i < t->n; i++) {
			const char *text = cell_text(line, i);

			if (t->shown[i]->flags & OUT_CUT && text_width(text) > widths[i]) {
				autofree char *cut = t->shown[i]->flags & OUT_WRAP ?
					text_wrap(text, widths[i]) : text_cut(text, widths[i]);

				scols_line_set_data(line, i, cut);
			}
		}
	}
	scols_free_iter(iter);
}

/*
 * Cut texts so that the table fits the terminal, as far as the columns allow. Rows of a
 * continued table are below those printed before.
 */
static void fit(struct out_table *t)
{
	size_t limit = text_columns(), gaps = t->n - 1, sum, i;
	autofree size_t *widths = util_alloc(t->n, sizeof(*widths));

	for (sum = measure(t, widths); limit && sum + gaps > limit; sum--) {
		i = find_widest(t, widths, false);
		if (i == t->n)
			i = find_widest(t, widths, true);
		if (i == t->n)
			break;
		widths[i]--;
	}
	cut_cells(t, widths);
	for (i = 0; i < t->n; i++) {
		struct libscols_column *c = scols_table_get_column(t->scols, i);

		if (!(t->shown[i]->flags & OUT_CUT))
			continue;
		t->widths[i] = widths[i];
		scols_column_set_whint(c, (double)widths[i]);
		/* libsmartcols heeds a width above that of the name only, and then wraps it */
		if (widths[i] > strlen(t->shown[i]->name))
			scols_column_set_flags(c, scols_column_get_flags(c) | SCOLS_FL_STRICTWIDTH);
	}
}

void out_table_print(struct out_table *t)
{
	autofree char *text = NULL;

	if (scols_table_is_empty(t->scols))
		return;
	fit(t);
	if (scols_print_table_to_string(t->scols, &text))
		abort();	/* out of memory, as in util.c */
	out_raw(text);
	out_raw("\n");
}

/* Drop the printed rows; later rows print without a header. */
void out_table_continue(struct out_table *t)
{
	if (scols_table_is_empty(t->scols))
		return;
	scols_table_remove_lines(t->scols);
	scols_table_enable_noheadings(t->scols, 1);
}

/* Row as a JSON object, with the columns of -o or all. */
struct json_object *out_json_row(const struct out_table *t, const void *row)
{
	struct json_object *o;
	size_t i;

	if (!t->is_selected)
		return out_json_record(t->all, row);
	o = json_object_new_object();
	for (i = 0; i < t->n; i++)
		json_object_object_add(o, t->shown[i]->key, t->shown[i]->value(row));
	return o;
}

struct json_object *out_json_record(const struct out_columns *columns, const void *row)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < columns->n; i++)
		json_object_object_add(o, columns->v[i].key, columns->v[i].value(row));
	return o;
}

/* Print aligned "name: value" lines, without empty values; values are wrapped. */
void out_record(const struct out_columns *columns, const void *row)
{
	size_t limit = text_columns(), width = 0, i;

	for (i = 0; i < columns->n; i++)
		if (strlen(columns->v[i].name) > width)
			width = strlen(columns->v[i].name);
	for (i = 0; i < columns->n; i++) {
		autofree char *text = column_text(&columns->v[i], row);
		autofree char *label = util_printf("%s:", columns->v[i].name);
		autofree char *printable = util_printable_lines(text);
		autofree char *wrapped = NULL;
		char *line, *rest = printable;

		if (!*text)
			continue;
		if (limit > width + RECORD_GAP) {
			wrapped = text_wrap(printable, limit - width - RECORD_GAP);
			rest = wrapped;
		}
		while ((line = strsep(&rest, "\n"))) {
			out_print("%-*s  %s\n", (int)width + 1, label, line);
			label[0] = '\0';
		}
	}
}

static void print_json(struct json_object *o, int flags)
{
	struct json_object *top = json_document(o);

	out_raw(json_object_to_json_string_ext(top, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	out_raw("\n");
	json_object_put(top);
}

/* Print an indented JSON document; consumes @top. */
void out_json(struct json_object *top)
{
	print_json(top, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}

/* Print a JSON document on one line, for stream readers; consumes @top. */
void out_json_line(struct json_object *top)
{
	print_json(top, JSON_C_TO_STRING_PLAIN);
}

static int flush(int code, const char *hint)
{
	if (fflush(stdout) && !write_error)
		write_error = errno;
	if (!write_error && ferror(stdout))
		write_error = EIO;
	if (!write_error)
		return FV_OK;
	return err_fail(code, "standard output", "write failed", hint, "%s",
			strerror(write_error));
}

/**
 * out_flush() - Write out what was printed, and check that all of it was written.
 *
 * To be called after each part of an output that does not end by itself.
 *
 * Return: FV_OK, or FV_FAILED after reporting the error.
 */
int out_flush(void)
{
	return flush(FV_FAILED, NULL);
}

/**
 * out_finish() - Do the same after a change was made.
 * @hint: tells that it was made
 *
 * Return: FV_OK, or FV_UNPRINTED after reporting the error.
 */
int out_finish(const char *hint)
{
	return flush(FV_UNPRINTED, hint);
}

/**
 * out_end_pipe() - End as a write to a pipe without a reader does.
 *
 * Return: FV_FAILED after reporting the error, if SIGPIPE is ignored.
 */
int out_end_pipe(void)
{
	raise(SIGPIPE);
	return err_fail(FV_FAILED, "standard output", "write failed", NULL, "%s", strerror(EPIPE));
}
