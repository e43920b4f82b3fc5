// SPDX-License-Identifier: GPL-2.0
/* Interrupts that the card sends as messages, and their state across resets. */
#include <linux/pci_regs.h>
#include <string.h>

#include "bits.h"
#include "../../../sim/fpgacard/bytes.h"
#include "kselftest_harness.h"
#include "../../../sim/fpgacard/regs.h"

#define BASE	0x40000000ull		/* guest address of the memory */
#define TABLE	0x4000			/* as in the image */
#define PBA	0x5000
#define WORD(v)	(0x1000 + 0x100 * (v))	/* in guest memory: target of a vector */
#define LIMIT_NS 20000000000ull

FIXTURE(message) {
	struct bits bits;
	struct server *server;
	struct client *client;
	unsigned int msi, msix;
};

FIXTURE_SETUP(message)
{
	bits_open(&self->bits, "own-interrupts", 1);
	self->server = &self->bits.server;
	self->client = &self->bits.client;
	bits_enable(self->client);
	dma_map_all(self->client, BASE, false);
	self->msi = cap_find(self->client, PCI_CAP_ID_MSI);
	self->msix = cap_find(self->client, PCI_CAP_ID_MSIX);
}

FIXTURE_TEARDOWN(message)
{
	bits_close(&self->bits);
}

static void entry_set(struct client *client, unsigned int vector, bool is_masked)
{
	unsigned int at = TABLE + 16 * vector;

	bar_set(client, 0, at, (uint32_t)BASE + WORD(vector));
	bar_set(client, 0, at + 4, 0);
	bar_set(client, 0, at + 8, 0x4321 + vector);
	bar_set(client, 0, at + 12, is_masked);
}

/* True if it reads as after a reset. */
static bool entry_is_empty(struct client *client, unsigned int vector)
{
	unsigned int at = TABLE + 16 * vector;

	return !bar_get(client, 0, at) && !bar_get(client, 0, at + 4) &&
		!bar_get(client, 0, at + 8) && bar_get(client, 0, at + 12) == 1;
}

static void msix_enable(struct client *client, unsigned int msix)
{
	cfg_set(client, msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
}

static bool is_pending(struct client *client, unsigned int vector)
{
	return bar_get(client, 0, PBA) >> vector & 1;
}

/* Wait for the card to write a word of memory; clear and return it. */
static uint32_t take(struct client *client, unsigned int at)
{
	uint64_t end = now_ns() + LIMIT_NS;
	uint32_t value;

	while (!le32_get(client->memory + at) && now_ns() < end)
		bar_get(client, 0, CARD_REG_ID);
	value = le32_get(client->memory + at);
	le32_put(client->memory + at, 0);
	return value;
}

/* Exactly @_n messages were sent. */
#define EXPECT_SENT(_n) \
	EXPECT_EQ(_n, status_int(self->server, "functions.0.interrupts.raised"))

TEST_F(message, msix)
{
	entry_set(self->client, 3, false);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 3);
	msix_enable(self->client, self->msix);
	EXPECT_SENT(0);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 3);
	EXPECT_EQ(0x4324, take(self->client, WORD(3)));
	EXPECT_SENT(1);
	EXPECT_FALSE(is_pending(self->client, 3));
}

TEST_F(message, msix_masked)
{
	entry_set(self->client, 0, true);
	msix_enable(self->client, self->msix);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 0);
	EXPECT_TRUE(is_pending(self->client, 0));
	EXPECT_SENT(0);
	cfg_set(self->client, self->msix + PCI_MSIX_FLAGS, 2,
		PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	bar_set(self->client, 0, TABLE + 12, 0);
	EXPECT_TRUE(is_pending(self->client, 0));
	msix_enable(self->client, self->msix);
	EXPECT_EQ(0x4321, take(self->client, WORD(0)));
	EXPECT_FALSE(is_pending(self->client, 0));
}

