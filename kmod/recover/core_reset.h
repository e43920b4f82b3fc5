/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_CORE_RESET_H
#define FV_CORE_RESET_H

struct fv_device;
struct pci_dev;

void fv_core_reset_prepare(struct pci_dev *pdev);
void fv_core_reset_done(struct pci_dev *pdev);
void fv_core_reset_check(struct fv_device *dev);
void fv_core_reset_vfs_done(struct pci_dev *pf);

#endif /* FV_CORE_RESET_H */
