// SPDX-License-Identifier: GPL-2.0
#include <unistd.h>

#include "file.h"
#include "sleep.h"

#define AWAKE "/sys/kernel/debug/fv_port/awake"

bool system_can_sleep(void)
{
	return !access("/sys/power/pm_test", W_OK);
}

int __system_sleep(void)
{
	int ret;

	file_write("1", AWAKE);
	file_write("120000", "/sys/power/pm_freeze_timeout");
	file_write("0", "/sys/module/suspend/parameters/pm_test_delay");
	file_write("platform", "/sys/power/pm_test");
	ret = __file_write("freeze", "/sys/power/state");
	file_write("none", "/sys/power/pm_test");
	file_write("0", AWAKE);
	return ret;
}