TEST_F(message, table_is_cleared_by_a_reset)
{
	EXPECT_TRUE(entry_is_empty(self->client, 31));
	entry_set(self->client, 31, false);
	EXPECT_EQ(0x4340, bar_get(self->client, 0, TABLE + 16 * 31 + 8));
	bits_flr(self->client);
	ctl(self->server, "wait ready");
	bits_enable(self->client);
	EXPECT_TRUE(entry_is_empty(self->client, 31));
	entry_set(self->client, 31, false);
	ctl(self->server, "program own-interrupts in 10");
	ctl(self->server, "wait ready");
	bits_enable(self->client);
	EXPECT_TRUE(entry_is_empty(self->client, 31));
}

TEST_F(message, deaf_until_the_design_is_ready)
{
	ctl(self->server, "deaf");
	entry_set(self->client, 0, false);
	EXPECT_FALSE(entry_is_empty(self->client, 0));
	ctl(self->server, "ready-after design hold");
	bits_flr(self->client);
	ctl(self->server, "wait ready");
	bits_enable(self->client);
	entry_set(self->client, 0, false);
	bar_set(self->client, 0, CARD_REG_SCRATCH(0), 7);
	EXPECT_TRUE(entry_is_empty(self->client, 0));
	EXPECT_EQ(0, bar_get(self->client, 0, CARD_REG_SCRATCH(0)));
	ctl(self->server, "release");
	entry_set(self->client, 0, false);
	EXPECT_FALSE(entry_is_empty(self->client, 0));
	bits_flr(self->client);
	ctl(self->server, "wait ready");
	ctl(self->server, "deaf off");
	bits_enable(self->client);
	entry_set(self->client, 0, false);
	EXPECT_FALSE(entry_is_empty(self->client, 0));
}

TEST_F(message, stuck_table)
{
	ctl(self->server, "stuck msix 2");
	entry_set(self->client, 1, false);
	entry_set(self->client, 2, false);
	entry_set(self->client, 3, false);
	EXPECT_FALSE(entry_is_empty(self->client, 1));
	EXPECT_TRUE(entry_is_empty(self->client, 2));
	EXPECT_TRUE(entry_is_empty(self->client, 3));
	ctl(self->server, "stuck off");
	entry_set(self->client, 2, false);
	EXPECT_FALSE(entry_is_empty(self->client, 2));
	EXPECT_EQ(NULL, __ctl(self->server, "stuck"));
	EXPECT_EQ(NULL, __ctl(self->server, "stuck msix 2048"));
}

static void msi_set(struct client *client, unsigned int msi)
{
	cfg_set(client, msi + PCI_MSI_ADDRESS_LO, 4, (uint32_t)BASE + WORD(0));
	cfg_set(client, msi + PCI_MSI_ADDRESS_HI, 4, 0);
	cfg_set(client, msi + PCI_MSI_DATA_64, 2, 0x4320);
	cfg_set(client, msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE | 2 << 4);
}

TEST_F(message, msi)
{
	msi_set(self->client, self->msi);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 0);
	EXPECT_EQ(0x4320, take(self->client, WORD(0)));
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 3);
	EXPECT_EQ(0x4323, take(self->client, WORD(0)));
	cfg_set(self->client, self->msi + PCI_MSI_MASK_64, 4, 2);
	bar_set(self->client, 0, CARD_REG_IRQ_TEST, 1);
	EXPECT_SENT(2);
	EXPECT_EQ(2, cfg_get(self->client, self->msi + PCI_MSI_PENDING_64, 4));
	cfg_set(self->client, self->msi + PCI_MSI_MASK_64, 4, 0);
	EXPECT_EQ(0x4321, take(self->client, WORD(0)));
	EXPECT_SENT(3);
}

TEST_F(message, stuck_msi)
{
	ctl(self->server, "stuck msi");
	msi_set(self->client, self->msi);
	EXPECT_EQ(0, cfg_get(self->client, self->msi + PCI_MSI_ADDRESS_LO, 4));
	EXPECT_EQ(0, cfg_get(self->client, self->msi + PCI_MSI_DATA_64, 2));
	EXPECT_TRUE(cfg_get(self->client, self->msi + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE);
	ctl(self->server, "faults off");
	msi_set(self->client, self->msi);
	EXPECT_EQ(0x4320, cfg_get(self->client, self->msi + PCI_MSI_DATA_64, 2));
}

TEST_HARNESS_MAIN
