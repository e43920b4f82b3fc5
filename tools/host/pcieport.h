/* SPDX-License-Identifier: GPL-2.0 */
/* Services of PCIe ports: whether the kernel handles AER and hotplug. */
#ifndef FPGACTL_PCIEPORT_H
#define FPGACTL_PCIEPORT_H

#include "host/caps.h"
#include "host/model.h"

struct fv_services {
	bool is_known;		/* the kernel has the port driver */
	bool is_driven;		/* by it: pcieport */
	bool has_aer;		/* the port has the AER capability */
	bool aer, hotplug;	/* handled by the kernel; DPC goes with AER */
};

void services_read(struct fv_services *s, const struct fv_device *port);
const struct fv_device *pcieport_root(const struct fv_model *m, const struct fv_device *d);
bool pcieport_is_above(const struct fv_model *m, const char *port, const struct fv_device *d);
enum fv_known pcieport_surprise(const char *port);

#endif
