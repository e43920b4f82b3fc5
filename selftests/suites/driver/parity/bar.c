// SPDX-License-Identifier: GPL-2.0
/* BARs and ROM through the device fd and through mappings. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "edu.h"
#include "nvme.h"
#include "probe.h"
#include "region.h"

static const unsigned int widths[] = { 1, 2, 4, 8 };

static void see_bytes(const char *key, int ret, const uint8_t *bytes)
{
	char text[64];
	int i;

	if (ret <= 0) {
		see_ret(key, ret);
		return;
	}
	for (i = 0; i < ret && i < 16; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	see(key, "%d: %s", ret, text);
}

/* Read one region: first registers in all widths, the end, and beyond. */
static void read_region(struct probe *probe, unsigned int index, uint64_t size)
{
	uint64_t first = size < 64 ? size : 64;
	uint8_t bytes[16];
	unsigned int w;
	uint64_t at;
	char key[64];
	int ret;

	for (w = 0; w < 4; w++) {
		for (at = 0; at + widths[w] <= first; at += widths[w]) {
			snprintf(key, sizeof(key), "%u.0x%02llx.%u", index,
				 (unsigned long long)at, widths[w]);
			ret = __region_read(&probe->dev, index, at, bytes,
					    widths[w]);
			see_bytes(key, ret, bytes);
		}
		snprintf(key, sizeof(key), "%u.last.%u", index, widths[w]);
		ret = __region_read(&probe->dev, index, size - widths[w],
				    bytes, widths[w]);
		see_bytes(key, ret, bytes);
		snprintf(key, sizeof(key), "%u.over.%u", index, widths[w]);
		ret = __region_read(&probe->dev, index, size - widths[w] + 1,
				    bytes, widths[w]);
		see_ret(key, ret);
		must(ret < (int)widths[w], "%s: nothing behind the end", key);
		snprintf(key, sizeof(key), "%u.behind.%u", index, widths[w]);
		ret = __region_read(&probe->dev, index, size, bytes,
				    widths[w]);
		see_ret(key, ret);
		must(ret <= 0, "%s: nothing behind the end", key);
	}
	for (at = 1; at < 4 && size > 8; at++) {
		snprintf(key, sizeof(key), "%u.unaligned%u", index,
			 (unsigned int)at);
		ret = __region_read(&probe->dev, index, at, bytes, 4);
		see_bytes(key, ret, bytes);
	}
}

/* Initialize registers that no reset clears and that earlier users may have changed. */
static void wash(struct probe *probe)
{
	uint64_t reg;

	if (probe->kind == KIND_NVME)
		for (reg = NVME_REG_AQA; reg < NVME_REG_ACQ + 8; reg += 4)
			region_write32(&probe->dev, 0, reg, 0);
	if (probe->kind == KIND_EDU) {
		edu_ack(&probe->dev, ~0u);
		region_write32(&probe->dev, EDU_BAR, EDU_LIVENESS, 0);
	}
}

SECTION(bar_read, "bar.read", KIND_ANY)
{
	struct vfio_region_info *info;
	unsigned int index;
	uint32_t value;
	char key[32];

	probe_enable(probe);
	config_command(&probe->dev, 0, PCI_COMMAND_IO);
	wash(probe);
	for (index = 0; index <= VFIO_PCI_ROM_REGION_INDEX; index++) {
		info = region_info(&probe->dev, index);
		if (info->size) {
			read_region(probe, index, info->size);
		} else {
			snprintf(key, sizeof(key), "%u.none", index);
			see_ret(key, __region_read(&probe->dev, index, 0,
						   &value, 4));
		}
		free(info);
	}
	if (probe->kind == KIND_EDU)
		must(region_read32(&probe->dev, 0, 0) == 0x010000ed,
		     "edu's identification register");
	if (probe->kind == KIND_NVME)
		must(region_read32(&probe->dev, 0, 8) == 0x00010400,
		     "nvme's version register");
}

SECTION(bar_write, "bar.write", KIND_ANY & ~KIND_OTHER)
{
	const struct scratch *scratch = probe_scratch(probe);
	uint8_t ones[8] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };
	unsigned int w;
	char key[32];
	int ret;

	probe_enable(probe);
	region_write32(&probe->dev, scratch->bar, scratch->offset,
		       scratch->value);
	must(region_read32(&probe->dev, scratch->bar, scratch->offset) ==
	     scratch->reads_as, "the register keeps what was written");
	for (w = 0; w < 4; w++) {
		ret = __region_write(&probe->dev, scratch->bar,
				     scratch->offset, ones, widths[w]);
		snprintf(key, sizeof(key), "%u", widths[w]);
		see(key, "%d reads %08x", ret,
		    region_read32(&probe->dev, scratch->bar, scratch->offset));
		must(ret == (int)widths[w], "a write of %u bytes is taken",
		     widths[w]);
	}
	see_ret("rom", __region_write(&probe->dev, VFIO_PCI_ROM_REGION_INDEX,
				      0, ones, 4));
	see_ret("efault", __region_write(&probe->dev, scratch->bar,
					 scratch->offset, (void *)8, 4));
	see_ret("vga", __region_write(&probe->dev, VFIO_PCI_VGA_REGION_INDEX,
				      0xa0000, ones, 4));
}

static unsigned int msix_bar(struct probe *probe)
{
	unsigned int cap = config_cap(&probe->dev, PCI_CAP_ID_MSIX);

	return cap ? config_read32(&probe->dev, cap + PCI_MSIX_TABLE) &
		     PCI_MSIX_TABLE_BIR : ~0u;
}

