/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A card description ("bitstream"): the properties of a card programmed with it. The format is
 * JSON, see README.md. A struct image is always validated.
 */
#ifndef CARD_IMAGE_H
#define CARD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_FUNCTIONS	8
#define IMAGE_BARS	6
#define IMAGE_CAPS	16
#define IMAGE_ERROR	256

enum image_role { ROLE_NONE, ROLE_REGS, ROLE_MEMORY };

/* Low bits of a BAR register. */
#define BAR_KIND_64	0x4u
#define BAR_KIND_PREF	0x8u

struct image_bar {
	uint64_t size;			/* 0: not implemented */
	uint32_t kind;
	enum image_role role;
};

enum image_cap_id { CAP_PM, CAP_MSI, CAP_VENDOR, CAP_EXP, CAP_MSIX, CAP_AER, CAP_DSN, CAP_VSEC };

struct image_cap {
	enum image_cap_id id;
	uint16_t at;			/* offset in config space */
	bool flr;			/* exp */
	bool soft_reset;		/* pm: D3hot to D0 resets */
	bool per_vector_mask;		/* msi */
	uint32_t payload;		/* exp: Max_Payload_Size Supported, bytes */
	uint32_t vectors;		/* msi, msix */
	bool is_own;			/* msi, msix: hidden from the client */
	uint32_t table_bar, table, pba_bar, pba; /* msix */
	uint32_t vsec_id, vsec_rev, length; /* vsec, vendor */
};

struct image_fn {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint8_t revision;
	uint32_t class_code;
	struct image_bar bar[IMAGE_BARS];
	uint64_t rom;			/* size of the expansion ROM, 0: none */
	struct image_cap cap[IMAGE_CAPS];
	unsigned int cap_count;
};

struct image {
	char name[64];
	uint32_t build;
	uint32_t load_ms;		/* until the configuration is loaded */
	uint32_t train_ms;		/* until the link is trained */
	/* until a function responds */
	uint32_t ready_load_ms, ready_hot_ms, ready_flr_ms, ready_pm_ms;
	uint32_t design_ms;		/* until the ready register is set */
	bool is_rrs;			/* respond with RRS until ready */
	uint8_t speed, width;
	uint64_t memory;
	uint64_t serial;
	unsigned int fn_count;
	struct image_fn fn[IMAGE_FUNCTIONS];
};

/* Return 0, or -1 with a text in @error. */
int image_parse(const char *text, size_t len, struct image *image, char error[IMAGE_ERROR]);
int image_load(const char *path, struct image *image, char error[IMAGE_ERROR]);

/* Find a capability; NULL if absent. */
const struct image_cap *image_cap(const struct image_fn *fn, enum image_cap_id id);

#endif
