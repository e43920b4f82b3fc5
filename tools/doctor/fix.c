// SPDX-License-Identifier: GPL-2.0
/* Commands of fpgactl that make the change which a fix names. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "config/bootline.h"
#include "doctor/doctor.h"
#include "host/cmdline.h"

/* True if a shell and the kernel take the words as they are, within single quotes. */
static bool is_plain(const char *s)
{
	while (isalnum((unsigned char)*s) || (*s && strchr(" _.,:;=/@+%-", *s)))
		s++;
	return !*s;
}

/* True if fpgactl config --cmdline can make this change here, and it is one. */
bool words_are_planned(const char *words)
{
	autofree char *why = NULL;
	struct bootline b;
	bool is_planned;

	if (!is_plain(words))
		return false;
	is_planned = !bootline_parse(&b, words, &why);
	if (is_planned)
		is_planned = !bootline_plan(&b, &why) && bootline_is_needed(&b);
	bootline_free(&b);
	return is_planned;
}

/**
 * words_without() - Take an item out of a word of the command line.
 * @word: NAME=ITEM[,ITEM...]
 * @item: the item
 *
 * Return: the change for fpgactl config --cmdline, to be freed by the caller.
 */
char *words_without(const char *word, const char *item)
{
	size_t i, len = strcspn(word, "=");
	char *words = util_printf("-%s", word);
	autostrv struct strv items = {};
	const char *separator = "=";

	if (word[len])
		cmdline_items(word + len + 1, &items);
	for (i = 0; i < items.n; i++) {
		if (!strcmp(items.v[i], item))
			continue;
		if (*separator == '=')
			util_append(&words, " %.*s", (int)len, word);
		util_append(&words, "%s%s", separator, items.v[i]);
		separator = ",";
	}
	return words;
}

/**
 * doctor_set_words() - Add the command to the last fix, which changes the kernel command line.
 * @d: the doctor
 * @fmt: words to add and, with "-" before them, to remove
 */
void doctor_set_words(struct doctor *d, const char *fmt, ...)
{
	autofree char *words = NULL;
	va_list ap;

	va_start(ap, fmt);
	words = util_vprintf(fmt, ap);
	va_end(ap);
	if (d->is_added && words_are_planned(words))
		util_append(&d->findings[d->n - 1].fix,
			    " Command: fpgactl config --cmdline '%s' --apply", words);
}

/* True if fpgactl config --convert makes a card file for the device. */
bool doctor_may_convert(struct doctor *d, const struct pci_func *dev)
{
	return !*dev->physfn && !dev->is_bridge && dev->group != FV_NO_GROUP && !dev->is_silent &&
	       !doctor_host_use(d, dev);
}
