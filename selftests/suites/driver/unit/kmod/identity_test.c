// SPDX-License-Identifier: GPL-2.0
/* pcie/identity.c: each part of the identity is read and compared. */
#include "kselftest_harness.h"

#include "pcie/identity.h"

#define STRICT FPGA_VFIO_IDENTITY_CHECK_STRICT
#define BUILD FPGA_VFIO_IDENTITY_CHECK_BUILD

FIXTURE(identity)
{
	struct pci_dev card;
	struct fv_identity was, is;
	char text[128];
};

/* A card with everything that is compared. */
FIXTURE_SETUP(identity)
{
	struct pci_dev *card = &self->card;

	kernel_begins();
	pci_begins(card, "0000:01:00.0");
	pci_put(card, PCI_CLASS_REVISION, 4, 0x12000001, 0);
	pci_put(card, PCI_HEADER_TYPE, 1, 0x80, 0);
	pci_put(card, PCI_SUBSYSTEM_VENDOR_ID, 4, 0x000710ee, 0);
	pci_put(card, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0x547);
	pci_put_bar(card, PCI_BASE_ADDRESS_0, 0xffff0000);
	pci_put_bar(card, PCI_BASE_ADDRESS_1, 0xffffff01);
	pci_put_bar(card, PCI_BASE_ADDRESS_2, 0xfff0000c);
	pci_put_bar(card, PCI_BASE_ADDRESS_3, 0xffffffff);
	pci_put(card, PCI_BASE_ADDRESS_3, 4, 0, ~0);
	pci_put_bar(card, PCI_BASE_ADDRESS_5, 0xfffff008);
	pci_put_bar(card, PCI_ROM_ADDRESS, 0xffff8001);
	card->config[PCI_ROM_ADDRESS] = 0;
	pci_put_cap(card, PCI_CAP_ID_PM, 0x40);
	pci_put_cap(card, PCI_CAP_ID_MSI, 0x48);
	pci_put_express(card, 0x70, PCI_EXP_TYPE_ENDPOINT, 2);
	pci_put_ext_cap(card, PCI_EXT_CAP_ID_ERR, 0x100);
	pci_put_ext_cap(card, PCI_EXT_CAP_ID_DSN, 0x140);
	pci_put(card, 0x144, 4, 0x12345678, 0);
	pci_put(card, 0x148, 4, 0x00a03501, 0);
	pci_put_ext_cap(card, PCI_EXT_CAP_ID_VNDR, 0x160);
	ASSERT_EQ(0, fv_identity_read(card, &self->was));
	self->is = self->was;
}

FIXTURE_TEARDOWN(identity)
{
	kernel_ends();
}

#define differs(_check)							\
	fv_identity_differs(&self->was, &self->is, _check, self->text, sizeof(self->text))

/* Read again and compare strictly. */
#define again()								\
	({								\
		EXPECT_EQ(0, fv_identity_read(&self->card, &self->is));	\
		differs(STRICT);					\
	})

#define expect_says(_text)						\
	do {								\
		EXPECT_TRUE(again());					\
		EXPECT_STREQ(_text, self->text);			\
	} while (0)

