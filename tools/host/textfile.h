/* SPDX-License-Identifier: GPL-2.0 */
/* Whole files that are longer than an attribute of sysfs. */
#ifndef FPGACTL_TEXTFILE_H
#define FPGACTL_TEXTFILE_H

#include "util/util.h"

char *textfile_read(size_t max, size_t *len, const char *fmt, ...) __printf(3, 4);
char *textfile_word(const char **s);

#endif
