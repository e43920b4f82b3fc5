// SPDX-License-Identifier: GPL-2.0
/* pcie/config*.c: each config field is saved, restored and read back. */
#include "kselftest_harness.h"

#include "pcie/config.h"
#include "pcie/identity.h"

enum place { HEADER, CAP, EXT };

/* Each field in the order of the restore: location, bits and name. */
static const struct field {
	enum place place;
	u16 id, at;
	u8 size;
	u32 mask;
	const char *name;
} fields[] = {
	{ HEADER, 0, 0x0c, 1, 0xff, "Cache Line Size" },
	{ HEADER, 0, 0x10, 4, ~0, "BAR 0" },
	{ HEADER, 0, 0x14, 4, ~0, "BAR 1" },
	{ HEADER, 0, 0x18, 4, ~0, "BAR 2" },
	{ HEADER, 0, 0x1c, 4, ~0, "BAR 3" },
	{ HEADER, 0, 0x20, 4, ~0, "BAR 4" },
	{ HEADER, 0, 0x24, 4, ~0, "BAR 5" },
	{ HEADER, 0, 0x30, 4, ~0, "Expansion ROM Base Address" },
	{ HEADER, 0, 0x3c, 1, 0xff, "Interrupt Line" },
	{ EXT, PCI_EXT_CAP_ID_REBAR, 8, 4, PCI_REBAR_CTRL_BAR_SIZE,
	  "Resizable BAR Control" },
	{ CAP, PCI_CAP_ID_EXP, 0x08, 2, 0x7fff, "Device Control" },
	{ CAP, PCI_CAP_ID_EXP, 0x10, 2, 0x03cb, "Link Control" },
	{ CAP, PCI_CAP_ID_EXP, 0x28, 2, 0xffff, "Device Control 2" },
	{ CAP, PCI_CAP_ID_EXP, 0x30, 2, 0x000f, "Link Control 2" },
	{ CAP, PCI_CAP_ID_PM, 4, 2, 0x0100, "PME Enable" },
	{ EXT, PCI_EXT_CAP_ID_ERR, 0x08, 4, ~0, "Uncorrectable Error Mask" },
	{ EXT, PCI_EXT_CAP_ID_ERR, 0x0c, 4, ~0, "Uncorrectable Error Severity" },
	{ EXT, PCI_EXT_CAP_ID_ERR, 0x14, 4, ~0, "Correctable Error Mask" },
	{ EXT, PCI_EXT_CAP_ID_ERR, 0x18, 4, 0x140, "ECRC Enable" },
	{ EXT, PCI_EXT_CAP_ID_ACS, 6, 2, 0x7f, "ACS Control" },
	{ EXT, PCI_EXT_CAP_ID_LTR, 4, 2, 0xffff, "LTR Max Snoop Latency" },
	{ EXT, PCI_EXT_CAP_ID_LTR, 6, 2, 0xffff, "LTR Max No-Snoop Latency" },
	{ EXT, PCI_EXT_CAP_ID_PTM, 8, 4, ~0, "PTM Control" },
	{ EXT, PCI_EXT_CAP_ID_L1SS, 0x0c, 4, ~0, "L1 PM Substates Control 2" },
	{ EXT, PCI_EXT_CAP_ID_L1SS, 0x08, 4, ~0, "L1 PM Substates Control 1" },
	{ CAP, PCI_CAP_ID_MSI, 2, 2, 0x0001, "MSI Enable" },
	{ CAP, PCI_CAP_ID_MSIX, 2, 2, 0x8000, "MSI-X Enable" },
	{ HEADER, 0, 0x04, 2, 0x0547, "Command" },
};

#define FIELDS ARRAY_SIZE(fields)

/* Capabilities of the card. */
static const struct {
	enum place place;
	u16 id, at;
} caps[] = {
	{ CAP, PCI_CAP_ID_PM, 0x40 }, { CAP, PCI_CAP_ID_MSI, 0x50 },
	{ CAP, PCI_CAP_ID_MSIX, 0x64 }, { CAP, PCI_CAP_ID_EXP, 0x70 },
	{ EXT, PCI_EXT_CAP_ID_ERR, 0x100 }, { EXT, PCI_EXT_CAP_ID_ACS, 0x150 },
	{ EXT, PCI_EXT_CAP_ID_LTR, 0x160 }, { EXT, PCI_EXT_CAP_ID_PTM, 0x170 },
	{ EXT, PCI_EXT_CAP_ID_L1SS, 0x180 }, { EXT, PCI_EXT_CAP_ID_REBAR, 0x1a0 },
};

