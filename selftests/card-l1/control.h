/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_CONTROL_H
#define FV_TEST_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The control socket of a simulated card, as fv-fault has it, without a process. */

/* A command of fpgacardctl, asserted to be done; its answer, which is JSON, in @answer. */
void control(const char *role, char *answer, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A command without its answer. */
#define control_do(_role, ...) control(_role, NULL, 0, __VA_ARGS__)

/* The first number with this key in the card's status, and whether a key is true there. */
uint64_t control_number(const char *role, const char *key);
bool control_is(const char *role, const char *key);

#endif
