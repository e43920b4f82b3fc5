// SPDX-License-Identifier: GPL-2.0
/* The simulated card under stock vfio-pci. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "engine.h"
#include "file.h"
#include "irq.h"
#include "module.h"
#include "region.h"
#include "regs.h"

#define LIMIT_S 60
#define VECTORS 32		/* in images/alveo-xdma.json */
#define IOVA 0x10000000ull
#define NOWHERE 0x70000000ull	/* never mapped */
#define BUFFER (8u << 20)
#define RING_AT (BUFFER - 0x1000)

static const char *role(const char *name)
{
	const char *bdf = getenv(name);

	if (!bdf)
		fail("%s is not set: not run in the lab?", name);
	return bdf;
}

FIXTURE(card)
{
	struct iommu iommu;
	struct device dev;
	volatile uint32_t *regs;
	uint8_t *buffer;
};

FIXTURE_SETUP(card)
{
	size_t size;

	module_probe("vfio_iommu_type1");
	module_probe("vfio-pci");
	pci_bind(role("FV_CARD"), "vfio-pci");
	iommu_open(&self->iommu, iommu_mode_from_env());
	device_open(&self->dev, &self->iommu, role("FV_CARD"));
	config_command(&self->dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	self->regs = region_map(&self->dev, VFIO_PCI_BAR0_REGION_INDEX, &size);
	self->buffer = dma_alloc(BUFFER);
	iommu_map(&self->iommu, self->buffer, IOVA, BUFFER);
}

FIXTURE_TEARDOWN(card)
{
	device_close(&self->dev);
	iommu_close(&self->iommu);
}

#define CARD_TEST(_name) TEST_F_TIMEOUT(card, _name, LIMIT_S)

static void fill(uint8_t *bytes, size_t size, unsigned int seed)
{
	size_t i;

	for (i = 0; i < size; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = seed >> 16;
	}
}

CARD_TEST(registers_answer)
{
	EXPECT_EQ(CARD_ID, self->regs[CARD_REG_ID / 4]);
	EXPECT_EQ(0, self->regs[CARD_REG_FUNCTION / 4]);
	EXPECT_EQ(0x20261120, self->regs[CARD_REG_BUILD / 4]);
	self->regs[CARD_REG_SCRATCH(1) / 4] = 0xcafe1234;
	EXPECT_EQ(0xcafe1234, self->regs[CARD_REG_SCRATCH(1) / 4]);
	EXPECT_EQ(0, self->regs[CARD_REG_SCRATCH(0) / 4]);
	EXPECT_TRUE(wait_until(self->regs[CARD_REG_READY / 4] == 1, IRQ_LIMIT_MS));
}

/* BAR 2 is a window to the card memory of the DMA engines. */
CARD_TEST(memory_window_keeps_what_was_written)
{
	volatile uint64_t *memory;
	size_t size, i;

	memory = region_map(&self->dev, VFIO_PCI_BAR2_REGION_INDEX, &size);
	EXPECT_EQ(1 << 20, size);
	for (i = 0; i < 64; i++)
		memory[i * 2048] = i * 0x0101010101010101ull;
	for (i = 0; i < 64; i++)
		EXPECT_EQ(i * 0x0101010101010101ull, memory[i * 2048]);
}

CARD_TEST(each_vector_has_its_interrupt)
{
	int fds[VECTORS], i;

	for (i = 0; i < VECTORS; i++)
		fds[i] = event_new();
	irq_enable(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, VECTORS, fds);
	for (i = 0; i < VECTORS; i++) {
		self->regs[CARD_REG_IRQ_TEST / 4] = i;
		EXPECT_EQ(1, event_wait(fds[i], IRQ_LIMIT_MS));
	}
	for (i = 0; i < VECTORS; i++)
		EXPECT_EQ(0, event_count(fds[i]));
}

/* Write config space through sysfs, because VFIO does not let users mask vectors. */
static void raw_config16(const char *bdf, unsigned int at, uint16_t clear, uint16_t set)
{
	char path[128];
	uint16_t value;
	int fd;

	snprintf(path, sizeof(path), PCI_SYSFS "/%s/config", bdf);
	fd = open(path, O_RDWR);
	if (fd < 0 || pread(fd, &value, 2, at) != 2)
		fail("%s: %s", path, errno_name(errno));
	value = (value & ~clear) | set;
	if (pwrite(fd, &value, 2, at) != 2)
		fail("%s: %s", path, errno_name(errno));
	close(fd);
}

CARD_TEST(masked_interrupt_is_pending_until_unmasked)
{
	const char *bdf = role("FV_CARD");
	unsigned int cap = config_cap(&self->dev, PCI_CAP_ID_MSIX);
	uint32_t pba = config_read32(&self->dev, cap + PCI_MSIX_PBA);
	volatile uint32_t *pending = self->regs + (pba & PCI_MSIX_PBA_OFFSET) / 4;
	int fds[4], i;

	ASSERT_EQ(0, pba & PCI_MSIX_PBA_BIR);
	for (i = 0; i < 4; i++)
		fds[i] = event_new();
	irq_enable(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 4, fds);
	EXPECT_EQ(0, pending[0]);
	raw_config16(bdf, cap + PCI_MSIX_FLAGS, 0, PCI_MSIX_FLAGS_MASKALL);
	self->regs[CARD_REG_IRQ_TEST / 4] = 2;
	EXPECT_TRUE(wait_until(pending[0] == 1u << 2, IRQ_LIMIT_MS));
	raw_config16(bdf, cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_MASKALL, 0);
	EXPECT_EQ(1, event_wait(fds[2], IRQ_LIMIT_MS));
	EXPECT_TRUE(wait_until(pending[0] == 0, IRQ_LIMIT_MS));
	/* a later interrupt shows that no masked one is in flight */
	self->regs[CARD_REG_IRQ_TEST / 4] = 3;
	EXPECT_EQ(1, event_wait(fds[3], IRQ_LIMIT_MS));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, event_count(fds[i]));
}

