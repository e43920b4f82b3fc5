/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel command line, split into words. */
#ifndef FPGACTL_CMDLINE_H
#define FPGACTL_CMDLINE_H

#include "util/util.h"

size_t cmdline_word_length(const char *s);
void cmdline_read(struct strv *words);
const char *cmdline_value(const char *word, const char *name);
const char *cmdline_last(const struct strv *words, const char *name);
void cmdline_items(const char *value, struct strv *items);
bool cmdline_is_item(const char *item, const char *name);
bool cmdline_bool(const char *text, bool *value);
const char *cmdline_meant(const char *word);

#endif
