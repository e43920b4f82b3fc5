/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_CONTROL_H
#define FV_TEST_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Control socket of a simulated card, as in fv-fault but without a process. */

/* Run a command of fpgacardctl, which must succeed; JSON reply in @answer. */
void control(const char *role, char *answer, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Run a command, ignoring the reply. */
#define control_do(_role, ...) control(_role, NULL, 0, __VA_ARGS__)

/* First number, or boolean, with this key in the card's status. */
uint64_t control_number(const char *role, const char *key);
bool control_is(const char *role, const char *key);

#endif