/* Scatter: pieces of the buffer to the card, and back to other offsets. */
static int move_both_ways(struct _test_data_card *self, uint32_t ctrl, uint32_t piece,
			  unsigned int pieces)
{
	struct engine engine;
	unsigned int i;
	int ret, fd = event_new();

	irq_enable(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd);
	fill(self->buffer, piece * pieces, piece);
	memset(self->buffer + BUFFER / 2, 0, piece * pieces);
	engine_init(&engine, self->regs, 0, self->buffer + RING_AT, IOVA + RING_AT);
	for (i = 0; i < pieces; i++)
		engine_add(&engine, false, IOVA + i * piece, (pieces - 1 - i) * piece,
			   piece, i == pieces - 1);
	engine_run(&engine, ctrl | CARD_ENG_CTRL_IRQ);
	ret = event_wait(fd, IRQ_LIMIT_MS) ? __engine_wait(&engine) : -ETIMEDOUT;
	if (ret)
		return ret;
	for (i = 0; i < pieces; i++)
		engine_add(&engine, true, IOVA + BUFFER / 2 + i * piece,
			   (pieces - 1 - i) * piece, piece, i == pieces - 1);
	engine_run(&engine, ctrl | CARD_ENG_CTRL_IRQ);
	ret = event_wait(fd, IRQ_LIMIT_MS) ? __engine_wait(&engine) : -ETIMEDOUT;
	if (ret)
		return ret;
	return memcmp(self->buffer, self->buffer + BUFFER / 2, piece * pieces);
}

CARD_TEST(dma_moves_data_both_ways)
{
	EXPECT_EQ(0, move_both_ways(self, 0, 0x3000, 16));
	EXPECT_EQ(0, move_both_ways(self, 0, 1 << 20, 2));
	EXPECT_EQ(0, move_both_ways(self, 0, 60, 20));
}

CARD_TEST(dma_by_messages_moves_the_same)
{
	EXPECT_EQ(0, move_both_ways(self, CARD_ENG_CTRL_MESSAGES, 0x3000, 4));
}

#define ROUNDS 16

