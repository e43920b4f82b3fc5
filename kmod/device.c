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