TEST_F(identity, all_of_it_is_read)
{
	const struct fv_identity *was = &self->was;
	static const u32 bars[FV_IDENTITY_BARS] = {
		0xffff0000, 0xffffff01, 0xfff0000c, 0xffffffff, 0, 0xfffff008, 0xffff8000,
	};
	unsigned int i;

	EXPECT_EQ(0x10ee, was->vendor);
	EXPECT_EQ(0x903f, was->device);
	EXPECT_EQ(0x10ee, was->subsystem_vendor);
	EXPECT_EQ(0x0007, was->subsystem);
	EXPECT_EQ(0x12000001, was->class);
	EXPECT_EQ(0x80, was->header);
	EXPECT_EQ(0x00a0350112345678ull, was->serial);
	for (i = 0; i < FV_IDENTITY_BARS; i++)
		EXPECT_EQ(bars[i], was->bars[i])
			TH_LOG("BAR %u", i);
	ASSERT_EQ(3, was->nr_caps);
	EXPECT_EQ(PCI_CAP_ID_PM, was->caps[0].id);
	EXPECT_EQ(0x40, was->caps[0].at);
	EXPECT_EQ(PCI_CAP_ID_MSI, was->caps[1].id);
	EXPECT_EQ(0x48, was->caps[1].at);
	EXPECT_EQ(PCI_CAP_ID_EXP, was->caps[2].id);
	EXPECT_EQ(0x70, was->caps[2].at);
	ASSERT_EQ(3, was->nr_ext_caps);
	EXPECT_EQ(PCI_EXT_CAP_ID_ERR, was->ext_caps[0].id);
	EXPECT_EQ(0x100, was->ext_caps[0].at);
	EXPECT_EQ(PCI_EXT_CAP_ID_DSN, was->ext_caps[1].id);
	EXPECT_EQ(0x140, was->ext_caps[1].at);
	EXPECT_EQ(PCI_EXT_CAP_ID_VNDR, was->ext_caps[2].id);
	EXPECT_EQ(0x160, was->ext_caps[2].at);
}

TEST_F(identity, what_is_the_same_does_not_differ)
{
	EXPECT_FALSE(again());
	EXPECT_FALSE(differs(BUILD));
}

/* Each id alone may differ. */
TEST_F(identity, each_id_counts)
{
	pci_put(&self->card, PCI_VENDOR_ID, 2, 0x1234, 0);
	expect_says("it is 1234:903f, was 10ee:903f");
	EXPECT_TRUE(differs(BUILD));
	pci_put(&self->card, PCI_VENDOR_ID, 4, 0x903810ee, 0);
	expect_says("it is 10ee:9038, was 10ee:903f");
	EXPECT_TRUE(differs(BUILD));
	pci_put(&self->card, PCI_VENDOR_ID, 4, 0x903f10ee, 0);
	pci_put(&self->card, PCI_SUBSYSTEM_VENDOR_ID, 4, 0x0007abcd, 0);
	expect_says("its subsystem is abcd:0007, was 10ee:0007");
	EXPECT_TRUE(differs(BUILD));
	pci_put(&self->card, PCI_SUBSYSTEM_VENDOR_ID, 4, 0x000810ee, 0);
	expect_says("its subsystem is 10ee:0008, was 10ee:0007");
	EXPECT_TRUE(differs(BUILD));
}

TEST_F(identity, each_byte_of_the_class_counts)
{
	pci_put(&self->card, PCI_CLASS_REVISION, 4, 0x12000101, 0);
	expect_says("its class is 120001, was 120000");
	EXPECT_TRUE(differs(BUILD));
	pci_put(&self->card, PCI_CLASS_REVISION, 4, 0x12800001, 0);
	expect_says("its class is 128000, was 120000");
	pci_put(&self->card, PCI_CLASS_REVISION, 4, 0x05000001, 0);
	expect_says("its class is 050000, was 120000");
}

/* Another build may change the revision and the serial number only. */
TEST_F(identity, a_build_may_differ)
{
	pci_put(&self->card, PCI_CLASS_REVISION, 4, 0x12000002, 0);
	expect_says("its revision is 02, was 01");
	EXPECT_FALSE(differs(BUILD));
	pci_put(&self->card, 0x144, 4, 0x12345679, 0);
	EXPECT_TRUE(again());
	EXPECT_FALSE(differs(BUILD));
	pci_put(&self->card, PCI_CLASS_REVISION, 4, 0x12000001, 0);
	expect_says("its serial number is 00a0350112345679, was 00a0350112345678");
	EXPECT_FALSE(differs(BUILD));
	pci_put(&self->card, 0x144, 4, 0x12345678, 0);
	pci_put(&self->card, 0x148, 4, 0x00a03502, 0);
	expect_says("its serial number is 00a0350212345678, was 00a0350112345678");
	EXPECT_FALSE(differs(BUILD));
}