SECTION(bar_mmap, "bar.mmap", KIND_ANY)
{
	const struct scratch *scratch = probe_scratch(probe);
	volatile uint32_t *map;
	unsigned int index;
	size_t size;
	char key[32];

	probe_enable(probe);
	for (index = 0; index < VFIO_PCI_ROM_REGION_INDEX; index++) {
		snprintf(key, sizeof(key), "%u", index);
		map = __region_map(&probe->dev, index, &size);
		if (!map) {
			see(key, "%s", errno_name(errno));
			continue;
		}
		see(key, "%#zx bytes, first %08x last %08x", size, map[0],
		    map[size / 4 - 1]);
		/* reads through the fd hide the MSI-X table */
		if (index != msix_bar(probe))
			must(map[0] == region_read32(&probe->dev, index, 0),
			     "region %u: mapping and descriptor read the same",
			     index);
		if (scratch && scratch->bar == index) {
			map[scratch->offset / 4] = scratch->value;
			must(region_read32(&probe->dev, index,
					   scratch->offset) ==
			     scratch->reads_as,
			     "what the mapping writes, the descriptor reads");
			region_write32(&probe->dev, index, scratch->offset, 0);
			must(map[scratch->offset / 4] != scratch->reads_as,
			     "what the descriptor writes, the mapping reads");
		}
		see_ret("munmap", munmap((void *)map, size) ? -errno : 0);
	}
}

static sigjmp_buf bus_error;

static void on_sigbus(int sig)
{
	siglongjmp(bus_error, sig);
}

/* True if reading *@at raises SIGBUS. */
static bool read_faults(volatile uint32_t *at)
{
	if (sigsetjmp(bus_error, 1))
		return true;
	(void)*at;
	return false;
}

SECTION(bar_disabled, "bar.disabled", KIND_ANY & ~KIND_OTHER)
{
	const struct scratch *scratch = probe_scratch(probe);
	volatile uint32_t *map;
	size_t size;

	signal(SIGBUS, on_sigbus);
	probe_enable(probe);
	map = region_map(&probe->dev, scratch->bar, &size);
	must(!read_faults(map), "a mapping is read with memory on");
	config_command(&probe->dev, PCI_COMMAND_MEMORY, 0);
	must(read_faults(map), "with memory off it is SIGBUS");
	config_command(&probe->dev, 0, PCI_COMMAND_MEMORY);
	must(!read_faults(map), "and is read again with memory on");
	see("word", "%08x", map[0]);
}

static void try_map(struct probe *probe, const char *key, unsigned int index,
		    int64_t offset, size_t size, int prot, int flags)
{
	void *map = mmap(NULL, size, prot, flags, probe->dev.fd,
			 ((int64_t)index << 40) + offset);

	see(key, "%s", map == MAP_FAILED ? errno_name(errno) : "mapped");
	if (map != MAP_FAILED)
		munmap(map, size);
}

SECTION(bar_mmap_refused, "bar.mmap_refused", KIND_ANY & ~KIND_OTHER)
{
	const struct scratch *scratch = probe_scratch(probe);
	struct vfio_region_info *info = region_info(&probe->dev, scratch->bar);
	unsigned int bar = scratch->bar;
	int rw = PROT_READ | PROT_WRITE;
	size_t size = info->size;

	probe_enable(probe);
	must(info->offset == (uint64_t)bar << 40, "the offset is as assumed");
	try_map(probe, "whole", bar, 0, size, rw, MAP_SHARED);
	try_map(probe, "read_only", bar, 0, size, PROT_READ, MAP_SHARED);
	try_map(probe, "private", bar, 0, size, rw, MAP_PRIVATE);
	try_map(probe, "first_page", bar, 0, 4096, rw, MAP_SHARED);
	try_map(probe, "last_page", bar, size - 4096, 4096, rw, MAP_SHARED);
	try_map(probe, "over_end", bar, size - 4096, 8192, rw, MAP_SHARED);
	try_map(probe, "behind_end", bar, size, 4096, rw, MAP_SHARED);
	try_map(probe, "too_long", bar, 0, size + 4096, rw, MAP_SHARED);
	try_map(probe, "exec", bar, 0, 4096, PROT_READ | PROT_EXEC, MAP_SHARED);
	try_map(probe, "none", bar, 0, 4096, PROT_NONE, MAP_SHARED);
	try_map(probe, "rom", VFIO_PCI_ROM_REGION_INDEX, 0, 4096, PROT_READ,
		MAP_SHARED);
	try_map(probe, "config", VFIO_PCI_CONFIG_REGION_INDEX, 0, 4096,
		PROT_READ, MAP_SHARED);
	try_map(probe, "vga", VFIO_PCI_VGA_REGION_INDEX, 0, 4096, rw,
		MAP_SHARED);
	try_map(probe, "no_region", VFIO_PCI_NUM_REGIONS, 0, 4096, rw,
		MAP_SHARED);
	try_map(probe, "far_region", 1000, 0, 4096, rw, MAP_SHARED);
	free(info);
}

SECTION(region_bad_index, "bar.bad_index", KIND_ANY)
{
	static const unsigned int indexes[] = { 9, 10, 15, 255, 4096 };
	uint32_t value;
	unsigned int i;
	char key[32];
	int ret;

	for (i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		uint64_t at = (uint64_t)indexes[i] << 40;

		snprintf(key, sizeof(key), "read.%u", indexes[i]);
		ret = pread(probe->dev.fd, &value, 4, at) < 0 ? -errno : 0;
		see_ret(key, ret);
		must(ret == -EINVAL, "reading region %u is refused",
		     indexes[i]);
		snprintf(key, sizeof(key), "write.%u", indexes[i]);
		ret = pwrite(probe->dev.fd, &value, 4, at) < 0 ? -errno : 0;
		see_ret(key, ret);
	}
}
