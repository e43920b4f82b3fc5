// SPDX-License-Identifier: GPL-2.0
/*
 * Each way of a user to a fenced card: reads return all-ones, writes are dropped, no signal; the
 * card works again after the fence. The card itself reports which accesses it saw.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "control.h"
#include "counters.h"
#include "fence.h"
#include "file.h"
#include "hammer.h"
#include "irq.h"
#include "policy.h"
#include "region.h"
#include "regs.h"
#include "sigbus.h"
#include "user.h"

#define LIMIT_S 240
#define CARD "FV_CARD"
#define ONES 0xffffffffu
#define PAGE 4096
#define FENCES 5
/* timeout for events that should happen soon */
#define SOON_MS 60000

FIXTURE(fence)
{
	const char *bdf;
	struct genl genl;
	struct user user;
	bool is_there;
};

/* With the link disabled, and with the link up. */
FIXTURE_VARIANT(fence)
{
	const char *link_disable;
	bool is_kept;
};

FIXTURE_VARIANT_ADD(fence, link_down)
{
	.link_disable = "link_disable=auto",
};

FIXTURE_VARIANT_ADD(fence, link_up)
{
	.link_disable = "link_disable=off",
	.is_kept = true,
};

FIXTURE_SETUP(fence)
{
	self->bdf = role(CARD);
	card_bind(self->bdf);
	sigbus_init();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&self->genl, self->bdf, variant->link_disable);
	policy_set(&self->genl, self->bdf, "ready_limit_ms=120000");
	user_come(&self->user, self->bdf);
	self->is_there = true;
}

FIXTURE_TEARDOWN(fence)
{
	EXPECT_EQ(0, sigbus_count());
	if (self->is_there)
		user_go(&self->user);
	genl_close(&self->genl);
}

#define FENCE_TEST(_name) TEST_F_TIMEOUT(fence, _name, LIMIT_S)

static uint32_t get(struct user *user, unsigned int reg)
{
	uint32_t value = 0xdead;

	sigbus_read(&user->regs[reg / 4], &value);
	return value;
}

static void put(struct user *user, unsigned int reg, uint32_t value)
{
	sigbus_write(&user->regs[reg / 4], value);
}

/* BAR accesses that the card saw, including all earlier ones. */
static uint64_t accesses(const char *bdf)
{
	uint8_t id[4];

	/* a read flushes the posted writes before it */
	if (__file_read((char *)id, sizeof(id), PCI_SYSFS "/%s/config", bdf) < 0)
		fail("%s: its configuration cannot be read", bdf);
	return control_number(CARD, "bar_reads") + control_number(CARD, "bar_writes");
}

/* Existing and new mappings read all-ones, and the card again afterwards. */
FENCE_TEST(mappings_read_ones)
{
	volatile uint32_t *later;
	uint32_t value;
	size_t size, at;

	ASSERT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	fence(&self->genl, self->bdf);
	for (at = 0; at < self->user.regs_size; at += PAGE) {
		EXPECT_EQ(ONES, get(&self->user, at));
		EXPECT_EQ(ONES, get(&self->user, at + PAGE - 4));
	}
	later = region_map(&self->user.dev, VFIO_PCI_BAR2_REGION_INDEX, &size);
	for (at = 0; at < size; at += size / 8) {
		EXPECT_EQ(0, sigbus_read(&later[at / 4], &value));
		EXPECT_EQ(ONES, value);
	}
	recover(&self->genl, self->bdf);
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(0, sigbus_write(&later[1], 0x5eed));
	EXPECT_EQ(0, sigbus_read(&later[1], &value));
	EXPECT_EQ(0x5eed, value);
	munmap((void *)later, size);
}

