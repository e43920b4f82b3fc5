/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_CARD_H
#define FV_CARD_H

#include <linux/list.h>

struct fv_device;
struct pci_dev;

/**
 * struct fv_card - what a reset or a loss of the link hits
 * @port:	the immediate upstream bridge, which names the card; referenced
 * @devices:	fv_device::card_node of its functions that are ours; fv_registry_lock
 *
 * Lives while one of its functions is bound.
 */
struct fv_card {
	struct pci_dev *port;
	struct list_head devices;
};

int fv_card_attach(struct fv_device *dev);
void fv_card_detach(struct fv_device *dev);
struct fv_card *fv_card_next(unsigned long *key);

#endif /* FV_CARD_H */
