// SPDX-License-Identifier: GPL-2.0
/* Unified difference of two texts, in one hunk: all between the first and the last difference. */
#include <string.h>

#include "util/diff.h"
#include "util/util.h"

#define CONTEXT		3U
#define NO_NEWLINE	"\\ No newline at end of file\n"

struct lines {
	const char **v;		/* each up to its newline or the end of the text */
	size_t n;
};

static void split(struct lines *l, const char *text)
{
	const char *end;

	for (; *text; text = end) {
		l->v = util_grow(l->v, l->n, sizeof(*l->v));
		l->v[l->n++] = text;
		end = strchr(text, '\n');
		end = end ? end + 1 : text + strlen(text);
	}
}

static size_t length(const char *line)
{
	size_t len = strcspn(line, "\n");

	return len + (line[len] == '\n');
}

static bool is_same(const char *a, const char *b)
{
	size_t len = length(a);

	return len == length(b) && !strncmp(a, b, len);
}

static void append(char **out, char sign, const struct lines *l, size_t from, size_t to)
{
	size_t len;

	for (; from < to; from++) {
		len = length(l->v[from]);
		util_append(out, "%c%.*s", sign, (int)len, l->v[from]);
		if (l->v[from][len - 1] != '\n')
			util_append(out, "\n" NO_NEWLINE);
	}
}

/* An empty range counts from the line before it. */
static size_t start(size_t from, size_t to)
{
	return from == to ? from : from + 1;
}

/**
 * diff_append() - Append a unified difference; nothing if the texts are the same.
 * @out: may point to NULL
 * @a_name: name of @a
 * @a: old text
 * @b_name: name of @b
 * @b: new text
 */
void diff_append(char **out, const char *a_name, const char *a, const char *b_name, const char *b)
{
	struct lines la = {}, lb = {};
	size_t head = 0, tail = 0, from;

	split(&la, a);
	split(&lb, b);
	while (head < la.n && head < lb.n && is_same(la.v[head], lb.v[head]))
		head++;
	while (tail < la.n - head && tail < lb.n - head &&
	       is_same(la.v[la.n - 1 - tail], lb.v[lb.n - 1 - tail]))
		tail++;
	if (head < la.n - tail || head < lb.n - tail) {
		size_t after = tail < CONTEXT ? tail : CONTEXT;
		size_t a_end = la.n - tail + after, b_end = lb.n - tail + after;

		from = head > CONTEXT ? head - CONTEXT : 0;
		util_append(out, "--- %s\n+++ %s\n@@ -%zu,%zu +%zu,%zu @@\n", a_name, b_name,
			    start(from, a_end), a_end - from, start(from, b_end), b_end - from);
		append(out, ' ', &la, from, head);
		append(out, '-', &la, head, la.n - tail);
		append(out, '+', &lb, head, lb.n - tail);
		append(out, ' ', &la, la.n - tail, a_end);
	}
	util_autofree(&la.v);
	util_autofree(&lb.v);
}
