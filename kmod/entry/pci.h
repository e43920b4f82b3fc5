/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_PCI_H
#define FV_PCI_H

struct attribute_group;

int fv_pci_init(const struct attribute_group **groups);
void fv_pci_exit(void);

#endif /* FV_PCI_H */