/* Writes to a mapping turn into all-ones soon, and never reach the card. */
FENCE_TEST(mapped_writes_reach_nobody)
{
	uint64_t before;
	int i;

	put(&self->user, CARD_REG_SCRATCH(0), 0x5eed);
	put(&self->user, CARD_REG_LED, 0x1ed);
	ASSERT_EQ(0x5eed, get(&self->user, CARD_REG_SCRATCH(0)));
	fence(&self->genl, self->bdf);
	before = accesses(self->bdf);
	for (i = 0; i < 1000; i++) {
		put(&self->user, CARD_REG_SCRATCH(0), 0xbad);
		put(&self->user, CARD_REG_LED, 0xbad);
	}
	EXPECT_TRUE(wait_until(get(&self->user, CARD_REG_SCRATCH(0)) == ONES, SOON_MS));
	EXPECT_TRUE(wait_until(get(&self->user, CARD_REG_LED) == ONES, SOON_MS));
	put(&self->user, CARD_REG_SCRATCH(0), 0xbad);
	EXPECT_EQ(before, accesses(self->bdf));
	recover(&self->genl, self->bdf);
	EXPECT_EQ(variant->is_kept ? 0x5eed : 0, get(&self->user, CARD_REG_SCRATCH(0)));
	EXPECT_EQ(0x1ed, get(&self->user, CARD_REG_LED));
	/* nor are they in the page of the next fence */
	fence(&self->genl, self->bdf);
	EXPECT_EQ(ONES, get(&self->user, CARD_REG_SCRATCH(0)));
	EXPECT_EQ(ONES, get(&self->user, CARD_REG_LED));
	recover(&self->genl, self->bdf);
}

static const struct piece {
	unsigned int region;
	uint64_t offset;
	size_t size;
	bool can_write;		/* without side effects */
} pieces[] = {
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0), 1, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0) + 1, 1, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0) + 1, 2, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0) + 2, 2, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0), 3, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0), 4, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0) + 3, 5, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0), 8, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0) + 1, 13, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0), 0, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, 0, 512, false },
	{ VFIO_PCI_BAR0_REGION_INDEX, 0x7ffe, 8, false },
	{ VFIO_PCI_BAR0_REGION_INDEX, 0x8000, 16, false },
	{ VFIO_PCI_BAR0_REGION_INDEX, 0xfffc, 4, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, 0xfffe, 4, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, 0x10000, 4, true },
	{ VFIO_PCI_BAR0_REGION_INDEX, 0x7fffffff, 1, true },
	{ VFIO_PCI_BAR1_REGION_INDEX, 0, 4, true },
	{ VFIO_PCI_BAR2_REGION_INDEX, 0x101, 7, true },
	{ VFIO_PCI_BAR2_REGION_INDEX, 0x100, 64, true },
	{ VFIO_PCI_BAR2_REGION_INDEX, 0xfffff, 2, true },
	{ VFIO_PCI_BAR3_REGION_INDEX, 0, 4, true },
	{ VFIO_PCI_ROM_REGION_INDEX, 0, 4, true },
	{ VFIO_PCI_ROM_REGION_INDEX, 3, 64, true },
	{ VFIO_PCI_VGA_REGION_INDEX, 0xa0000, 4, true },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 0, 1, false },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 0, 2, false },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 0, 4, false },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 1, 3, false },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 3, 2, false },
	{ VFIO_PCI_CONFIG_REGION_INDEX, PCI_INTERRUPT_LINE, 1, true },
	{ VFIO_PCI_CONFIG_REGION_INDEX, PCI_INTERRUPT_LINE, 2, true },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 0, 256, false },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 0x3d, 200, false },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 0x100, 0x60, false },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 0xffe, 4, false },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 0x1000, 4, true },
	{ VFIO_PCI_CONFIG_REGION_INDEX, 0x7fffffff, 1, true },
	{ VFIO_PCI_NUM_REGIONS + 1, 0, 4, true },
};

#define PIECES (sizeof(pieces) / sizeof(pieces[0]))
#define PIECE_MAX 512

static int piece_read(struct user *user, const struct piece *piece, uint8_t *bytes)
{
	uint64_t base = (uint64_t)piece->region << 40;
	int ret;

	memset(bytes, 0x5a, PIECE_MAX + 1);
	ret = pread(user->dev.fd, bytes, piece->size, base + piece->offset);
	return ret < 0 ? -errno : ret;
}

static int piece_write(struct user *user, const struct piece *piece)
{
	uint64_t base = (uint64_t)piece->region << 40;
	uint8_t bytes[PIECE_MAX] = { 0 };
	int ret = pwrite(user->dev.fd, bytes, piece->size, base + piece->offset);

	return ret < 0 ? -errno : ret;
}