static int where_of(const struct field *field)
{
	size_t i;

	if (field->place == HEADER)
		return field->at;
	for (i = 0; i < ARRAY_SIZE(caps); i++)
		if (caps[i].place == field->place && caps[i].id == field->id)
			return caps[i].at + field->at;
	return -1;
}

/* Initial value: a mix of set and clear bits, at least one set. */
static u32 value_of(const struct field *field)
{
	return (0x5aa55aa5 & field->mask) ?: field->mask & -field->mask;
}

static unsigned int msi_restores;

void pci_restore_msi_state(struct pci_dev *pdev)
{
	msi_restores++;
}

void pci_clear_master(struct pci_dev *pdev)
{
	u16 command = pci_peek(pdev, PCI_COMMAND, 2);

	if (command & PCI_COMMAND_MASTER)
		pci_write_config_word(pdev, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
}

FIXTURE(config)
{
	struct pci_dev card;
	struct pci_bus bus;
	struct fv_config config;
	char text[128];
};

/* All bits outside of fields are set; a restore must not clear them. */
FIXTURE_SETUP(config)
{
	struct pci_dev *card = &self->card;
	size_t i;

	kernel_begins();
	pci_begins(card, "0000:01:00.0");
	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		if (caps[i].id == PCI_CAP_ID_EXP && caps[i].place == CAP)
			pci_put_express(card, caps[i].at, PCI_EXP_TYPE_ENDPOINT, 2);
		else if (caps[i].place == CAP)
			pci_put_cap(card, caps[i].id, caps[i].at);
		else
			pci_put_ext_cap(card, caps[i].id, caps[i].at);
	}
	/* neighbours of one-byte fields */
	pci_put(card, PCI_CACHE_LINE_SIZE, 4, ~0, 0);
	pci_put(card, PCI_INTERRUPT_LINE, 4, ~0, 0);
	for (i = 0; i < FIELDS; i++)
		pci_put(card, where_of(&fields[i]), fields[i].size,
			value_of(&fields[i]) | ~fields[i].mask, ~0);
	card->msi_enabled = true;
	card->msix_enabled = true;
	fv_config_find(card, &self->config);
	fv_config_save(card, &self->config);
}

FIXTURE_TEARDOWN(config)
{
	kernel_ends();
}

#define verify()							\
	fv_config_verify(&self->card, &self->config, self->text, sizeof(self->text))

TEST_F(config, each_field_is_found)
{
	size_t i;

	for (i = 0; i < FIELDS; i++)
		EXPECT_EQ(where_of(&fields[i]), self->config.where[i])
			TH_LOG("%s", fields[i].name);
	EXPECT_LE(FIELDS, FV_CONFIG_FIELDS);
}

TEST_F(config, each_field_is_saved)
{
	size_t i;

	for (i = 0; i < FIELDS; i++)
		EXPECT_EQ(value_of(&fields[i]), self->config.values[i])
			TH_LOG("%s", fields[i].name);
	EXPECT_EQ(1, self->card.saves);
	fv_config_capture(&self->card, &self->config);
	EXPECT_EQ(1, self->card.saves);
}

TEST_F(config, what_is_right_is_not_written)
{
	EXPECT_EQ(0, verify());
	EXPECT_EQ(0, self->card.nr_writes);
}

/* Any field that differs is seen, and nothing is written. */
TEST_F(config, a_difference_is_seen)
{
	size_t i;

	EXPECT_FALSE(fv_config_differs(&self->card, &self->config));
	for (i = 0; i < FIELDS; i++) {
		struct pci_dev before = self->card;

		pci_put(&self->card, where_of(&fields[i]), fields[i].size, ~fields[i].mask, ~0);
		EXPECT_TRUE(fv_config_differs(&self->card, &self->config))
			TH_LOG("%s", fields[i].name);
		self->card = before;
	}
	EXPECT_EQ(0, self->card.nr_writes);
}

