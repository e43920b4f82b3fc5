/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_SLEEP_H
#define FV_TEST_SLEEP_H

#include <stdbool.h>

/*
 * A sleep of the system, without a clock that wakes it: all devices but for those with the test's
 * output are suspended as for s2idle, and resumed (pm_test "platform"; "core" for a hibernation).
 */

/* False if this kernel has no pm_test. */
bool system_can_sleep(void);

/* @state: "freeze", or "disk" for a hibernation. Return 0 or a negative errno. */
int __system_sleep(const char *state);

#endif
