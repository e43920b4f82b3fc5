// SPDX-License-Identifier: GPL-2.0
/* Config space through the VFIO device fd. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "check.h"
#include "config.h"

int __config_read(struct device *dev, unsigned int offset, void *data,
		  unsigned int size)
{
	int ret = pread(dev->fd, data, size, dev->config_offset + offset);

	return ret < 0 ? -errno : ret;
}

int __config_write(struct device *dev, unsigned int offset, const void *data,
		   unsigned int size)
{
	int ret = pwrite(dev->fd, data, size, dev->config_offset + offset);

	return ret < 0 ? -errno : ret;
}

#define CONFIG_ACCESSORS(_bits)						\
uint##_bits##_t config_read##_bits(struct device *dev,			\
				   unsigned int offset)			\
{									\
	uint##_bits##_t value;						\
	int ret = __config_read(dev, offset, &value, sizeof(value));	\
									\
	if (ret != sizeof(value))					\
		fail("read %zu bytes of config space at %#x: got %d",	\
		     sizeof(value), offset, ret);			\
	return value;							\
}									\
									\
void config_write##_bits(struct device *dev, unsigned int offset,	\
			 uint##_bits##_t value)				\
{									\
	int ret = __config_write(dev, offset, &value, sizeof(value));	\
									\
	if (ret != sizeof(value))					\
		fail("write %zu bytes of config space at %#x: got %d",	\
		     sizeof(value), offset, ret);			\
}

CONFIG_ACCESSORS(8)
CONFIG_ACCESSORS(16)
CONFIG_ACCESSORS(32)

uint16_t config_command(struct device *dev, uint16_t clear, uint16_t set)
{
	uint16_t was = config_read16(dev, PCI_COMMAND);

	config_write16(dev, PCI_COMMAND, (was & ~clear) | set);
	return was;
}

unsigned int config_cap(struct device *dev, uint8_t id)
{
	unsigned int at, guard;

	if (!(config_read16(dev, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	at = config_read8(dev, PCI_CAPABILITY_LIST) & ~3;
	for (guard = 0; at >= 0x40 && guard < 48; guard++) {
		if (config_read8(dev, at) == id)
			return at;
		at = config_read8(dev, at + PCI_CAP_LIST_NEXT) & ~3;
	}
	return 0;
}

unsigned int config_ext_cap(struct device *dev, uint16_t id)
{
	unsigned int at = 0x100, guard;
	uint32_t head;

	for (guard = 0; at && guard < 480; guard++) {
		if (__config_read(dev, at, &head, 4) != 4 || !head)
			return 0;
		if (PCI_EXT_CAP_ID(head) == id)
			return at;
		at = PCI_EXT_CAP_NEXT(head);
	}
	return 0;
}
