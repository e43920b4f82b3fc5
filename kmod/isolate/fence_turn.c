// SPDX-License-Identifier: GPL-2.0
/*
 * Steps of the fence under memory_lock, for which they queue behind the accesses of a user that
 * leaves no gap between them.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/fence_internal.h"
#include "object/device.h"

/* A request to the work item in_turn, on the stack of the task that waits for it. */
struct fv_fence_step {
	int (*act)(struct fv_device *dev);
	int ret;
	struct completion done;
};

static void fv_fence_in_turn(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, fence.in_turn);
	struct fv_fence *fence = &dev->fence;
	int (*finish)(struct fv_device *dev);
	struct fv_fence_step *step;

	/* The task has timed out. */
	if (!READ_ONCE(fence->step) && !READ_ONCE(fence->finish))
		return;
	down_write(&dev->core.memory_lock);
	step = xchg(&fence->step, NULL);
	if (step)
		step->ret = step->act(dev);
	finish = READ_ONCE(fence->finish);
	if (finish)
		finish(dev);
	up_write(&dev->core.memory_lock);
	if (step)
		complete(&step->done);
}

/**
 * fv_fence_turn_init - Initialize the work item in_turn of a fence
 * @fence: the fence
 *
 * Context: Process context.
 */
void fv_fence_turn_init(struct fv_fence *fence)
{
	INIT_WORK(&fence->in_turn, fv_fence_in_turn);
}

/**
 * fv_fence_turn_run - Run a step under memory_lock
 * @dev: the device
 * @act: the step
 * @wait: limit
 *
 * Threads that read, write and fault leave no gap in which a trylock succeeds. A blocking wait
 * cannot time out when a write to Command holds the lock and importers hold dma-bufs.
 * So a work item blocks in place of the task.
 *
 * Context: Process context, may sleep; killable; not under memory_lock.
 * Return: The result of @act, or -EAGAIN or -EINTR without a call of @act.
 */
int fv_fence_turn_run(struct fv_device *dev, int (*act)(struct fv_device *dev),
		      struct fv_wait *wait)
{
	struct fv_fence_step step = { .act = act };
	struct fv_fence *fence = &dev->fence;
	int ret;

	if (down_write_trylock(&dev->core.memory_lock)) {
		ret = act(dev);
		up_write(&dev->core.memory_lock);
		return ret;
	}
	init_completion(&step.done);
	while (cmpxchg(&fence->step, NULL, &step)) {
		ret = fv_wait_pause(wait);
		if (ret)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	queue_work(system_dfl_wq, &fence->in_turn);
	while (!try_wait_for_completion(&step.done)) {
		ret = fv_wait_pause(wait);
		if (!ret)
			continue;
		if (cmpxchg(&fence->step, &step, NULL) == &step)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
		/* The work item has taken the step, which is on this stack. */
		wait_for_completion(&step.done);
		break;
	}
	return step.ret;
}

/**
 * fv_fence_turn_finish - Have a step run once memory_lock is free
 * @dev: the device
 * @finish: the step; clears fv_fence::finish
 *
 * Context: Any.
 */
void fv_fence_turn_finish(struct fv_device *dev, int (*finish)(struct fv_device *dev))
{
	WRITE_ONCE(dev->fence.finish, finish);
	queue_work(system_dfl_wq, &dev->fence.in_turn);
}
