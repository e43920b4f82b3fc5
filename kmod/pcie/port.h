/* SPDX-License-Identifier: GPL-2.0 */
/* The port above a card: isolation and hot reset. */
#ifndef FV_PORT_H
#define FV_PORT_H

#include <linux/types.h>

struct pci_dev;

/* At least the number of entries in the tables of port.c. */
#define FV_PORT_CONTROLS	10
#define FV_PORT_LATCHES		8

/**
 * struct fv_port_state - registers of a port before isolation
 * @is_saved: the port answered; without it nothing is restored
 * @controls: registers that isolation writes
 * @latches: status bits that were latched
 */
struct fv_port_state {
	bool is_saved;
	u32 controls[FV_PORT_CONTROLS];
	u32 latches[FV_PORT_LATCHES];
};

void fv_port_isolate(struct pci_dev *port, struct fv_port_state *state);
void fv_port_isolate_again(struct pci_dev *port, struct fv_port_state *state);
void fv_port_restore(struct pci_dev *port, const struct fv_port_state *state);
int fv_port_hot_reset(struct pci_dev *port);

#endif /* FV_PORT_H */
