// SPDX-License-Identifier: GPL-2.0
/*
 * A BAR mapped by 2 MiB entries: it reads as all-ones behind the fence, and is mapped the same way,
 * with as many page faults, afterwards.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "check.h"
#include "control.h"
#include "counters.h"
#include "fence.h"
#include "policy.h"
#include "region.h"
#include "sigbus.h"
#include "user.h"

#define LIMIT_S 600
#define CARD "FV_CARD_4G"	/* BAR 2 has 4 GiB */
#define BAR VFIO_PCI_BAR2_REGION_INDEX
#define HUGE (2u << 20)
#define SIZE (4 * HUGE)
#define PAGE 4096u
#define ONES 0xffffffffu
#define SOON_MS 60000

FIXTURE(huge)
{
	const char *bdf;
	struct genl genl;
	struct user user;
	volatile uint32_t *map;
};

/* Aligned for huge pages, as in a VMM. */
static void *map_aligned(struct device *dev)
{
	struct vfio_region_info *info = __region_info(dev, BAR);
	uintptr_t at;
	void *map;

	map = mmap(NULL, SIZE + HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!info || map == MAP_FAILED)
		fail("no room to map %s: %s", dev->bdf, errno_name(errno));
	at = ((uintptr_t)map + HUGE - 1) & ~(uintptr_t)(HUGE - 1);
	map = mmap((void *)at, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, dev->fd,
		   info->offset);
	free(info);
	if (map == MAP_FAILED)
		fail("map BAR 2 of %s: %s", dev->bdf, errno_name(errno));
	return map;
}

FIXTURE_SETUP(huge)
{
	self->bdf = role(CARD);
	card_bind(self->bdf);
	sigbus_init();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	policy_set(&self->genl, self->bdf, "ready_limit_ms=120000");
	user_come(&self->user, self->bdf);
	self->map = map_aligned(&self->user.dev);
}

FIXTURE_TEARDOWN(huge)
{
	EXPECT_EQ(0, sigbus_count());
	user_go(&self->user);
	genl_close(&self->genl);
}

#define HUGE_TEST(_name) TEST_F_TIMEOUT(huge, _name, LIMIT_S)

static volatile uint32_t *word(volatile uint32_t *map, size_t at)
{
	return &map[at / sizeof(*map)];
}

static uint32_t get(volatile uint32_t *map, size_t at)
{
	uint32_t value = 0xdead;

	sigbus_read(word(map, at), &value);
	return value;
}

/* Number of pages that start with all-ones. */
static unsigned int ones(volatile uint32_t *map)
{
	unsigned int nr = 0;
	size_t at;

	for (at = 0; at < SIZE; at += PAGE)
		nr += get(map, at) == ONES;
	return nr;
}

static uint64_t faults(struct genl *genl, const char *bdf)
{
	return counter(genl, bdf, FPGA_VFIO_A_STATS_MMAP_FAULTS);
}

static uint64_t faults_of_sweep(struct genl *genl, const char *bdf, volatile uint32_t *map)
{
	uint64_t before = faults(genl, bdf);

	ones(map);
	return faults(genl, bdf) - before;
}

HUGE_TEST(mapping_is_huge_again)
{
	uint64_t first = faults_of_sweep(&self->genl, self->bdf, self->map);
	size_t at;

	EXPECT_EQ(SIZE / HUGE, first);
	EXPECT_EQ(0, faults_of_sweep(&self->genl, self->bdf, self->map));
	fence(&self->genl, self->bdf);
	EXPECT_EQ(SIZE / PAGE, ones(self->map));
	for (at = 0; at < SIZE; at += HUGE / 2)
		sigbus_write(word(self->map, at), at);
	recover(&self->genl, self->bdf);
	EXPECT_EQ(first, faults_of_sweep(&self->genl, self->bdf, self->map));
	EXPECT_EQ(0, faults_of_sweep(&self->genl, self->bdf, self->map));
	EXPECT_EQ(0, user_moves_data(&self->user, 1));
}

/* Writes behind the fence do not reach the card and turn into all-ones soon. */
HUGE_TEST(writes_are_dropped)
{
	uint64_t writes;

	sigbus_write(word(self->map, HUGE), 0x600d);
	ASSERT_EQ(0x600d, get(self->map, HUGE));
	fence(&self->genl, self->bdf);
	writes = control_number(CARD, "bar_writes");
	sigbus_write(word(self->map, HUGE), 0xbad);
	EXPECT_TRUE(wait_until(get(self->map, HUGE) == ONES, SOON_MS));
	sigbus_write(word(self->map, HUGE), 0xbad);
	EXPECT_EQ(writes, control_number(CARD, "bar_writes"));
	recover(&self->genl, self->bdf);
	EXPECT_EQ(0x600d, get(self->map, HUGE));
	/* nor do they show up in the next fence */
	fence(&self->genl, self->bdf);
	EXPECT_EQ(SIZE / PAGE, ones(self->map));
	recover(&self->genl, self->bdf);
}

/* A mapping of less than 2 MiB uses pages, beside huge pages of the same BAR. */
HUGE_TEST(rest_is_mapped_by_pages)
{
	struct vfio_region_info *info = __region_info(&self->user.dev, BAR);
	volatile uint32_t *map;
	uint64_t before, first;

	ASSERT_NE(NULL, info);
	/* a page short of 2 MiB */
	map = mmap((void *)((uintptr_t)self->map), HUGE - PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, self->user.dev.fd, info->offset);
	free(info);
	ASSERT_NE(MAP_FAILED, map);
	before = faults(&self->genl, self->bdf);
	get(map, 0);
	get(map, HUGE - 2 * PAGE);
	first = faults(&self->genl, self->bdf) - before;
	EXPECT_EQ(2, first);
	fence(&self->genl, self->bdf);
	EXPECT_EQ(ONES, get(map, 0));
	EXPECT_EQ(ONES, get(map, HUGE - 2 * PAGE));
	EXPECT_EQ(ONES, get(map, 2 * HUGE));
	recover(&self->genl, self->bdf);
	before = faults(&self->genl, self->bdf);
	get(map, 0);
	get(map, HUGE - 2 * PAGE);
	EXPECT_EQ(first, faults(&self->genl, self->bdf) - before);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