/* A user that disables its interrupts sets it at any time, but must not clear a needed one. */
TEST_F(config, interrupt_disable_may_be_set)
{
	u16 on = pci_peek(&self->card, PCI_COMMAND, 2) | PCI_COMMAND_INTX_DISABLE;
	u16 off = on & ~PCI_COMMAND_INTX_DISABLE;

	fv_config_set_intx(&self->config, false);
	pci_put(&self->card, PCI_COMMAND, 2, off, ~0);
	EXPECT_FALSE(fv_config_differs(&self->card, &self->config));
	pci_put(&self->card, PCI_COMMAND, 2, on, ~0);
	EXPECT_FALSE(fv_config_differs(&self->card, &self->config));
	pci_put(&self->card, PCI_COMMAND, 2, on & ~PCI_COMMAND_MASTER, ~0);
	EXPECT_TRUE(fv_config_differs(&self->card, &self->config));

	fv_config_set_intx(&self->config, true);
	pci_put(&self->card, PCI_COMMAND, 2, on, ~0);
	EXPECT_FALSE(fv_config_differs(&self->card, &self->config));
	pci_put(&self->card, PCI_COMMAND, 2, off, ~0);
	EXPECT_TRUE(fv_config_differs(&self->card, &self->config));
	fv_config_set_intx(&self->config, false);
	EXPECT_FALSE(fv_config_differs(&self->card, &self->config));
	/* the same bit of another register is no interrupt */
	pci_put(&self->card, PCI_BASE_ADDRESS_0, 4,
		value_of(&fields[1]) | PCI_COMMAND_INTX_DISABLE, ~0);
	EXPECT_TRUE(fv_config_differs(&self->card, &self->config));
}

/* A lost field is written, and no other register. */
TEST_F(config, each_field_is_restored)
{
	struct pci_dev before = self->card;
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		const struct field *field = &fields[i];
		int where = where_of(field);

		pci_put(&self->card, where, field->size, ~field->mask, ~0);
		if (field->place == CAP && field->id == PCI_CAP_ID_PM)
			pci_put(&self->card, where, 2, 0x0008, 0xffff);
		EXPECT_EQ(0, verify());
		EXPECT_EQ(1, self->card.nr_writes)
			TH_LOG("%s", field->name);
		EXPECT_EQ(where, self->card.writes[0].where);
		EXPECT_EQ(field->size, self->card.writes[0].size);
		EXPECT_EQ(value_of(field), self->card.writes[0].value & field->mask);
		if (field->place != CAP || field->id != PCI_CAP_ID_PM)
			EXPECT_EQ(0, memcmp(before.config, self->card.config,
					    sizeof(before.config)))
				TH_LOG("%s", field->name);
		self->card = before;
	}
}

/* Bits that should be clear are cleared. */
TEST_F(config, each_field_is_cleared)
{
	struct pci_dev before = self->card;
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		const struct field *field = &fields[i];

		pci_put(&self->card, where_of(field), field->size, field->mask, ~0);
		EXPECT_EQ(0, verify());
		EXPECT_EQ(value_of(field),
			  pci_peek(&self->card, where_of(field), field->size) & field->mask)
			TH_LOG("%s", field->name);
		self->card = before;
	}
}

/* All-ones in bits that are no configuration must not be written back: one starts an FLR. */
TEST_F(config, all_ones_are_not_written)
{
	struct pci_dev before = self->card;
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		const struct field *field = &fields[i];
		u32 all = GENMASK(8 * field->size - 1, 0);

		/* enabled as expected */
		if ((field->mask & all) == all || value_of(field) == field->mask)
			continue;
		pci_put(&self->card, where_of(field), field->size, ~0, ~0);
		EXPECT_EQ(-EIO, verify())
			TH_LOG("%s", field->name);
		EXPECT_NE(NULL, strstr(self->text, "no longer responds"));
		EXPECT_EQ(0, self->card.nr_writes);
		self->card = before;
	}
}

/* A field that does not take its value is an error with its name and its value. */
TEST_F(config, each_field_is_read_back)
{
	struct pci_dev before = self->card;
	char text[128];
	size_t i;

	for (i = 0; i < FIELDS; i++) {
		const struct field *field = &fields[i];
		u32 expected = value_of(field);
		int where = where_of(field);
		u32 wrong = expected & (expected - 1);

		pci_put(&self->card, where, field->size, wrong | ~field->mask, 0);
		EXPECT_EQ(-EIO, verify());
		snprintf(text, sizeof(text), "%s (at %#x) stays %#x, was %#x", field->name, where,
			 wrong, expected);
		EXPECT_STREQ(text, self->text);
		self->card = before;
	}
}

/* Fields are restored in the order of the table, Command after the BARs. */
TEST_F(config, fields_are_restored_in_order)
{
	unsigned int i;

	for (i = 0; i < FIELDS; i++)
		pci_put(&self->card, where_of(&fields[i]), fields[i].size, 0, ~0);
	EXPECT_EQ(0, verify());
	for (i = 0; i < FIELDS; i++)
		EXPECT_EQ(where_of(&fields[i]), self->card.writes[i].where)
			TH_LOG("%s", fields[i].name);
	EXPECT_EQ(FIELDS, self->card.nr_writes);
}

