// SPDX-License-Identifier: GPL-2.0
/* pcie/msi.c: MSI and MSI-X registers are read back, and written if lost. */
#include "kselftest_harness.h"

#include "pcie/msi.h"
#include "pcie/ready.h"

#define VECTORS 2048
#define MSI_CAP 0x50
#define MSIX_CAP 0x70
#define DWORDS (PCI_MSIX_ENTRY_SIZE / 4)

/* The simulated card. */
static struct world {
	struct pci_dev *card;
	u32 table[VECTORS][DWORDS];
	struct msi_desc descs[VECTORS];
	bool is_deaf;			/* ignores writes */
	unsigned int hears_after;	/* until so many restores */
	bool is_dead;			/* the table reads all-ones */
	bool is_memory_taken;		/* by the user, during the next read */
	unsigned int reads, restores;
} world;

static bool is_memory_on(void)
{
	return world.card->is_virtfn || world.card->config[PCI_COMMAND] & PCI_COMMAND_MEMORY;
}

u32 ioread32(void __iomem *at)
{
	kernel_assert(world.card->dev.msi_lock.held && is_memory_on());
	kernel_assert(at >= (void *)world.table && at < (void *)(world.table + VECTORS));
	world.reads++;
	if (world.is_memory_taken) {
		pci_put(world.card, PCI_COMMAND, 2, 0, 0x547);
		return ~0u;
	}
	return world.is_dead ? ~0u : *(u32 *)at;
}

static void put_msix(const struct msi_desc *desc)
{
	u32 *entry = world.table[desc->msi_index];

	entry[0] = desc->msg.address_lo;
	entry[1] = desc->msg.address_hi;
	entry[2] = desc->msg.data;
	entry[3] = desc->pci.msix_ctrl;
}

static void put_msi(const struct msi_desc *desc)
{
	struct pci_dev *card = world.card;
	bool is_64 = desc->pci.msi_attrib.is_64;

	pci_put(card, MSI_CAP + PCI_MSI_ADDRESS_LO, 4, desc->msg.address_lo, 0);
	if (is_64)
		pci_put(card, MSI_CAP + PCI_MSI_ADDRESS_HI, 4, desc->msg.address_hi, 0);
	pci_put(card, MSI_CAP + (is_64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32), 2, desc->msg.data, 0);
	if (desc->pci.msi_attrib.can_mask)
		pci_put(card, desc->pci.mask_pos, 4, desc->pci.msi_mask, 0);
	pci_put(card, MSI_CAP + PCI_MSI_FLAGS, 2,
		PCI_MSI_FLAGS_ENABLE | desc->pci.msi_attrib.multiple << 4 |
		desc->pci.msi_attrib.multi_cap << 1, 0);
}

static void write_all(void)
{
	struct pci_dev *card = world.card;
	unsigned int i;

	for (i = 0; card->msix_enabled && i < card->dev.nr_descs; i++)
		put_msix(&world.descs[i]);
	if (card->msix_enabled)
		pci_put(card, MSIX_CAP + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE | 0x7ff, 0);
	if (card->msi_enabled)
		put_msi(world.descs);
}

void pci_restore_msi_state(struct pci_dev *pdev)
{
	/* takes the lock itself */
	kernel_assert(!pdev->dev.msi_lock.held && pdev == world.card);
	if (++world.restores > world.hears_after && !world.is_deaf)
		write_all();
}

bool fv_ready_is_answering(struct pci_dev *pdev) { abort(); }

FIXTURE(msi)
{
	struct pci_dev card;
	char text[128];
};

FIXTURE_SETUP(msi)
{
	kernel_begins();
	memset(&world, 0, sizeof(world));
	world.card = &self->card;
	pci_begins(&self->card, "0000:01:00.0");
	self->card.msi_cap = MSI_CAP;
	self->card.msix_cap = MSIX_CAP;
	pci_put(&self->card, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0x547);
	self->card.dev.descs = world.descs;
}

FIXTURE_TEARDOWN(msi)
{
	kernel_ends();
}

/* @nr vectors, each second one masked, with gaps if there is room. */
static void use_msix(struct pci_dev *card, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		world.descs[i] = (struct msi_desc) {
			.msi_index = nr * 2 <= VECTORS ? 2 * i : i,
			.msg = { 0xfee00000 | i << 4, 1, 0x40 + i },
			.pci = {
				.msix_ctrl = i % 2,
				.msi_attrib = { .can_mask = true, .is_64 = true },
				.mask_base = world.table,
			},
		};
	card->dev.nr_descs = nr;
	card->msix_enabled = true;
	write_all();
}

