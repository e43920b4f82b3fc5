/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_PORT_H
#define FV_PORT_H

#include <linux/types.h>

struct pci_dev;

/**
 * struct fv_port_quiet - what a port was before it was made quiet
 * @was_ignoring: it ignored hotplug events before
 * @events: those that were latched before, of what a reset latches
 */
struct fv_port_quiet {
	bool was_ignoring;
	u16 events;
};

void fv_port_quiet(struct pci_dev *port, struct fv_port_quiet *quiet);
void fv_port_listen(struct pci_dev *port, const struct fv_port_quiet *quiet);
int fv_port_hot_reset(struct pci_dev *port);

#endif /* FV_PORT_H */
