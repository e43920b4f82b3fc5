// SPDX-License-Identifier: GPL-2.0
/* DMA in both directions, through mapped memory and by message, and interrupts. */
#include <linux/pci_regs.h>
#include <string.h>

#include "bits.h"
#include "../../../sim/fpgacard/bytes.h"
#include "kselftest_harness.h"
#include "../../../sim/fpgacard/proto.h"
#include "../../../sim/fpgacard/regs.h"

#define BASE	0x40000000ull		/* guest address of the memory */
#define FROM	0x200000u		/* in guest memory */
#define TO	0x1200000u

FIXTURE(dma) {
	struct bits bits;
	struct server *server;
	struct client *client;
};

FIXTURE_SETUP(dma)
{
	bits_open(&self->bits, "alveo-xdma", 1);
	self->server = &self->bits.server;
	self->client = &self->bits.client;
	bits_enable(self->client);
}

FIXTURE_TEARDOWN(dma)
{
	bits_close(&self->bits);
}

static void pattern(uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 7 + (i >> 8) + 1);
}

/* Guest to card, and card to another place in the guest. */
static bool goes_round(struct client *client, uint32_t len, uint32_t ctrl)
{
	const struct descriptor desc[] = {
		{ .host = BASE + FROM, .card = 0x1234, .len = len },
		{ .host = BASE + TO, .card = 0x1234, .len = len, .to_host = true },
	};

	pattern(client->memory + FROM, len);
	memset(client->memory + TO, 0, len);
	if (bits_dma(client, desc, 2, ctrl) != CARD_ERR_NONE)
		return false;
	return !memcmp(client->memory + FROM, client->memory + TO, len);
}

TEST_F(dma, both_ways_in_mapped_memory)
{
	dma_map_all(self->client, BASE, true);
	EXPECT_TRUE(goes_round(self->client, 0x54321, 0));
	EXPECT_EQ(self->client->served, 0);
	EXPECT_EQ(bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_BYTES), 2 * 0x54321);
	EXPECT_EQ(bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_DONE), 2);
	EXPECT_EQ(bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_TAIL), 2);
	EXPECT_EQ(le32_get(self->client->memory + RING_AT + CARD_DESC_STATUS), CARD_DESC_DONE);
}

TEST_F(dma, both_ways_by_message)
{
	dma_map_all(self->client, BASE, false);
	EXPECT_TRUE(goes_round(self->client, 0x54321, 0));
	EXPECT_GT(self->client->served, 10);
}

TEST_F(dma, messages_can_be_requested)
{
	dma_map_all(self->client, BASE, true);
	EXPECT_TRUE(goes_round(self->client, 0x2000, CARD_ENG_CTRL_MESSAGES));
	EXPECT_GT(self->client->served, 5);
}

TEST_F(dma, scattered_pages_are_gathered)
{
	unsigned int i, pages = 256;
	struct descriptor desc[2] = {
		{ .host = BASE + FROM, .card = 0, .len = pages * 4096 },
		{ .host = BASE + TO, .card = 0, .len = pages * 4096, .to_host = true },
	};

	ASSERT_EQ(__dma_map(self->client, BASE, FROM, 0, true), 0);
	ASSERT_EQ(__dma_map(self->client, BASE + TO, pages * 4096, TO, true), 0);
	/* pages in guest address order, in reverse order of the file */
	for (i = 0; i < pages; i++)
		ASSERT_EQ(__dma_map(self->client, BASE + FROM + i * 4096, 4096,
				    FROM + (pages - 1 - i) * 4096, true), 0);
	self->client->guest_base = BASE;
	pattern(self->client->memory + FROM, pages * 4096);
	EXPECT_EQ(bits_dma(self->client, desc, 2, 0), CARD_ERR_NONE);
	for (i = 0; i < pages; i++)
		ASSERT_EQ(memcmp(self->client->memory + TO + i * 4096,
				 self->client->memory + FROM + (pages - 1 - i) * 4096, 4096), 0);
}

