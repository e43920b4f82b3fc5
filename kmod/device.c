// SPDX-License-Identifier: GPL-2.0
#include <linux/xarray.h>

#include "card.h"
#include "device.h"
#include "group.h"
#include "notify.h"
#include "registry.h"

DEFINE_MUTEX(fv_publish_lock);		/* one device comes or goes at a time */
DEFINE_MUTEX(fv_registry_lock);		/* what is known: devices, cards, groups, counters */

/* By fv_registry_key(); protected by fv_registry_lock. */
static DEFINE_XARRAY(fv_devices);

static void fv_device_unlist(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	xa_erase(&fv_devices, fv_registry_key(dev->core.pdev));
}

static int fv_device_list(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	return xa_err(xa_store(&fv_devices, fv_registry_key(dev->core.pdev), dev, GFP_KERNEL));
}

/**
 * fv_device_publish - Make a device known: to its card, its group and all readers
 * @dev: a device that VFIO has registered
 *
 * Context: Process context. Takes fv_publish_lock.
 * Return: 0, -ENOMEM, or the error of a shell; then nobody knows the device.
 */
int fv_device_publish(struct fv_device *dev)
{
	int ret;

	guard(mutex)(&fv_publish_lock);

	ret = fv_card_attach(dev);
	if (ret)
		return ret;

	ret = fv_group_attach(dev);
	if (ret)
		goto err_card;

	ret = fv_device_list(dev);
	if (ret)
		goto err_group;

	ret = fv_notify_device_added(dev);
	if (ret)
		goto err_unlist;
	return 0;

err_unlist:
	fv_device_unlist(dev);
err_group:
	fv_group_detach(dev);
err_card:
	fv_card_detach(dev);
	return ret;
}

/**
 * fv_device_unpublish - Take back what fv_device_publish() did
 * @dev: the device
 *
 * Context: Process context. Takes fv_publish_lock.
 */
void fv_device_unpublish(struct fv_device *dev)
{
	guard(mutex)(&fv_publish_lock);

	fv_notify_device_removed(dev);
	fv_device_unlist(dev);
	wait_event(dev->unused, !READ_ONCE(dev->nr_uses));
	fv_group_detach(dev);
	fv_card_detach(dev);
}

/**
 * fv_device_next - Find the first device from a key on
 * @key: fv_registry_key() of the function to start at; set to that of what is found
 *
 * Context: Under fv_registry_lock, which keeps what is found.
 * Return: The device, or NULL if there is none left.
 */
struct fv_device *fv_device_next(unsigned long *key)
{
	lockdep_assert_held(&fv_registry_lock);
	return xa_find(&fv_devices, key, ULONG_MAX, XA_PRESENT);
}

/**
 * fv_device_find - Find what is known of a function
 * @pdev: the function
 *
 * Context: Process context; under the function's device lock or fv_publish_lock, which
 * keep what is found. Takes fv_registry_lock.
 * Return: The device, or NULL if it is not ours.
 */
struct fv_device *fv_device_find(struct pci_dev *pdev)
{
	struct fv_device *dev;

	guard(mutex)(&fv_registry_lock);
	dev = xa_load(&fv_devices, fv_registry_key(pdev));
	return dev && dev->core.pdev == pdev ? dev : NULL;
}

/**
 * fv_device_get - Find a device by its address, and keep it
 * @bdf: PCI address
 *
 * The device stays bound until fv_device_put(): an unbind waits.
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, or NULL if there is none of ours.
 */
struct fv_device *fv_device_get(const char *bdf)
{
	struct fv_device *dev;
	unsigned long key = 0;

	guard(mutex)(&fv_registry_lock);
	for (; (dev = fv_device_next(&key)); key++) {
		if (strcmp(pci_name(dev->core.pdev), bdf))
			continue;
		WRITE_ONCE(dev->nr_uses, dev->nr_uses + 1);
		return dev;
	}
	return NULL;
}

/**
 * fv_device_put - Let go what fv_device_get() found
 * @dev: the device
 *
 * Context: Process context. Takes fv_registry_lock, which fv_device_unpublish() takes
 * after its wait: the device is there until this is done with it.
 */
void fv_device_put(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	WRITE_ONCE(dev->nr_uses, dev->nr_uses - 1);
	if (!dev->nr_uses)
		wake_up(&dev->unused);
}

/**
 * fv_device_state - Read what is thought of a function
 * @dev: the device
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: Its state.
 */
enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	return dev->state;
}

/**
 * fv_device_set_state - Say what is thought of a function from now on
 * @dev: the device
 * @state: its state
 * @fmt: why, for the administrator; empty when it is ready
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_device_set_state(struct fv_device *dev, enum fpga_vfio_card_state state,
			 const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	scoped_guard(mutex, &fv_registry_lock) {
		dev->state = state;
		vscnprintf(dev->reason, sizeof(dev->reason), fmt, args);
	}
	va_end(args);
}
