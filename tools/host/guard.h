/* SPDX-License-Identifier: GPL-2.0 */
/* Host use of a device that makes bind require --force. */
#ifndef FPGACTL_GUARD_H
#define FPGACTL_GUARD_H

#include "host/model.h"

char *guard_in_use(const struct pci_func *d, bool may_open);
char *guard_virtual_functions(const struct pci_func *d);

struct json_object *guard_blocker(const struct pci_func *d, const char *why);

#endif
