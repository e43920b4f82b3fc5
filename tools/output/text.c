// SPDX-License-Identifier: GPL-2.0
/* Texts in the columns of a terminal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "output/text.h"
#include "util/util.h"

/* Least columns of a terminal for which a text is cut. */
#define COLUMNS_MIN	20

/* Of a terminal that does not know its size. */
#define COLUMNS_DEFAULT	80

/**
 * text_columns() - Width of the output.
 *
 * Return: $COLUMNS, else the columns of the terminal, else 0: not limited.
 */
size_t text_columns(void)
{
	const char *env = getenv("COLUMNS");
	struct winsize size = {};
	unsigned int columns;

	if (env && util_parse_uint(env, INT16_MAX, &columns) && columns >= COLUMNS_MIN)
		return columns;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return 0;
	return size.ws_col >= COLUMNS_MIN ? size.ws_col : COLUMNS_DEFAULT;
}

/* Bytes and columns of the first character of @s; a broken one is one byte, one column. */
static size_t next_char(const char *s, size_t *columns)
{
	mbstate_t state = {};
	wchar_t c;
	size_t len = mbrtowc(&c, s, strlen(s), &state);
	int width;

	*columns = 1;
	if (len == (size_t)-1 || len == (size_t)-2 || !len)
		return 1;
	width = wcwidth(c);
	if (width >= 0)
		*columns = (size_t)width;
	return len;
}

/* Columns of @s; 0 for NULL. */
size_t text_width(const char *s)
{
	size_t sum = 0, columns;

	while (s && *s) {
		s += next_char(s, &columns);
		sum += columns;
	}
	return sum;
}

/* The beginning of @s, and a mark that some is missing, in @width columns. */
char *text_cut(const char *s, size_t width)
{
	const char *mark = util_is_utf8_locale() ? "\u2026" : ">";
	const char *end = s;
	size_t sum = 1, columns, len;

	while (*end) {
		len = next_char(end, &columns);
		if (sum + columns > width)
			break;
		end += len;
		sum += columns;
	}
	while (end > s && end[-1] == ' ')
		end--;
	return util_printf("%.*s%s", (int)(end - s), s, mark);
}

/*
 * Bytes of the first line of @s in @width columns: up to a blank, if there is one. One behind a
 * comma in the second half is better: items of a list stay whole.
 */
static size_t line_length(const char *s, size_t width)
{
	size_t sum = 0, columns, len = 0, at_blank = 0, bytes;
	bool is_item = false;

	while (s[len] && s[len] != '\n') {
		bytes = next_char(s + len, &columns);
		if (s[len] == ' ' && (!is_item || s[len - 1] == ',')) {
			is_item = len && s[len - 1] == ',' && sum >= width / 2;
			at_blank = len;
		}
		sum += columns;
		if (sum > width && len)
			return at_blank ? at_blank : len;
		len += bytes;
	}
	return len;
}

/* @s in lines of @width columns, broken at blanks where there are any. */
char *text_wrap(const char *s, size_t width)
{
	char *lines = util_strdup("");
	size_t len;

	while (*s) {
		len = line_length(s, width);
		util_append(&lines, "%.*s", (int)len, s);
		s += len;
		if (*s == ' ' || *s == '\n')
			s++;
		if (*s)
			util_append(&lines, "\n");
	}
	return lines;
}
