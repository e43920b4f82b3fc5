// SPDX-License-Identifier: GPL-2.0
#include <linux/pci.h>
#include <linux/xarray.h>

#include "base/registry.h"
#include "object/device.h"

/* Indexed by fv_registry_key(); protected by fv_registry_lock. */
static DEFINE_XARRAY(fv_devices);

/**
 * fv_device_list - Make a device known to all lookups
 * @dev: a device that is on its card and in its group
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 * Return: 0 or -ENOMEM.
 */
int fv_device_list(struct fv_device *dev)
{
	lockdep_assert_held(&fv_publish_lock);
	guard(mutex)(&fv_registry_lock);
	fv_registry_changes++;
	return xa_err(xa_store(&fv_devices, fv_registry_key(dev->core.pdev), dev, GFP_KERNEL));
}

/**
 * fv_device_unlist - Remove a device from all lookups
 * @dev: the device
 *
 * Waits for all references that fv_device_get() and fv_device_hold() took: their holder may be
 * recovering the card.
 *
 * Context: Process context, may sleep; not under fv_publish_lock, so that the driver binds and
 * unbinds other devices meanwhile. Takes fv_registry_lock before and after the wait: see
 * fv_device_put().
 */
void fv_device_unlist(struct fv_device *dev)
{
	lockdep_assert_not_held(&fv_publish_lock);
	scoped_guard(mutex, &fv_registry_lock) {
		xa_erase(&fv_devices, fv_registry_key(dev->core.pdev));
		fv_registry_changes++;
	}
	wait_event(dev->unused, !READ_ONCE(dev->nr_uses));
	scoped_guard(mutex, &fv_registry_lock)
		WARN_ON(dev->nr_uses);
}

/**
 * fv_device_next - Find the first device from a key on
 * @key: fv_registry_key() of the function to start at; set to that of the device found
 *
 * Context: Under fv_registry_lock, which keeps the device.
 * Return: The device, or NULL if there is none left.
 */
struct fv_device *fv_device_next(unsigned long *key)
{
	lockdep_assert_held(&fv_registry_lock);
	return xa_find(&fv_devices, key, ULONG_MAX, XA_PRESENT);
}

/**
 * fv_device_find - Find the device of a function
 * @pdev: the function
 *
 * Context: Process context; under the function's device lock or fv_publish_lock, which keep the
 * device. Takes fv_registry_lock.
 * Return: The device, or NULL if the function is not bound to this driver.
 */
struct fv_device *fv_device_find(struct pci_dev *pdev)
{
	struct fv_device *dev;

	guard(mutex)(&fv_registry_lock);
	dev = xa_load(&fv_devices, fv_registry_key(pdev));
	return dev && dev->core.pdev == pdev ? dev : NULL;
}

/**
 * fv_device_get - Find a device by its address, and take a reference
 * @bdf: PCI address
 *
 * An unbind waits until fv_device_put().
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, or NULL if no such function is bound to this driver.
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
 * fv_device_hold - Take another reference to a device
 * @dev: the device, referenced
 *
 * Context: Process context. Takes fv_registry_lock. fv_device_put() drops it.
 */
void fv_device_hold(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	WRITE_ONCE(dev->nr_uses, dev->nr_uses + 1);
}

/**
 * fv_device_get_next - Get a card's first device from a key on
 * @card: the card
 * @key: fv_registry_key() of the function to start at; set to that of the device found
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, which stays bound until fv_device_put(), or NULL if there is none left.
 */
struct fv_device *fv_device_get_next(struct fv_card *card, unsigned long *key)
{
	struct fv_device *dev;

	guard(mutex)(&fv_registry_lock);
	for (; (dev = fv_device_next(key)); ++*key) {
		if (dev->card != card)
			continue;
		WRITE_ONCE(dev->nr_uses, dev->nr_uses + 1);
		return dev;
	}
	return NULL;
}

/**
 * fv_device_next_of - Iterate over the devices of a card
 * @card: the card
 * @dev: the previous device, which is put; NULL to start
 * @key: 0 to start
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, referenced, or NULL if there is none left. A caller that stops earlier calls
 * fv_device_put() for the last one.
 */
struct fv_device *fv_device_next_of(struct fv_card *card, struct fv_device *dev,
				    unsigned long *key)
{
	if (dev) {
		fv_device_put(dev);
		++*key;
	}
	return fv_device_get_next(card, key);
}

/**
 * fv_device_put - Drop a reference that fv_device_get() or fv_device_hold() took
 * @dev: the device
 *
 * Context: Process context. Takes fv_registry_lock, which fv_device_unlist() takes after its
 * wait: the device exists until this function is done with it.
 */
void fv_device_put(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	WRITE_ONCE(dev->nr_uses, dev->nr_uses - 1);
	if (!dev->nr_uses)
		wake_up(&dev->unused);
}

/**
 * fv_device_policy - Read the policy of a device
 * @dev: the device
 * @policy: a copy of the policy
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	guard(mutex)(&fv_registry_lock);
	*policy = dev->policy;
}
