// SPDX-License-Identifier: GPL-2.0
/* PCIe link speeds by generation, and their textual form. */
#include <string.h>
#include <strings.h>

#include "util/speed.h"
#include "util/util.h"

/* Encoding of Link Speeds, from 1 on (PCIe r6.0, 7.5.3.18). */
static const struct {
	unsigned int mts;
	const char *gts;
} gens[] = {
	{ 0, "" },
	{ 2500, "2.5" }, { 5000, "5.0" }, { 8000, "8" },
	{ 16000, "16" }, { 32000, "32" }, { 64000, "64" },
};

/* Speed of a generation in MT/s; 0 if unknown. */
unsigned int speed_mts(unsigned int gen)
{
	return gen < ARRAY_SIZE(gens) ? gens[gen].mts : 0;
}

/**
 * speed_parse() - Parse a link speed argument.
 * @word: gen1 to gen6, 1 to 6, or 2.5, 5.0, 8, 16, 32 or 64, optionally with GT/s, also as printed
 * @gen: resulting generation
 *
 * Return: SPEED_AMBIGUOUS for a plain 5 (Gen5 is 32 GT/s, Gen2 is 5 GT/s).
 */
enum speed_word speed_parse(const char *word, unsigned int *gen)
{
	autofree char *number = util_strdup(word);
	size_t len = strlen(number);
	bool has_unit = len > 4 && !strcasecmp(number + len - 4, "GT/s");
	size_t dot;

	if (!strncasecmp(word, "gen", 3))
		return util_parse_uint(word + 3, ARRAY_SIZE(gens) - 1, gen) && *gen ?
		       SPEED_OK : SPEED_UNKNOWN;
	if (!strcmp(word, "5"))
		return SPEED_AMBIGUOUS;
	if (!has_unit && util_parse_uint(word, ARRAY_SIZE(gens) - 1, gen))
		return *gen ? SPEED_OK : SPEED_UNKNOWN;
	if (has_unit)
		number[len - (word[len - 5] == ' ' ? 5 : 4)] = '\0';
	/* accept 8.0 as 8 */
	dot = strcspn(number, ".");
	if (!strcmp(number + dot, ".0"))
		number[dot] = '\0';
	if (!strcmp(number, "5")) {
		*gen = 2;
		return SPEED_OK;
	}
	for (*gen = 1; *gen < ARRAY_SIZE(gens); (*gen)++)
		if (!strcmp(number, gens[*gen].gts))
			return SPEED_OK;
	return SPEED_UNKNOWN;
}