/* PME Status is RW1C and must not be cleared. */
TEST_F(config, pme_status_stays)
{
	pci_put(&self->card, 0x44, 2, 0x8008, 0x0103);
	pci_put_latch(&self->card, 0x44, 2, 0x8008, 0x8000);
	self->config.values[14] = PCI_PM_CTRL_PME_ENABLE;
	EXPECT_EQ(0, verify());
	EXPECT_EQ(0x8108, pci_peek(&self->card, 0x44, 2));
	/* only in the PM capability */
	pci_put(&self->card, 0x66, 2, 0x0008, 0xffff);
	self->card.msix_enabled = true;
	EXPECT_EQ(0, verify());
	EXPECT_EQ(0x8008, pci_peek(&self->card, 0x66, 2));
}

/* The interrupt enable bits follow the kernel's current state, not the saved one. */
TEST_F(config, interrupts_are_the_kernels)
{
	int i;

	pci_put(&self->card, 0x52, 2, 0x5555, ~0);
	pci_put(&self->card, 0x66, 2, 0x8555, ~0);
	for (i = 0; i < 4; i++) {
		self->card.msi_enabled = i & 1;
		self->card.msix_enabled = i & 2;
		EXPECT_EQ(0, verify());
		EXPECT_EQ(i & 1, pci_peek(&self->card, 0x52, 2) & 1);
		EXPECT_EQ(i & 2 ? 0x8000 : 0, pci_peek(&self->card, 0x66, 2) & 0x8000);
		EXPECT_EQ(0x5554, pci_peek(&self->card, 0x52, 2) & 0xfffe);
	}
}

/* Absent capabilities are neither read nor written. */
TEST_F(config, what_is_not_there_is_left_alone)
{
	struct pci_dev *card = &self->card;
	struct fv_config config;
	size_t i;

	pci_begins(card, "0000:02:00.0");
	fv_config_find(card, &config);
	for (i = 0; i < FIELDS; i++)
		EXPECT_EQ(fields[i].place == HEADER ? fields[i].at : -1, config.where[i])
			TH_LOG("%s", fields[i].name);
	fv_config_save(card, &config);
	EXPECT_EQ(0, fv_config_verify(card, &config, self->text, sizeof(self->text)));
	EXPECT_FALSE(fv_config_differs(card, &config));
	EXPECT_FALSE(fv_config_is_touched(card, &config));
	EXPECT_EQ(0, card->nr_writes);
}

/* Version 1 of the PCI Express capability ends before the second set of registers. */
TEST_F(config, version_1_has_no_second_set)
{
	struct pci_dev *card = &self->card;
	struct fv_config config;
	size_t i;

	for (i = 1; i <= 2; i++) {
		pci_begins(card, "0000:02:00.0");
		pci_put_express(card, 0x70, PCI_EXP_TYPE_ENDPOINT, i);
		pci_put_ext_cap(card, PCI_EXT_CAP_ID_ERR, 0x100);
		pci_put_ext_cap(card, PCI_EXT_CAP_ID_VNDR + 5, 0x140);
		pci_put_ext_cap(card, PCI_EXT_CAP_ID_PTM, 0x180);
		fv_config_find(card, &config);
		EXPECT_EQ(0x78, config.where[10]);
		EXPECT_EQ(0x80, config.where[11]);
		EXPECT_EQ(i == 1 ? -1 : 0x98, config.where[12]);
		EXPECT_EQ(i == 1 ? -1 : 0xa0, config.where[13]);
		EXPECT_EQ(0x108, config.where[15]);
		EXPECT_EQ(0x188, config.where[22]);
	}
}

/* A lost BAR is detected; other lost fields are ignored. */
TEST_F(config, lost_bars_are_seen)
{
	struct pci_dev before = self->card;
	size_t i;

	EXPECT_FALSE(fv_config_is_lost(&self->card, &self->config));
	for (i = 0; i < FIELDS; i++) {
		bool is_bar = fields[i].place == HEADER && !strncmp(fields[i].name, "BAR", 3);

		pci_put(&self->card, where_of(&fields[i]), fields[i].size, 0, ~0);
		EXPECT_EQ(is_bar, fv_config_is_lost(&self->card, &self->config))
			TH_LOG("%s", fields[i].name);
		self->card = before;
	}
	self->card.is_gone = true;
	EXPECT_TRUE(fv_config_is_lost(&self->card, &self->config));
}

