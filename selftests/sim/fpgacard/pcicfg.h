/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Config space of a function: built from its image, with masks for writable, write-1-to-clear and
 * sticky bits. Pure.
 */
#ifndef CARD_PCICFG_H
#define CARD_PCICFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"

#define CFG_SIZE 4096

struct cfg {
	uint8_t val[CFG_SIZE];
	uint8_t init[CFG_SIZE];		/* reset value */
	uint8_t mask[CFG_SIZE];		/* 1: writable */
	uint8_t w1c[CFG_SIZE];		/* 1: write 1 to clear */
	uint8_t sticky[CFG_SIZE];	/* 1: kept over all resets but power-on */
	uint16_t pm, msi, exp, msix, aer; /* capability offsets, 0: absent */
	bool has_flr, has_pm_reset;
	unsigned int msi_vectors, msix_vectors;
};

/* Side effects of a write, to be applied by the caller. */
#define CFG_DO_FLR	0x1u	/* Initiate Function Level Reset */
#define CFG_DO_PM_RESET	0x2u	/* D3hot to D0, without No_Soft_Reset */
#define CFG_DO_IRQ	0x4u	/* an interrupt enable or mask changed */
#define CFG_DO_COMMAND	0x8u	/* Command changed */

void cfg_build(struct cfg *cfg, const struct image *image, unsigned int fn);

/* @at + @len must be within CFG_SIZE. */
void cfg_read(const struct cfg *cfg, unsigned int at, size_t len, uint8_t *bytes);
unsigned int cfg_write(struct cfg *cfg, unsigned int at, size_t len, const uint8_t *bytes);

/* Reset all registers; sticky ones only with @is_power_on. */
void cfg_reset(struct cfg *cfg, bool is_power_on);

/* Set Current Link Speed and Negotiated Link Width. */
void cfg_set_link(struct cfg *cfg, unsigned int speed, unsigned int width);

/* Set AER status bits, uncorrectable or correctable; false without AER. */
bool cfg_set_aer(struct cfg *cfg, bool is_uncorrectable, uint32_t bits);

/* Set the MSI pending bits, if implemented. */
void cfg_set_msi_pending(struct cfg *cfg, uint32_t bits);

bool cfg_is_memory_on(const struct cfg *cfg);
bool cfg_is_master(const struct cfg *cfg);
bool cfg_is_msi_on(const struct cfg *cfg);
bool cfg_is_msix_on(const struct cfg *cfg);

/* MSI vectors enabled by software (Multiple Message Enable). */
unsigned int cfg_msi_enabled(const struct cfg *cfg);

/* True if config space masks this vector (function mask or vector mask). */
bool cfg_is_held(const struct cfg *cfg, bool is_msix, unsigned int vector);

/* Name of a register with traced writes, or NULL. */
const char *cfg_name(const struct cfg *cfg, unsigned int at, char buf[32]);

#endif
