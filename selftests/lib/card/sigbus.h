/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_SIGBUS_H
#define FV_TEST_SIGBUS_H

#include <stdint.h>

/* Accesses to mappings with SIGBUS handling and counting. */

/* Call before the first access. */
void sigbus_init(void);

/* Return 0, or -EFAULT on SIGBUS. */
int sigbus_read(const volatile uint32_t *at, uint32_t *value);
int sigbus_write(volatile uint32_t *at, uint32_t value);

/* Total of all threads. */
unsigned int sigbus_count(void);

#endif