TEST_F(identity, the_header_type_counts)
{
	pci_put(&self->card, PCI_HEADER_TYPE, 1, 0, 0);
	expect_says("its header type is 00, was 80");
	EXPECT_TRUE(differs(BUILD));
}

/* Register, new sizing value, and text. */
static const struct {
	int where;
	u32 sized;
	const char *text;
} bars[] = {
	{ PCI_BASE_ADDRESS_0, 0xfff00000, "BAR 0 is 1 MiB, was 64 KiB" },
	{ PCI_BASE_ADDRESS_0, 0xfff80000, "BAR 0 is 512 KiB, was 64 KiB" },
	{ PCI_BASE_ADDRESS_0, 0xffff0004, "BAR 0 is 64 KiB 64-bit, was 64 KiB" },
	{ PCI_BASE_ADDRESS_0, 0xffff0008, "BAR 0 is 64 KiB prefetchable, was 64 KiB" },
	{ PCI_BASE_ADDRESS_0, 0xffff000c, "BAR 0 is 64 KiB 64-bit prefetchable, was 64 KiB" },
	{ PCI_BASE_ADDRESS_0, 0, "BAR 0 is none, was 64 KiB" },
	{ PCI_BASE_ADDRESS_0, 0xffffff01, "BAR 0 is 256 bytes of I/O, was 64 KiB" },
	{ PCI_BASE_ADDRESS_1, 0xffffff81, "BAR 1 is 128 bytes of I/O, was 256 bytes of I/O" },
	{ PCI_BASE_ADDRESS_1, 0, "BAR 1 is none, was 256 bytes of I/O" },
	{ PCI_BASE_ADDRESS_2, 0xffe0000c,
	  "BAR 2 is 2 MiB 64-bit prefetchable, was 1 MiB 64-bit prefetchable" },
	{ PCI_BASE_ADDRESS_2, 0x0000000c,
	  "BAR 2 is 4 GiB or more 64-bit prefetchable, was 1 MiB 64-bit prefetchable" },
	{ PCI_BASE_ADDRESS_2, 0x80000000,
	  "BAR 2 is 2048 MiB, was 1 MiB 64-bit prefetchable" },
	{ PCI_BASE_ADDRESS_4, 0xfffff000, "BAR 4 is 4 KiB, was none" },
	{ PCI_BASE_ADDRESS_5, 0xffffe008,
	  "BAR 5 is 8 KiB prefetchable, was 4 KiB prefetchable" },
	{ PCI_ROM_ADDRESS, 0xfff00000, "its ROM is 1 MiB, was 32 KiB" },
	{ PCI_ROM_ADDRESS, 0, "its ROM is none, was 32 KiB" },
};

TEST_F(identity, each_bar_counts)
{
	struct pci_dev before = self->card;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		pci_put_bar(&self->card, bars[i].where, bars[i].sized);
		expect_says(bars[i].text);
		EXPECT_TRUE(differs(BUILD));
		self->card = before;
	}
	/* the upper half of a 64-bit BAR; the texts may be equal */
	self->is = self->was;
	self->is.bars[3] = 0xfffffff7;
	EXPECT_TRUE(differs(BUILD));
	EXPECT_STREQ("BAR 3 is 12 bytes of I/O, was 4 bytes of I/O", self->text);
	self->was.bars[3] = 0xfff00000;
	self->is.bars[3] = 0xfff00002;
	EXPECT_TRUE(differs(BUILD));
	EXPECT_STREQ("BAR 3 sizes as fff00002, was fff00000", self->text);
}

