// SPDX-License-Identifier: GPL-2.0
/* Sizes for a person. */
#include <inttypes.h>

#include "util/size.h"
#include "util/util.h"

/* "512 bytes", "64 KiB"; three digits of what is no multiple of the unit: "1.50 KiB". */
char *size_text(uint64_t size)
{
	static const char *const unit[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double value = (double)size;
	size_t i = 0;

	/* no unit has four digits but the last */
	while (value >= 1023.5 && i + 1 < ARRAY_SIZE(unit)) {
		value /= 1024;
		i++;
	}
	if (size % (1ULL << 10 * i) == 0)
		return util_printf("%" PRIu64 " %s", size >> 10 * i, unit[i]);
	return util_printf("%.*f %s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, unit[i]);
}