/* 8 vectors, 4 in use. */
static void use_msi(struct pci_dev *card, bool is_64)
{
	world.descs[0] = (struct msi_desc) {
		.msg = { 0xfee01000, is_64 ? 2 : 0, 0x40 },
		.pci = {
			.msi_mask = 0xf5,
			.msi_attrib = { .multiple = 2, .multi_cap = 3, .can_mask = true,
					.is_64 = is_64 },
			.mask_pos = MSI_CAP + (is_64 ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32),
		},
	};
	card->dev.nr_descs = 1;
	card->msi_enabled = true;
	write_all();
}

#define restore() fv_msi_restore(&self->card, self->text, sizeof(self->text))
#define verify() fv_msi_verify(&self->card, self->text, sizeof(self->text))

TEST_F(msi, without_any_nothing_is_touched)
{
	self->card.dev.descs = NULL;
	self->card.is_gone = true;
	EXPECT_EQ(0, restore());
	EXPECT_EQ(0, verify());
	EXPECT_EQ(0, world.restores + self->card.nr_writes);
}

TEST_F(msi, what_holds_is_not_written)
{
	use_msix(&self->card, 4);
	EXPECT_EQ(0, restore());
	EXPECT_EQ(4 * DWORDS, world.reads);
	EXPECT_EQ(0, verify());
	EXPECT_EQ(0, world.restores + self->card.nr_writes);
	EXPECT_STREQ("", self->text);
}

/* Each register of each vector with one bit flipped. */
TEST_F(msi, each_register_of_a_vector)
{
	static const char * const names[DWORDS] = {
		"Message Address", "Message Upper Address", "Message Data", "Vector Control",
	};
	unsigned int vector, at;
	char start[64];

	use_msix(&self->card, 4);
	for (vector = 0; vector < 4; vector++) {
		for (at = 0; at < DWORDS; at++) {
			world.table[2 * vector][at] ^= 1;
			snprintf(start, sizeof(start), "MSI-X vector %u: %s reads ", 2 * vector,
				 names[at]);
			EXPECT_EQ(-EIO, verify());
			EXPECT_EQ(0, strncmp(start, self->text, strlen(start)))
				TH_LOG("%s, not %s", self->text, start);
			world.restores = 0;
			EXPECT_EQ(0, restore());
			EXPECT_EQ(1, world.restores);
			/* once more, with writes ignored */
			world.table[2 * vector][at] ^= 1;
			world.is_deaf = true;
			EXPECT_EQ(-EIO, restore());
			EXPECT_EQ(0, strncmp(start, self->text, strlen(start)))
				TH_LOG("%s, not %s", self->text, start);
			world.is_deaf = false;
			write_all();
		}
	}
}

/* All-ones is an error even if the Mask bit is right. */
TEST_F(msi, all_ones_are_no_vector_control)
{
	use_msix(&self->card, 4);
	world.table[2][3] = ~0;
	EXPECT_EQ(-EIO, verify());
	EXPECT_STREQ("MSI-X vector 2: Vector Control reads 0xffffffff, expected 0x1", self->text);
	EXPECT_EQ(-EIO, restore());
	EXPECT_EQ(0, world.restores);
}

TEST_F(msi, the_text_of_a_vector)
{
	use_msix(&self->card, 4);
	world.table[2][2] = 0x17;
	EXPECT_EQ(-EIO, verify());
	EXPECT_STREQ("MSI-X vector 2: Message Data reads 0x17, expected 0x41", self->text);
}

/* Ignore reserved bits of Vector Control, and masks that the interrupt controller cannot set. */
TEST_F(msi, what_is_not_the_kernels_is_not_compared)
{
	use_msix(&self->card, 4);
	world.table[0][3] |= 0xabcd0002;
	EXPECT_EQ(0, verify());
	world.descs[1].pci.msi_attrib.can_mask = false;
	world.table[2][3] ^= 1;
	EXPECT_EQ(0, verify());
	world.descs[2].pci.msi_attrib.is_virtual = true;
	world.table[4][0] = 0;
	EXPECT_EQ(0, verify());
	/* not set up yet */
	world.descs[3].msg = (struct msi_msg) {};
	EXPECT_EQ(0, verify());
	/* above 4 GiB only: it is */
	world.descs[3].msg = (struct msi_msg) { 0, 1, 0x43 };
	EXPECT_EQ(-EIO, verify());
	world.descs[3].msg = (struct msi_msg) {};
	/* an unused vector */
	world.table[1][0] = 0x5eed;
	EXPECT_EQ(0, restore());
	EXPECT_EQ(0, world.restores);
}

