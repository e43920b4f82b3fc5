// SPDX-License-Identifier: GPL-2.0
/* pcie/ready.c: readiness of a function and of its design. */
#include "kselftest_harness.h"

#include "base/policy.h"
#include "base/wait.h"
#include "pcie/ready.h"

FIXTURE(ready)
{
	struct pci_dev card;
	struct fv_wait wait;
	struct fv_ready_register ready;
	char text[128];
};

/* The mapping, and its values before and after ready_ns. */
static u64 mapped_at;
static size_t mapped_size;
static int mappings;
static u32 values[2];
static u64 ready_ns;
static struct pci_dev *card;
static bool is_like_a_card;	/* one that reads all-ones without memory decoding */

void __iomem *ioremap(u64 at, size_t size)
{
	mapped_at = at;
	mapped_size = size;
	if (!kernel_has_memory())
		return NULL;
	mappings++;
	return &mapped_at;
}

void iounmap(void __iomem *at)
{
	mappings--;
}

u32 ioread32(void __iomem *at)
{
	kernel_assert(mappings == 1 && at == &mapped_at);
	if (is_like_a_card && !(card->config[PCI_COMMAND] & PCI_COMMAND_MEMORY))
		return ~0;
	kernel_assert(card->config[PCI_COMMAND] & PCI_COMMAND_MEMORY);
	return values[kernel_ns >= ready_ns];
}

FIXTURE_SETUP(ready)
{
	kernel_begins();
	card = &self->card;
	pci_begins(card, "0000:01:00.0");
	card->resource[2] = (struct resource) { 0xd0000000, 0xd00fffff, IORESOURCE_MEM };
	card->resource[3] = (struct resource) { 0xc000, 0xc0ff, IORESOURCE_IO };
	card->resource[4] = (struct resource) { 0, 0xffff, IORESOURCE_MEM };
	self->ready = (struct fv_ready_register) { 0x20, 0xf0, 0x30, 2 };
	pci_put(card, PCI_COMMAND, 2, PCI_COMMAND_MASTER, 0x547);
	fv_wait_begin(&self->wait, 1000);
}

FIXTURE_TEARDOWN(ready)
{
	kernel_ends();
}

TEST_F(ready, each_answer_that_is_none)
{
	static const struct {
		u32 id;
		bool is_answer;
	} rows[] = {
		{ 0x903f10ee, true }, { 0x000110ee, true }, { 0x00000002, true },
		{ 0xffff10ee, true }, { 0x0000fffe, true },
		{ 0xffffffff, false }, { 0x903f0001, false }, { 0xffff0001, false },
		{ 0x903fffff, false }, { 0x903f0000, false }, { 0x00000000, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		pci_put(card, PCI_VENDOR_ID, 4, rows[i].id, 0);
		EXPECT_EQ(rows[i].is_answer, fv_ready_is_answering(card))
			TH_LOG("%08x", rows[i].id);
	}
	/* all-ones in the Command register alone */
	pci_put(card, PCI_VENDOR_ID, 4, 0x903f10ee, 0);
	pci_put(card, PCI_COMMAND, 4, ~0, 0);
	EXPECT_FALSE(fv_ready_is_answering(card));
	/* a VF has no vendor id */
	card->is_virtfn = true;
	EXPECT_FALSE(fv_ready_is_answering(card));
	pci_put(card, PCI_COMMAND, 4, 0x10ffff, 0);
	pci_put(card, PCI_VENDOR_ID, 4, ~0, 0);
	EXPECT_TRUE(fv_ready_is_answering(card));
}

static void comes_back(u64 us)
{
	card->is_gone = kernel_ns < ready_ns;
}

TEST_F(ready, it_is_waited_for)
{
	EXPECT_EQ(0, fv_ready_wait(card, &self->wait));
	EXPECT_EQ(0, kernel_sleeps);
	kernel_on_sleep = comes_back;
	card->is_gone = true;
	ready_ns = kernel_ns + 500 * NSEC_PER_MSEC;
	EXPECT_EQ(0, fv_ready_wait(card, &self->wait));
	EXPECT_LE(ready_ns, kernel_ns);
	EXPECT_GE(ready_ns + 10 * NSEC_PER_MSEC, kernel_ns);
	ready_ns = kernel_ns + 10000 * NSEC_PER_MSEC;
	card->is_gone = true;
	EXPECT_EQ(-ETIMEDOUT, fv_ready_wait(card, &self->wait));
	card->is_unplugged = true;
	EXPECT_EQ(-ENODEV, fv_ready_wait(card, &self->wait));
	card->is_unplugged = false;
	current->is_killed = true;
	fv_wait_begin(&self->wait, 1000);
	EXPECT_EQ(-EINTR, fv_ready_wait(card, &self->wait));
}

/* User space is kept from all functions for the 100 ms after link up. */
static void is_kept_out(u64 us)
{
	kernel_assert(card->block_cfg_access == 1);
}

/* More functions than there is room for. */
static struct pci_dev many[33];
static unsigned int nr_blocked;	/* of these */

static void counts_blocked(u64 us)
{
	unsigned int i;

	nr_blocked = 0;
	for (i = 0; i < ARRAY_SIZE(many); i++)
		nr_blocked += many[i].block_cfg_access;
}

TEST_F(ready, a_link_settles)
{
	struct pci_dev port, other;
	struct pci_bus bus;
	unsigned int i;
	u64 began_ns = kernel_ns;

	memset(&bus, 0, sizeof(bus));
	pci_begins(&port, "0000:00:01.0");
	pci_begins(&other, "0000:01:00.1");
	pci_bus_add(&bus, card);
	pci_bus_add(&bus, &other);
	port.subordinate = &bus;
	/* one that another task keeps it from already: not waited for */
	pci_cfg_access_lock(&other);
	kernel_on_sleep = is_kept_out;
	EXPECT_EQ(0, fv_ready_settle(&port));
	EXPECT_EQ(began_ns + 100 * NSEC_PER_MSEC, kernel_ns);
	EXPECT_EQ(0, card->block_cfg_access);
	EXPECT_EQ(1, other.block_cfg_access);
	EXPECT_EQ(0, card->nr_writes);
	current->is_killed = true;
	EXPECT_EQ(-EINTR, fv_ready_settle(&port));
	EXPECT_EQ(0, card->block_cfg_access);
	current->is_killed = false;
	EXPECT_EQ(1, card->refs);
	/* as many functions as there is room for */
	memset(many, 0, sizeof(many));
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		pci_begins(&many[i], "0000:01:01.0");
		pci_bus_add(&bus, &many[i]);
	}
	kernel_on_sleep = counts_blocked;
	EXPECT_EQ(0, fv_ready_settle(&port));
	EXPECT_EQ(31, nr_blocked);
	for (i = 0; i < ARRAY_SIZE(many); i++)
		EXPECT_EQ(0, many[i].block_cfg_access);
	/* no bus below it */
	kernel_on_sleep = NULL;
	port.subordinate = NULL;
	EXPECT_EQ(0, fv_ready_settle(&port));
}

