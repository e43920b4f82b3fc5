// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "number.h"

bool number_parse(const char *text, uint64_t *number)
{
	static const char suffixes[] = "KMG";
	unsigned int shift = 0, i;
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno)
		return false;
	for (i = 0; *end && suffixes[i]; i++)
		if (*end == suffixes[i])
			shift = 10 * (i + 1);
	if (end[0] && (!shift || end[1]))
		return false;
	if (n << shift >> shift != n)
		return false;
	*number = n << shift;
	return true;
}
