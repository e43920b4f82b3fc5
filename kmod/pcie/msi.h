/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_MSI_H
#define FV_MSI_H

#include <linux/types.h>

struct pci_dev;

int fv_msi_restore(struct pci_dev *pdev, char *text, size_t size);
int fv_msi_verify(struct pci_dev *pdev, char *text, size_t size);

#endif /* FV_MSI_H */
