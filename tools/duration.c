// SPDX-License-Identifier: GPL-2.0
/*
 * Times as people write them: 100ms, 60s, 2min; limits also 60, 2m, 1h. nl_str2msec() of
 * libnl knows no ms, and takes a number without a unit everywhere.
 */
#include <string.h>

#include "duration.h"
#include "util.h"

/* Those of a policy first; the others are for limits only. */
#define N_POLICY_UNITS	3
static const struct {
	const char *name;
	unsigned int ms;
} units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "min", 60000 },
	{ "", 1000 }, { "m", 60000 }, { "h", 3600000 },
};

static bool parse(const char *word, size_t n_units, uint32_t *ms)
{
	size_t digits = strspn(word, "0123456789"), i;
	autofree char *number = util_printf("%.*s", (int)digits, word);
	unsigned int n;

	for (i = 0; i < n_units; i++) {
		if (strcmp(word + digits, units[i].name))
			continue;
		if (!util_parse_uint(number, UINT32_MAX / units[i].ms, &n))
			return false;
		*ms = n * units[i].ms;
		return true;
	}
	return false;
}

/**
 * duration_parse() - The time that a user typed.
 * @word: a whole number and its unit: ms, s or min
 * @ms: the time in milliseconds
 *
 * Return: false when @word is no time, or one that does not fit.
 */
bool duration_parse(const char *word, uint32_t *ms)
{
	return parse(word, N_POLICY_UNITS, ms);
}

/**
 * duration_parse_limit() - The time limit that a user typed.
 * @word: as for duration_parse(), also with m or h; without a unit it is seconds
 * @min_ms: the least that is allowed
 * @max_ms: the most
 * @ms: the time in milliseconds
 *
 * Return: false when @word is no time, or out of range.
 */
bool duration_parse_limit(const char *word, uint32_t min_ms, uint32_t max_ms, uint32_t *ms)
{
	return parse(word, ARRAY_SIZE(units), ms) && *ms >= min_ms && *ms <= max_ms;
}

/* As duration_parse() takes it. */
char *duration_text(uint32_t ms)
{
	return ms % 1000 ? util_printf("%ums", ms) : util_printf("%us", ms / 1000);
}
