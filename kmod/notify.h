/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the shells (sysfs, later events and tracing) hear of what the core does,
 * without the core knowing them.
 */
#ifndef FV_NOTIFY_H
#define FV_NOTIFY_H

struct fv_device;
struct fv_group;

/**
 * struct fv_shell - what a shell wants to be told
 * @group_added: a group has its first device; may fail
 * @group_removed: the group goes; its number may come back as another group
 * @device_added: a device was bound and is in its group; may fail
 * @device_removed: the device leaves its group
 *
 * All are called in process context, one after the other for one group, without
 * fv_registry_lock. What failed is not undone by a call of its removed function.
 */
struct fv_shell {
	int (*group_added)(struct fv_group *group);
	void (*group_removed)(struct fv_group *group);
	int (*device_added)(struct fv_device *dev);
	void (*device_removed)(struct fv_device *dev);
};

void fv_notify_set_shell(const struct fv_shell *shell);
int fv_notify_group_added(struct fv_group *group);
void fv_notify_group_removed(struct fv_group *group);
int fv_notify_device_added(struct fv_device *dev);
void fv_notify_device_removed(struct fv_device *dev);

#endif /* FV_NOTIFY_H */
