// SPDX-License-Identifier: GPL-2.0
#include <time.h>

#include "state.h"

uint64_t card_now(const struct card *card)
{
	struct timespec ts;

	if (card->fake_now)
		return card->fake_now;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void card_seed(struct card *card, uint64_t seed)
{
	unsigned int i;

	card->seed = seed;
	for (i = 0; i < CARD_DICE; i++)
		card->random[i] = seed ^ (uint64_t)i << 56;
}

/* splitmix64 */
uint32_t card_random(struct card *card, enum card_dice dice, uint32_t limit)
{
	uint64_t z = card->random[dice] += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return limit ? (uint32_t)((z >> 32) * limit >> 32) : 0;
}

void card_note(struct card *card, const char *what, int fn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trace_addv(&card->trace, card_now(card), what, fn, fmt, ap);
	va_end(ap);
}

void card_note_first(struct fn *fn, const char *what, uint64_t ready_at, unsigned int at)
{
	card_note(fn->card, what, (int)fn->nr, "%llu us after it was ready, for %#x",
		  (unsigned long long)(card_now(fn->card) - ready_at) / 1000, at);
}

bool card_has_fn(const struct card *card, unsigned int nr)
{
	return nr < card->image.fn_count;
}

bool card_is_d0(const struct fn *fn)
{
	return !fn->cfg.pm || !(fn->cfg.val[fn->cfg.pm + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK);
}

bool card_is_master(const struct fn *fn)
{
	return life_is_link_up(&fn->card->life) && card_has_fn(fn->card, fn->nr) &&
		!fn->card->life.fn[fn->nr].is_hung && cfg_is_master(&fn->cfg) && card_is_d0(fn);
}