/* Fields that the kernel changes by itself. */
static bool is_kernels(const struct field *field)
{
	static const char *const kernels[] = {
		"Link Control", "PME Enable", "LTR Max Snoop Latency", "LTR Max No-Snoop Latency",
		"PTM Control", "L1 PM Substates Control 2", "L1 PM Substates Control 1", "Command",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kernels); i++)
		if (!strcmp(field->name, kernels[i]))
			return true;
	return false;
}

/* Of an idle function any field that the kernel leaves alone, and bus mastering. */
TEST_F(config, a_touched_function_is_seen)
{
	struct pci_dev before;
	size_t i;

	EXPECT_TRUE(fv_config_is_touched(&self->card, &self->config));
	pci_put(&self->card, PCI_COMMAND, 2, 0xffff & ~PCI_COMMAND_MASTER, ~0);
	EXPECT_FALSE(fv_config_is_touched(&self->card, &self->config));
	before = self->card;
	for (i = 0; i < FIELDS; i++) {
		pci_put(&self->card, where_of(&fields[i]), fields[i].size, 0, ~0);
		EXPECT_EQ(!is_kernels(&fields[i]),
			  fv_config_is_touched(&self->card, &self->config))
			TH_LOG("%s", fields[i].name);
		self->card = before;
	}
	EXPECT_EQ(0, self->card.nr_writes - before.nr_writes);
	/* interrupts are the kernel's */
	self->card.msix_enabled = false;
	EXPECT_TRUE(fv_config_is_touched(&self->card, &self->config));
	self->card.msix_enabled = true;
	self->card.is_gone = true;
	EXPECT_TRUE(fv_config_is_touched(&self->card, &self->config));
}

/* At unbind: a field that differs is written, and no other; those of the kernel are left. */
TEST_F(config, a_function_is_given_back)
{
	struct pci_dev before = self->card;
	size_t i;

	fv_config_give_back(&self->card, &self->config);
	EXPECT_EQ(0, self->card.nr_writes);
	for (i = 0; i < FIELDS; i++) {
		const struct field *field = &fields[i];

		pci_put(&self->card, where_of(field), field->size, ~field->mask, ~0);
		fv_config_give_back(&self->card, &self->config);
		EXPECT_EQ(!is_kernels(field), self->card.nr_writes)
			TH_LOG("%s", field->name);
		EXPECT_EQ(is_kernels(field) ? 0 : value_of(field),
			  pci_peek(&self->card, where_of(field), field->size) & field->mask)
			TH_LOG("%s", field->name);
		self->card = before;
	}
	/* bus mastering is only turned off */
	self->config.values[FIELDS - 1] &= ~PCI_COMMAND_MASTER;
	fv_config_give_back(&self->card, &self->config);
	EXPECT_EQ(1, self->card.nr_writes);
	EXPECT_EQ(pci_peek(&before, PCI_COMMAND, 2) & ~PCI_COMMAND_MASTER,
		  pci_peek(&self->card, PCI_COMMAND, 2));
	/* it no longer responds: up to the first field with bits that trigger actions */
	self->card = before;
	self->card.is_gone = true;
	fv_config_give_back(&self->card, &self->config);
	EXPECT_EQ(9, self->card.nr_writes);
}

TEST_F(config, a_function_is_stopped)
{
	pci_put(&self->card, PCI_COMMAND, 2, 0x0147, 0x547);
	fv_config_stop(&self->card);
	EXPECT_EQ(1, self->card.nr_writes);
	EXPECT_EQ(PCI_COMMAND_INTX_DISABLE, pci_peek(&self->card, PCI_COMMAND, 2));
}

/* Resources of 32-bit, 64-bit and I/O BARs, and some that must be skipped. */
static void put_resources(struct pci_dev *card, struct pci_bus *bus)
{
	static const struct resource resources[] = {
		{ 0x1fe800000, 0x1fe80ffff, IORESOURCE_MEM },
		{ 0x3800d0000000, 0x3800d00fffff,
		  IORESOURCE_MEM | IORESOURCE_MEM_64 | IORESOURCE_PREFETCH | 0xc },
		{ 0 },
		{ 0x10000c000, 0x10000c0ff, IORESOURCE_IO | 0x1 },
		{ 0xf0000000, 0xf00fffff, IORESOURCE_MEM | IORESOURCE_UNSET },
		{ 0xf0000000, 0xf00fffff, IORESOURCE_MEM | IORESOURCE_PCI_FIXED },
		/* the ROM */
		{ 0x1fe900000, 0x1fe90ffff, IORESOURCE_MEM },
	};

	pci_begins(card, "0000:03:00.0");
	memcpy(card->resource, resources, sizeof(resources));
	pci_put(card, PCI_COMMAND, 2, 0x0147, 0x547);
	pci_put_bar(card, PCI_BASE_ADDRESS_0, 0xffff0000);
	pci_put_bar(card, PCI_BASE_ADDRESS_1, 0xfff0000c);
	pci_put(card, PCI_BASE_ADDRESS_2, 4, 0, ~0);
	pci_put_bar(card, PCI_BASE_ADDRESS_3, 0xffffff01);
	pci_put(card, PCI_BASE_ADDRESS_4, 4, 0, ~0);
	pci_put(card, PCI_BASE_ADDRESS_5, 4, 0, ~0);
	bus->offset = 0x100000000;
	pci_bus_add(bus, card);
}

