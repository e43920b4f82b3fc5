// SPDX-License-Identifier: GPL-2.0
/*
 * The tags of an XML text, one after the other: enough to find a few attributes in files that a
 * program wrote. Nothing is expanded, and a tag that does not end is the end.
 */
#include <ctype.h>
#include <string.h>

#include "host/xml.h"

/* What is skipped as a whole. */
static const struct {
	const char *start, *end;
} ignored[] = {
	{ "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" }, { "<!", ">" },
};

/* Behind a comment or the like at @s; @s if there is none; NULL if it does not end. */
static const char *skip(const char *s)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ignored); i++) {
		const char *end;

		if (strncmp(s, ignored[i].start, strlen(ignored[i].start)) != 0)
			continue;
		end = strstr(s + strlen(ignored[i].start), ignored[i].end);
		return end ? end + strlen(ignored[i].end) : NULL;
	}
	return s;
}

/* The ">" of a tag; within quotes it is none. NULL: it does not end. */
static const char *find_end(const char *s)
{
	char quote = '\0';

	for (; *s && (quote || *s != '>'); s++) {
		if (quote)
			quote = *s == quote ? '\0' : quote;
		else if (*s == '"' || *s == '\'')
			quote = *s;
	}
	return *s ? s : NULL;
}

/**
 * xml_next() - Find the next tag.
 * @s: where to look; moves behind the tag
 * @tag: result; points into the text
 *
 * Return: false at the end of the text.
 */
bool xml_next(const char **s, struct xml_tag *tag)
{
	const char *start = *s, *behind, *end;

	for (;; start = behind) {
		start = strchr(start, '<');
		behind = start ? skip(start) : NULL;
		if (!behind)
			return false;
		if (behind == start)
			break;
	}
	tag->is_end = start[1] == '/';
	tag->start = start + 1 + tag->is_end;
	end = find_end(tag->start);
	if (!end)
		return false;
	tag->text = end + 1;
	tag->is_empty = end > tag->start && end[-1] == '/';
	tag->len = (size_t)(end - tag->start) - tag->is_empty;
	*s = tag->text;
	return true;
}

static size_t name_length(const char *s, const char *end)
{
	size_t len = 0;

	while (s + len < end && !isspace((unsigned char)s[len]) && s[len] != '=')
		len++;
	return len;
}

bool xml_is(const struct xml_tag *tag, const char *name)
{
	size_t len = name_length(tag->start, tag->start + tag->len);

	return len == strlen(name) && !strncmp(tag->start, name, len);
}

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && isspace((unsigned char)*s))
		s++;
	return s;
}

/* The value of an attribute, to be freed by the caller; NULL: there is none. */
char *xml_attribute(const struct xml_tag *tag, const char *name)
{
	const char *end = tag->start + tag->len;
	const char *s = tag->start + name_length(tag->start, end);

	for (;;) {
		const char *key = skip_blanks(s, end), *value, *close;
		size_t len = name_length(key, end);

		value = skip_blanks(key + len, end);
		if (!len || value == end || *value != '=')
			return NULL;
		value = skip_blanks(value + 1, end);
		if (value == end || (*value != '"' && *value != '\''))
			return NULL;
		close = memchr(value + 1, *value, (size_t)(end - value) - 1);
		if (!close)
			return NULL;
		if (len == strlen(name) && !strncmp(key, name, len))
			return util_printf("%.*s", (int)(close - value) - 1, value + 1);
		s = close + 1;
	}
}

/* The text between a tag and the next one, to be freed by the caller. */
char *xml_text(const struct xml_tag *tag)
{
	return util_printf("%.*s", (int)strcspn(tag->text, "<"), tag->text);
}