static int link_error;		/* of a link that takes 700 ms */
static unsigned int ups;
static u64 up_ns;

int fv_link_wait_active(struct pci_dev *port, bool is_active, struct fv_wait *wait)
{
	kernel_assert(is_active);
	kernel_sleep_us(700000);
	return link_error;
}

static void is_up(void *data)
{
	kernel_assert(data == &ups);
	ups++;
	up_ns = kernel_ns;
}

/* The caller is told of link up before the settle time. */
TEST_F(ready, a_link_comes_up)
{
	struct pci_dev port;
	u64 began_ns = kernel_ns;

	pci_begins(&port, "0000:00:01.0");
	EXPECT_EQ(0, fv_ready_wait_link(&port, &self->wait, is_up, &ups));
	EXPECT_EQ(1, ups);
	EXPECT_EQ(began_ns + 700 * NSEC_PER_MSEC, up_ns);
	EXPECT_EQ(began_ns + 800 * NSEC_PER_MSEC, kernel_ns);
	link_error = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, fv_ready_wait_link(&port, &self->wait, is_up, &ups));
	EXPECT_EQ(1, ups);
	link_error = 0;
	current->is_killed = true;
	EXPECT_EQ(-EINTR, fv_ready_wait_link(&port, &self->wait, is_up, &ups));
	EXPECT_EQ(2, ups);
	current->is_killed = false;
	EXPECT_EQ(0, fv_ready_wait_link(&port, &self->wait, NULL, NULL));
}

#define has_register()							\
	fv_ready_has_register(card, &self->ready, self->text, sizeof(self->text))

