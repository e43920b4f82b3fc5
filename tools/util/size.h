/* SPDX-License-Identifier: GPL-2.0 */
/* Sizes for a person. */
#ifndef FPGACTL_SIZE_H
#define FPGACTL_SIZE_H

#include <stdint.h>

char *size_text(uint64_t size);

#endif