TEST_F(dma, many_descriptors_and_wrapping_ring)
{
	struct descriptor desc[200];
	unsigned int i;

	dma_map_all(self->client, BASE, true);
	pattern(self->client->memory + FROM, 100 * 3000);
	for (i = 0; i < 100; i++) {
		desc[i] = (struct descriptor){ .host = BASE + FROM + i * 3000, .len = 3000,
			.card = i * 4096 };
		desc[100 + i] = (struct descriptor){ .host = BASE + TO + i * 3000, .len = 3000,
			.card = i * 4096, .to_host = true };
	}
	EXPECT_EQ(bits_dma(self->client, desc, 200, 0), CARD_ERR_NONE);
	EXPECT_EQ(memcmp(self->client->memory + FROM, self->client->memory + TO, 100 * 3000), 0);
	/* continue from index 200 over the end of the ring to 10 */
	memcpy(self->client->memory + RING_AT + 200 * CARD_DESC_SIZE,
	       self->client->memory + RING_AT, (RING_SIZE - 200) * CARD_DESC_SIZE);
	bar_set(self->client, 0, CARD_ENGINE(0) + CARD_ENG_HEAD, 10);
	while (bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_TAIL) != 10)
		;
	EXPECT_EQ(bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_DONE), RING_SIZE + 10);
}

TEST_F(dma, tail_is_written_back)
{
	struct descriptor desc = { .host = BASE + FROM, .len = 16 };

	dma_map_all(self->client, BASE, true);
	bits_dma_start(self->client, &desc, 0, 0);
	bar_set(self->client, 0, CARD_ENGINE(0) + CARD_ENG_WRITEBACK, BASE + 0x3000);
	le32_put(self->client->memory + RING_AT, CARD_DESC_MAGIC);
	bar_set(self->client, 0, CARD_ENGINE(0) + CARD_ENG_HEAD, 1);
	while (bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_STATUS) & CARD_ENG_STATUS_BUSY)
		;
	EXPECT_EQ(le32_get(self->client->memory + 0x3000), 1);
}

TEST_F(dma, unmapped_addresses_are_refused_by_the_client)
{
	struct descriptor in = { .host = 0x7000, .len = 64 };
	struct descriptor out = { .host = 0x9000, .len = 64, .to_host = true };
	unsigned int eng = CARD_ENGINE(0);

	dma_map_all(self->client, BASE, true);
	EXPECT_EQ(bits_dma(self->client, &in, 1, 0), CARD_ERR_READ);
	EXPECT_EQ(bar_get(self->client, 0, eng + CARD_ENG_FAULT), 0x7000);
	EXPECT_EQ(bar_get(self->client, 0, eng + CARD_ENG_STATUS), CARD_ENG_STATUS_HALTED);
	EXPECT_EQ(le32_get(self->client->memory + RING_AT + CARD_DESC_STATUS),
		  CARD_DESC_DONE | CARD_ERR_READ);
	EXPECT_EQ(bits_dma(self->client, &out, 1, 0), CARD_ERR_WRITE);
	EXPECT_EQ(self->client->served, 2);
	/* unmap takes effect at once */
	EXPECT_TRUE(goes_round(self->client, 4096, 0));
	ASSERT_EQ(__dma_unmap(self->client, BASE, CLIENT_MEMORY, 0), 0);
	self->client->guest_size = 0;
	EXPECT_EQ(bits_dma(self->client, &in, 1, 0), CARD_ERR_READ);
}

TEST_F(dma, wrong_descriptors_halt_the_engine)
{
	struct descriptor desc = { .host = BASE, .card = 64u << 20, .len = 1 };
	unsigned int eng = CARD_ENGINE(0);

	dma_map_all(self->client, BASE, true);
	EXPECT_EQ(bits_dma(self->client, &desc, 1, 0), CARD_ERR_CARD);
	desc.card = UINT64_MAX;
	EXPECT_EQ(bits_dma(self->client, &desc, 1, 0), CARD_ERR_CARD);
	desc.len = CARD_DESC_MAX + 1;
	EXPECT_EQ(bits_dma(self->client, &desc, 1, 0), CARD_ERR_DESCRIPTOR);
	bits_dma_start(self->client, &desc, 0, 0);
	memset(self->client->memory + RING_AT, 0, CARD_DESC_SIZE);
	bar_set(self->client, 0, eng + CARD_ENG_HEAD, 1);
	while (bar_get(self->client, 0, eng + CARD_ENG_STATUS) & CARD_ENG_STATUS_BUSY)
		;
	EXPECT_EQ(bar_get(self->client, 0, eng + CARD_ENG_ERROR), CARD_ERR_DESCRIPTOR);
	bits_dma_start(self->client, &desc, 0, 0);
	bar_set(self->client, 0, eng + CARD_ENG_HEAD, RING_SIZE);
	while (bar_get(self->client, 0, eng + CARD_ENG_STATUS) & CARD_ENG_STATUS_BUSY)
		;
	EXPECT_EQ(bar_get(self->client, 0, eng + CARD_ENG_ERROR), CARD_ERR_RING);
}