static bool is_ones(const uint8_t *bytes, int nr)
{
	while (nr > 0 && bytes[nr - 1] == 0xff)
		nr--;
	return nr <= 0;
}

/* Reads and writes of any offset and length return the same as without the fence. */
FENCE_TEST(descriptor_answers_as_without)
{
	uint8_t bytes[PIECE_MAX + 1];
	int reads[PIECES], writes[PIECES], ret;
	uint64_t before;
	unsigned int i;

	for (i = 0; i < PIECES; i++) {
		reads[i] = piece_read(&self->user, &pieces[i], bytes);
		writes[i] = pieces[i].can_write ? piece_write(&self->user, &pieces[i]) : 0;
	}
	fence(&self->genl, self->bdf);
	before = accesses(self->bdf);
	for (i = 0; i < PIECES; i++) {
		const struct piece *piece = &pieces[i];

		ret = piece_read(&self->user, piece, bytes);
		EXPECT_EQ(reads[i], ret) {
			TH_LOG("read of %zu bytes at %#llx of region %u", piece->size,
			       (unsigned long long)piece->offset, piece->region);
		}
		EXPECT_TRUE(is_ones(bytes, ret)) {
			TH_LOG("%zu bytes at %#llx of region %u are not all-ones", piece->size,
			       (unsigned long long)piece->offset, piece->region);
		}
		EXPECT_EQ(0x5a, bytes[ret < 0 ? 0 : ret]);
		if (!piece->can_write)
			continue;
		ret = piece_write(&self->user, piece);
		EXPECT_EQ(writes[i], ret) {
			TH_LOG("write of %zu bytes at %#llx of region %u", piece->size,
			       (unsigned long long)piece->offset, piece->region);
		}
	}
	EXPECT_EQ(before, accesses(self->bdf));
	recover(&self->genl, self->bdf);
	for (i = 0; i < PIECES; i++)
		EXPECT_EQ(reads[i], piece_read(&self->user, &pieces[i], bytes));
}

/* Writes to config space are dropped and reset nothing. */
FENCE_TEST(configuration_writes_are_dropped)
{
	unsigned int exp = config_cap(&self->user.dev, PCI_CAP_ID_EXP);
	uint8_t before[256], after[256], zeros[0x40] = { 0 };
	uint16_t flr = PCI_EXP_DEVCTL_BCR_FLR;
	uint64_t flrs;

	ASSERT_EQ(256, __config_read(&self->user.dev, 0, before, 256));
	fence(&self->genl, self->bdf);
	flrs = control_number(CARD, "flr");
	EXPECT_EQ(2, __config_write(&self->user.dev, PCI_COMMAND, zeros, 2));
	EXPECT_EQ(24, __config_write(&self->user.dev, PCI_BASE_ADDRESS_0, zeros, 24));
	EXPECT_EQ(2, __config_write(&self->user.dev, exp + PCI_EXP_DEVCTL, &flr, 2));
	EXPECT_EQ(1, __config_write(&self->user.dev, PCI_INTERRUPT_LINE, "\x55", 1));
	recover(&self->genl, self->bdf);
	EXPECT_EQ(flrs, control_number(CARD, "flr"));
	ASSERT_EQ(256, __config_read(&self->user.dev, 0, after, 256));
	EXPECT_EQ(0, memcmp(before, after, 256));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
}

static int ioeventfd(struct user *user, uint32_t size, uint64_t offset, uint64_t value, int fd)
{
	struct vfio_device_ioeventfd arg = {
		.argsz = sizeof(arg),
		.flags = size,
		.offset = user->dev.offsets[VFIO_PCI_BAR0_REGION_INDEX] + offset,
		.data = value,
		.fd = fd,
	};

	return ioctl(user->dev.fd, VFIO_DEVICE_IOEVENTFD, &arg) ? -errno : 0;
}

