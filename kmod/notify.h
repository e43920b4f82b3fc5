/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the shells (sysfs, netlink, trace) hear of what the core does, without the core
 * knowing them.
 */
#ifndef FV_NOTIFY_H
#define FV_NOTIFY_H

#include <linux/types.h>

struct fv_device;
struct fv_event;
struct fv_group;

/**
 * enum fv_phase - what a reset is doing, for who wants to see where its time goes
 * @FV_PHASE_HOLD: the functions that it hits are held
 * @FV_PHASE_ACT: the method has done its work, and the link is up
 * @FV_PHASE_READY: all functions answer
 * @FV_PHASE_RESTORE: they are what they were, and have their configuration
 * @FV_PHASE_DESIGN: the ready registers say so, too
 * @FV_PHASE_MSI: MSI and MSI-X hold what the kernel wrote
 * @FV_PHASE_LINK: the link is as good as it came to
 */
enum fv_phase {
	FV_PHASE_HOLD,
	FV_PHASE_ACT,
	FV_PHASE_READY,
	FV_PHASE_RESTORE,
	FV_PHASE_DESIGN,
	FV_PHASE_MSI,
	FV_PHASE_LINK,
};

/**
 * struct fv_shell - what a shell wants to be told; each may be NULL
 * @group_added: a group has its first device; may fail
 * @group_removed: the group goes; its number may come back as another group
 * @device_added: a device was bound and is in its group; may fail
 * @device_removed: the device leaves its group
 * @event: something happened, to a device or to the card that it is on
 * @phase: a reset of a device by a method has come so far, or not
 *
 * All are called in process context, the first four one after the other for one group,
 * without fv_registry_lock. What failed is not undone by a call of its removed function.
 * Events come one after the other, under any of the driver's locks.
 */
struct fv_shell {
	int (*group_added)(struct fv_group *group);
	void (*group_removed)(struct fv_group *group);
	int (*device_added)(struct fv_device *dev);
	void (*device_removed)(struct fv_device *dev);
	void (*event)(struct fv_device *dev, const char *port, const struct fv_event *event);
	void (*phase)(struct fv_device *dev, unsigned int method, enum fv_phase phase, int error);
};

void fv_notify_add_shell(const struct fv_shell *shell);
void fv_notify_remove_shell(const struct fv_shell *shell);
int fv_notify_group_added(struct fv_group *group);
void fv_notify_group_removed(struct fv_group *group);
int fv_notify_device_added(struct fv_device *dev);
void fv_notify_device_removed(struct fv_device *dev);
void fv_notify_event(struct fv_device *dev, const char *port, const struct fv_event *event);
void fv_notify_phase(struct fv_device *dev, unsigned int method, enum fv_phase phase, int error);

#endif /* FV_NOTIFY_H */
