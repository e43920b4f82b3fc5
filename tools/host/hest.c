// SPDX-License-Identifier: GPL-2.0
/* The ACPI table HEST (ACPI 6.5, 18.3.2): hardware errors that firmware handles first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/hest.h"
#include "host/sysfs.h"

#define SIZE_MAX_READ	65536

#define OFFSET_LENGTH	4
#define OFFSET_COUNT	36	/* of error sources; the sources follow */
#define OFFSET_SOURCES	40

/* Types of error sources; lengths of those with banks of 28 bytes are without these. */
enum {
	HEST_MACHINE_CHECK	= 0,
	HEST_CORRECTED_CHECK	= 1,
	HEST_NMI		= 2,
	HEST_AER_ROOT_PORT	= 6,
	HEST_AER_ENDPOINT	= 7,
	HEST_AER_BRIDGE		= 8,
	HEST_GENERIC		= 9,
	HEST_GENERIC_V2		= 10,
	HEST_DEFERRED_CHECK	= 11,
};

static const uint8_t lengths[] = {
	[HEST_MACHINE_CHECK] = 40, [HEST_CORRECTED_CHECK] = 48, [HEST_NMI] = 20,
	[HEST_AER_ROOT_PORT] = 48, [HEST_AER_ENDPOINT] = 44, [HEST_AER_BRIDGE] = 56,
	[HEST_GENERIC] = 64, [HEST_GENERIC_V2] = 92, [HEST_DEFERRED_CHECK] = 48,
};

#define BANK_SIZE	28

/* Of a source of type AER; bit 0 of the flags: FIRMWARE_FIRST */
#define OFFSET_FLAGS	6

static unsigned int get16(const uint8_t *p)
{
	return p[0] | (unsigned int)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

/* Length of the source at @p, of which @left bytes are there; 0: not known, or cut off. */
static size_t source_length(const uint8_t *p, size_t left)
{
	unsigned int type = left < 2 ? 3 : get16(p);
	size_t len = type < sizeof(lengths) ? lengths[type] : 0;

	if (len > left)
		return 0;
	if (type == HEST_MACHINE_CHECK)
		len += (size_t)p[32] * BANK_SIZE;
	if (type == HEST_CORRECTED_CHECK || type == HEST_DEFERRED_CHECK)
		len += (size_t)p[44] * BANK_SIZE;
	return len > left ? 0 : len;
}

/**
 * hest_parse() - Find out whether firmware handles errors of PCIe ports first.
 * @table: bytes of the table
 * @len: their number
 *
 * Return: FV_YES; FV_NO if no source says so; FV_UNKNOWN after a source of unknown length.
 */
enum fv_known hest_parse(const uint8_t *table, size_t len)
{
	size_t pos = OFFSET_SOURCES;
	uint32_t count;

	if (len < OFFSET_SOURCES || memcmp(table, "HEST", 4) != 0)
		return FV_UNKNOWN;
	if (get32(table + OFFSET_LENGTH) < len)
		len = get32(table + OFFSET_LENGTH);
	for (count = get32(table + OFFSET_COUNT); count && pos < len; count--) {
		size_t n = source_length(table + pos, len - pos);
		unsigned int type;

		if (!n)
			return FV_UNKNOWN;
		type = get16(table + pos);
		if ((type == HEST_AER_ROOT_PORT || type == HEST_AER_BRIDGE) &&
		    table[pos + OFFSET_FLAGS] & 1)
			return FV_YES;
		pos += n;
	}
	return FV_NO;
}

/* FV_UNKNOWN with errno EACCES: only root may read the table. */
enum fv_known hest_read(void)
{
	autofree uint8_t *table = util_alloc(1, SIZE_MAX_READ);
	ssize_t len = sysfs_read_bytes(table, SIZE_MAX_READ, HEST_PATH);

	return len < 0 ? FV_UNKNOWN : hest_parse(table, (size_t)len);
}
