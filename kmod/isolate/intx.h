/* SPDX-License-Identifier: GPL-2.0 */
/*
 * INTx of a device, which vfio_pci_core masks in the Command register and in its own state.
 */
#ifndef FV_INTX_H
#define FV_INTX_H

#include <linux/types.h>

struct fv_device;

void fv_intx_init(struct fv_device *dev);
void fv_intx_exit(struct fv_device *dev);
bool fv_intx_is_used(struct fv_device *dev);
void fv_intx_note(struct fv_device *dev, unsigned long arg);
void fv_intx_hold(struct fv_device *dev);
void fv_intx_mask(struct fv_device *dev);
bool fv_intx_is_masked(struct fv_device *dev);
void fv_intx_release(struct fv_device *dev);
void fv_intx_settle(struct fv_device *dev);

#endif /* FV_INTX_H */
