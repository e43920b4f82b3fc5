// SPDX-License-Identifier: GPL-2.0
/*
 * vfio_pci_core masks INTx when one arrives, and unmasks it when the user asks for that, by an
 * ioctl or by an eventfd that the driver does not see. For a function that has Interrupt Disable
 * it does so in the Command register, and remembers it in a structure of its own: when a reset
 * changes the register alone, no interrupt comes any more, or one that is not handled comes for
 * ever. On a dead link it reads all-ones, which say that an interrupt is pending, and signals it
 * once more for each unmask.
 *
 * So a device that is fenced or reset is masked by vfio_pci_core first, gets Interrupt Disable
 * back with its configuration, and is unmasked by vfio_pci_core afterwards, which looks whether an
 * interrupt is pending. Meanwhile vfio_pci_core is shown a user who has disabled INTx, so that
 * no unmask reaches the device and no interrupt is told. What vfio_pci_core exports for both is
 * its runtime power management, which does them around a suspended device.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/pm_runtime.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "device.h"
#include "intx.h"

static int fv_intx_pm(struct fv_device *dev, bool is_suspend)
{
	struct device *device = &dev->core.pdev->dev;
	const struct dev_pm_ops *pm = device->driver ? device->driver->pm : NULL;

	/* A kernel without CONFIG_PM. */
	if (!pm || !pm->runtime_suspend || !pm->runtime_resume)
		return -EOPNOTSUPP;
	return is_suspend ? pm->runtime_suspend(device) : pm->runtime_resume(device);
}

static void fv_intx_unmask(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, intx.unmask);
	int active = pm_runtime_get_if_active(&dev->core.pdev->dev);

	/* One that sleeps is unmasked when it wakes up. */
	if (!active) {
		dev->core.pm_intx_masked = true;
		return;
	}
	/* If it is held again meanwhile, vfio_pci_core leaves it masked. */
	if (fv_intx_is_used(dev) && !READ_ONCE(dev->intx.is_held)) {
		/* Interrupt Disable is set now, whatever vfio_pci_core thinks. */
		if (dev->core.pdev->current_state == PCI_D0)
			fv_intx_pm(dev, true);
		dev->core.pm_intx_masked = !READ_ONCE(dev->intx.is_masked_by_user);
		fv_intx_pm(dev, false);
	}
	if (active > 0)
		pm_runtime_put(&dev->core.pdev->dev);
}

/**
 * fv_intx_init - Be ready to hold a device's INTx
 * @dev: the device, at probe
 *
 * Context: Any.
 */
void fv_intx_init(struct fv_device *dev)
{
	INIT_WORK(&dev->intx.unmask, fv_intx_unmask);
}

/**
 * fv_intx_exit - Have no unmask under way any more
 * @dev: the device, which is about to be closed, or to go, and is not released any more
 *
 * Context: Process context, may sleep.
 */
void fv_intx_exit(struct fv_device *dev)
{
	cancel_work_sync(&dev->intx.unmask);
}

/**
 * fv_intx_is_used - Has the user of a device INTx set up?
 * @dev: the device
 *
 * Context: Any. It stays so while no ioctl can set interrupts up.
 * Return: True if so.
 */
bool fv_intx_is_used(struct fv_device *dev)
{
	return READ_ONCE(dev->core.irq_type) == VFIO_PCI_INTX_IRQ_INDEX;
}

/**
 * fv_intx_note - Note whether the user of a device has masked INTx
 * @dev: the device
 * @arg: of VFIO_DEVICE_SET_IRQS, which succeeded
 *
 * What the user has masked stays so when a fence or a reset ends.
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
	/* An eventfd says when to unmask, later. */
	if (set.flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return;
	if (set.flags & VFIO_IRQ_SET_DATA_BOOL && get_user(is_meant, (u8 __user *)user->data))
		return;
	if (is_meant && set.flags & (VFIO_IRQ_SET_ACTION_MASK | VFIO_IRQ_SET_ACTION_UNMASK))
		WRITE_ONCE(dev->intx.is_masked_by_user,
			   set.flags & VFIO_IRQ_SET_ACTION_MASK);
}

/**
 * fv_intx_hold - Keep unmasks from a device, and its interrupts from its user
 * @dev: the device; fv_intx_release() afterwards, however often it was called
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
 * fv_intx_mask - Have vfio_pci_core mask a device's INTx
 * @dev: the device, held; one that does not answer is masked in vfio_pci_core's books
 *
 * Context: Process context, while no ioctl can set interrupts up. Takes memory_lock for a moment.
 */
void fv_intx_mask(struct fv_device *dev)
{
	/* One that sleeps is masked already, and would be woken. */
	if (!fv_intx_is_used(dev) || dev->core.pdev->current_state != PCI_D0)
		return;
	if (!fv_intx_pm(dev, true))
		dev->intx.is_masked = true;
	dev->core.pm_intx_masked = false;
}

/**
 * fv_intx_is_masked - Is Interrupt Disable to be set, whatever it was before?
 * @dev: the device, held
 *
 * Context: Any.
 * Return: True if vfio_pci_core has masked it, by that bit.
 */
bool fv_intx_is_masked(struct fv_device *dev)
{
	return dev->intx.is_masked && fv_intx_is_used(dev) && dev->core.pci_2_3;
}

/**
 * fv_intx_release - Take back fv_intx_hold() and fv_intx_mask()
 * @dev: the device, configured as it was, and with Interrupt Disable if fv_intx_is_masked()
 *
 * It is unmasked soon, unless its user has masked it.
 *
 * Context: Process context, under memory_lock or while no ioctl can set interrupts up.
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
	/* The user's own, as vfio_pci_core has it from each write to the register. */
	dev->core.virq_disabled = *(__le16 *)&dev->core.vconfig[PCI_COMMAND] &
				  cpu_to_le16(PCI_COMMAND_INTX_DISABLE);
	spin_unlock_irqrestore(&dev->core.irqlock, flags);
	if (is_masked && fv_intx_is_used(dev) && !READ_ONCE(intx->is_masked_by_user))
		queue_work(system_dfl_wq, &intx->unmask);
}

/**
 * fv_intx_settle - Wait until a device that was released is unmasked
 * @dev: the device
 *
 * Context: Process context, may sleep; not under memory_lock.
 */
void fv_intx_settle(struct fv_device *dev)
{
	flush_work(&dev->intx.unmask);
}
