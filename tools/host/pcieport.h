/* SPDX-License-Identifier: GPL-2.0 */
/* Services of PCIe ports: whether the kernel handles AER and hotplug. */
#ifndef FPGACTL_PCIEPORT_H
#define FPGACTL_PCIEPORT_H

#include "host/caps.h"
#include "host/model.h"

struct services {
	bool is_known;		/* the kernel has the port driver */
	bool is_driven;		/* by it: pcieport */
	bool has_aer;		/* the port has the AER capability */
	bool aer, hotplug;	/* handled by the kernel; DPC goes with AER */
};

void services_read(struct services *s, const struct pci_func *port);
const struct pci_func *pcieport_root(const struct model *m, const struct pci_func *d);
bool pcieport_is_above(const struct model *m, const char *port, const struct pci_func *d);
enum fv_known pcieport_surprise(const char *port);

#endif
