/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_AER_H
#define FV_AER_H

#include <linux/pci.h>

pci_ers_result_t fv_aer_error_detected(struct pci_dev *pdev, pci_channel_state_t state);
pci_ers_result_t fv_aer_slot_reset(struct pci_dev *pdev);
void fv_aer_resume(struct pci_dev *pdev);

#endif /* FV_AER_H */
