/* SPDX-License-Identifier: GPL-2.0 */
/* Colours of tables. */
#ifndef FPGACTL_COLOR_H
#define FPGACTL_COLOR_H

#include <stdbool.h>

bool color_set(const char *when);
bool color_is_on(void);
const char *color_of_link(const char *text);
const char *color_of_state(const char *text);

#endif
