// SPDX-License-Identifier: GPL-2.0
#include <linux/compiler.h>

#include "notify.h"

static const struct fv_shell *fv_shell;

/**
 * fv_notify_set_shell - Say who is told of changes
 * @shell: the shell, or NULL for nobody
 *
 * Context: Process context, while no device is bound: before the PCI driver is
 * registered and after it is gone.
 */
void fv_notify_set_shell(const struct fv_shell *shell)
{
	fv_shell = shell;
}

/**
 * fv_notify_group_added - Tell that a group has its first device
 * @group: the group
 *
 * Context: Process context, under fv_publish_lock.
 * Return: 0, or the shell's error.
 */
int fv_notify_group_added(struct fv_group *group)
{
	return fv_shell ? fv_shell->group_added(group) : 0;
}

/**
 * fv_notify_group_removed - Tell that a group goes
 * @group: the group
 *
 * Context: Process context, when the PCI driver is gone.
 */
void fv_notify_group_removed(struct fv_group *group)
{
	if (fv_shell)
		fv_shell->group_removed(group);
}

/**
 * fv_notify_device_added - Tell that a device was bound
 * @dev: the device, in its group
 *
 * Context: Process context, under fv_publish_lock.
 * Return: 0, or the shell's error.
 */
int fv_notify_device_added(struct fv_device *dev)
{
	return fv_shell ? fv_shell->device_added(dev) : 0;
}

/**
 * fv_notify_device_removed - Tell that a device leaves
 * @dev: the device, still in its group
 *
 * Context: Process context, under fv_publish_lock.
 */
void fv_notify_device_removed(struct fv_device *dev)
{
	if (fv_shell)
		fv_shell->device_removed(dev);
}
