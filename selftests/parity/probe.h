/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_PARITY_PROBE_H
#define FV_PARITY_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"
#include "iommu.h"

/*
 * The probe uses one device in every way that a VFIO user can, and writes down
 * what it sees: lines SECTION.KEY=VALUE that are the same whenever the driver
 * behaves the same. What has a right answer is asserted, too: must().
 */

enum kind {
	KIND_NVME = 1 << 0,
	KIND_E1000E = 1 << 1,
	KIND_IGB = 1 << 2,
	KIND_EDU = 1 << 3,
	KIND_VIRTIO = 1 << 4,
	KIND_OTHER = 1 << 5,
	KIND_ANY = 0x3f,
};

struct probe {
	const char *bdf;
	const char *driver;		/* that the device is bound to */
	enum kind kind;
	struct iommu iommu;		/* open in a section, unless it is RAW */
	struct device dev;		/* same */
};

struct section {
	const char *name;
	unsigned int kinds;		/* devices that it is for */
	bool is_raw;			/* it opens the device by itself */
	void (*run)(struct probe *probe);
	struct section *next;
};

void section_register(struct section *section);

/*
 * A section is a function of its own process: a device newly opened (thus
 * reset), a time limit, and nothing that it leaves behind reaches the next.
 */
#define __SECTION(_id, _name, _kinds, _raw)				\
	static void section_##_id(struct probe *probe);			\
	static void __attribute__((constructor)) register_##_id(void)	\
	{								\
		static struct section section = {			\
			.name = _name, .kinds = _kinds, .is_raw = _raw,	\
			.run = section_##_id,				\
		};							\
									\
		section_register(&section);				\
	}								\
	static void section_##_id(struct probe *probe)

#define SECTION(_id, _name, _kinds) __SECTION(_id, _name, _kinds, false)
#define RAW_SECTION(_id, _name, _kinds) __SECTION(_id, _name, _kinds, true)

/* Write down one observation. */
#define see(_key, ...) probe_see(_key, __VA_ARGS__)
void probe_see(const char *key, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Write down a result that is 0 or more, or a negative errno. */
void see_ret(const char *key, long long ret);

/* Assert: @text says what must hold. Differs from see() in that false fails. */
#define must(_cond, ...) probe_must(_cond, __VA_ARGS__)
void probe_must(bool holds, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Where a section's DMA memory is for the device, within reach of 28 bits. */
#define PROBE_IOVA 0x1000000ull
/* An address that nothing is ever mapped at. */
#define PROBE_IOVA_NOWHERE 0x5000000ull

/* A 32-bit register that keeps what is written. */
struct scratch {
	unsigned int bar;
	uint32_t offset;
	uint32_t value;		/* what the tests write */
	uint32_t reads_as;	/* and what is read then */
	uint32_t after_reset;	/* where a reset of the device reaches it */
};

/* NULL for a device that the probe does not know. */
const struct scratch *probe_scratch(const struct probe *probe);

/* Turn memory decoding and bus mastering on. */
void probe_enable(struct probe *probe);

/*
 * Wait, as a guest's driver does, until the function is ready after a reset that was asked for
 * in configuration space: the write need not wait for a machine that is slow.
 */
void probe_wait_ready(struct probe *probe);

#endif
