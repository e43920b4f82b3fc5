/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel command line, split into words. */
#ifndef FPGACTL_CMDLINE_H
#define FPGACTL_CMDLINE_H

#include "util/util.h"

void cmdline_read(struct strv *words);
const char *cmdline_value(const char *word, const char *name);
const char *cmdline_last(const struct strv *words, const char *name);

#endif
