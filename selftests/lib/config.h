/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_CONFIG_H
#define FV_TEST_CONFIG_H

#include <stdint.h>

#include "device.h"

/* Config space through the VFIO device fd. */

/* Return the number of bytes transferred or a negative errno. @size may exceed 4. */
int __config_read(struct device *dev, unsigned int offset, void *data,
		  unsigned int size);
int __config_write(struct device *dev, unsigned int offset, const void *data,
		   unsigned int size);

uint8_t config_read8(struct device *dev, unsigned int offset);
uint16_t config_read16(struct device *dev, unsigned int offset);
uint32_t config_read32(struct device *dev, unsigned int offset);
void config_write8(struct device *dev, unsigned int offset, uint8_t value);
void config_write16(struct device *dev, unsigned int offset, uint16_t value);
void config_write32(struct device *dev, unsigned int offset, uint32_t value);

/* Change bits of the Command register; return its old value. */
uint16_t config_command(struct device *dev, uint16_t clear, uint16_t set);

/* Offset of a conventional capability, or 0. */
unsigned int config_cap(struct device *dev, uint8_t id);

/* Offset of an extended capability, or 0. */
unsigned int config_ext_cap(struct device *dev, uint16_t id);

#endif
