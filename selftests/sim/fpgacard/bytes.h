/* SPDX-License-Identifier: GPL-2.0 */
/* Integers in byte arrays: le* as on PCIe, host* as in vfio-user messages. */
#ifndef CARD_BYTES_H
#define CARD_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t le16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32_get(const uint8_t *p)
{
	return le16_get(p) | (uint32_t)le16_get(p + 2) << 16;
}

static inline uint64_t le64_get(const uint8_t *p)
{
	return le32_get(p) | (uint64_t)le32_get(p + 4) << 32;
}

static inline void le16_put(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void le32_put(uint8_t *p, uint32_t v)
{
	le16_put(p, (uint16_t)v);
	le16_put(p + 2, (uint16_t)(v >> 16));
}

static inline void le64_put(uint8_t *p, uint64_t v)
{
	le32_put(p, (uint32_t)v);
	le32_put(p + 4, (uint32_t)(v >> 32));
}

#define HOST_ACCESS(_bits)						\
static inline uint##_bits##_t host##_bits##_get(const uint8_t *p)	\
{									\
	uint##_bits##_t v;						\
									\
	memcpy(&v, p, sizeof(v));					\
	return v;							\
}									\
									\
static inline void host##_bits##_put(uint8_t *p, uint##_bits##_t v)	\
{									\
	memcpy(p, &v, sizeof(v));					\
}

HOST_ACCESS(16)
HOST_ACCESS(32)
HOST_ACCESS(64)

#undef HOST_ACCESS

#define ARRAY_SIZE(_a) (sizeof(_a) / sizeof((_a)[0]))
#define MIN(_a, _b) ((_a) < (_b) ? (_a) : (_b))

#endif
