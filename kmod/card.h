/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_CARD_H
#define FV_CARD_H

#include <linux/list.h>
#include <linux/mutex.h>

#include "link.h"

struct fv_device;
struct pci_dev;

/**
 * struct fv_card - what a reset or a loss of the link hits
 * @port:	the immediate upstream bridge, which names the card; referenced
 * @function_cap: Link Capabilities of the function that was bound first
 * @link_goal:	speed and width of the link when the card was first bound; speed 0 if
 *		that is not known
 * @link_lock:	one retrain at a time; taken after all others
 * @devices:	fv_device::card_node of its functions that are ours; fv_registry_lock
 *
 * Lives while one of its functions is bound.
 */
struct fv_card {
	struct pci_dev *port;
	u32 function_cap;
	struct fv_link_goal link_goal;
	struct mutex link_lock;	/* one retrain at a time */
	struct list_head devices;
};

int fv_card_attach(struct fv_device *dev);
void fv_card_detach(struct fv_device *dev);
struct fv_card *fv_card_next(unsigned long *key);
int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal, struct fv_link *after);

#endif /* FV_CARD_H */
