/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_IDS_H
#define FV_IDS_H

#include <linux/types.h>

struct pci_dev;
struct pci_device_id;

extern const struct pci_device_id fv_ids[];

bool fv_ids_is_refused(struct pci_dev *pdev);

#endif /* FV_IDS_H */