/* An affinity change can cause a transient difference. */
TEST_F(msi, a_difference_has_to_last)
{
	use_msix(&self->card, 4);
	memset(world.table, 0, sizeof(world.table));
	world.hears_after = 1;
	EXPECT_EQ(0, restore());
	EXPECT_EQ(2, world.restores);
	memset(world.table, 0, sizeof(world.table));
	world.restores = 0;
	world.hears_after = 2;
	EXPECT_EQ(-EIO, restore());
	EXPECT_EQ(2, world.restores);
}

static void written_late(u64 us)
{
	write_all();
}

/* Reads without a write: three, 1 ms apart, or until it is right. */
TEST_F(msi, a_difference_is_looked_at_again)
{
	use_msix(&self->card, 4);
	world.table[0][0] ^= 1;
	EXPECT_EQ(-EIO, verify());
	EXPECT_EQ(3, world.reads);
	EXPECT_EQ(2, kernel_sleeps);
	kernel_on_sleep = written_late;
	EXPECT_EQ(0, verify());
	EXPECT_STREQ("", self->text);
	EXPECT_EQ(3, kernel_sleeps);
	/* the user disables Memory Space: the table cannot be read, and is not wrong */
	world.is_memory_taken = true;
	EXPECT_EQ(0, verify());
	EXPECT_STREQ("", self->text);
	EXPECT_EQ(0, world.restores);
}

TEST_F(msi, a_whole_table)
{
	use_msix(&self->card, VECTORS);
	EXPECT_EQ(0, restore());
	EXPECT_EQ(VECTORS * DWORDS, world.reads);
	world.is_deaf = true;
	world.table[VECTORS - 1][2] = 0;
	EXPECT_EQ(-EIO, restore());
	EXPECT_STREQ("MSI-X vector 2047: Message Data reads 0, expected 0x83f", self->text);
}

/* Each read may take a Completion Timeout, and each write is followed by a read. */
TEST_F(msi, a_dead_table_is_read_once)
{
	use_msix(&self->card, VECTORS);
	world.is_dead = true;
	EXPECT_EQ(-EIO, restore());
	EXPECT_EQ(1, world.reads);
	EXPECT_EQ(0, world.restores);
	EXPECT_STREQ("MSI-X vector 0: Message Address reads 0xffffffff, expected 0xfee00000",
		     self->text);
	EXPECT_EQ(-EIO, verify());
	EXPECT_EQ(2, world.reads);
}

TEST_F(msi, a_function_that_is_gone_is_not_written_to)
{
	use_msix(&self->card, 4);
	self->card.is_gone = true;
	EXPECT_EQ(-EIO, restore());
	EXPECT_STREQ("0000:01:00.0 no longer responds", self->text);
	EXPECT_EQ(0, world.reads + world.restores + self->card.nr_writes);
}

TEST_F(msi, memory_space_is_enabled_meanwhile)
{
	use_msix(&self->card, 4);
	pci_put(&self->card, PCI_COMMAND, 2, PCI_COMMAND_MASTER, 0x547);
	/* the user may be changing it */
	EXPECT_EQ(0, verify());
	EXPECT_EQ(0, world.reads);
	EXPECT_EQ(0, restore());
	EXPECT_EQ(4 * DWORDS, world.reads);
	EXPECT_EQ(PCI_COMMAND_MASTER, pci_peek(&self->card, PCI_COMMAND, 2));
	pci_put(&self->card, PCI_COMMAND, 2, PCI_COMMAND_SERR, 0x547);
	EXPECT_EQ(0, restore());
	EXPECT_EQ(PCI_COMMAND_SERR, pci_peek(&self->card, PCI_COMMAND, 2));
	pci_put(&self->card, PCI_COMMAND, 2, PCI_COMMAND_MASTER, 0x547);
	world.is_dead = true;
	EXPECT_EQ(-EIO, restore());
	EXPECT_EQ(PCI_COMMAND_MASTER, pci_peek(&self->card, PCI_COMMAND, 2));
	/* Command of a VF has no Memory Space Enable */
	world.is_dead = false;
	self->card.is_virtfn = true;
	self->card.nr_writes = 0;
	EXPECT_EQ(0, restore());
	world.table[0][0] = 0;
	EXPECT_EQ(-EIO, verify());
	EXPECT_EQ(0, self->card.nr_writes);
}

TEST_F(msi, function_mask)
{
	use_msix(&self->card, 4);
	pci_put(&self->card, MSIX_CAP + PCI_MSIX_FLAGS, 2,
		PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL | 3, 0);
	/* Function Mask may be set during vector setup */
	EXPECT_EQ(0, verify());
	world.is_deaf = true;
	EXPECT_EQ(-EIO, restore());
	EXPECT_STREQ("MSI-X: Message Control reads 0xc000, expected 0x8000", self->text);
	world.is_deaf = false;
	EXPECT_EQ(0, restore());
}

