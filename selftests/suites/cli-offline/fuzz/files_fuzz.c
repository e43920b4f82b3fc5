// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target for files of the host: an entry of the ledger that is accepted is written again
 * as it is understood, and an edit of a command line has the words that it was to have, and no
 * others.
 */
#include <ctype.h>

#include "config/boottext.h"
#include "config/ledger_internal.h"
#include "input.h"
#include "util/diff.h"

static void parse_ledger(const char *text)
{
	static const char file[] = LEDGER_DIR "/etc!a.json";
	struct ledger_entry e = {}, again = {};
	autofree char *once = NULL;
	autofree char *twice = NULL;

	if (ledger_parse(&e, file, text)) {
		once = ledger_entry_text(&e);
		if (!ledger_parse(&again, file, once))
			abort();
		twice = ledger_entry_text(&again);
		if (strcmp(once, twice) != 0)
			abort();
	} else if (!e.why) {
		abort();
	}
	ledger_entry_free(&e);
	ledger_entry_free(&again);
}

/* A word without quotes and blanks; NULL: it is another one. */
static const char *word_of(const char *text)
{
	const char *p;

	for (p = text; *p; p++)
		if (isspace((unsigned char)*p) || *p == '"')
			return NULL;
	return *text && strcmp(text, "--") != 0 ? text : NULL;
}

static void edit(const char *line, bool has_escapes, const char *word)
{
	struct strv none = {}, one = {};
	autofree char *same = boottext_edit(line, has_escapes, &none, &none);
	autofree char *without = NULL;
	autofree char *with = NULL;

	if (strcmp(same, line) != 0)
		abort();
	if (!word)
		return;
	strv_add(&one, word);
	without = boottext_edit(line, has_escapes, &none, &one);
	if (boottext_has(without, has_escapes, word))
		abort();
	with = boottext_edit(without, has_escapes, &one, &none);
	/* a quote that is open takes all that follows */
	if (!strchr(line, '"') && !boottext_has(with, has_escapes, word))
		abort();
	strv_free(&one);
}

static void assign(const char *line, const char *word)
{
	struct strv none = {}, one = {};
	struct boot_assignment a;
	autofree char *value = NULL;
	autofree char *again = NULL;

	if (boottext_parse(&a, line, "A") != BOOT_ASSIGNMENT)
		return;
	strv_add(&one, word);
	value = boottext_value(&a, &one, &none);
	strv_free(&one);
	if (!value)
		return;
	again = util_printf("A=%s", value);
	/* with what was added, it is still one assignment */
	if (boottext_parse(&a, again, "A") != BOOT_ASSIGNMENT)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .p = data, .len = size };
	unsigned int kind = take(&in);
	autofree char *text = take_text(&in);
	autofree char *other = take_text(&in);
	autofree char *difference = NULL;
	const char *word = word_of(other);

	switch (kind % 4) {
	case 0:
		parse_ledger(text);
		break;
	case 1:
		edit(text, kind & 4, word);
		break;
	case 2:
		if (word)
			assign(text, word);
		break;
	default:
		diff_append(&difference, "a", text, "b", other);
		if (!difference != !strcmp(text, other))
			abort();
		break;
	}
	return 0;
}
