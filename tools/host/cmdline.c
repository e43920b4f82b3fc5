// SPDX-License-Identifier: GPL-2.0
/* The kernel command line, split as the kernel does (lib/cmdline.c, kernel/params.c). */
#include <ctype.h>
#include <string.h>

#include "host/cmdline.h"
#include "host/sysfs.h"

/* Length of the first word of @s; blanks within quotes are part of it. */
size_t cmdline_word_length(const char *s)
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
		len = cmdline_word_length(s);
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

/**
 * cmdline_items() - Split a value at its commas.
 * @value: of a parameter
 * @items: the list to fill, to be freed by strv_free()
 */
void cmdline_items(const char *value, struct strv *items)
{
	while (*value) {
		size_t len = strcspn(value, ",");
		autofree char *item = util_printf("%.*s", (int)len, value);

		if (len)
			strv_add(items, item);
		value += len + (value[len] == ',');
	}
}

/*
 * True if @item is the option @name to the parsers of iommu=, intel_iommu=, amd_iommu= and
 * intremap=: they compare no more than the length of the name.
 */
bool cmdline_is_item(const char *item, const char *name)
{
	return !strncmp(item, name, strlen(name));
}

/**
 * cmdline_bool() - Parse a boolean as kstrtobool() does.
 * @text: value
 * @value: set to the result
 *
 * Return: false if it is none; the kernel ignores the parameter then.
 */
bool cmdline_bool(const char *text, bool *value)
{
	static const char *const first[] = { "0nfd", "1yte" };
	bool is_second = tolower((unsigned char)*text) == 'o';
	int c = tolower((unsigned char)text[is_second]);

	if (is_second)
		c = c == 'n' ? '1' : c == 'f' ? '0' : '\0';
	if (!c || (!strchr(first[0], c) && !strchr(first[1], c)))
		return false;
	*value = strchr(first[1], c);
	return true;
}

/* Parameters that guides for passthrough name. */
static const char *const known[] = {
	"vfio-pci.ids", "vfio-pci.disable_vga", "vfio-pci.disable_idle_d3", "vfio-pci.nointxmask",
	"vfio_iommu_type1.allow_unsafe_interrupts", "iommu.passthrough", "iommu.strict",
	"intel_iommu", "amd_iommu", "intremap", "pcie_acs_override", "pcie_ports", "pcie_aspm",
};

/* The name of a word without separators, in lower case. */
static char *squeezed(const char *word)
{
	char *s = util_strdup(word);
	char *to = s;

	for (; *word && *word != '='; word++)
		if (!strchr("-_.:", *word))
			*to++ = (char)tolower((unsigned char)*word);
	*to = '\0';
	return s;
}

/* One letter is wrong, missing, too many, or two of them are swapped. */
static bool is_one_off(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (!*a || !*b)
		return strlen(a) + strlen(b) == 1;
	return !strcmp(a + 1, b + 1) || !strcmp(a, b + 1) || !strcmp(a + 1, b) ||
	       (a[0] == b[1] && a[1] == b[0] && !strcmp(a + 2, b + 2));
}

/**
 * cmdline_meant() - Find the parameter that a mistyped word was meant to be.
 * @word: a word of the command line
 *
 * The kernel ignores a word with wrong separators, or with a wrong letter. "-" and "_" are the
 * same to it.
 *
 * Return: the parameter's name, or NULL if nothing is known to be wrong.
 */
const char *cmdline_meant(const char *word)
{
	autofree char *name = squeezed(word);
	const char *near = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		autofree char *other = squeezed(known[i]);

		if (cmdline_value(word, known[i]))
			return NULL;
		if (!strcmp(name, other) || is_one_off(name, other))
			near = known[i];
	}
	return near;
}
