/* SPDX-License-Identifier: GPL-2.0 */
/* Entries of the parameter ids= of vfio-pci and pci-stub. */
#ifndef FPGACTL_IDS_H
#define FPGACTL_IDS_H

#include "host/model.h"

struct ids_entry {
	unsigned int vendor, device, subvendor, subdevice, class, class_mask;
};

size_t ids_parse(const char *text, struct ids_entry *e, const char **end);
bool ids_is_entry(const char *text);
bool ids_match(const struct ids_entry *e, const struct pci_func *d);

#endif