/* A capability missing, new, moved or replaced, at either end of the chain. */
TEST_F(identity, each_capability_counts)
{
	struct pci_dev before = self->card;

	self->card.config[0x40] = PCI_CAP_ID_VPD;
	expect_says("capability 0x3 is at 0x40, where 0x1 was at 0x40");
	EXPECT_TRUE(differs(BUILD));
	self->card = before;
	self->card.config[PCI_CAPABILITY_LIST] = 0x48;
	expect_says("capability 0x5 is at 0x48, where 0x1 was at 0x40");
	self->card = before;
	self->card.config[0x40 + PCI_CAP_LIST_NEXT] = 0x50;
	self->card.config[0x50] = PCI_CAP_ID_MSI;
	self->card.config[0x50 + PCI_CAP_LIST_NEXT] = 0x70;
	expect_says("capability 0x5 is at 0x50, where 0x5 was at 0x48");
	self->card = before;
	self->card.config[0x48 + PCI_CAP_LIST_NEXT] = 0;
	expect_says("capability 0x10 at 0x70 is gone");
	EXPECT_TRUE(differs(BUILD));
	self->card = before;
	pci_put_cap(&self->card, PCI_CAP_ID_VNDR, 0xb0);
	expect_says("capability 0x9 at 0xb0 is new");
	EXPECT_TRUE(differs(BUILD));
	self->card = before;
	self->card.config[PCI_STATUS] &= ~PCI_STATUS_CAP_LIST;
	expect_says("capability 0x1 at 0x40 is gone");
}

TEST_F(identity, each_extended_capability_counts)
{
	struct pci_dev before = self->card;

	pci_put(&self->card, 0x160, 4, PCI_EXT_CAP_ID_ACS | 1 << 16, 0);
	expect_says("extended capability 0xd is at 0x160, where 0xb was at 0x160");
	EXPECT_TRUE(differs(BUILD));
	self->card = before;
	pci_put(&self->card, 0x140, 4, PCI_EXT_CAP_ID_DSN | 1 << 16 | 0x180 << 20, 0);
	pci_put(&self->card, 0x180, 4, PCI_EXT_CAP_ID_VNDR | 1 << 16, 0);
	expect_says("extended capability 0xb is at 0x180, where 0xb was at 0x160");
	self->card = before;
	pci_put(&self->card, 0x140, 4, PCI_EXT_CAP_ID_DSN | 1 << 16, 0);
	expect_says("extended capability 0xb at 0x160 is gone");
	EXPECT_TRUE(differs(BUILD));
	self->card = before;
	pci_put_ext_cap(&self->card, PCI_EXT_CAP_ID_PTM, 0xffc);
	expect_says("extended capability 0x1f at 0xffc is new");
	EXPECT_TRUE(differs(BUILD));
}

/* Loops and broken pointers end the chain. */
TEST_F(identity, chains_end)
{
	struct fv_identity *is = &self->is;

	self->card.config[0x70 + PCI_CAP_LIST_NEXT] = 0x40;
	pci_put(&self->card, 0x160, 4, PCI_EXT_CAP_ID_VNDR | 1 << 16 | 0x100 << 20, 0);
	EXPECT_TRUE(again());
	EXPECT_EQ(FV_IDENTITY_CAPS, is->nr_caps);
	EXPECT_EQ(FV_IDENTITY_EXT_CAPS, is->nr_ext_caps);
	EXPECT_EQ(0x70, is->caps[FV_IDENTITY_CAPS - 1].at);
	/* pointers into the header and to all-ones; the low two bits are reserved */
	self->card.config[0x70 + PCI_CAP_LIST_NEXT] = 0x3c;
	pci_put(&self->card, 0xfc, 4, PCI_EXT_CAP_ID_PTM | 1 << 16, 0);
	pci_put(&self->card, 0x160, 4, PCI_EXT_CAP_ID_VNDR | 1 << 16 | 0xfcu << 20, 0);
	EXPECT_FALSE(again());
	self->card.config[0x48 + PCI_CAP_LIST_NEXT] = 0x73;
	self->card.config[0x70 + PCI_CAP_LIST_NEXT] = 0xb0;
	pci_put(&self->card, 0xb0, 2, 0xffff, 0);
	pci_put(&self->card, 0x160, 4, PCI_EXT_CAP_ID_VNDR | 1 << 16 | 0x200u << 20, 0);
	pci_put(&self->card, 0x200, 4, ~0, 0);
	EXPECT_FALSE(again());
	pci_put(&self->card, 0x200, 4, 0, 0);
	EXPECT_FALSE(again());
	/* 0x40 is the first offset behind the header */
	self->card.config[0x70 + PCI_CAP_LIST_NEXT] = 0x40;
	EXPECT_TRUE(again());
	pci_put(&self->card, 0x140, 4, PCI_EXT_CAP_ID_DSN | 1 << 16 | 0x163u << 20, 0);
	pci_put(&self->card, 0x100, 4, PCI_EXT_CAP_ID_ERR | 1 << 16 | 0x142u << 20, 0);
	self->card.config[0x70 + PCI_CAP_LIST_NEXT] = 0;
	EXPECT_EQ(0, fv_identity_read(&self->card, is));
	EXPECT_EQ(0x140, is->ext_caps[1].at);
	EXPECT_EQ(0x160, is->ext_caps[2].at);
}