/* A write by an ioeventfd is dropped, and works again afterwards. */
FENCE_TEST(ioeventfd_is_dropped)
{
	int event = event_new();
	uint64_t before;

	ASSERT_EQ(0, ioeventfd(&self->user, VFIO_DEVICE_IOEVENTFD_32, CARD_REG_SCRATCH(3), 0x10e,
			       event));
	event_signal(event);
	ASSERT_TRUE(wait_until(get(&self->user, CARD_REG_SCRATCH(3)) == 0x10e, IRQ_LIMIT_MS));
	put(&self->user, CARD_REG_SCRATCH(3), 0);
	fence(&self->genl, self->bdf);
	before = accesses(self->bdf);
	/* the write is done or dropped before this returns */
	event_signal(event);
	EXPECT_EQ(before, accesses(self->bdf));
	recover(&self->genl, self->bdf);
	EXPECT_EQ(0, get(&self->user, CARD_REG_SCRATCH(3)));
	event_signal(event);
	EXPECT_TRUE(wait_until(get(&self->user, CARD_REG_SCRATCH(3)) == 0x10e, IRQ_LIMIT_MS));
	EXPECT_EQ(0, ioeventfd(&self->user, VFIO_DEVICE_IOEVENTFD_32, CARD_REG_SCRATCH(3), 0x10e,
			       -1));
}

/* The same with 8 bytes, which new (7.3.4) supports. */
FENCE_TEST(ioeventfd_of_8_bytes_is_dropped)
{
	const uint64_t value = 0x10eull << 32 | 0x20e;
	int event = event_new(), ret;
	uint64_t before;

	ret = ioeventfd(&self->user, VFIO_DEVICE_IOEVENTFD_64, CARD_REG_SCRATCH(2), value, event);
	if (ret == -EINVAL)
		SKIP(return, "this kernel has none");
	ASSERT_EQ(0, ret);
	event_signal(event);
	ASSERT_TRUE(wait_until(get(&self->user, CARD_REG_SCRATCH(3)) == 0x10e, IRQ_LIMIT_MS));
	EXPECT_EQ(0x20e, get(&self->user, CARD_REG_SCRATCH(2)));
	fence(&self->genl, self->bdf);
	before = accesses(self->bdf);
	/* the write is done or dropped before this returns */
	event_signal(event);
	EXPECT_EQ(before, accesses(self->bdf));
	recover(&self->genl, self->bdf);
	put(&self->user, CARD_REG_SCRATCH(2), 0);
	put(&self->user, CARD_REG_SCRATCH(3), 0);
	event_signal(event);
	EXPECT_TRUE(wait_until(get(&self->user, CARD_REG_SCRATCH(3)) == 0x10e, IRQ_LIMIT_MS));
	EXPECT_EQ(0x20e, get(&self->user, CARD_REG_SCRATCH(2)));
	EXPECT_EQ(0, ioeventfd(&self->user, VFIO_DEVICE_IOEVENTFD_64, CARD_REG_SCRATCH(2), value,
			       -1));
}

/* Enabled interrupts work again after the fence, without action of the user. */
FENCE_TEST(interrupts_and_data_afterwards)
{
	uint64_t before;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, user_moves_data(&self->user, i));
		fence(&self->genl, self->bdf);
		EXPECT_FALSE(control_is(CARD, "master"));
		before = accesses(self->bdf);
		EXPECT_GT(0, user_tries_data(&self->user, i));
		EXPECT_EQ(before, accesses(self->bdf));
		recover(&self->genl, self->bdf);
		EXPECT_TRUE(control_is(CARD, "master"));
	}
	EXPECT_EQ(0, user_moves_data(&self->user, i));
}

static int hot_reset(struct user *user)
{
	struct {
		struct vfio_pci_hot_reset head;
		int32_t fd;
	} arg = {
		.head.argsz = sizeof(arg),
		.head.count = 1,
		.fd = user->iommu.groups[0].fd,
	};

	return ioctl(user->dev.fd, VFIO_DEVICE_PCI_HOT_RESET, &arg) ? -errno : 0;
}

