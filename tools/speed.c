// SPDX-License-Identifier: GPL-2.0
/* Speeds of PCI Express by generation, and as people write them. */
#include <string.h>
#include <strings.h>

#include "speed.h"
#include "util.h"

/* PCI Express 6.0, 7.5.3.18: the numbers of Link Capabilities 2, from 1 on. */
static const struct {
	unsigned int mts;
	const char *gts;
} gens[] = {
	{ 0, "" },
	{ 2500, "2.5" }, { 5000, "5.0" }, { 8000, "8" },
	{ 16000, "16" }, { 32000, "32" }, { 64000, "64" },
};

/* Speed of a generation in MT/s; 0 for those that nobody knows. */
unsigned int speed_mts(unsigned int gen)
{
	return gen < ARRAY_SIZE(gens) ? gens[gen].mts : 0;
}

/**
 * speed_parse() - The speed that a user typed.
 * @word: gen1 to gen6, 1 to 6, or GT/s: 2.5, 5.0, 8, 16, 32, 64, also with the unit
 * @gen: the generation
 *
 * Return: SPEED_AMBIGUOUS for a plain 5: gen5 has 32 GT/s, and gen2 has 5.
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
		number[len - 4] = '\0';
	/* 8.0 is 8 */
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
