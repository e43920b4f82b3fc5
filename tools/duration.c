// SPDX-License-Identifier: GPL-2.0
/*
 * Times as people write them: 100ms, 60s, 2min. nl_str2msec() of libnl knows no ms, and
 * takes a number without a unit.
 */
#include <string.h>

#include "duration.h"
#include "util.h"

static const struct {
	const char *name;
	unsigned int ms;
} units[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 } };

/**
 * duration_parse() - The time that a user typed.
 * @word: a whole number and its unit: ms, s or min
 * @ms: the time in milliseconds
 *
 * Return: false when @word is no time, or one that does not fit.
 */
bool duration_parse(const char *word, uint32_t *ms)
{
	size_t digits = strspn(word, "0123456789"), i;
	autofree char *number = util_printf("%.*s", (int)digits, word);
	unsigned int n;

	for (i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(word + digits, units[i].name))
			continue;
		if (!util_parse_uint(number, UINT32_MAX / units[i].ms, &n))
			return false;
		*ms = n * units[i].ms;
		return true;
	}
	return false;
}

/* As duration_parse() takes it. */
char *duration_text(uint32_t ms)
{
	return ms % 1000 ? util_printf("%ums", ms) : util_printf("%us", ms / 1000);
}
