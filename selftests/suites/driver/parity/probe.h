/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_PARITY_PROBE_H
#define FV_PARITY_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"
#include "iommu.h"

/*
 * The probe uses a device in every way available to a VFIO user and prints observations as
 * SECTION.KEY=VALUE lines, which are reproducible for the same driver behaviour. Known requirements
 * are asserted with must().
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
	struct iommu iommu;		/* open in a section, unless it is raw */
	struct device dev;		/* same */
};

struct section {
	const char *name;
	unsigned int kinds;		/* applicable devices */
	bool is_raw;			/* opens the device itself */
	void (*run)(struct probe *probe);
	struct section *next;
};

void section_register(struct section *section);

/*
 * A section runs in its own process with a newly opened (and reset) device and a time limit, and
 * does not affect the next one.
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

/* Print one observation. */
#define see(_key, ...) probe_see(_key, __VA_ARGS__)
void probe_see(const char *key, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Print a result that is 0 or more, or a negative errno. */
void see_ret(const char *key, long long ret);

/* Assert that @text holds; unlike see(), false is a failure. */
#define must(_cond, ...) probe_must(_cond, __VA_ARGS__)
void probe_must(bool holds, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* IOVA of a section's DMA memory, below 28 bits. */
#define PROBE_IOVA 0x1000000ull
/* An IOVA that is never mapped. */
#define PROBE_IOVA_NOWHERE 0x5000000ull

/* A 32-bit register that stores its value. */
struct scratch {
	unsigned int bar;
	uint32_t offset;
	uint32_t value;		/* written by the tests */
	uint32_t reads_as;	/* read back */
	uint32_t after_reset;	/* if a reset clears it */
};

/* NULL for an unknown device. */
const struct scratch *probe_scratch(const struct probe *probe);

/* Enable memory space and bus mastering. */
void probe_enable(struct probe *probe);

/*
 * Wait like a guest driver until the function is ready after a reset requested in config space: on
 * a slow machine the write may return earlier.
 */
void probe_wait_ready(struct probe *probe);

#endif
