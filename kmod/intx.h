/* SPDX-License-Identifier: GPL-2.0 */
/*
 * INTx of a device, which vfio_pci_core masks in the Command register and in its own state.
 */
#ifndef FV_INTX_H
#define FV_INTX_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct fv_device;

/**
 * struct fv_intx - INTx of one device
 * @is_held: unmasks do not reach the device; irqlock of vfio_pci_core
 * @is_masked: vfio_pci_core masked INTx for this driver; written while no ioctl can set up
 *	interrupts
 * @is_masked_by_user: the VFIO user masked INTx by ioctl and has not unmasked it by ioctl since
 * @unmask: unmasks INTx after a release
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