static u32 decoded;

static void note_decoding(struct pci_dev *pdev, int where, u32 value)
{
	if (where != PCI_COMMAND)
		decoded |= pci_peek(pdev, PCI_COMMAND, 2) & 3;
}

TEST_F(config, lost_bars_are_put_back)
{
	struct pci_dev *card = &self->card;
	static const u32 values[] = {
		0xfe800000, 0xd000000c, 0x37ff, 0xc001, 0, 0,
	};
	unsigned int i;

	put_resources(card, &self->bus);
	card->on_write = note_decoding;
	EXPECT_EQ(3, fv_config_put_bars(card));
	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		EXPECT_EQ(values[i], pci_peek(card, PCI_BASE_ADDRESS_0 + 4 * i, 4))
			TH_LOG("BAR %u", i);
	/* decoding was off in between and is restored */
	EXPECT_EQ(0, decoded);
	EXPECT_EQ(0x0147, pci_peek(card, PCI_COMMAND, 2));
	EXPECT_EQ(6, card->nr_writes);
	EXPECT_EQ(PCI_COMMAND, card->writes[0].where);
	EXPECT_EQ(0x0144, card->writes[0].value);
	/* no writes if they are right, or if no address is assigned */
	card->resource[5] = (struct resource) { 0, ~0ull, IORESOURCE_MEM };
	pci_put(card, PCI_BASE_ADDRESS_5, 4, 0x1000, ~0);
	EXPECT_EQ(0, fv_config_put_bars(card));
	EXPECT_EQ(6, card->nr_writes);
}

/* A difference in either half of a 64-bit BAR is repaired. */
TEST_F(config, one_lost_bar_is_put_back)
{
	static const struct {
		int where;
		u32 bit;
	} lost[] = {
		{ PCI_BASE_ADDRESS_0, BIT(28) }, { PCI_BASE_ADDRESS_1, BIT(28) },
		{ PCI_BASE_ADDRESS_2, BIT(0) }, { PCI_BASE_ADDRESS_3, BIT(12) },
	};
	struct pci_dev *card = &self->card;
	u8 before[PCI_CFG_SPACE_EXP_SIZE];
	unsigned int i;

	put_resources(card, &self->bus);
	fv_config_put_bars(card);
	memcpy(before, card->config, sizeof(before));
	for (i = 0; i < ARRAY_SIZE(lost); i++) {
		pci_write_config_dword(card, lost[i].where,
				       pci_peek(card, lost[i].where, 4) ^ lost[i].bit);
		EXPECT_NE(0, memcmp(before, card->config, sizeof(before)));
		EXPECT_EQ(1, fv_config_put_bars(card))
			TH_LOG("at %#x", lost[i].where);
		EXPECT_EQ(0, memcmp(before, card->config, sizeof(before)));
		EXPECT_EQ(0, fv_config_put_bars(card));
	}
}

/* The BARs of a VF are in the SR-IOV capability of its PF. */
TEST_F(config, virtual_functions_have_no_bars)
{
	put_resources(&self->card, &self->bus);
	self->card.is_virtfn = true;
	EXPECT_EQ(0, fv_config_put_bars(&self->card));
	EXPECT_EQ(0, self->card.nr_writes);
}

