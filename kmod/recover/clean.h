/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_CLEAN_H
#define FV_CLEAN_H

struct fv_device;
struct pci_dev;

int fv_clean_init(struct fv_device *dev);
void fv_clean_leave(struct fv_device *dev);
void fv_clean_exit(struct fv_device *dev);
void fv_clean_repair(struct fv_device *dev);
void fv_clean_repair_after(struct fv_device *dev, unsigned int ms);
bool fv_clean_has_lost(struct fv_device *dev);
void fv_clean_prepare(struct pci_dev *pdev);
void fv_clean_vfs_done(struct pci_dev *pf);
void fv_clean_check(struct fv_device *dev);
int fv_clean_before_open(struct fv_device *dev);
void fv_clean_after_close(struct fv_device *dev);

#endif /* FV_CLEAN_H */
