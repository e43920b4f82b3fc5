// SPDX-License-Identifier: GPL-2.0
/* What the terminal can do, by terminfo. */
#include <stddef.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include "util/term.h"

static FILE *output;

/* Sequence of this name; NULL if $TERM has none. */
static const char *sequence(const char *name)
{
	static enum { UNKNOWN, KNOWN, NONE } terminal;
	const char *s;
	int error;

	if (terminal == UNKNOWN)
		terminal = setupterm(NULL, STDERR_FILENO, &error) == OK ? KNOWN : NONE;
	s = terminal == KNOWN ? tigetstr(name) : NULL;
	/* -1: this is not the name of a sequence */
	return s == (const char *)-1 ? NULL : s;
}

static int put(int c)
{
	return fputc(c, output);
}

/* tputs() knows about padding. */
static void print(const char *name, FILE *out)
{
	const char *s = sequence(name);

	output = out;
	if (s)
		tputs(s, 1, put);
}

/* True if a line can be replaced. */
bool term_can_clear_line(void)
{
	return sequence("el");
}

/* Clear the line that the cursor is on. */
void term_clear_line(FILE *out)
{
	fputc('\r', out);
	print("el", out);
}

/* Clear the screen, if the terminal can. */
void term_clear_screen(FILE *out)
{
	print("clear", out);
}