TEST_F(dma, no_bus_master_no_dma)
{
	struct descriptor desc = { .host = BASE, .len = 64 };

	dma_map_all(self->client, BASE, true);
	cfg_set(self->client, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	EXPECT_EQ(bits_dma(self->client, &desc, 1, 0), CARD_ERR_MASTER);
}

TEST_F(dma, a_reset_stops_an_engine_that_waits_for_an_answer)
{
	struct descriptor desc = { .host = BASE + FROM, .len = 4096 };
	unsigned int eng = CARD_ENGINE(0);

	dma_map_all(self->client, BASE, false);
	bits_dma_start(self->client, &desc, 1, 0);
	bits_flr(self->client);
	ctl(self->server, "wait ready");
	client_serve(self->client, 20);
	bits_enable(self->client);
	EXPECT_EQ(bar_get(self->client, 0, eng + CARD_ENG_STATUS), 0);
	EXPECT_EQ(bar_get(self->client, 0, eng + CARD_ENG_DONE), 0);
	EXPECT_TRUE(goes_round(self->client, 4096, 0));
}

TEST_F(dma, a_client_that_goes_away_meanwhile_is_survived)
{
	struct descriptor desc = { .host = BASE + FROM, .len = 1 << 20 };

	dma_map_all(self->client, BASE, false);
	bits_dma_start(self->client, &desc, 1, 0);
	client_close(self->client);
	ctl(self->server, "wait detached");
	client_open(self->client, self->server->socket);
	dma_map_all(self->client, BASE, true);
	EXPECT_TRUE(goes_round(self->client, 4096, 0));
}

TEST_F(dma, requests_are_answered_during_long_transfers)
{
	struct descriptor desc[8];
	unsigned int i;

	dma_map_all(self->client, BASE, true);
	for (i = 0; i < 8; i++)
		desc[i] = (struct descriptor){ .host = BASE + FROM, .len = 32u << 20 };
	bits_dma_start(self->client, desc, 8, 0);
	self->client->slowest_ns = 0;
	while (bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_STATUS) & CARD_ENG_STATUS_BUSY)
		;
	TH_LOG("slowest answer: %llu us", (unsigned long long)self->client->slowest_ns / 1000);
	EXPECT_EQ(bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_DONE), 8);
}

TEST_F(dma, throughput)
{
	struct descriptor desc[16];
	uint64_t ns, bytes = 16ull * (32u << 20);
	unsigned int i;

	dma_map_all(self->client, BASE, true);
	memset(self->client->memory + FROM, 1, 32u << 20);
	for (i = 0; i < 16; i++)
		desc[i] = (struct descriptor){ .host = BASE + FROM, .len = 32u << 20,
			.to_host = i & 1 };
	ASSERT_EQ(bits_dma(self->client, desc, 16, 0), CARD_ERR_NONE);
	ns = bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_NS) |
		(uint64_t)bar_get(self->client, 0, CARD_ENGINE(0) + CARD_ENG_NS + 4) << 32;
	printf("# @row name=card_dma_sanitized driver=none value=%llu unit=MB/s\n",
	       (unsigned long long)(bytes * 1000 / (ns ? ns : 1)));
	EXPECT_LT(ns, 10000000000ull);
}

TEST_F(dma, msix_arrives_and_is_held_while_masked)
{
	unsigned int msix = cap_find(self->client, PCI_CAP_ID_MSIX);

	irqs_set(self->client, PROTO_IRQ_MSIX, 32);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 5);
	EXPECT_EQ(irq_wait(self->client, 5, 20), 0);
	cfg_set(self->client, msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 5);
	EXPECT_EQ(irq_wait(self->client, 5, 1000), 1);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 31);
	EXPECT_EQ(irq_wait(self->client, 31, 1000), 1);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 32);

	ASSERT_EQ(__irqs_action(self->client, PROTO_IRQ_MSIX, PROTO_SET_MASK, 5, 1), 0);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 5);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 5);
	EXPECT_EQ(irq_wait(self->client, 5, 20), 0);
	EXPECT_EQ(bar_get(self->client, 0, 0x9000), 1 << 5);
	ASSERT_EQ(__irqs_action(self->client, PROTO_IRQ_MSIX, PROTO_SET_UNMASK, 5, 1), 0);
	EXPECT_EQ(irq_wait(self->client, 5, 1000), 1);
	EXPECT_EQ(bar_get(self->client, 0, 0x9000), 0);

	cfg_set(self->client, msix + PCI_MSIX_FLAGS, 2,
		PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 3);
	EXPECT_EQ(irq_wait(self->client, 3, 20), 0);
	EXPECT_EQ(bar_get(self->client, 0, 0x9000), 1 << 3);
	cfg_set(self->client, msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	EXPECT_EQ(irq_wait(self->client, 3, 1000), 1);

	ASSERT_EQ(__irqs_action(self->client, PROTO_IRQ_MSIX, PROTO_SET_TRIGGER, 0, 0), 0);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 3);
	EXPECT_EQ(irq_wait(self->client, 3, 20), 0);
}

