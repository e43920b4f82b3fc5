/* SPDX-License-Identifier: GPL-2.0 */
/* What the terminal can do, by terminfo. */
#ifndef FPGACTL_TERM_H
#define FPGACTL_TERM_H

#include <stdbool.h>
#include <stdio.h>

bool term_can_clear_line(void);
void term_clear_line(FILE *out);
void term_clear_screen(FILE *out);

#endif
