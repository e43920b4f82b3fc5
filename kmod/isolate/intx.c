// SPDX-License-Identifier: GPL-2.0
/*
 * vfio_pci_core masks INTx when an interrupt arrives, and unmasks it at the user's request, by an
 * ioctl or by an eventfd that this driver does not see. For a function with Interrupt Disable it
 * masks in the Command register and keeps that state privately. If a reset changes the register
 * only, no interrupt arrives any more, or an unhandled one arrives forever. On a dead link
 * vfio_pci_core reads all-ones, takes that for a pending interrupt, and signals one per unmask.
 *
 * So before a fence or reset this driver lets vfio_pci_core mask INTx, restores Interrupt Disable
 * with the configuration, and lets vfio_pci_core unmask INTx afterwards, which checks for a pending
 * interrupt. Meanwhile virq_disabled is set, as if the user had disabled INTx: no unmask reaches
 * the device and no interrupt is signaled. vfio_pci_core exports mask and unmask only through its
 * runtime PM callbacks.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/pm_runtime.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

#include "base/compat.h"
#include "isolate/intx.h"
#include "object/device.h"

static int fv_intx_pm(struct fv_device *dev, bool is_suspend)
{
	struct device *device = &dev->core.pdev->dev;
	const struct dev_pm_ops *pm = device->driver ? device->driver->pm : NULL;

	/* Without CONFIG_PM there are no callbacks. */
	if (!pm || !pm->runtime_suspend || !pm->runtime_resume)
		return -EOPNOTSUPP;
	return is_suspend ? pm->runtime_suspend(device) : pm->runtime_resume(device);
}

static void fv_intx_unmask(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, intx.unmask);
	int active = pm_runtime_get_if_active(&dev->core.pdev->dev);

	/* A suspended device is unmasked by its runtime resume. */
	if (!active) {
		dev->core.pm_intx_masked = true;
		return;
	}
	/* If INTx is held again meanwhile, vfio_pci_core leaves it masked. */
	if (fv_intx_is_used(dev) && !READ_ONCE(dev->intx.is_held)) {
		/* Sync vfio_pci_core's state with Interrupt Disable, which is set now. */
		if (dev->core.pdev->current_state == PCI_D0)
			fv_intx_pm(dev, true);
		dev->core.pm_intx_masked = !READ_ONCE(dev->intx.is_masked_by_user);
		fv_intx_pm(dev, false);
	}
	if (active > 0)
		pm_runtime_put(&dev->core.pdev->dev);
}

/**
 * fv_intx_init - Initialize the INTx state of a device
 * @dev: the device, at probe
 *
 * Context: Any.
 */
void fv_intx_init(struct fv_device *dev)
{
	INIT_WORK(&dev->intx.unmask, fv_intx_unmask);
}

/**
 * fv_intx_exit - Cancel a queued unmask
 * @dev: the device, being closed or removed; fv_intx_release() is not called any more
 *
 * Context: Process context, may sleep.
 */
void fv_intx_exit(struct fv_device *dev)
{
	cancel_work_sync(&dev->intx.unmask);
}

/**
 * fv_intx_is_used - Check whether the user has set up INTx
 * @dev: the device
 *
 * Context: Any. The result is stable while no ioctl can set up interrupts.
 * Return: True if INTx is set up.
 */
bool fv_intx_is_used(struct fv_device *dev)
{
	return READ_ONCE(dev->core.irq_type) == VFIO_PCI_INTX_IRQ_INDEX;
}

/**
 * fv_intx_note - Record whether the user has masked INTx
 * @dev: the device
 * @arg: argument of a VFIO_DEVICE_SET_IRQS that succeeded
 *
 * INTx masked by the user stays masked when a fence or a reset ends.
 *
 * Context: Process context, may sleep.
 */
void fv_intx_note(struct fv_device *dev, unsigned long arg)
{
	struct vfio_irq_set __user *user = (struct vfio_irq_set __user *)arg;
	struct vfio_irq_set set;
	u8 is_meant = true;

	if (!fv_intx_is_used(dev)) {
		WRITE_ONCE(dev->intx.is_masked_by_user, false);
		return;
	}
	if (copy_from_user(&set, user, sizeof(set)) || set.index != VFIO_PCI_INTX_IRQ_INDEX)
		return;
	/* This only registers an eventfd that unmasks later. */
	if (set.flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return;
	if (set.flags & VFIO_IRQ_SET_DATA_BOOL && get_user(is_meant, (u8 __user *)user->data))
		return;
	if (is_meant && set.flags & (VFIO_IRQ_SET_ACTION_MASK | VFIO_IRQ_SET_ACTION_UNMASK))
		WRITE_ONCE(dev->intx.is_masked_by_user,
			   set.flags & VFIO_IRQ_SET_ACTION_MASK);
}

/**
 * fv_intx_hold - Block unmasks and interrupts of a device
 * @dev: the device; one fv_intx_release() undoes any number of calls
 *
 * Context: Any.
 */
void fv_intx_hold(struct fv_device *dev)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->core.irqlock, flags);
	dev->intx.is_held = true;
	dev->core.virq_disabled = true;
	spin_unlock_irqrestore(&dev->core.irqlock, flags);
}

/**
 * fv_intx_mask - Mask INTx through vfio_pci_core
 * @dev: the device, held; if it does not answer, only vfio_pci_core's state changes
 *
 * Context: Process context, while no ioctl can set up interrupts. Takes memory_lock.
 */
void fv_intx_mask(struct fv_device *dev)
{
	/* A suspended device is masked already, and the call would wake it. */
	if (!fv_intx_is_used(dev) || dev->core.pdev->current_state != PCI_D0)
		return;
	if (!fv_intx_pm(dev, true))
		dev->intx.is_masked = true;
	dev->core.pm_intx_masked = false;
}

/**
 * fv_intx_is_masked - Check whether to restore Interrupt Disable as set
 * @dev: the device, held
 *
 * Context: Any.
 * Return: True if vfio_pci_core has masked INTx by that bit.
 */
bool fv_intx_is_masked(struct fv_device *dev)
{
	return dev->intx.is_masked && fv_intx_is_used(dev) && dev->core.pci_2_3;
}

/**
 * fv_intx_release - Undo fv_intx_hold() and fv_intx_mask()
 * @dev: the device, with its configuration restored, and Interrupt Disable set if
 *	 fv_intx_is_masked()
 *
 * A work item unmasks INTx, unless the user has masked it.
 *
 * Context: Process context, under memory_lock or while no ioctl can set up interrupts.
 */
void fv_intx_release(struct fv_device *dev)
{
	struct fv_intx *intx = &dev->intx;
	bool is_masked = intx->is_masked;
	unsigned long flags;

	if (!intx->is_held)
		return;
	intx->is_masked = false;
	spin_lock_irqsave(&dev->core.irqlock, flags);
	intx->is_held = false;
	/* From the user's virtual Command register, as vfio_pci_core sets it on each write. */
	dev->core.virq_disabled = *(__le16 *)&dev->core.vconfig[PCI_COMMAND] &
				  cpu_to_le16(PCI_COMMAND_INTX_DISABLE);
	spin_unlock_irqrestore(&dev->core.irqlock, flags);
	if (is_masked && fv_intx_is_used(dev) && !READ_ONCE(intx->is_masked_by_user))
		queue_work(system_dfl_wq, &intx->unmask);
}

/**
 * fv_intx_settle - Wait for the unmask after fv_intx_release()
 * @dev: the device
 *
 * Context: Process context, may sleep; not under memory_lock.
 */
void fv_intx_settle(struct fv_device *dev)
{
	flush_work(&dev->intx.unmask);
}