/* The PCI core restores SR-IOV; a missing part is reported. */
TEST_F(config, virtual_functions_are_looked_for)
{
	struct pci_dev *card = &self->card;
	const int at = 0x900;

	EXPECT_EQ(0, fv_config_verify_vfs(card, self->text, sizeof(self->text)));
	card->nr_vfs = 2;
	EXPECT_EQ(-EIO, fv_config_verify_vfs(card, self->text, sizeof(self->text)));
	EXPECT_STREQ("it has no SR-IOV capability any more", self->text);
	pci_put_ext_cap(card, PCI_EXT_CAP_ID_SRIOV, at);
	pci_put(card, at + PCI_SRIOV_CTRL, 2, PCI_SRIOV_CTRL_MSE, 0);
	pci_put(card, at + PCI_SRIOV_NUM_VF, 2, 1, 0);
	EXPECT_EQ(-EIO, fv_config_verify_vfs(card, self->text, sizeof(self->text)));
	EXPECT_STREQ("SR-IOV Control (at 0x908) stays 0x8", self->text);
	pci_put(card, at + PCI_SRIOV_CTRL, 2, PCI_SRIOV_CTRL_VFE, 0);
	EXPECT_EQ(-EIO, fv_config_verify_vfs(card, self->text, sizeof(self->text)));
	EXPECT_STREQ("SR-IOV Control (at 0x908) stays 0x1", self->text);
	pci_put(card, at + PCI_SRIOV_CTRL, 2, PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_VFE, 0);
	EXPECT_EQ(-EIO, fv_config_verify_vfs(card, self->text, sizeof(self->text)));
	EXPECT_STREQ("NumVFs (at 0x910) stays 1, was 2", self->text);
	pci_put(card, at + PCI_SRIOV_NUM_VF, 2, 2, 0);
	EXPECT_EQ(0, fv_config_verify_vfs(card, self->text, sizeof(self->text)));
}

/* Each of their BARs is compared with the resource that it has, if it has one. */
TEST_F(config, bars_of_virtual_functions_are_looked_at)
{
	static const struct resource unused[] = {
		{ 0 }, { 0x5000, 0x5fff, 0 }, { 0x5000, 0x5fff, IORESOURCE_MEM | IORESOURCE_UNSET },
		{ 0x5000, 0x4fff, IORESOURCE_MEM },
	};
	struct pci_dev *card = &self->card;
	struct resource *res = &card->resource[PCI_IOV_RESOURCES];
	const int at = 0x900;
	unsigned int i;

	pci_bus_add(&self->bus, card);
	self->bus.offset = 0x100000000;
	card->nr_vfs = 2;
	pci_put_ext_cap(card, PCI_EXT_CAP_ID_SRIOV, at);
	pci_put(card, at + PCI_SRIOV_CTRL, 2, PCI_SRIOV_CTRL_MSE | PCI_SRIOV_CTRL_VFE, 0);
	pci_put(card, at + PCI_SRIOV_NUM_VF, 2, 2, 0);
	for (i = 0; i < PCI_SRIOV_NUM_BARS; i++) {
		res[i] = (struct resource) { 0x1c0000000 + i * 0x10000, 0x1c000ffff + i * 0x10000,
					     IORESOURCE_MEM | IORESOURCE_MEM_64 | 0x4 };
		pci_put(card, at + PCI_SRIOV_BAR + 4 * i, 4, 0xc0000004 + i * 0x10000, 0);
	}
	EXPECT_EQ(0, fv_config_verify_vfs(card, self->text, sizeof(self->text)));
	for (i = 0; i < PCI_SRIOV_NUM_BARS; i++) {
		pci_put(card, at + PCI_SRIOV_BAR + 4 * i, 4, 0x4, 0);
		EXPECT_EQ(-EIO, fv_config_verify_vfs(card, self->text, sizeof(self->text)))
			TH_LOG("BAR %u", i);
		EXPECT_STREQ("a BAR of its virtual functions changed", self->text);
		pci_put(card, at + PCI_SRIOV_BAR + 4 * i, 4, 0xc0000004 + i * 0x10000, 0);
	}
	for (i = 0; i < ARRAY_SIZE(unused); i++) {
		res[1] = unused[i];
		EXPECT_EQ(0, fv_config_verify_vfs(card, self->text, sizeof(self->text)))
			TH_LOG("resource %u", i);
	}
}

#define restores(_identity)	({					\
	self->card.restores = 0;					\
	fv_config_restore(&self->card, _identity);			\
	self->card.restores;						\
})