TEST_F(dma, a_descriptor_interrupts_when_it_is_done)
{
	struct descriptor desc = { .host = BASE + FROM, .len = 4096, .irq = true };

	dma_map_all(self->client, BASE, true);
	irqs_set(self->client, PROTO_IRQ_MSIX, 4);
	cfg_set(self->client, cap_find(self->client, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS, 2,
		PCI_MSIX_FLAGS_ENABLE);
	EXPECT_EQ(bits_dma(self->client, &desc, 1, 0), CARD_ERR_NONE);
	EXPECT_EQ(irq_wait(self->client, 1, 20), 0);
	EXPECT_EQ(bits_dma(self->client, &desc, 1, CARD_ENG_CTRL_IRQ), CARD_ERR_NONE);
	EXPECT_EQ(irq_wait(self->client, 1, 1000), 1);
	desc.host = 0;
	EXPECT_EQ(bits_dma(self->client, &desc, 1, CARD_ENG_CTRL_IRQ), CARD_ERR_READ);
	EXPECT_EQ(irq_wait(self->client, 1, 1000), 1);
}

FIXTURE(msi) {
	struct bits bits;
};

FIXTURE_SETUP(msi)
{
	bits_open(&self->bits, "litepcie-msi", 1);
	bits_enable(&self->bits.client);
}

FIXTURE_TEARDOWN(msi)
{
	bits_close(&self->bits);
}

TEST_F(msi, vectors_share_when_there_are_fewer)
{
	struct client *client = &self->bits.client;
	unsigned int msi = cap_find(client, PCI_CAP_ID_MSI);

	irqs_set(client, PROTO_IRQ_MSI, 8);
	cfg_set(client, msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | 3 << 4);
	bar_set(client, 0, CARD_REG_IRQ_TEST, 6);
	EXPECT_EQ(irq_wait(client, 6, 1000), 1);
	cfg_set(client, msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	bar_set(client, 0, CARD_REG_IRQ_TEST, 6);
	EXPECT_EQ(irq_wait(client, 0, 1000), 1);
}

TEST_F(msi, masked_vectors_wait)
{
	struct client *client = &self->bits.client;
	unsigned int msi = cap_find(client, PCI_CAP_ID_MSI);

	irqs_set(client, PROTO_IRQ_MSI, 8);
	cfg_set(client, msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | 3 << 4);
	cfg_set(client, msi + PCI_MSI_MASK_64, 4, 1 << 2);
	bar_set(client, 0, CARD_REG_IRQ_TEST, 2);
	EXPECT_EQ(irq_wait(client, 2, 20), 0);
	EXPECT_EQ(cfg_get(client, msi + PCI_MSI_PENDING_64, 4), 1 << 2);
	cfg_set(client, msi + PCI_MSI_MASK_64, 4, 0);
	EXPECT_EQ(irq_wait(client, 2, 1000), 1);
	EXPECT_EQ(cfg_get(client, msi + PCI_MSI_PENDING_64, 4), 0);
}

FIXTURE(hbm) {
	struct bits bits;
};

FIXTURE_SETUP(hbm)
{
	bits_open(&self->bits, "hbm-4g", 1);
	bits_enable(&self->bits.client);
}

FIXTURE_TEARDOWN(hbm)
{
	bits_close(&self->bits);
}

TEST_F(hbm, all_of_4_gib_is_there)
{
	struct client *client = &self->bits.client;
	struct descriptor desc = { .host = BASE + FROM, .card = 0xfffff000, .len = 4096,
		.to_host = true };

	bar_set(client, 2, 0xfffffffc, 0xabcd);
	bar_set(client, 2, 0x80000000, 0x1234);
	EXPECT_EQ(bar_get(client, 2, 0xfffffffc), 0xabcd);
	EXPECT_EQ(bar_get(client, 2, 0x80000000), 0x1234);
	dma_map_all(client, BASE, true);
	EXPECT_EQ(bits_dma(client, &desc, 1, 0), CARD_ERR_NONE);
	EXPECT_EQ(le32_get(client->memory + FROM + 4092), 0xabcd);
}

TEST_HARNESS_MAIN
