/* SPDX-License-Identifier: GPL-2.0 */
/*
 * INTx of a device, which vfio_pci_core masks in the Command register and in its own books.
 */
#ifndef FV_INTX_H
#define FV_INTX_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct fv_device;

/**
 * struct fv_intx - INTx of one device
 * @is_held: no unmask reaches the device; irqlock of vfio_pci_core
 * @is_masked: vfio_pci_core has it masked for us; written while no ioctl can set interrupts up
 * @is_masked_by_user: the user has masked it by an ioctl, and not unmasked it since
 * @unmask: unmasks it when it is not held any more
 */
struct fv_intx {
	bool is_held;
	bool is_masked;
	bool is_masked_by_user;
	struct work_struct unmask;
};

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
