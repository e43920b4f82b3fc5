/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_VF_H
#define FV_VF_H

#include <linux/types.h>

struct pci_dev;

struct pci_dev *fv_vf_next(struct pci_dev *pf, struct pci_dev *vf);
bool fv_vf_is_waiting(struct pci_dev *vf, char *text, size_t size);
bool fv_vf_are_below(struct pci_dev *pdev);

#endif /* FV_VF_H */
