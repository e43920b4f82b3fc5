// SPDX-License-Identifier: GPL-2.0
#include <linux/bug.h>
#include <linux/compiler.h>

#include "notify.h"

#define FV_SHELLS	4

/* In the order of registration, without gaps. */
static const struct fv_shell *fv_shells[FV_SHELLS];

static const struct fv_shell *fv_shell_at(unsigned int i)
{
	return i < FV_SHELLS ? fv_shells[i] : NULL;
}

/**
 * fv_notify_add_shell - Register an observer
 * @shell: the observer
 *
 * Context: Process context, before the PCI driver is registered.
 */
void fv_notify_add_shell(const struct fv_shell *shell)
{
	unsigned int i;

	for (i = 0; i < FV_SHELLS; i++) {
		if (!fv_shells[i]) {
			fv_shells[i] = shell;
			return;
		}
	}
	WARN_ON_ONCE(1);
}

/**
 * fv_notify_remove_shell - Unregister an observer
 * @shell: the observer, the last registered one
 *
 * Context: Process context, after the PCI driver is unregistered.
 */
void fv_notify_remove_shell(const struct fv_shell *shell)
{
	unsigned int i;

	for (i = 0; i < FV_SHELLS; i++)
		if (fv_shells[i] == shell)
			fv_shells[i] = NULL;
}

/**
 * fv_notify_group_added - Tell observers of a new group
 * @group: the group
 *
 * Context: Process context, under fv_publish_lock.
 * Return: 0, or an observer's error; then no observer has the group.
 */
int fv_notify_group_added(struct fv_group *group)
{
	const struct fv_shell *shell;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && (shell = fv_shell_at(i)); i++)
		if (shell->group_added)
			ret = shell->group_added(group);
	/* Undo all but the one that failed. */
	if (ret)
		i--;
	while (ret && i--)
		if (fv_shells[i]->group_removed)
			fv_shells[i]->group_removed(group);
	return ret;
}

/**
 * fv_notify_group_removed - Tell observers that a group goes
 * @group: the group
 *
 * Context: Process context, after the PCI driver is unregistered.
 */
void fv_notify_group_removed(struct fv_group *group)
{
	const struct fv_shell *shell;
	unsigned int i;

	for (i = 0; (shell = fv_shell_at(i)); i++)
		if (shell->group_removed)
			shell->group_removed(group);
}

/**
 * fv_notify_device_added - Tell observers of a new device
 * @dev: the device, in its group
 *
 * Context: Process context, under fv_publish_lock.
 * Return: 0, or an observer's error; then no observer has the device.
 */
int fv_notify_device_added(struct fv_device *dev)
{
	const struct fv_shell *shell;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && (shell = fv_shell_at(i)); i++)
		if (shell->device_added)
			ret = shell->device_added(dev);
	/* Undo all but the one that failed. */
	if (ret)
		i--;
	while (ret && i--)
		if (fv_shells[i]->device_removed)
			fv_shells[i]->device_removed(dev);
	return ret;
}

/**
 * fv_notify_device_removed - Tell observers that a device leaves
 * @dev: the device, still in its group
 *
 * Context: Process context, under fv_publish_lock.
 */
void fv_notify_device_removed(struct fv_device *dev)
{
	const struct fv_shell *shell;
	unsigned int i;

	for (i = 0; (shell = fv_shell_at(i)); i++)
		if (shell->device_removed)
			shell->device_removed(dev);
}

/**
 * fv_notify_event - Tell observers of an event
 * @dev: the device, or one of the card
 * @port: address of the port above the card
 * @event: the event
 *
 * Context: Process context, serialized by the caller, under any of the driver's locks.
 */
void fv_notify_event(struct fv_device *dev, const char *port, const struct fv_event *event)
{
	const struct fv_shell *shell;
	unsigned int i;

	for (i = 0; (shell = fv_shell_at(i)); i++)
		if (shell->event)
			shell->event(dev, port, event);
}

/**
 * fv_notify_phase - Tell observers that a phase of a reset ended
 * @dev: the device
 * @method: enum fpga_vfio_reset_method, FV_RESET_ARRIVAL or FV_RESET_CARD_ARRIVAL
 * @phase: the phase
 * @error: 0 or negative errno
 *
 * Context: Process context, under any of the driver's locks.
 */
void fv_notify_phase(struct fv_device *dev, unsigned int method, enum fv_phase phase, int error)
{
	const struct fv_shell *shell;
	unsigned int i;

	for (i = 0; (shell = fv_shell_at(i)); i++)
		if (shell->phase)
			shell->phase(dev, method, phase, error);
}