/* The PCI core restores what the fields do not have: each capability but a few. */
TEST_F(config, others_are_restored_by_the_core)
{
	static const struct fv_identity plain = {
		.caps = { { PCI_CAP_ID_PM }, { PCI_CAP_ID_MSI }, { PCI_CAP_ID_VNDR },
			  { PCI_CAP_ID_EXP }, { PCI_CAP_ID_MSIX } },
		.nr_caps = 5,
		.ext_caps = { { PCI_EXT_CAP_ID_ERR }, { PCI_EXT_CAP_ID_DSN },
			      { PCI_EXT_CAP_ID_VNDR } },
		.nr_ext_caps = 3,
	};
	struct pci_host_bridge bridge = { .native_aer = true };
	struct pci_dev *card = &self->card;
	struct fv_identity identity;
	unsigned int id;

	self->bus.bridge = &bridge;
	pci_bus_add(&self->bus, card);
	EXPECT_EQ(0, restores(&plain));
	for (id = 1; id < 0x40; id++) {
		identity = plain;
		identity.caps[0].id = id;
		EXPECT_EQ(id != PCI_CAP_ID_PM && id != PCI_CAP_ID_MSI && id != PCI_CAP_ID_VNDR &&
			  id != PCI_CAP_ID_EXP && id != PCI_CAP_ID_MSIX, restores(&identity))
			TH_LOG("capability %#x", id);
		identity = plain;
		identity.ext_caps[2].id = id;
		EXPECT_EQ(id != PCI_EXT_CAP_ID_ERR && id != PCI_EXT_CAP_ID_DSN &&
			  id != PCI_EXT_CAP_ID_VNDR && id != PCI_EXT_CAP_ID_SECPCI &&
			  id != PCI_EXT_CAP_ID_DLF && id != PCI_EXT_CAP_ID_PL_16GT,
			  restores(&identity))
			TH_LOG("extended capability %#x", id);
	}
	/* chains that may be longer */
	identity = plain;
	while (identity.nr_caps < FV_IDENTITY_CAPS)
		identity.caps[identity.nr_caps++].id = PCI_CAP_ID_VNDR;
	EXPECT_EQ(1, restores(&identity));
	identity = plain;
	while (identity.nr_ext_caps < FV_IDENTITY_EXT_CAPS - 1)
		identity.ext_caps[identity.nr_ext_caps++].id = PCI_EXT_CAP_ID_VNDR;
	EXPECT_EQ(0, restores(&identity));
	while (identity.nr_ext_caps < FV_IDENTITY_EXT_CAPS)
		identity.ext_caps[identity.nr_ext_caps++].id = PCI_EXT_CAP_ID_VNDR;
	EXPECT_EQ(1, restores(&identity));
	/* the port has lost LTR Enable, too */
	card->ltr_path = true;
	EXPECT_EQ(1, restores(&plain));
	card->ltr_path = false;
	card->is_virtfn = true;
	EXPECT_EQ(1, restores(&plain));
	card->is_virtfn = false;
	/* fields that the core has restored are not restored again */
	msi_restores = 0;
	card->state_saved = true;
	card->pcie_flags_reg = PCI_EXP_TYPE_LEG_END << 4 | 2;
	EXPECT_EQ(1, restores(&plain));
	EXPECT_EQ(0, msi_restores);
	EXPECT_TRUE(card->state_saved);
	card->pcie_cap = 0;
	EXPECT_EQ(1, restores(&plain));
}

/* What is restored beside the fields: MSI before Command, and errors are cleared. */
TEST_F(config, the_rest_is_restored)
{
	static const struct fv_identity plain = {};
	struct pci_host_bridge bridge = { .native_aer = true };
	struct pci_dev *card = &self->card;
	int status = 0x100 + PCI_ERR_UNCOR_STATUS;

	self->bus.bridge = &bridge;
	pci_bus_add(&self->bus, card);
	card->aer_cap = 0x100;
	card->state_saved = true;
	msi_restores = 0;
	card->nr_writes = 0;
	EXPECT_EQ(0, restores(&plain));
	EXPECT_FALSE(card->state_saved);
	EXPECT_EQ(1, msi_restores);
	EXPECT_EQ(0, card->nr_writes);
	card->msi_enabled = false;
	pci_put_latch(card, status, 4, PCI_ERR_UNC_SURPDN, ~0u);
	pci_put_latch(card, 0x100 + PCI_ERR_COR_STATUS, 4, 1, ~0u);
	EXPECT_EQ(0, restores(&plain));
	EXPECT_EQ(1, msi_restores);
	EXPECT_EQ(0, pci_peek(card, status, 4));
	EXPECT_EQ(0, pci_peek(card, 0x100 + PCI_ERR_COR_STATUS, 4));
	/* the firmware's */
	pci_put_latch(card, status, 4, PCI_ERR_UNC_SURPDN, ~0u);
	bridge.native_aer = false;
	EXPECT_EQ(0, restores(&plain));
	EXPECT_EQ(PCI_ERR_UNC_SURPDN, pci_peek(card, status, 4));
	/* without AER other registers are there */
	bridge.native_aer = true;
	card->aer_cap = 0;
	card->nr_writes = 0;
	EXPECT_EQ(0, restores(&plain));
	EXPECT_EQ(0, card->nr_writes);
}

TEST_HARNESS_MAIN
