/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_SIGBUS_H
#define FV_TEST_SIGBUS_H

#include <stdint.h>

/* Accesses to mappings that must not end in SIGBUS, and are counted if they do. */

/* Before the first access of the process. */
void sigbus_init(void);

/* 0, or -EFAULT for SIGBUS. */
int sigbus_read(const volatile uint32_t *at, uint32_t *value);
int sigbus_write(volatile uint32_t *at, uint32_t value);

/* Of all threads so far. */
unsigned int sigbus_count(void);

#endif
