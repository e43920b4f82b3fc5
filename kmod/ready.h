/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_READY_H
#define FV_READY_H

#include <linux/types.h>

struct fv_wait;
struct pci_dev;

bool fv_ready_is_answering(struct pci_dev *pdev);
int fv_ready_wait(struct pci_dev *pdev, struct fv_wait *wait);

#endif /* FV_READY_H */
