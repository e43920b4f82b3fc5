// SPDX-License-Identifier: GPL-2.0
#include <linux/bug.h>
#include <linux/compiler.h>

#include "object/observer.h"

#define FV_OBSERVERS	8

/* In the order of registration, without gaps. */
static const struct fv_observer *fv_observers[FV_OBSERVERS];

static const struct fv_observer *fv_observer_at(unsigned int i)
{
	return i < FV_OBSERVERS ? fv_observers[i] : NULL;
}

/**
 * fv_observer_add - Register an observer
 * @observer: the observer
 *
 * Context: Process context, before the PCI driver is registered.
 */
void fv_observer_add(const struct fv_observer *observer)
{
	unsigned int i;

	for (i = 0; i < FV_OBSERVERS; i++) {
		if (!fv_observers[i]) {
			fv_observers[i] = observer;
			return;
		}
	}
	WARN_ON_ONCE(1);
}

/**
 * fv_observer_remove - Unregister an observer
 * @observer: the observer, the last registered one
 *
 * Context: Process context, after the PCI driver is unregistered.
 */
void fv_observer_remove(const struct fv_observer *observer)
{
	unsigned int i;

	for (i = 0; i < FV_OBSERVERS; i++)
		if (fv_observers[i] == observer)
			fv_observers[i] = NULL;
}

/**
 * fv_observer_group_added - Tell observers of a new group
 * @group: the group
 *
 * Context: Process context, under fv_publish_lock.
 * Return: 0, or an observer's error; then no observer has the group.
 */
int fv_observer_group_added(struct fv_group *group)
{
	const struct fv_observer *observer;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && (observer = fv_observer_at(i)); i++)
		if (observer->group_added)
			ret = observer->group_added(group);
	/* Undo all but the one that failed. */
	if (ret)
		i--;
	while (ret && i--)
		if (fv_observers[i]->group_removed)
			fv_observers[i]->group_removed(group);
	return ret;
}

/**
 * fv_observer_group_removed - Tell observers that a group goes
 * @group: the group
 *
 * Context: Process context, after the PCI driver is unregistered.
 */
void fv_observer_group_removed(struct fv_group *group)
{
	const struct fv_observer *observer;
	unsigned int i;

	for (i = 0; (observer = fv_observer_at(i)); i++)
		if (observer->group_removed)
			observer->group_removed(group);
}

/**
 * fv_observer_device_added - Tell observers of a new device
 * @dev: the device, in its group
 *
 * Context: Process context, under fv_publish_lock.
 * Return: 0, or an observer's error; then no observer has the device.
 */
int fv_observer_device_added(struct fv_device *dev)
{
	const struct fv_observer *observer;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && (observer = fv_observer_at(i)); i++)
		if (observer->device_added)
			ret = observer->device_added(dev);
	/* Undo all but the one that failed. */
	if (ret)
		i--;
	while (ret && i--)
		if (fv_observers[i]->device_removed)
			fv_observers[i]->device_removed(dev);
	return ret;
}

/**
 * fv_observer_device_removed - Tell observers that a device leaves
 * @dev: the device, still in its group
 *
 * Context: Process context, under fv_publish_lock.
 */
void fv_observer_device_removed(struct fv_device *dev)
{
	const struct fv_observer *observer;
	unsigned int i;

	for (i = 0; (observer = fv_observer_at(i)); i++)
		if (observer->device_removed)
			observer->device_removed(dev);
}

/**
 * fv_observer_event - Tell observers of an event
 * @dev: the device, or one of the card
 * @port: address of the port above the card
 * @event: the event
 *
 * Context: Process context, serialized by the caller, under any of the driver's locks.
 */
void fv_observer_event(struct fv_device *dev, const char *port, const struct fv_event *event)
{
	const struct fv_observer *observer;
	unsigned int i;

	for (i = 0; (observer = fv_observer_at(i)); i++)
		if (observer->event)
			observer->event(dev, port, event);
}

/**
 * fv_observer_phase - Tell observers that a phase of a reset ended
 * @dev: the device
 * @method: enum fpga_vfio_reset_method, FV_RESET_VERIFY or FV_RESET_VERIFY_CARD
 * @phase: the phase
 * @error: 0 or negative errno
 *
 * Context: Process context, under any of the driver's locks.
 */
void fv_observer_phase(struct fv_device *dev, unsigned int method, enum fv_phase phase, int error)
{
	const struct fv_observer *observer;
	unsigned int i;

	for (i = 0; (observer = fv_observer_at(i)); i++)
		if (observer->phase)
			observer->phase(dev, method, phase, error);
}