/* Extended capabilities are not read with 256 bytes of config space. */
TEST_F(identity, conventional_functions_have_256_bytes)
{
	self->card.cfg_size = PCI_CFG_SPACE_SIZE;
	EXPECT_EQ(0, fv_identity_read(&self->card, &self->is));
	EXPECT_EQ(0, self->is.nr_ext_caps);
	EXPECT_EQ(3, self->is.nr_caps);
}

/* BARs are sized with decoding off and restored. */
static bool decoded;
static unsigned int sized;

static void sizes(struct pci_dev *pdev, int where, u32 value)
{
	if (where == PCI_COMMAND || (value != ~0u && value != PCI_ROM_ADDRESS_MASK))
		return;
	sized++;
	if (pci_peek(pdev, PCI_COMMAND, 2) & (PCI_COMMAND_MEMORY | PCI_COMMAND_IO))
		decoded = true;
}

TEST_F(identity, bars_are_as_they_were)
{
	static const u16 commands[] = {
		0, PCI_COMMAND_IO, PCI_COMMAND_MEMORY, PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
		PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE,
	};
	struct pci_dev *card = &self->card;
	struct pci_dev before;
	size_t i;

	pci_write_config_dword(card, PCI_BASE_ADDRESS_0, 0xfe800000);
	pci_write_config_dword(card, PCI_BASE_ADDRESS_1, 0xc000);
	pci_write_config_dword(card, PCI_BASE_ADDRESS_2, 0xd0000000);
	pci_write_config_dword(card, PCI_BASE_ADDRESS_3, 0x38);
	pci_write_config_dword(card, PCI_BASE_ADDRESS_5, 0xfe900000);
	pci_write_config_dword(card, PCI_ROM_ADDRESS, 0xfea00001);
	card->on_write = sizes;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		pci_write_config_word(card, PCI_COMMAND, commands[i]);
		before = *card;
		card->nr_writes = 0;
		sized = 0;
		EXPECT_FALSE(again());
		EXPECT_EQ(0, memcmp(before.config, card->config, sizeof(card->config)));
		EXPECT_EQ(FV_IDENTITY_BARS, sized);
		EXPECT_FALSE(decoded);
		/* two writes per BAR, one for none, and two for decoding if it was on */
		EXPECT_EQ(2 * FV_IDENTITY_BARS - 1 + (commands[i] & 3 ? 2 : 0), card->nr_writes);
	}
}

/* No register is read twice, but for the BARs. */
static unsigned char reads[PCI_CFG_SPACE_EXP_SIZE];

static void counts_reads(struct pci_dev *pdev, int where)
{
	reads[where]++;
}

