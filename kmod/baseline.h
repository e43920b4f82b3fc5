/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_BASELINE_H
#define FV_BASELINE_H

#include <linux/types.h>

struct fv_device;
struct pci_dev;

int fv_baseline_init(struct fv_device *dev);
void fv_baseline_exit(struct fv_device *dev);
int fv_baseline_remember(struct pci_dev *pdev, struct fv_device *dev);
void fv_baseline_rewind(struct fv_device *dev);
int fv_baseline_compare(struct fv_device *dev, char *text, size_t size);
int fv_baseline_restore(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size);

#endif /* FV_BASELINE_H */
