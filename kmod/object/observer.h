/* SPDX-License-Identifier: GPL-2.0 */
/* Observers (sysfs, netlink, trace, user notification) of changes in the lower layers. */
#ifndef FV_OBSERVER_H
#define FV_OBSERVER_H

#include <linux/types.h>

struct fv_device;
struct fv_event;
struct fv_group;

/**
 * enum fv_phase - phase of a reset, reported at its end
 * @FV_PHASE_HOLD: hold the reset scope
 * @FV_PHASE_ACT: run the method until the link is up
 * @FV_PHASE_READY: wait until all functions answer
 * @FV_PHASE_RESTORE: compare the identity, restore the configuration
 * @FV_PHASE_DESIGN: wait for the ready registers
 * @FV_PHASE_MSI: restore and read back MSI and MSI-X
 * @FV_PHASE_LINK: retrain the link
 * @FV_PHASE_READ_BACK: compare the configuration once more, as user space had access meanwhile
 */
enum fv_phase {
	FV_PHASE_HOLD,
	FV_PHASE_ACT,
	FV_PHASE_READY,
	FV_PHASE_RESTORE,
	FV_PHASE_DESIGN,
	FV_PHASE_MSI,
	FV_PHASE_LINK,
	FV_PHASE_READ_BACK,
};

/**
 * struct fv_observer - callbacks of an observer; each may be NULL
 * @group_added: a group got its first device; may fail
 * @group_removed: the group goes; another group may reuse its number
 * @device_added: a device was bound and is in its group; may fail
 * @device_removed: the device leaves its group
 * @event: an event of a device or of its card
 * @phase: a reset of a device finished a phase, or failed in it
 *
 * Called in process context. The first four are serialized per group and run without
 * fv_registry_lock; after a failed "added" callback its "removed" callback is not called.
 * Events are serialized and may come under any of the driver's locks.
 */
struct fv_observer {
	int (*group_added)(struct fv_group *group);
	void (*group_removed)(struct fv_group *group);
	int (*device_added)(struct fv_device *dev);
	void (*device_removed)(struct fv_device *dev);
	void (*event)(struct fv_device *dev, const char *port, const struct fv_event *event);
	void (*phase)(struct fv_device *dev, unsigned int method, enum fv_phase phase, int error);
};

void fv_observer_add(const struct fv_observer *observer);
void fv_observer_remove(const struct fv_observer *observer);
int fv_observer_group_added(struct fv_group *group);
void fv_observer_group_removed(struct fv_group *group);
int fv_observer_device_added(struct fv_device *dev);
void fv_observer_device_removed(struct fv_device *dev);
void fv_observer_event(struct fv_device *dev, const char *port, const struct fv_event *event);
void fv_observer_phase(struct fv_device *dev, unsigned int method, enum fv_phase phase, int error);

#endif /* FV_OBSERVER_H */
