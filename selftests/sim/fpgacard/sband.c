// SPDX-License-Identifier: GPL-2.0
#include "bytes.h"
#include "sband.h"
#include "sideband.h"

static uint32_t bar_read_dword(const struct fn *fn, unsigned int nr, bool is_high)
{
	const struct image_bar *bar = &fn->card->image.fn[fn->nr].bar[nr];

	if (is_high)
		return (uint32_t)(bar->size >> 32);
	return (uint32_t)bar->size | (bar->size ? bar->kind : 0);
}

static uint32_t read_dword(struct fn *fn, unsigned int at)
{
	const struct life *life = &fn->card->life;

	if (at >= FV_SB_BAR(0) && at < FV_SB_BAR(IMAGE_BARS))
		return bar_read_dword(fn, (at - FV_SB_BAR(0)) / 8, at & 4);
	switch (at) {
	case FV_SB_MAGIC:
		return FV_SB_MAGIC_VALUE;
	case FV_SB_VERSION:
		return FV_SB_VERSION_VALUE;
	case FV_SB_LINK:
		return life_sb_link(life, fn->nr, card_now(fn->card));
	case FV_SB_STATUS:
		return life->status;
	case FV_SB_LNKCTL:
		return life->lnkctl;
	case FV_SB_LNKCTL2:
		return life->lnkctl2;
	case FV_SB_MAX:
		return life->image->speed | (uint32_t)life->image->width << FV_SB_LINK_WIDTH_SHIFT;
	case FV_SB_STATE:
		return life_sb_state(life, fn->nr, card_now(fn->card));
	case FV_SB_GENERATION:
		return life->fn[fn->nr].generation;
	case FV_SB_IMAGE:
		return life->loads;
	case FV_SB_RAW_AT:
		return fn->raw_at;
	case FV_SB_RAW:
		return le32_get(fn->cfg.val + fn->raw_at);
	default:
		return 0;
	}
}

uint8_t sband_read_byte(struct fn *fn, unsigned int at)
{
	return (uint8_t)(read_dword(fn, at & ~3u) >> at % 4 * 8);
}

static void port_event(struct fn *fn, uint32_t event)
{
	struct life *life = &fn->card->life;
	uint64_t now = card_now(fn->card);

	card_note(fn->card, "port", (int)fn->nr, "event 0x%x", event);
	switch (event) {
	case FV_SB_PORT_SBR_ON:
		life_sbr(life, now, true);
		break;
	case FV_SB_PORT_SBR_OFF:
		life_sbr(life, now, false);
		break;
	case FV_SB_PORT_POWER_OFF:
		life_power(life, now, false);
		break;
	case FV_SB_PORT_POWER_ON:
		life_power(life, now, true);
		break;
	case FV_SB_PORT_PERST:
		life_perst(life, now);
		break;
	case FV_SB_PORT_CUT:
		life_cut(life, now, true, 0);
		break;
	}
}

static void acknowledge(struct life_fn *fn, uint32_t bits)
{
	if (bits & FV_SB_LINK_LOST)
		fn->is_lost = false;
	if (bits & FV_SB_LINK_NEW_IMAGE)
		fn->is_new_image = false;
}

static void write_dword(struct fn *fn, unsigned int at, uint32_t value)
{
	struct life *life = &fn->card->life;

	switch (at) {
	case FV_SB_STATUS:
		life->status &= ~value;
		break;
	case FV_SB_LNKCTL:
		card_note(fn->card, "port", (int)fn->nr, "lnkctl 0x%04x", value & 0xffff);
		life_lnkctl(life, card_now(fn->card), (uint16_t)value);
		break;
	case FV_SB_LNKCTL2:
		card_note(fn->card, "port", (int)fn->nr, "lnkctl2 0x%04x", value & 0xffff);
		life->lnkctl2 = (uint16_t)value;
		break;
	case FV_SB_PORT:
		port_event(fn, value);
		break;
	case FV_SB_RAW_AT:
		fn->raw_at = MIN(value & ~3u, FV_SB_FIRST - 4u);
		break;
	case FV_SB_ACK:
		acknowledge(&life->fn[fn->nr], value);
		break;
	}
}

void sband_write(struct fn *fn, unsigned int at, size_t len, const uint8_t *bytes)
{
	if (len == 4 && !(at & 3))
		write_dword(fn, at, le32_get(bytes));
}