TEST_F(ready, a_register_is_in_a_bar)
{
	static const struct {
		u32 bar;
		u64 offset;
		const char *text;
	} rows[] = {
		{ 2, 0, NULL }, { 2, 0xffffc, NULL },
		{ 2, 0x100000, "ready_register: BAR 2 ends at 0x100000, before 0x100000" },
		{ 2, 0xffffe, "ready_register: BAR 2 ends at 0x100000, before 0xffffe" },
		{ 2, ~3ull, "ready_register: BAR 2 ends at 0x100000, before 0xfffffffffffffffc" },
		{ 0, 0, "ready_register: BAR 0 is not a memory BAR" },
		{ 3, 0, "ready_register: BAR 3 is not a memory BAR" },
		/* unassigned */
		{ 4, 0, "ready_register: BAR 4 is not a memory BAR" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->ready.bar = rows[i].bar;
		self->ready.offset = rows[i].offset;
		self->text[0] = '\0';
		EXPECT_EQ(rows[i].text ? -EINVAL : 0, has_register())
			TH_LOG("row %zu", i);
		EXPECT_STREQ(rows[i].text ?: "", self->text);
	}
	/* without a register, any location is valid */
	self->ready.mask = 0;
	EXPECT_EQ(0, has_register());
}

#define wait_register()							\
	fv_ready_wait_register(card, &self->ready, &self->wait, self->text, sizeof(self->text))

/* Values read and whether they are ready; all-ones never is. */
TEST_F(ready, a_design_is_ready)
{
	static const struct {
		u32 mask, value, reads;
		bool is_ready;
	} rows[] = {
		{ 0xf0, 0x30, 0x30, true }, { 0xf0, 0x30, 0x8f3f, true },
		{ 0xf0, 0x30, 0x70, false }, { 0xf0, 0x30, 0x20, false },
		{ 0xf0, 0, 0, true }, { 0xf0, 0xf0, ~0, false }, { 0xf0, 0xf0, ~1, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->ready.mask = rows[i].mask;
		self->ready.value = rows[i].value;
		values[0] = rows[i].reads;
		values[1] = rows[i].reads;
		self->text[0] = '\0';
		fv_wait_begin(&self->wait, 100);
		card->nr_writes = 0;
		EXPECT_EQ(rows[i].is_ready ? 0 : -ETIMEDOUT, wait_register())
			TH_LOG("row %zu", i);
		EXPECT_EQ(rows[i].is_ready, !self->text[0]);
		EXPECT_EQ(0xd0000020, mapped_at);
		EXPECT_EQ(4, mapped_size);
		EXPECT_EQ(0, mappings);
		/* memory space is enabled and restored */
		EXPECT_EQ(2, card->nr_writes);
		EXPECT_EQ(PCI_COMMAND_MASTER, pci_peek(card, PCI_COMMAND, 2));
	}
	/* no register: no access */
	self->ready.mask = 0;
	self->ready.bar = 3;
	EXPECT_EQ(0, wait_register());
	EXPECT_EQ(2, card->nr_writes);
}

TEST_F(ready, a_design_is_waited_for)
{
	values[1] = 0x30;
	ready_ns = kernel_ns + 300 * NSEC_PER_MSEC;
	EXPECT_EQ(0, wait_register());
	EXPECT_LE(ready_ns, kernel_ns);
	EXPECT_GE(ready_ns + 10 * NSEC_PER_MSEC, kernel_ns);
	values[0] = 0x52;
	ready_ns = ~0ull;
	EXPECT_EQ(-ETIMEDOUT, wait_register());
	EXPECT_STREQ("its design is not ready: BAR 2 at 0x20 reads 0x52", self->text);
	fv_wait_begin(&self->wait, 1000);
	self->text[0] = '\0';
	current->is_killed = true;
	EXPECT_EQ(-EINTR, wait_register());
	EXPECT_STREQ("", self->text);
	EXPECT_EQ(PCI_COMMAND_MASTER, pci_peek(card, PCI_COMMAND, 2));
	EXPECT_EQ(0, mappings);
}

/* User space disables memory decoding meanwhile. */
static void disables_memory(u64 us)
{
	pci_put(card, PCI_COMMAND, 2, 0, 0x547);
	kernel_on_sleep = NULL;
}

TEST_F(ready, a_design_is_waited_for_whatever_user_space_does)
{
	is_like_a_card = true;
	values[1] = 0x30;
	ready_ns = kernel_ns + 300 * NSEC_PER_MSEC;
	kernel_on_sleep = disables_memory;
	EXPECT_EQ(0, wait_register());
	EXPECT_EQ(PCI_COMMAND_MASTER, pci_peek(card, PCI_COMMAND, 2));
	pci_put(card, PCI_COMMAND, 2, PCI_COMMAND_SERR, 0x547);
	EXPECT_EQ(0, wait_register());
	EXPECT_EQ(PCI_COMMAND_SERR, pci_peek(card, PCI_COMMAND, 2));
}

TEST_F(ready, a_register_that_cannot_be_read)
{
	self->ready.bar = 3;
	EXPECT_EQ(-EIO, wait_register());
	EXPECT_STREQ("ready_register: BAR 3 is not a memory BAR", self->text);
	self->ready.bar = 2;
	card->is_gone = true;
	EXPECT_EQ(-EIO, wait_register());
	EXPECT_STREQ("0000:01:00.0 no longer responds", self->text);
	EXPECT_EQ(0, mappings);
	EXPECT_EQ(0, card->nr_writes);
	card->is_gone = false;
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, wait_register());
	EXPECT_EQ(0, card->nr_writes);
}

TEST_HARNESS_MAIN
