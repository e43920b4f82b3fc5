// SPDX-License-Identifier: GPL-2.0
/*
 * Edit the kernel command line in the files of boot loaders. All but the words that are added or
 * removed stays as it is: blanks, quotes, and expansions of the shell.
 */
#include <ctype.h>
#include <string.h>

#include "config/boottext.h"

#define BLANKS	" \t\n\r\f\v"

/* Characters that have a meaning between double quotes. */
#define ESCAPED	"$`\"\\"

/* A character that the shell takes for itself between double quotes. */
static bool is_escape(const char *s)
{
	return *s == '\\' && s[1] && strchr(ESCAPED, s[1]);
}

/* Length of a word as it is written; a quote of the kernel is \" between double quotes. */
static size_t raw_length(const char *s, bool has_escapes)
{
	bool is_quoted = false;
	size_t len;

	for (len = 0; s[len] && (is_quoted || !isspace((unsigned char)s[len])); len++) {
		if (has_escapes && is_escape(s + len))
			len++;
		if (s[len] == '"')
			is_quoted = !is_quoted;
	}
	return len;
}

/* The word that the kernel gets. */
static char *plain(const char *s, size_t len, bool has_escapes)
{
	char *word = util_alloc(len + 1, 1), *w = word;
	size_t i;

	for (i = 0; i < len; i++) {
		if (has_escapes && i + 1 < len && is_escape(s + i))
			i++;
		*w++ = s[i];
	}
	return word;
}

static void append_word(char **line, const char *word, bool has_escapes)
{
	const char *end = *line ? *line + strlen(*line) : "";

	if (*line && **line && !isspace((unsigned char)end[-1]))
		util_append(line, " ");
	for (; *word; word++)
		util_append(line, "%s%c", has_escapes && strchr(ESCAPED, *word) ? "\\" : "", *word);
}

/* True for the same parameter with the same value; "-" and "_" are the same in its name. */
bool boottext_is_same(const char *a, const char *b)
{
	for (; *a && *a != '=' && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return !strcmp(a, b);
}

static bool has_word(const struct strv *words, const char *word)
{
	size_t i;

	for (i = 0; i < words->n; i++)
		if (boottext_is_same(words->v[i], word))
			return true;
	return false;
}

/* True if a line has this word, for the kernel: not behind "--". */
bool boottext_has(const char *line, bool has_escapes, const char *word)
{
	size_t len;

	for (;; line += len) {
		autofree char *this = NULL;

		line += strspn(line, BLANKS);
		len = raw_length(line, has_escapes);
		if (!len || (len == 2 && !strncmp(line, "--", 2)))
			return false;
		this = plain(line, len, has_escapes);
		if (boottext_is_same(this, word))
			return true;
	}
}

/**
 * boottext_edit() - Add and remove words of a command line.
 * @line: the line
 * @has_escapes: it stands between double quotes of a shell
 * @add: words to add at its end, but before "--", which ends the words of the kernel
 * @remove: words to remove, wherever they are
 *
 * Return: the new line.
 */
char *boottext_edit(const char *line, bool has_escapes, const struct strv *add,
		    const struct strv *remove)
{
	size_t lead = strspn(line, BLANKS), blanks, len, i;
	char *new = util_strdup("");
	bool is_ended = false;

	for (;; line += blanks + len) {
		autofree char *word = NULL;

		blanks = strspn(line, BLANKS);
		len = raw_length(line + blanks, has_escapes);
		word = plain(line + blanks, len, has_escapes);
		if (!is_ended && (!len || !strcmp(word, "--"))) {
			is_ended = true;
			for (i = 0; i < add->n; i++)
				append_word(&new, add->v[i], has_escapes);
		}
		if (!len)
			break;
		if (!is_ended && has_word(remove, word))
			continue;
		/* added words are before the first one */
		if (*new && !blanks)
			util_append(&new, " ");
		/* blanks go with the word behind them, but those at the start stay */
		util_append(&new, "%.*s%.*s", (int)(*new ? blanks : lead), line, (int)len,
			    line + blanks);
	}
	util_append(&new, "%.*s", (int)blanks, line);
	return new;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "$NAME" or "${NAME", which does not assign to it with "=" behind. */
static bool is_expansion(const char *start, const char *name, const char *end)
{
	if (name > start && name[-1] == '$')
		return true;
	return name > start + 1 && name[-1] == '{' && name[-2] == '$' &&
	       *end != '=' && strncmp(end, ":=", 2);
}

/* True if a line has the name of a variable other than to expand it, outside of comments. */
static bool has_name(const char *line, const char *name)
{
	size_t len = strlen(name);
	const char *p;
	char quote = 0;

	for (p = line; *p && *p != '\n'; p++) {
		bool is_start = p == line || strchr(" \t;&|()", p[-1]);

		if (!quote && *p == '#' && is_start)
			return false;
		if (*p == '\\' && quote != '\'' && p[1] && p[1] != '\n') {
			p++;
			continue;
		}
		if (*p == quote)
			quote = 0;
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		if (!strncmp(p, name, len) && !is_name(p[len]) && (p == line || !is_name(p[-1])) &&
		    !is_expansion(line, p, p + len))
			return true;
	}
	return false;
}

/**
 * boottext_parse() - Parse a line of a shell script for an assignment.
 * @a: result
 * @line: up to a newline or its end
 * @name: the variable
 *
 * Return: BOOT_UNCLEAR for an assignment that goes on in the next line or in another command, or
 * has several parts, and for any other line with the name that may change the variable.
 */
enum boot_parse boottext_parse(struct boot_assignment *a, const char *line, const char *name)
{
	const char *end, *start = line;
	size_t len = strlen(name);

	line += strspn(line, " \t");
	if (!strncmp(line, "export", 6) && (line[6] == ' ' || line[6] == '\t'))
		line += 6 + strspn(line + 6, " \t");
	if (strncmp(line, name, len) || (line[len] != '=' && strncmp(line + len, "+=", 2)))
		return has_name(start, name) ? BOOT_UNCLEAR : BOOT_OTHER;
	if (line[len] != '=')
		return BOOT_UNCLEAR;
	line += len + 1;
	a->quote = *line == '"' || *line == '\'' ? *line++ : 0;
	a->value = line;
	if (a->quote) {
		for (; *line && *line != '\n' && *line != a->quote; line++)
			if (a->quote == '"' && *line == '\\' && line[1] && line[1] != '\n')
				line++;
		end = line;
		if (*line++ != a->quote)
			return BOOT_UNCLEAR;
	} else {
		end = line += strcspn(line, " \t\n\"'\\$`;&|<>()");
	}
	a->len = (size_t)(end - a->value);
	line += strspn(line, " \t");
	if (*line == '#' && isblank((unsigned char)line[-1]))
		return BOOT_ASSIGNMENT;
	return !*line || *line == '\n' ? BOOT_ASSIGNMENT : BOOT_UNCLEAR;
}

/* The new value of an assignment with its quotes; NULL if it cannot have these words. */
char *boottext_value(const struct boot_assignment *a, const struct strv *add,
		     const struct strv *remove)
{
	autofree char *old = util_printf("%.*s", (int)a->len, a->value);
	char quote = a->quote ? a->quote : '"';
	autofree char *new = boottext_edit(old, quote == '"', add, remove);

	if (quote == '\'' && strchr(new, '\''))
		return NULL;
	return util_printf("%c%s%c", quote, new, quote);
}
