/* SPDX-License-Identifier: GPL-2.0 */
/* Unified difference of two texts. */
#ifndef FPGACTL_DIFF_H
#define FPGACTL_DIFF_H

void diff_append(char **out, const char *a_name, const char *a, const char *b_name, const char *b);

#endif
