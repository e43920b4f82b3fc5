/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI capabilities, as far as the caller may read config space. Without libpci: one file that
 * cannot be read makes it end the program, or drop all devices.
 */
#ifndef FPGACTL_CAPS_H
#define FPGACTL_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fv_known {
	FV_UNKNOWN	= -1,	/* the caller may not read that far */
	FV_NO		= 0,
	FV_YES		= 1,
};

struct caps {
	enum fv_known flr;
	enum fv_known aer;
	enum fv_known msi;
	enum fv_known msix;
	enum fv_known sriov;
	unsigned int msix_vectors;
	unsigned int sriov_total_vfs;
};

static inline unsigned int caps_u16(const uint8_t *p)
{
	return p[0] | (unsigned int)p[1] << 8;
}

static inline uint32_t caps_u32(const uint8_t *p)
{
	return caps_u16(p) | (uint32_t)caps_u16(p + 2) << 16;
}

bool caps_is_silent(const uint8_t *header);
bool caps_serial(const uint8_t *config, size_t len, char *text, size_t size);
const uint8_t *caps_find(const uint8_t *config, size_t len, unsigned int id, size_t size);
void caps_parse(struct caps *caps, const uint8_t *config, size_t len);
void caps_read(struct caps *caps, const char *bdf);

#endif
