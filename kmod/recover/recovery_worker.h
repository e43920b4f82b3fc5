/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_RECOVERY_WORKER_H
#define FV_RECOVERY_WORKER_H

#include <linux/types.h>

struct fv_device;

int fv_recovery_init(struct fv_device *dev);
void fv_recovery_leave(struct fv_device *dev);
void fv_recovery_exit(struct fv_device *dev);
void fv_recovery_queue(struct fv_device *dev);
bool fv_recovery_is_queued(struct fv_device *dev);
void fv_recovery_queue_after(struct fv_device *dev, unsigned int ms);
bool fv_recovery_has_lost(struct fv_device *dev);

#endif /* FV_RECOVERY_WORKER_H */
