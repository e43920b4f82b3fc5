// SPDX-License-Identifier: GPL-2.0
/* fv_sleep: a sleep of the system; see sleep.h. */
#include <stdio.h>

#include "check.h"
#include "sleep.h"

int main(void)
{
	int ret;

	ret = __system_sleep("freeze");
	if (ret)
		fprintf(stderr, "fv_sleep: %s\n", errno_name(ret));
	return !!ret;
}
