// SPDX-License-Identifier: GPL-2.0
/* Arguments of commands. */
#include <string.h>

#include "ctl.h"

bool ctl_arg_is(const struct ctl_call *call, int nr, const char *word)
{
	return !strcmp(ctl_arg(call, nr), word);
}

int ctl_arg_option(struct ctl_call *call, int from, const char *key, uint64_t max, uint64_t *value)
{
	int i;

	for (i = from; i < call->argc; i++)
		if (!strcmp(call->argv[i], key))
			return ctl_number(call, ctl_arg(call, i + 1), 0, max, value) ? 1 : -1;
	return 0;
}

bool ctl_arg_has(const struct ctl_call *call, int from, const char *word)
{
	int i;

	for (i = from; i < call->argc; i++)
		if (!strcmp(call->argv[i], word))
			return true;
	return false;
}

bool ctl_arg_count(struct ctl_call *call, int nr, int *count)
{
	uint64_t n;

	if (nr >= call->argc) {
		*count = LIFE_ALWAYS;
		return true;
	}
	if (ctl_arg_is(call, nr, "off")) {
		*count = 0;
		return true;
	}
	if (!ctl_number(call, call->argv[nr], 0, 1000000, &n))
		return false;
	*count = (int)n;
	return true;
}

bool ctl_arg_ms(struct ctl_call *call, int nr, int64_t *ms)
{
	uint64_t n;

	if (ctl_arg_is(call, nr, "hold")) {
		*ms = LIFE_HELD;
		return true;
	}
	if (ctl_arg_is(call, nr, "image")) {
		*ms = -1;
		return true;
	}
	if (!ctl_number(call, ctl_arg(call, nr), 0, 600000, &n))
		return false;
	*ms = (int64_t)n;
	return true;
}

bool ctl_arg_link(struct ctl_call *call, uint64_t min, uint8_t *speed, uint8_t *width)
{
	uint64_t s, w;

	if (!ctl_number(call, ctl_arg(call, 1), min, 6, &s) ||
	    !ctl_number(call, ctl_arg(call, 2), min, 32, &w))
		return false;
	*speed = (uint8_t)s;
	*width = (uint8_t)w;
	return true;
}
