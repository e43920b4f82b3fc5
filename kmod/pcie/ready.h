/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_READY_H
#define FV_READY_H

#include <linux/types.h>

struct fv_ready_register;
struct fv_wait;
struct pci_dev;

/* PCIe r6.0, 6.6.1: minimum time from link up to the first configuration request. */
#define FV_READY_SETTLE_MS	100

bool fv_ready_is_answering(struct pci_dev *pdev);
int fv_ready_settle(struct pci_dev *port);
int fv_ready_wait_link(struct pci_dev *port, struct fv_wait *wait, void (*on_up)(void *data),
		       void *data);
int fv_ready_wait(struct pci_dev *pdev, struct fv_wait *wait);
int fv_ready_has_register(struct pci_dev *pdev, const struct fv_ready_register *ready, char *text,
			  size_t size);
int fv_ready_wait_register(struct pci_dev *pdev, const struct fv_ready_register *ready,
			   struct fv_wait *wait, char *text, size_t size);

#endif /* FV_READY_H */
