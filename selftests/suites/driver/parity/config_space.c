// SPDX-License-Identifier: GPL-2.0
/* Config space as seen by the user: reads, writes, virtualized bits. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "config.h"
#include "file.h"
#include "probe.h"
#include "region.h"

static unsigned int config_size(struct probe *probe)
{
	struct vfio_region_info *info;
	unsigned int size;

	info = region_info(&probe->dev, VFIO_PCI_CONFIG_REGION_INDEX);
	size = info->size;
	free(info);
	return size;
}

static void read_by(struct probe *probe, uint8_t *bytes, unsigned int total,
		    unsigned int width)
{
	unsigned int at;
	int ret;

	for (at = 0; at < total; at += width) {
		ret = __config_read(&probe->dev, at, bytes + at, width);
		if (ret != (int)width)
			fail("read %u bytes of config space at %#x: got %d",
			     width, at, ret);
	}
}

SECTION(config_read, "config.read", KIND_ANY)
{
	static uint8_t bytes[4096], other[4096];
	unsigned int size = config_size(probe), width, at, i;
	char key[32], text[64];

	read_by(probe, bytes, size, 4);
	for (at = 0; at < size; at += 16) {
		for (i = 0; i < 16; i++)
			sprintf(text + 2 * i, "%02x", bytes[at + i]);
		snprintf(key, sizeof(key), "0x%03x", at);
		see(key, "%s", text);
	}
	for (width = 1; width <= size; width *= 2) {
		memset(other, 0xa5, sizeof(other));
		read_by(probe, other, size, width);
		must(!memcmp(bytes, other, size),
		     "reads of %u bytes give the same as reads of 4", width);
	}
	must((bytes[0] | bytes[1] << 8) == (int)pci_attr(probe->bdf, "vendor"),
	     "vendor id is the one of sysfs");
}

SECTION(config_bounds, "config.bounds", KIND_ANY)
{
	static const int sizes[] = { 0, 1, 2, 3, 4, 5, 8, 16, 4096, 8192 };
	unsigned int size = config_size(probe), i, at;
	static uint8_t bytes[8192];
	char key[64];
	int ret;

	for (at = size - 5; at <= size + 4; at++) {
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			snprintf(key, sizeof(key), "read.end%+d.%d",
				 (int)(at - size), sizes[i]);
			ret = __config_read(&probe->dev, at, bytes, sizes[i]);
			see_ret(key, ret);
			must(at + (ret > 0 ? ret : 0) <= size + (at > size) *
			     (at - size),
			     "%s: nothing is read behind the end", key);
		}
		snprintf(key, sizeof(key), "write.end%+d.4", (int)(at - size));
		see_ret(key, __config_write(&probe->dev, at, "\0\0\0\0", 4));
	}
	for (i = 1; i < 4; i++) {
		snprintf(key, sizeof(key), "read.unaligned%u", i);
		memset(bytes, 0, 8);
		ret = __config_read(&probe->dev, i, bytes, 4);
		see(key, "%d: %02x%02x%02x%02x", ret, bytes[0], bytes[1],
		    bytes[2], bytes[3]);
	}
	see_ret("read.efault", __config_read(&probe->dev, 0, (void *)8, 4));
	see_ret("write.efault", __config_write(&probe->dev, 4, (void *)8, 2));
}

/*
 * Invert each byte and restore it: observes writable bits, and bits that cannot be restored. This
 * passes through D3hot, FLR and disabled BARs.
 */
SECTION(config_bits, "config.bits", KIND_ANY)
{
	unsigned int exp = config_cap(&probe->dev, PCI_CAP_ID_EXP);
	unsigned int size = config_size(probe), at, changed = 0;
	uint8_t was, flipped, back;
	char key[32];

	for (at = 0; at < size; at++) {
		was = config_read8(&probe->dev, at);
		config_write8(&probe->dev, at, ~was);
		if (at == exp + PCI_EXP_DEVCTL + 1)
			probe_wait_ready(probe);
		flipped = config_read8(&probe->dev, at);
		config_write8(&probe->dev, at, was);
		back = config_read8(&probe->dev, at);
		if (flipped == was && back == was)
			continue;
		changed++;
		snprintf(key, sizeof(key), "0x%03x", at);
		see(key, "was %02x flipped %02x back %02x", was, flipped, back);
	}
	must(changed > 4, "some bits can be changed");
	must(config_read16(&probe->dev, PCI_VENDOR_ID) ==
	     pci_attr(probe->bdf, "vendor"), "the vendor id cannot be changed");
}

