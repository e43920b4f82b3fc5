/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration space of a function: built from its image, with a write mask, a
 * write-1-to-clear mask and a sticky mask for each byte. Pure.
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
	uint8_t init[CFG_SIZE];		/* after a reset */
	uint8_t mask[CFG_SIZE];		/* 1: writable */
	uint8_t w1c[CFG_SIZE];		/* 1: writing 1 clears */
	uint8_t sticky[CFG_SIZE];	/* 1: kept over all resets but power-on */
	uint16_t pm, msi, exp, msix, aer; /* offsets of capabilities, 0: not there */
	bool has_flr, has_pm_reset;
	unsigned int msi_vectors, msix_vectors;
};

/* What a write asks for, besides that the register has its new value. */
#define CFG_DO_FLR	0x1u	/* Initiate Function Level Reset */
#define CFG_DO_PM_RESET	0x2u	/* D3hot to D0, without No_Soft_Reset */
#define CFG_DO_IRQ	0x4u	/* an interrupt enable or mask changed */
#define CFG_DO_COMMAND	0x8u	/* Command changed */

void cfg_build(struct cfg *cfg, const struct image *image, unsigned int fn);

/* @at + @len must be within CFG_SIZE. */
void cfg_read(const struct cfg *cfg, unsigned int at, size_t len, uint8_t *bytes);
unsigned int cfg_write(struct cfg *cfg, unsigned int at, size_t len, const uint8_t *bytes);

/* All registers to their reset values; sticky ones too with @is_power_on. */
void cfg_reset(struct cfg *cfg, bool is_power_on);

/* Current Link Speed and Negotiated Link Width. */
void cfg_set_link(struct cfg *cfg, unsigned int speed, unsigned int width);

/* Set bits of AER status: Uncorrectable or Correctable; false without AER. */
bool cfg_set_aer(struct cfg *cfg, bool is_uncorrectable, uint32_t bits);

/* Pending bits of MSI, where it has them. */
void cfg_set_msi_pending(struct cfg *cfg, uint32_t bits);

bool cfg_is_memory_on(const struct cfg *cfg);
bool cfg_is_master(const struct cfg *cfg);
bool cfg_is_msi_on(const struct cfg *cfg);
bool cfg_is_msix_on(const struct cfg *cfg);

/* Vectors that software allocated of MSI (Multiple Message Enable). */
unsigned int cfg_msi_enabled(const struct cfg *cfg);

/* Is delivery of this vector held by configuration space (function or vector mask)? */
bool cfg_is_held(const struct cfg *cfg, bool is_msix, unsigned int vector);

/* Name of the register at @at when writes to it matter to a test, or NULL. */
const char *cfg_name(const struct cfg *cfg, unsigned int at, char buf[32]);

#endif
