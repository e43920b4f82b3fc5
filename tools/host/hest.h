/* SPDX-License-Identifier: GPL-2.0 */
/* The ACPI table HEST: hardware errors that firmware handles first. */
#ifndef FPGACTL_HEST_H
#define FPGACTL_HEST_H

#include <stddef.h>
#include <stdint.h>

#include "host/caps.h"

#define HEST_PATH	"/sys/firmware/acpi/tables/HEST"

enum fv_known hest_parse(const uint8_t *table, size_t len);
enum fv_known hest_read(void);

#endif