/* Registers of MSI are in configuration space. */
TEST_F(msi, memory_space_is_not_needed_for_msi)
{
	use_msi(&self->card, true);
	pci_put(&self->card, PCI_COMMAND, 2, PCI_COMMAND_MASTER, 0x547);
	EXPECT_EQ(0, restore());
	EXPECT_EQ(0, self->card.nr_writes);
	/* not set up yet, or not at all */
	pci_put(&self->card, MSI_CAP + PCI_MSI_ADDRESS_LO, 4, 0, 0);
	world.descs[0].msg = (struct msi_msg) { .data = 0x41 };
	EXPECT_EQ(0, verify());
	EXPECT_EQ(0, restore());
	self->card.dev.nr_descs = 0;
	EXPECT_EQ(0, verify());
	EXPECT_EQ(0, restore());
	EXPECT_EQ(0, world.restores);
}

TEST_F(msi, the_text_of_a_register)
{
	use_msi(&self->card, true);
	pci_put(&self->card, MSI_CAP + PCI_MSI_DATA_64, 2, 0x17, 0);
	EXPECT_EQ(-EIO, verify());
	EXPECT_STREQ("MSI: Message Data reads 0x17, expected 0x40", self->text);
	pci_put(&self->card, MSI_CAP + PCI_MSI_ADDRESS_LO, 4, 0x4, 0);
	EXPECT_EQ(-EIO, verify());
	EXPECT_STREQ("MSI: Message Address reads 0x4, expected 0xfee01000", self->text);
}

TEST_F(msi, asleep_it_is_not_looked_at)
{
	use_msix(&self->card, 4);
	world.table[0][0] = 0;
	self->card.current_state = PCI_D3hot;
	EXPECT_EQ(0, verify());
	EXPECT_EQ(0, world.reads);
}

/* Each MSI register with one bit flipped. */
TEST_F(msi, each_register_of_msi)
{
	static const struct {
		bool is_64;
		int at;
		u32 bit;
		const char *name;
	} rows[] = {
		{ true, PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, "Message Control" },
		{ true, PCI_MSI_FLAGS, 0x10, "Message Control" },
		{ true, PCI_MSI_FLAGS, 0x40, "Message Control" },
		{ true, PCI_MSI_ADDRESS_LO, 4, "Message Address" },
		{ true, PCI_MSI_ADDRESS_HI, 1, "Message Upper Address" },
		{ true, PCI_MSI_DATA_64, 0x8000, "Message Data" },
		{ true, PCI_MSI_MASK_64, 0x01, "Mask Bits" },
		{ true, PCI_MSI_MASK_64, 0x80, "Mask Bits" },
		{ false, PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, "Message Control" },
		{ false, PCI_MSI_ADDRESS_LO, 4, "Message Address" },
		{ false, PCI_MSI_DATA_32, 1, "Message Data" },
		{ false, PCI_MSI_MASK_32, 0x02, "Mask Bits" },
	};
	char start[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		use_msi(&self->card, rows[i].is_64);
		EXPECT_EQ(0, verify());
		self->card.config[MSI_CAP + rows[i].at + (rows[i].bit > 0xff)] ^=
			rows[i].bit > 0xff ? rows[i].bit >> 8 : rows[i].bit;
		snprintf(start, sizeof(start), "MSI: %s reads ", rows[i].name);
		EXPECT_EQ(-EIO, verify());
		EXPECT_EQ(0, strncmp(start, self->text, strlen(start)))
			TH_LOG("row %zu: %s, not %s", i, self->text, start);
		world.is_deaf = true;
		EXPECT_EQ(-EIO, restore());
		world.is_deaf = false;
		EXPECT_EQ(0, restore());
	}
	EXPECT_EQ(0, world.reads);
}

TEST_F(msi, mask_bits_that_are_reserved)
{
	use_msi(&self->card, true);
	self->card.config[MSI_CAP + PCI_MSI_MASK_64 + 1] = 0xff;
	EXPECT_EQ(0, verify());
	world.descs[0].pci.msi_mask |= 0xff0000;
	EXPECT_EQ(0, verify());
	/* with 32 vectors, all mask bits exist */
	world.descs[0].pci.msi_attrib.multi_cap = 5;
	EXPECT_EQ(-EIO, verify());
	write_all();
	EXPECT_EQ(0, verify());
	self->card.config[MSI_CAP + PCI_MSI_MASK_64] ^= 1;
	EXPECT_EQ(-EIO, verify());
	/* without per-vector masking, the registers do not exist */
	world.descs[0].pci.msi_attrib.can_mask = false;
	EXPECT_EQ(0, verify());
}

TEST_HARNESS_MAIN
