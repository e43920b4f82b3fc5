// SPDX-License-Identifier: GPL-2.0
/*
 * Durations on the command line: 100ms, 60s, 2min; limits also 60, 2m, 1h, 0.5. nl_str2msec()
 * of libnl does not parse ms and always accepts a number without a unit.
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

#define NS_PER_MS	1000000

/* Digits after the decimal point that count. */
#define FRACTION_DIGITS	3

/* Thousandths of a number such as "1.5"; false if there is no number or it is too large. */
static bool parse_thousandths(const char **word, bool has_fraction, uint64_t *value)
{
	size_t digits = strspn(*word, "0123456789"), i;
	autofree char *number = util_printf("%.*s", (int)digits, *word);
	unsigned int n;

	if (!util_parse_uint(number, UINT32_MAX, &n))
		return false;
	*word += digits;
	*value = n;
	if (has_fraction && **word == '.') {
		digits = strspn(++*word, "0123456789");
		if (!digits || digits > FRACTION_DIGITS)
			return false;
	} else {
		digits = 0;
	}
	for (i = 0; i < FRACTION_DIGITS; i++)
		*value = *value * 10 + (i < digits ? (uint64_t)((*word)[i] - '0') : 0);
	*word += digits;
	return true;
}

static bool parse(const char *word, size_t n_units, uint32_t *ms)
{
	uint64_t thousandths, sum;
	size_t i;

	if (!parse_thousandths(&word, n_units > N_POLICY_UNITS, &thousandths))
		return false;
	for (i = 0; i < n_units; i++) {
		if (strcmp(word, units[i].name))
			continue;
		sum = thousandths * units[i].ms;
		if (sum % 1000 || sum / 1000 > UINT32_MAX)
			return false;
		*ms = (uint32_t)(sum / 1000);
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
 * @word: as for duration_parse(), also with m, h or without a unit (seconds), and as 0.5
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

/* For a person, with three digits: "1.50 ms", "212 ms", "60.0 s", "4.20 h". */
char *duration_ns_text(uint64_t ns)
{
	static const struct {
		const char *name;
		double ns;
	} scale[] = {
		{ "h", 3.6e12 }, { "min", 60e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 },
	};
	double value;
	size_t i;

	if (!ns)
		return util_strdup("0 s");
	/* minutes and hours begin where seconds would need four digits */
	for (i = 0; i + 1 < ARRAY_SIZE(scale); i++)
		if ((double)ns >= scale[i].ns * (i < 2 ? 999.5 / 60 : 1))
			break;
	value = (double)ns / scale[i].ns;
	return util_printf("%.*f %s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value,
			   scale[i].name);
}

/* The same of milliseconds. */
char *duration_ms_text(uint64_t ms)
{
	return duration_ns_text(ms < UINT64_MAX / NS_PER_MS ? ms * NS_PER_MS : UINT64_MAX);
}