SECTION(config_bars, "config.bars", KIND_ANY)
{
	static const unsigned int regs[] = {
		PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_1, PCI_BASE_ADDRESS_2,
		PCI_BASE_ADDRESS_3, PCI_BASE_ADDRESS_4, PCI_BASE_ADDRESS_5,
		PCI_ROM_ADDRESS,
	};
	uint32_t was, mask, back;
	unsigned int i;
	char key[32];

	for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		was = config_read32(&probe->dev, regs[i]);
		config_write32(&probe->dev, regs[i], ~0u);
		mask = config_read32(&probe->dev, regs[i]);
		config_write32(&probe->dev, regs[i], was);
		back = config_read32(&probe->dev, regs[i]);
		snprintf(key, sizeof(key), "0x%02x", regs[i]);
		see(key, "was %08x sized %08x back %08x", was, mask, back);
		must(back == was, "BAR register %#x reads as written",
		     regs[i]);
		if (!i && probe->kind == KIND_EDU)
			must((mask & ~0xf) == 0xfff00000,
			     "sizing edu's BAR 0 gives 1 MiB");
	}
}

SECTION(config_command, "config.command", KIND_ANY)
{
	static const uint16_t values[] = {
		0, PCI_COMMAND_IO, PCI_COMMAND_MEMORY, PCI_COMMAND_MASTER,
		PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, PCI_COMMAND_PARITY,
		PCI_COMMAND_SERR, PCI_COMMAND_INTX_DISABLE, 0xffff, 0,
	};
	const struct scratch *scratch = probe_scratch(probe);
	unsigned int i;
	uint32_t value;
	char key[32];
	int ret;

	see("first", "%04x", config_read16(&probe->dev, PCI_COMMAND));
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		config_write16(&probe->dev, PCI_COMMAND, values[i]);
		snprintf(key, sizeof(key), "%u.%04x", i, values[i]);
		see(key, "%04x status %04x",
		    config_read16(&probe->dev, PCI_COMMAND),
		    config_read16(&probe->dev, PCI_STATUS));
		if (!scratch)
			continue;
		ret = __region_read(&probe->dev, scratch->bar, scratch->offset,
				    &value, 4);
		snprintf(key, sizeof(key), "%u.%04x.bar", i, values[i]);
		see_ret(key, ret);
		must(values[i] & PCI_COMMAND_MEMORY ? ret == 4 : ret == -EIO,
		     "command %04x: BAR reads are %s", values[i],
		     values[i] & PCI_COMMAND_MEMORY ? "done" : "refused");
	}
}

SECTION(config_power, "config.power", KIND_ANY)
{
	const struct scratch *scratch = probe_scratch(probe);
	unsigned int pm = config_cap(&probe->dev, PCI_CAP_ID_PM), state;
	char key[32], text[32];
	uint32_t value;
	int ret;

	see("cap", "%#x", pm);
	if (!pm || !scratch)
		return;
	probe_enable(probe);
	for (state = 0; state <= 4; state++) {
		config_write16(&probe->dev, pm + PCI_PM_CTRL, state & 3);
		snprintf(key, sizeof(key), "%u.D%u", state, state & 3);
		if (__file_read(text, sizeof(text), PCI_SYSFS "/%s/power_state",
				probe->bdf) < 0)
			snprintf(text, sizeof(text), "none");
		ret = __region_read(&probe->dev, scratch->bar, scratch->offset,
				    &value, 4);
		see(key, "pmcsr %04x command %04x sysfs %s bar %s",
		    config_read16(&probe->dev, pm + PCI_PM_CTRL),
		    config_read16(&probe->dev, PCI_COMMAND), text,
		    ret < 0 ? errno_name(ret) : "read");
		must((state & 3) != 3 || ret == -EIO,
		     "BAR reads are refused in D3hot");
	}
	must((config_read16(&probe->dev, pm + PCI_PM_CTRL) & 3) == 0,
	     "the device comes back to D0");
}
