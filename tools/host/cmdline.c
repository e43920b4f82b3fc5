// SPDX-License-Identifier: GPL-2.0
/* The kernel command line, split as the kernel does (lib/cmdline.c, kernel/params.c). */
#include <ctype.h>
#include <string.h>

#include "host/cmdline.h"
#include "host/sysfs.h"

/* Length of the first word of @s; blanks within quotes are part of it. */
static size_t word_length(const char *s)
{
	bool is_quoted = false;
	size_t len;

	for (len = 0; s[len] && (is_quoted || !isspace((unsigned char)s[len])); len++)
		if (s[len] == '"')
			is_quoted = !is_quoted;
	return len;
}

/* Without the quotes around the whole word, or around its value. */
static char *unquote(const char *s, size_t len)
{
	const char *equal = memchr(s, '=', len);
	char *word = util_printf("%.*s", (int)len, s);
	char *value = equal && *s != '"' ? word + (equal - s) + 1 : word;
	size_t end;

	if (*value != '"')
		return word;
	memmove(value, value + 1, strlen(value));
	end = strlen(word);
	if (end && word[end - 1] == '"')
		word[end - 1] = '\0';
	return word;
}

/**
 * cmdline_read() - Read the words that are for the kernel.
 * @words: the list to fill, to be freed by strv_free(); empty if the file cannot be read
 *
 * "--" ends them: what follows is for init.
 */
void cmdline_read(struct strv *words)
{
	autofree char *text = sysfs_read("/proc/cmdline");
	const char *s = text ? text : "";
	size_t len;

	for (;; s += len) {
		autofree char *word = NULL;

		while (isspace((unsigned char)*s))
			s++;
		len = word_length(s);
		if (!len || (len == 2 && !strncmp(s, "--", 2)))
			return;
		word = unquote(s, len);
		strv_add(words, word);
	}
}

static char folded(char c)
{
	return c == '-' ? '_' : c;
}

/**
 * cmdline_value() - Get the value of a parameter.
 * @word: a word of the command line
 * @name: the parameter; "-" and "_" are the same
 *
 * Return: the value, empty if there is no "="; NULL if the word is about something else.
 */
const char *cmdline_value(const char *word, const char *name)
{
	while (*name && folded(*name) == folded(*word)) {
		name++;
		word++;
	}
	if (*name || (*word && *word != '='))
		return NULL;
	return *word ? word + 1 : word;
}

/* The value of the last word about a parameter, or NULL. */
const char *cmdline_last(const struct strv *words, const char *name)
{
	const char *value = NULL, *this;
	size_t i;

	for (i = 0; i < words->n; i++) {
		this = cmdline_value(words->v[i], name);
		if (this)
			value = this;
	}
	return value;
}
