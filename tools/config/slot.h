/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slot paths: where a device is, by what does not change when buses are renumbered: the root bus,
 * and device and function number of each bridge and of the device, as in 0000:00:01.0/00.1. The
 * path of a card has no function number: 0000:00:01.0/00.
 */
#ifndef FPGACTL_SLOT_H
#define FPGACTL_SLOT_H

#include <stdbool.h>

#include "util/util.h"

#define SLOT_FUNCTION_MAX	7

char *slot_parse_dir(const char *dir);
char *slot_read(const char *bdf);
bool slot_is_function(const char *path);
bool slot_is_card(const char *path);
char *slot_card(const char *path, unsigned int *function);
char *slot_function(const char *card, unsigned int function);
bool slot_find(const char *path, char bdf[BDF_SIZE]);

#endif
