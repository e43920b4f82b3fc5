// SPDX-License-Identifier: GPL-2.0
/*
 * Durations on the command line: 100ms, 60s, 2min; limits also 60, 2m, 1h. nl_str2msec() of
 * libnl does not parse ms and always accepts a number without a unit.
 */
#include <string.h>

#include "util/duration.h"
#include "util/util.h"

/* Units of a policy come first; the rest is for limits only. */
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
 * duration_parse() - Parse a duration argument.
 * @word: whole number with unit ms, s or min
 * @ms: result, milliseconds
 *
 * Return: false if @word is malformed or does not fit.
 */
bool duration_parse(const char *word, uint32_t *ms)
{
	return parse(word, N_POLICY_UNITS, ms);
}

/**
 * duration_parse_limit() - Parse a time limit argument.
 * @word: as for duration_parse(), also with m, h or without a unit (seconds)
 * @min_ms: lower bound
 * @max_ms: upper bound
 * @ms: result, milliseconds
 *
 * Return: false if @word is malformed or out of range.
 */
bool duration_parse_limit(const char *word, uint32_t min_ms, uint32_t max_ms, uint32_t *ms)
{
	return parse(word, ARRAY_SIZE(units), ms) && *ms >= min_ms && *ms <= max_ms;
}

/* The format is valid input for duration_parse(). */
char *duration_text(uint32_t ms)
{
	return ms % 1000 ? util_printf("%ums", ms) : util_printf("%us", ms / 1000);
}