/* The user's resets fail with -EAGAIN and do not reach the card. */
FENCE_TEST(resets_later)
{
	bool is_container = self->user.iommu.mode == IOMMU_CONTAINER;
	uint64_t flrs, hots;

	fence(&self->genl, self->bdf);
	flrs = control_number(CARD, "flr");
	hots = control_number(CARD, "hot");
	EXPECT_EQ(-EAGAIN, __device_reset(&self->user.dev));
	if (is_container)
		EXPECT_EQ(-EAGAIN, hot_reset(&self->user));
	EXPECT_EQ(flrs, control_number(CARD, "flr"));
	EXPECT_EQ(hots, control_number(CARD, "hot"));
	recover(&self->genl, self->bdf);
	EXPECT_EQ(0, __device_reset(&self->user.dev));
	if (is_container)
		EXPECT_EQ(0, hot_reset(&self->user));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
}

/* After a close during the fence, open fails with -EAGAIN until the recovery. */
FENCE_TEST(open_later)
{
	fence(&self->genl, self->bdf);
	user_go(&self->user);
	self->is_there = false;
	EXPECT_EQ(-EAGAIN, __user_come(&self->user, self->bdf));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FENCED, device_state(&self->genl, self->bdf));
	recover(&self->genl, self->bdf);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, device_state(&self->genl, self->bdf));
	user_come(&self->user, self->bdf);
	self->is_there = true;
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
}

/* Fence counters count behind the fence only. */
FENCE_TEST(counters_count)
{
	uint64_t fences = counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCES);
	uint64_t ns = counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCED_NS);
	uint64_t reads = counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCE_READS);
	uint64_t writes = counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCE_WRITES);
	uint64_t faults = counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCE_FAULTS);
	unsigned long long start = now_ns();
	struct device *dev = &self->user.dev;
	uint32_t value = 0;
	uint64_t now;
	int i;

	fence(&self->genl, self->bdf);
	EXPECT_EQ(fences + 1, counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCES));
	for (i = 0; i < 5; i++) {
		__config_read(dev, 0, &value, 4);
		__region_read(dev, VFIO_PCI_BAR0_REGION_INDEX, 0, &value, 4);
		__region_write(dev, VFIO_PCI_BAR0_REGION_INDEX, CARD_REG_SCRATCH(0), &value, 4);
	}
	__config_write(dev, PCI_INTERRUPT_LINE, &value, 1);
	EXPECT_EQ(reads + 10, counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCE_READS));
	EXPECT_EQ(writes + 6, counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCE_WRITES));
	get(&self->user, CARD_REG_ID);
	EXPECT_LT(faults, counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCE_FAULTS));
	now = counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCED_NS);
	EXPECT_LT(ns, now);
	recover(&self->genl, self->bdf);
	EXPECT_LT(now, counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCED_NS));
	EXPECT_GE(now_ns() - start,
		  counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCED_NS) - ns);
	now = counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCED_NS);
	reads = counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCE_READS);
	__config_read(dev, 0, &value, 4);
	__region_read(dev, VFIO_PCI_BAR0_REGION_INDEX, 0, &value, 4);
	EXPECT_EQ(reads, counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCE_READS));
	EXPECT_EQ(now, counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCED_NS));
	EXPECT_EQ(fences + 1, counter(&self->genl, self->bdf, FPGA_VFIO_A_STATS_FENCES));
}

/* Two fenced cards with a user each: neither sees the writes of the other. */
FENCE_TEST(users_are_apart)
{
	const char *bdf = role("FV_CARD2");
	uint64_t fences;
	struct user other;
	int i;

	pci_bind(role("FV_CARD2_FN1"), "fpga_vfio_pci");
	pci_bind(bdf, "fpga_vfio_pci");
	user_come(&other, bdf);
	put(&other, CARD_REG_SCRATCH(0), 0x07);
	fences = counter(&self->genl, bdf, FPGA_VFIO_A_STATS_FENCES);
	fence(&self->genl, self->bdf);
	for (i = 0; i < 100; i++) {
		put(&self->user, CARD_REG_SCRATCH(0), 0xbad);
		ASSERT_EQ(0x07, get(&other, CARD_REG_SCRATCH(0)));
	}
	EXPECT_EQ(CARD_ID, get(&other, CARD_REG_ID));
	EXPECT_EQ(0, user_moves_data(&other, 1));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, device_state(&self->genl, bdf));
	EXPECT_EQ(fences, counter(&self->genl, bdf, FPGA_VFIO_A_STATS_FENCES));
	fence(&self->genl, bdf);
	for (i = 0; i < 1000; i++) {
		put(&self->user, CARD_REG_SCRATCH(0), 0xbad);
		ASSERT_EQ(ONES, get(&other, CARD_REG_SCRATCH(0)));
	}
	recover(&self->genl, self->bdf);
	EXPECT_EQ(CARD_ID, get(&self->user, CARD_REG_ID));
	EXPECT_EQ(ONES, get(&other, CARD_REG_ID));
	recover(&self->genl, bdf);
	EXPECT_EQ(0, user_moves_data(&other, 2));
	user_go(&other);
}

