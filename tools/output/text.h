/* SPDX-License-Identifier: GPL-2.0 */
/* Texts in the columns of a terminal. */
#ifndef FPGACTL_TEXT_H
#define FPGACTL_TEXT_H

#include <stddef.h>

size_t text_columns(void);
size_t text_width(const char *s);
char *text_cut(const char *s, size_t width);
char *text_wrap(const char *s, size_t width);

#endif
