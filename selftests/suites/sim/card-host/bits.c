// SPDX-License-Identifier: GPL-2.0
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "bits.h"
#include "../../../sim/fpgacard/bytes.h"
#include "../../../sim/fpgacard/regs.h"
#include "../../../sim/fpgacard/sideband.h"

#define DMA_PATIENCE_MS 20000

void bits_open(struct bits *bits, const char *image, uint64_t seed)
{
	server_start(&bits->server, image, seed);
	client_open(&bits->client, bits->server.socket);
}

void bits_close(struct bits *bits)
{
	client_close(&bits->client);
	server_stop(&bits->server);
}

void bits_enable(struct client *client)
{
	cfg_set(client, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

uint32_t sb_get(struct client *client, unsigned int at)
{
	return cfg_get(client, at, 4);
}

void sb_set(struct client *client, unsigned int at, uint32_t value)
{
	cfg_set(client, at, 4, value);
}

void bits_flr(struct client *client)
{
	unsigned int exp = cap_find(client, PCI_CAP_ID_EXP);

	cfg_set(client, exp + PCI_EXP_DEVCTL, 2,
		cfg_get(client, exp + PCI_EXP_DEVCTL, 2) | PCI_EXP_DEVCTL_BCR_FLR);
}

void bits_sbr(struct client *client)
{
	sb_set(client, FV_SB_PORT, FV_SB_PORT_SBR_ON);
	sb_set(client, FV_SB_PORT, FV_SB_PORT_SBR_OFF);
}

bool bits_answers(struct client *client)
{
	return sb_get(client, FV_SB_LINK) & FV_SB_LINK_ANSWERS;
}

void bits_dma_start(struct client *client, const struct descriptor *desc, unsigned int count,
		    uint32_t ctrl)
{
	uint8_t *ring = client->memory + RING_AT;
	unsigned int eng = CARD_ENGINE(0), i;

	for (i = 0; i < count; i++) {
		uint8_t *d = ring + i * CARD_DESC_SIZE;

		memset(d, 0, CARD_DESC_SIZE);
		le32_put(d + CARD_DESC_CONTROL, CARD_DESC_MAGIC |
			 (desc[i].to_host ? CARD_DESC_TO_HOST : 0) |
			 (desc[i].irq ? CARD_DESC_IRQ : 0));
		le32_put(d + CARD_DESC_LENGTH, desc[i].len);
		le64_put(d + CARD_DESC_HOST, desc[i].host);
		le64_put(d + CARD_DESC_CARD, desc[i].card);
	}
	bar_set(client, 0, eng + CARD_ENG_CTRL, CARD_ENG_CTRL_RESET);
	bar_set(client, 0, eng + CARD_ENG_RING, (uint32_t)(client->guest_base + RING_AT));
	bar_set(client, 0, eng + CARD_ENG_RING + 4,
		(uint32_t)((client->guest_base + RING_AT) >> 32));
	bar_set(client, 0, eng + CARD_ENG_RING_SIZE, RING_SIZE);
	bar_set(client, 0, eng + CARD_ENG_VECTOR, 1);
	bar_set(client, 0, eng + CARD_ENG_CTRL, CARD_ENG_CTRL_RUN | ctrl);
	bar_set(client, 0, eng + CARD_ENG_HEAD, count);
}

uint32_t bits_dma(struct client *client, const struct descriptor *desc, unsigned int count,
		  uint32_t ctrl)
{
	uint64_t end = now_ns() + DMA_PATIENCE_MS * 1000000ull;

	bits_dma_start(client, desc, count, ctrl);
	while (bar_get(client, 0, CARD_ENGINE(0) + CARD_ENG_STATUS) & CARD_ENG_STATUS_BUSY)
		if (now_ns() > end)
			fail("DMA does not end");
	return bar_get(client, 0, CARD_ENGINE(0) + CARD_ENG_ERROR);
}
