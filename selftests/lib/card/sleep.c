// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "file.h"
#include "sleep.h"

#define AWAKE "/sys/kernel/debug/fv_port/awake"
#define FREEZE_LIMIT "/sys/power/pm_freeze_timeout"

bool system_can_sleep(void)
{
	return !access("/sys/power/pm_test", W_OK);
}

int __system_sleep(const char *state)
{
	char limit[32];
	int ret;

	must_work(__file_read(limit, sizeof(limit), FREEZE_LIMIT));
	file_write("120000", FREEZE_LIMIT);
	file_write("1", AWAKE);
	file_write("0", "/sys/module/suspend/parameters/pm_test_delay");
	/* a hibernation takes 5 s then, by the clock that goes on */
	file_write(strcmp(state, "disk") ? "platform" : "core", "/sys/power/pm_test");
	ret = __file_write(state, "/sys/power/state");
	file_write("none", "/sys/power/pm_test");
	file_write("0", AWAKE);
	file_write(limit, FREEZE_LIMIT);
	return ret;
}