/* MB/s through the emulated IOMMU, by the clock of the card's host. */
static uint64_t throughput(struct _test_data_card *self, bool to_host)
{
	struct engine engine;
	unsigned int i, round;
	uint64_t ns;

	engine_init(&engine, self->regs, 0, self->buffer + RING_AT, IOVA + RING_AT);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < 4; i++)
			engine_add(&engine, to_host, IOVA + i * (1 << 20), i << 20,
				   1 << 20, false);
		engine_run(&engine, 0);
		if (__engine_wait(&engine))
			return 0;
	}
	ns = self->regs[(CARD_ENGINE(0) + CARD_ENG_NS) / 4] |
	     (uint64_t)self->regs[(CARD_ENGINE(0) + CARD_ENG_NS + 4) / 4] << 32;
	return ROUNDS * (4ull << 20) * 1000 / ns;
}

CARD_TEST(dma_throughput_is_measured)
{
	uint64_t to_card = throughput(self, false), to_host = throughput(self, true);

	printf("# @row name=card_dma_to_card driver=vfio-pci value=%llu unit=MB/s\n",
	       (unsigned long long)to_card);
	printf("# @row name=card_dma_to_host driver=vfio-pci value=%llu unit=MB/s\n",
	       (unsigned long long)to_host);
	EXPECT_NE(0, to_card);
	EXPECT_NE(0, to_host);
}

static int dma_error(struct _test_data_card *self, bool to_host, uint64_t iova)
{
	struct engine engine;

	engine_init(&engine, self->regs, 1, self->buffer + RING_AT, IOVA + RING_AT);
	engine_add(&engine, to_host, iova, 0, 0x1000, false);
	engine_run(&engine, 0);
	return __engine_wait(&engine);
}

/* Open the kernel log at its end, to look for DMA faults of the function. */
static int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		fail("/dev/kmsg: %s", errno_name(errno));
	return fd;
}

static bool kmsg_has_fault(int fd, const char *bdf)
{
	char line[1024], device[64];
	ssize_t len;

	snprintf(device, sizeof(device), "%s] fault addr 0x%llx", bdf + 5, NOWHERE);
	while ((len = read(fd, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		if (strstr(line, "DMAR") && strstr(line, device))
			return true;
	}
	return false;
}

CARD_TEST(dma_read_of_unmapped_address_faults)
{
	int kmsg = kmsg_open();

	EXPECT_EQ(CARD_ERR_READ, dma_error(self, false, NOWHERE));
	EXPECT_TRUE(wait_until(kmsg_has_fault(kmsg, role("FV_CARD")), IRQ_LIMIT_MS));
	EXPECT_EQ(0, dma_error(self, false, IOVA));
	close(kmsg);
}

CARD_TEST(dma_write_to_unmapped_address_faults)
{
	int kmsg = kmsg_open();

	EXPECT_EQ(CARD_ERR_WRITE, dma_error(self, true, NOWHERE));
	EXPECT_TRUE(wait_until(kmsg_has_fault(kmsg, role("FV_CARD")), IRQ_LIMIT_MS));
	close(kmsg);
}

CARD_TEST(dma_after_unmap_is_refused)
{
	EXPECT_EQ(0, dma_error(self, true, IOVA));
	iommu_unmap(&self->iommu, IOVA, BUFFER);
	EXPECT_EQ(CARD_ERR_READ, dma_error(self, true, IOVA));
}

CARD_TEST(dma_needs_bus_master)
{
	config_command(&self->dev, PCI_COMMAND_MASTER, 0);
	EXPECT_EQ(CARD_ERR_MASTER, dma_error(self, true, IOVA));
	config_command(&self->dev, 0, PCI_COMMAND_MASTER);
	EXPECT_EQ(0, dma_error(self, true, IOVA));
}

CARD_TEST(reset_of_a_user_is_flr)
{
	uint32_t flr = self->regs[CARD_REG_RESETS_FLR / 4];
	uint32_t hot = self->regs[CARD_REG_RESETS_HOT / 4];

	self->regs[CARD_REG_SCRATCH(0) / 4] = 77;
	self->regs[CARD_REG_LED / 4] = 5;
	device_reset(&self->dev);
	config_command(&self->dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	EXPECT_EQ(flr + 1, self->regs[CARD_REG_RESETS_FLR / 4]);
	EXPECT_EQ(hot, self->regs[CARD_REG_RESETS_HOT / 4]);
	EXPECT_EQ(0, self->regs[CARD_REG_SCRATCH(0) / 4]);
	EXPECT_EQ(5, self->regs[CARD_REG_LED / 4]);
}

TEST_HARNESS_MAIN