TEST_F(identity, each_register_is_read_once)
{
	unsigned int i;

	memset(reads, 0, sizeof(reads));
	self->card.on_read = counts_reads;
	EXPECT_FALSE(again());
	self->card.on_read = NULL;
	for (i = 0; i < PCI_CFG_SPACE_EXP_SIZE; i += 4) {
		bool is_bar = i == PCI_ROM_ADDRESS ||
			      (i >= PCI_BASE_ADDRESS_0 && i <= PCI_BASE_ADDRESS_5);

		EXPECT_GE(is_bar ? 2 : 1, reads[i] + reads[i + 1] + reads[i + 2] + reads[i + 3])
			TH_LOG("register %#x", i);
	}
	EXPECT_EQ(1, reads[PCI_CLASS_REVISION]);
	EXPECT_EQ(1, reads[PCI_COMMAND]);
}

/* Only the capabilities are the VF's own; the rest is in its PF. */
TEST_F(identity, virtual_functions_have_capabilities)
{
	unsigned int nr_writes = self->card.nr_writes;

	self->card.is_virtfn = true;
	pci_put(&self->card, PCI_VENDOR_ID, 4, ~0, 0);
	EXPECT_EQ(0, fv_identity_read(&self->card, &self->is));
	EXPECT_EQ(nr_writes, self->card.nr_writes);
	EXPECT_EQ(0, self->is.vendor);
	EXPECT_EQ(0, self->is.bars[0]);
	EXPECT_EQ(0x12000001, self->is.class);
	EXPECT_EQ(3, self->is.nr_caps);
	EXPECT_EQ(3, self->is.nr_ext_caps);
	EXPECT_EQ(self->was.serial, self->is.serial);
}

/* A function that is gone, or disappears during the read, is an error. */
static void goes_away(struct pci_dev *pdev, int where, u32 value)
{
	pdev->is_gone = true;
}

TEST_F(identity, one_that_is_gone_is_an_error)
{
	self->card.on_write = goes_away;
	EXPECT_EQ(-EIO, fv_identity_read(&self->card, &self->is));
	self->card.on_write = NULL;
	self->card.nr_writes = 0;
	EXPECT_EQ(-EIO, fv_identity_read(&self->card, &self->is));
	EXPECT_EQ(0, self->card.nr_writes);
}

/* A text is cut off at the buffer size. */
TEST_F(identity, texts_end)
{
	char text[16];

	memset(text, 'x', sizeof(text));
	self->is.vendor = 1;
	EXPECT_TRUE(fv_identity_differs(&self->was, &self->is, STRICT, text, 8));
	EXPECT_EQ(7, strlen(text));
	EXPECT_EQ('x', text[8]);
}

/* Wherever it is, and the first one if there are two. */
TEST_F(identity, the_serial_number_is_found)
{
	pci_put(&self->card, 0x160, 4, PCI_EXT_CAP_ID_DSN | 1 << 16, 0);
	pci_put(&self->card, 0x164, 4, 7, 0);
	EXPECT_EQ(0, fv_identity_read(&self->card, &self->is));
	EXPECT_EQ(self->was.serial, self->is.serial);
	pci_put(&self->card, 0x100, 4, PCI_EXT_CAP_ID_DSN | 1 << 16, 0);
	pci_put(&self->card, 0x104, 4, 0x11112222, 0);
	pci_put(&self->card, 0x108, 4, 0x33334444, 0);
	EXPECT_EQ(0, fv_identity_read(&self->card, &self->is));
	EXPECT_EQ(0x3333444411112222, self->is.serial);
}

/* Smaller than a ROM can be. */
TEST_F(identity, a_small_bar)
{
	char text[80];

	self->is = self->was;
	self->was.bars[0] = -0x400u;
	self->is.bars[0] = -0x200000u;
	EXPECT_TRUE(fv_identity_differs(&self->was, &self->is, BUILD, text, sizeof(text)));
	EXPECT_STREQ("BAR 0 is 2 MiB, was 1 KiB", text);
}

TEST_HARNESS_MAIN
