/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of convert_scan.c have in common. */
#ifndef FPGACTL_CONVERT_INTERNAL_H
#define FPGACTL_CONVERT_INTERNAL_H

#include "config/convert.h"

struct convert_setting *convert_add(struct convert *c, const char *kind, const char *object,
				    const char *text);
bool convert_take(struct convert *c, struct convert_setting *s, const struct pci_func *d);
bool convert_take_address(struct convert *c, struct convert_setting *s, const char *bdf);
char *convert_ids(struct convert *c, const char *object, const char *name, const char *ids);
bool convert_is_ids(const char *module);
void convert_add_file(struct convert *c, const char *path, char *old, char *new);

int convert_modprobe(struct convert *c, char **why);
int convert_driverctl(struct convert *c, char **why);
int convert_unraid(struct convert *c, char **why);
int convert_proxmox(struct convert *c, char **why);

#endif
