// SPDX-License-Identifier: GPL-2.0
/* Colours of tables: red is broken, brown (dark yellow) needs attention. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/color.h"
#include "util/util.h"

static enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } mode;

/* Set when to use colours; false if @when is unknown. */
bool color_set(const char *when)
{
	static const char *const names[] = { "auto", "always", "never" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(when, names[i]))
			continue;
		mode = i;
		return true;
	}
	return false;
}

/* By default on a terminal that is not dumb, unless NO_COLOR is set and not empty. */
bool color_is_on(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

/* "down !", or another text that ends in "!": a link below its maximum. NULL: no colour. */
const char *color_of_link(const char *text)
{
	size_t len = strlen(text);

	if (!strcmp(text, "down !"))
		return "red";
	return len && text[len - 1] == '!' ? "brown" : NULL;
}

/* By the first words of a card's, function's or group's state. NULL: no colour. */
const char *color_of_state(const char *text)
{
	static const struct {
		const char *prefix, *color;
	} colors[] = {
		{ "lost", "red" }, { "failed", "red" }, { "changed", "red" },
		{ "fenced", "brown" }, { "recovering", "brown" }, { "not viable", "brown" },
		{ "blocking", "brown" },
	};
	size_t i;

	if (strstr(text, "no response"))
		return "red";
	for (i = 0; i < ARRAY_SIZE(colors); i++)
		if (!strncmp(text, colors[i].prefix, strlen(colors[i].prefix)))
			return colors[i].color;
	return NULL;
}
