// SPDX-License-Identifier: GPL-2.0
/* libFuzzer target for cardfile.c: a file that is accepted is written again as it is understood. */
#include "config/cardfile.h"
#include "config/slot.h"
#include "input.h"

#define PATH	CARDFILE_DIR "/0000:00:01.0-00.conf"

static void parse_slots(const char *data, size_t size)
{
	autofree char *dir = util_printf("%.*s", (int)size, data);
	autofree char *path = slot_parse_dir(dir);
	autofree char *card = NULL;
	unsigned int function;

	/* what is read is also accepted in a file */
	if (path && !slot_is_function(path))
		abort();
	if (path)
		card = slot_card(path, &function);
	if (card && !slot_is_card(card))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cardfile f = {}, again = {};
	autofree char *why = NULL;
	autofree char *text = NULL;
	autofree char *text_again = NULL;

	parse_slots((const char *)data, size);
	if (!cardfile_parse(&f, PATH, (const char *)data, size, &why)) {
		text = cardfile_text(&f);
		if (cardfile_parse(&again, PATH, text, strlen(text), &why))
			abort();
		text_again = cardfile_text(&again);
		if (strcmp(text, text_again) != 0)
			abort();
	} else if (!why) {
		abort();
	}
	cardfile_free(&f);
	cardfile_free(&again);
	return 0;
}
