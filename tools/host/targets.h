/* SPDX-License-Identifier: GPL-2.0 */
/* Devices named on the command line, alone or with their whole IOMMU groups. */
#ifndef FPGACTL_TARGETS_H
#define FPGACTL_TARGETS_H

#include "host/model.h"

/* After an invalid address. */
#define TARGET_ADDRESS_HINT	"Expected [DOMAIN:]BUS:DEVICE.FUNCTION, such as 0000:01:00.0."

struct targets {
	struct pci_func **v;	/* sorted by address, unique */
	size_t n;
};

int target_unknown(const char *bdf, const char *what);
struct pci_func *target_find(const struct model *m, const char *word, const char *what,
			     int *code);
int targets_find(struct targets *t, const struct model *m, const struct strv *words,
		 const char *what);
void targets_add_groups(struct targets *t, const struct model *m);
void targets_free(struct targets *t);

#endif
