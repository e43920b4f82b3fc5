/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of the fence. */
#ifndef FV_FENCE_INTERNAL_H
#define FV_FENCE_INTERNAL_H

#include <linux/pci.h>

#include "object/device.h"

struct fv_wait;
struct rw_semaphore;

/* The Command register that the user sees. */
static inline __le16 *fv_fence_command(struct fv_device *dev)
{
	return (__le16 *)&dev->core.vconfig[PCI_COMMAND];
}

void fv_fence_refill_soon(struct fv_fence *fence);
void fv_fence_give_back(struct fv_device *dev);
void fv_fence_give_back_locked(struct fv_device *dev);
int fv_fence_trylock(struct rw_semaphore *lock, struct fv_wait *wait);
void fv_fence_turn_init(struct fv_fence *fence);
int fv_fence_turn_run(struct fv_device *dev, int (*act)(struct fv_device *dev),
		      struct fv_wait *wait);
void fv_fence_turn_finish(struct fv_device *dev, int (*finish)(struct fv_device *dev));

#endif /* FV_FENCE_INTERNAL_H */
