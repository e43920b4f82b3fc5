/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_PCI_H
#define FV_PCI_H

int fv_pci_init(void);
void fv_pci_exit(void);

#endif /* FV_PCI_H */