/* The fence session's owner waits for the recovery, while others read the state. */
static void *recover_thread(void *fixture)
{
	struct _test_data_fence *self = fixture;

	recover(&self->genl, self->bdf);
	return NULL;
}

/* Check for progress during a recovery that waits for the card. */
static bool goes_on_in_recovery(struct genl *genl, const char *bdf, const struct hammer *hammer)
{
	control_do(CARD, "wait not-ready");
	return device_state(genl, bdf) == FPGA_VFIO_CARD_STATE_RECOVERING &&
		hammer_goes_on(hammer);
}

/* Busy threads see only their card or all-ones, and never block. */
FENCE_TEST(hammering_user_is_not_disturbed)
{
	struct hammer hammer;
	pthread_t thread;
	struct genl reader;
	uint64_t before;
	int i;

	genl_open(&reader, FPGA_VFIO_FAMILY_NAME);
	hammer_start(&hammer, &self->user);
	EXPECT_TRUE(wait_until(hammer.dma.accesses > 2, SOON_MS));
	for (i = 0; i < FENCES; i++) {
		uint64_t map = hammer.map.ones, fd = hammer.fd.ones;

		control_do(CARD, "ready-after hold");
		fence(&self->genl, self->bdf);
		before = accesses(self->bdf);
		EXPECT_TRUE(hammer_goes_on(&hammer));
		EXPECT_EQ(before, accesses(self->bdf));
		EXPECT_LT(map, hammer.map.ones);
		EXPECT_LT(fd, hammer.fd.ones);
		ASSERT_EQ(0, pthread_create(&thread, NULL, recover_thread, self));
		/* ready at once with the link up */
		if (!variant->is_kept)
			EXPECT_TRUE(goes_on_in_recovery(&reader, self->bdf, &hammer));
		control_do(CARD, "ready-after image");
		control_do(CARD, "release");
		pthread_join(thread, NULL);
		before = hammer.dma.accesses;
		EXPECT_TRUE(wait_until(hammer.dma.accesses > before + 2, SOON_MS));
	}
	hammer_stop(&hammer);
	printf("# ");
	hammer_print(&hammer);
	EXPECT_EQ(0, hammer_sigbus(&hammer));
	EXPECT_EQ(0, hammer.map.wrong + hammer.fd.wrong + hammer.dma.wrong);
	EXPECT_EQ(0, hammer.map.stalls + hammer.fd.stalls);
	genl_close(&reader);
}

static uint64_t faults_of(struct genl *genl, struct user *user)
{
	uint64_t before = counter(genl, user->dev.bdf, FPGA_VFIO_A_STATS_MMAP_FAULTS);
	size_t at;

	for (at = 0; at < user->regs_size; at += PAGE)
		get(user, at);
	return counter(genl, user->dev.bdf, FPGA_VFIO_A_STATS_MMAP_FAULTS) - before;
}

/* Without a fence, a mapping faults once, also after a fence. */
FENCE_TEST(mapping_faults_once)
{
	uint64_t first = faults_of(&self->genl, &self->user);

	EXPECT_LT(0, first);
	EXPECT_EQ(0, faults_of(&self->genl, &self->user));
	fence(&self->genl, self->bdf);
	get(&self->user, CARD_REG_ID);
	recover(&self->genl, self->bdf);
	EXPECT_EQ(first, faults_of(&self->genl, &self->user));
	EXPECT_EQ(0, faults_of(&self->genl, &self->user));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
