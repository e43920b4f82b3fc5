/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_CONFIG_H
#define FV_TEST_CONFIG_H

#include <stdint.h>

#include "device.h"

/* Configuration space through the device's descriptor. */

/* Bytes moved (1, 2, 4 or more asked), or negative errno. */
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

/* Change bits of the command register; what it was before is returned. */
uint16_t config_command(struct device *dev, uint16_t clear, uint16_t set);

/* Offset of a capability of the first 256 bytes, 0 when there is none. */
unsigned int config_cap(struct device *dev, uint8_t id);

/* Offset of an extended capability, 0 when there is none. */
unsigned int config_ext_cap(struct device *dev, uint16_t id);

#endif
